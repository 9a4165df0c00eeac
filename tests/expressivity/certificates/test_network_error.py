"""Certified errors of networks: exact members, agreement with floats (reference), soundness."""

import pytest
import torch

from expressivity.certificates.network_error import (
    exact_weights,
    network_error,
    pruned,
    uniform_errors,
)
from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import parameter_length, unpack
from expressivity.fitting.errors import l2_errors, measure, measuring_grid
from expressivity.membership.witnesses import builtin_witness, start_from
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit, run_unit
from expressivity.targets.builtin import t1, t2, t3b, t4, t5, t5q
from expressivity.targets.user import user_target

TANH = GateSpec(name="tanh")
THREE = ("id", "relu", "tanh")


def member(target, kind, form, dictionary=FULL_DICTIONARY, gate=TANH) -> Family:
    return Family(
        kind=kind,
        neuron=form,
        width=1,
        dimension=target.dimension,
        dictionary=dictionary,
        gate=gate if kind is Kind.MOA else None,
        bias=target.bias,
    )


CASES = [
    (t1(), Kind.LA, "type1", FULL_DICTIONARY),
    (t3b(), Kind.LA, "one_sided", FULL_DICTIONARY),
    (t2(), Kind.MOA, "type1", FULL_DICTIONARY),
    (t4(), Kind.MOA, "one_sided", FULL_DICTIONARY),
    (t5(), Kind.MOA, "two_sided", THREE),
    (t5q(), Kind.MOA, "quadratic", THREE),
]
QUICK = [*CASES[:3], *(pytest.param(*case, marks=pytest.mark.slow) for case in CASES[3:])]


@pytest.mark.parametrize(("target", "kind", "form", "names"), CASES)
def test_exact_members_have_no_error(target, kind, form, names):
    family = member(target, kind, form, names)
    theta = start_from(family, builtin_witness(target, family))
    assert network_error(target, family, theta).upper_decimal() == "0"


@pytest.mark.parametrize(("target", "kind", "form", "names"), QUICK)
def test_errors_of_moved_members_agree_with_floating_point(target, kind, form, names):
    family = member(target, kind, form, names)
    theta = start_from(family, builtin_witness(target, family))
    generator = torch.Generator().manual_seed(3)
    theta = theta + 1e-3 * torch.randn(theta.shape, generator=generator, dtype=torch.float64)
    theta[~_learned(family)] = start_from(family, builtin_witness(target, family))[
        ~_learned(family)
    ]
    enclosed = network_error(target, family, theta)
    measured = float(l2_errors(family, theta[None], measuring_grid(target))[0])
    assert enclosed.ball.rel_accuracy_bits() > 40
    assert float(enclosed.ball) == pytest.approx(measured, rel=1e-6)


def _learned(family: Family) -> torch.Tensor:
    masks = []
    for name, shape in family.shapes.items():
        learned = torch.full(shape, name not in ("w", "v"))
        if family.frozen(name) is not None:
            learned[..., family.frozen(name)] = False
        masks.append(learned.flatten())
    return torch.cat(masks)


def test_a_fit_of_t2_is_certified_to_1e_12():
    family = member(t2(), Kind.MOA, "type1", THREE)
    _, lanes = run_unit(FitUnit(target=t2(), family=family, settings=Settings(restarts=8)))
    theta = pruned(family, lanes.theta[min(range(8), key=lanes.l2.__getitem__)])
    error = network_error(t2(), family, theta)
    assert float(error.upper_decimal()) <= 1e-12


@pytest.mark.parametrize("size", [1e-2, pytest.param(1e-8, marks=pytest.mark.slow)])
def test_uniform_bounds_are_above_the_errors_and_near(size):
    family = member(t2(), Kind.MOA, "type1", THREE)
    exact = start_from(family, builtin_witness(t2(), family))
    generator = torch.Generator().manual_seed(5)
    noise = size * torch.randn(exact.shape, generator=generator, dtype=torch.float64)
    theta = torch.where(_learned(family), exact + noise, exact)
    measured = measure(family, theta, measuring_grid(t2()))
    bounds = uniform_errors(t2(), family, theta)
    pairs = ((bounds.supremum, measured.sup), (bounds.gradient, measured.w1inf))
    for bound, value in pairs:
        assert value <= float(bound.upper_decimal()) <= 40 * value


def test_a_kink_beside_that_of_the_target_costs_its_jump():
    family = member(t2(), Kind.MOA, "type1", THREE)
    theta = start_from(family, builtin_witness(t2(), family)).clone()
    theta[2] += 1e-14  # w = (0, 1), b = 1e-14
    errors = uniform_errors(t2(), family, theta)
    supremum, gradient = errors.supremum, errors.gradient
    assert float(supremum.upper_decimal()) < 1e-12
    assert float(gradient.upper_decimal()) > 0.9


@pytest.mark.parametrize("gate", ["tanh", "softmax"])
def test_pruning_drops_round_off_and_keeps_the_function(gate):
    family = member(t2(), Kind.MOA, "type1", gate=GateSpec(name=gate))
    theta = torch.linspace(-1.0, 1.5, parameter_length(family), dtype=torch.float64)
    blocks = unpack(family, theta[None])
    blocks["scale0"][0, :3] = torch.tensor([1e-17, -1e-15, 0.0])
    theta = torch.cat([block.flatten() for block in blocks.values()])
    short = pruned(family, theta)
    after = unpack(family, short[None])
    assert after["scale0"][0, :3].tolist() == [0.0, 0.0, 0.0]
    assert torch.equal(after["scale0"][0, 3:], blocks["scale0"][0, 3:])
    assert bool(after["u0"][0, :3].any()) == (gate == "softmax")
    nodes = measuring_grid(t2())
    change = l2_errors(family, torch.stack([theta, short]), nodes)
    assert abs(float(change[0] - change[1])) < 1e-14


def test_weights_are_taken_as_they_are():
    family = member(t1(), Kind.LA, "type1", ("id",))
    weights = exact_weights(family, torch.tensor([0.1, 0.0, 1.0, 1.0], dtype=torch.float64))
    (tenth, _) = weights["w"].flat()
    assert tenth != 1 / 10 and float(tenth) == 0.1 and tenth.q == 2**55


def test_domains_that_are_not_covered_are_refused():
    target = user_target("relu(x1)*x3")
    family = member(target, Kind.LA, "type1")
    with pytest.raises(ValueError, match="interval or the unit disk; got one on ball"):
        network_error(target, family, torch.zeros(parameter_length(family)))
