"""Certified search over directions: reference, soundness, metamorphic and negative tests.

Functions are given by their Zernike moments g(n, k), k = -n, -n+2, .., n. The reference is least
squares on the vectors (exp(-i k theta))_k over a grid of directions, in complex floats; for
multiplicity 2 also on their derivatives by theta.
"""

import itertools
import math

import flint
import numpy as np
import pytest

from expressivity.bounds import directions
from expressivity.bounds.best_ridge import BestRidge, best_ridge, residuals
from expressivity.bounds.direction_boxes import Bounds, Boxes
from expressivity.bounds.directions import search

_pairs = np.array(list(itertools.combinations(np.linspace(0.0, np.pi, 48, endpoint=False), 2)))
_best_t2 = {1: 0.6771, 2: 0.1325, 3: 0.0829}  # relative; profiles free, directions optimised


def random_moments(seed, degree, decay=1.0):
    generator = np.random.default_rng(seed)
    rows = []
    for n in range(degree + 1):
        row = generator.normal(size=n + 1) + 1j * generator.normal(size=n + 1)
        rows.append((row + np.conj(row[::-1])) / (n + 1) ** decay)
    return rows


def ridge_moments(angles, degree, seed):
    """A sum of ridges whose profiles are random in the Chebyshev polynomials U_n."""
    coefficients = np.random.default_rng(seed).normal(size=(len(angles), degree + 1))
    return [
        sum(
            c[n] * np.exp(-1j * frequencies(n) * angle)
            for c, angle in zip(coefficients, angles, strict=True)
        )
        for n in range(degree + 1)
    ]


def frequencies(n):
    return np.arange(-n, n + 1, 2)


def balls(moments, radius=0.0):
    """Exactly conjugate symmetric, with the same radius for both parts."""
    ball = flint.arb(0, radius)
    return [
        [flint.acb(flint.arb(g.real) + ball, flint.arb(g.imag) + ball) for g in row]
        for row in moments
    ]


def turned(moments, angle):
    return [row * np.exp(-1j * frequencies(n) * angle) for n, row in enumerate(moments)]


def least_squares(moments, directions_PM, multiplicity=1):
    """Squared distance for each of P choices of directions."""
    left = np.zeros(len(directions_PM))
    for n, row in enumerate(moments):
        k = frequencies(n)[:, None]
        e = np.exp(-1j * k * directions_PM[:, None, :])
        e = np.concatenate([e, 1j * k * e / (n + 1)][:multiplicity], axis=-1)
        off = row - (e @ (np.linalg.pinv(e, rcond=1e-9) @ row)[..., None])[..., 0]
        left += np.pi / (n + 1) * np.sum(np.abs(off) ** 2, axis=-1)
    return left


def grid(width):
    if width == 3:
        triples = itertools.combinations(np.linspace(0.0, np.pi, 24, endpoint=False), 3)
        return np.array(list(triples))
    return np.linspace(0.0, np.pi, 400)[:, None] if width == 1 else _pairs


def box(level, place):
    return Boxes(np.array([level]), np.array([place]))


def lower(searched):
    return float(searched.distance_squared.lower())


