"""The records of neurons, all of them.

Kinds: reference (Jacobians against central differences, torch forms against those derived from the
expression, torch's own functions), property (registration accepts every record; the symbolic
network is what the tensors compute), negative (no NaN where an exponential overflows).
"""

import itertools

import pytest
import sympy as sp
import torch

from expressivity.classes.families import Family
from expressivity.classes.kinds import Constraint, Kind, kinds_of
from expressivity.classes.networks import (
    coordinates,
    evaluate,
    network_function,
    parameter_length,
    unpack,
)
from expressivity.classes.neurons import FORMS, NEURONS
from expressivity.classes.neurons.record import derived_form
from expressivity.classes.neurons.soundness import require_sound
from expressivity.classes.structure import Structure
from expressivity.classes.weights import Weights, network_expression, start_from
from expressivity.fitting.starts import random_start
from expressivity.symbolic.symbols import COORDINATES

torch.set_num_threads(1)

every_record = pytest.mark.parametrize("name", list(NEURONS))
PAIR = ("relu", "tanh")


def families() -> list[Family]:
    """Every record in every kind, with every number of groups and every constraint."""
    found: list[Family] = []
    for name, record in ((name, NEURONS[name]) for name in NEURONS):
        for kind in kinds_of(record):
            dictionary = () if not record.mixtures else PAIR[1:] if kind is Kind.FIXED else PAIR
            groups = (1,) if kind is Kind.FIXED else (1, 2, "neuron")
            constraints = tuple(Constraint) if kind is Kind.LA else (Constraint.FREE,)
            for group, constraint in itertools.product(groups, constraints):
                found.append(
                    Family(
                        neuron=name, kind=kind, width=4, dimension=2, dictionary=dictionary,
                        gate="softmax" if kind is Kind.MOA else None, groups=group,
                        constraint=constraint, outputs=2,
                    )
                )  # fmt: skip
    return found


@every_record
def test_registration_accepts_the_record(name):
    require_sound(NEURONS[name])
    assert NEURONS[name].source


def test_the_papers_forms_are_four():
    assert FORMS == ("type1", "one_sided", "two_sided", "quadratic")


