"""What may end a verification early: a rejection, or the limits of this checker."""

from __future__ import annotations

from typing import NoReturn


class RejectedError(Exception):
    """The certificate is malformed, or a claim does not follow from its data."""


class UndecidedError(Exception):
    """The certificate is well formed, and this checker cannot enclose what it would need."""


def reject(reason: str) -> NoReturn:
    """Raise a ``RejectedError``."""
    raise RejectedError(reason)


def require(condition: bool, reason: str) -> None:
    """Reject unless the condition holds."""
    if not condition:
        reject(reason)
