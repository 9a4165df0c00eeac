"""B4 on the unit ball of R^3: rank of flattened moments (docs/theory.md, section 4, B4).

The part of degree n of a function f acts on homogeneous polynomials q of degree n as the integral
of f p, where p is the orthogonal polynomial of degree n that equals q on the sphere. The one of a
ridge g(x.theta) gives a multiple of q(theta). So the matrix of its values at products of
polynomials of degree k (rows) and n - k (columns) has rank 1 for a ridge, with the same left vector
for every n, and rank at most m for a sum of m ridges, whatever the functions g.

By Rodrigues' formula p belongs to q = x^alpha for a multiple of the derivative of (1 - |x|^2)^n by
alpha, so that the functionals come from moments by exact coefficients.
"""

import functools
import itertools
import math
from dataclasses import dataclass

import flint
import numpy as np

from expressivity.bounds.bound import Bound, TargetNorms
from expressivity.bounds.integrals.ball_moments import (
    BallMoments,
    Exponents,
    ball_moments,
    on_ball,
)
from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.rank_tail import cholesky, eigenvectors, tail_at
from expressivity.bounds.ridge_rank import rank_of
from expressivity.bounds.zonal_search import Flattened, good_weights
from expressivity.bounds.zonal_weights import (
    Weights,
    ZonalWeights,
    count,
    dimension,
    equal_weights,
    kernel,
    largest_share,
)
from expressivity.classes.families import Family
from expressivity.evidence import Evidence
from expressivity.symbolic.enclosure import as_ball, precision
from expressivity.symbolic.interpret import lower_float
from expressivity.targets.target import Target

default_degree = 10
_MORE_DEGREES = 1  # of rows, beyond the least that exceed the rank


@dataclass(frozen=True, kw_only=True)
class FlatTail:
    """A certified lower bound for the distance to every function of a flattening rank.

    Attributes:
        degree, rank: N and r of docs/certificates.md.
        weights: a and b there.
        shift, factor: z and B, rows x rank; balls of radius 0.
        distance_squared: its ball's lower end bounds the squared distance in L2 of the ball.
    """

    degree: int
    rank: int
    weights: ZonalWeights
    shift: flint.arb
    factor: flint.acb_mat
    distance_squared: flint.arb


def bounds(target: Target, family: Family, norms: TargetNorms) -> tuple[Bound, ...]:
    """The bound of a class at its width, at most one, in l2; the norm is enclosed here."""
    del norms
    rank = rank_of(family)
    if rank is None or not on_ball(target.domain) or rank >= dimension(default_degree):
        return ()
    try:
        moments = ball_moments(target, default_degree)
    except ValueError:
        return ()
    tail = flat_tail(moments, rank)
    if tail is None:
        return ()
    value = lower_float(moments.relative(tail.distance_squared).ball)
    return (
        Bound(
            norm="l2",
            value=value,
            evidence=Evidence.CERTIFIED,
            method="catalecticant",
            every_width=False,
        ),
    )


def flat_tail(moments: BallMoments, rank: int, *, search_weights: bool = False) -> FlatTail | None:
    """The best bound over the degrees of the rows, or None where none is certainly positive.

    Args:
        moments: of the target.
        rank: that no function of the class exceeds.
        search_weights: try weights found for these moments, not only equal ones.

    Raises:
        ValueError: a rank below 1, or one that needs rows of a higher degree than the moments'.

    >>> from expressivity.targets.builtin import t6
    >>> moments = ball_moments(t6(), 6)
    >>> tail = flat_tail(moments, 1, search_weights=True)
    >>> moments.relative(tail.distance_squared).lower_decimal(4)
    '0.3652'
    """
    if not 1 <= rank < dimension(moments.degree):
        raise ValueError(
            f"required: a rank from 1 to {dimension(moments.degree) - 1}; got {rank}: take more "
            "moments"
        )
    least = row_degree(rank)
    found: list[FlatTail] = []
    with precision(BITS):
        for k in range(least, min(least + _MORE_DEGREES, moments.degree) + 1):
            tail = _at(moments, rank, equal_weights(k, moments.degree))
            # Weights are positive: where no equal ones see a distance, no others do.
            if tail is not None and search_weights:
                weights = good_weights(_in_floats(moments, k, rank))
                better = None if weights is None else _at(moments, rank, weights)
                found += [better] if better is not None else []
            found += [tail] if tail is not None else []
    return max(found, key=lambda tail: tail.distance_squared.lower(), default=None)


