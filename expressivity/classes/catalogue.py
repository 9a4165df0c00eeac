"""Classes by name, of any width and dimension: the library's own and a user's."""

from collections.abc import Callable
from typing import Any

from expressivity.classes.families import Family, Kind, default_dictionary
from expressivity.classes.gates import GateSpec
from expressivity.registry import Registry

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
