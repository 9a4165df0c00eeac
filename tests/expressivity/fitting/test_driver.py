"""The driver: scheduling must not show in results.

Kinds: metamorphic (a lane alone, among others, in any order, chunk, thread or process has the
same bits), property (what observers and callbacks see; screened starts), negative (refusals).
"""

import hashlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.fitting import (
    Adam,
    Algorithm,
    Execution,
    FitResult,
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
from expressivity.fitting.errors import fit_samples
from expressivity.fitting.normal_equations import NormalProjection
from expressivity.fitting.program import compiler_available
from expressivity.targets.builtin import t2

ONE = Execution(threads=1)
needs_compiler = pytest.mark.skipif(not compiler_available(), reason="needs a C++ compiler")
ALGORITHMS = (LevenbergMarquardt, VariableProjection, NormalProjection, Adam)
every_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)

MIXED = Family(kind=Kind.MOA, neuron="type1", width=1, dimension=2, gate=GateSpec(name="tanh"))
SMALL = replace(MIXED, dictionary=("id", "relu", "tanh"))


def configured(algorithm: type, iterations: int) -> Algorithm:
    return algorithm(stopping=Stopping(iterations=iterations))


def bits(tensor: Tensor) -> Tensor:
    """The bytes: equal for equal NaN, different for 0 and -0."""
    return tensor.contiguous().view(torch.uint8)


def assert_same(mine: FitResult, other: FitResult, lanes: Tensor | list[int] | None = None) -> None:
    """Bit for bit, where ``other`` is restricted to ``lanes``."""
    for name, value in vars(mine).items():
        expected = getattr(other, name)
        expected = expected if lanes is None else expected[lanes]
        assert torch.equal(bits(value), bits(expected)), name


def assert_scheduling_is_invisible(
    problem: Problem, algorithm: Algorithm, *, restarts: int, alone: tuple[int, ...]
) -> FitResult:
    """Chunks, threads, checks, order and company, one after another."""
    starts_LP = random_starts(problem.family, seed=11, restarts=restarts)
    starts_LP[restarts // 2] = torch.nan  # a quarantined lane among them
    reference = fit(problem, algorithm, starts_LP, execution=ONE)
    assert reference.failed == 1
    for execution in (
        Execution(lane_chunk=4, threads=1, check_every=1),
        Execution(lane_chunk=8, threads=2, check_every=3),
        Execution(lane_chunk=16, threads=2),
    ):
        assert_same(fit(problem, algorithm, starts_LP, execution=execution), reference)
    order = torch.randperm(restarts, generator=torch.Generator().manual_seed(1))
    shuffled = fit(problem, algorithm, starts_LP[order], execution=ONE)
    assert_same(shuffled, reference, order)
    for lane in alone:
        single = fit(problem, algorithm, starts_LP[lane : lane + 1], execution=ONE)
        assert_same(single, reference, [lane])
    return reference


@pytest.mark.parametrize(
    "algorithm",
    [
        LevenbergMarquardt,
        pytest.param(VariableProjection, marks=pytest.mark.slow),
        pytest.param(NormalProjection, marks=pytest.mark.slow),
        Adam,
    ],
)
def test_scheduling_is_invisible_among_64_lanes(algorithm, sampled):
    problem = make_problem(SMALL, sampled(t2(), 6), compiled=False, node_block=64)
    assert problem.x_BEN.shape[0] > 1
    instance = configured(algorithm, 30)
    result = assert_scheduling_is_invisible(
        problem, instance, restarts=64, alone=(0, 1, 2, 3, 21, 63)
    )
    if algorithm is VariableProjection:
        # lanes end at different times, so that chunks were compacted on the way
        assert len(result.iterations_L.unique()) > 3


@every_algorithm
def test_scheduling_is_invisible_in_every_family(algorithm, each_family, random_samples):
    # an odd number of nodes and 10 lanes: padding in both
    problem = make_problem(each_family, random_samples(37, 2), compiled=False)
    instance = configured(algorithm, 6)
    assert_scheduling_is_invisible(problem, instance, restarts=10, alone=(3,))


@pytest.mark.slow
@every_algorithm
@pytest.mark.parametrize("dictionary", [("relu", "tanh"), None], ids=["pair", "full"])
@pytest.mark.parametrize(("width", "dimension"), [(1, 1), (3, 3)])
def test_scheduling_is_invisible_in_every_size(
    width, dimension, dictionary, algorithm, each_family, random_samples
):
    family = replace(each_family, width=width, dimension=dimension)
    if family.kind is not Kind.FIXED:
        family = replace(family, dictionary=dictionary or MIXED.dictionary)
    samples = random_samples(75, dimension)
    problem = make_problem(family, samples, compiled=False, node_block=48)
    instance = configured(algorithm, 12)
    assert_scheduling_is_invisible(problem, instance, restarts=22, alone=(0, 7))


@pytest.mark.slow
@needs_compiler
def test_scheduling_is_invisible_in_compiled_programs(sampled):
    problem = make_problem(MIXED, sampled(t2(), 6), compiled=True)
    for algorithm in ALGORITHMS:
        instance = configured(algorithm, 20)
        assert_scheduling_is_invisible(problem, instance, restarts=64, alone=(0, 5, 63))


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("gradient", [False, True], ids=["l2", "h1"])
def test_scheduling_is_invisible_in_every_compiled_program(gradient, width, each_family, sampled):
    family = replace(each_family, width=width)
    problem = make_problem(family, sampled(t2(), 7, gradient=gradient), node_block=64)
    for algorithm in (LevenbergMarquardt, VariableProjection, NormalProjection):
        instance = configured(algorithm, 10)
        assert_scheduling_is_invisible(problem, instance, restarts=22, alone=(0, 7))


OTHER_PROCESS = """
    import hashlib, sys, torch
    import numpy as np
    from expressivity.targets.quadrature import rule
    from expressivity.classes.families import Family
    from expressivity.classes.kinds import Kind
    from expressivity.fitting import *
    from expressivity.fitting.normal_equations import NormalProjection
    from expressivity.classes.gates import GateSpec
    from expressivity.targets.builtin import t2

    threads, compiled = int(sys.argv[1]), sys.argv[2] == "compiled"
    points = rule(t2().domain, order=6, kinks=t2().kinks)
    nodes = torch.from_numpy(np.array(points.nodes_ND))
    weights = torch.from_numpy(np.array(points.weights_N))
    samples = Samples(nodes_ND=nodes, weights_N=weights, values_NO=t2().values(nodes)[:, None])
    family = Family(
        kind=Kind.MOA,
        neuron="type1",
        width=1,
        dimension=2,
        gate=GateSpec(name="tanh"),
        dictionary=tuple(sys.argv[3].split(",")),
    )
    problem = make_problem(family, samples, compiled=compiled)
    starts = random_starts(family, seed=3, restarts=int(sys.argv[4]))
    for algorithm in (LevenbergMarquardt, VariableProjection, NormalProjection, Adam):
        instance = algorithm(stopping=Stopping(iterations=15))
        result = fit(problem, instance, starts, execution=Execution(threads=threads))
        for tensor in vars(result).values():
            print(hashlib.sha256(tensor[:5].numpy().tobytes()).hexdigest())
"""


def in_another_process(family: Family, *, threads: int, compiled: bool, restarts: int) -> list[str]:
    """Digests of the first five lanes of each result."""
    arguments = [
        threads,
        "compiled" if compiled else "eager",
        ",".join(family.dictionary),
        restarts,
    ]
    completed = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            textwrap.dedent(OTHER_PROCESS),
            *map(str, arguments),
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
    )
    return completed.stdout.split()


