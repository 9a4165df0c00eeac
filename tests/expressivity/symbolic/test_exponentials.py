"""Quotients of exponentials.

Kinds: reference (50-digit arithmetic at arguments up to 1e5, in both dtypes), soundness (balls hold
the values, and stay finite and tight on wide boxes), metamorphic (a recording and the walk agree),
property (ordinary quotients keep their bits), negative (what is none of these is left alone).
"""

import functools
import random
import warnings
from typing import Any

import flint
import mpmath
import pytest
import sympy as sp
import torch

from expressivity.bounds.integrals.charts import ANALYTIC
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.gates import GATES
from expressivity.fitting.errors import measuring_grid
from expressivity.symbolic.exponentials import as_quotient, has_quotient
from expressivity.symbolic.interpret import BALL, TORCH, compiled, interpret
from expressivity.symbolic.parser import parse
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import t2
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from expressivity.targets.translation import to_sympy

torch.set_num_threads(1)

X, Y = COORDINATES[:2]
SIGMOID = GATES["sigmoid"].expression([X], 0)
FUNCTIONS = {
    "sigmoid": SIGMOID,
    "silu": ACTIVATIONS["silu"](X),
    "tanh": sp.tanh(X),
    "softmax-3": GATES["softmax"].expression([X, sp.Integer(0), sp.Integer(0)], 0),
    "softmax-lines": GATES["softmax"].expression([X, 2 * X + sp.Rational(1, 2), -3 * X], 1),
    "root": sp.sqrt(SIGMOID),
    "half": sp.exp(X / 2) / (1 + sp.exp(X)),
    "by hand": (sp.exp(X) - sp.exp(-X)) / (sp.exp(X) + sp.exp(-X)),
    "by hand, squared": ((sp.exp(X) - sp.exp(-X)) / (sp.exp(X) + sp.exp(-X))) ** 2,
    "nested": GATES["sigmoid"].expression([100 * SIGMOID], 0),
    "product": SIGMOID * GATES["sigmoid"].expression([2 * X], 0) * ACTIVATIONS["silu"](-3 * X),
}


def arguments() -> list[float]:
    generator = random.Random(0)
    sizes = [0.0, 1e-8, 0.5, 1.0, 3.0, 30.0, 88.0, 90.0, 700.0, 720.0, 1e3, 1e5]
    sizes += [10 ** generator.uniform(-3, 5) for _ in range(30)]
    return [sign * size for size in sizes for sign in (1.0, -1.0)]


@functools.cache
def formula(expression: sp.Expr) -> Any:
    return sp.lambdify(X, expression, "mpmath")


