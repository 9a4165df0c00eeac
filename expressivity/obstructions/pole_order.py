"""Pole order: jump amplitudes of two-sided and quadratic LA networks have simple poles only.

docs/theory.md, T5 and T5q.
"""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from expressivity.activations import ACTIVATIONS, Activation
from expressivity.families import Family, Form, Kind
from expressivity.identities import ball_sign, is_identity
from expressivity.obstructions.jumps import Crossing, crossings
from expressivity.targets import Target

_MAX_OPERATIONS = 300
_MAX_ZERO_ORDER = 3
_MEROMORPHIC_OF_AFFINE = (sp.tanh, sp.exp)

# Transcendental activations whose continuation has poles of order at most 1, by expression.
_SIMPLE_POLES = tuple(ACTIVATIONS[name].expression for name in ("gelu", "silu", "tanh"))


def pole_order_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no two-sided or quadratic LA network is the target, or None.

    Along a hyperplane H the jump of a network is a finite sum of activations at affine
    arguments: where only one factor of a neuron kinks on H the other one is left, and where
    both do they vanish there. So on an interval of a line in H the jump continues to a
    meromorphic function with simple poles; a pole of order 2 of the target's rules it out.

    Assumes activations that vanish at 0 (checked), C^1 off 0, and piecewise polynomial or one
    of gelu, silu, tanh (checked). Poles are sought where an argument of tanh is i pi/2 or one
    of exp is i pi, nowhere else, and the order is decided by exact derivatives.

    >>> from expressivity.targets import t5q
    >>> pole_order_obstruction(
    ...     t5q(), Family(kind=Kind.LA, form=Form.QUADRATIC, width=9, dimension=2))
    'poles of jump amplitudes are simple, that of t5q along x2 = 0 has a higher one at x1 = I*pi/4'
    """
    if family.kind is not Kind.LA or family.form not in (Form.TWO_SIDED, Form.QUADRATIC):
        return None
    if not all(_has_simple_poles(ACTIVATIONS[name]) for name in family.dictionary):
        return None
    for crossing in crossings(target):
        if is_identity(crossing.value_jump, sp.S.Zero) is not True:
            continue
        for variable, amplitude in _on_lines(crossing):
            pole = _higher_pole(amplitude, variable)
            if pole is not None:
                return (
                    f"poles of jump amplitudes are simple, that of {target.name} along "
                    f"{crossing.level} = 0 has a higher one at {variable} = {pole}"
                )
    return None


def _has_simple_poles(activation: Activation) -> bool:
    vanishes = activation(sp.S.Zero) == 0
    known = activation.piece_degree is not None or activation.expression in _SIMPLE_POLES
    return vanishes and known


def _on_lines(crossing: Crossing) -> Iterator[tuple[sp.Symbol, sp.Expr]]:
    """The jump along each coordinate line of the hyperplane through the crossing's point."""
    point = dict(crossing.point)
    for variable in crossing.tangents:
        others: Any = {s: point[s] for s in crossing.tangents if s != variable}
        yield variable, crossing.slope_jump.subs(others)


def _higher_pole(amplitude: sp.Expr, s: sp.Symbol) -> sp.Expr | None:
    """A pole of order at least 2 of a meromorphic amplitude, or None where none is shown."""
    if amplitude.count_ops() > _MAX_OPERATIONS or not _is_meromorphic(amplitude, s):
        return None
    # A quotient of entire functions, in a complex variable.
    exponential = amplitude.replace(sp.tanh, lambda u: 1 - 2 / (sp.exp(2 * u) + 1))
    z = sp.Dummy("z")
    numerator, denominator = sp.fraction(sp.together(exponential.subs(s, z)))
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
    powers: set[Any] = expression.atoms(sp.Pow)
    return all(power.exp.is_nonnegative for power in powers if power.base.has(z))


def _candidates(amplitude: sp.Expr, s: sp.Symbol) -> list[sp.Expr]:
    poles: set[sp.Expr] = set()
    for function, value in ((sp.tanh, sp.I * sp.pi / 2), (sp.exp, sp.I * sp.pi)):
        for atom in amplitude.atoms(function):
            rate = sp.diff(atom.args[0], s)
            if rate != 0:
                poles.add(sp.expand((value - atom.args[0].subs(s, 0)) / rate))
    return sorted(poles, key=str)


def _at(expression: sp.Expr, variable: sp.Symbol, value: sp.Expr) -> sp.Expr:
    return sp.expand(expression.subs(variable, value))


def _is_nonzero(number: sp.Expr) -> bool:
    parts = sp.expand(number, complex=True).as_real_imag()
    return any(ball_sign(part, {}) is not None for part in parts)
