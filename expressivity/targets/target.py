"""Targets: what a network is asked to be.

A target is one sympy expression over the coordinates x1, ..., xd, with its domain. Values,
gradients and ball enclosures all come from that expression (``interpret.py``); its kinks,
the hyperplanes where it is not smooth, are read off the conditions of its Piecewise parts.
The built-in targets are those of docs/theory.md: t1 to t5q of section 3, t6 to t11 of section 7.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import sympy as sp
import torch
from torch import Tensor

from expressivity.symbolic.interpret import TORCH, interpret
from expressivity.symbolic.piecewise import kink_levels
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.domains import Domain, Hyperplane
from expressivity.targets.writing import to_text


@dataclass(frozen=True, kw_only=True)
class Target:
    """A function to be represented, scalar, on a domain.

    Attributes:
        name: ``t2``, or ``expr`` for a user's expression.
        expression: sympy, in ``COORDINATES[:dimension]``.
        domain: where it is considered.
        source: where it comes from.
        form, bias: the layer shape and hidden biases its theorem is about; user expressions
            are measured as type1 with biases unless told otherwise.
        lambda_: its parameter, or None.
        gate: name of the gate inside it, or None.
    """

    name: str
    expression: sp.Expr
    domain: Domain
    source: str
    form: str = "type1"
    bias: bool = True
    lambda_: float | None = None
    gate: str | None = None

    @property
    def dimension(self) -> int:
        """Input dimension d."""
        return self.domain.dimension

    @property
    def coordinates(self) -> tuple[sp.Symbol, ...]:
        """x1, ..., xd."""
        return COORDINATES[: self.dimension]

    @functools.cached_property
    def formula(self) -> str:
        """The expression in the grammar of user expressions, or sympy's own where that has none.

        >>> from expressivity.targets.builtin import t1
        >>> t1().formula
        'relu(x1) + relu2(x1)'
        """
        try:
            return to_text(self.expression)
        except ValueError:
            return str(self.expression)

    @functools.cached_property
    def kinks(self) -> tuple[Hyperplane, ...]:
        """Hyperplanes across which the expression changes its formula, each once."""
        planes: dict[tuple[float, ...], Hyperplane] = {}
        for level in kink_levels(self.expression):
            plane = _hyperplane(level, self.coordinates)
            if plane is not None:
                planes.setdefault((*plane.normal, plane.offset), plane)
        return tuple(planes.values())

    def values(self, nodes_ND: Tensor) -> Tensor:
        """Values at nodes, shape N, in the dtype and on the device of the nodes.

        >>> from expressivity.targets.builtin import t1
        >>> t1().values(torch.tensor([[-1.0], [2.0]])).tolist()
        [0.0, 6.0]
        """
        return _on_nodes(self.expression, self.coordinates, nodes_ND)

    def gradients(self, nodes_ND: Tensor) -> Tensor:
        """Gradients at nodes off the kinks, shape N x d."""
        slopes = [sp.diff(self.expression, x) for x in self.coordinates]
        return torch.stack([_on_nodes(s, self.coordinates, nodes_ND) for s in slopes], 1)


def _hyperplane(level: sp.Expr, coordinates: Sequence[sp.Symbol]) -> Hyperplane | None:
    """The plane level = 0, sign-normalised, or None where the level is not affine."""
    slopes = [sp.diff(level, x) for x in coordinates]
    if any(not slope.is_Rational for slope in slopes) or not any(slopes):
        return None
    constant = level.subs(dict.fromkeys(coordinates, 0))
    if not constant.is_Rational:
        return None
    length = math.sqrt(math.fsum(float(slope) ** 2 for slope in slopes))
    sign = 1 if next(slope for slope in slopes if slope) > 0 else -1
    normal = tuple(sign * float(slope) / length + 0.0 for slope in slopes)
    return Hyperplane(normal=normal, offset=-sign * float(constant) / length + 0.0)


def _on_nodes(expression: sp.Expr, coordinates: Sequence[sp.Symbol], nodes_ND: Tensor) -> Tensor:
    columns = dict(zip(coordinates, nodes_ND.unbind(1), strict=True))
    value = interpret(expression, columns, TORCH)
    value = torch.as_tensor(value, dtype=nodes_ND.dtype, device=nodes_ND.device)
    return value.expand(nodes_ND.shape[0]).contiguous()


def exact(value: float) -> sp.Rational:
    """The rational that a float's shortest decimal stands for: 0.1 means 1/10.

    Raises:
        ValueError: not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"required: a finite lambda; got {value}")
    return cast(sp.Rational, sp.Rational(str(value)))
