"""Variable projection.

Kinds: reference (dense numpy projections, central differences), property (no parameter is lost).

Shape letters: L lanes, P packed parameters, R sample rows, C moved parameters.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from fit_problems import CPU, MIXED, ONE, TANH, truth
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import unpack
from expressivity.classes.neurons import FORMS
from expressivity.fitting import (
    LevenbergMarquardt,
    Problem,
    VariableProjection,
    fit,
    make_problem,
    random_starts,
)
from expressivity.fitting.problem import Columns, columns
from expressivity.fitting.variable_projection import default_linear_block
from expressivity.targets.builtin import t2


def projected_numpy(
    rows_SR: np.ndarray, split: Columns, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """(I - Phi Phi^+) [J | r], with Phi's columns scaled to unit norm."""
    phi = rows_SR[split.linear.numpy()].T
    norms = np.linalg.norm(phi, axis=0)
    phi = phi / np.where(norms > 0, norms, 1.0)
    left, singular, _ = np.linalg.svd(phi, full_matrices=False)
    range_RC = left[:, singular > threshold * singular[0]]
    residual = int(split.full_system[-1])
    system = rows_SR[[*split.moved.tolist(), residual]].T
    return system - range_RC @ (range_RC.T @ system), range_RC


def assert_projection(problem: Problem, algorithm: VariableProjection, theta_LP: Tensor) -> None:
    split = algorithm._columns(problem)
    point = algorithm.linearise(problem, theta_LP)
    rows_LSR = torch.cat(list(problem.blocks(point.theta_LP)), 2)
    count = split.moved.shape[0]
    for lane in range(theta_LP.shape[0]):
        expected, range_RC = projected_numpy(rows_LSR[lane].numpy(), split, algorithm.threshold)
        model = point.model_LCR[lane].numpy()
        mine = model[[*range(count), model.shape[0] - 1]].T
        scale = np.linalg.norm(expected, axis=0)
        slack = 1e-10 * scale[:, None] * scale + 1e-16
        assert np.all(np.abs(mine.T @ mine - expected.T @ expected) <= slack)
        residual = rows_LSR[lane, problem.parameters].numpy()
        error = float(point.error_L[lane])
        # the linear block is optimal: nothing of the residual lies in the range of Phi
        assert np.linalg.norm(range_RC.T @ residual) <= 1e-12
        assert error == pytest.approx(np.linalg.norm(residual), rel=1e-12)
        assert error == pytest.approx(np.linalg.norm(expected[:, -1]), rel=1e-10)
        assert np.linalg.norm(mine[:, -1]) == pytest.approx(error, rel=1e-10)


def test_projected_jacobian_is_the_dense_one(each_family, random_samples):
    # the dictionary holds id, relu and leaky_relu: la's linear block is rank-deficient
    problem = make_problem(each_family, random_samples(90, 2), compiled=False, node_block=32)
    theta_LP = random_starts(each_family, seed=3, restarts=2)
    learned = columns(each_family, "scale0", CPU).linear.shape[0] > 0
    for linear in ("a", "scale0") if learned else ("a",):
        assert_projection(problem, VariableProjection(linear=linear), theta_LP)


@pytest.mark.parametrize("width", [1, 3])
def test_twin_neurons_lose_nothing(width, random_samples):
    # equal neurons: the output weights' columns are equal, exactly
    family = replace(TANH, width=2 * width, dimension=2)
    theta_LP = random_starts(family, seed=3, restarts=2)
    w_LME = unpack(family, theta_LP)["w"]
    w_LME[:, width:] = w_LME[:, :width]
    problem = make_problem(family, random_samples(90, 2), compiled=False)
    assert_projection(problem, VariableProjection(), theta_LP)


@pytest.mark.slow
def test_more_parameters_than_nodes(random_samples):
    family = Family(
        kind=Kind.MOA, neuron="quadratic", width=1, dimension=1, gate=GateSpec(name="tanh")
    )
    samples = random_samples(20, 1)
    problem = make_problem(family, samples, compiled=False)
    starts_LP = random_starts(family, seed=0, restarts=4)
    for algorithm in (LevenbergMarquardt(), VariableProjection()):
        result = fit(problem, algorithm, starts_LP, execution=ONE)
        assert result.error_L.max() < 0.01  # 49 coefficients and their gates for 20 nodes


def test_kaufmans_model_is_the_derivative_near_a_zero_residual(sampled):
    problem = make_problem(MIXED, sampled(t2(), 8), compiled=False)
    algorithm = VariableProjection()
    split = algorithm._columns(problem)
    generator = torch.Generator().manual_seed(0)
    noise_LP = torch.randn(truth().shape, dtype=torch.float64, generator=generator)
    theta_LP = algorithm.linearise(problem, truth() + 1e-5 * noise_LP).theta_LP

    def projected(theta_LP: Tensor) -> Tensor:
        solved_LP = algorithm.linearise(problem, theta_LP).theta_LP
        return torch.cat(list(problem.blocks(solved_LP)), 2)[0, problem.parameters]

    step, slopes = 1e-6, []
    for index in split.moved.tolist():
        shift_LP = torch.zeros_like(theta_LP)
        shift_LP[0, index] = step
        above, below = projected(theta_LP + shift_LP), projected(theta_LP - shift_LP)
        slopes.append((above - below) / (2 * step))
    J_CR = torch.stack(slopes)
    residual_R = projected(theta_LP)
    assert 1e-8 < residual_R.norm() < 1e-4
    point = algorithm.linearise(problem, theta_LP)
    model_CR = point.model_LCR[0, : split.moved.shape[0]]
    # Kaufman drops a term proportional to the residual ...
    torch.testing.assert_close(model_CR @ model_CR.mT, J_CR @ J_CR.mT, rtol=0, atol=1e-4)
    assert (J_CR @ J_CR.mT).diagonal().max() > 1e-2
    # ... that the gradient never sees
    torch.testing.assert_close(
        model_CR @ point.model_LCR[0, -1], J_CR @ residual_R, rtol=1e-4, atol=1e-12
    )


@pytest.mark.parametrize("form", FORMS)
def test_default_linear_block(form):
    family = Family(kind=Kind.LA, neuron=form, width=1, dimension=1)
    assert default_linear_block(family) == "scale0"
    assert default_linear_block(replace(family, width=2)) == "a"
    assert default_linear_block(replace(family, outputs=2)) == "a"
    unscaled = GateSpec(name="tanh", scale=False)
    assert default_linear_block(replace(family, kind=Kind.MOA, gate=unscaled)) == "a"
