"""Flattened moments on the ball of R^3: reference, soundness and negative tests."""

import math

import flint
import numpy as np
import pytest
from scipy.special import eval_jacobi, sph_harm_y

from expressivity.bounds.flattening import bounds, flat_tail, functionals, gram
from expressivity.bounds.integrals.ball_moments import ball_moments
from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.zonal_weights import ZonalWeights, count, equal_weights, shares
from expressivity.classes.families import Family
from expressivity.symbolic.enclosure import precision
from expressivity.targets.builtin import t2, t6, t7
from expressivity.targets.user import user_target

RNG = np.random.default_rng(5)


def sphere(order):
    """Nodes on the sphere for polynomials up to a degree, as (polar, azimuth, weight)."""
    z, w = np.polynomial.legendre.leggauss(order)
    azimuth = np.arange(2 * order) * math.pi / order
    polar, around = np.meshgrid(np.arccos(z), azimuth, indexing="ij")
    return polar.ravel(), around.ravel(), np.repeat(w * math.pi / order, 2 * order)


def harmonics(degree, polar, azimuth):
    """Orthonormal real harmonics of degrees ``degree``, ``degree`` - 2, .., one a row."""
    rows = []
    for n in range(degree, -1, -2):
        for m in range(n + 1):
            value = sph_harm_y(n, m, polar, azimuth)
            rows += [value.real] if m == 0 else [2**0.5 * value.real, 2**0.5 * value.imag]
    return np.array(rows)


def on_quarters(order=24):
    """Gauss nodes of the ball, split at the planes x1 = 0, x2 = 0 and x3 = 0."""
    g, w = np.polynomial.legendre.leggauss(order)
    r, wr = (g + 1) / 2, w / 2 * ((g + 1) / 2) ** 2
    quarter = (g + 1) * math.pi / 4
    polar = np.concatenate([quarter, quarter + math.pi / 2])
    azimuth = np.concatenate([quarter + k * math.pi / 2 for k in range(4)])
    R, P, A = np.meshgrid(r, polar, azimuth, indexing="ij")
    w_polar = np.tile(w * math.pi / 4, 2) * np.sin(polar)
    weights = wr[:, None, None] * w_polar[:, None] * np.tile(w * math.pi / 4, 4)
    s = R * np.sin(P)
    return R, P, A, weights, (s * np.cos(A), s * np.sin(A), R * np.cos(P))


def t6_values(x, y, z):
    return np.tanh(2 * z) * np.maximum(x, 0) + np.tanh(4 * z) * np.maximum(y, 0)


def float_functionals(values, degree):
    """F_n as a density on the sphere: its coefficients in the harmonics, n = 0, 1, .."""
    R, polar, azimuth, weights, place = on_quarters()
    f = values(*place) * weights
    found = []
    for n in range(degree + 1):
        harmonic, coefficients = harmonics(n, polar.ravel(), azimuth.ravel()), []
        degrees = [m for m in range(n, -1, -2) for _ in range(2 * m + 1)]
        for row, m in zip(harmonic, degrees, strict=True):
            radial = R**m * eval_jacobi((n - m) // 2, 0, m + 0.5, 2 * R**2 - 1)
            coefficients.append((f * radial * row.reshape(R.shape)).sum())
        found.append(np.array(coefficients))
    return found, (values(*place) ** 2 * weights).sum()


DEGREE = 6
FLOATS, NORM_SQUARED = float_functionals(t6_values, DEGREE)


def density(n, polar, azimuth):
    return FLOATS[n] @ harmonics(n, polar, azimuth)


def test_the_functionals_are_integrals_against_orthogonal_polynomials():
    polar, azimuth, w = sphere(12)
    x = np.array([
        np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)
    ])  # fmt: skip
    for n in (1, 4, 5):
        with precision(BITS):
            balls = functionals(ball_moments(t6(), DEGREE), n)
        for alpha, ball in balls.items():
            monomial = np.prod(x ** np.array(alpha)[:, None], axis=0)
            assert float(ball) == pytest.approx((density(n, polar, azimuth) * monomial * w).sum())
            assert float(ball.rad()) < 1e-20


@pytest.mark.parametrize(
    "weights",
    [
        equal_weights(1, DEGREE),
        equal_weights(2, DEGREE),
        ZonalWeights(row_degree=2, rows=(3, 7), columns=((4,), (9,), (2, 5), (8, 1), (3, 1, 2))),
    ],
)
def test_g_has_the_eigenvalues_of_a_flattening_by_harmonics(weights):
    polar, azimuth, w = sphere(14)
    k, total = weights.row_degree, 0
    for n, columns in enumerate(weights.columns, k):

        def weighted(degree, numbers):
            sizes = [2 * m + 1 for m in range(degree, -1, -2)]
            return np.repeat(numbers, sizes)[:, None] ** 0.5 * harmonics(degree, polar, azimuth)

        block = weighted(k, weights.rows) * (density(n, polar, azimuth) * w)
        block = block @ weighted(n - k, columns).T
        most = float(max(shares(k, weights.rows, n - k, columns)))
        total = total + (2 * n + 3) * 4 * math.pi / most * block @ block.T
    with precision(BITS):
        g = gram(ball_moments(t6(), DEGREE), weights)
    found = np.array([[complex(z).real for z in row] for row in g.tolist()])
    assert np.linalg.eigvalsh(found) == pytest.approx(np.linalg.eigvalsh(total), abs=1e-9)


