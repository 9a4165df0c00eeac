"""Facts of a function of one variable, derived from its symbolic form or not known.

Activations and gates declare facts, and plug-ins may declare anything. What bounds and obstructions
rest on is what the form itself shows: every function here answers from the expression alone, and
None (or False, where the question is whether something is *certain*) claims nothing.

A form changes at 0 alone, or its facts are not known: ``pieces`` is where this is decided.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from expressivity.symbolic.budget import expanded, tree_size
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.piecewise import assume_sign, by_conditions, innermost_levels
from expressivity.symbolic.symbols import Z

MAX_ORDER = 4
"""Derivatives above this order are not looked at."""

_MAX_CANCELLED = 150  # nodes
_MAX_NODES, _MAX_EXPONENT = 2000, 64  # the exponent is that of the grammar of expressions
_ANALYTIC = (sp.exp, sp.tanh, sp.sinh, sp.cosh, sp.asinh, sp.atan, sp.erf, sp.erfc, sp.sin, sp.cos)
_BOUNDED = (sp.tanh, sp.erf, sp.sin, sp.cos, sp.atan)
_SCALE, _SIZE, _POINT = sp.symbols("c p x", positive=True)


def is_real_analytic(formula: sp.Expr) -> bool:
    """Whether a formula is certainly real-analytic on the whole space.

    Sums, products, nonnegative integer powers, other powers and logarithms of certainly positive
    arguments, and entire functions or such without real singularities, as exp, tanh, atan and erf.

    >>> x = sp.Symbol("x", real=True)
    >>> is_real_analytic(x / (1 + sp.exp(x))), is_real_analytic(1 / x)
    (True, False)
    """
    nodes: list[Any] = list(sp.preorder_traversal(formula))
    for node in nodes:
        if node.is_Atom:
            known = node.is_Symbol or bool(node.is_real and node.is_finite)
        elif node.is_Pow:
            exponent = node.exp
            entire = exponent.is_Integer and exponent.is_nonnegative
            known = entire or bool(exponent.is_Rational and node.base.is_positive)
        elif isinstance(node, sp.log):
            known = bool(node.args[0].is_positive)
        else:
            constant = node.is_number and node.is_real and node.is_finite
            known = node.is_Add or node.is_Mul or isinstance(node, _ANALYTIC) or constant
        if not known:
            return False
    return True


@functools.lru_cache(maxsize=1024)
def cancelled(formula: sp.Expr) -> sp.Expr:
    """The formula with quotients in lowest terms, where that makes it real-analytic; else itself.

    Summand by summand, and of rational ones that are short.

    >>> x = sp.Symbol("x", real=True)
    >>> cancelled((1 - x**2) / (1 + x)), cancelled(1 / x)
    (1 - x, 1/x)
    """
    terms: list[sp.Expr] = []
    for term in sp.Add.make_args(formula):
        if not is_real_analytic(term):
            if tree_size(term) > _MAX_CANCELLED or not term.is_rational_function():
                return formula
            term = sp.cancel(term)
            if not is_real_analytic(term):
                return formula
        terms.append(term)
    return sp.Add(*terms)


@functools.lru_cache(maxsize=256)
def pieces(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """The formulas of a function of ``Z`` for z > 0 and for z < 0, or None.

    Both are real-analytic on the whole line, so that one-sided limits at 0 are their values;
    None where that is not known or the function changes its formula elsewhere.

    >>> pieces(sp.Piecewise((Z**2, Z > 0), (0, True)))
    (z**2, 0)
    """
    expression = by_conditions(expression)
    if innermost_levels(expression) not in ([], [Z]):
        return None
    right, left = assume_sign(expression, Z, 1), assume_sign(expression, Z, -1)
    known = all(not p.atoms(Relational) and is_real_analytic(p) for p in (right, left))
    return (right, left) if known else None


def changes(expression: sp.Expr) -> list[sp.Expr]:
    """Levels other than z at which the form is written to change, as far as they can be seen.

    >>> changes(sp.Max(Z, 1))
    [z - 1]
    """
    return [level for level in innermost_levels(by_conditions(expression)) if level != Z]


@functools.lru_cache(maxsize=256)
def is_continuous(expression: sp.Expr) -> bool | None:
    """Whether the function is continuous; None where its pieces are not known.

    >>> is_continuous(sp.Piecewise((1, Z > 0), (0, True)))
    False
    """
    both = pieces(expression)
    if both is None:
        return None
    at_zero = assume_sign(by_conditions(expression), Z, 0).subs(Z, 0)
    return settle(is_identity(piece.subs(Z, 0), at_zero) for piece in both)


@functools.lru_cache(maxsize=256)
def kink_of(expression: sp.Expr) -> sp.Expr | None:
    """s'(0+) - s'(0-), the jump of the derivative at 0, or None.

    >>> kink_of(sp.Piecewise((Z, Z > 0), (-Z, True)))
    2
    """
    both = pieces(expression)
    if both is None:
        return None
    right, left = (sp.diff(piece, Z).subs(Z, 0) for piece in both)
    return sp.expand(right - left)


@functools.lru_cache(maxsize=256)
def differentiability_of(expression: sp.Expr) -> int | None:
    """An r for which the function is certainly C^r on the line, at most ``MAX_ORDER``, or None.

    None where it is not known to be continuous.

    >>> [differentiability_of(sp.Max(Z, 0) ** n) for n in (1, 2, 3)]
    [0, 1, 2]
    """
    both = pieces(expression)
    if both is None or not is_continuous(expression):
        return None
    jump = both[0] - both[1]
    for order in range(1, MAX_ORDER + 1):
        jump = sp.diff(jump, Z)
        if is_identity(jump.subs(Z, 0), sp.S.Zero) is not True:
            return order - 1
    return MAX_ORDER


@functools.lru_cache(maxsize=256)
def jump_powers(expression: sp.Expr) -> frozenset[int] | None:
    """Powers of z whose combinations the difference of the two pieces is, or None if it is none.

    >>> sorted(jump_powers(sp.Piecewise((Z**3 + Z, Z > 0), (Z, True))))
    [3]
    """
    both = pieces(expression)
    if both is None:
        return None
    jump = sp.expand(both[0] - both[1])
    if not jump.is_polynomial(Z):
        return None
    return frozenset(k for (k,), c in sp.Poly(jump, Z).terms() if c != 0)


@functools.lru_cache(maxsize=256)
def degree_of(expression: sp.Expr) -> int | None:
    """Degree of the two polynomial pieces on either side of 0; None where one is no polynomial.

    >>> degree_of(sp.Piecewise((Z**2, Z > 0), (0, True)))
    2
    """
    both = pieces(expression)
    if both is None:
        return None
    degrees: list[int] = []
    for piece in map(sp.expand, both):
        if not piece.is_polynomial(Z):
            return None
        degrees.append(0 if piece == 0 else int(sp.Poly(piece, Z).degree()))
    return max(degrees)


@functools.lru_cache(maxsize=256)
def is_homogeneous(expression: sp.Expr, degree: int) -> bool | None:
    """Whether s(c z) = c^k s(z) for all c > 0: for z > 0, z < 0 and z = 0, where k is positive.

    >>> is_homogeneous(sp.Max(Z, 0), 1), is_homogeneous(sp.tanh(Z), 1)
    (True, False)
    """
    if degree < 1:
        return None
    s: Any = expression
    answers = [
        is_identity(s.subs(Z, _SCALE * z), _SCALE**degree * s.subs(Z, z)) for z in (_SIZE, -_SIZE)
    ]
    return settle([*answers, is_identity(s.subs(Z, 0), sp.S.Zero)])


def euler_product(
    formula: sp.Expr, coordinates: Sequence[sp.Symbol], degrees: Iterable[int]
) -> sp.Expr:
    """The product over k of (E - k), E = x.grad, applied to a formula.

    In one variable, on x > 0, it is 0 exactly for the linear combinations of the x^k.

    Raises:
        OutOfBudgetError: it has too many terms.

    >>> x = sp.Symbol("x")
    >>> euler_product(x + x**3, (x,), (1,))
    2*x**3
    """
    for k in degrees:
        terms = [x * sp.diff(formula, x) for x in coordinates]
        formula = expanded(sp.Add(*terms, -k * formula))
    return formula


def power_degrees(span: Sequence[sp.Expr]) -> list[int] | None:
    """Degrees of functions of ``Z`` that are multiples of powers on Z > 0; None if one is not.

    >>> power_degrees((Z, Z * sp.Abs(Z))), power_degrees((sp.sin(Z),))
    ([1, 2], None)
    """
    degrees: list[int] = []
    for function in span:
        on_ray = function.subs(Z, _POINT)
        degree = None if on_ray == 0 else sp.cancel(_POINT * sp.diff(on_ray, _POINT) / on_ray)
        if degree is None or not degree.is_Integer:
            return None
        degrees.append(int(degree))
    return degrees


def lies_in_span(
    function: sp.Expr, point: sp.Symbol, span: Sequence[sp.Expr] | None
) -> bool | None:
    """Whether a function of a positive symbol is a combination of functions of ``Z`` there.

    None is the span of everything. Only powers are decided about, and only functions that are
    certainly real-analytic for positive values.

    >>> x = sp.Symbol("x", positive=True)
    >>> lies_in_span(3 * x + x**2, x, (Z, Z * sp.Abs(Z))), lies_in_span(sp.tanh(x), x, (Z,))
    (True, False)
    """
    if span is None:
        return True
    degrees = power_degrees(span)
    if degrees is None or not is_real_analytic(function):  # else it may change at a hidden kink
        return None
    return is_identity(euler_product(function, (point,), sorted(set(degrees))), sp.S.Zero)


@functools.lru_cache(maxsize=256)
def parts_lie_in(
    expression: sp.Expr, odd: tuple[sp.Expr, ...] | None, even: tuple[sp.Expr, ...] | None
) -> bool | None:
    """Whether the odd and the even part of x -> s(w x) lie in the spans, for w > 0 and w < 0.

    On x > 0, which decides: a part on x < 0 is given by its parity. For w = 0 the neuron is
    s(0), which is 0 or else counts for the even part.

    >>> parts_lie_in(sp.Max(Z, 0), (Z,), (sp.Abs(Z),))
    True
    """
    s: Any = expression
    answers: list[bool | None] = []
    for z in (_SCALE * _POINT, -_SCALE * _POINT):
        here, there = s.subs(Z, z), s.subs(Z, -z)
        answers.append(lies_in_span((here - there) / 2, _POINT, odd))
        answers.append(lies_in_span((here + there) / 2, _POINT, even))
    answers.append(lies_in_span(s.subs(Z, 0), _POINT, even))
    for span, sign in ((odd, -1), (even, 1)):
        answers += [is_identity(f.subs(Z, -Z), sign * f) for f in span or ()]
    return settle(answers)


@functools.lru_cache(maxsize=256)
def spans_of(
    expression: sp.Expr,
) -> tuple[tuple[sp.Expr, ...] | None, tuple[sp.Expr, ...] | None]:
    """Functions of ``Z`` that span the odd and the even part of x -> s(w x), for every w.

    Powers, even ones times the sign of z in the odd part and odd ones in the even part; other
    symbols are parameters. None for a part that is no polynomial on z > 0, and for both where the
    function is not known to be continuous.

    >>> spans_of(sp.Max(Z, 0))
    ((z,), (Abs(z),))
    """
    both = pieces(expression)
    if both is None or not is_continuous(expression):
        return None, None
    right, mirrored = both[0], both[1].subs(Z, -Z)
    spans: list[tuple[sp.Expr, ...] | None] = []
    for sign in (-1, 1):
        part = sp.expand(right + sign * mirrored)  # twice the part, on z > 0
        if not part.is_polynomial(Z):
            spans.append(None)
            continue
        degrees = [] if part == 0 else sorted(k for (k,) in sp.Poly(part, Z).monoms())
        spans.append(
            tuple(Z**k if (-1) ** k == sign else Z ** (k - 1) * sp.Abs(Z) for k in degrees)
        )
    odd, even = spans
    return odd, even


def sign_of(value: sp.Expr) -> str | None:
    """``+`` where a value is certainly positive, ``0`` where certainly not negative, else None.

    By the assumptions on its symbols, and by -1 < erf < 1 where it is affine in one erf.

    >>> sign_of(1 + sp.exp(Z)), sign_of((1 + sp.erf(Z)) / 2), sign_of(sp.tanh(Z))
    ('+', '+', None)
    """
    if value.is_positive:
        return "+"
    if value.is_nonnegative:
        return "0"
    erfs = value.atoms(sp.erf)
    if len(erfs) != 1 or value.has(sp.Piecewise):
        return None
    # Affine in erf, which lies strictly between -1 and 1: the ends decide.
    (erf,) = erfs
    e = sp.Dummy(real=True)
    affine: Any = value.xreplace({erf: e})
    if not affine.is_polynomial(e) or sp.Poly(affine, e).degree() > 1:
        return None
    ends = [sign_of(sp.expand(affine.subs(e, end))) for end in (-1, 1)]
    if None in ends:
        return None
    return "+" if "+" in ends else "0"


def is_bounded(value: Any) -> bool:
    """Whether a value is certainly bounded, whatever real numbers its symbols are.

    Numbers, tanh, erf, sin, cos and atan, sums, products and whole powers of bounded values, and
    N/D where N and D - N are not negative and D is positive.

    >>> x = sp.Symbol("x", real=True)
    >>> is_bounded(1 / (1 + sp.exp(-x))), is_bounded(x * sp.tanh(x))
    (True, False)
    """
    if value.is_number or isinstance(value, _BOUNDED):
        return bool(value.is_finite) or not value.is_number
    power = value.is_Pow and value.exp.is_Integer and value.exp.is_positive
    if (value.is_Add or value.is_Mul or power) and all(map(is_bounded, value.args)):
        return True
    numerator, denominator = sp.fraction(sp.together(value))
    rest = sp.expand(denominator - numerator)
    return bool(numerator.is_nonnegative and denominator.is_positive and rest.is_nonnegative)


def settle(answers: Iterable[bool | None]) -> bool | None:
    """All of several three-valued answers: False if one is, True if every one is.

    >>> settle([True, None]), settle([None, False])
    (None, False)
    """
    listed = list(answers)
    if False in listed:
        return False
    return None if None in listed else True


def is_moderate(expression: sp.Expr) -> bool:
    """Whether it is as small, in nodes and exponents, as an expression that a user may write.

    >>> is_moderate(Z**3), is_moderate(Z**1000)
    (True, False)
    """
    powers: set[Any] = expression.atoms(sp.Pow)
    return tree_size(expression) <= _MAX_NODES and all(
        abs(power.exp) <= _MAX_EXPONENT for power in powers if power.exp.is_number
    )


def is_exact(expression: sp.Expr) -> bool:
    """Whether every number in it is exact, real and finite.

    >>> is_exact(Z / 3 + sp.sqrt(2)), is_exact(0.5 * Z), is_exact(sp.I * Z)
    (True, False, False)
    """
    numbers: set[Any] = {node for node in expression.atoms() if not node.is_Symbol}
    return not expression.has(sp.Float, sp.nan, sp.oo, -sp.oo, sp.zoo, sp.I) and all(
        number in (sp.true, sp.false) or bool(number.is_real) for number in numbers
    )
