"""Verdicts that a proof kernel has checked, too.

A voucher of this package knows records of what the kernel accepted. Where one of them vouches for
exactly this verdict, of this target and this class with its switches, the evidence is ``kernel``;
nothing else raises it, and no record, none on this machine, or one of another class changes
nothing. Vouchers of other packages are not asked: the label would be their word.
"""

from collections.abc import Callable
from dataclasses import replace

from expressivity.classes.families import Family
from expressivity.evidence import Evidence, Membership, Verdict
from expressivity.registry import Registry, a_function
from expressivity.targets.target import Target

Voucher = Callable[[Target, Family, Verdict], str | None]
"""What was accepted, in a few words, if it is this verdict about this target and class."""

VOUCHERS: Registry[Voucher] = Registry("voucher", group="expressivity.vouchers", check=a_function)


def vouched(membership: Membership, target: Target, family: Family) -> Membership:
    """The verdict with the evidence ``kernel`` where a record vouches for it, else as it is.

    Args:
        membership: a verdict; what is not rigorous stays as it is.
        target: whose.
        family: in which class.
    """
    if membership.verdict is Verdict.UNKNOWN or not membership.evidence.rigorous:
        return membership
    foreign = VOUCHERS.foreign()
    for name in VOUCHERS:
        said = None if name in foreign else VOUCHERS[name](target, family, membership.verdict)
        if said is not None:
            reason = f"{membership.reason}; {said}"
            return replace(membership, evidence=Evidence.KERNEL, reason=reason)
    return membership
