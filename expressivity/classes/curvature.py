"""Curvature: how large second derivatives are, of activations and of networks of one map a neuron.

An activation that is C^1 has a second derivative on either side of 0, and its supremum bounds that
of every network: sum_j a_j sum_k c_k s_k(w_j.x + b_j) changes its slope along a unit vector at most
at the rate sum_j abs(a_j) abs(w_j)^2 sum_k abs(c_k) sup abs(s_k'').

On [0, R] a supremum is enclosed in ball arithmetic, by halving. Beyond R a second derivative that
is a quotient of sums of c z^n exp(q(z)), with positive terms below, is bounded term by term, each
by its value at R once it decreases. What has no such form has no bound.
"""

import functools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import flint
import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import differentiability_of, pieces
from expressivity.classes.families import Family
from expressivity.classes.terms import products
from expressivity.classes.weights import Weights, defect
from expressivity.symbolic.budget import tree_size
from expressivity.symbolic.enclosure import exact_fraction, precision
from expressivity.symbolic.interpret import BALL, compiled, interpret
from expressivity.symbolic.symbols import Z
from expressivity.symbolic.tails import T, growth_sign

_BITS = 64
_SHARPNESS = 1 + 2.0**-36  # of an upper bound to the supremum
_MOST_BOXES = 4000
_REACHES = (1, 2, 4, 8, 16, 32)
_MOST_NODES = 400


@functools.lru_cache(maxsize=256)
def curvature_of(expression: sp.Expr) -> Fraction | None:
    """An upper bound of sup abs(s'') off 0, sharp to about 1e-10, or None.

    None where s is not known to be C^1, its second derivative is not bounded, or has another form
    than the module's docstring says.

    >>> [curvature_of(ACTIVATIONS[name].expression) for name in ("id", "relu", "relu2")]
    [Fraction(0, 1), None, Fraction(2, 1)]
    >>> round(float(curvature_of(ACTIVATIONS["gelu"].expression) or 0), 6)
    0.797885
    """
    both, order = pieces(expression), differentiability_of(expression)
    if both is None or order is None or order < 1:
        return None
    with precision(_BITS):
        outward: list[Any] = [
            piece.xreplace({Z: sign * T}) for piece, sign in zip(both, (1, -1), strict=True)
        ]
        bounds = [_half_line(sp.diff(piece, T, 2)) for piece in outward]
        known = [bound for bound in bounds if bound is not None]
        return exact_fraction(max(known)) if len(known) == len(bounds) else None


def curvatures(family: Family) -> dict[str, Fraction] | None:
    """The bounds of a family's activations, where its neurons are mixtures of one map; else None.

    None for gates, and where an activation has no bound.

    >>> curvatures(Family(neuron="type1", kind="la", dictionary="id,relu2", width=1, dimension=1))
    {'id': Fraction(0, 1), 'relu2': Fraction(2, 1)}
    >>> curvatures(Family(neuron="type1", kind="la", width=1, dimension=1)) is None
    True
    """
    terms = products(family.record)
    plain = terms is not None and [(term.cofactor, term.maps) for term in terms] == [(1, (0,))]
    if family.gate is not None or family.record.maps != 1 or not plain:
        return None
    found: dict[str, Fraction] = {}
    for name in family.dictionary:
        bound = curvature_of(ACTIVATIONS[name].expression)
        if bound is None:
            return None
        found[name] = bound
    return found