def test_no_part_of_the_moments_counts_more_than_once():
    for k, n in ((1, 3), (2, 2), (2, 5), (3, 6)):
        a = tuple(int(v) for v in RNG.integers(1, 9, count(k)))
        b = tuple(int(v) for v in RNG.integers(1, 9, count(n - k)))
        polar, azimuth, w = sphere(16)
        one, other = (
            np.repeat(v, [2 * m + 1 for m in range(d, -1, -2)])[:, None] ** 0.5
            * harmonics(d, polar, azimuth)
            for v, d in ((a, k), (b, n - k))
        )
        norms = [
            ((one * (row * w)) @ other.T).ravel() @ ((one * (row * w)) @ other.T).ravel()
            for row in harmonics(n, polar, azimuth)
        ]
        each = np.repeat([float(s) for s in shares(k, a, n - k, b)],
                         [2 * m + 1 for m in range(n, -1, -2)])  # fmt: skip
        assert np.array(norms) * 4 * math.pi == pytest.approx(each)


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("(x1+2*x2-x3)**3", 1),
        ("exp(x3)+relu(x1)+x2**3", 3),
        ("(x1-x2+x3)**3+(x1+x2)**2+1+0*x3", 2),
        ("x3*relu(x1)", 2),
        ("x3**3*x2+exp(x3)*x1", 3),
    ],
)
def test_sums_of_ridges_and_one_sided_neurons_have_their_rank(text, rank):
    moments = ball_moments(user_target(text), 5)
    assert flat_tail(moments, rank, search_weights=True) is None
    assert rank == 1 or flat_tail(moments, rank - 1) is not None


def test_t7_is_a_limit_of_three_ridges():
    """x3 relu(x1) is the derivative of a ridge: no bound above 0 holds from rank 3 on."""
    assert flat_tail(ball_moments(t7(), 10), 3, search_weights=True) is None
    _, _, _, weights, (x, y, z) = on_quarters()
    t = z * np.maximum(x, 0) + np.maximum(y, 0)
    h = 1e-3
    ridges = (np.maximum(x + h * z, 0) ** 2 - np.maximum(x, 0) ** 2) / (2 * h) + np.maximum(y, 0)
    assert ((t - ridges) ** 2 * weights).sum() < 1e-6 * (t**2 * weights).sum()


def captured(directions):
    """Of the squared norm, by sums of ridges in these directions, up to the degree."""
    total = 0.0
    polar, azimuth = directions
    for n, coefficients in enumerate(FLOATS):
        Y = harmonics(n, polar, azimuth)
        solution = np.linalg.lstsq(Y, coefficients, rcond=1e-10)[0]
        total += (2 * n + 3) * coefficients @ (Y @ solution)
    return total


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_no_sum_of_ridges_comes_closer(rank):
    moments = ball_moments(t6(), DEGREE)
    weighted, plain = (flat_tail(moments, rank, search_weights=s) for s in (True, False))
    bound = float(moments.relative(weighted.distance_squared).lower_decimal())
    assert bound >= float(moments.relative(plain.distance_squared).lower_decimal()) > 0
    energy = sum((2 * n + 3) * c @ c for n, c in enumerate(FLOATS))
    least = min(
        energy - captured((np.arccos(RNG.uniform(-1, 1, rank)), RNG.uniform(0, 7, rank)))
        for _ in range(500)
    )
    assert math.sqrt(least / NORM_SQUARED) >= bound
    assert least < energy


def test_the_same_relative_bound_at_every_scale():
    found = [
        ball_moments(user_target(f"{scale}*tanh(x3)*relu(x1)"), 6)
        for scale in ("1", "1e-200", "1e200")
    ]
    values = [m.relative(flat_tail(m, 1).distance_squared).lower_decimal(8) for m in found]
    assert len(set(values)) == 1


@pytest.mark.parametrize(
    "text",
    ["tanh(x1*x2*x3)", "relu(x1-x2)*x3", "relu(x1-1/3)*relu(x2+1/5)+x3", "relu(x1*x2)*x3"],
)
def test_what_cannot_be_integrated_is_refused(text):
    with pytest.raises(ValueError, match="required"):
        ball_moments(user_target(text), 4)


def test_bounds_are_of_ridges_on_the_ball_alone():
    norms = None
    la = Family(neuron="type1", kind="la", width=2, dimension=3)
    [bound] = bounds(t7(), la, norms)
    assert (bound.method, str(bound.evidence), bound.every_width) == (
        "catalecticant", "certified", False
    )  # fmt: skip
    assert 0.138 < bound.value < 0.139
    moa = Family(neuron="type1", kind="moa", gate="tanh", width=2, dimension=3)
    assert bounds(t7(), moa, norms) == ()
    assert bounds(t2(), Family(neuron="type1", kind="la", width=2, dimension=2), norms) == ()
    assert bounds(t7(), la.at_width(3), norms) == ()


def test_a_rank_that_the_degree_does_not_cover_is_refused():
    with pytest.raises(ValueError, match="a rank from 1 to 5"):
        flat_tail(ball_moments(t7(), 2), 6)
    assert flint.ctx.prec == 53
