"""Parsed expressions as functions.

Kinds: reference (plain Python), property (random expressions).
"""

import math
import random
from collections.abc import Callable

import pytest
import torch
from hand_formulas import from_text, relu, sigmoid
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.symbolic.interpret import TORCH, interpret
from expressivity.symbolic.parser import parse
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.translation import to_sympy

torch.set_num_threads(1)
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


def test_conventions_at_zero():
    zero = torch.zeros(1, 1, dtype=torch.float64)
    for name in ("relu", "relu2", "leaky_relu", "abs", "gelu", "silu", "tanh"):
        assert from_text(f"{name}(x)").values(zero).item() == 0.0
    assert from_text("sigmoid(x)").values(zero).item() == 0.5
