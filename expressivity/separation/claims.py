"""What is claimed of whom, and the targets that claims speak of.

A *claim* is a statement about two classes on one target: that the larger reaches it and the
smaller does not, or (a negative control) that the smaller reaches it too. The table ``CLAIMS``
drives both the ladders and what is expected of each gap.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.catalogue import family_named
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES
from expressivity.classes.kinds import Constraint, Kind, default_dictionary
from expressivity.classes.neurons import NEURONS
from expressivity.fitting.errors import measuring_grid
from expressivity.targets.builtin import FURTHER, TARGETS, TargetFactory, made
from expressivity.targets.target import Target


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two classes of a claim.

    Attributes:
        name: of a kind or a registered class, as ``--family`` takes it.
        form: of a kind; None for a registered class, which has its own.
        groups: of neurons that share coefficients, of a kind.
    """

    name: str
    form: str | None = None
    groups: int | str = 1

    @property
    def label(self) -> str:
        """The class in words.

        >>> side("moa type1", groups=2).label, side("reglu").label
        ('moa groups=2 type1', 'reglu')
        """
        words = [self.name, *([f"groups={self.groups}"] if self.groups != 1 else [])]
        return " ".join([*words, *([self.form] if self.form else [])])

    def has(self, family: Family) -> bool:
        """Whether a family is of this class, whatever a kind leaves open.

        >>> side("la type1").has(Family(kind="la", neuron="type1", width=3, dimension=2))
        True
        """
        if self.form is None:
            return family == family_named(self.name, family.width, family.dimension)
        return family.belongs_to(self.form, Kind(self.name)) and family.groups == self.groups

    def is_as_stated(self, family: Family, target: Target) -> bool:
        """Whether theorems speak of such a family: of a kind, free, over the seven at most."""
        if self.form is None:
            return True
        free = family.constraint is Constraint.FREE and family.groups == self.groups
        seven = set(family.dictionary) <= set(FULL_DICTIONARY)
        return free and seven and family.bias == target.bias


def side(text: str, groups: int | str = 1) -> Side:
    """A kind and its form, as ``la type1``, or the name of a registered class."""
    name, _, form = text.partition(" ")
    return Side(name=name, form=form or None, groups=groups)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What docs/theory.md, sections 3 and 7, say of one target and two classes.

    Attributes:
        target, smaller, larger: which.
        separates: whether the smaller class misses what the larger one reaches; else a control.
        smaller_widths, larger_width: to fit, of each group; the larger one's is its witness's.
        gates: for which it is made; None for all, where what it says does not depend on them.
        further: of section 7 about a target of section 3, for ``separate --all``.
    """

    target: str
    smaller: Side
    larger: Side
    separates: bool
    smaller_widths: tuple[int, ...] = (1, 2, 4)
    larger_width: int = 1
    gates: tuple[str, ...] | None = None
    further: bool = False

    @property
    def between_kinds(self) -> bool:
        """Whether it is about two kinds in one form, which are compared without a claim, too."""
        alike = replace(self.larger, name=self.smaller.name) == self.smaller
        return alike and self.smaller.form is not None and self.smaller.groups == 1

    def is_made_for(self, family: Family) -> bool:
        """Whether it speaks of the family's gate, if there is one."""
        return self.gates is None or family.gate is None or family.gate.name in self.gates


_SMOOTH = ("sigmoid", "tanh", "softmax")
_FOUR_FORMS = ("type1", "one_sided", "two_sided", "quadratic")


def _between_kinds(target: str, form: str, smaller: Kind, larger: Kind, separates: bool) -> Claim:
    return Claim(
        target=target,
        smaller=Side(name=smaller, form=form),
        larger=Side(name=larger, form=form),
        separates=separates,
        smaller_widths=(1, 2, 4) if separates else (1,),
    )


def _missed(target: str, smaller: Side, larger: Side, **how: Any) -> Claim:
    """The larger class alone contains the target."""
    known: dict[str, Any] = {"gates": _SMOOTH, "smaller_widths": (1, 2), **how}
    return Claim(target=target, smaller=smaller, larger=larger, separates=True, **known)