def digests(problem: Problem) -> list[str]:
    """The same in this process."""
    starts_LP = random_starts(problem.family, seed=3, restarts=9)
    found: list[str] = []
    for algorithm in ALGORITHMS:
        result = fit(problem, configured(algorithm, 15), starts_LP, execution=ONE)
        found += [
            hashlib.sha256(tensor[:5].numpy().tobytes()).hexdigest()
            for tensor in vars(result).values()
        ]
    return found


def test_another_process_gives_the_same_bits(sampled):
    problem = make_problem(SMALL, sampled(t2(), 6), compiled=False)
    here = digests(problem)
    assert len(set(here)) >= 8  # parameters and errors of four algorithms
    assert in_another_process(SMALL, threads=2, compiled=False, restarts=33) == here


@pytest.mark.slow
@needs_compiler
def test_another_process_gives_the_same_bits_compiled(sampled):
    here = digests(make_problem(MIXED, sampled(t2(), 6), compiled=True))
    assert in_another_process(MIXED, threads=2, compiled=True, restarts=33) == here


@needs_compiler
def test_compiled_and_eager_fits_agree_up_to_rounding(sampled):
    samples = sampled(t2(), 6)
    starts_LP = random_starts(MIXED, seed=0, restarts=4)
    algorithm = configured(LevenbergMarquardt, 3)
    compiled, eager = (
        fit(make_problem(MIXED, samples, compiled=c), algorithm, starts_LP, execution=ONE)
        for c in (True, False)
    )
    torch.testing.assert_close(compiled.error_L, eager.error_L, rtol=1e-6, atol=1e-12)


def problem_of(sampled: Callable[..., object]) -> Problem:
    return make_problem(SMALL, sampled(t2(), 4), compiled=False)


def test_observers_see_every_iteration(sampled):
    problem = problem_of(sampled)
    starts_LP = random_starts(SMALL, seed=0, restarts=10)
    counts = torch.zeros(10, dtype=torch.int64)
    finished: list[int] = []

    def observer(lanes_L: Tensor, state: LaneState) -> None:
        assert state.theta_LP.shape[0] % 4 == 0
        assert state.theta_LP.shape[0] >= lanes_L.shape[0]
        counts[lanes_L] = torch.maximum(counts[lanes_L], state.iteration_L[: lanes_L.shape[0]])

    result = fit(
        problem,
        VariableProjection(),
        starts_LP,
        execution=Execution(lane_chunk=8, threads=2),
        observer=observer,
        on_finished=finished.append,
    )
    assert torch.equal(counts, result.iterations_L)
    assert sum(finished) == 10
    assert (result.status_L != Status.RUNNING).all()
    unobserved = fit(problem, VariableProjection(), starts_LP, execution=ONE)
    assert_same(result, unobserved)


