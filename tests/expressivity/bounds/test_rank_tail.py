"""Certified moments and ridge-rank bounds: reference, soundness and negative tests."""

import flint
import numpy as np
import pytest
import sympy as sp

from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.integrals.moments import certified_moments
from expressivity.bounds.rank_tail import cholesky, gram, rank_tail
from expressivity.bounds.ridge_rank import tail_bound, zernike_moments
from expressivity.symbolic.enclosure import precision
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import t2, t4
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from expressivity.targets.user import user_target


def relative(moments, rank):
    return moments.relative(rank_tail(moments, rank).distance_squared)


REFERENCE = (0.43297, 0.05936, 0.03681, 0.00672, 0.00418, 0.00100, 0.00041, 0.00013)


@pytest.mark.parametrize(
    "target",
    [
        t2(),
        t4(),
        t2(0.5, "sigmoid"),
        t2(4.0, "softmax", 7),
        user_target("relu(x1+2*x2-1/3)*exp(x1)"),
    ],
)
def test_moments_enclose_those_of_another_computation(target):
    enclosed = certified_moments(target, 12)
    floats = zernike_moments(target, 12)
    for balls, values in zip(enclosed.sequences, floats.sequences, strict=True):
        for ball, value in zip(balls, values, strict=True):
            assert abs(complex(ball) - value) < floats.error + 1e-13
            assert float(ball.real.rad()) < 1e-20


def test_moments_contain_a_200_digit_reference():
    # g(0, 0) of t2 with a sigmoid gate: 1/pi times the integral of x2 sigmoid(x1) over x2 > 0,
    # where sigmoid - 1/2 is odd in x1: (1/pi) (1/2) (2/3).
    moment = certified_moments(t2(1.0, "sigmoid"), 2).sequences[0][0]
    with flint.ctx.workprec(700):
        exact = 1 / (3 * flint.arb.pi())
        assert moment.real.contains(exact) and moment.imag.contains(0)


@pytest.mark.parametrize(("width", "value"), list(enumerate(REFERENCE, 1)))
def test_t2_reproduces_the_reference_values(width, value):
    moments = certified_moments(t2(), 20)
    lower = float(relative(moments, width).lower_decimal())
    assert value - 1e-5 <= lower <= value + 5.1e-6


SHARPNESS = (0.5, 1.0, 4.0, 8.0)
OTHERS = [(gate, lambda_) for gate in ("tanh", "sigmoid", "softmax") for lambda_ in SHARPNESS]
QUICK = [("tanh", 4.0), ("softmax", 0.5)]


@pytest.mark.parametrize(
    ("gate", "lambda_"),
    [
        *QUICK,
        *(pytest.param(*case, marks=pytest.mark.slow) for case in OTHERS if case not in QUICK),
    ],
)
def test_bounds_are_positive_up_to_width_8(gate, lambda_):
    moments = certified_moments(t2(lambda_, gate, 7), 20)
    values = [float(relative(moments, width).ball.lower()) for width in range(1, 9)]
    assert all(value > 0 for value in values)
    assert values == sorted(values, reverse=True)


def test_one_sided_classes_have_twice_the_rank():
    moments = certified_moments(t4(), 20)
    values = [float(relative(moments, 2 * m).ball.lower()) for m in (1, 2, 3)]
    assert values == pytest.approx([0.16148, 0.01588, 0.00232], abs=1e-5)


def _ridges(generator: np.random.Generator, count: int) -> Target:
    x1, x2 = COORDINATES[:2]
    total = sp.Integer(0)
    for _ in range(count):
        a, b, c = (sp.Rational(int(n), 4) for n in generator.integers(-6, 7, 3))
        z = a * x1 + b * x2 + c
        total += [sp.tanh(z), z**3 - z, sp.exp(z / 2), z**2][int(generator.integers(4))]
    return Target(name="ridges", expression=total, domain=domain_for(2), source="test")


def _claims_nothing(seed: int) -> bool:
    generator = np.random.default_rng(seed)
    count = int(generator.integers(1, 4))
    moments = certified_moments(_ridges(generator, count), 6)
    return rank_tail(moments, count) is None


@pytest.mark.parametrize("seed", range(8))
def test_sums_of_ridges_get_no_bound(seed):
    assert _claims_nothing(seed)


@pytest.mark.slow
def test_500_sums_of_ridges_get_no_bound():
    assert all(_claims_nothing(seed) for seed in range(1000, 1500))


def test_the_bound_is_the_sum_of_the_small_eigenvalues():
    moments = certified_moments(t2(), 12)
    tail = rank_tail(moments, 3)
    g = gram(moments.sequences, tail.weights)
    values = np.linalg.eigvalsh(np.array([[complex(z) for z in row] for row in g.tolist()]))
    assert float(tail.distance_squared) == pytest.approx(values[:-3].sum(), rel=1e-6)


@pytest.mark.parametrize("rank", [1, 2, 4, 6, 8])
def test_nothing_is_lost_to_the_certificate(rank):
    target = t2(2.0, "softmax", 7)  # singular values down to 1e-9 of the largest
    found = rank_tail(certified_moments(target, 20), rank).distance_squared
    floats = tail_bound(zernike_moments(target), rank)
    assert float(found) ** 0.5 == pytest.approx(floats, rel=1e-6, abs=1e-13)


def test_a_factor_that_would_prove_too_much_is_not_positive_definite():
    moments = certified_moments(t2(), 12)
    tail = rank_tail(moments, 2)
    with precision(BITS):
        g = gram(moments.sequences, tail.weights)
    size = len(tail.weights.rows)

    def proves(shift: float, scale: float) -> bool:
        b = scale * tail.factor
        identity = [[shift * tail.shift if i == j else 0 for j in range(size)] for i in range(size)]
        return cholesky(b * b.conjugate().transpose() + flint.acb_mat(identity) - g) is not None

    with precision(BITS):
        assert proves(1.0, 1.0)
        assert not proves(0.99, 1.0)
        assert not proves(1.0, 0.99)


def test_refusals():
    with pytest.raises(ValueError, match="take more moments"):
        rank_tail(certified_moments(t2(), 4), 5)
    with pytest.raises(ValueError, match="unit disk; got one on interval"):
        certified_moments(user_target("relu(x)"), 4)
    with pytest.raises(ValueError, match="kinks along straight lines"):
        certified_moments(user_target("relu(x1**2+x2**2-1/4)"), 4)
