"""Pole order: products of so many functions with simple poles have poles of no higher order.

docs/theory.md, T5 and T5q, and section 6.
"""

import functools
from collections.abc import Iterator
from typing import Any

import sympy as sp

from expressivity.classes.activations import Activation
from expressivity.classes.amplitudes import amplitude_pole_order, pole_order_on_lines
from expressivity.classes.facts import pieces
from expressivity.classes.families import Family
from expressivity.classes.generic_neuron import NORMAL, SLOPE, TANGENT, neuron_jumps
from expressivity.classes.poles import higher_pole, pole_order
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.symbols import Z
from expressivity.targets.crossings import Crossing, crossings, formulas
from expressivity.targets.target import Target


def pole_order_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network of the family is the target, at any width, or None.

    Along a line a network is, on an interval without kinks, a finite sum of products of gates and
    activations at affine arguments and polynomials, and so is the jump of its gradient along a
    line in a hyperplane (``classes.amplitudes``). Where all of them continue to the complex plane
    with simple poles, so does the sum, with poles of an order that is at most the number of
    factors. A pole of the target's of a higher order rules it out.

    Assumes what the records of neuron, activations and gates show; softmax gates may have poles
    of any order. Poles of the target are sought as :func:`higher_pole` says.

    >>> from expressivity.targets.builtin import t5q
    >>> pole_order_obstruction(
    ...     t5q(), Family(kind="la", neuron="quadratic", width=9, dimension=2))
    'poles of jump amplitudes are simple, that of t5q along x2 = 0 has a higher one at x1 = I*pi/4'
    """
    return _of_jumps(target, family) or _of_functions(target, family)


def _of_jumps(target: Target, family: Family) -> str | None:
    order = amplitude_pole_order(family)
    if order is None:
        return None
    for crossing in crossings(target):
        for variable, amplitude in lines_of(crossing):
            pole = higher_pole(amplitude, variable, order)
            if pole is not None:
                return (
                    f"poles of jump amplitudes {_at_most(order)}, that of {target.name} along "
                    f"{crossing.level} = 0 has {_excess(order)} at {variable} = {pole}"
                )
    return None


def _of_functions(target: Target, family: Family) -> str | None:
    order = pole_order_on_lines(family)
    if order is None:
        return None
    for formula, variable, on_line in on_lines(target):
        pole = higher_pole(on_line, variable, order)
        if pole is not None:
            return (
                f"off their kinks poles of networks {_at_most(order)}, {formula}, which is "
                f"{target.name} on an open set, has {_excess(order)} at {variable} = {pole}"
            )
    return None


def on_lines(target: Target) -> Iterator[tuple[sp.Expr, sp.Symbol, sp.Expr]]:
    """Each formula of the target on an open set, a coordinate, and the formula along its line."""
    for formula in formulas(target):
        for variable in target.coordinates:
            others = [x for x in target.coordinates if x != variable]
            line: Any = {x: sp.Rational(1, 3 + 2 * k) for k, x in enumerate(others)}
            yield formula, variable, formula.subs(line)


def _at_most(order: int) -> str:
    return {0: "do not exist", 1: "are simple"}.get(order, f"have at most order {order}")


def _excess(order: int) -> str:
    return "a higher one" if order else "one"


def lines_of(crossing: Crossing) -> Iterator[tuple[sp.Symbol, sp.Expr]]:
    """The jump along each coordinate line of the hyperplane through the crossing's point."""
    point = dict(crossing.point)
    for variable in crossing.tangents:
        others: Any = {s: point[s] for s in crossing.tangents if s != variable}
        yield variable, crossing.slope_jump.subs(others)


def vanishes_at_zero(activation: Activation) -> bool | None:
    """Whether both sides of the activation are 0 at 0.

    >>> from expressivity.classes.activations import ACTIVATIONS
    >>> vanishes_at_zero(ACTIVATIONS["gelu"])
    True
    """
    formulas = pieces(activation.expression)
    if formulas is None:
        return None
    return all(formula.subs(Z, 0) == 0 for formula in formulas)


@functools.lru_cache(maxsize=256)
def has_simple_poles(activation: Activation) -> bool | None:
    """Whether both sides of the activation continue to the complex plane with simple poles.

    True and False as :func:`pole_order` shows it, None where it does not.

    >>> from expressivity.classes.activations import ACTIVATIONS
    >>> has_simple_poles(ACTIVATIONS["silu"])
    True
    """
    order = pole_order(activation.expression)
    return None if order is None else order <= 1


def jump_is_other_factor(activation: Activation) -> bool | None:
    """Whether s(w.x + b) g(v.x + c), g any C^1 function, jumps across H by multiples of g.

    By the kink times abs(slope) times g on H where the kink set of s is H, else not at all.

    >>> from expressivity.classes.activations import ACTIVATIONS
    >>> jump_is_other_factor(ACTIVATIONS["leaky_relu"])
    True
    """
    other = sp.Function("g")
    r, p, q = sp.symbols("r1 p1 q1", real=True)
    jumps = neuron_jumps(activation.expression, other(r * NORMAL + p * TANGENT + q))
    formulas = pieces(activation.expression)
    if jumps is None or formulas is None:
        return None
    kink: Any = sp.diff(formulas[0] - formulas[1], Z).subs(Z, 0)
    for jump in jumps:
        claimed = 0 if jump.slope is None else kink * SLOPE * other(p * TANGENT + q)
        if sp.expand(jump.value) != 0 or sp.expand(jump.gradient - claimed) != 0:
            return None
    return True


def common_kink_leaves_no_jump(first: Activation, second: Activation) -> bool | None:
    """Whether a product of two activations whose kink sets are both H has no gradient jump on H.

    For both signs of both slopes.

    >>> from expressivity.classes.activations import ACTIVATIONS
    >>> common_kink_leaves_no_jump(ACTIVATIONS["relu"], ACTIVATIONS["leaky_relu"])
    True
    """
    one, two = pieces(first.expression), pieces(second.expression)
    if one is None or two is None:
        return None
    p, q = sp.symbols("p q", positive=True)
    for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        slopes: list[sp.Expr] = []
        for side in (1, -1):
            factors: list[Any] = [
                one[side * s < 0].subs(Z, s * p * NORMAL),
                two[side * t < 0].subs(Z, t * q * NORMAL),
            ]
            slopes.append(sp.diff(sp.Mul(*factors), NORMAL).subs(NORMAL, 0))
        jump = is_identity(slopes[0], slopes[1])
        if jump is not True:
            return jump
    return True
