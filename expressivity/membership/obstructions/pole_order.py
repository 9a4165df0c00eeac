"""Pole order: jump amplitudes of two-sided and quadratic LA networks have simple poles only.

docs/theory.md, T5 and T5q.
"""

import functools
import math
from collections.abc import Iterator
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.facts import pieces
from expressivity.classes.families import Family
from expressivity.classes.generic_neuron import NORMAL, SLOPE, TANGENT, neuron_jumps
from expressivity.classes.properties import are_products_of_two
from expressivity.symbolic.budget import expanded
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.points import ball_sign
from expressivity.symbolic.symbols import Z
from expressivity.targets.crossings import Crossing, crossings
from expressivity.targets.target import Target

_MAX_OPERATIONS = 300
_MAX_ZERO_ORDER = 3
_MEROMORPHIC_OF_AFFINE = (sp.tanh, sp.exp)
_ENTIRE = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.erf, sp.erfc)


def pole_order_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no sum of products of two activations is the target, or None.

    Along a hyperplane H the jump of a network is a finite sum of activations at affine
    arguments: where only one factor of a neuron kinks on H the other one is left, and where
    both do they vanish there. So on an interval of a line in H the jump continues to a
    meromorphic function with simple poles; a pole of order 2 of the target's rules it out.

    Assumes activations that vanish at 0, are real-analytic on either side of it, and continue
    with simple poles (all three checked). Poles of the target are sought where an argument of
    tanh is i pi/2 or one of exp is i pi, nowhere else; exact derivatives decide their order.

    >>> from expressivity.targets.builtin import t5q
    >>> pole_order_obstruction(
    ...     t5q(), Family(kind="la", neuron="quadratic", width=9, dimension=2))
    'poles of jump amplitudes are simple, that of t5q along x2 = 0 has a higher one at x1 = I*pi/4'
    """
    if not are_products_of_two(family):
        return None
    activations = [ACTIVATIONS[name] for name in family.dictionary]
    if not all(vanishes_at_zero(s) and has_simple_poles(s) for s in activations):
        return None
    for crossing in crossings(target):
        if is_identity(crossing.value_jump, sp.S.Zero) is not True:
            continue
        for variable, amplitude in _on_lines(crossing):
            pole = higher_pole(amplitude, variable)
            if pole is not None:
                return (
                    f"poles of jump amplitudes are simple, that of {target.name} along "
                    f"{crossing.level} = 0 has a higher one at {variable} = {pole}"
                )
    return None


def vanishes_at_zero(activation: Activation) -> bool | None:
    """Whether both sides of the activation are 0 at 0.

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

    With E = exp(z/q) a side is N/D, N entire and D a polynomial in E. The zeros of D in z are
    simple if D has no repeated root other than E = 0, as dE/dz = E/q is not 0; the same holds
    at an affine argument omega z + beta, omega != 0, where dE/dz = omega E/q.

    Returns:
        True as above, False where :func:`higher_pole` shows a pole of order 2, None otherwise.

    >>> has_simple_poles(ACTIVATIONS["silu"])
    True
    """
    formulas = pieces(activation.expression)
    if formulas is None:
        return None
    if any(higher_pole(formula, Z) is not None for formula in formulas):
        return False
    return True if all(_denominator_is_simple(formula) for formula in formulas) else None


def jump_is_other_factor(activation: Activation) -> bool | None:
    """Whether s(w.x + b) g(v.x + c), g any C^1 function, jumps across H by multiples of g.

    By the kink times abs(slope) times g on H where the kink set of s is H, else not at all.

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


def _denominator_is_simple(formula: sp.Expr) -> bool:
    z, root = sp.Dummy("z"), sp.Dummy("E")
    numerator, denominator = _quotient(formula, Z, z)
    if not (_is_entire(numerator, z) and _is_entire(denominator, z)):
        return False
    exponentials: list[Any] = sorted(denominator.atoms(sp.exp), key=str)
    rates: list[Any] = [sp.diff(atom.args[0], z) for atom in exponentials]
    if not all(
        r.is_Rational and a.args[0] == r * z for r, a in zip(rates, exponentials, strict=True)
    ):
        return False
    scale = math.lcm(*[int(rate.q) for rate in rates])
    powers = {a: root ** (r * scale) for a, r in zip(exponentials, rates, strict=True)}
    polynomial = sp.fraction(sp.together(denominator.xreplace(powers)))[0]
    if polynomial.has(z) or not polynomial.is_polynomial(root):
        return False
    return bool(sp.Poly(polynomial, root).terms_gcd()[1].is_sqf)


