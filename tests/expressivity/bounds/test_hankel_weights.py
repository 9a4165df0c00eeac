"""Weights of the blocks of moments.

Kinds: property (whole numbers, whatever they are, prove a bound), soundness (no bound above the
distance to a network that is known), reference (docs/theory.md, B4), metamorphic (another unit, a
quarter turn), negative (without the division the bounds would be false).
"""

import math

import flint
import numpy as np
import pytest
import sympy as sp

from expressivity.bounds import rank_tail as module
from expressivity.bounds.hankel_weights import HankelWeights, equal_weights, largest_sum
from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.integrals.moments import CertifiedMoments, certified_moments
from expressivity.bounds.rank_tail import gram, rank_tail
from expressivity.bounds.weight_search import good_weights
from expressivity.symbolic.enclosure import precision
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import t2, t4
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from expressivity.targets.user import user_target

X1, X2 = COORDINATES[:2]
SEEDS = range(6)
BEST_RIDGES = {1: 0.67715, 2: 0.13251, 3: 0.08284}  # of t2: docs/theory.md, B4


def random_weights(generator: np.random.Generator, rows: int, degree: int) -> HankelWeights:
    """Of all sizes, as likely small as large."""

    def some(count: int) -> tuple[int, ...]:
        return tuple(int(10**x) for x in generator.uniform(0, 6, count))

    columns = tuple(some(n + 2 - rows) for n in range(rows - 1, degree + 1))
    return HankelWeights(rows=some(rows), columns=columns)


def relative(moments: CertifiedMoments, rank: int, weights: HankelWeights) -> float:
    """The bound under these weights, relative to the norm; 0 where none is positive."""
    with precision(BITS):
        tail = module._at(moments, rank, weights)
    return 0.0 if tail is None else float(moments.relative(tail.distance_squared).ball.lower())


@pytest.mark.parametrize("seed", SEEDS)
def test_no_moment_counts_more_than_once(seed):
    generator = np.random.default_rng(seed)
    weights = random_weights(generator, 1 + seed, 12)
    for n, columns in enumerate(weights.columns, seed):
        total = largest_sum(weights.rows, columns)
        sums = [
            sum(weights.rows[r] * columns[j - r] for r in range(1 + seed) if 0 <= j - r <= n - seed)
            for j in range(n + 1)
        ]
        assert max(sums) == total
    moments = certified_moments(t4(), 12)
    with precision(BITS):
        g = gram(moments.sequences, weights)
        trace = sum((g[i, i].real for i in range(1 + seed)), flint.arb(0))
        assert trace < moments.norm_squared


@pytest.mark.parametrize("seed", SEEDS)
def test_no_bound_exceeds_the_best_ridges(seed):
    generator = np.random.default_rng(seed)
    rank = 1 + seed % 3
    weights = random_weights(generator, rank + 1 + seed // 3, 12)
    assert relative(certified_moments(t2(), 12), rank, weights) < BEST_RIDGES[rank]


def ridges(generator: np.random.Generator, count: int) -> sp.Expr:
    total = sp.Integer(0)
    for _ in range(count):
        a, b, c = (sp.Rational(int(n), 4) for n in generator.integers(-6, 7, 3))
        z = a * X1 + b * X2 + c
        total += [sp.tanh(z), z**3 - z, sp.exp(z / 2), z**2][int(generator.integers(4))]
    return total


@pytest.mark.parametrize("seed", SEEDS)
def test_sums_of_ridges_get_no_bound_under_any_weights(seed):
    generator = np.random.default_rng(100 + seed)
    rank = 1 + seed % 3
    target = Target(
        name="ridges", expression=ridges(generator, rank), domain=domain_for(2), source="test"
    )
    moments = certified_moments(target, 8)
    for rows in (rank + 1, rank + 3):
        assert relative(moments, rank, random_weights(generator, rows, 8)) == 0
    assert rank_tail(moments, rank, search_weights=True) is None


@pytest.mark.parametrize("seed", range(3))
def test_no_bound_exceeds_the_distance_to_a_known_sum(seed):
    """h = t - x1 x2 / 16 is a sum of ridges at the distance norm(x1 x2) / 16."""
    generator = np.random.default_rng(200 + seed)
    rank = 1 + seed
    target = Target(
        name="near ridges",
        expression=ridges(generator, rank) + X1 * X2 / 16,
        domain=domain_for(2),
        source="test",
    )
    moments = certified_moments(target, 8)
    tail = rank_tail(moments, rank, search_weights=True)
    square = math.pi / 24 / 256
    assert tail is None or float(tail.distance_squared) < square
    assert rank > 1 or float(tail.distance_squared) > square / 10


def test_without_the_division_a_bound_would_be_false(monkeypatch):
    # norm(2 r^2 - 1 - U_2(x1)/3)^2 = 2 pi/9, and the norm is pi/3 (proofs/ridge_rank_algebra.py).
    target = user_target("2*(x1**2+x2**2)-1")
    moments = certified_moments(target, 2)
    distance = math.sqrt(2 / 3)
    weights = equal_weights(2, 2)
    assert 0 < relative(moments, 1, weights) < distance
    module._spectrum.cache_clear()
    monkeypatch.setattr(module, "largest_sum", lambda rows, columns: 1)
    assert relative(moments, 1, weights) > distance
    module._spectrum.cache_clear()


@pytest.mark.parametrize(
    ("rank", "value", "a"),
    [(1, 0.4970, (1, 1)), (2, 0.0954, (1, 2, 1)), (4, 0.0098, (1, 2, 3, 2, 1))],
)
def test_the_weights_found_for_t2_are_those_of_the_theory(rank, value, a):
    moments = certified_moments(t2(), 20)
    found = good_weights(moments, rank)
    assert np.array(found.rows) / found.rows[0] == pytest.approx(a, rel=0.05)
    assert value <= relative(moments, rank, found)
    assert relative(moments, rank, found) > 1.14 * relative(
        moments, rank, equal_weights(rank + 1, 20)
    )


def test_more_rows_than_the_rank_needs_are_tried():
    # Of x1**3*x2**2 + sin(3*x1)*x2 three rows see 0.029, four 0.070.
    found = good_weights(certified_moments(user_target("x1**3*x2**2+sin(3*x1)*x2"), 12), 2)
    assert len(found.rows) == 4


def test_one_sided_ranks_gain_too():
    moments = certified_moments(t4(), 12)
    plain, searched = (rank_tail(moments, 2, search_weights=search) for search in (False, True))
    assert searched.distance_squared > 1.3 * plain.distance_squared


@pytest.mark.parametrize("scale", ["1e-300", "1e-12", "3e60", "1e300"])
def test_weights_do_not_depend_on_the_unit(scale):
    shape = "tanh(2*x1)*relu(x2)"
    weights = [
        good_weights(certified_moments(user_target(text), 10), 2)
        for text in (shape, f"{scale}*({shape})")
    ]
    assert weights[0] == weights[1]


def test_a_quarter_turn_changes_nothing():
    shape = user_target("tanh(2*x1)*relu(x2)"), user_target("tanh(2*x2)*relu(-x1)")
    values = [
        float(rank_tail(certified_moments(target, 12), 3, search_weights=True).distance_squared)
        for target in shape
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-4)


def test_where_floats_see_no_distance_there_are_no_weights():
    assert good_weights(certified_moments(user_target("x1*x2"), 6), 2) is None
    assert good_weights(certified_moments(user_target("x1*x2"), 2), 2) is None
