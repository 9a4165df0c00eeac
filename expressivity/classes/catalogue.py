"""Classes by name, of any width and dimension: the library's own and a user's."""

from collections.abc import Callable, Iterable
from typing import Any

from expressivity.classes.families import Constraint, Family, Kind, default_dictionary, kinds_of
from expressivity.classes.gates import GateSpec
from expressivity.classes.neurons import NEURONS
from expressivity.registry import Registry, UnknownNameError

FamilyFactory = Callable[[int, int], Family]
"""(width, dimension) -> the family."""


def require_factory(factory: FamilyFactory) -> None:
    """Refuse what does not make families.

    Raises:
        ValueError: no function, or one that does not return a Family of width 2 in dimension 2.
    """
    made: Any = None
    if callable(factory):
        try:
            made = factory(2, 2)
        except Exception as error:  # noqa: BLE001 - a plug-in's function may raise anything
            raise ValueError(
                "required: a function of width and dimension that returns a Family; it raised "
                f"{type(error).__name__} at width 2, dimension 2: {error}"
            ) from None
    if not isinstance(made, Family) or (made.width, made.dimension) != (2, 2):
        raise ValueError(
            "required: a function of width and dimension that returns a Family of these; "
            f"got {made!r} from {factory!r}"
        )


FAMILIES: Registry[FamilyFactory] = Registry(
    "family", group="expressivity.families", check=require_factory
)


def family_of(
    kind: Kind,
    neuron: str = "type1",
    *,
    dictionary: tuple[str, ...] | None = None,
    gate: GateSpec | None = None,
    bias: bool = True,
) -> FamilyFactory:
    """An entry of ``FAMILIES``: everything but width and dimension.

    >>> family_of(Kind.FIXED, dictionary=("gelu",))(3, 2).parameter_count
    12
    """

    def family(width: int, dimension: int) -> Family:
        return Family(
            kind=kind,
            neuron=neuron,
            width=width,
            dimension=dimension,
            dictionary=dictionary or default_dictionary(neuron),
            gate=gate,
            bias=bias,
        )

    return family


def is_kind(name: str) -> bool:
    """Whether a name says how a layer chooses its activation, and not which class it is."""
    return name in list(Kind)


def require_class(name: str) -> None:
    """Refuse what is no name of a kind or of a registered class.

    Raises:
        UnknownNameError: the choices are listed.
    """
    known = dict.fromkeys([*map(str, Kind), *FAMILIES])
    if name not in known:
        raise UnknownNameError(f"unknown family {name!r}: choose from {', '.join(known)}")


def exists_in(name: str, form: str) -> bool:
    """Whether a form has this kind; a registered class has a form of its own.

    >>> exists_in("fixed", "two_sided"), exists_in("moa", "two_sided")
    (False, True)
    """
    return not is_kind(name) or Kind(name) in kinds_of(NEURONS[form])


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Names of kinds, smallest first, then those of registered classes, each once.

    Raises:
        ValueError: an unknown name, or none at all.

    >>> in_order(["glu-silu", "moa", "la"])
    ('la', 'moa', 'glu-silu')
    """
    chosen = tuple(dict.fromkeys(map(str, names)))
    if not chosen:
        raise ValueError("required: at least one family; got none")
    for name in chosen:
        require_class(name)
    kinds = [kind for kind in map(str, Kind) if kind in chosen]
    return (*kinds, *(name for name in chosen if not is_kind(name)))


def kind_of(name: str) -> Kind:
    """The kind that a name of ``--family`` stands for, or that its class has.

    >>> kind_of("moa"), kind_of("glu-silu")
    (<Kind.MOA: 'moa'>, <Kind.FIXED: 'fixed'>)
    """
    require_class(name)
    return Kind(name) if is_kind(name) else FAMILIES.use(name, lambda made: made(2, 2).kind)


def families_of(
    name: str,
    form: str,
    *,
    width: int,
    dimension: int,
    dictionary: tuple[str, ...] | None = None,
    gate: GateSpec,
    constraint: Constraint = Constraint.FREE,
    groups: int | str = 1,
    bias: bool = True,
) -> tuple[Family, ...]:
    """The families that a name stands for, where everything else is said beside it.

    A kind takes what applies to it: a gate ``moa``, a constraint ``la``, groups what mixes;
    ``fixed`` is one family for each activation of the dictionary. A registered class has its own
    form, dictionary, gate and biases, and takes width and dimension alone.

    Raises:
        UnknownNameError: neither a kind nor a registered class.
        ValueError: as :class:`Family`.

    >>> [family.label for family in families_of(
    ...     "fixed", "type1", width=2, dimension=1, dictionary=("relu", "id"),
    ...     gate=GateSpec(name="tanh"),
    ... )]
    ['relu type1 m=2', 'id type1 m=2']
    """
    require_class(name)
    if not is_kind(name):
        return (FAMILIES.use(name, lambda made: made(width, dimension)),)
    kind = Kind(name)
    names = default_dictionary(form) if dictionary is None else dictionary
    one_each = exists_in(name, form) and not kind.mixes and len(names) > 0
    choices = [(each,) for each in names] if one_each else [names]
    return tuple(
        Family(
            kind=kind,
            neuron=form,
            width=width,
            dimension=dimension,
            dictionary=chosen,
            gate=gate if kind is Kind.MOA else None,
            constraint=constraint if kind is Kind.LA else Constraint.FREE,
            groups=groups if kind.mixes else 1,
            bias=bias,
        )
        for chosen in choices
    )


for _name in ("relu", "relu2", "silu", "tanh"):
    FAMILIES.add(_name, family_of(Kind.FIXED, dictionary=(_name,)))
FAMILIES.add("la", family_of(Kind.LA))
for _name in ("sigmoid", "tanh", "softmax"):
    FAMILIES.add(f"moa-{_name}", family_of(Kind.MOA, gate=GateSpec(name=_name)))
FAMILIES.add("glu-silu", family_of(Kind.FIXED, "one_sided", dictionary=("silu",)))
for _form in ("one_sided", "two_sided", "quadratic"):
    _title = _form.replace("_", "-")
    FAMILIES.add(f"la-{_title}", family_of(Kind.LA, _form))
    FAMILIES.add(f"moa-{_title}", family_of(Kind.MOA, _form, gate=GateSpec(name="tanh")))
