"""Compiled programs.

Kinds: reference (compiled against eager), property (one graph serves all sizes, structures do
not share code, first calls are timed once), negative (no compiler).
"""

import logging
import shutil
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import FIXED_FORMS, Kind
from expressivity.classes.neurons import FORMS
from expressivity.classes.structure import Structure
from expressivity.fitting import Samples, make_problem, random_starts
from expressivity.fitting import program as module
from expressivity.fitting.problem import columns
from expressivity.fitting.program import CLOCK, compiler_available, program

needs_compiler = pytest.mark.skipif(not compiler_available(), reason="needs a C++ compiler")

LA = Family(kind=Kind.LA, neuron="type1", width=2, dimension=2, dictionary=("relu", "tanh"))


@pytest.fixture
def alerts() -> Generator[list[logging.LogRecord]]:
    """Warnings that the compiler logs, among them those about recompilations."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Keep(level=logging.WARNING)
    loggers = [logging.getLogger(name) for name in ("torch._dynamo", "torch._inductor")]
    for logger in loggers:
        logger.addHandler(handler)
    yield records
    for logger in loggers:
        logger.removeHandler(handler)


def graphs() -> int:
    """Graphs compiled by this process so far."""
    counters: Any = torch._dynamo.utils.counters
    return counters["stats"]["unique_graphs"]


def rows(
    family: Family, samples: Samples, lanes: int, *, compiled: bool, node_block: int = 512
) -> Tensor:
    problem = make_problem(family, samples, compiled=compiled, node_block=node_block)
    with torch.no_grad():
        return torch.cat(list(problem.blocks(random_starts(family, seed=0, restarts=lanes))), 2)


def assert_close_rows(mine: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-14 * float(other.abs().max()))


def graphs_for_all_sizes(family: Family, random_samples: Any, *, gradient: bool) -> int:
    """Compare with eager at many sizes; the number of graphs that takes."""
    before, calls, seconds = graphs(), len(CLOCK.seen), CLOCK.seconds
    limit = torch._dynamo.config.patch(recompile_limit=4, fail_on_recompile_limit_hit=True)
    with limit:
        for dimension, node_block in ((2, 512), (1, 512), (2, 48)):
            samples = random_samples(40 + 16 * dimension, dimension)
            if gradient:
                samples = replace(samples, gradients_NOD=samples.nodes_ND[:, None].clone())
            for width, lanes in ((2, 4), (1, 8), (4, 16), (3, 12), (1, 4)):
                sized = replace(family, width=width, dimension=dimension)
                compiled, eager = (
                    rows(sized, samples, lanes, compiled=c, node_block=node_block)
                    for c in (True, False)
                )
                assert_close_rows(compiled, eager)
    assert len(CLOCK.seen) - calls == 2
    assert CLOCK.seconds > seconds
    return graphs() - before


@needs_compiler
def test_one_graph_serves_all_sizes(alerts, random_samples):
    # width 1 has a graph of its own, as broadcasting differs; all other sizes share one
    family = replace(LA, dictionary=("tanh", "relu"))  # a structure of this test alone
    assert graphs_for_all_sizes(family, random_samples, gradient=False) == 2
    assert [record.getMessage() for record in alerts] == []


@pytest.mark.slow
@needs_compiler
def test_one_gradient_graph_serves_all_widths_and_rules(alerts, random_samples):
    # one for width 1 and one for the others in each of two dimensions
    family = replace(LA, dictionary=("tanh", "relu"), neuron="one_sided")
    assert graphs_for_all_sizes(family, random_samples, gradient=True) == 4
    assert [record.getMessage() for record in alerts] == []


def structures() -> list[Family]:
    """Families of all structures over the full dictionary."""
    found: list[Family] = []
    for form in FORMS:
        family = replace(LA, neuron=form, dictionary=FULL_DICTIONARY)
        found.append(family)
        found += [replace(family, kind=Kind.MOA, gate=GateSpec(name=name)) for name in GATES]
    return found


def forget_programs() -> None:
    module._build.cache_clear()


def test_each_structure_has_a_code_object_of_its_own(monkeypatch):
    compiled: list[Any] = []

    def keep(function: Any, **options: Any) -> Any:
        assert options["fullgraph"]
        assert options["options"]["cpp.threads"] == 1
        compiled.append(function)
        return function

    monkeypatch.setattr(torch, "compile", keep)
    forget_programs()
    try:
        for family in structures():
            for gradient in (False, True):
                structure = Structure.of(family)
                first = program(structure, gradient=gradient, compiled=True)
                assert program(structure, gradient=gradient, compiled=True) is first
        shared = replace(LA, kind=Kind.FIXED, width=7, dictionary=("silu",))
        program(Structure.of(shared, shared=True), gradient=False, compiled=True)
    finally:
        forget_programs()  # these are not compiled
    assert len(compiled) == 2 * len(structures())
    assert len({function.__code__ for function in compiled}) == len(compiled)
    assert len({function.__code__.co_name for function in compiled}) == len(compiled)


def test_fixed_and_la_share_a_program():
    for form in FIXED_FORMS:
        la = replace(LA, neuron=form, dictionary=FULL_DICTIONARY)
        fixed = replace(la, kind=Kind.FIXED, dictionary=("relu2",), width=1)
        assert Structure.of(la) == Structure.of(fixed, shared=True)


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("gradient", [False, True], ids=["l2", "h1"])
@pytest.mark.parametrize("width", [1, 3])
def test_compiled_rows_are_the_eager_ones(width, gradient, each_family, random_samples):
    samples = random_samples(50, 2)
    if gradient:
        samples = replace(samples, gradients_NOD=samples.nodes_ND[:, None].clone())
    family = replace(each_family, width=width)
    compiled, eager = (rows(family, samples, 4, compiled=c) for c in (True, False))
    # Without a compiler a fixed activation is evaluated alone, and rows that no fit reads are 0.
    learned = columns(family, None, torch.device("cpu")).moved.tolist()
    read = [*learned, *range(sum(map(prod, family.shapes.values())), eager.shape[1])]
    assert len(read) >= 4 + width
    assert_close_rows(compiled[:, read], eager[:, read])


@needs_compiler
def test_threads_may_meet_in_a_first_call(random_samples):
    # the first calls of one pattern of sizes are serialised: no graph is compiled twice
    family = replace(LA, dictionary=("relu",), dimension=1)
    samples = random_samples(48, 1)
    before = graphs()
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(rows, family, samples, 8, compiled=True) for _ in range(4)]
        results = [future.result() for future in futures]
    assert graphs() - before <= 1
    for result in results:
        assert torch.equal(result, results[0])


def compiler(tmp_path, text: str) -> str:
    path = tmp_path / "compiler"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_without_a_compiler(monkeypatch, untried):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "")
    assert compiler_available() is False
    assert module.compiler_problem() == "no C++ compiler found"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("#!/bin/sh\nexit 1\n", "does not compile a small program"),
        ("#!/bin/sh\nexit 0\n", "does not compile a small program"),  # and writes nothing
        ("no program at all", "does not run (OSError)"),
        ("#!/no/such/shell\n", "does not run (FileNotFoundError)"),
        ("#!/bin/sh\necho g++ 13; kill -9 $$\n", "does not compile a small program"),
    ],
)
def test_a_compiler_that_does_not_run_counts_as_none(monkeypatch, untried, tmp_path, text, problem):
    monkeypatch.setenv("CXX", compiler(tmp_path, text))
    assert compiler_available() is False
    assert module.compiler_problem() == f"the C++ compiler {tmp_path}/compiler {problem}"


def test_a_compiler_that_hangs_is_ended_with_what_it_started(monkeypatch, untried, tmp_path):
    child = tmp_path / "child"
    text = f"#!/bin/sh\nsleep 600 & echo $! >{child}\nwait\n"
    monkeypatch.setenv("CXX", compiler(tmp_path, text))
    monkeypatch.setattr(module, "_TRIAL_SECONDS", 1.0)
    assert (module.compiler_problem() or "").endswith("does not run (TimeoutExpired)")
    limit = time.monotonic() + 60
    while runs(int(child.read_text())):
        assert time.monotonic() < limit, "what it started goes on"
        time.sleep(0.05)


def runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def test_a_compiler_whose_output_does_not_load_counts_as_none(monkeypatch, untried, tmp_path):
    writes = '#!/bin/sh\nfor last; do :; done\necho "no library" >"$last"\n'
    monkeypatch.setenv("CXX", compiler(tmp_path, writes))
    expected = f"what the C++ compiler {tmp_path}/compiler builds cannot be loaded"
    assert module.compiler_problem() == expected


def test_a_compiled_problem_without_a_compiler_is_refused(monkeypatch, untried):
    monkeypatch.setenv("CXX", "/nonexistent")
    samples = Samples(
        nodes_ND=torch.zeros(1, 2), weights_N=torch.ones(1), values_NO=torch.ones(1, 1)
    )
    with pytest.raises(RuntimeError, match=r"required: a C\+\+ compiler that works, for compiled"):
        make_problem(LA, samples, compiled=True)


def test_a_compiler_that_is_not_there_is_named(monkeypatch, untried):
    monkeypatch.setenv("CXX", "/nonexistent")
    assert module.compiler_problem() == "no C++ compiler found: /nonexistent is none"


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_a_compiler_that_works_is_tried_once(monkeypatch, untried):
    monkeypatch.setenv("CXX", "g++")
    assert compiler_available() is True
    monkeypatch.setattr(module.subprocess, "Popen", None)
    assert compiler_available() is True
