"""The walk over sympy expressions.

Kinds: soundness (balls hold exact values, floats lie below), reference (torch against balls and
mpmath), property (undecided branches), negative (unknown functions and conditions).
"""

import math
import random
from fractions import Fraction

import flint
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.symbolic.interpret import BALL, TORCH, interpret, lower_float

torch.set_num_threads(1)

derandomised = settings(deadline=None, derandomize=True, max_examples=50)
X, Y = sp.symbols("x y", real=True)
seeds = st.integers(min_value=0, max_value=10**9)
UNARY = (sp.exp, sp.sin, sp.cos, sp.tanh, sp.erf)


def random_expression(generator: random.Random, depth: int, *, rational: bool = False) -> sp.Expr:
    if depth == 0:
        return generator.choice([X, Y, sp.Rational(generator.randint(-9, 9), 7)])
    first = random_expression(generator, depth - 1, rational=rational)
    second = random_expression(generator, depth - 1, rational=rational)
    match generator.randint(0, 4 if rational else 6):
        case 0:
            return first + second
        case 1:
            return first * second
        case 2:
            return first**2 - second
        case 3:
            return first / (1 + second**2)
        case 4:
            return sp.Piecewise((first, 3 * Y - 1 > 0), (second, True))
        case 5:
            # tanh keeps the argument of exp small
            return generator.choice(UNARY)(sp.tanh(first))
        case _:
            return sp.sqrt(1 + first**2) * second + sp.pi


@given(seeds)
@derandomised
def test_torch_and_balls_agree(seed):
    generator = random.Random(seed)
    expression = random_expression(generator, 3)
    x, y = generator.uniform(-2, 2), generator.uniform(-2, 2)
    tensors = {s: torch.tensor(v, dtype=torch.float64) for s, v in ((X, x), (Y, y))}
    value = float(interpret(expression, tensors, TORCH))
    with flint.ctx.workprec(200):
        ball = interpret(expression, {X: flint.arb(x), Y: flint.arb(y)}, BALL)
        assert ball.is_finite() and float(ball.rad()) <= 1e-40 * (1 + abs(value))
        assert value == pytest.approx(float(ball.mid()), rel=1e-11, abs=1e-11)


@given(seeds)
@derandomised
def test_balls_hold_the_exact_rational_value(seed):
    generator = random.Random(seed)
    expression = random_expression(generator, 3, rational=True)
    x, y = sp.Rational(generator.randint(-20, 20), 11), sp.Rational(generator.randint(-20, 20), 13)
    exact = sp.Rational(expression.subs({X: x, Y: y}))
    symbols = {s: flint.arb(flint.fmpq(int(v.p), int(v.q))) for s, v in ((X, x), (Y, y))}
    with flint.ctx.workprec(64):
        ball = interpret(expression, symbols, BALL)
        assert ball.contains(flint.arb(flint.fmpq(int(exact.p), int(exact.q))))
        assert float(ball.rad()) <= 1e-12 * (1 + abs(float(exact)))


@given(seeds)
@derandomised
def test_balls_of_wide_arguments_hold_every_value(seed):
    generator = random.Random(seed)
    expression = random_expression(generator, 2)
    centre, radius = generator.uniform(-1, 1), generator.uniform(0, 0.5)
    y = generator.uniform(-1, 1)
    wide = interpret(expression, {X: flint.arb(centre, radius), Y: flint.arb(y, radius)}, BALL)
    for _ in range(5):
        point = {
            X: flint.arb(centre + generator.uniform(-1, 1) * radius * 0.999),
            Y: flint.arb(y + generator.uniform(-1, 1) * radius * 0.999),
        }
        assert wide.overlaps(interpret(expression, point, BALL))


@pytest.mark.parametrize(
    "function", [sp.exp, sp.sin, sp.cos, sp.tanh, sp.erf, sp.Abs, sp.sign, sp.log]
)
def test_every_function_agrees_with_mpmath(function):
    for number in (sp.Rational(1, 3), sp.Rational(7, 2)):
        reference = float(sp.N(function(number), 30))
        ball = interpret(function(X), {X: flint.arb(flint.fmpq(number.p, number.q))}, BALL)
        assert float(ball) == pytest.approx(reference, rel=1e-15)
        tensor = torch.tensor([float(number)], dtype=torch.float64)
        assert interpret(function(X), {X: tensor}, TORCH).item() == pytest.approx(reference)


