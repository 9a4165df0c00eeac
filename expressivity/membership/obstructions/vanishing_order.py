"""Order of vanishing at the origin: factors that vanish there make every network flat there.

docs/theory.md, section 2, C2, and section 9.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import flint
import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.facts import is_continuous, is_real_analytic
from expressivity.classes.families import Family
from expressivity.classes.properties import (
    gates_are_analytic,
    gates_vanish_at_zero,
    vanishing_order,
)
from expressivity.membership.obstructions.pole_order import vanishes_at_zero
from expressivity.membership.obstructions.taylor import excludes_zero, taylor_coefficients
from expressivity.symbolic.budget import expanded
from expressivity.symbolic.piecewise import formula_where
from expressivity.symbolic.points import affine_form, ball_sign
from expressivity.targets.target import Target

_DIAGONALS = 3  # up to this dimension, directions are tried beside the axes


def vanishing_order_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network that vanishes at 0 is the target, at any width, or None.

    Each gate that is 0 at 0 is O(|x|), and so is each activation at an argument without bias: a
    network is O(|x|^n) with n the number of such factors in a neuron. Where every gate is 0 at 0,
    its first-order part is linear with biases too: it is differentiable at 0.

    Assumes gates that are real-analytic, and activations that are locally Lipschitz and, without
    biases, 0 at 0 (all checked).
    The target is compared on rays from the origin, the axes and for d at most 3 the diagonals;
    rays along which its formula near 0 is not settled are passed over.

    >>> from expressivity.classes.gates import GateSpec
    >>> from expressivity.targets.builtin import t1
    >>> vanishing_order_obstruction(t1(), Family(
    ...     kind="moa", neuron="type1", width=9, dimension=1,
    ...     gate=GateSpec(name="tanh", bias=False)))
    'every network is differentiable at 0, t1 is not along (1)'
    """
    if not gates_are_analytic(family):
        return None
    gate = family.gate
    gates = gate is not None and not gate.bias and gates_vanish_at_zero(family)
    activations = [ACTIVATIONS[name] for name in family.dictionary]
    if not all(is_locally_lipschitz(s) for s in activations):
        return None
    flat = all(vanishes_at_zero(s) for s in activations)
    order = vanishing_order(family.record, bias=family.bias or not flat, gates=gates)
    if order is None:
        return None
    for direction in _directions(target.dimension):
        balls = taylor_balls(target, direction, max(order, 2))
        if balls is None:
            continue
        along = ", ".join(str(component) for component in direction)
        if any(excludes_zero(ball) for ball in balls[:order]):
            return f"every network is O(|x|^{order}) at 0, and {target.name} is not along ({along})"
        smooth = gates and order == 1
        opposite = taylor_balls(target, _opposite(direction), 2) if smooth else None
        if opposite is not None and excludes_zero(balls[1] + opposite[1]):
            return f"every network is differentiable at 0, {target.name} is not along ({along})"
    return None


def is_locally_lipschitz(activation: Activation) -> bool | None:
    """Whether it is continuous at 0 and real-analytic on either side; None where not settled.

    >>> is_locally_lipschitz(ACTIVATIONS["leaky_relu"])
    True
    """
    return True if is_continuous(activation.expression) else None


def taylor_on_ray(
    target: Target, direction: tuple[int, ...], count: int
) -> tuple[sp.Expr, ...] | None:
    """The first Taylor coefficients of t -> target(t direction) at 0 from the right, or None.

    None where its formula for small t > 0 is not settled or not known to be real-analytic.

    >>> from expressivity.targets.builtin import t1
    >>> taylor_on_ray(t1(), (1,), 3), taylor_on_ray(t1(), (-1,), 3)
    ((0, 1, 1), (0, 0, 0))
    """
    t = sp.Dummy("t", real=True)
    formula = _on_ray(target, direction, t)
    if formula is None:
        return None
    return tuple(
        expanded(sp.diff(formula, t, n).subs(t, 0) / sp.factorial(n)) for n in range(count)
    )


def taylor_balls(
    target: Target, direction: tuple[int, ...], count: int
) -> tuple[flint.arb, ...] | None:
    """Enclosures of the same coefficients, by power series in balls; None also without them.

    Fast where exact differentiation of a product of many exponentials is not.

    >>> from expressivity.targets.builtin import t1
    >>> [float(ball) for ball in taylor_balls(t1(), (1,), 3)]
    [0.0, 1.0, 1.0]
    """
    t = sp.Dummy("t", real=True)
    formula = _on_ray(target, direction, t)
    if formula is None:
        return None
    return taylor_coefficients(formula, {t: sp.S.Zero}, t, count)


def _on_ray(target: Target, direction: tuple[int, ...], t: sp.Symbol) -> sp.Expr | None:
    """The formula of target(t direction) for small t > 0, real-analytic everywhere, or None."""
    ray: Any = {x: t * c for x, c in zip(target.coordinates, direction, strict=True)}
    on_line: Any = target.expression.xreplace(ray)
    formula = formula_where(on_line, lambda level: _sign_after_zero(level, t))
    if formula is None or formula.has(sp.Piecewise) or not is_real_analytic(formula):
        return None
    return formula


def _sign_after_zero(level: sp.Expr, t: sp.Symbol) -> int | None:
    """Sign of a level for all small t > 0, where its value or its slope at 0 tells."""
    value = level.subs(t, 0)
    if value != 0:
        return ball_sign(value, {})
    form = affine_form(level, (t,))
    return None if form is None or not form[0] else (1 if form[0] > 0 else -1)


def _directions(dimension: int) -> Iterator[tuple[int, ...]]:
    for axis in range(dimension):
        for sign in (1, -1):
            yield tuple(sign * (axis == i) for i in range(dimension))
    if dimension <= _DIAGONALS:
        yield from (r for r in product((-1, 0, 1), repeat=dimension) if sum(map(abs, r)) > 1)


def _opposite(direction: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-component for component in direction)
