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
from expressivity.symbolic.quotients import is_entire, is_meromorphic
from expressivity.symbolic.symbols import Z

_MAX_OPERATIONS = 300
_MAX_ZERO_ORDER = 3
_MAX_ROOT_DEGREE = 2


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
    if all(is_entire(formula, Z) for formula in formulas):
        return 0
    return 1 if all(_denominator_is_simple(formula) for formula in formulas) else None


def _denominator_is_simple(formula: sp.Expr) -> bool:
    z = sp.Dummy("z")
    numerator, denominator = _quotient(formula, Z, z)
    if not (is_entire(numerator, z) and is_entire(denominator, z)):
        return False
    found = _in_exponential(denominator, z)
    return found is not None and bool(found[0].is_sqf)


def higher_pole(amplitude: sp.Expr, s: sp.Symbol, order: int = 1) -> sp.Expr | None:
    """A pole of a higher order than this of a meromorphic amplitude, or None if none is shown.

    Sought where an argument of tanh is i pi/2 or one of exp is i pi, and where a denominator is a
    polynomial of low degree in exp(s/q) and 0; exact derivatives decide. The amplitude may contain
    parameters, symbols with assumptions.

    >>> rate, x = sp.Symbol("r", positive=True), sp.Symbol("x", real=True)
    >>> higher_pole(x * sp.tanh(rate * x) ** 2, x)
    I*pi/(2*r)
    """
    if amplitude.count_ops() > _MAX_OPERATIONS or not is_meromorphic(amplitude, s):
        return None
    candidates = [p for p in _candidates(amplitude, s) if _factors_at(amplitude, s, p) > order]
    if not candidates:
        return None
    z = sp.Dummy("z")
    numerator, denominator = _quotient(amplitude, s, z)
    if not (is_entire(numerator, z) and is_entire(denominator, z)):
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


def simple_pole(function: sp.Expr, s: sp.Symbol) -> sp.Expr | None:
    """A pole of a meromorphic function that is certainly simple, or None if none is shown.

    Sought as :func:`higher_pole` says. There the residue is not 0.

    >>> x = sp.Symbol("x", real=True)
    >>> simple_pole(1 / (1 + sp.exp(x)), x), simple_pole(1 / (1 + sp.exp(x)) ** 2, x)
    (I*pi, None)
    """
    pole = higher_pole(function, s, 0)
    if pole is None:
        return None
    z = sp.Dummy("z")
    numerator, denominator = _quotient(function, s, z)
    simple = _is_nonzero(_at(sp.diff(denominator, z), z, pole))
    return pole if simple and _is_nonzero(_at(numerator, z, pole)) else None


def _quotient(formula: sp.Expr, s: sp.Symbol, z: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """Numerator and denominator in a complex variable z, tanh by exponentials."""
    exponential = formula.replace(sp.tanh, lambda u: 1 - 2 / (sp.exp(2 * u) + 1))
    numerator, denominator = sp.fraction(sp.together(exponential.subs(s, z)))
    return numerator, denominator


def _candidates(amplitude: sp.Expr, s: sp.Symbol) -> list[sp.Expr]:
    poles: set[sp.Expr] = set()
    for function, value in ((sp.tanh, sp.I * sp.pi / 2), (sp.exp, sp.I * sp.pi)):
        for atom in amplitude.atoms(function):
            argument = _argument(atom)
            # Asked first: the derivatives of deeply nested functions are large.
            rate = sp.diff(argument, s) if argument.is_polynomial(s) else sp.S.Zero
            if rate != 0 and not rate.has(s):
                poles.add(sp.expand((value - argument.subs(s, 0)) / rate))
    for power in amplitude.atoms(sp.Pow):
        if power.exp.is_negative:
            poles.update(_zeros(power.base, s))
    return sorted(poles, key=str)


def _zeros(denominator: Any, s: sp.Symbol) -> list[sp.Expr]:
    """One for each root of low degree, where it is a polynomial in exp(s/q)."""
    found = _in_exponential(denominator, s)
    if found is None:
        return []
    polynomial, scale = found
    roots: list[Any] = [root for factor, _ in polynomial.factor_list()[1]
                        if factor.degree() <= _MAX_ROOT_DEGREE
                        for root in sp.roots(factor)]  # fmt: skip
    return [scale * sp.log(root) for root in roots if root != 0]


def _in_exponential(denominator: sp.Expr, z: sp.Symbol) -> tuple[sp.Poly, int] | None:
    """The polynomial in E = exp(z/q) that it is, without factors E, and q; or None."""
    root = sp.Dummy("E")
    exponentials: list[Any] = sorted(denominator.atoms(sp.exp), key=str)
    rates: list[Any] = [sp.diff(atom.args[0], z) for atom in exponentials]
    if not all(
        r.is_Rational and a.args[0] == r * z for r, a in zip(rates, exponentials, strict=True)
    ):
        return None
    scale = math.lcm(*[int(rate.q) for rate in rates])
    powers = {a: root ** (r * scale) for a, r in zip(exponentials, rates, strict=True)}
    written = sp.fraction(sp.together(denominator.xreplace(powers)))[0]
    if written.has(z) or not written.is_polynomial(root):
        return None
    polynomial = sp.Poly(written, root)
    numbers = [sp.cancel(c / polynomial.LC()) for c in polynomial.all_coeffs()]
    if any(number.free_symbols for number in numbers):
        return None  # roots may coincide for some values of a parameter
    return sp.Poly(numbers, root).terms_gcd()[1], scale


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
    at: Any = expression.subs(variable, value)
    return expanded(at.replace(sp.exp, _exponential))


def _exponential(exponent: Any) -> sp.Expr:
    """exp of a number, by cosine and sine, which are algebraic at simple parts of pi."""
    if not exponent.is_number:
        return sp.exp(exponent)
    size, angle = exponent.as_real_imag()
    return sp.exp(size) * (sp.cos(angle) + sp.I * sp.sin(angle))


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