def test_numbers_are_exact():
    assert interpret(sp.Rational(1, 3), {}, BALL).contains(flint.arb(flint.fmpq(1, 3)))
    assert interpret(sp.pi, {}, BALL).overlaps(flint.arb.pi())
    assert interpret(sp.E, {}, BALL).overlaps(flint.arb.const_e())
    with pytest.raises(ValueError, match=r"rationals, pi and e; got 0\.5"):
        interpret(sp.Float(0.5), {}, BALL)


@pytest.mark.parametrize("exponent", [sp.Rational(1, 2), sp.Rational(-3, 2), sp.Rational(2, 3), -2])
def test_rational_powers(exponent):
    expression = sp.Pow(X, exponent)
    expected = 2.5 ** float(exponent)
    assert float(interpret(expression, {X: flint.arb(2.5)}, BALL)) == pytest.approx(expected)
    tensor = torch.tensor(2.5, dtype=torch.float64)
    assert interpret(expression, {X: tensor}, TORCH).item() == pytest.approx(expected)


STEP = sp.Piecewise((X**2, X > 0), (X / 2 - 1, True))


def test_decided_branches_are_taken_alone():
    assert float(interpret(STEP, {X: flint.arb(3)}, BALL)) == 9
    assert float(interpret(STEP, {X: flint.arb(0)}, BALL)) == -1
    assert float(interpret(STEP, {X: flint.arb(-2)}, BALL)) == -2


def test_undecided_branches_are_united():
    ball = interpret(STEP, {X: flint.arb(0.25, 0.5)}, BALL)
    for x in (-0.25, -0.1, 0.0):
        assert ball.contains(flint.arb(x) / 2 - 1)
    for x in (0.01, 0.5, 0.75):
        assert ball.contains(flint.arb(x) ** 2)
    assert float(ball.rad()) < 2


def test_both_directions_of_a_condition():
    tensor = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
    for condition, expected in ((X > 0, [0.0, 0.0, 1.0]), (X < 0, [1.0, 0.0, 0.0])):
        expression = sp.Piecewise((1, condition), (0, True))
        assert interpret(expression, {X: tensor}, TORCH).tolist() == expected
    three = sp.Piecewise((1, X > 1), (2, X > 0), (3, True))
    values = torch.tensor([2.0, 0.5, -1.0], dtype=torch.float64)
    assert interpret(three, {X: values}, TORCH).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("rules", [TORCH, BALL], ids=["torch", "ball"])
def test_what_is_not_known_is_refused(rules):
    value = torch.ones(1) if rules is TORCH else flint.arb(1)
    for expression, message in (
        (sp.gamma(X), "known functions; got gamma"),
        (sp.Function("f")(X), "known functions; got f"),
        (sp.besselj(0, X), "known functions; got besselj"),
        (X**X, "known functions; got Pow"),
        (Y + 1, "known functions; got Symbol"),
        (sp.Piecewise((1, sp.Eq(X, 0)), (2, True)), "conditions of the form g > 0"),
        (sp.Piecewise((X, X > 0)), "last branch holds everywhere else"),
    ):
        with pytest.raises(ValueError, match=message):
            interpret(expression, {X: value}, rules)


@given(st.fractions(min_value=-(10**6), max_value=10**6))
@derandomised
def test_lower_float_is_below_and_close(fraction):
    ball = flint.arb(flint.fmpq(fraction.numerator, fraction.denominator))
    lower = lower_float(ball)
    assert Fraction(lower) <= fraction
    assert float(fraction) - lower <= 1e-14 * (1 + abs(float(fraction)))


@pytest.mark.parametrize("value", [0.0, 5e-324, -5e-324, 2.0**-1040, 1.7e308, -1.7e308, 1.0])
def test_lower_float_at_the_ends_of_the_range(value):
    lower = lower_float(flint.arb(value))
    assert lower <= value
    assert lower >= math.nextafter(math.nextafter(value, -math.inf), -math.inf)


@pytest.mark.parametrize("exponent", [2000, -2000])
def test_lower_float_beyond_the_range(exponent):
    for sign in (1, -1):
        ball = sign * flint.arb(2) ** exponent
        lower = lower_float(ball)
        assert lower == -math.inf or flint.arb(lower) <= ball


def test_lower_float_of_a_wide_ball():
    assert lower_float(flint.arb(1, 0.5)) == pytest.approx(0.5)
    assert lower_float(flint.arb(1, 0.5)) <= 0.5