def exactly(expression: sp.Expr, x: float) -> mpmath.mpf:
    """The value to 50 digits and more, whatever cancels."""
    with mpmath.workdps(150):
        return formula(expression)(mpmath.mpf(x))


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives_at_every_size(name, order):
    expression = sp.diff(FUNCTIONS[name], X, order)
    for dtype in (torch.float64, torch.float32):
        x_N = torch.tensor(arguments(), dtype=dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value_N = torch.as_tensor(interpret(expression, {X: x_N}, TORCH))
        assert value_N.dtype == dtype
        eps = torch.finfo(dtype).eps
        for x, value in zip(x_N.tolist(), value_N.tolist(), strict=True):
            exact = exactly(expression, x)
            # The derivatives are sums whose terms are of the size of the function or of 100^2.
            unit = eps * max(abs(exact), 1 if name != "nested" else 100.0**order)
            assert abs(value - exact) <= 64 * unit, (x, value)


def test_single_shares_are_right_to_a_few_ulp():
    # no sum, no cancellation: relative accuracy up to what rounding the exponent costs
    for expression in (SIGMOID, sp.diff(SIGMOID, X), FUNCTIONS["softmax-3"], FUNCTIONS["half"]):
        for x in arguments():
            exact = exactly(expression, x)
            value = interpret(expression, {X: torch.tensor(x, dtype=torch.float64)}, TORCH).item()
            if abs(exact) > 1e-300:
                assert abs(value / exact - 1) <= 8 * 2.0**-52


@pytest.mark.parametrize("name", FUNCTIONS)
def test_balls_are_finite_and_hold_the_values_on_wide_boxes(name):
    generator = random.Random(1)
    for order in (0, 1):
        expression = sp.diff(FUNCTIONS[name], X, order)
        for radius in (0.01, 1.0, 50.0, 1e3, 1e5):
            for centre in (0.0, radius / 2, -radius, 3 * radius):
                box = flint.arb(centre, radius)
                ball = interpret(expression, {X: box}, BALL)
                assert ball.is_finite()
                # Within the factor X of SiLU, and the slope 100 of the nested one.
                if name != "half":  # no whole powers of its shares: finite, not tight
                    assert ball.abs_upper() <= 400 * (1 + flint.arb(centre).abs_upper() + radius)
                for _ in range(5):
                    x = flint.arb(centre + 0.999 * radius * generator.uniform(-1, 1))
                    assert ball.overlaps(interpret(expression, {X: x}, BALL))


def test_balls_are_tight():
    # on a box of radius 1e-3 the sigmoid and its slope spread by 5e-4 at most
    for x in (-1e3, -3.0, 0.0, 2.0, 1e3):
        for order in (0, 1):
            ball = interpret(sp.diff(SIGMOID, X, order), {X: flint.arb(x, 1e-3)}, BALL)
            assert ball.rad() <= 1.1e-3
    for function in (sp.tanh, sp.erf, sp.exp):
        ball = interpret(function(X), {X: flint.arb(0, 2)}, BALL)
        low, high = (interpret(function(X), {X: flint.arb(end)}, BALL) for end in (-2, 2))
        assert ball.rad() <= (high - low) / 2 * 1.01


def test_a_recording_agrees_with_the_walk():
    for expression in FUNCTIONS.values():
        for formula in (expression, sp.diff(expression, X)):
            replay = compiled(formula, [X], TORCH)
            x_N = torch.tensor(arguments(), dtype=torch.float64)
            assert torch.equal(
                torch.as_tensor(replay(x_N)), torch.as_tensor(interpret(formula, {X: x_N}, TORCH))
            )
            balls = compiled(formula, [X], ANALYTIC)
            at = flint.acb(0.25, 0.125)
            assert balls(at).overlaps(interpret(formula, {X: at}, ANALYTIC))
            box = flint.arb(0, 1e4)
            assert flint.acb(balls(box)).is_finite()


def test_ordinary_quotients_keep_their_bits():
    x_N = torch.linspace(-30, 30, 501, dtype=torch.float64)
    assert torch.equal(interpret(SIGMOID, {X: x_N}, TORCH), (1.0 + torch.exp(-1.0 * x_N)) ** -1)
    assert torch.equal(
        interpret(ACTIVATIONS["silu"](X), {X: x_N}, TORCH),
        x_N * (1.0 + torch.exp(-1.0 * x_N)) ** -1,
    )


def test_what_is_no_such_quotient_is_left_alone():
    for expression in (
        X * sp.exp(X),
        1 / (X**2 + sp.exp(X)),  # a term that is no exponential
        1 / (1 - sp.exp(X)),  # one that may vanish
        (1 + sp.exp(X)) ** 2,
        1 / (1 + X**2),
    ):
        assert not has_quotient(expression) or as_quotient(expression) is None


def test_other_factors_stay():
    expression = sp.exp(X * Y) * sp.sin(Y) * sp.exp(-800 * X) / (1 + sp.exp(-800 * X)) ** 2
    values = {X: torch.tensor([0.5, -0.5, 0.0]).double(), Y: torch.tensor([1.0, 1.0, 2.0]).double()}
    found = interpret(expression, values, TORCH).tolist()
    assert found == pytest.approx([0.0, 0.0, float(sp.sin(2)) / 4], abs=1e-150)


@pytest.mark.parametrize("gate", ["sigmoid", "tanh", "softmax"])
@pytest.mark.parametrize("lambda_", [0.5, 8.0, 800.0, 1e5])
def test_targets_of_every_steepness_are_finite(gate, lambda_):
    grid = measuring_grid(t2(lambda_, gate))
    assert torch.isfinite(grid.gradients_ND).all() and 0 < grid.l2 < 1


@pytest.mark.parametrize("text", ["sigmoid(1000*x)", "silu(800*x)", "sigmoid(800*x)*silu(-900*x)"])
def test_steep_expressions_are_finite(text):
    expression = to_sympy(parse(text))
    target = Target(name="expr", expression=expression, domain=domain_for(1), source=text)
    nodes_ND = torch.linspace(-1, 1, 1001, dtype=torch.float64)[:, None]
    for nodes in (nodes_ND, nodes_ND.float()):
        assert target.values(nodes).isfinite().all() and target.gradients(nodes).isfinite().all()
    step = 1e-7
    centre_ND = nodes_ND[::7] * 0.99
    slopes = (target.values(centre_ND + step) - target.values(centre_ND - step)) / (2 * step)
    torch.testing.assert_close(target.gradients(centre_ND)[:, 0], slopes, rtol=1e-4, atol=1e-3)
