"""A search in generations.

Kinds: reference (random networks of a class are found again; errors recomputed from the networks),
metamorphic (threads, chunks and processes do not show; what is given is not lost), property (how
many lanes, which statuses, when it ends), device (on ``meta``), negative (networks that are not
finite, refusals).

Shape letters: L lanes, P packed parameters, N nodes, D coordinates, O outputs.
"""

import hashlib
import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
import torch
from accelerator_watch import AcceleratorWatch
from odd_neurons import ODD, odd_neurons
from odd_plugins import activation, registered_activation
from search_problems import errors, problems, taught, waves
from torch import Tensor, nn

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import PER_NEURON, Constraint, kinds_of
from expressivity.classes.modules import ModuleFamily
from expressivity.classes.networks import unpack
from expressivity.fitting import (
    Execution,
    FitResult,
    Status,
    VariableProjection,
    fit,
    make_problem,
    random_starts,
)
from expressivity.fitting.search import Search, search
from expressivity.fitting.starts import drawn
from expressivity.symbolic.symbols import Z

SMALL = ("relu", "tanh")
LA = Family(kind="la", neuron="type1", width=1, dimension=2)
MOA = replace(LA, kind="moa", gate=GateSpec(name="tanh"), dictionary=SMALL)
WIDE = replace(LA, width=2, dictionary=SMALL)
GATED = replace(MOA, width=2)
SHORT = Search(generations=2, candidates=2, trial=3, iterations=6, finished=2)
ONE = Execution(threads=1)


# --- what is found -------------------------------------------------------------------------------