def row_degree(rank: int) -> int:
    """The least degree of rows that are more than the rank.

    >>> row_degree(2), row_degree(3)
    (1, 2)
    """
    return next(k for k in itertools.count() if dimension(k) > rank)


def _at(moments: BallMoments, rank: int, weights: ZonalWeights) -> FlatTail | None:
    g = gram(moments, weights)
    found = tail_at(g, *eigenvectors(g), rank)
    if found is None:
        return None
    return FlatTail(
        degree=moments.degree,
        rank=rank,
        weights=weights,
        shift=found.shift,
        factor=found.factor,
        distance_squared=found.total,
    )


def gram(moments: BallMoments, weights: ZonalWeights) -> flint.acb_mat:
    """G of docs/certificates.md; real."""
    k = weights.row_degree
    total = flint.arb_mat(dimension(k), dimension(k))
    for n, columns in enumerate(weights.columns, k):
        divisor = as_ball(largest_share(k, weights.rows, n - k, columns))
        total += _block(moments, k, n, columns) * ((2 * n + 3) / (4 * flint.arb.pi() * divisor))
    return flint.acb_mat(_between_roots(total, k, weights.rows))


def _in_floats(moments: BallMoments, k: int, rank: int) -> Flattened:
    """The matrices of which G is made, divided by the squared norm."""
    columns: list[flint.arb_mat] = []
    for n in range(k, moments.degree + 1):
        for place in range(count(n - k)):
            only = tuple(int(i == place) for i in range(count(n - k)))
            columns.append(_block(moments, k, n, only) * ((2 * n + 3) / (4 * flint.arb.pi())))
    rows = [
        _row_kernel(k, tuple(int(i == place) for i in range(count(k)))) for place in range(count(k))
    ]
    return Flattened(
        row_degree=k,
        degree=moments.degree,
        rank=rank,
        rows_ARR=np.array([_floats(kernel) for kernel in rows]),
        columns_BRR=np.array([_floats(part / moments.norm_squared) for part in columns]),
    )


def _floats(matrix: flint.arb_mat) -> list[list[float]]:
    return [[float(entry) for entry in row] for row in matrix.tolist()]


def row_roots(k: int, rows: Weights) -> flint.arb_mat:
    """The lower triangular L whose L L^T is the rows' kernel in the monomials of degree k."""
    root = cholesky(flint.acb_mat(_row_kernel(k, rows)))
    assert root is not None  # the kernel is positive definite
    return flint.arb_mat([[z.real for z in row] for row in root.tolist()])


def _row_kernel(k: int, rows: Weights) -> flint.arb_mat:
    """sum_l a_l (2l+1) P_l(x.y), made homogeneous, by the monomials of degree k in x and in y."""
    total = flint.arb_mat(dimension(k), dimension(k))
    for power, c in enumerate(kernel(rows, k)):
        if c:
            total += _products(k, power) * as_ball(c)
    return total


def _between_roots(g: flint.arb_mat, k: int, rows: Weights) -> flint.arb_mat:
    root = row_roots(k, rows)
    return root.transpose() * g * root


