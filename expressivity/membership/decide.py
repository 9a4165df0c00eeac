"""Whether a target is a network of a family: yes with a witness, no with a reason, or unknown.

The two halves are independent and both exact: a witness is compared symbolically with the
target, an obstruction or a rigorous lower bound excludes every network of the class. Witnesses
are compared cell by cell (``identities.is_identity``), large ones by normal forms
(``recognition.normal_form``); both are proofs of equality, and neither samples.

Exact algebra can take long. The search and the obstructions have budgets: limits on the size of the
input and counts of their own loops (``budget.py``), the same on every machine and in every thread.
What exceeds one contributes nothing: the verdict is then unknown, or rests on another obstruction.
Time decides nothing. A question that hangs all the same ends in ``OutOfTimeError``, an error and no
verdict, so that nothing is stored which another machine would not say; :func:`classify_or_unknown`
is for answers that are only shown. Only the main thread can be interrupted (``time_limit.within``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.modules import ModuleClass
from expressivity.classes.weights import Weights
from expressivity.evidence import UNDECIDED, Evidence, Membership, Verdict
from expressivity.membership.declared import decide_declared
from expressivity.membership.obstructions import OBSTRUCTIONS
from expressivity.membership.recognition import LIMITS, STEPS, recognise
from expressivity.membership.vouching import vouched
from expressivity.membership.witnesses import find_witness
from expressivity.symbolic.budget import MAX_EXPANDED, OutOfBudgetError, tree_size
from expressivity.symbolic.identities import IDENTITY_STEPS
from expressivity.symbolic.piecewise import kink_levels
from expressivity.targets.target import Target
from expressivity.time_limit import OutOfTimeError, within

GUARD_SECONDS = 300.0
"""A last guard for one question; the slowest known ones take a tenth of it."""

_ANY_WIDTH = 10**9  # an obstruction that applies here does not rest on few neurons
_MAX_LEVELS, _MAX_NODES = 16, 4000
_MAX_POWER = 10_000
"""Of one exponent: nested squares reach 2**64, and polynomials are kept with all their terms."""
_TOO_LARGE = replace(UNDECIDED, reason="no witness was found, and obstructions were not tried: "
                     "the expression is too large")  # fmt: skip

BUDGETS = {
    "search": STEPS,
    "identity": IDENTITY_STEPS,
    "terms": MAX_EXPANDED,
    "levels": _MAX_LEVELS,
    "nodes": _MAX_NODES,
    "powers": _MAX_POWER,
    **LIMITS,
}
"""What limits a question: part of the identity of every unit whose verdict depends on it."""


class Bound(Protocol):
    """A lower bound for the error of every network of the family asked about.

    ``value`` is in the norm ``norm``, with ``evidence`` and by ``method``; ``every_width`` says
    whether it holds at all widths.
    """

    @property
    def value(self) -> float | None: ...  # noqa: D102 - see the class

    @property
    def evidence(self) -> Evidence: ...  # noqa: D102

    @property
    def method(self) -> str: ...  # noqa: D102

    @property
    def norm(self) -> str: ...  # noqa: D102

    @property
    def every_width(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True)
class Classification:
    """Membership in a class of networks of any finite width.

    Attributes:
        family: what was asked; its width is that of the witness, if there is one.
        membership: the verdict.
        witness: weights in ``family``, or None.
        obstruction: name of the property that the class has and the target lacks, or None.
    """

    family: Family
    membership: Membership
    witness: Weights | None = None
    obstruction: str | None = None

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        family = self.family.json()
        witness = None
        if self.witness is None:
            family["width"] = None
        else:
            witness = self.witness.json()
        membership = {
            **self.membership.json(),
            "witness": witness,
            "obstruction": self.obstruction,
        }
        return {"family": family, "membership": membership}


@dataclass
class _Late:
    """Steps that exceeded their budgets."""

    names: dict[str, None] = field(default_factory=dict[str, None])

    def undecided(self) -> Membership:
        """Unknown, with the steps that were not finished."""
        if not self.names:
            return UNDECIDED
        return replace(UNDECIDED, reason=f"beyond the budget of {', '.join(self.names)}")


def decide(
    target: Target, family: Family | ModuleClass, bounds: Sequence[Bound] = ()
) -> Membership:
    """Membership of a target in the class of all networks of a family, at its width.

    Member: the identity with a witness holds on the whole space. Non-member: a reason that
    holds on the target's domain, hence on the whole space. Everything else is unknown; in
    particular a failed search or fit is no evidence, nor is a budget that was used up.

    Args:
        target: any function of the family's dimension.
        family: with one output; of a user's own module only the declared facts are known.
        bounds: lower bounds for this target and family; those that are positive and rigorous
            imply non-membership, in whatever norm.

    Raises:
        ValueError: dimensions differ, or the family has several outputs.
        RuntimeError: a witness and a lower bound contradict each other.
        OutOfTimeError: the guard against endless questions was hit; nothing is decided.

    >>> from expressivity.targets.builtin import t1
    >>> full = Family(kind="la", neuron="type1", width=1, dimension=1)
    >>> str(decide(t1(), full).verdict)
    'member'
    """
    if isinstance(family, ModuleClass):
        return within(GUARD_SECONDS, partial(decide_declared, target, family))
    _require_same_shape(target, family)
    decided = within(GUARD_SECONDS, partial(_decide, target, family, bounds))
    return vouched(decided, target, family)


def _decide(target: Target, family: Family, bounds: Sequence[Bound]) -> Membership:
    excluded = _bounded_away(bounds)
    member = None if find_witness(target, family) is None else _member(target, family)
    if member is not None and excluded is not None:
        raise RuntimeError(
            f"a contradiction: {member.reason}, and {excluded.reason}; one of the two is wrong: "
            "report it"
        )
    if member or excluded:
        return member or excluded or UNDECIDED
    if _is_too_large(target):
        return _TOO_LARGE
    late = _Late()
    obstructed = _obstructed(target, family, late)
    return late.undecided() if obstructed is None else obstructed.membership


def classify(target: Target, family: Family) -> Classification:
    """Membership in the union of a family's classes over all finite widths.

    The family's own width does not matter. An obstruction that needs width 1 excludes no other
    width, and is mentioned in the reason of an unknown verdict only.

    Args:
        target: any function of the family's dimension.
        family: with one output.

    Raises:
        ValueError: dimensions differ, or the family has several outputs.
        OutOfTimeError: the guard against endless questions was hit; nothing is decided.

    >>> from expressivity.targets.builtin import t2
    >>> la = Family(kind="la", neuron="type1", width=1, dimension=2)
    >>> classify(t2(), la).obstruction
    'jump_amplitude'
    """
    _require_same_shape(target, family)
    found = within(GUARD_SECONDS, partial(_classify, target, family))
    return replace(found, membership=vouched(found.membership, target, found.family))


def classify_or_unknown(target: Target, family: Family) -> Classification:
    """As :func:`classify`, and unknown where the guard against endless questions was hit.

    Raises:
        ValueError: as :func:`classify`.

    >>> from expressivity.targets.builtin import t2
    >>> la = Family(kind="la", neuron="type1", width=1, dimension=2)
    >>> str(classify_or_unknown(t2(), la).membership.verdict)
    'non_member'
    """
    try:
        return classify(target, family)
    except OutOfTimeError as error:
        return Classification(family=family, membership=replace(UNDECIDED, reason=str(error)))


def _classify(target: Target, family: Family) -> Classification:
    found = recognise(target.expression, family)
    if found is not None:
        return Classification(
            family=found.family,
            membership=_member(target, found.family),
            witness=found.weights,
        )
    if _is_too_large(target):
        return Classification(family=family, membership=_TOO_LARGE)
    late = _Late()
    excluded = _excluded(target, family, late)
    if excluded is not None:
        return excluded
    least = family.width_step
    narrow = _obstructed(target, replace(family, width=least), late)
    if narrow is None:
        return Classification(family=family, membership=late.undecided())
    reason = f"excluded at width {least} only: {narrow.membership.reason}"
    return Classification(family=family, membership=replace(UNDECIDED, reason=reason))


def exclude(target: Target, family: Family) -> Classification | None:
    """The no of :func:`classify`, without a search for a yes: an obstruction for every width.

    Raises:
        ValueError: dimensions differ, or the family has several outputs.
        OutOfTimeError: as :func:`classify`.

    >>> from expressivity.targets.builtin import t2
    >>> la = Family(kind="la", neuron="type1", width=1, dimension=2)
    >>> exclude(t2(), la).obstruction
    'jump_amplitude'
    """
    _require_same_shape(target, family)
    if _is_too_large(target):
        return None
    found = within(GUARD_SECONDS, partial(_excluded, target, family, _Late()))
    if found is None:
        return None
    return replace(found, membership=vouched(found.membership, target, family))


def _excluded(target: Target, family: Family, late: _Late) -> Classification | None:
    every = replace(family, width=_ANY_WIDTH * family.width_step)
    obstructed = _obstructed(target, every, late)
    return None if obstructed is None else replace(obstructed, family=family)


def _is_too_large(target: Target) -> bool:
    return (
        tree_size(target.expression) > _MAX_NODES
        or len(kink_levels(target.expression)) > _MAX_LEVELS
        or any(abs(power.exp) > _MAX_POWER for power in _numeric_powers(target.expression))
    )


def _numeric_powers(expression: sp.Expr) -> Iterator[sp.Pow]:
    return (power for power in expression.atoms(sp.Pow) if power.exp.is_Rational)


def _require_same_shape(target: Target, family: Family) -> None:
    if family.dimension != target.dimension or family.outputs != 1:
        raise ValueError(
            f"required: one output and dimension {target.dimension}; got {family.outputs} "
            f"outputs, dimension {family.dimension}"
        )


def _member(target: Target, family: Family) -> Membership:
    return Membership(
        verdict=Verdict.MEMBER,
        evidence=Evidence.PROVED,
        reason=f"{target.name} equals a {family.kind} network with exact weights, identically",
    )


def _bounded_away(bounds: Sequence[Bound]) -> Membership | None:
    for bound in bounds:
        if bound.evidence.rigorous and bound.value is not None and bound.value > 0:
            widths = "every width" if bound.every_width else "this width"
            return Membership(
                verdict=Verdict.NON_MEMBER,
                evidence=bound.evidence,
                reason=f"the {bound.norm} error is at least {bound.value:.6g} at {widths} "
                f"({bound.method})",
            )
    return None


def _obstructed(target: Target, family: Family, late: _Late) -> Classification | None:
    for obstruction in OBSTRUCTIONS:
        name = getattr(obstruction, "__name__", "obstruction").removesuffix("_obstruction")
        try:
            reason = obstruction(target, family)
        except OutOfBudgetError:
            late.names[name] = None
            continue
        if reason is not None:
            membership = Membership(
                verdict=Verdict.NON_MEMBER, evidence=Evidence.PROVED, reason=reason
            )
            return Classification(family=family, membership=membership, obstruction=name)
    return None
