"""Networks as targets: a class and exact weights, as JSON that another process can read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from expressivity.classes.catalogue import family_named
from expressivity.classes.families import Family, map_names
from expressivity.classes.kinds import PER_NEURON
from expressivity.classes.weights import Weights, network_expression
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target

LEAST = 2
"""A width that every registered class has (``catalogue.require_factory``)."""

Rows = tuple[tuple[str, ...], ...]


def class_of(name: str, dimension: int) -> Family:
    """The class of a name, at a width that it has.

    Raises:
        ValueError: as ``family_named``.
    """
    return family_named(name, LEAST, dimension)


@dataclass(frozen=True, kw_only=True)
class Given:
    """A network of a registered class, with rational weights.

    Attributes:
        name: of the class.
        width, dimension: of the network.
        weights: each block with its rows.
    """

    name: str
    width: int
    dimension: int
    weights: tuple[tuple[str, Rows], ...]

    @classmethod
    def of(cls, name: str, family: Family, weights: Weights) -> "Given | None":
        """The network of a family of this name, or None where a weight is not rational."""
        blocks = {block: matrix.tolist() for block, matrix in weights.blocks.items()}
        if not all(entry.is_Rational for rows in blocks.values() for row in rows for entry in row):
            return None
        texts = {
            block: tuple(tuple(map(str, row)) for row in rows) for block, rows in blocks.items()
        }
        return cls(
            name=name,
            width=family.width,
            dimension=family.dimension,
            weights=tuple(texts.items()),
        )

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Given":
        """The network of a JSON form."""
        weights = tuple(
            (block, tuple(map(tuple, rows))) for block, rows in document["weights"].items()
        )
        fields = {key: document[key] for key in ("name", "width", "dimension")}
        return cls(weights=weights, **fields)

    def json(self) -> dict[str, object]:
        """The JSON form; :meth:`from_json` reads it."""
        return {**vars(self), "weights": dict(self.weights)}

    @property
    def target(self) -> Target:
        """The network's function on the unit ball."""
        blocks = {
            block: sp.ImmutableMatrix([[sp.Rational(entry) for entry in row] for row in rows])
            for block, rows in self.weights
        }
        family = class_of(self.name, self.dimension).at_width(self.width)
        return Target(
            name=f"a network of {self.name}",
            expression=network_expression(family, Weights(blocks=blocks)),
            domain=domain_for(self.dimension),
            source="exact weights",
        )


def one_neuron(name: str) -> Given | None:
    """One neuron of a class, with z_1 = x_1, z_2 = x_2, .. and output weight 1; None if gated.

    Its own parameters are those it starts with; learned coefficients are all 1/K, so that they keep
    every constraint. Products of mixtures are left out.

    >>> one_neuron("reglu").target.formula
    'x2*relu(x1)'
    """
    family = class_of(name, 1)
    record = family.record
    if family.gate is not None or record.maps < 1 or family.groups not in (1, PER_NEURON):
        return None
    if family.sides > 1 or any(len(mixed) > 1 for mixed in record.mixtures):
        return None
    family = replace(family, width=1, dimension=record.maps)
    blocks: dict[str, Any] = {
        block: [[int(column == place) for column in range(record.maps + 1)]]
        for place, block in enumerate(map_names(record.maps))
    }
    blocks["p"] = [[sp.Rational(str(parameter.initial)) for parameter in record.parameters]]
    blocks["a"] = [[1]]
    if family.sides:
        each = [sp.Rational(1, len(family.basis))] * len(family.basis)
        if family.activation is not None:
            each = [sp.Integer(label == family.activation) for label in family.basis]
        blocks["scale0"] = [[entry] for entry in each]
    matrices = {block: sp.ImmutableMatrix(blocks[block]) for block in family.shapes}
    return Given.of(name, family, Weights(blocks=matrices))