def _products(k: int, power: int) -> flint.arb_mat:
    """(x.y)^power |x|^(k-power) |y|^(k-power) by the monomials of degree k in x and in y."""
    places = {alpha: i for i, alpha in enumerate(monomials(k))}
    rows: list[list[flint.arb]] = []
    half = (k - power) // 2
    for mu in monomials(power):
        row = [flint.arb(0)] * len(places)
        for nu in monomials(half):  # |x|^(2 half) = sum multinomial(nu) x^(2 nu)
            alpha = (mu[0] + 2 * nu[0], mu[1] + 2 * nu[1], mu[2] + 2 * nu[2])
            row[places[alpha]] += multinomial(nu)
        root = flint.arb(multinomial(mu)).sqrt()
        rows.append([root * c for c in row])
    matrix = flint.arb_mat(rows)
    return matrix.transpose() * matrix


def _block(moments: BallMoments, k: int, n: int, columns: Weights) -> flint.arb_mat:
    """F_x F_y of the products of row monomials in x and in y with the columns' kernel."""
    rows = monomials(k)
    total = flint.arb_mat(len(rows), len(rows))
    for power, c in enumerate(kernel(columns, n - k)):
        if not c:
            continue
        table = _shortened(moments, n, (n - k - power) // 2)
        entries = flint.arb_mat(
            [[table[a + p, b + q, c + r] for p, q, r in monomials(power)] for a, b, c in rows]
        )
        counts = [multinomial(mu) for mu in monomials(power)]
        weighted = flint.arb_mat(
            [[m * z for m, z in zip(counts, row, strict=True)] for row in entries.tolist()]
        )
        total += weighted * entries.transpose() * as_ball(c)
    return total


@functools.lru_cache(maxsize=1024)
def _shortened(moments: BallMoments, n: int, half: int) -> dict[Exponents, flint.arb]:
    """F_n of x^gamma |x|^(2 half), for monomials of degree n - 2 half."""
    if half == 0:
        return functionals(moments, n)
    longer = _shortened(moments, n, half - 1)
    return {
        (a, b, c): longer[a + 2, b, c] + longer[a, b + 2, c] + longer[a, b, c + 2]
        for a, b, c in monomials(n - 2 * half)
    }


def functionals(moments: BallMoments, n: int) -> dict[Exponents, flint.arb]:
    """F_n of the monomials of degree n: integrals of f with orthogonal polynomials.

    >>> from expressivity.targets.user import user_target
    >>> found = functionals(ball_moments(user_target("x1*x2+0*x3"), 2), 2)
    >>> found[1, 1, 0].overlaps(4 * flint.arb.pi() / 105), found[2, 0, 0].contains(0)
    (True, True)
    """
    scale = (-2) ** n * math.factorial(n)
    return {alpha: _functional(moments, alpha) / scale for alpha in monomials(n)}


def _functional(moments: BallMoments, alpha: Exponents) -> flint.arb:
    """The integral of f times the derivative of (1 - |x|^2)^n by alpha, n = |alpha|."""
    n = sum(alpha)
    total = flint.arb(0)
    ranges = [range((a + 1) // 2, n + 1) for a in alpha]
    for beta in itertools.product(*ranges):
        size = sum(beta)
        if size > n:
            continue
        factor = (-1) ** size * math.comb(n, size) * multinomial(beta)
        for a, b in zip(alpha, beta, strict=True):
            factor *= math.perm(2 * b, a)
        rest = (2 * beta[0] - alpha[0], 2 * beta[1] - alpha[1], 2 * beta[2] - alpha[2])
        total += factor * moments.monomials[rest]
    return total


@functools.cache
def monomials(degree: int) -> tuple[Exponents, ...]:
    """The exponents of a degree, largest power of x1 first, then of x2.

    >>> monomials(1)
    ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    """
    return tuple(
        (a, b, degree - a - b) for a in range(degree, -1, -1) for b in range(degree - a, -1, -1)
    )


def multinomial(exponents: tuple[int, ...]) -> int:
    """|mu|! / mu!."""
    return math.factorial(sum(exponents)) // math.prod(map(math.factorial, exponents))
