"""What is asked of classes, and the families that it stands for: one place for all commands."""

from collections.abc import Iterable
from dataclasses import dataclass

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.catalogue import (
    exists_in,
    families_of,
    in_order,
    is_kind,
    kind_of,
    width_step,
)
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import PER_NEURON, Constraint, Kind, kinds_of
from expressivity.classes.neurons import FORMS, NEURONS
from expressivity.separation.claims import Side, claims_on
from expressivity.targets.target import Target

TANH = GateSpec(name="tanh")
MAX_GROUPS = 1024
SMALLER_WIDTHS, LARGER_WIDTHS = (1, 2, 4), (1,)


@dataclass(frozen=True, kw_only=True)
class Request:
    """Which classes are asked for; None means the default of each target or class.

    Attributes:
        kinds: kinds (``fixed``, ``la``, ``moa``), and names of registered classes; kept in that
            order, the kinds smallest first.
        form: of the kinds; by default the target's own.
        widths: by default one width for the largest kind that is asked for and three for others,
            multiplied by the number of groups.
        dictionary, bias: of the kinds; by default the form's and the target's own.
        gate: of ``moa``.
        groups: of ``la`` and ``moa``: 1, a number, or ``neuron``.
        constraint: of ``la``.
        further: whether claims of docs/theory.md, section 7, about targets of section 3 count.

    Raises:
        ValueError: an unknown name, a width below 1, too many groups, no dictionary, or something
            said of kinds where only registered classes are asked for.
    """

    kinds: tuple[str, ...] | None = None
    form: str | None = None
    widths: tuple[int, ...] | None = None
    dictionary: tuple[str, ...] | None = None
    gate: GateSpec = TANH
    bias: bool | None = None
    groups: int | str = 1
    constraint: str = Constraint.FREE
    further: bool = False

    def __post_init__(self) -> None:
        if self.kinds is not None:
            object.__setattr__(self, "kinds", in_order(self.kinds))
        if self.form is not None:
            object.__setattr__(self, "form", NEURONS.canonical(self.form))
        if self.dictionary is not None:
            names = tuple(map(ACTIVATIONS.canonical, self.dictionary))
            object.__setattr__(self, "dictionary", names)
        if self.dictionary == ():
            raise ValueError("required: a dictionary of at least one activation; got none")
        if self.widths is not None and not _whole(self.widths):
            raise ValueError(f"required: widths as whole numbers of at least 1; got {self.widths}")
        if self.groups != PER_NEURON and (type(self.groups) is not int or self.groups < 1):
            raise ValueError(
                f"required: groups of at least 1, or {PER_NEURON}; got {self.groups!r}"
            )
        if isinstance(self.groups, int) and self.groups > MAX_GROUPS:
            raise ValueError(
                f"required: at most {MAX_GROUPS} groups, of a neuron or more each; got "
                f"{self.groups}: choose fewer, or {PER_NEURON}"
            )
        if self.constraint not in list(Constraint):
            raise ValueError(
                f"unknown constraint {self.constraint!r}: choose from {', '.join(Constraint)}"
            )
        self._require_use()

    def _require_use(self) -> None:
        """Nothing is said of kinds where none is asked for, as it would change nothing."""
        if self.kinds is None:
            return
        if any(map(is_kind, self.kinds)):
            self._require_mixing([kind_of(name) for name in self.kinds if is_kind(name)])
            return
        for name, value, default in (
            ("form", self.form, None),
            ("dictionary", self.dictionary, None),
            ("bias", self.bias, None),
            ("groups", self.groups, 1),
            ("constraint", self.constraint, Constraint.FREE),
        ):
            if value != default:
                listed = ", ".join(value) if isinstance(value, tuple) else value
                raise ValueError(
                    f"required: no {name} beside registered classes alone, which have their own; "
                    f"got {listed} for {', '.join(self.kinds)}: ask for fixed, la or moa"
                )

    def _require_mixing(self, kinds: list[Kind]) -> None:
        """A constraint needs coefficients that are learned, groups need any."""
        for name, value, default, able in (
            ("constraint", self.constraint, Constraint.FREE, [k for k in Kind if k.learned]),
            ("groups", self.groups, 1, [k for k in Kind if k.mixes]),
        ):
            if value != default and not set(able) & set(kinds):
                raise ValueError(
                    f"required: no {name} for {', '.join(kinds)}, where it changes nothing; got "
                    f"{value}: ask for {' or '.join(able)}"
                )

    def families(self, target: Target) -> list[Family]:
        """The families to fit to a target, each once, smaller kinds first.

        Raises:
            ValueError: a combination that does not exist.
        """
        found: dict[Family, None] = {}
        for asked, widths in self._rungs(target):
            for width in widths:
                of_name = self.of_name(
                    asked.name, target, form=asked.form, width=width, groups=asked.groups
                )
                found |= dict.fromkeys(of_name)
        return list(found)

    def of_name(
        self,
        name: str,
        target: Target,
        *,
        form: str | None = None,
        width: int,
        dictionary: tuple[str, ...] | None = None,
        groups: int | str = 1,
    ) -> tuple[Family, ...]:
        """The families of one kind, or of one registered class, at one width.

        Args:
            name: of the kind or class.
            target: whose dimension, form and biases are the defaults.
            form: in place of the request's own.
            width: of the families.
            dictionary: where the request names none; by default the form's own.
            groups: in place of the request's own, if not 1.

        Raises:
            ValueError: a combination that does not exist.

        >>> from expressivity.targets.builtin import t2
        >>> [family.label for family in Request().of_name("moa", t2(), width=3)]
        ['moa tanh type1 m=3']
        """
        return families_of(
            name,
            form or self.form or target.form,
            width=width,
            dimension=target.dimension,
            dictionary=dictionary if self.dictionary is None else self.dictionary,
            gate=self.gate,
            constraint=Constraint(self.constraint),
            groups=self.groups if groups == 1 else groups,
            bias=target.bias if self.bias is None else self.bias,
        )

    def one(self, name: str, target: Target, *, width: int | None) -> Family:
        """The one family of a name.

        Args:
            name: of a kind or class.
            target: as :meth:`of_name`.
            width: None for the least that its groups divide.

        Raises:
            ValueError: a combination that does not exist, or several families: ``fixed`` over a
                dictionary of several activations.

        >>> from expressivity.targets.builtin import t2
        >>> Request(kinds=("moa",), groups=3).one("moa", t2(), width=None).width
        3
        """
        if width is None:
            (width,) = self._widths(Side(name=name), (1,))
        found = self.of_name(name, target, width=width)
        if len(found) != 1:
            listed = ", ".join(str(family.activation) for family in found)
            raise ValueError(
                f"required: exactly one activation in a fixed family; got {listed}: choose one "
                "as the dictionary"
            )
        return found[0]

    def rows(self, target: Target) -> list[Family]:
        """Every class that is asked about where widths do not matter.

        By default every kind in every form of arXiv:2605.26647, over all seven activations.

        Raises:
            ValueError: a combination that does not exist.
        """
        forms = FORMS if self.form is None else (self.form,)
        width = self.groups if isinstance(self.groups, int) else 1
        found: dict[Family, None] = {}
        for name in self.kinds or tuple(Kind):
            possible = [form for form in forms if exists_in(name, form)]
            if self.kinds is not None and not possible:
                raise _missing(forms[0], [name], target)
            for form in possible:
                full = FULL_DICTIONARY if NEURONS[form].mixtures else ()
                of_name = self.of_name(name, target, form=form, width=width, dictionary=full)
                found |= dict.fromkeys(of_name)
        return list(found)

    def _rungs(self, target: Target) -> Iterable[tuple[Side, tuple[int, ...]]]:
        claims = claims_on(target, further=self.further)
        if self.kinds is None and self.form is None and claims:
            for claim in claims:
                if claim.gates is None or self.gate.name in claim.gates:
                    yield claim.smaller, self._widths(claim.smaller, claim.smaller_widths)
                    yield claim.larger, self._widths(claim.larger, (claim.larger_width,))
            return
        form = self.form or target.form
        asked = self.kinds or kinds_of(NEURONS[form])
        names = tuple(name for name in asked if exists_in(name, form))
        if not names or (self.form is not None and len(names) < len(asked)):
            raise _missing(form, asked, target)
        largest = max(kind_of(name).rank for name in names)
        for name in names:
            default = SMALLER_WIDTHS if kind_of(name).rank < largest else LARGER_WIDTHS
            one = Side(name=name, form=form)
            yield one, self._widths(one, default)

    def _widths(self, asked: Side, default: tuple[int, ...]) -> tuple[int, ...]:
        """The widths that are asked for, or those of each group times the groups."""
        if self.widths is not None:
            return self.widths
        if not is_kind(asked.name):
            groups: int | str = width_step(asked.name)
        else:
            groups = self.groups if asked.groups == 1 else asked.groups
        grouped = isinstance(groups, int) and kind_of(asked.name).mixes
        return tuple(width * int(groups) for width in default) if grouped else default


def _whole(widths: tuple[int, ...]) -> bool:
    return len(widths) > 0 and all(type(width) is int and width >= 1 for width in widths)


def _missing(form: str, asked: Iterable[str], target: Target) -> ValueError:
    every = ", ".join(kinds_of(NEURONS[form]))
    return ValueError(
        f"required: families that exist in form {form} ({every}); got {', '.join(asked)} for "
        f"{target.name}"
    )
