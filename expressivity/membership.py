"""Whether a target is a network of a family: yes with a witness, no with a reason, or unknown.

The two halves are independent and both exact: a witness is compared symbolically with the
target, an obstruction or a rigorous lower bound excludes every network of the class. Witnesses
are compared cell by cell (``identities.is_identity``), large ones by normal forms
(``recognition.normal_form``); both are proofs of equality, and neither samples.

Exact algebra can take long. The search and each obstruction run under a time limit, and what
exceeds it contributes nothing: the verdict is then unknown, or rests on another obstruction.
Limits hold in the main thread alone (``time_limit.within``); elsewhere, in a thread of a worker
for instance, nothing interrupts a step once it has begun.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar

from expressivity.evidence import UNDECIDED, Evidence, Membership, Verdict
from expressivity.families import Family
from expressivity.obstructions import OBSTRUCTIONS
from expressivity.recognition import SECONDS as SEARCH_SECONDS
from expressivity.recognition import recognise
from expressivity.targets import Target, kink_levels
from expressivity.time_limit import OutOfTimeError, within
from expressivity.weights import Weights
from expressivity.witnesses import find_witness

_T = TypeVar("_T")

CLASS_SECONDS = 20.0
"""For one class: at most half for the search, and what is left for the obstructions."""

_OBSTRUCTION_SECONDS = 5.0  # for each
_ANY_WIDTH = 10**9  # an obstruction that applies here does not rest on few neurons
_MAX_LEVELS, _MAX_OPERATIONS = 16, 1500  # beyond, obstructions mostly run out of time
_TOO_LARGE = replace(UNDECIDED, reason="no witness was found, and obstructions were not tried: "
                     "the expression is too large")  # fmt: skip
_OUT_OF_TIME = replace(UNDECIDED, reason="not tried: the time for all classes is used up")


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
            witness = {
                name: [[str(entry) for entry in row] for row in block.tolist()]
                for name, block in self.witness.blocks.items()
            }
        membership = {
            **self.membership.json(),
            "witness": witness,
            "obstruction": self.obstruction,
        }
        return {"family": family, "membership": membership}


class _Budget:
    """Time for one class, and what ran out of it."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._late: dict[str, None] = {}

    def spend(self, name: str, seconds: float, compute: Callable[[], _T | None]) -> _T | None:
        """What a step finds; None where it finds nothing or takes too long."""
        try:
            return within(min(seconds, self._deadline - time.monotonic()), compute)
        except OutOfTimeError:
            self._late[name] = None
            return None

    def undecided(self) -> Membership:
        """Unknown, with the steps that were not finished."""
        if not self._late:
            return UNDECIDED
        return replace(UNDECIDED, reason=f"not finished in time: {', '.join(self._late)}")


def decide(target: Target, family: Family, bounds: Sequence[Bound] = ()) -> Membership:
    """Membership of a target in the class of all networks of a family, at its width.

    Member: the identity with a witness holds on the whole space. Non-member: a reason that
    holds on the target's domain, hence on the whole space. Everything else is unknown; in
    particular a failed search or fit is no evidence, nor is what takes too long.

    Args:
        target: any function of the family's dimension.
        family: with one output.
        bounds: lower bounds for this target and family; those that are positive and rigorous
            imply non-membership, in whatever norm.

    Raises:
        ValueError: dimensions differ, or the family has several outputs.

    >>> from expressivity.families import Form, Kind
    >>> from expressivity.targets import t1
    >>> full = Family(kind=Kind.LA, form=Form.TYPE1, width=1, dimension=1)
    >>> str(decide(t1(), full).verdict)
    'member'
    """
    _require_same_shape(target, family)
    excluded = _bounded_away(bounds)
    budget = _Budget(seconds=CLASS_SECONDS)
    weights = budget.spend("the search", CLASS_SECONDS / 2, partial(find_witness, target, family))
    member = None if weights is None else _member(target, family)
    assert member is None or excluded is None, "a witness and a lower bound contradict"
    if member or excluded:
        return member or excluded or UNDECIDED
    obstructed = _obstructed(target, family, budget)
    return budget.undecided() if obstructed is None else obstructed.membership


def classify(target: Target, family: Family, *, seconds: float = CLASS_SECONDS) -> Classification:
    """Membership in the union of a family's classes over all finite widths.

    The family's own width does not matter. An obstruction that needs width 1 excludes no other
    width, and is mentioned in the reason of an unknown verdict only.

    Args:
        target: any function of the family's dimension.
        family: with one output.
        seconds: for the search, at most half of them, and the obstructions. At 0 nothing is
            tried and the verdict is unknown.

    Raises:
        ValueError: dimensions differ, or the family has several outputs.

    >>> from expressivity.families import Form, Kind
    >>> from expressivity.targets import t2
    >>> la = Family(kind=Kind.LA, form=Form.TYPE1, width=1, dimension=2)
    >>> classify(t2(), la).obstruction
    'jump_amplitude'
    """
    _require_same_shape(target, family)
    if seconds <= 0:
        return Classification(family=family, membership=_OUT_OF_TIME)
    budget = _Budget(seconds=seconds)
    search = partial(recognise, target.expression, family, seconds=min(seconds / 2, SEARCH_SECONDS))
    found = budget.spend("the search", seconds / 2, search)
    if found is not None:
        return Classification(
            family=found.family,
            membership=_member(target, found.family),
            witness=found.weights,
        )
    if len(kink_levels(target.expression)) > _MAX_LEVELS or (
        target.expression.count_ops() > _MAX_OPERATIONS
    ):
        return Classification(family=family, membership=_TOO_LARGE)
    obstructed = _obstructed(target, replace(family, width=_ANY_WIDTH), budget)
    if obstructed is not None:
        return replace(obstructed, family=family)
    narrow = _obstructed(target, replace(family, width=1), budget)
    if narrow is None:
        return Classification(family=family, membership=budget.undecided())
    reason = f"excluded at width 1 only: {narrow.membership.reason}"
    return Classification(family=family, membership=replace(UNDECIDED, reason=reason))


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


def _obstructed(target: Target, family: Family, budget: _Budget) -> Classification | None:
    for obstruction in OBSTRUCTIONS:
        name = getattr(obstruction, "__name__", "obstruction").removesuffix("_obstruction")
        reason = budget.spend(name, _OBSTRUCTION_SECONDS, partial(obstruction, target, family))
        if reason is not None:
            membership = Membership(
                verdict=Verdict.NON_MEMBER, evidence=Evidence.PROVED, reason=reason
            )
            return Classification(family=family, membership=membership, obstruction=name)
    return None
