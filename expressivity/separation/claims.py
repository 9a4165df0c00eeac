"""What is claimed of whom, and the ladder of families that a request puts to the test.

A *claim* is a statement about two neighbouring classes on one target: that the larger
reaches it and the smaller does not, or (a negative control) that the smaller reaches it too.
The table ``CLAIMS`` drives both the default ladder and what is expected of each gap.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from expressivity.classes.families import FIXED_FORMS, Family, Kind, default_dictionary
from expressivity.classes.gates import GateSpec
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

SMALLER_WIDTHS, LARGER_WIDTHS = (1, 2, 4), (1,)


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


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a user asks of the main job; None means the default of each target's claims."""

    kinds: tuple[Kind, ...] | None = None
    form: str | None = None
    widths: tuple[int, ...] | None = None
    dictionary: tuple[str, ...] | None = None
    gate: GateSpec
    bias: bool | None = None

    def families(self, target: Target) -> list[Family]:
        """The families to fit to a target, each once, smaller kinds first.

        Raises:
            ValueError: a combination of kind and form that does not exist, a width below 1.
        """
        found: dict[Family, None] = {}
        for form, kind, widths in self._rungs(target):
            for width in widths:
                for family in self._of_kind(target, form, kind, width):
                    found[family] = None
        return list(found)

    def _rungs(self, target: Target) -> Iterable[tuple[str, Kind, tuple[int, ...]]]:
        claims = [claim for claim in CLAIMS if claim.target == target.name]
        if self.kinds is None and self.form is None and claims:
            for claim in claims:
                smaller = SMALLER_WIDTHS if claim.separates else LARGER_WIDTHS
                yield claim.form, claim.smaller, self.widths or smaller
                yield claim.form, claim.larger, self.widths or LARGER_WIDTHS
            return
        form = self.form or target.form
        every = tuple(Kind) if form in FIXED_FORMS else (Kind.LA, Kind.MOA)
        kinds = tuple(kind for kind in self.kinds or every if kind in every)
        if not kinds or (self.form is not None and len(kinds) < len(self.kinds or every)):
            raise ValueError(
                f"required: families that exist in form {form} ({', '.join(every)}); got "
                f"{', '.join(self.kinds or every)} for {target.name}"
            )
        for kind in kinds:
            largest = kind is max(kinds, key=list(Kind).index)
            yield form, kind, self.widths or (LARGER_WIDTHS if largest else SMALLER_WIDTHS)

    def _of_kind(self, target: Target, form: str, kind: Kind, width: int) -> list[Family]:
        dictionary = self.dictionary or default_dictionary(form)

        def family(names: tuple[str, ...]) -> Family:
            return Family(
                kind=kind,
                neuron=form,
                width=width,
                dimension=target.dimension,
                dictionary=names,
                gate=self.gate if kind is Kind.MOA else None,
                bias=target.bias if self.bias is None else self.bias,
            )

        if kind is Kind.FIXED:
            return [family((name,)) for name in dictionary]
        return [family(dictionary)]
