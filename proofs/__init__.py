"""Theorems and lemmas, one file each.

Importing a module of ``MODULES`` registers its theorems; :func:`register` imports them all and
is the entry point of the group ``expressivity.theorems``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expressivity.registry import Registry
    from expressivity.symbolic.proof import Theorem

MODULES: tuple[str, ...] = (
    "containment",
    "positive_gates",
    "gelu_growth",
    "vanishing_gates",
    "inclusions",
    "jump_lemma",
    "t1",
    "t2",
    "t3",
    "t4",
    "t5",
    "t8",
    "t8_softmax",
    "t9",
    "t11",
    "gradient_jump_bound",
    "parity_bound",
    "free_knot_bound",
    "ridge_rank_algebra",
    "shared_amplitude",
    "t6",
    "t7",
    "t7c",
    "t10",
)
"""The modules that register theorems, in the order of docs/theory.md."""


def register(registry: Registry[Theorem]) -> None:
    """Fill the registry of theorems; calling it again changes nothing.

    Raises:
        ValueError: another registry than ``expressivity.symbolic.proof.THEOREMS``, which is the one
            that the modules add to.

    >>> from expressivity.symbolic.proof import THEOREMS
    >>> register(THEOREMS)
    >>> "L1" in THEOREMS
    True
    """
    from expressivity.symbolic.proof import THEOREMS

    if registry is not THEOREMS:
        raise ValueError(
            "required: the registry expressivity.symbolic.proof.THEOREMS; got another one"
        )
    for module in MODULES:
        import_module(f"{__name__}.{module}")
