"""B2: parity and homogeneity without biases (docs/theory.md, section 4, B2).

Without biases the odd (even) part of a network is a sum of odd (even) parts of neurons, and these
lie in a span that depends on neither width nor weights, where the activations declare one. On a
domain that is symmetric under x -> -x the parts are orthogonal, so the squared distance of the
target to the class is at least the sum of those of its two parts.

One variable: exact where the target is piecewise polynomial. In more variables (w.x)^k lies in the
span of the monomials of degree k, and nothing is claimed for abs(w.x) and the like, whose span is
not finite; on the unit disk the distance is enclosed. Everything else is by quadrature.

Arrays: N nodes, S functions of a span, D coordinates.
"""

import math
from functools import lru_cache
from itertools import combinations_with_replacement
from typing import Any

import flint
import numpy as np
import sympy as sp
import torch
from numpy.typing import NDArray

from expressivity.bounds.bound import Bound, TargetNorms, at_every_width, relative, round_down
from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.integrals.cubature import disk_integral, monomial_integrals
from expressivity.bounds.integrals.lines import gentle_turn, kink_lines, turned
from expressivity.bounds.integrals.moments import on_disk
from expressivity.bounds.integrals.polynomial_pieces import Exact, square_distance
from expressivity.bounds.integrals.scale import binary_exponent
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.properties import cofactor_spans
from expressivity.classes.terms import Product, products
from expressivity.evidence import Evidence
from expressivity.symbolic.enclosure import Enclosure, precision
from expressivity.symbolic.interpret import TORCH, interpret, lower_float
from expressivity.symbolic.symbols import Z
from expressivity.targets.domains import Hyperplane
from expressivity.targets.quadrature import rule
from expressivity.targets.target import Target

Span = tuple[sp.Expr, ...] | None
"""Functions of ``Z`` that span a part of every neuron; None for anything."""

_orders = {1: (48, 72), 2: (48, 72), 3: (12, 20)}  # Gauss points: coarse and fine
_safety = 4.0  # times the change from the coarser rule: convergence may be slow
_noise = 1e-9  # relative; a distance below it may be 0


def bounds(target: Target, family: Family, norms: TargetNorms) -> tuple[Bound, ...]:
    """The parity bound of a class without biases, at most one, in the norm l2."""
    if family.bias or family.gate is not None:
        return ()
    odd, even = spans(family)
    if odd is None and even is None:
        return ()
    exact = _exact_square_ratio(target, odd, even)
    if exact is not None:
        value, evidence = (round_down(sp.sqrt(exact)) if exact > 0 else 0.0), Evidence.PROVED
    elif (ratio := _certified_square_ratio(target, odd, even)) is not None:
        value, evidence = max(lower_float(ratio.sqrt().ball), 0.0), Evidence.CERTIFIED
    else:
        value = relative(_distance(target, odd, even), norms.l2)
        value, evidence = (value if value > _noise else 0.0), Evidence.NUMERICAL
    return at_every_width("l2", value, evidence, "parity")


def spans(family: Family) -> tuple[Span, Span]:
    """Spans of the odd and the even part along a ray, for a class without biases.

    An affine map as a factor turns odd into even and conversely. In several variables only spans
    of powers of Z are returned. Nothing is claimed for products of two activations.

    >>> spans(Family(kind="fixed", neuron="type1", width=1, dimension=1, dictionary=("silu",)))
    ((z,), None)
    """
    terms = products(family.record)
    if terms is None or any(len(term.maps) > 1 for term in terms):
        return None, None
    parts = [_term_spans(term, family) for term in terms]
    odd, even = _union([part[0] for part in parts]), _union([part[1] for part in parts])
    if family.dimension > 1:
        odd, even = _powers_only(odd), _powers_only(even)
    return odd, even


def _term_spans(term: Product, family: Family) -> tuple[Span, Span]:
    """Spans of the parts of one product of a cofactor and at most one activation."""
    odd, even = cofactor_spans(term.cofactor)
    if not term.maps:
        return odd, even
    if not all(function.is_polynomial(Z) for function in (*(odd or ()), *(even or ()))):
        return None, None  # in several variables |z| |y| is not the polynomial that |z| |z| is
    activations = [ACTIVATIONS[name] for name in family.dictionary]
    own_odd = _union([activation.odd_span for activation in activations])
    own_even = _union([activation.even_span for activation in activations])
    return (
        _union([_times(odd, own_even), _times(even, own_odd)]),
        _union([_times(odd, own_odd), _times(even, own_even)]),
    )


def _union(parts: list[Span]) -> Span:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return tuple(dict.fromkeys(function for part in known for function in part))


def _times(left: Span, right: Span) -> Span:
    """Products of sums; nothing times anything is nothing."""
    if left == () or right == ():
        return ()
    if left is None or right is None:
        return None
    return tuple(a * b for a in right for b in left)


def _powers_only(span: Span) -> Span:
    if span is None or any(f.as_base_exp()[0] != Z or _degree(f) is None for f in span):
        return None
    return span


def _degree(power: sp.Expr) -> int | None:
    exponent = power.as_base_exp()[1]
    return int(exponent) if exponent.is_Integer and exponent > 0 else None


