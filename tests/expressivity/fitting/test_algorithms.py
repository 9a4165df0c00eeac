"""Levenberg-Marquardt, variable projection and Adam.

Kinds: reference (scipy.optimize.least_squares, torch.optim.Adam, dense numpy projections,
central differences), metamorphic (units of the parameters, quarantined neighbours), property
(errors never rise, every status occurs), device (no host reads on ``meta``; the same on CUDA).

Shape letters: L lanes, P packed parameters, R sample rows, C moved parameters.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.optimize
import torch
from torch import Tensor

from expressivity.classes.families import Family, Kind
from expressivity.classes.gates import GateSpec
from expressivity.classes.networks import evaluate, pack, unpack
from expressivity.classes.neurons import FORMS
from expressivity.fitting import (
    Adam,
    Algorithm,
    Execution,
    LaneState,
    LevenbergMarquardt,
    Problem,
    Samples,
    Status,
    Stopping,
    VariableProjection,
    fit,
    make_problem,
    random_starts,
)
from expressivity.fitting.gauss_newton import DampedGaussNewton, Linearisation
from expressivity.fitting.problem import Columns, columns
from expressivity.fitting.variable_projection import default_linear_block
from expressivity.targets.builtin import t1, t2

ONE = Execution(threads=1)
CPU = torch.device("cpu")
ALGORITHMS = (LevenbergMarquardt, VariableProjection, Adam)
every_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)

TANH = Family(kind=Kind.FIXED, neuron="type1", width=1, dimension=1, dictionary=("tanh",))
MIXED = Family(
    kind=Kind.MOA,
    neuron="type1",
    width=1,
    dimension=2,
    dictionary=("relu", "tanh"),
    gate=GateSpec(name="tanh"),
)


def truth() -> Tensor:
    """Packed lane of ``MIXED`` that is t2: tanh(2 x1) ReLU(x2)."""
    blocks = {name: torch.zeros(1, *shape) for name, shape in MIXED.shapes.items()}
    blocks["w"][0, 0, 1] = 1.0
    blocks["u0"][0, 0, 0] = 2.0
    blocks["u0"][0, 1, 1] = 0.7
    blocks["a"][:] = 1.0
    blocks["scale0"][0, 0] = 1.0
    return pack(MIXED, blocks).to(torch.float64)


def relative_residual(problem: Problem, samples: Samples, theta_P: np.ndarray) -> np.ndarray:
    """The weighted residual over the target's norm, from ``evaluate`` alone."""
    f_LON = evaluate(problem.family, torch.from_numpy(theta_P)[None], samples.nodes_ND)
    difference_NO = f_LON[0].mT - samples.values_NO
    norm = (samples.weights_N[:, None] * samples.values_NO**2).sum().sqrt()
    return (difference_NO * samples.weights_N[:, None].sqrt() / norm).flatten().numpy()


@pytest.mark.parametrize("algorithm", [LevenbergMarquardt, VariableProjection])
def test_the_end_is_the_one_of_scipy(algorithm, sampled):
    samples = sampled(t1(), 12)
    # near a tanh, so that the minimum is a point and not the end of a valley at infinity
    x_NO = samples.nodes_ND
    samples = replace(samples, values_NO=torch.tanh(3 * x_NO - 0.5) + 0.3 * x_NO**2)
    problem = make_problem(TANH, samples, compiled=False)
    starts_LP = random_starts(TANH, seed=5, restarts=4)
    stopping = Stopping(iterations=400, progress=1e-9, patience=50)
    result = fit(problem, algorithm(stopping=stopping), starts_LP, execution=ONE)
    moved = columns(TANH, None, CPU).moved.numpy()
    for error, start_P in zip(result.error_L.tolist(), starts_LP.numpy(), strict=True):
        theta_P = start_P.copy()

        def residual(x: np.ndarray, theta_P: np.ndarray = theta_P) -> np.ndarray:
            theta_P[moved] = x
            return relative_residual(problem, samples, theta_P)

        solution = scipy.optimize.least_squares(
            residual, start_P[moved], method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15
        )
        assert error == pytest.approx(np.sqrt(2 * solution.cost), rel=1e-7)