def test_an_observer_that_raises_ends_the_fit(sampled):
    def observer(lanes_L: Tensor, state: LaneState) -> None:
        raise KeyError("stop")

    starts_LP = random_starts(SMALL, seed=0, restarts=10)
    for threads in (1, 2):
        with pytest.raises(KeyError, match="stop"):
            fit(
                problem_of(sampled),
                Adam(),
                starts_LP,
                execution=Execution(lane_chunk=4, threads=threads),
                observer=observer,
            )


def test_small_networks_run_on_one_thread():
    torch.set_num_threads(2)
    for width, threads in ((4, 1), (40, 2)):
        family = Family(kind="la", neuron="type1", width=width, dimension=2)
        problem = make_problem(family, fit_samples(t2(), gradient=False), compiled=False)
        assert Execution.of(problem).threads == threads


def test_the_callers_threads_and_starts_are_left_alone(sampled):
    torch.set_num_threads(2)
    starts_LP = random_starts(SMALL, seed=0, restarts=5)
    before_LP = starts_LP.clone()
    fit(problem_of(sampled), configured(VariableProjection, 2), starts_LP)
    assert torch.get_num_threads() == 2
    assert torch.equal(starts_LP, before_LP)


def test_results_need_no_gradients(sampled):
    problem = problem_of(sampled)
    starts_LP = random_starts(SMALL, seed=0, restarts=9).requires_grad_()
    execution = Execution(lane_chunk=4, threads=2)
    seen: set[bool] = set()

    def observer(lanes_L: Tensor, state: LaneState) -> None:
        seen.add(state.theta_LP.requires_grad)

    instance = configured(LevenbergMarquardt, 2)
    fit(problem, instance, starts_LP.detach(), execution=execution, observer=observer)
    assert seen == {False}


def test_best_is_the_least_finite_error():
    nothing = torch.zeros(4, dtype=torch.int64)
    error_L = torch.tensor([torch.nan, 3.0, 1.0, 1.0])
    status_L = torch.tensor([Status.NON_FINITE, 1, 2, Status.NON_FINITE])
    result = FitResult(
        theta_LP=torch.zeros(4, 1), error_L=error_L, status_L=status_L, iterations_L=nothing
    )
    assert result.best == 2
    assert result.failed == 2


def test_screened_starts_are_the_best_of_their_candidates(sampled):
    problem = problem_of(sampled)
    algorithm = VariableProjection()
    drawn_LP = random_starts(SMALL, seed=4, restarts=7 * 3)
    error_L = algorithm.start(problem, drawn_LP).error_L.reshape(7, 3)
    expected_LP = drawn_LP[torch.arange(7) * 3 + error_L.argmin(1)]
    assert len(error_L.argmin(1).unique()) > 1
    for execution in (ONE, Execution(lane_chunk=4, threads=2)):
        screened_LP = screened_starts(
            problem, algorithm, seed=4, restarts=7, candidates=3, execution=execution
        )
        assert torch.equal(screened_LP, expected_LP)
    fewer_LP = screened_starts(problem, algorithm, seed=4, restarts=2, candidates=3)
    assert torch.equal(fewer_LP, expected_LP[:2])
    plain_LP = screened_starts(problem, algorithm, seed=4, restarts=7, candidates=1)
    assert torch.equal(plain_LP, drawn_LP[:7])


def test_refusals(sampled):
    problem = problem_of(sampled)
    for shape in ((3, problem.parameters + 1), (problem.parameters,)):
        with pytest.raises(ValueError, match="required: starts of shape"):
            fit(problem, Adam(), torch.zeros(shape, dtype=torch.float64))
    with pytest.raises(ValueError, match="required: starts of shape"):
        fit(problem, Adam(), torch.zeros((0, problem.parameters), dtype=torch.float64))
    with pytest.raises(ValueError, match="multiple of 4"):
        Execution(lane_chunk=6)
    with pytest.raises(ValueError, match="multiple of 4"):
        Execution(lane_chunk=0)
    with pytest.raises(ValueError, match="at least one thread"):
        Execution(threads=0)
    with pytest.raises(ValueError, match="at least one thread"):
        Execution(check_every=0)
    with pytest.raises(ValueError, match="at least 1 iteration"):
        Stopping(iterations=0)


def test_executions_for_devices():
    torch.set_num_threads(2)
    assert Execution.for_device("cpu").threads == 2
    accelerator = Execution.for_device("cuda")
    assert accelerator.threads == 1
    assert accelerator.lane_chunk > Execution().lane_chunk