@lru_cache(maxsize=256)
def _exact_square_ratio(target: Target, odd: Span, even: Span) -> Exact | None:
    """dist^2 / norm^2 on [-1, 1], or None; by symmetry over [0, 1], where the factor 2 cancels."""
    if target.dimension > 1:
        return None
    (x,) = target.coordinates
    mirrored: Any = target.expression.xreplace({x: -x})
    distance: Exact = sp.Integer(0)
    norm: Exact = sp.Integer(0)
    for span, sign in ((odd, -1), (even, 1)):
        part = (target.expression + sign * mirrored) / 2
        whole = square_distance(part, (), x, sp.Integer(0), sp.Integer(1))
        if whole is None:
            return None
        norm += whole
        if span is not None:
            functions: list[Any] = [function.xreplace({Z: x}) for function in span]
            found = square_distance(part, functions, x, sp.Integer(0), sp.Integer(1))
            if found is None:
                return None
            distance += found
    return distance / norm if norm > 0 else None


@lru_cache(maxsize=256)
def _certified_square_ratio(target: Target, odd: Span, even: Span) -> Enclosure | None:
    """dist^2 / norm^2 on the unit disk, or None where the integrals cannot be enclosed."""
    if not on_disk(target.domain):
        return None
    mirrored: Any = target.expression.xreplace({x: -x for x in target.coordinates})
    distance = flint.arb(0)
    size = binary_exponent(target.expression)
    with precision(BITS):
        try:
            for span, sign in ((odd, -1), (even, 1)):
                if span is not None:
                    part = (target.expression + sign * mirrored) / 2
                    distance += _square_residual(part, size, [_degree(g) for g in span])
            norm = disk_integral(sp.Pow(target.expression, 2), exponent=2 * size)
        except ValueError:  # kinks that are no lines, or a pole nearby
            return None
        return Enclosure(distance) / Enclosure(norm)


def _square_residual(part: sp.Expr, size: int, degrees: list[int | None]) -> flint.arb:
    """Squared distance on the disk to the homogeneous polynomials of these degrees.

    They are the same in turned coordinates. ``size`` is about log2 of what it is compared with.
    """
    part = turned(part, gentle_turn(kink_lines(part)))
    powers = [(k - b, b) for k in degrees if k is not None for b in range(k + 1)]
    whole = disk_integral(sp.Pow(part, 2), exponent=2 * size)
    if not powers:
        return whole
    inner = monomial_integrals(part, max(a + b for a, b in powers), exponent=size)
    right = flint.arb_mat([[inner[power]] for power in powers])
    gram = flint.arb_mat([[_moment(a + c, b + d) for c, d in powers] for a, b in powers])
    return whole - (right.transpose() * gram.solve(right))[0, 0]


def _moment(a: int, b: int) -> flint.arb:
    """The integral of x1^a x2^b over the unit disk."""
    if a % 2 or b % 2:
        return flint.arb(0)
    one, other, both = ((flint.arb(n) / 2).gamma() for n in (a + 1, b + 1, a + b + 4))
    return one * other / both


@lru_cache(maxsize=256)
def _distance(target: Target, odd: Span, even: Span) -> float:
    """Distance by quadrature, less an estimate of its error; 0 where no Gauss rule fits."""
    mirrored = tuple(Hyperplane(normal=k.normal, offset=-k.offset) for k in target.kinks)
    found: list[float] = []
    for order in _orders.get(target.dimension, ()):
        quadrature = rule(target.domain, order=order, kinks=(*target.kinks, *mirrored))
        if quadrature.kind != "gauss":
            return 0.0
        nodes_ND = torch.tensor(quadrature.nodes_ND)
        here_N, there_N = target.values(nodes_ND).numpy(), target.values(-nodes_ND).numpy()
        roots_N = np.sqrt(quadrature.weights_N)
        residuals = [
            _residual(sign * there_N / 2 + here_N / 2, _values(nodes_ND, span), roots_N)
            for span, sign in ((odd, -1.0), (even, 1.0))
            if span is not None
        ]
        found.append(math.hypot(*residuals))
    return max(found[-1] - _safety * abs(found[-1] - found[0]), 0.0) if found else 0.0


def _values(nodes_ND: torch.Tensor, span: tuple[sp.Expr, ...]) -> NDArray[np.float64]:
    """Spanning functions at the nodes, (N, S): in several variables all monomials of a degree."""
    count, dimension = nodes_ND.shape
    columns: list[torch.Tensor] = []
    for function in span:
        if dimension == 1:
            value = interpret(function, {Z: nodes_ND[:, 0]}, TORCH)
            columns.append(torch.as_tensor(value, dtype=nodes_ND.dtype).expand(count))
            continue
        degree = _degree(function)
        assert degree is not None
        chosen = combinations_with_replacement(range(dimension), degree)
        columns += [nodes_ND[:, list(axes)].prod(1) for axes in chosen]
    return torch.stack(columns, 1).numpy() if columns else np.empty((count, 0))


def _residual(
    values_N: NDArray[np.float64], span_NS: NDArray[np.float64], roots_N: NDArray[np.float64]
) -> float:
    """Norm of the residual of weighted least squares; an SVD, so that spans may be dependent."""
    A, b = span_NS * roots_N[:, None], values_N * roots_N
    if A.shape[1]:
        b = b - A @ np.linalg.lstsq(A, b, rcond=None)[0]
    return float(np.linalg.norm(b))
