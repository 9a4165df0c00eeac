"""An activation: one frozen record.

The sympy expression in ``Z`` is the source of truth. The torch form returns the value and
the derivative together, since they share their transcendental functions; it is checked
against the sympy form in ball arithmetic by ``expressivity doctor`` and by the tests.

Analytic facts are declared beside the expression, and registration refuses what the expression
does not show (``soundness.py``): whoever reads a fact of a registered activation may rely on
it, and None claims nothing. "Spans" describe the one-dimensional function ``c -> s(c x)``: whatever
c is, its odd (even) part lies in the span of the listed functions; None means that no finite span
is known.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes import facts
from expressivity.symbolic.piecewise import by_conditions
from expressivity.symbolic.symbols import Z


@dataclass(frozen=True, kw_only=True)
class Native:
    """An activation by torch's own kernels, which uncompiled code runs faster than many small ones.

    They are as exact as sums of values need them, not to the last digit of every tail, and are
    differentiated no further.

    Attributes:
        value: z to s(z), any floating dtype and shape.
        derivative: z and s(z) to s'(z), at a kink the left one.
    """

    value: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Activation:
    """One activation function s: R -> R.

    Attributes:
        name: its name in commands and expressions.
        title: how it is printed.
        expression: s as a sympy expression in ``Z`` (the source of truth). Abs, sign, Max, Min
            and Heaviside are kept as Piecewise.
        value_and_derivative: torch form, any floating dtype and shape, elementwise; at a
            kink the derivative is the left one.
        kink: s'(0+) - s'(0-), or None where that is not known.
        piece_degree: degree of the two polynomial pieces on either side of 0, or None.
        homogeneous_degree: k >= 1 with s(c x) = c^k s(x) for c > 0, or None.
        odd_span, even_span: see the module docstring.
        native: torch's own kernels for it, where it has some.
    """

    name: str
    title: str
    expression: sp.Expr
    value_and_derivative: Callable[[Tensor], tuple[Tensor, Tensor]]
    kink: sp.Expr | None
    piece_degree: int | None
    homogeneous_degree: int | None
    odd_span: tuple[sp.Expr, ...] | None
    even_span: tuple[sp.Expr, ...] | None
    native: Native | None = None

    def __post_init__(self) -> None:
        if isinstance(cast(Any, self.expression), sp.Expr):
            object.__setattr__(self, "expression", by_conditions(self.expression))

    def __call__(self, argument: sp.Expr) -> sp.Expr:
        """The symbolic value s(argument).

        >>> from expressivity.classes.activations import ACTIVATIONS
        >>> ACTIVATIONS["relu2"](sp.Integer(3))
        9
        """
        return self.expression.subs(Z, argument)

    @property
    def analytic(self) -> bool:
        """Whether s is certainly real-analytic on the whole line."""
        return facts.is_real_analytic(self.expression)

    @property
    def kinked_at_0_alone(self) -> bool:
        """Whether s is certainly continuous, C^1 from each side of 0, and smooth elsewhere."""
        return facts.is_continuous(self.expression) is True


def unit(z: Tensor) -> Tensor:
    """A gradient of 1, for kernels of torch that broadcast it."""
    return torch.ones((), dtype=z.dtype, device=z.device)


def step(on_positive: sp.Expr | int, elsewhere: sp.Expr | int) -> sp.Expr:
    """One formula where z > 0 and another elsewhere.

    >>> step(Z, 0)
    Piecewise((z, z > 0), (0, True))
    """
    return sp.Piecewise((sp.sympify(on_positive), Z > 0), (sp.sympify(elsewhere), True))


def stack_dictionary(
    dictionary: Sequence[Activation], z: Tensor, dim: int
) -> tuple[Tensor, Tensor]:
    """Values and derivatives of several activations, stacked along a new axis ``dim``.

    >>> from expressivity.classes.activations import ACTIVATIONS
    >>> pair = (ACTIVATIONS["id"], ACTIVATIONS["relu2"])
    >>> s, ds = stack_dictionary(pair, torch.tensor([-1.0, 2.0]), dim=0)
    >>> s.tolist(), ds.tolist()
    ([[-1.0, 2.0], [0.0, 4.0]], [[1.0, 1.0], [0.0, 4.0]])
    """
    pairs = [activation.value_and_derivative(z) for activation in dictionary]
    return torch.stack([s for s, _ in pairs], dim), torch.stack([ds for _, ds in pairs], dim)