@pytest.fixture(scope="module")
def t2():
    """Moments of tanh(2 x1) relu(x2) up to degree 12, and its squared norm, as balls.

    The integral over x2 is elementary; x1 = sin(u) leaves an analytic integrand on an interval.
    """
    degree = 12
    with flint.ctx.workprec(160):

        def along(a, c, power):
            def integrand(u, _):
                sine, cosine = u.sin(), u.cos()
                return (2 * sine).tanh() ** power * sine**a * cosine**c

            half = flint.acb.pi() / 2
            return flint.acb.integral(integrand, -half, half).real

        x1, x2 = range(2)
        monomials = {
            (a, b): along(a, b + 3, 1) / (b + 2) if a % 2 else flint.arb(0)
            for a, b in itertools.product(range(degree + 1), repeat=2)
            if a + b <= degree
        }
        rows = []
        for n in range(degree + 1):
            row = [flint.acb(0)] * (n + 1)
            for k in range(n % 2, n + 1, 2):
                total = flint.acb(0)
                for powers, coefficient in zernike(n, k).items():
                    total += coefficient * monomials[powers[x1], powers[x2]]
                row[(n + k) // 2] = total * (n + 1) / flint.arb.pi()
                row[(n - k) // 2] = row[(n + k) // 2].conjugate()
            rows.append(row)
        return rows, along(0, 4, 2) / 3


def zernike(n, k):
    """R_n^k(r) exp(-i k phi) as a polynomial in x1, x2, its coefficients exact."""
    result = {}
    for s in range((n - k) // 2 + 1):
        c = (-1) ** s * math.factorial(n - s) // math.factorial(s)
        c //= math.factorial((n + k) // 2 - s) * math.factorial((n - k) // 2 - s)
        squares = (n - k) // 2 - s
        for j, q in itertools.product(range(k + 1), range(squares + 1)):
            place = (k - j + 2 * (squares - q), j + 2 * q)
            term = flint.acb(0, -1) ** j * (c * math.comb(k, j) * math.comb(squares, q))
            result[place] = result.get(place, flint.acb(0)) + term
    return result


# --- reference


@pytest.mark.parametrize(("width", "multiplicity"), [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize(("seed", "degree"), [(1, 4), (2, 5), (3, 6)])
def test_bound_is_within_its_ratio_of_least_squares_on_a_grid(seed, degree, width, multiplicity):
    moments = random_moments(seed, degree)
    searched = search(balls(moments), width, multiplicity=multiplicity, ratio=1.02)
    on_grid = float(np.min(least_squares(moments, grid(width), multiplicity)))
    at_best = float(least_squares(moments, np.array([searched.best]), multiplicity)[0])
    if degree <= width * multiplicity:  # one equation for the directions
        assert lower(searched) <= 0.0 and at_best < 1e-9
        return
    assert 0.0 < lower(searched) <= min(on_grid, at_best)
    assert at_best <= 1.02**2 * lower(searched) * (1 + 1e-6)
    assert at_best <= on_grid * (1 + 1e-6)
    assert searched.rank == width * multiplicity and len(searched.tree) == searched.boxes
    assert float(searched.distance_squared.rad()) < 1e-20


def test_saddle():
    """x1 x2 = r^2 sin(2 phi)/2: one ridge leaves a third of its square, two leave nothing."""
    moments = [np.zeros(1), np.zeros(2), np.array([0.25j, 0.0, -0.25j])]
    searched = search(balls(moments), 1, ratio=1.0001)
    assert math.pi / 72 / 1.0001**2 < lower(searched) < math.pi / 72
    assert len(searched.best) == 1 and abs(math.cos(2 * searched.best[0])) < 1e-3
    assert lower(search(balls(moments), 2)) <= 0.0


@pytest.mark.parametrize("width", [1, 2, 3])
def test_t2(t2, width):
    """Within a factor 1.05 of the best distance known, and below it."""
    moments, norm_squared = t2
    searched = search(moments, width)
    relative = math.sqrt(lower(searched) / float(norm_squared))
    assert _best_t2[width] / 1.05 < relative < _best_t2[width]
    floats = [np.array([complex(g) for g in row]) for row in moments]
    assert relative < best_ridge(floats, width, float(norm_squared)).distance / math.sqrt(
        float(norm_squared)
    )
    assert searched.boxes < 1000


@pytest.mark.parametrize("multiplicity", [1, 2])
def test_distances_in_given_directions(multiplicity):
    moments = random_moments(3, 7)
    bounds = Bounds(moments=balls(moments), multiplicity=multiplicity)
    for angles in ([0.4], [0.4, 1.9], [0.4, 1.9, 2.0]):
        chosen = np.array([angles])
        expected = least_squares(moments, chosen, multiplicity)
        assert bounds.at(chosen) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_directions_that_coalesce_are_a_direction_with_its_derivative():
    moments = random_moments(4, 6)
    plain, double = (Bounds(moments=balls(moments), multiplicity=m) for m in (1, 2))
    expected = float(double.at(np.array([[0.7]]))[0])
    assert float(plain.at(np.array([[0.7, 0.7]]))[0]) == pytest.approx(expected, rel=1e-9)
    near = float(least_squares(moments, np.array([[0.7 - 1e-4, 0.7 + 1e-4]]))[0])
    assert near == pytest.approx(expected, rel=1e-6)
    found = best_ridge(moments, 1, 0.0, derivatives=True)
    assert found.distance**2 == pytest.approx(
        float(least_squares(moments, np.array([found.directions]), 2)[0]), rel=1e-6
    )


# --- soundness


@pytest.mark.parametrize(("width", "multiplicity"), [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2)])
def test_box_bounds_hold_inside_the_box(width, multiplicity):
    """Boxes around equal and around different directions; at high levels little is lost."""
    moments = random_moments(8, 8)
    bounds = Bounds(moments=balls(moments), multiplicity=multiplicity)
    generator = np.random.default_rng(1)
    for level in (multiplicity, 3, 5, 8):
        for equal in (True, False):
            place = generator.integers(2**level, size=width)
            place = place * 0 + place[0] if equal else place
            at = box([level] * width, place)
            value_B, q_BNJ = bounds.lower(at)
            (certain,) = bounds.certain(at, q_BNJ)
            inside = (place + generator.uniform(size=(200, width))) * np.pi / 2**level
            least = float(np.min(least_squares(moments, inside, multiplicity)))
            assert float(certain) <= least + 1e-9  # of the reference, in floats
            assert value_B[0] == pytest.approx(float(certain), rel=1e-7, abs=1e-9)
            if level == 8:
                assert float(certain) > 0.95 * least


@pytest.mark.parametrize("width", [1, 2, 3])
def test_bound_is_sound_at_every_budget_and_grows_with_it(width):
    moments = random_moments(7, 5)
    on_grid = float(np.min(least_squares(moments, grid(width))))
    budgets = (1, 2, 3, 9, 40, 200, 50_000)
    found = [search(balls(moments), width, boxes=n) for n in budgets]
    bounds = [lower(searched) for searched in found]
    assert bounds[0] <= 0.0 < bounds[-1] <= on_grid
    assert max(bounds[:-2]) <= bounds[-1]
    assert all(s.boxes <= n for s, n in zip(found, budgets, strict=True))


@pytest.mark.parametrize("angles", [[0.3], [0.3, 1.9], [1.0, 1.0 + 1e-3], [0.1, math.pi - 0.1]])
def test_members_are_never_bounded_away(angles):
    moments = ridge_moments(angles, 6, seed=len(angles))
    # Radii for what floats lose, also in the angles: the ball then contains a member.
    searched = search(balls(moments, radius=1e-12), len(angles), boxes=300)
    assert lower(searched) <= 0.0
    assert lower(search(balls(moments, radius=1e-12), 1)) > 0.0 or len(angles) == 1


def test_a_limit_of_sums_of_two_ridges_is_not_bounded_away():
    """The derivative of a ridge by its direction: the infimum 0 is not attained."""
    moments = [1j * frequencies(n) * np.exp(-0.7j * frequencies(n)) for n in range(6)]
    assert lower(search(balls(moments, radius=1e-12), 2, boxes=300)) <= 0.0
    assert lower(search(balls(moments, radius=1e-12), 1)) > 0.0


def test_balls_of_moments_are_respected():
    centre, step = random_moments(4, 4), 1e-2
    searched = search(balls(centre, radius=step), 2)
    generator = np.random.default_rng(0)
    for _ in range(4):
        near = []
        for row in centre:
            move = generator.choice([-step, step], (2, len(row)))
            move = (move[0] + move[0][::-1]) / 2 + 1j * (move[1] - move[1][::-1]) / 2
            near.append(row + move)
        assert lower(searched) < float(np.min(least_squares(near, _pairs)))
    assert 0.0 < lower(searched) < lower(search(balls(centre), 2))


def test_a_bad_start_costs_boxes_and_nothing_else(monkeypatch):
    moments = random_moments(2, 5)
    good = search(balls(moments), 2)

    def misled(_moments, width, norm_squared, *, derivatives):
        return BestRidge(distance=math.inf, directions=(0.1,) * width, remainder=norm_squared)

    monkeypatch.setattr(directions, "best_ridge", misled)
    bad = search(balls(moments), 2)
    left = float(np.sum(residuals(moments, good.best)))
    assert 0.0 < lower(bad) <= left <= float(np.sum(residuals(moments, bad.best)))
    assert left <= 1.03**2 * lower(bad)


# --- metamorphic


def test_bound_under_rotation_and_scaling():
    moments = random_moments(5, 4)
    plain = search(balls(moments), 2, ratio=1.02)
    for angle in (0.5, 1.3, 2.9):
        other = search(balls(turned(moments, angle)), 2, ratio=1.02)
        quotient = lower(other) / lower(plain)
        assert 1.02**-2 < quotient < 1.02**2
    doubled = search(balls([2 * row for row in moments]), 2, ratio=1.02)
    assert lower(doubled) == pytest.approx(4 * lower(plain), rel=1e-12)
    assert doubled.boxes == plain.boxes


def test_two_ridges_are_no_further_than_one():
    for seed in range(3):
        moments = balls(random_moments(seed, 4))
        assert lower(search(moments, 2)) <= 1.03**2 * lower(search(moments, 1))


def test_higher_degrees_only_raise_the_bound():
    """Truncation drops what it may: the bound from few degrees holds for all of them."""
    moments = random_moments(6, 12, decay=2.0)
    few, many = search(balls(moments[:5]), 2), search(balls(moments), 2)
    assert (few.degree, many.degree) == (4, 12)
    assert lower(few) < lower(many) < float(np.sum(residuals(moments, many.best)))


def test_precision_is_scoped():
    before = flint.ctx.prec
    search(balls(random_moments(0, 2)), 2, boxes=4)
    assert flint.ctx.prec == before


# --- negative


def test_refusals():
    moments = balls(random_moments(0, 3))
    for width, multiplicity in ((0, 1), (7, 1), (1, 3)):
        with pytest.raises(ValueError, match="required: width 1 to 6 and multiplicity 1 or 2"):
            search(moments, width, multiplicity=multiplicity)
    with pytest.raises(ValueError, match="required: a ratio above 1"):
        search(moments, 1, ratio=1.0)
    with pytest.raises(ValueError, match="required: a ratio above 1"):
        search(moments, 1, boxes=0)
    with pytest.raises(ValueError, match="required: n \\+ 1 moments"):
        search([], 1)
    with pytest.raises(ValueError, match="required: n \\+ 1 moments"):
        search(moments[1:], 1)
    with pytest.raises(ValueError, match="required: finite moments"):
        search([[flint.acb("nan")]], 1)
    with pytest.raises(ValueError, match="required: moments of a real function"):
        search([[flint.acb(0, 1)]], 1)
