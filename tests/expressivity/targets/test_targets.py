"""Targets.

Kinds: reference (values by hand formulas, gradients by reverse mode and finite differences,
parsed expressions by plain Python), property (kinks, random expressions), negative (lambda).
"""

import math
import random
import re
from collections.abc import Callable

import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.classes.gates import GATES
from expressivity.symbolic.expressions import parse
from expressivity.symbolic.interpret import TORCH, interpret
from expressivity.symbolic.piecewise import kink_levels
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import TARGETS, t1, t2, t3, t3b, t4, t5, t5q
from expressivity.targets.target import Target, exact
from expressivity.targets.translation import to_sympy

torch.set_num_threads(1)

LAMBDA = 1.5


def relu(x: float) -> float:
    return x if x > 0 else 0.0


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


HAND = {
    "t1": (t1(), lambda x: relu(x) + relu(x) ** 2),
    "t2-tanh": (t2(LAMBDA), lambda x, y: math.tanh(LAMBDA * x) * relu(y)),
    "t2-sigmoid": (t2(LAMBDA, "sigmoid"), lambda x, y: sigmoid(LAMBDA * x) * relu(y)),
    "t2-softmax-7": (
        t2(LAMBDA, "softmax"),
        lambda x, y: math.exp(LAMBDA * x) / (math.exp(LAMBDA * x) + 6) * relu(y),
    ),
    "t2-softmax-3": (
        t2(LAMBDA, "softmax", 3),
        lambda x, y: math.exp(LAMBDA * x) / (math.exp(LAMBDA * x) + 2) * relu(y),
    ),
    "t3": (t3(), lambda x: (relu(x) + relu(x) ** 2) * x),
    "t3b": (t3b(), lambda x: (relu(x) + relu(x) ** 2) * (x + 1)),
    "t4": (t4(LAMBDA), lambda x, y: math.tanh(LAMBDA * x) * relu(y) * x),
    "t5": (t5(LAMBDA), lambda x, y: math.tanh(LAMBDA * x) ** 2 * x * relu(y)),
    "t5q": (t5q(LAMBDA), lambda x, y: math.tanh(LAMBDA * x) ** 2 * relu(y)),
}
every_target = pytest.mark.parametrize("name", HAND)


def nodes(dimension: int, count: int = 40) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return 2 * torch.rand((count, dimension), dtype=torch.float64, generator=generator) - 1


@every_target
def test_values_are_the_hand_formula(name):
    target, formula = HAND[name]
    x_ND = nodes(target.dimension)
    expected = torch.tensor([formula(*x) for x in x_ND.tolist()], dtype=torch.float64)
    torch.testing.assert_close(target.values(x_ND), expected, rtol=1e-13, atol=1e-15)


@every_target
def test_gradients_are_reverse_mode_and_central_differences(name):
    target, _ = HAND[name]
    x_ND = nodes(target.dimension)
    gradients_ND = target.gradients(x_ND)
    assert gradients_ND.shape == x_ND.shape
    leaf = x_ND.clone().requires_grad_(True)
    target.values(leaf).sum().backward()
    torch.testing.assert_close(gradients_ND, leaf.grad, rtol=1e-12, atol=1e-14)
    for axis in range(target.dimension):
        step = torch.zeros(target.dimension, dtype=torch.float64)
        step[axis] = 1e-6
        slope_N = (target.values(x_ND + step) - target.values(x_ND - step)) / 2e-6
        torch.testing.assert_close(gradients_ND[:, axis], slope_N, rtol=1e-6, atol=1e-8)


@every_target
def test_kinks_are_where_one_coordinate_vanishes(name):
    target, _ = HAND[name]
    (plane,) = target.kinks
    assert plane.normal == ((1.0,) if target.dimension == 1 else (0.0, 1.0))
    assert plane.offset == 0.0


def from_text(text: str) -> Target:
    parsed = parse(text)
    domain = t1().domain if parsed.dimension == 1 else t2().domain
    return Target(name="expr", expression=to_sympy(parsed), domain=domain, source="user")


def test_kinks_of_shifted_and_repeated_levels():
    target = from_text("relu(3*x1 + 4*x2 - 1) + abs(-6*x1 - 8*x2 + 2) + relu2(x1) + tanh(x2)")
    planes = {(plane.normal, plane.offset) for plane in target.kinks}
    assert len(target.kinks) == 2
    assert ((1.0, 0.0), 0.0) in planes
    ((normal, offset),) = planes - {((1.0, 0.0), 0.0)}
    assert normal == pytest.approx((0.6, 0.8))
    assert offset == pytest.approx(0.2)


def test_curved_levels_are_levels_but_no_hyperplanes():
    target = from_text("relu(x1*x2 - 0.1) + relu(x1)")
    assert len(kink_levels(target.expression)) == 2
    assert [plane.normal for plane in target.kinks] == [(1.0, 0.0)]
    assert from_text("tanh(x1) + exp(x2)").kinks == ()


def test_facts_of_the_built_in_targets():
    assert [t.form for t in (t1(), t2(), t4(), t5(), t5q())] == [
        "type1",
        "type1",
        "one_sided",
        "two_sided",
        "quadratic",
    ]
    assert (t3().bias, t3b().bias) == (False, True)
    assert (t2().lambda_, t2().gate) == (2.0, "tanh")
    assert t1().lambda_ is None


