"""Poles of functions of one variable: where they are, of which order, on which lattices.

A formula that is real-analytic on an interval may continue to the complex plane as a quotient of
entire functions. What is said of its poles is exact; None, or no pole, claims nothing.
"""

import functools
import math
from typing import Any

import sympy as sp

from expressivity.classes.facts import pieces
from expressivity.symbolic.budget import expanded
from expressivity.symbolic.identities import differs
from expressivity.symbolic.points import ball_sign
from expressivity.symbolic.symbols import Z

_MAX_OPERATIONS = 300
_MAX_ZERO_ORDER = 3
_MEROMORPHIC_OF_AFFINE = (sp.tanh, sp.exp)
_ENTIRE = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.erf, sp.erfc)


@functools.lru_cache(maxsize=256)
def pole_order(function: sp.Expr) -> int | None:
    """The highest order that a pole of a function of ``Z`` can have, on either side of 0.

    With E = exp(z/q) a side is N/D, N entire and D a polynomial in E. The zeros of D in z are
    simple if D has no repeated root other than E = 0, as dE/dz = E/q is not 0; the same holds
    at an affine argument omega z + beta, omega != 0, where dE/dz = omega E/q.

    Returns:
        0 for entire sides, 1 for simple poles as above, 2 where :func:`higher_pole` shows one of
        order 2 or more, None otherwise.

    >>> pole_order(sp.Max(Z, 0)), pole_order(sp.tanh(Z)), pole_order(sp.tanh(Z) ** 2)
    (0, 1, 2)
    """
    formulas = pieces(function)
    if formulas is None:
        return None
    if any(higher_pole(formula, Z) is not None for formula in formulas):
        return 2
    if all(_is_entire(formula, Z) for formula in formulas):
        return 0
    return 1 if all(_denominator_is_simple(formula) for formula in formulas) else None


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
    if polynomial.free_symbols - {root} or not polynomial.is_polynomial(root):
        return False  # roots may coincide for some values of a parameter
    return bool(sp.Poly(polynomial, root).terms_gcd()[1].is_sqf)


def higher_pole(amplitude: sp.Expr, s: sp.Symbol, order: int = 1) -> sp.Expr | None:
    """A pole of a higher order than this of a meromorphic amplitude, or None if none is shown.

    Sought where an argument of tanh is i pi/2 or one of exp is i pi, nowhere else; exact
    derivatives decide. The amplitude may contain parameters, symbols with assumptions.

    >>> rate, x = sp.Symbol("r", positive=True), sp.Symbol("x", real=True)
    >>> higher_pole(x * sp.tanh(rate * x) ** 2, x)
    I*pi/(2*r)
    """
    if amplitude.count_ops() > _MAX_OPERATIONS or not _is_meromorphic(amplitude, s):
        return None
    candidates = [p for p in _candidates(amplitude, s) if _factors_at(amplitude, s, p) > order]
    if not candidates:
        return None
    z = sp.Dummy("z")
    numerator, denominator = _quotient(amplitude, s, z)
    if not (_is_entire(numerator, z) and _is_entire(denominator, z)):
        return None
    for pole in candidates:
        if any(_at(sp.diff(denominator, z, k), z, pole) != 0 for k in range(order)):
            continue
        for zero in range(_MAX_ZERO_ORDER):
            if _at(sp.diff(denominator, z, zero + order), z, pole) != 0:
                break
            if _is_nonzero(_at(sp.diff(numerator, z, zero), z, pole)):
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


def _factors_at(node: Any, s: sp.Symbol, pole: sp.Expr) -> int:
    """How many factors with a pole there meet in one term, at most: what is cheap to see."""
    if not node.has(s):
        return 0
    if isinstance(node, sp.tanh):
        return _is_odd(2 * _argument(node), s, pole)
    if node.is_Add or node.is_Mul:
        counts = [_factors_at(part, s, pole) for part in node.args]
        return max(counts) if node.is_Add else sum(counts)
    if node.is_Pow and node.exp.is_positive:
        return int(node.exp) * _factors_at(node.base, s, pole)
    if node.is_Pow:
        rest = node.base - 1
        simple = isinstance(rest, sp.exp)
        return -int(node.exp) * (_is_odd(_argument(rest), s, pole) if simple else _MAX_ZERO_ORDER)
    return 0


def _argument(function: Any) -> Any:
    return function.args[0]


def _is_odd(argument: sp.Expr, s: sp.Symbol, pole: sp.Expr) -> int:
    """1 where exp(argument) = -1 at the pole, or where that is not seen to fail."""
    turns = sp.expand(argument.subs(s, pole) / (sp.I * sp.pi) - 1) / 2
    return 0 if turns.is_integer is False else 1


def _at(expression: sp.Expr, variable: sp.Symbol, value: sp.Expr) -> sp.Expr:
    return expanded(expression.subs(variable, value))


def _is_nonzero(number: sp.Expr) -> bool:
    if number.free_symbols:  # parameters: only their assumptions can tell
        return number.is_zero is False
    parts = sp.expand(number, complex=True).as_real_imag()
    return any(ball_sign(part, {}) is not None for part in parts)


Lattice = tuple[sp.Rational, sp.Rational]
"""omega > 0 and beta of the poles of tanh(omega s + beta)."""


def tanh_lattices(function: sp.Expr, s: sp.Symbol) -> frozenset[Lattice] | None:
    """The lattices of poles of a sum of tanh of affine arguments, with polynomial weights.

    1/(1 + exp(u)) counts as (1 - tanh(u/2))/2. By the lemma of docs/theory.md, section 6, the
    weights are unique: the function has poles on each lattice whose weight is not 0.

    Returns:
        The lattices, or None where the function is not seen to be such a sum.

    >>> x = sp.Symbol("x", real=True)
    >>> sorted(tanh_lattices(x * sp.tanh(2 * x) + sp.tanh(x), x))
    [(1, 0), (2, 0)]
    """
    plain: Any = function.replace(_is_sigmoid, lambda node: (1 - sp.tanh(_exponent(node) / 2)) / 2)
    lattices: dict[Lattice, sp.Expr] = {}
    for term in sp.Add.make_args(expanded(plain)):
        weight, rest = term.as_independent(sp.tanh, as_Add=False)
        if not weight.is_polynomial(s):
            return None
        if not rest.has(sp.tanh):
            continue
        form = sp.expand(rest.args[0]) if isinstance(rest, sp.tanh) else None
        rate = None if form is None else sp.diff(form, s)
        shift = None if form is None else form.subs(s, 0)
        if rate is None or shift is None or not (rate.is_Rational and shift.is_Rational):
            return None
        if rate == 0:
            continue
        sign = 1 if rate > 0 else -1
        key: Any = (sign * rate, sign * shift)
        lattices[key] = lattices.get(key, sp.S.Zero) + sign * weight
    kept = {key: sp.expand(weight) for key, weight in lattices.items()}
    if any(weight != 0 and not differs(weight, sp.S.Zero) for weight in kept.values()):
        return None
    return frozenset(key for key, weight in kept.items() if weight != 0)


def _is_sigmoid(node: Any) -> bool:
    return node.is_Pow and node.exp == -1 and isinstance(node.base - 1, sp.exp)


def _exponent(sigmoid: Any) -> sp.Expr:
    return (sigmoid.base - 1).args[0]