def _on_lines(crossing: Crossing) -> Iterator[tuple[sp.Symbol, sp.Expr]]:
    """The jump along each coordinate line of the hyperplane through the crossing's point."""
    point = dict(crossing.point)
    for variable in crossing.tangents:
        others: Any = {s: point[s] for s in crossing.tangents if s != variable}
        yield variable, crossing.slope_jump.subs(others)


def higher_pole(amplitude: sp.Expr, s: sp.Symbol) -> sp.Expr | None:
    """A pole of order at least 2 of a meromorphic amplitude, or None where none is shown.

    The amplitude may contain parameters, symbols with assumptions.

    >>> rate, x = sp.Symbol("r", positive=True), sp.Symbol("x", real=True)
    >>> higher_pole(x * sp.tanh(rate * x) ** 2, x)
    I*pi/(2*r)
    """
    if amplitude.count_ops() > _MAX_OPERATIONS or not _is_meromorphic(amplitude, s):
        return None
    z = sp.Dummy("z")
    numerator, denominator = _quotient(amplitude, s, z)
    if not (_is_entire(numerator, z) and _is_entire(denominator, z)):
        return None
    for pole in _candidates(amplitude, s):
        for order in range(_MAX_ZERO_ORDER):
            vanishing = all(_at(sp.diff(denominator, z, k), z, pole) == 0 for k in range(order + 2))
            if not vanishing:
                break
            if _is_nonzero(_at(sp.diff(numerator, z, order), z, pole)):
                return pole
    return None


def _quotient(formula: sp.Expr, s: sp.Symbol, z: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """Numerator and denominator in a complex variable z, tanh by exponentials."""
    exponential = formula.replace(sp.tanh, lambda u: 1 - 2 / (sp.exp(2 * u) + 1))
    numerator, denominator = sp.fraction(sp.together(exponential.subs(s, z)))
    return numerator, denominator


def _is_meromorphic(amplitude: sp.Expr, s: sp.Symbol) -> bool:
    """Whether it is rational in s and in tanh, exp of affine functions of s."""
    nodes: list[Any] = list(sp.preorder_traversal(amplitude))
    for node in nodes:
        if not node.has(s) or node == s or node.is_Add or node.is_Mul:
            continue
        if node.is_Pow and node.exp.is_Integer:
            continue
        if isinstance(node, _MEROMORPHIC_OF_AFFINE) and not sp.diff(node.args[0], s).has(s):
            continue
        return False
    return True


def _is_entire(expression: sp.Expr, z: sp.Symbol) -> bool:
    """Whether it is built from z by sums, products, whole powers and entire functions."""
    nodes: list[Any] = [n for n in sp.preorder_traversal(expression) if n.has(z)]
    return all(
        n == z
        or n.is_Add
        or n.is_Mul
        or (n.is_Pow and n.exp.is_Integer and n.exp.is_nonnegative)
        or isinstance(n, _ENTIRE)
        for n in nodes
    )


def _candidates(amplitude: sp.Expr, s: sp.Symbol) -> list[sp.Expr]:
    poles: set[sp.Expr] = set()
    for function, value in ((sp.tanh, sp.I * sp.pi / 2), (sp.exp, sp.I * sp.pi)):
        for atom in amplitude.atoms(function):
            rate = sp.diff(atom.args[0], s)
            if rate != 0:
                poles.add(sp.expand((value - atom.args[0].subs(s, 0)) / rate))
    return sorted(poles, key=str)


def _at(expression: sp.Expr, variable: sp.Symbol, value: sp.Expr) -> sp.Expr:
    return expanded(expression.subs(variable, value))


def _is_nonzero(number: sp.Expr) -> bool:
    if number.free_symbols:  # parameters: only their assumptions can tell
        return number.is_zero is False
    parts = sp.expand(number, complex=True).as_real_imag()
    return any(ball_sign(part, {}) is not None for part in parts)