def test_factories_pass_on_what_the_target_depends_on():
    for name in TARGETS:
        target = TARGETS[name](LAMBDA, "sigmoid", 3)
        assert target.name == name
        assert target.lambda_ in (None, LAMBDA)
    assert TARGETS["t2"](LAMBDA, "softmax", 3) == t2(LAMBDA, "softmax", 3)
    assert {t2(gate=gate).gate for gate in GATES} == set(GATES)


@pytest.mark.parametrize("factory", [t2, t4, t5, t5q])
@pytest.mark.parametrize("value", [0.0, -0.0, -1.0, math.inf, -math.inf, math.nan])
def test_lambda_is_positive_and_finite(factory, value):
    message = "lambda above 0" if math.isfinite(value) else "a finite lambda"
    with pytest.raises(ValueError, match=re.escape(f"{message}; got {value}")) as caught:
        factory(value)
    assert "\n" not in str(caught.value)


@given(st.floats(min_value=1e-300, max_value=1e300))
@settings(deadline=None, derandomize=True, max_examples=50)
def test_exact_is_the_rational_that_is_printed(value):
    assert exact(value) == sp.Rational(repr(value))
    assert float(exact(value)) == value


def test_exact_means_decimals():
    assert exact(0.1) == sp.Rational(1, 10)
    assert t2(0.1).expression == sp.tanh(COORDINATES[0] / 10) * t2(1.0).expression.subs(
        COORDINATES[0], sp.oo
    )


def test_dtype_follows_the_nodes():
    for name in HAND:
        target, _ = HAND[name]
        x_ND = nodes(target.dimension).float()
        assert target.values(x_ND).dtype == torch.float32
        assert target.gradients(x_ND).dtype == torch.float32


Function = Callable[[float, float], float]
# each function keeps [-50, 50] away from overflow
PYTHON: dict[str, Callable[[float], float]] = {
    "id": lambda z: z,
    "relu": relu,
    "relu2": lambda z: relu(z) ** 2,
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "gelu": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
    "silu": lambda z: z * sigmoid(z),
    "tanh": math.tanh,
    "sigmoid": sigmoid,
    "abs": abs,
    "exp": math.exp,
    "sin": math.sin,
    "cos": math.cos,
}
BOUNDED = ("tanh", "sigmoid", "sin", "cos")
KINKED = ("relu", "relu2", "leaky_relu", "abs")


def random_text(generator: random.Random, depth: int) -> tuple[str, Function]:
    """A random expression of x1, x2 as text and as a Python function, made side by side."""
    choice = generator.choice(["leaf", "leaf", "+", "-", "*", "/", "**", "call", "call"])
    if depth == 0 or choice == "leaf":
        return generator.choice(
            [("x1", lambda x, y: x), ("x2", lambda x, y: y), ("0.75", lambda x, y: 0.75)]
        )
    left, f = random_text(generator, depth - 1)
    right, g = random_text(generator, depth - 1)
    if choice == "+":
        return f"({left} + {right})", lambda x, y: f(x, y) + g(x, y)
    if choice == "-":
        return f"({left} - {right})", lambda x, y: f(x, y) - g(x, y)
    if choice == "*":
        return f"{left} * {right}", lambda x, y: f(x, y) * g(x, y)
    if choice == "/":
        return f"{left} / (2 + sin({right}))", lambda x, y: f(x, y) / (2 + math.sin(g(x, y)))
    if choice == "**":
        power = generator.choice([2, 3])
        return f"({left})**{power}", lambda x, y: f(x, y) ** power
    name = generator.choice(list(PYTHON))
    inner = generator.choice(BOUNDED)
    outer_f, inner_f = PYTHON[name], PYTHON[inner]
    if name == "exp":
        return f"exp({inner}({left}))", lambda x, y: outer_f(inner_f(f(x, y)))
    return f"{name}({left})", lambda x, y: outer_f(f(x, y))


@given(st.integers(min_value=0, max_value=10**9))
@settings(deadline=None, derandomize=True, max_examples=50)
def test_parsed_text_means_what_python_computes(seed):
    generator = random.Random(seed)
    text, function = random_text(generator, 3)
    text = f"{text} + x1 + x2"
    expression = to_sympy(parse(text))
    for x, y in ((0.3, -0.7), (-0.9, 0.2), (0.05, 0.85)):
        values = {
            COORDINATES[0]: torch.tensor(x, dtype=torch.float64),
            COORDINATES[1]: torch.tensor(y, dtype=torch.float64),
        }
        expected = function(x, y) + x + y
        assert float(interpret(expression, values, TORCH)) == pytest.approx(
            expected, rel=1e-9, abs=1e-9
        ), text


def test_values_of_kinks_inside_kinks():
    x = nodes(1)
    text = "relu(abs(x) - 0.5) + relu2(relu(x) - 0.1)"
    expected = [relu(abs(t) - 0.5) + relu(relu(t) - 0.1) ** 2 for t in x[:, 0].tolist()]
    assert from_text(text).values(x).tolist() == pytest.approx(expected)


def test_kinks_of_kinks_inside_kinks():
    planes = from_text("relu(abs(x) - 0.5)").kinks
    assert sorted(plane.offset for plane in planes) == [-0.5, 0.0, 0.5]


def test_conventions_at_zero():
    zero = torch.zeros(1, 1, dtype=torch.float64)
    for name in ("relu", "relu2", "leaky_relu", "abs", "gelu", "silu", "tanh"):
        assert from_text(f"{name}(x)").values(zero).item() == 0.0
    assert from_text("sigmoid(x)").values(zero).item() == 0.5
