"""Which verdicts of the program the theorems that Coq has accepted are about.

:func:`register` is the entry point of the group ``expressivity.vouchers``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expressivity.classes.families import Family
    from expressivity.evidence import Verdict
    from expressivity.membership.vouching import Voucher
    from expressivity.registry import Registry
    from expressivity.targets.target import Target
    from proofs.kernel.library import Library
    from proofs.kernel.separations import Separation


def register(registry: Registry[Voucher]) -> None:
    """Add the voucher.

    >>> from expressivity.registry import Registry
    >>> vouchers = Registry("voucher")
    >>> register(vouchers)
    >>> list(vouchers)
    ['theorems']
    """
    registry.add("theorems", voucher)


def voucher(target: Target, family: Family, verdict: Verdict) -> str | None:
    """The theorem that says so, if Coq accepted it and its record is there."""
    from proofs.kernel.records import stored

    about = [name for name, found in _separations().items() if says(found, target, family, verdict)]
    if not about:  # most verdicts: nothing is read
        return None
    recorded = stored(_library())
    named = [name for name in about if name in recorded]
    return f"Coq's kernel accepted {named[0]}" if named else None


def says(found: Separation, target: Target, family: Family, verdict: Verdict) -> bool:
    """Whether a separation states a verdict, of exactly this target and class.

    A member is stated at the width of the network, 1, and a non-member at every width, on the
    domain.
    """
    from expressivity.classes.activations import FULL_DICTIONARY
    from expressivity.classes.kinds import Constraint
    from expressivity.evidence import Verdict

    member = verdict is Verdict.MEMBER
    alone = family.activation is not None
    usual = {
        "neuron": found.form,
        "kind": found.larger if member else found.smaller,
        "dimension": found.dimension,
        "outputs": 1,
        "groups": 1,
        "constraint": Constraint.FREE,
    }
    dictionary = set(family.dictionary)
    seven = dictionary <= set(FULL_DICTIONARY) if alone else dictionary == set(FULL_DICTIONARY)
    if not seven or any(getattr(family, field) != value for field, value in usual.items()):
        return False
    if not _is_target(found, target):
        return False
    if not member:
        return found.second_bias or not family.bias
    return family.width == 1 and (family.bias or not found.bias) and _has_gate(found, family)


def _has_gate(found: Separation, family: Family) -> bool:
    if family.gate is None or found.gate is None:
        return family.gate is None and found.gate is None
    scaled = found.scale is None or found.scale is family.gate.scale
    return scaled and family.gate.name == found.gate


def _is_target(found: Separation, target: Target) -> bool:
    """Whether a target is that of the theorem, at a parameter above 0, on the unit ball."""
    from expressivity.targets.domains import domain_for
    from expressivity.targets.target import exact
    from proofs.gated_separation import LAMBDA

    if target.domain != domain_for(found.dimension):
        return False
    if not found.parameter:
        return found.expression == target.expression
    if target.lambda_ is None or target.lambda_ <= 0:
        return False
    return found.expression.subs(LAMBDA, exact(target.lambda_)) == target.expression


@functools.cache
def _separations() -> dict[str, Separation]:
    from expressivity.symbolic.proof import THEOREMS
    from proofs.kernel.separations import separation

    found = {name: separation(THEOREMS[name]) for name in THEOREMS}
    return {name: one for name, one in found.items() if one is not None}


@functools.cache
def _library() -> Library:
    from proofs.kernel.library import builtin_library

    return builtin_library()
