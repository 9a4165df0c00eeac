"""Variable projection on normal equations.

Kinds: reference (variable projection by QR), property (no parameter is lost, what is dependent is
left alone), negative (a lane without a factor). Its bits, statuses and device: ``test_driver.py``
and ``test_algorithms.py``.

Shape letters: L lanes, P packed parameters, C moved parameters.
"""

from dataclasses import replace

import pytest
import torch
from fit_problems import MIXED, ONE, TANH, configured
from odd_neurons import ODD, odd_neurons
from torch import Tensor

from expressivity.classes.catalogue import FAMILIES, family_named
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import PER_NEURON, Constraint, kinds_of
from expressivity.classes.networks import unpack
from expressivity.fitting import (
    Problem,
    Samples,
    VariableProjection,
    fit,
    make_problem,
    random_starts,
)
from expressivity.fitting.linear_algebra import cholesky_of
from expressivity.fitting.normal_equations import NormalProjection
from expressivity.targets.builtin import t2

SMALL = ("relu", "tanh")
LA = Family(kind="la", neuron="type1", width=4, dimension=2, dictionary=SMALL)
MOA = replace(LA, kind="moa", gate=GateSpec(name="tanh"))
VARIANTS = {
    "affine": replace(LA, constraint=Constraint.AFFINE),
    "simplex": replace(LA, constraint=Constraint.SIMPLEX),
    "groups": replace(LA, groups=2),
    "per neuron": replace(MOA, groups=PER_NEURON),
    "two outputs": replace(MOA, outputs=2),
    "two outputs at width 1": replace(MOA, width=1, outputs=2),
    "no biases": replace(MOA, bias=False, gate=GateSpec(name="softmax", bias=False)),
    "gates without scale": replace(MOA, gate=GateSpec(name="sigmoid", scale=False)),
}


def assert_same_first_steps(problem: Problem, starts_LP: Tensor, steps: int = 3) -> None:
    by_qr, by_products = VariableProjection(), NormalProjection()
    exact, quick = (algorithm.linearise(problem, starts_LP) for algorithm in (by_qr, by_products))
    torch.testing.assert_close(quick.error_L, exact.error_L, rtol=1e-6, atol=0)
    found = [
        fit(problem, configured(type(a), iterations=steps), starts_LP, execution=ONE)
        for a in (by_qr, by_products)
    ]
    torch.testing.assert_close(found[1].error_L, found[0].error_L, rtol=1e-6, atol=0)
    assert (found[0].error_L < exact.error_L).any()  # there were steps


def problem_and_starts(family: Family, samples: Samples) -> tuple[Problem, Tensor]:
    problem = make_problem(family, samples, compiled=False, node_block=48)
    assert problem.x_BEN.shape[0] > 1
    return problem, random_starts(family, seed=5, restarts=4)


def test_the_first_steps_are_those_of_qr_in_every_family(each_family, random_samples):
    # the dictionary holds id, relu and leaky_relu: la's coefficients are dependent
    assert_same_first_steps(*problem_and_starts(each_family, random_samples(90, 2)))


@pytest.mark.parametrize("name", tuple(FAMILIES))
def test_the_first_steps_are_those_of_qr_in_every_class_of_the_catalogue(name, random_samples):
    family = family_named(name, 2, 2)
    assert_same_first_steps(*problem_and_starts(family, random_samples(90, 2)))


@pytest.mark.parametrize("name", VARIANTS)
def test_the_first_steps_are_those_of_qr_in_every_variant(name, random_samples):
    family = VARIANTS[name]
    samples = random_samples(90, 2, family.outputs)
    assert_same_first_steps(*problem_and_starts(family, samples))


def test_the_first_steps_are_those_of_qr_in_the_h1_norm(sampled):
    samples = sampled(t2(), 8, gradient=True)
    assert_same_first_steps(*problem_and_starts(MIXED, samples))


# a step along a parameter that the output weights make redundant is rounding, in both
@pytest.mark.parametrize("name", sorted(set(ODD) - {"scaled"}))
def test_the_first_steps_are_those_of_qr_for_odd_neurons(name, random_samples):
    with odd_neurons() as records:
        for kind in kinds_of(records[name]):
            dictionary = SMALL[: 1 if not kind.mixes else 2] if records[name].mixtures else ()
            gate = GateSpec(name="tanh") if kind.gated else None
            family = Family(
                kind=kind, neuron=name, width=2, dimension=2, dictionary=dictionary, gate=gate
            )
            assert_same_first_steps(*problem_and_starts(family, random_samples(90, 2)), steps=2)


def test_the_model_is_the_square_of_the_projected_one(random_samples):
    problem, starts_LP = problem_and_starts(MOA, random_samples(90, 2))
    by_qr = VariableProjection().linearise(problem, starts_LP)
    quick = NormalProjection().linearise(problem, starts_LP)
    squared_LCC = by_qr.model_LCR @ by_qr.model_LCR.mT
    size_LC = squared_LCC.diagonal(dim1=1, dim2=2).sqrt()
    slack_LCC = 1e-9 * size_LC[:, :, None] * size_LC[:, None] + 1e-11
    assert ((quick.model_LCR - squared_LCC).abs() <= slack_LCC).all()


def test_twin_neurons_and_dead_ones_are_no_obstacle(random_samples):
    # two equal columns, and one that is zero
    family = replace(TANH, width=3, dimension=2, dictionary=("relu",))
    starts_LP = random_starts(family, seed=3, restarts=4)
    w_LME = unpack(family, starts_LP)["w"]
    w_LME[:, 1] = w_LME[:, 0]
    w_LME[:, 2] = torch.tensor([0.0, 0.0, -1.0])
    problem = make_problem(family, random_samples(90, 2), compiled=False)
    exact, quick = (
        algorithm.linearise(problem, starts_LP)
        for algorithm in (VariableProjection(), NormalProjection())
    )
    torch.testing.assert_close(quick.error_L, exact.error_L, rtol=1e-6, atol=0)
    a_LOM = unpack(family, quick.theta_LP)["a"]
    assert (a_LOM[..., 2] == 0).all() and torch.isfinite(a_LOM).all()


def test_what_is_not_positive_definite_has_no_factor():
    good = torch.tensor([[4.0, 2.0], [2.0, 9.0]], dtype=torch.float64)
    ill = torch.tensor([[1.0, 2.0], [2.0, 1.0]], dtype=torch.float64)
    factor_LCC, scale_LC, found_L = cholesky_of(torch.stack([good, ill]), 0.0)
    assert found_L.tolist() == [True, False]
    torch.testing.assert_close(
        factor_LCC[0] @ factor_LCC[0].T, good * scale_LC[0][:, None] * scale_LC[0]
    )
    assert torch.equal(factor_LCC[1], torch.eye(2, dtype=torch.float64))


def test_a_step_of_a_model_without_a_factor_is_zero():
    model_LCR = torch.full((1, 9, 9), torch.nan, dtype=torch.float64)
    x_LC, predicted_L = NormalProjection().solved(model_LCR, torch.ones(1, 8).double())
    assert (x_LC == 0).all() and not (predicted_L > 0).any()


def test_a_target_of_the_class_is_found_to_half_the_digits(sampled):
    problem = make_problem(MIXED, sampled(t2(), 8), compiled=False)
    starts_LP = random_starts(MIXED, seed=1, restarts=16)
    result = fit(problem, configured(NormalProjection, iterations=200), starts_LP, execution=ONE)
    assert float(result.error_L.min()) < 1e-7
