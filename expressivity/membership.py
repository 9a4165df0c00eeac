"""Whether a target is a network of a family: yes with a witness, no with a reason, or unknown.

The two halves are independent and both exact: a witness is compared symbolically with the
target, an obstruction or a rigorous lower bound excludes every network of the class.
"""

from collections.abc import Sequence
from typing import Protocol

from expressivity.evidence import UNDECIDED, Evidence, Membership, Verdict
from expressivity.families import Family
from expressivity.obstructions import OBSTRUCTIONS
from expressivity.targets import Target
from expressivity.witnesses import builtin_witness, is_identity, network_expression


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


def decide(target: Target, family: Family, bounds: Sequence[Bound] = ()) -> Membership:
    """Membership of a target in the class of all networks of a family, at its width.

    Member: the identity with a known witness holds on the whole space. Non-member: a reason
    that holds on the target's domain, hence on the whole space. Everything else is unknown;
    in particular no search for witnesses of expressions other than the built-in targets takes
    place, and a failed fit is no evidence.

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
    if family.dimension != target.dimension or family.outputs != 1:
        raise ValueError(
            f"required: one output and dimension {target.dimension}; got {family.outputs} "
            f"outputs, dimension {family.dimension}"
        )
    excluded = _bounded_away(bounds)
    member = _witnessed(target, family)
    assert member is None or excluded is None, "a witness and a lower bound contradict"
    return member or excluded or _obstructed(target, family) or UNDECIDED


def _witnessed(target: Target, family: Family) -> Membership | None:
    weights = builtin_witness(target, family)
    if weights is None:
        return None
    if is_identity(network_expression(family, weights), target.expression) is not True:
        return None
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


def _obstructed(target: Target, family: Family) -> Membership | None:
    for obstruction in OBSTRUCTIONS:
        reason = obstruction(target, family)
        if reason is not None:
            return Membership(verdict=Verdict.NON_MEMBER, evidence=Evidence.PROVED, reason=reason)
    return None
