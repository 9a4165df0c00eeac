"""The three classes of functions that fixed networks over the seven activations belong to.

Shared by T1, T3 and T3b: one generic neuron belongs to a class, finite sums stay in it, and the
target does not belong to it. The properties are those of ``obstructions/smoothness.py``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.generic_neuron import (
    LINE,
    neuron_degree,
    neuron_is_analytic,
    neuron_is_c1,
)
from expressivity.membership.obstructions.smoothness import (
    excess_formula,
    formula_change,
    value_or_gradient_jump,
)
from expressivity.symbolic.piecewise import split_cells
from expressivity.symbolic.proof import Step
from expressivity.symbolic.symbols import Z
from expressivity.targets.target import Target


def _named(*names: str) -> tuple[Activation, ...]:
    return tuple(ACTIVATIONS[name] for name in names)


@dataclass(frozen=True, kw_only=True)
class Classes:
    """The dictionary, by the property that rules an activation out.

    Attributes:
        affine: piecewise affine, finitely many pieces.
        smooth: C^1.
        analytic: real-analytic.
    """

    affine: tuple[Activation, ...]
    smooth: tuple[Activation, ...] = ()
    analytic: tuple[Activation, ...] = ()


SEVEN = Classes(
    affine=_named("id", "relu", "leaky_relu"),
    smooth=_named("relu2"),
    analytic=_named("gelu", "silu", "tanh"),
)


def class_steps(classes: Classes, target: Target, second: sp.Expr, source: str) -> Iterator[Step]:
    """No finite sum of neurons a s(w x + b) ``second`` over one activation is the target.

    ``second`` is a polynomial in LINE.
    """
    if classes.affine:
        yield from affine_steps(classes, target, second, source)
    if classes.smooth:
        yield from smooth_steps(classes, target, second, source)
    if classes.analytic:
        yield from analytic_steps(classes, target, second, source)


def _factor(second: sp.Expr) -> str:
    return "" if second == 1 else f" times {second}"


def affine_steps(classes: Classes, target: Target, second: sp.Expr, source: str) -> Iterator[Step]:
    """Activations of affine pieces: the target is no polynomial of their degree."""
    factor = _factor(second)
    degree = 1 + int(sp.Poly(second, LINE).degree())
    for s in classes.affine:
        yield Step(
            statement=f"{s.name}(w x + b){factor} has degree at most {degree} on either side "
            "of its kink, for symbolic w and b",
            source=source,
            check=lambda s=s: degree_is_at_most(s, second, degree),
        )
    yield Step(
        statement=f"sums of polynomials of degree at most {degree} are such polynomials: "
        f"their derivative of order {degree + 1} is 0",
        source=source,
        check=lambda: polynomials_are_closed(degree),
    )
    yield Step(
        statement="finitely many neurons have finitely many kinks, so every interval has "
        "an open part on which a network is one such polynomial",
        source=source,
    )
    yield Step(
        statement="on some open interval the target is an analytic function that is no "
        f"polynomial of degree at most {degree}, so by the identity theorem on no part either",
        source=source,
        check=lambda: exceeds(target, degree),
    )


def smooth_steps(classes: Classes, target: Target, second: sp.Expr, source: str) -> Iterator[Step]:
    """Activations in C^1: the target or its derivative jumps."""
    factor = _factor(second)
    for s in classes.smooth:
        yield Step(
            statement=f"{s.name}(w x + b){factor} is C^1, for w > 0 and for w < 0",
            source=source,
            check=lambda s=s: neuron_is_c1(s.expression, second),
        )
    yield Step(statement="finite sums of C^1 functions are C^1", source="calculus")
    yield Step(
        statement="the target or its derivative jumps",
        source=source,
        check=lambda: jumps(target),
    )


def analytic_steps(
    classes: Classes, target: Target, second: sp.Expr, source: str
) -> Iterator[Step]:
    """Analytic activations: the target follows two formulas."""
    factor = _factor(second)
    for s in classes.analytic:
        yield Step(
            statement=f"{s.name}(w x + b){factor} is real-analytic, for symbolic w and b",
            source=source,
            check=lambda s=s: True if neuron_is_analytic(s.expression, second) else None,
        )
    yield Step(
        statement="finite sums of real-analytic functions are real-analytic, and two that "
        "agree on an open interval agree everywhere (identity theorem)",
        source="calculus",
    )
    yield Step(
        statement="on the two sides of a kink the target follows different analytic formulas",
        source=source,
        check=lambda: True if formula_change(target) is not None else None,
    )


def degree_is_at_most(activation: Activation, second: sp.Expr, degree: int) -> bool | None:
    """Whether the pieces of a neuron are polynomials of at most this degree."""
    found = neuron_degree(activation.expression, second)
    return None if found is None else found <= degree


def exceeds(target: Target, degree: int) -> bool | None:
    """Whether the target is somewhere no polynomial of at most this degree; False: nowhere."""
    if excess_formula(target, degree) is not None:
        return True
    formulas = [sp.expand(cell.formula) for cell in split_cells(target.expression)]
    low = all(
        f.is_polynomial(*target.coordinates) and _degree(f, target) <= degree for f in formulas
    )
    return False if low else None


def jumps(target: Target) -> bool | None:
    """Whether the target or its gradient jumps somewhere; False, for d = 1: it is C^1."""
    if value_or_gradient_jump(target) is not None:
        return True
    if len(target.coordinates) > 1:
        return None
    (x,) = target.coordinates
    return False if neuron_is_c1(target.expression.subs(x, Z)) else None


def _degree(polynomial: sp.Expr, target: Target) -> int:
    """The total degree, 0 for the zero polynomial."""
    return max(0, sp.Poly(polynomial, *target.coordinates).total_degree())


def polynomials_are_closed(degree: int) -> bool:
    """The derivative of order degree + 1 of a combination of two such polynomials is 0."""
    first, second = (
        sp.Add(*[sp.Symbol(f"{name}{k}") * LINE**k for k in range(degree + 1)]) for name in "pq"
    )
    a, b = sp.symbols("a b")
    return sp.expand(sp.diff(a * first + b * second, LINE, degree + 1)) == 0


def joined() -> Activation:
    """ReLU + ReLU^2 as one activation, a dictionary under which t1 is fixed."""
    relu, square = _named("relu", "relu2")
    return replace(
        square,
        name="relu+relu2",
        title="ReLU + ReLU^2",
        expression=relu.expression + square.expression,
        value_and_derivative=lambda z: (
            z.relu() + z.relu() ** 2,
            (z > 0).to(z.dtype) + 2 * z.relu(),
        ),
        kink=sp.Integer(1),
        homogeneous_degree=None,
    )
