"""The built-in targets as formulas written by hand."""

import math

import pytest
import torch

from expressivity.symbolic.parser import parse
from expressivity.targets.builtin import (
    t1,
    t2,
    t3,
    t3b,
    t4,
    t5,
    t5q,
    t6,
    t7,
    t7b,
    t7c,
    t8,
    t9,
    t10,
    t11,
)
from expressivity.targets.target import Target
from expressivity.targets.translation import to_sympy

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
    "t6-tanh": (
        t6(LAMBDA),
        lambda x, y, z: math.tanh(LAMBDA * z) * relu(x) + math.tanh(2 * LAMBDA * z) * relu(y),
    ),
    "t6-sigmoid": (
        t6(LAMBDA, "sigmoid"),
        lambda x, y, z: sigmoid(LAMBDA * z) * relu(x) + sigmoid(2 * LAMBDA * z) * relu(y),
    ),
    "t6-softmax-3": (
        t6(LAMBDA, "softmax", 3),
        lambda x, y, z: sum(
            relu(part) / (1 + 2 * math.exp(-rate * z))
            for part, rate in ((x, LAMBDA), (y, 2 * LAMBDA))
        ),
    ),
    "t7": (t7(), lambda x, y, z: z * relu(x) + relu(y)),
    "t7b": (t7b(), lambda x, y: (1 + x) * relu(y) + relu(x) + relu(x + y - 0.5)),
    "t7c": (t7c(), lambda x, y: x * relu(y)),
    "t8": (t8(LAMBDA), lambda x, y: math.tanh(LAMBDA * x) ** 2 * relu(y)),
    "t9": (t9(), lambda x, y: x * sigmoid(x) * y),
    "t10": (t10(), lambda x, y: max(0.0, x, y)),
    "t11-tanh": (t11(), lambda x: math.tanh(x) ** 4),
    "t11-sigmoid": (t11("sigmoid"), lambda x: (sigmoid(2 * x) * math.tanh(x)) ** 2),
    "t11-softmax-3": (
        t11("softmax", 3),
        lambda x: (math.tanh(x) / (1 + 2 * math.exp(-2 * x))) ** 2,
    ),
}
every_target = pytest.mark.parametrize("name", HAND)


def nodes(dimension: int, count: int = 40) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return 2 * torch.rand((count, dimension), dtype=torch.float64, generator=generator) - 1


def from_text(text: str) -> Target:
    parsed = parse(text)
    domain = t1().domain if parsed.dimension == 1 else t2().domain
    return Target(name="expr", expression=to_sympy(parsed), domain=domain, source="user")