def network_curvature(family: Family, weights: Weights) -> Fraction:
    """Upper bound of the second derivatives of a network along unit vectors, from its weights.

    sum_j abs(a_j) abs(w_j)^2 sum_k abs(c_k) sup abs(s_k''), with exact rational weights.

    Raises:
        ValueError: a family without such a bound, several outputs, or weights of another family.

    >>> family = Family(neuron="type1", kind="la", dictionary="relu2", width=1, dimension=1)
    >>> blocks = {"w": [[3, 1]], "a": [[-2]], "scale0": [[1]]}
    >>> network_curvature(family, Weights(blocks={
    ...     name: sp.ImmutableMatrix(block) for name, block in blocks.items()}))
    Fraction(36, 1)
    """
    bounds = curvatures(family)
    if bounds is None or family.outputs != 1:
        raise ValueError(
            "required: one output and C^1 activations of one affine map with bounded second "
            f"derivatives, without gates; got {family.label}"
        )
    problem = defect(family, weights)
    if problem is not None:
        raise ValueError(f"required: weights of a network of the family; {problem}")
    scales = _fractions(weights, "scale0")
    size, share = len(family.basis), family.width // family.group_count
    steepness = [
        sum(
            (abs(c) * bounds[name] for c, name in zip(group, family.basis, strict=True) if c),
            Fraction(0),
        )
        for group in (scales[first : first + size] for first in range(0, len(scales), size))
    ]
    rows, step = _fractions(weights, "w"), family.dimension + 1
    total = Fraction(0)
    for j, a in enumerate(_fractions(weights, "a")):
        slopes = rows[j * step : (j + 1) * step - 1]
        total += abs(a) * sum((w * w for w in slopes), Fraction(0)) * steepness[j // share]
    return total


def _fractions(weights: Weights, block: str) -> list[Fraction]:
    entries: list[Any] = weights.entries(block)
    if not all(entry.is_Rational for entry in entries):
        raise ValueError(f"required: rational weights; got others in block {block}")
    return [Fraction(int(entry.p), int(entry.q)) for entry in entries]


# --- one half-line


def _half_line(formula: sp.Expr) -> flint.arb | None:
    """An upper bound of abs(g) for T >= 0, exact, or None."""
    terms = _terms(formula)
    if terms is None:
        return None
    best: flint.arb | None = None
    for reach in _REACHES:
        beyond = _beyond(terms, reach)
        inside = None if beyond is None else _supremum(formula, reach)
        if beyond is None or inside is None:
            continue
        bound = inside.max(beyond).upper()
        best = bound if best is None or bound < best else best
        if beyond <= inside:
            break
    return best


_Term = tuple[sp.Expr, int, sp.Expr]
"""c, n and q of c T^n exp(q(T)), q a polynomial without constant term."""


def _terms(formula: sp.Expr) -> list[_Term] | None:
    """Terms whose moduli add up to a bound of the formula: those of its numerator over one below.

    The denominator is a sum of positive terms, so that it is at least the one that grows fastest.
    """
    plain = formula.rewrite(sp.exp)
    if tree_size(plain) > _MOST_NODES:
        return None
    above, below = (sp.expand(part) for part in sp.fraction(sp.together(plain)))
    tops, bottoms = _sum_of(above), _sum_of(below)
    if tops is None or bottoms is None or not bottoms:
        return None
    if not all(n == 0 and bool(c.is_positive) for c, n, _ in bottoms):
        return None
    least, _, growth = functools.reduce(
        lambda one, other: other if growth_sign(other[2] - one[2]) > 0 else one, bottoms
    )
    return [(c / least, n, sp.expand(q - growth)) for c, n, q in tops]


def _sum_of(expanded: sp.Expr) -> list[_Term] | None:
    found: list[_Term] = []
    for term in sp.Add.make_args(expanded):
        constant: Any = sp.S.One
        exponent: Any = sp.S.Zero
        power = 0
        factors: Any = sp.Mul.make_args(term)
        for factor in factors:
            base, n = factor.as_base_exp()
            if not factor.has(T):
                constant *= factor
            elif base == T and n.is_Integer and n > 0:
                power = int(n)
            elif isinstance(factor, sp.exp):
                exponent += factor.args[0]
            else:
                return None
        exponent = sp.expand(exponent)
        if not constant.is_real or not _is_rational(exponent):
            return None
        rest: Any = exponent.subs(T, 0)
        found.append((constant * sp.exp(rest), power, sp.expand(exponent - rest)))
    return found


def _is_rational(exponent: sp.Expr) -> bool:
    if not exponent.is_polynomial(T):
        return False
    return all(bool(c.is_Rational) for c in sp.Poly(exponent, T).coeffs())


def _beyond(terms: list[_Term], reach: int) -> flint.arb | None:
    """A bound of the sum for T >= reach, None where a term is not shown to decrease there."""
    total = flint.arb(0)
    for c, n, q in terms:
        # T times the logarithmic derivative, from the reach on: no coefficient may be positive.
        slope = sp.Poly(sp.expand((n + T * sp.diff(q, T)).subs(T, T + reach)), T)
        if any(coefficient > 0 for coefficient in slope.coeffs()):
            return None
        total += abs(interpret(c * T**n * sp.exp(q), {T: flint.arb(reach)}, BALL))
    return total


def _supremum(formula: sp.Expr, reach: int) -> flint.arb | None:
    """An upper bound of abs(g) on [0, reach]; by the mean value theorem where that is sharper."""
    value, slope = (compiled(f, [T], BALL) for f in (formula, sp.diff(formula, T)))
    least, largest = flint.arb(0), flint.arb(0)
    pending, boxes = [(flint.arb(0), flint.arb(reach))], 0
    while pending:
        boxes += len(pending)
        undecided: list[tuple[flint.arb, flint.arb]] = []
        for left, right in pending:
            around, half = left.union(right), (right - left) / 2
            centre = abs(value(left + half))
            least = least.max(centre.lower())
            tops = [abs(value(around)).upper(), (centre + half * abs(slope(around))).upper()]
            finite = [top for top in tops if top.is_finite()]
            top = min(finite, default=flint.arb.pos_inf())
            if top <= least * _SHARPNESS or (finite and boxes > _MOST_BOXES):
                largest = largest.max(top)
            elif boxes > _MOST_BOXES:
                return None
            else:
                undecided.append((left, right))
        pending = list(_halves(undecided))
    return largest


def _halves(boxes: list[tuple[flint.arb, flint.arb]]) -> Iterator[tuple[flint.arb, flint.arb]]:
    for left, right in boxes:
        middle = (left + right) / 2
        yield from ((left, middle), (middle, right))
