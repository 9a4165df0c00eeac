"""What each theorem must say in Coq, written from the setting of its Python namesake."""

from __future__ import annotations

from expressivity.symbolic.proof import Theorem


def statement(theorem: Theorem) -> str | None:
    """The theorem as Coq text, or None where Python cannot write it."""
    return None
