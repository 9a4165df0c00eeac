"""No member of a class with a user's activations and gates is excluded, in one to three dimensions.

Kinds: soundness (networks of exact weights, with ties and zeros among them, over records that break
each a rule one might assume), negative (a fact that is taken for granted is noticed).
"""

import contextlib
import random
from collections.abc import Iterator

import odd_plugins as odd
import pytest
import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind, kinds_of
from expressivity.classes.neurons import NEURONS
from expressivity.classes.tails import Tails
from expressivity.classes.weights import Weights, network_expression
from expressivity.membership.obstructions import OBSTRUCTIONS, growth
from expressivity.symbolic.budget import OutOfBudgetError
from expressivity.symbolic.symbols import Z
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target

OWN = {
    "step": sp.Piecewise((1, Z > 0), (0, True)),
    "sign_at_0": sp.Piecewise((1, Z >= 0), (-1, True)),
    "bell": sp.exp(-(Z**2)),
    "growing": sp.exp(Z),
    "wave": sp.cos(Z),
    "bent": sp.Piecewise((Z + Z**3, Z > 0), (Z**2 - 2 * Z, True)),
    "half_wave": sp.Piecewise((sp.sin(Z), Z > 0), (Z, True)),
    "runge": 1 / (1 + Z**2),
    "one_sided_bump": sp.Piecewise((Z**2 * sp.exp(-Z), Z > 0), (0, True)),
}
GATES = {
    "ramp": sp.Max(Z, 0),
    "linear": Z,
    "power": sp.exp(Z),
    "error": sp.erf(Z),
    "two_sigmoids": 1 / (1 + sp.exp(-Z)) + 1 / (1 + sp.exp(-2 * Z)),
}
SMALL = (-2, -1, 0, 1, 1, 2)


@pytest.fixture(autouse=True, scope="module")
def registered() -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for name, form in OWN.items():
            stack.enter_context(odd.registered_activation(odd.activation(name, form)))
        for name, form in GATES.items():
            stack.enter_context(odd.registered_gate(odd.gate(name, form)))
        yield


def family(draw: random.Random) -> Family:
    neuron = draw.choice(sorted(NEURONS))
    record = NEURONS[neuron]
    kind = draw.choice(sorted(kinds_of(record)))
    size = len(record.mixtures) if kind == Kind.FIXED else draw.choice((1, 2, 3))
    names = draw.sample(sorted(ACTIVATIONS), size) if record.mixtures else []
    gate = None
    if kind == Kind.MOA:
        name = draw.choice(("sigmoid", "tanh", "softmax", *GATES))
        gate = GateSpec(name=name, scale=draw.random() < 0.5, bias=draw.random() < 0.5)
    return Family(
        kind=kind,
        neuron=neuron,
        width=draw.choice((1, 2, 3)),
        dimension=draw.choice((1, 2, 3)),
        gate=gate,
        bias=draw.random() < 0.5,
        **({"dictionary": names} if names else {}),
    )


def member(draw: random.Random, asked: Family) -> Target:
    blocks: dict[str, sp.ImmutableMatrix] = {}
    for name, shape in asked.shapes.items():
        rows, columns = shape if len(shape) == 2 else (*shape, 1)
        choices = (1, 2, 3) if name == "p" else SMALL
        numbers = [sp.Rational(draw.choice(choices), draw.choice((1, 2)))
                   for _ in range(rows * columns)]  # fmt: skip
        block = sp.Matrix(rows, columns, numbers)
        frozen = asked.frozen(name)
        if name.startswith("scale") and frozen is not None:
            chosen = asked.dictionary if asked.kind is Kind.FIXED else asked.basis
            row = [int(s in chosen) for s in asked.basis]
            block = sp.Matrix(row * (rows // len(row)))
        elif frozen is not None:
            block[:, -1] = sp.zeros(rows, 1)
        blocks[name] = block.as_immutable()
    expression = network_expression(asked, Weights(blocks=blocks))
    domain = domain_for(asked.dimension)
    return Target(name="expr", expression=expression, domain=domain, source="a test")


def false_alarms(seed: int, count: int) -> list[str]:
    draw = random.Random(seed)
    alarms: list[str] = []
    for _ in range(count):
        asked = family(draw)
        target = member(draw, asked)
        for obstruction in OBSTRUCTIONS:
            with contextlib.suppress(OutOfBudgetError):
                reason = obstruction(target, asked)
                alarms += [] if reason is None else [f"{asked}: {target.expression}: {reason}"]
    return alarms


@pytest.mark.parametrize("seed", range(3))
def test_a_few_members_are_never_excluded(seed):
    assert false_alarms(seed, 3) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 30))
def test_members_are_never_excluded(seed):
    assert false_alarms(seed, 20) == []


def test_a_wrong_tail_is_noticed(monkeypatch):
    """What the fast run would say if every network were taken for bounded."""
    monkeypatch.setattr(growth, "network_tails", lambda asked: Tails(degree=0, difference=-1))
    assert any(false_alarms(seed, 3) for seed in range(3))