@pytest.mark.parametrize(
    "family", families(), ids=lambda f: f"{f.neuron}-{f.kind}-{f.groups}-{f.constraint}"
)
def test_jacobians_agree_with_central_differences(family):
    step = 1e-6
    theta_P = random_start(family, seed=3, lane=1)
    nodes_ND = 2 * torch.rand(
        16, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    nodes_ND = nodes_ND - 1
    network = network_function(Structure.of(family))
    blocks = tuple(unpack(family, theta_P[None]).values())
    values_LON, rows = network(coordinates(nodes_ND), blocks)
    jacobian_PON = torch.cat([row[0] for row in rows])
    assert jacobian_PON.shape[0] == parameter_length(family)
    moves_PP = step * torch.eye(len(theta_P), dtype=torch.float64)
    ahead, behind = (evaluate(family, theta_P + sign * moves_PP, nodes_ND) for sign in (1, -1))
    assert torch.equal(values_LON, evaluate(family, theta_P[None], nodes_ND))
    torch.testing.assert_close(jacobian_PON, (ahead - behind) / (2 * step), rtol=1e-6, atol=1e-7)


def inputs(name: str, count: int = 200) -> tuple[list[torch.Tensor], ...]:
    record, draw = NEURONS[name], torch.Generator().manual_seed(7)
    maps, mixtures = (
        [4 * torch.randn(count, dtype=torch.float64, generator=draw) for _ in range(number)]
        for number in (record.maps, len(record.mixtures))
    )
    parameters = [
        low + (high - low) * torch.rand(count, dtype=torch.float64, generator=draw)
        for low, high in (parameter.spread for parameter in record.parameters)
    ]
    return maps, mixtures, parameters


@pytest.mark.parametrize("name", [n for n in NEURONS if NEURONS[n].torch_form is not None])
def test_hand_written_forms_agree_with_the_derived_ones(name):
    record = NEURONS[name]
    given, derived = record.partials(*inputs(name)), derived_form(record)(*inputs(name))
    torch.testing.assert_close(given.value, derived.value, rtol=1e-12, atol=1e-13)
    for own, other in zip(
        (*given.maps, *given.parameters), (*derived.maps, *derived.parameters), strict=True
    ):
        torch.testing.assert_close(own, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ["swish", "snake", "xielu"])
def test_nothing_overflows_far_out_or_at_parameter_0(name):
    record = NEURONS[name]
    z = torch.tensor([-900.0, -1.0, -0.0, 0.0, 5e-324, 1.0, 900.0], dtype=torch.float64)
    for parameter in (0.0, 1.0, -1.0):
        own = [torch.full_like(z, parameter) for _ in record.parameters]
        found = record.partials([z], [], own)
        for part in (found.value, *found.maps, *found.parameters):
            assert part.isfinite().all()


def test_known_values():
    z = torch.linspace(-5, 5, 101, dtype=torch.float64)
    functional = torch.nn.functional

    def value(name: str, *parameters: float) -> torch.Tensor:
        own = [torch.full_like(z, parameter) for parameter in parameters]
        return NEURONS[name].partials([z], [], own).value

    def close(found: torch.Tensor, expected: torch.Tensor) -> None:
        torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-14)

    close(value("swish", 1.0), functional.silu(z))
    close(value("prelu", 0.25), functional.prelu(z, torch.tensor([0.25], dtype=z.dtype)))
    close(value("apl", 0.0, 1.0, 0.0, 1.0), functional.relu(z))
    close(value("apl", -0.1, 0.0, 0.0, 1.0), functional.leaky_relu(z, 0.1))
    close(value("snake", 0.0), z)
    close(value("snake", 2.0), z + torch.sin(2 * z) ** 2 / 2)
    start = [parameter.initial for parameter in NEURONS["xielu"].parameters]
    right, left = 0.8 * z * z + 0.5 * z, 0.8 * (torch.expm1(z) - z) + 0.5 * z
    close(value("xielu", *start), torch.where(z > 0, right, left))
    # The start of PAU is the authors' fit to LeakyReLU of slope 0.01, off by 0.0523 at -3.
    start = [parameter.initial for parameter in NEURONS["pau"].parameters]
    near = z.abs() < 3
    gap = value("pau", *start) - functional.leaky_relu(z, 0.01)
    assert gap[near].abs().max() < 0.06


@every_record
def test_the_symbolic_network_is_what_the_tensors_compute(name):
    kind = kinds_of(NEURONS[name])[-1] if name in FORMS[2:] else kinds_of(NEURONS[name])[0]
    dictionary = ("tanh",) if NEURONS[name].mixtures else ()
    gate = "tanh" if kind is Kind.MOA else None
    family = Family(neuron=name, kind=kind, width=2, dimension=2, dictionary=dictionary, gate=gate)
    entries = itertools.cycle(sp.Rational(n, 4) for n in (3, -2, 5, 1, -3, 2, 7))

    def block(block_name: str, shape: tuple[int, ...]) -> sp.ImmutableMatrix:
        shape = shape if len(shape) == 2 else (*shape, 1)
        if block_name.startswith("scale") and family.kind is Kind.FIXED:
            hot = [int(s == family.activation) for s in family.basis]
            return sp.ImmutableMatrix(hot)
        return sp.ImmutableMatrix(*shape, lambda i, j: next(entries))

    weights = Weights(blocks={n: block(n, shape) for n, shape in family.shapes.items()})
    expression = network_expression(family, weights)
    nodes_ND = torch.tensor([[0.5, -0.25], [-0.75, 0.5], [0.25, 0.125]], dtype=torch.float64)
    computed = evaluate(family, start_from(family, weights)[None], nodes_ND)[0, 0]
    for node, value in zip(nodes_ND.tolist(), computed.tolist(), strict=True):
        point = dict(zip(COORDINATES, map(sp.Rational, node), strict=False))
        assert float(expression.subs(point)) == pytest.approx(value, rel=1e-12, abs=1e-13)