@pytest.mark.parametrize("family", [LA, MOA], ids=["la", "moa"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_network_of_the_class_is_found_again(family, seed):
    samples = taught(family, seed=seed)
    full, coarse = problems(family, samples, coarse=128)
    seen: list[float] = []
    result = search(
        full,
        coarse,
        lanes=32,
        seed=0,
        how=Search(generations=40),
        on_generation=lambda generation, told: seen.append(float(told.error_L[0])),
    )
    assert float(result.error_L[0]) <= 1e-12
    assert errors(full, samples, result)[0] <= 1.1e-12
    assert len(seen) <= 40 and seen[-1] <= 1e-12  # it ended when the network was found
    assert all(best > 1e-12 for best in seen[:-1])
    assert result.error_L.shape == result.status_L.shape == (32,)


def test_what_a_result_reports():
    samples = waves(MOA)
    full, coarse = problems(MOA, samples)
    result = search(full, coarse, lanes=12, seed=0, how=SHORT)
    assert result.theta_LP.shape == (12, full.parameters)
    # on the full rule, whatever the lanes were selected by
    np.testing.assert_allclose(result.error_L, errors(full, samples, result), rtol=1e-9)
    assert result.best == 0
    ended = {Status.CONVERGED, Status.STALLED, Status.ITERATION_LIMIT}
    assert {Status(status) for status in result.status_L[:2].tolist()} <= ended
    assert set(result.status_L[2:].tolist()) == {Status.GIVEN_UP}
    assert (result.iterations_L[:2] > 0).all()


def test_generations_follow_one_another_and_end():
    full, coarse = problems(LA, waves(LA))
    seen: list[tuple[int, FitResult]] = []

    def generations(how: Search) -> list[int]:
        seen.clear()
        search(
            full, coarse, lanes=8, seed=0, how=how, on_generation=lambda *each: seen.append(each)
        )
        return [number for number, _ in seen]

    assert generations(replace(SHORT, generations=0)) == [0]
    assert generations(replace(SHORT, generations=3)) == [0, 1, 2, 3]
    settled = generations(replace(SHORT, generations=50, patience=1, populations=1, progress=0.9))
    assert settled == list(range(len(settled))) and len(settled) < 10
    # another population does not end a search that has no limit of them
    assert generations(replace(SHORT, generations=12, patience=1, progress=0.9)) == list(range(13))


def test_more_generations_are_better():
    full, coarse = problems(GATED, taught(GATED, seed=3))
    none, some = (
        float(search(full, coarse, lanes=8, seed=0, how=replace(SHORT, generations=g)).error_L[0])
        for g in (0, 8)
    )
    assert some < 0.9 * none


# --- bits ----------------------------------------------------------------------------------------


def digest(result: FitResult) -> str:
    parts = [tensor.contiguous().numpy().tobytes() for tensor in vars(result).values()]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def short_search(execution: Execution, seed: int = 0) -> FitResult:
    full, coarse = problems(MOA, waves(MOA))
    return search(full, coarse, lanes=20, seed=seed, how=SHORT, execution=execution)


def test_scheduling_is_invisible():
    expected = short_search(ONE)
    for execution in (
        Execution(lane_chunk=4, threads=1, check_every=1),
        Execution(lane_chunk=8, threads=2, check_every=3),
        Execution(lane_chunk=64, threads=2),
    ):
        assert digest(short_search(execution)) == digest(expected)
    assert digest(short_search(ONE, seed=1)) != digest(expected)


OTHER_PROCESS = """
    import sys
    sys.path[:0] = ["tests/helpers", "tests/expressivity/fitting"]
    from test_search import Execution, digest, short_search
    print(digest(short_search(Execution(threads=2))))
"""


def test_another_process_gives_the_same_bits():
    completed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(OTHER_PROCESS)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
        env=os.environ | {"OMP_NUM_THREADS": "2"},
    )
    assert completed.stdout.split() == [digest(short_search(ONE))]


# --- given lanes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("coarse", [64, 6])
def test_what_is_given_is_not_lost(coarse):
    # on six nodes every lane is exact, which says nothing of the full rule
    samples = waves(MOA)
    full, fewer = problems(MOA, samples, coarse=coarse)
    best = fit(full, VariableProjection(), random_starts(MOA, seed=9, restarts=16))
    given_LP = best.theta_LP[best.best][None]
    how = replace(SHORT, generations=1, trial=1, iterations=1, finished=1)
    alone = search(full, fewer, lanes=4, seed=0, how=how)
    result = search(full, fewer, lanes=4, seed=0, how=how, given_LP=given_LP)
    assert float(alone.error_L[0]) > float(best.error_L.min())
    assert float(result.error_L[0]) <= float(best.error_L.min()) * (1 + 1e-12)
    assert result.theta_LP.shape[0] == 4
    np.testing.assert_allclose(result.error_L, errors(full, samples, result), rtol=1e-9)


def test_a_given_network_that_is_the_target_ends_the_search():
    samples = taught(LA)
    full, coarse = problems(LA, samples)
    given_LP = drawn(LA, np.random.default_rng((0, 1)), 1)
    seen: list[int] = []
    result = search(
        full,
        coarse,
        lanes=4,
        seed=0,
        how=SHORT,
        given_LP=given_LP,
        on_generation=lambda generation, told: seen.append(generation),
    )
    assert seen == [0] and float(result.error_L[0]) <= 1e-12


# --- lanes that are not finite -------------------------------------------------------------------


@pytest.mark.parametrize(("reach", "some"), [(3.0, True), (1e9, False)])
def test_networks_that_overflow_are_kept_apart(reach, some):
    record = activation("explosive", sp.exp(60 * Z))
    with registered_activation(record):
        family = Family(
            kind="fixed", neuron="type1", width=1, dimension=2, dictionary=("explosive",)
        )
        samples = waves(family)
        samples = replace(samples, nodes_ND=reach * samples.nodes_ND)
        full, coarse = problems(family, samples)
        how = replace(SHORT, generations=0, candidates=1)
        result = search(full, coarse, lanes=24, seed=0, how=how)
    failed_L = result.status_L == Status.NON_FINITE
    assert failed_L.any() and torch.equal(failed_L, ~torch.isfinite(result.error_L))
    assert result.failed == int(failed_L.sum()) < 24 if some else failed_L.all()
    assert bool(torch.isfinite(result.error_L[0])) is some


def test_given_lanes_that_are_not_finite_do_no_harm():
    full, coarse = problems(LA, waves(LA))
    given_LP = torch.full((2, full.parameters), torch.nan, dtype=torch.float64)
    result = search(full, coarse, lanes=4, seed=0, how=SHORT, given_LP=given_LP)
    assert torch.isfinite(result.error_L).all()


# --- classes and devices -------------------------------------------------------------------------

VARIANTS = {
    "affine": replace(WIDE, constraint=Constraint.AFFINE),
    "simplex": replace(WIDE, constraint=Constraint.SIMPLEX),
    "per neuron": replace(GATED, groups=PER_NEURON),
    "two outputs": replace(GATED, outputs=2),
    "no biases": replace(GATED, bias=False, gate=GateSpec(name="tanh", bias=False)),
    "gates without scale": replace(GATED, gate=GateSpec(name="softmax", scale=False)),
    "fixed": replace(WIDE, kind="fixed", dictionary=("gelu",)),
    "quadratic": replace(WIDE, neuron="quadratic"),
    "parameters": Family(kind="fixed", neuron="snake", width=2, dimension=2),
}


def assert_searched(family: Family) -> None:
    samples = waves(family, nodes=48)
    full, coarse = problems(family, samples, coarse=32)
    result = search(full, coarse, lanes=8, seed=0, how=replace(SHORT, generations=1))
    np.testing.assert_allclose(result.error_L, errors(full, samples, result), rtol=1e-7)
    assert result.best == 0 and float(result.error_L[0]) < 1
    started = unpack(family, drawn(family, np.random.default_rng(0), 1))
    for name, block in unpack(family, result.theta_LP).items():
        held = family.frozen(name)
        if held is not None:
            assert (block[..., held] == started[name][..., held]).all(), name


@pytest.mark.parametrize("name", VARIANTS)
def test_variants(name):
    assert_searched(VARIANTS[name])


@pytest.mark.parametrize("name", ODD)
def test_odd_neurons(name):
    with odd_neurons() as records:
        record = records[name]
        kind = kinds_of(record)[-1]
        assert_searched(
            Family(
                kind=kind,
                neuron=name,
                width=2,
                dimension=2,
                dictionary=SMALL if record.mixtures else (),
                gate=GateSpec(name="tanh") if kind.gated else None,
            )
        )


def test_single_precision():
    samples = taught(LA)
    full, coarse = problems(LA, samples, coarse=128, dtype=torch.float32)
    seen: list[float] = []
    result = search(
        full,
        coarse,
        lanes=16,
        seed=0,
        how=Search(generations=20),
        on_generation=lambda generation, told: seen.append(float(told.error_L[0])),
    )
    assert result.theta_LP.dtype == result.error_L.dtype == torch.float64
    # round-off of the fit's precision is noticed
    assert float(result.error_L[0]) <= seen[-1] < 18 * torch.finfo(torch.float32).eps
    assert len(seen) < 10


def test_an_accelerator_is_asked_for_statuses_and_lanes_alone():
    full, coarse = problems(MOA, waves(MOA), device="meta")
    looks = iter(range(10**6))

    def answer(value: Tensor) -> Tensor:
        if value.dtype == torch.int64:
            return torch.full(value.shape, int(Status.CONVERGED))
        shown = 1 + torch.arange(value.numel(), dtype=value.dtype) + next(looks)
        return shown.reshape(value.shape)

    with AcceleratorWatch(answer) as watch:
        result = search(full, coarse, lanes=8, seed=0, how=SHORT)
    assert watch.mixed == []
    assert {len(shape) for shape in watch.reads} == {1, 2}
    assert {shape[1] for shape in watch.reads if len(shape) == 2} == {full.parameters}
    assert result.error_L.shape == (8,)


@pytest.mark.cuda
def test_a_search_on_an_accelerator():
    full, coarse = problems(LA, taught(LA), coarse=128, device="cuda")
    result = search(full, coarse, lanes=32, seed=0, how=Search(generations=40))
    assert result.theta_LP.device.type == "cpu"
    assert float(result.error_L[0]) <= 1e-12


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("generations", -1),
        ("generations", 2.0),
        ("patience", 0),
        ("candidates", 0),
        ("parents", 1),
        ("trial", 0),
        ("iterations", True),
        ("finished", 0),
    ],
)
def test_a_search_is_checked(name, value):
    with pytest.raises(ValueError, match=rf"^required: {name} as a whole number of at least \d+"):
        Search(**{name: value})


def test_refusals():
    full, coarse = problems(LA, waves(LA))
    with pytest.raises(ValueError, match=r"^required: at least 4 lanes in a search; got 3$"):
        search(full, coarse, lanes=3, seed=0)
    for shape in ((1, full.parameters + 1), (full.parameters,)):
        with pytest.raises(ValueError, match=r"^required: given lanes of shape [^\n]*$"):
            search(full, coarse, lanes=4, seed=0, given_LP=torch.zeros(shape).double())
    own = ModuleFamily(
        name="own",
        factory=lambda width, dimension: nn.Sequential(
            nn.Linear(dimension, width), nn.Tanh(), nn.Linear(width, 1)
        ),
    )(2, 2)
    full, coarse = (make_problem(own, waves(LA), compiled=False) for _ in range(2))
    with pytest.raises(ValueError, match=r"^required: a class with a record; got the module own"):
        search(full, coarse, lanes=4, seed=0)
