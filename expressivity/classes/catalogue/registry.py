"""The registry of classes by name: the library's own and a user's."""

from typing import Any

from expressivity.classes.catalogue import adaptive, gated, learned, paper, per_neuron, single
from expressivity.classes.catalogue.factory import FamilyFactory
from expressivity.classes.families import Family
from expressivity.classes.modules import ModuleClass, ModuleFamily
from expressivity.classes.neurons import NEURONS
from expressivity.registry import Registry


def require_factory(factory: FamilyFactory | ModuleFamily) -> None:
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
    if isinstance(factory, ModuleFamily) and isinstance(made, ModuleClass):
        return
    if not isinstance(made, Family) or (made.width, made.dimension) != (2, 2):
        raise ValueError(
            "required: a function of width and dimension that returns a Family of these; "
            f"got {made!r} from {factory!r}"
        )


FAMILIES: Registry[FamilyFactory | ModuleFamily] = Registry(
    "family", group="expressivity.families", check=require_factory
)
_FURTHER = (single, gated, adaptive, learned, per_neuron)
for _cluster in (paper, *_FURTHER):
    for _name, _factory in _cluster.FAMILIES.items():
        FAMILIES.add(_name, _factory, tested=True)

FURTHER: frozenset[str] = frozenset(name for cluster in _FURTHER for name in cluster.FAMILIES)
"""The library's classes beyond those of arXiv:2605.26647."""


def plain_neurons() -> tuple[str, ...]:
    """Names of neurons that mix nothing, which no entry has.

    >>> "maxout2" in plain_neurons(), "type1" in plain_neurons()
    (True, False)
    """
    return tuple(n for n in NEURONS if not NEURONS[n].mixtures and n not in FAMILIES)


def family_named(name: str, width: int, dimension: int) -> Family:
    """The family of a name, for whoever needs to know what its neurons are.

    A neuron that mixes nothing is a class by its own name.

    Raises:
        UnknownNameError: no entry has the name.
        ValueError: it is a user's own module, whose neurons are not described.

    >>> family_named("swish-beta", 3, 2).parameter_count
    15
    """
    if name in plain_neurons():
        return Family(neuron=name, kind="fixed", width=width, dimension=dimension)
    made = FAMILIES.use(name, lambda factory: factory(width, dimension))
    if isinstance(made, ModuleClass):
        raise ValueError(f"required: a class described by a neuron; got the module {name}")
    return made


def width_step(name: str) -> int:
    """The number whose multiples are the widths of a class: of its groups, if that is fixed.

    >>> [width_step(name) for name in ("moa-tanh-2-groups", "moa-tanh-neuron", "relu")]
    [2, 1, 1]
    """
    return family_named(name, 2, 2).width_step
