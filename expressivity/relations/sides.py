"""What a name stands for where two classes are compared: one class, or the union of several."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from expressivity.classes.catalogue import class_named, families_of
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.names import UnknownNameError
from expressivity.symbolic.refusals import MAX_DIMENSION

DIMENSIONS = (1, 2, 3)
"""Where nothing is asked for, the least in which both directions are decided."""

_LARGEST_GROUPS = 16


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of two classes.

    Attributes:
        name: as it was asked for, or the family's label.
        families: by dimension the classes whose union it is, each at its least width.
    """

    name: str
    families: Mapping[int, tuple[Family, ...]]

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return next(iter(self.families.values()))[0].outputs

    def at_width(self, width: int, dimension: int) -> tuple[Family, ...]:
        """Its families at a width, or at the next that the groups divide."""
        return tuple(family.at_least(width) for family in self.families[dimension])


def side(what: str | Family, gate: GateSpec, dimension: int | None = None) -> Side:
    """The class of a name or of a family.

    Args:
        what: ``fixed`` (the union over the default dictionary), ``la``, ``moa``, a registered
            class, or a Family, whose width does not matter.
        gate: of ``moa``.
        dimension: the one that is asked for.

    Raises:
        ValueError: an unknown name, a dimension in which the class does not exist.

    >>> len(side("fixed", GateSpec(name="tanh")).families[1])
    7
    """
    if dimension is not None and not 1 <= dimension <= MAX_DIMENSION:
        raise ValueError(f"required: a dimension of 1 to {MAX_DIMENSION}; got {dimension}")
    wanted = DIMENSIONS if dimension is None else tuple(range(1, dimension + 1))
    if isinstance(what, Family):
        families = {d: (replace(what, width=what.width_step, dimension=d),) for d in wanted}
        return Side(name=what.class_label, families=families)
    what = class_named(what)
    found: dict[int, tuple[Family, ...]] = {}
    for d in wanted:
        made = _made(what, gate, d)
        if made is not None:
            found[d] = made
    if not found or (dimension is not None and dimension not in found):
        asked = f"dimension {dimension}" if dimension else f"a dimension of {DIMENSIONS}"
        raise ValueError(f"required: a class that exists in {asked}; {what} does not")
    return Side(name=what, families=found)


def common_dimensions(a: Side, b: Side) -> tuple[int, ...]:
    """The dimensions in which both exist, ascending, of two classes that can be compared.

    Raises:
        ValueError: other numbers of outputs, no common dimension, or one class twice.
    """
    if a.outputs != b.outputs:
        raise ValueError(
            f"required: classes of equally many outputs; {a.name} has {a.outputs}, {b.name} "
            f"{b.outputs}"
        )
    common = tuple(sorted(set(a.families) & set(b.families)))
    if not common:
        raise ValueError(f"required: a dimension in which both classes exist; {a.name} and "
                         f"{b.name} have none in common")  # fmt: skip
    if set(a.families[common[0]]) == set(b.families[common[0]]):
        raise ValueError(f"required: two classes; {a.name} and {b.name} are one")
    return common


def _made(name: str, gate: GateSpec, dimension: int) -> tuple[Family, ...] | None:
    """The families at the least width that there is."""
    for width in range(1, _LARGEST_GROUPS + 1):
        try:
            return families_of(name, "type1", width=width, dimension=dimension, gate=gate)
        except UnknownNameError:
            raise
        except ValueError:  # groups that do not divide the width
            continue
    return None
