"""The families that a name of ``--family`` stands for: a kind, or a registered class."""

from collections.abc import Iterable

from expressivity.classes.catalogue.registry import FAMILIES, family_named, plain_neurons
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Constraint, Kind, default_dictionary, kinds_of
from expressivity.classes.neurons import NEURONS
from expressivity.names import canonical, unknown


def is_kind(name: str) -> bool:
    """Whether a name says how a layer chooses its activation, and not which class it is."""
    return name in list(Kind)


def class_named(name: str) -> str:
    """The kind or registered class that a name stands for, as people write it.

    Raises:
        UnknownNameError: the choices are listed.

    >>> class_named("MoA"), class_named("SwiGLU")
    ('moa', 'swiglu')
    """
    listed = dict.fromkeys([*map(str, Kind), *FAMILIES])
    found = canonical(name, (*listed, *plain_neurons()))
    if found is None:
        raise unknown("family", name, listed, further=plain_neurons())
    return found


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
    chosen = tuple(dict.fromkeys(class_named(str(name)) for name in names))
    if not chosen:
        raise ValueError("required: at least one family; got none")
    kinds = [kind for kind in map(str, Kind) if kind in chosen]
    return (*kinds, *(name for name in chosen if not is_kind(name)))


def kind_of(name: str) -> Kind:
    """The kind that a name of ``--family`` stands for, or that its class has.

    >>> kind_of("moa"), kind_of("glu-silu")
    (<Kind.MOA: 'moa'>, <Kind.FIXED: 'fixed'>)
    """
    known = class_named(name)
    return Kind(known) if is_kind(known) else family_named(known, 2, 2).kind


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
    name = class_named(name)
    if not is_kind(name):
        return (family_named(name, width, dimension),)
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
