"""What is claimed of whom, and the targets that claims speak of.

A *claim* is a statement about two neighbouring classes on one target: that the larger
reaches it and the smaller does not, or (a negative control) that the smaller reaches it too.
The table ``CLAIMS`` drives both the default ladder and what is expected of each gap.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind, default_dictionary
from expressivity.fitting.errors import measuring_grid
from expressivity.targets.builtin import TARGETS, TargetFactory, made
from expressivity.targets.target import Target


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What docs/theory.md, section 3, says of one target and two neighbouring kinds."""

    target: str
    form: str
    smaller: Kind
    larger: Kind
    separates: bool


CLAIMS: tuple[Claim, ...] = tuple(
    Claim(target=target, form=form, smaller=smaller, larger=larger, separates=separates)
    for target, form, smaller, larger, separates in (
        ("t1", "type1", Kind.FIXED, Kind.LA, True),
        ("t1", "type1", Kind.LA, Kind.MOA, False),
        ("t2", "type1", Kind.LA, Kind.MOA, True),
        ("t3", "one_sided", Kind.FIXED, Kind.LA, True),
        ("t3b", "one_sided", Kind.FIXED, Kind.LA, True),
        ("t4", "one_sided", Kind.LA, Kind.MOA, True),
        ("t4", "two_sided", Kind.LA, Kind.MOA, False),
        ("t5", "two_sided", Kind.LA, Kind.MOA, True),
        ("t5q", "quadratic", Kind.LA, Kind.MOA, True),
    )
)


def claim_of(target: Target, smaller: Family, larger: Family) -> Claim | None:
    """What is claimed of a target and two classes of one form, whatever their other fields."""
    return _BY_CLASSES.get((target.name, smaller.kind_and_form, larger.kind_and_form))


_BY_CLASSES = {
    (claim.target, f"{claim.smaller} {claim.form}", f"{claim.larger} {claim.form}"): claim
    for claim in CLAIMS
}


def builtin_target(
    name: str, *, lambda_: float, gate: str, form: str | None, dictionary: tuple[str, ...] | None
) -> Target:
    """A target of the registry; the softmax gate inside t2 depends on the dictionary's size.

    Raises:
        ValueError: an unknown name or gate, or a lambda that is not finite.
        PluginError: a target of another package cannot be made.
    """
    return builtin_targets([name], lambda_=lambda_, gate=gate, form=form, dictionary=dictionary)[0]


def builtin_targets(
    names: Iterable[str] | None,
    *,
    lambda_: float,
    gate: str,
    form: str | None,
    dictionary: tuple[str, ...] | None,
) -> list[Target]:
    """As :func:`builtin_target`; without names all that can be made and measured."""

    def make(factory: TargetFactory) -> Target:
        shape = form or made(factory, lambda_, gate, 1).form
        target = made(factory, lambda_, gate, len(dictionary or default_dictionary(shape)))
        if names is None:
            measuring_grid(target)
        return target

    return list(TARGETS.each(make, names).values())
