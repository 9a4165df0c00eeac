"""Numerical distance to sums of ridges: reference, property, metamorphic and negative tests."""

import itertools
import math

import numpy as np
import pytest
import torch

from expressivity.bounds.best_ridge import best_ridge, residuals
from expressivity.bounds.ridge_rank import tail_bound, zernike_moments
from expressivity.evidence import Evidence
from expressivity.targets.builtin import t2

torch.set_num_threads(1)

_norm_squared = 0.1361322  # of t2 at lambda = 2
_known = {1: 0.6771, 2: 0.1325, 3: 0.0828, 4: 0.0243, 5: 0.0111}  # relative, directions optimised


def frequencies(n):
    return np.arange(-n, n + 1, 2)


def random_moments(seed, degree):
    generator = np.random.default_rng(seed)
    rows = []
    for n in range(degree + 1):
        row = generator.normal(size=n + 1) + 1j * generator.normal(size=n + 1)
        rows.append((row + np.conj(row[::-1])) / (n + 1))
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


def energy(moments):
    return math.fsum(
        math.pi / (n + 1) * float(np.sum(np.abs(row) ** 2)) for n, row in enumerate(moments)
    )


@pytest.fixture(scope="module")
def t2_moments():
    return zernike_moments(t2(), 30)


# --- reference


@pytest.mark.parametrize("width", [0, 1, 2, 5])
def test_residuals_are_those_of_complex_least_squares(width):
    moments = random_moments(width, 7)
    angles = np.random.default_rng(width).uniform(0.0, math.pi, width)
    found = residuals(moments, angles)
    for n, row in enumerate(moments):
        e = np.exp(-1j * np.outer(frequencies(n), angles))
        off = row - e @ np.linalg.lstsq(e, row, rcond=None)[0]
        expected = math.pi / (n + 1) * float(np.sum(np.abs(off) ** 2))
        assert found[n] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("width", [1, 2])
def test_no_direction_of_a_grid_is_better(width):
    moments = random_moments(3, 6)
    found = best_ridge(moments, width, energy(moments))
    grid = np.linspace(0.0, math.pi, 40, endpoint=False)
    places = np.stack(np.meshgrid(*[grid] * width), axis=-1).reshape(-1, width)
    on_grid = min(float(np.sum(residuals(moments, place))) for place in places)
    assert found.distance**2 <= on_grid + 1e-12
    assert found.distance**2 == pytest.approx(float(np.sum(residuals(moments, found.directions))))


@pytest.mark.parametrize("width", sorted(_known))
def test_known_distances_of_t2(t2_moments, width):
    """Between what is left up to the degree of the moments and the same with all the rest."""
    found = best_ridge(t2_moments.sequences, width, _norm_squared)
    most = found.distance / math.sqrt(_norm_squared)
    least = math.sqrt((found.distance**2 - found.remainder) / _norm_squared)
    assert least - 5e-5 < _known[width] < most + 5e-5
    assert math.sqrt(found.remainder / _norm_squared) < 0.006
    assert found.evidence is Evidence.NUMERICAL and len(found.directions) == width


def test_t2_coalesces_at_width_two(t2_moments):
    """The infimum is approached by two directions along the normal of the kink."""
    first, second = best_ridge(t2_moments.sequences, 2, _norm_squared).directions
    assert abs(math.sin(first - second)) < 1e-2
    assert abs(math.cos(first)) < 1e-2


def test_the_rank_bound_is_never_exceeded(t2_moments):
    for width in (1, 2, 4, 7):
        found = best_ridge(t2_moments.sequences, width, _norm_squared, starts=2)
        assert tail_bound(t2_moments, width) <= math.sqrt(found.distance**2 - found.remainder)


# --- property


@pytest.mark.parametrize("angles", [[0.4], [0.4, 2.0], [0.4, 1.1, 2.0], [0.4, 0.5, 2.0, 2.9]])
def test_members_are_found(angles):
    moments = ridge_moments(angles, 12, seed=len(angles))
    size = math.sqrt(energy(moments))
    found = best_ridge(moments, len(angles), size**2)
    assert found.distance < 1e-5 * size
    assert best_ridge(moments, len(angles) - 1, size**2).distance > 1e-2 * size


def test_a_limit_of_sums_of_two_ridges_is_approached():
    """The derivative of a ridge by its direction is at distance 0, which is not attained."""
    moments = [1j * frequencies(n) * np.exp(-0.7j * frequencies(n)) for n in range(9)]
    size = math.sqrt(energy(moments))
    assert best_ridge(moments, 1, size**2).distance > 0.1 * size
    found = best_ridge(moments, 2, size**2)
    assert found.distance < 1e-4 * size
    assert abs(math.sin(found.directions[0] - found.directions[1])) < 0.1


def test_equal_directions_count_once():
    """A rank-blind factorisation would project on directions that are not there."""
    moments = random_moments(1, 8)
    once = residuals(moments, [0.3])
    for other in (0.3, 0.3 + 1e-13, 0.3 + math.pi):
        assert residuals(moments, [0.3, other]) == pytest.approx(once, abs=1e-12)


def test_distance_does_not_increase_with_the_width():
    moments = random_moments(5, 10)
    found = [best_ridge(moments, m, energy(moments)).distance for m in range(6)]
    assert found[0] == pytest.approx(math.sqrt(energy(moments)))
    assert all(b <= a + 1e-9 for a, b in itertools.pairwise(found))


# --- metamorphic


def test_rotation_scaling_and_remainder():
    moments = random_moments(2, 8)
    plain = best_ridge(moments, 2, energy(moments))
    turned = [row * np.exp(-0.6j * frequencies(n)) for n, row in enumerate(moments)]
    assert best_ridge(turned, 2, energy(moments)).distance == pytest.approx(plain.distance)
    doubled = best_ridge([2 * row for row in moments], 2, 4 * energy(moments))
    assert doubled.distance == pytest.approx(2 * plain.distance)
    more = best_ridge(moments, 2, energy(moments) + 3.0)
    assert more.remainder == pytest.approx(3.0)
    assert more.distance**2 == pytest.approx(plain.distance**2 + 3.0)


def test_the_same_call_gives_the_same_answer():
    moments = random_moments(4, 8)
    assert best_ridge(moments, 3, 1.0) == best_ridge(moments, 3, 1.0)


# --- negative


def test_refusals():
    moments = random_moments(0, 2)
    for width, starts in ((-1, 1), (1, -1)):
        with pytest.raises(ValueError, match="required: width and starts"):
            best_ridge(moments, width, 1.0, starts=starts)
    for wrong in ([], moments[1:]):
        with pytest.raises(ValueError, match="required: n \\+ 1 moments"):
            best_ridge(wrong, 1, 1.0)
        with pytest.raises(ValueError, match="required: n \\+ 1 moments"):
            residuals(wrong, [0.0])