def _control(
    target: str, smaller: Side, larger: Side, widths: tuple[int, int], **how: Any
) -> Claim:
    """Both classes contain the target, at these widths of each group."""
    known: dict[str, Any] = {"smaller_widths": widths[:1], "larger_width": widths[1], **how}
    return Claim(target=target, smaller=smaller, larger=larger, separates=False, **known)


_MOA, _TWO_GROUPS, _REGLU = side("moa type1"), side("moa type1", groups=2), side("reglu")
_TWO_SIDED, _QUADRATIC = side("moa two_sided"), side("moa quadratic")

CLAIMS: tuple[Claim, ...] = (
    _between_kinds("t1", "type1", Kind.FIXED, Kind.LA, True),
    _between_kinds("t1", "type1", Kind.LA, Kind.MOA, False),
    _between_kinds("t2", "type1", Kind.LA, Kind.MOA, True),
    _between_kinds("t3", "one_sided", Kind.FIXED, Kind.LA, True),
    _between_kinds("t3b", "one_sided", Kind.FIXED, Kind.LA, True),
    _between_kinds("t4", "one_sided", Kind.LA, Kind.MOA, True),
    _between_kinds("t4", "two_sided", Kind.LA, Kind.MOA, False),
    _between_kinds("t5", "two_sided", Kind.LA, Kind.MOA, True),
    _between_kinds("t5q", "quadratic", Kind.LA, Kind.MOA, True),
    _missed("t2", _REGLU, _MOA, further=True),
    _control("t2", _MOA, _TWO_GROUPS, (1, 1), further=True),
    _missed("t6", _MOA, _TWO_GROUPS),
    _missed("t7", _MOA, _REGLU, larger_width=2),
    _missed("t7b", _MOA, _REGLU, larger_width=3),
    _missed("t7c", _MOA, _REGLU),
    _missed("t7c", _TWO_GROUPS, _REGLU, smaller_widths=(1,)),
    _control("t7c", _REGLU, side("la one_sided"), (1, 1)),
    _missed("t8", _MOA, _QUADRATIC),
    _missed("t9", side("la type1"), side("swiglu"), gates=None),
    _control("t9", side("moa-sigmoid"), side("swiglu"), (4, 1)),
    *(
        _missed("t10", side(f"moa {form}"), side("maxout-3"), smaller_widths=(1,))
        for form in _FOUR_FORMS
    ),
    _missed("t11", _QUADRATIC, _TWO_SIDED, smaller_widths=(1,), gates=("sigmoid", "tanh")),
    _control("t11", _QUADRATIC, _TWO_SIDED, (1, 1), gates=("softmax",)),
)
"""Those of docs/theory.md, section 3, then those of section 7."""


def claims_on(target: Target, *, further: bool) -> tuple[Claim, ...]:
    """The claims that make a target's ladder; ``further`` ones where there are others if asked."""
    found = tuple(claim for claim in CLAIMS if claim.target == target.name)
    return tuple(claim for claim in found if further or not claim.further)


def claim_of(target: Target, smaller: Family, larger: Family) -> Claim | None:
    """What is claimed of a target and two kinds in one form, whatever their other fields."""
    for claim in CLAIMS:
        if claim.target == target.name and claim.between_kinds:
            pairs = ((smaller, claim.smaller), (larger, claim.larger))
            if all(f.belongs_to(str(s.form), Kind(s.name)) for f, s in pairs):
                return claim
    return None


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
    further: bool = False,
) -> list[Target]:
    """As :func:`builtin_target`; without names all that can be made and measured.

    Those of section 7 (``FURTHER``) only where they are named or asked for.
    """
    gate = GATES.canonical(gate)
    form = None if form is None else NEURONS.canonical(form)

    def make(factory: TargetFactory) -> Target:
        shape = form or made(factory, lambda_, gate, 1).form
        target = made(factory, lambda_, gate, len(dictionary or default_dictionary(shape)))
        if names is None:
            measuring_grid(target)
        return target

    return list(TARGETS.each(make, names, without=() if further else FURTHER).values())
