"""What every algorithm does.

Kinds: metamorphic (quarantined neighbours), property (errors never rise, every status occurs),
device (no host reads and no operands left behind on ``meta``; the same on CUDA), negative
(the watch finds what it looks for).
"""

import numpy as np
import pytest
import torch
from accelerator_watch import AcceleratorWatch
from fit_problems import MIXED, ONE, configured, every_algorithm, relative_residual, truth
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import unpack
from expressivity.fitting import (
    Adam,
    Algorithm,
    Execution,
    LaneState,
    LevenbergMarquardt,
    Problem,
    Status,
    Stopping,
    VariableProjection,
    fit,
    make_problem,
    random_starts,
    screened_starts,
)
from expressivity.fitting.normal_equations import NormalProjection
from expressivity.targets.builtin import t2


@every_algorithm
def test_every_status_occurs(algorithm, sampled):
    problem = make_problem(MIXED, sampled(t2(), 6), compiled=False)
    starts_LP = torch.cat([truth(), random_starts(MIXED, seed=1, restarts=2)])
    starts_LP[2] = torch.nan
    goal = 1e-7 if algorithm is NormalProjection else Stopping().error  # half the digits
    expected = {
        Status.CONVERGED: configured(algorithm, iterations=3, error=goal),
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


@every_algorithm
def test_a_fit_reads_statuses_and_results_and_nothing_else(algorithm, sampled):
    """Through the whole driver: half of the lanes end at the second look, the rest at the third."""
    problem = make_problem(MIXED, sampled(t2(), 6), device="meta", compiled=False)
    starts_LP = random_starts(MIXED, seed=0, restarts=6)
    looks: list[torch.Size] = []

    def answer(value: Tensor) -> Tensor:
        if value.dtype == torch.int64 and len(watch.reads) in (1, 2, 2 + 4 + 1):
            looks.append(value.shape)
            status_L = torch.full(value.shape, int(Status.RUNNING))
            status_L[: 3 * (len(looks) - 1)] = Status.CONVERGED
            return status_L
        return torch.zeros(value.shape, dtype=value.dtype)

    with AcceleratorWatch(answer) as watch:
        result = fit(problem, configured(algorithm, iterations=99), starts_LP)
    assert looks == [(6,), (6,), (3,)]
    # parameters, error, status and iterations of the lanes that ended
    assert watch.reads[2:6] == watch.reads[7:] == [(3, problem.parameters), (3,), (3,), (3,)]
    assert watch.mixed == []
    assert (result.theta_LP == 0).all()


@every_algorithm
def test_candidates_are_compared_on_the_cpu_after_one_read(algorithm, sampled):
    problem = make_problem(MIXED, sampled(t2(), 6), device="meta", compiled=False)
    with AcceleratorWatch(lambda error_L: torch.arange(error_L.numel()).double()) as watch:
        best_LP = screened_starts(problem, algorithm(), seed=0, restarts=3, candidates=2)
    assert watch.reads == [(6,)]
    assert watch.mixed == []
    assert torch.equal(best_LP, random_starts(MIXED, seed=0, restarts=6)[::2])


def test_an_operand_left_on_the_cpu_is_found():
    with AcceleratorWatch(torch.zeros_like) as watch:
        on_device = torch.zeros(4, device="meta")
        assert on_device[torch.tensor([0, 2])].shape == (2,)
        assert (on_device * torch.tensor(2.0)).shape == (4,)
        assert watch.mixed == ["aten::index.Tensor"]
        with pytest.raises(RuntimeError):
            bool(on_device.any())


@pytest.mark.cuda
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
@every_algorithm
def test_a_fit_runs_on_an_accelerator(algorithm, sampled):
    problem = make_problem(MIXED, sampled(t2(), 6), device="cuda", compiled=False)
    starts_LP = torch.cat([truth(), random_starts(MIXED, seed=1, restarts=5)])
    result = fit(problem, configured(algorithm, iterations=40), starts_LP)
    assert result.theta_LP.device.type == "cpu"
    assert result.best == 0
    assert float(result.error_L[0]) < 1e-13


@pytest.mark.cuda
@every_algorithm
def test_a_compiled_fit_in_chunks_on_an_accelerator(algorithm, sampled):
    execution = Execution(lane_chunk=4, threads=1, check_every=3)
    starts_LP = torch.cat([random_starts(MIXED, seed=1, restarts=5), truth()])
    found = [
        fit(
            make_problem(MIXED, sampled(t2(), 6), device="cuda", compiled=compiled),
            configured(algorithm, iterations=6),
            starts_LP,
            execution=execution,
        )
        for compiled in (False, True)
    ]
    assert found[1].best == 5
    assert float(found[1].error_L[5]) < 1e-13
    torch.testing.assert_close(found[1].error_L, found[0].error_L, rtol=1e-6, atol=1e-12)


@pytest.mark.cuda
def test_candidates_are_compared_on_an_accelerator_as_on_the_cpu(sampled):
    chosen = [
        screened_starts(
            make_problem(MIXED, sampled(t2(), 6), device=device, compiled=False),
            VariableProjection(),
            seed=0,
            restarts=4,
            candidates=3,
        )
        for device in ("cpu", "cuda")
    ]
    assert torch.equal(*chosen)