@dataclass(frozen=True, kw_only=True)
class InUnits(DampedGaussNewton):
    """Levenberg-Marquardt on Rosenbrock's residual, parameters measured in other units."""

    units: tuple[float, float]

    def moved(self, problem: Problem) -> Tensor:
        """Both parameters."""
        return torch.tensor([0, 1])

    def linearise(self, problem: Problem, theta_LP: Tensor) -> Linearisation:
        """Residual (10 (y - x^2), 1 - x) and its Jacobian in the units."""
        unit_P = theta_LP.new_tensor(self.units)
        x_L, y_L = (theta_LP * unit_P).unbind(1)
        zero_L, one_L = torch.zeros_like(x_L), torch.ones_like(x_L)
        jacobian = [torch.stack([-20 * x_L, -one_L]), torch.stack([10 * one_L, zero_L])]
        residual = torch.stack([10 * (y_L - x_L**2), 1 - x_L])
        columns_CRL = [c * u for c, u in zip(jacobian, self.units, strict=True)]
        model_LCR = torch.stack([*columns_CRL, residual]).permute(2, 0, 1)
        return Linearisation(
            theta_LP=theta_LP,
            error_L=torch.linalg.vector_norm(residual, dim=0),
            model_LCR=torch.nn.functional.pad(model_LCR, (0, 6)),
        )


@pytest.mark.parametrize("units", [(2.0**10, 2.0**-7), (1e-6, 3e4)])
def test_the_path_does_not_depend_on_the_units_of_parameters(units, random_samples):
    problem = make_problem(TANH, random_samples(4, 1), compiled=False)  # carries no information
    start_LP = torch.tensor([[-1.2, 1.0], [0.3, -0.8]], dtype=torch.float64)
    stopping = Stopping(iterations=60, patience=60, error=1e-9)
    plain, scaled = (
        InUnits(units=(1.0, 1.0), stopping=stopping),
        InUnits(units=units, stopping=stopping),
    )
    unit_P = torch.tensor(units, dtype=torch.float64)
    mine, other = plain.start(problem, start_LP), scaled.start(problem, start_LP / unit_P)
    for _ in range(25):
        mine, other = plain.step(problem, mine), scaled.step(problem, other)
        torch.testing.assert_close(other.theta_LP * unit_P, mine.theta_LP, rtol=1e-8, atol=1e-9)
        torch.testing.assert_close(other.damping_L, mine.damping_L, rtol=1e-6, atol=0.0)
    assert mine.error_L.max() < 1e-9


def projected_numpy(
    rows_SR: np.ndarray, split: Columns, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """(I - Phi Phi^+) [J | r], with Phi's columns scaled to unit norm."""
    phi = rows_SR[split.linear.numpy()].T
    norms = np.linalg.norm(phi, axis=0)
    phi = phi / np.where(norms > 0, norms, 1.0)
    left, singular, _ = np.linalg.svd(phi, full_matrices=False)
    range_RC = left[:, singular > threshold * singular[0]]
    system = rows_SR[[*split.moved.tolist(), len(rows_SR) - 3]].T
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
        residual = rows_LSR[lane, -3].numpy()
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
        return torch.cat(list(problem.blocks(solved_LP)), 2)[0, -3]

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


def test_adam_is_torch_optim_adam(sampled):
    samples = sampled(t2(), 6)
    problem = make_problem(MIXED, samples, compiled=False)
    steps, rate = 12, 0.03
    algorithm = Adam(rate=rate, stopping=Stopping(iterations=steps, patience=steps + 1))
    starts_LP = random_starts(MIXED, seed=2, restarts=3)
    state = algorithm.start(problem, starts_LP)
    theta_LP = starts_LP.clone().requires_grad_()
    optimizer = torch.optim.Adam([theta_LP], lr=rate)
    norm = (samples.weights_N * samples.values_NO[:, 0] ** 2).sum()
    for step in range(steps):
        state = algorithm.step(problem, state)
        optimizer.param_groups[0]["lr"] = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
        optimizer.zero_grad()
        difference_LN = evaluate(MIXED, theta_LP, samples.nodes_ND)[:, 0] - samples.values_NO[:, 0]
        ((samples.weights_N * difference_LN**2).sum() / norm).backward()
        optimizer.step()
        torch.testing.assert_close(state.theta_LP, theta_LP.detach(), rtol=1e-9, atol=1e-11)
    assert (state.status_L == Status.ITERATION_LIMIT).all()


def test_adam_leaves_frozen_parameters(sampled):
    family = replace(MIXED, bias=False, gate=GateSpec(name="tanh", scale=False, bias=False))
    problem = make_problem(family, sampled(t2(), 6), compiled=False)
    starts_LP = random_starts(family, seed=2, restarts=3)
    stopping = Stopping(iterations=5)
    for algorithm in ALGORITHMS:
        theta_LP = fit(problem, algorithm(stopping=stopping), starts_LP, execution=ONE).theta_LP
        changed = {i for i in range(starts_LP.shape[1]) if (theta_LP != starts_LP)[:, i].any()}
        assert changed == set(columns(family, None, CPU).moved.tolist())


def configured(algorithm: type, **stopping: float) -> Algorithm:
    return algorithm(stopping=Stopping(**stopping))


@every_algorithm
def test_every_status_occurs(algorithm, sampled):
    problem = make_problem(MIXED, sampled(t2(), 6), compiled=False)
    starts_LP = torch.cat([truth(), random_starts(MIXED, seed=1, restarts=2)])
    starts_LP[2] = torch.nan
    expected = {
        Status.CONVERGED: configured(algorithm, iterations=3),
        Status.STALLED: configured(algorithm, iterations=9, patience=3, progress=1.0),
        Status.ITERATION_LIMIT: configured(algorithm, iterations=2),
        Status.NON_FINITE: configured(algorithm, iterations=2),
    }
    lane = {Status.CONVERGED: 0, Status.NON_FINITE: 2}
    for status, instance in expected.items():
        result = fit(problem, instance, starts_LP, execution=ONE)
        assert Status(int(result.status_L[lane.get(status, 1)])) is status
        assert result.failed == 1
        assert result.best == 0
        assert int(result.iterations_L[2]) == 0
    assert int(result.iterations_L[1]) == 2


def test_a_lane_that_overflows_on_the_way_is_quarantined(sampled):
    problem = make_problem(MIXED, sampled(t2(), 6), compiled=False)
    starts_LP = random_starts(MIXED, seed=1, restarts=2)
    result = fit(problem, Adam(rate=1e200), starts_LP, execution=ONE)
    assert (result.status_L == Status.NON_FINITE).all()
    assert (result.iterations_L >= 1).all()


@every_algorithm
@pytest.mark.parametrize("ill", [torch.nan, torch.inf, -1e300], ids=str)
def test_a_quarantined_lane_leaves_its_neighbours_alone(ill, algorithm, sampled):
    problem = make_problem(MIXED, sampled(t2(), 6), compiled=False)
    starts_LP = random_starts(MIXED, seed=1, restarts=6)
    spoiled_LP = starts_LP.clone()
    unpack(MIXED, spoiled_LP)["w"][2] = ill
    instance = configured(algorithm, iterations=8)
    clean = fit(problem, instance, starts_LP, execution=ONE)
    result = fit(problem, instance, spoiled_LP, execution=ONE)
    if not np.isfinite(ill):
        assert result.status_L[2] == Status.NON_FINITE
    others = [0, 1, 3, 4, 5]
    assert torch.equal(result.theta_LP[others], clean.theta_LP[others])
    assert torch.equal(result.error_L[others], clean.error_L[others])
    assert torch.equal(result.status_L[others], clean.status_L[others])


@pytest.mark.parametrize("algorithm", [LevenbergMarquardt, VariableProjection])
def test_errors_never_rise(algorithm, each_family, random_samples):
    problem = make_problem(each_family, random_samples(60, 2), compiled=False)
    seen: dict[int, list[float]] = {}

    def observer(lanes_L: Tensor, state: LaneState) -> None:
        for lane, error in zip(lanes_L.tolist(), state.error_L.tolist(), strict=False):
            seen.setdefault(lane, []).append(error)

    starts_LP = random_starts(each_family, seed=0, restarts=4)
    instance = configured(algorithm, iterations=8)
    result = fit(problem, instance, starts_LP, execution=ONE, observer=observer)
    assert set(seen) == {0, 1, 2, 3}
    for lane, errors in seen.items():
        assert errors == sorted(errors, reverse=True)
        assert errors[-1] == float(result.error_L[lane]) < errors[0] * (1 + 1e-12)


@every_algorithm
def test_every_family_runs(algorithm, each_family, random_samples):
    problem = make_problem(each_family, random_samples(60, 2), compiled=False)
    starts_LP = random_starts(each_family, seed=0, restarts=3)
    result = fit(problem, configured(algorithm, iterations=5), starts_LP, execution=ONE)
    assert torch.isfinite(result.theta_LP).all()
    assert torch.isfinite(result.error_L).all()
    assert (result.iterations_L == 5).all()
    for lane in range(3):
        # the error reported is the error of the parameters reported
        samples = random_samples(60, 2)
        residual = relative_residual(problem, samples, result.theta_LP[lane].numpy())
        assert float(result.error_L[lane]) == pytest.approx(np.linalg.norm(residual), rel=1e-9)


@every_algorithm
@pytest.mark.parametrize(("dimension", "outputs"), [(3, 1), (2, 2), (3, 3)])
def test_vector_outputs_and_dimension_three(dimension, outputs, algorithm, random_samples):
    samples = random_samples(80, dimension, outputs)
    for kind, gate in ((Kind.LA, None), (Kind.MOA, GateSpec(name="softmax"))):
        family = Family(
            kind=kind, neuron="two_sided", width=2, dimension=dimension, outputs=outputs, gate=gate
        )
        problem = make_problem(family, samples, compiled=False)
        starts_LP = random_starts(family, seed=0, restarts=2)
        result = fit(problem, configured(algorithm, iterations=20), starts_LP, execution=ONE)
        before_L = algorithm().start(problem, starts_LP).error_L
        assert torch.isfinite(result.error_L).all()
        assert (result.error_L < before_L).all()
        residual = relative_residual(problem, samples, result.theta_LP[0].numpy())
        assert float(result.error_L[0]) == pytest.approx(np.linalg.norm(residual), rel=1e-9)


def two_steps(problem: Problem, algorithm: Algorithm, starts_LP: Tensor) -> LaneState:
    state = algorithm.start(problem, starts_LP)
    return algorithm.step(problem, algorithm.step(problem, state))


@every_algorithm
def test_no_host_reads(algorithm, each_family, sampled):
    # on the meta device a read of a value raises: nothing here waits for an accelerator
    problem = make_problem(each_family, sampled(t2(), 6), device="meta", compiled=False)
    starts_LP = random_starts(each_family, seed=0, restarts=4).to("meta")
    state = two_steps(problem, algorithm(), starts_LP)
    assert state.theta_LP.shape == starts_LP.shape
    assert {value.device.type for value in vars(state).values()} == {"meta"}
    with pytest.raises((RuntimeError, NotImplementedError)):
        state.error_L.sum().item()


@every_algorithm
def test_no_host_reads_in_the_h1_norm(algorithm, sampled):
    samples = sampled(t2(), 6, gradient=True)
    problem = make_problem(MIXED, samples, device="meta", compiled=False)
    starts_LP = random_starts(MIXED, seed=0, restarts=4).to("meta")
    assert two_steps(problem, algorithm(), starts_LP).error_L.shape == (4,)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator")
@every_algorithm
def test_an_accelerator_gives_the_same_up_to_rounding(algorithm, each_family, sampled):
    samples = sampled(t2(), 6)
    starts_LP = random_starts(each_family, seed=0, restarts=4)
    states = [
        two_steps(
            make_problem(each_family, samples, device=device, compiled=False),
            algorithm(),
            starts_LP.to(device),
        )
        for device in ("cpu", "cuda")
    ]
    assert {value.device.type for value in vars(states[1]).values()} == {"cuda"}
    torch.testing.assert_close(states[1].error_L.cpu(), states[0].error_L, rtol=1e-6, atol=1e-12)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator")
@every_algorithm
def test_a_fit_runs_on_an_accelerator(algorithm, sampled):
    problem = make_problem(MIXED, sampled(t2(), 6), device="cuda", compiled=False)
    starts_LP = torch.cat([truth(), random_starts(MIXED, seed=1, restarts=5)])
    result = fit(problem, configured(algorithm, iterations=40), starts_LP)
    assert result.theta_LP.device.type == "cpu"
    assert result.best == 0
    assert float(result.error_L[0]) < 1e-13
