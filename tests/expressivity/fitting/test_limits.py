"""What a fit may ask for.

Kinds: reference (the estimate against the memory that torch counts), property (where the limits
lie, and that each refusal names both sizes), negative (one line before anything is allocated).
"""

import re
from itertools import accumulate
from math import prod

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from experiments.teachers import Effort, StudentUnit, Teacher
from expressivity.classes.catalogue import family_named
from expressivity.classes.networks import parameter_length
from expressivity.fitting import (
    LevenbergMarquardt,
    VariableProjection,
    limits,
    make_problem,
    random_starts,
)
from expressivity.fitting.driver import Execution
from expressivity.fitting.errors import fit_samples
from expressivity.fitting.problem import largest_block
from expressivity.fitting.variable_projection import default_linear_block
from expressivity.front.questions import fit as ask
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit
from expressivity.targets.builtin import t2

LA = family_named("la", 4, 2)
GIB = 2**30


@pytest.fixture
def memory(monkeypatch) -> dict[str, int | None]:
    """What devices have, to be changed by a test."""
    found: dict[str, int | None] = {"cpu": 4 * GIB, "cuda": None}
    monkeypatch.setattr(limits, "memory_of", lambda device: found[device])
    return found


def refusal(build) -> str:
    with pytest.raises(ValueError, match=r"^required: ") as caught:
        build()
    message = str(caught.value)
    assert "\n" not in message and len(re.findall(r"[\d.e+]+ GiB", message)) >= 1
    return message


def test_a_thousand_million_restarts_are_refused_everywhere():
    # were one of them to begin, it would not end
    many = 10**9
    for build in (
        lambda: Settings(restarts=many),
        lambda: Effort(lanes=many),
        lambda: ask("x1*x2", restarts=many),
        lambda: random_starts(LA, seed=0, restarts=many),
    ):
        refusal(build)
    message = refusal(lambda: Settings(restarts=many, candidates=1))
    assert "at most 4194304; got 1 * 1000000000 * 1, which take 7.45 GiB for each weight" in message


def test_a_wide_network_is_refused_with_the_memory_of_its_square():
    wide = family_named("la", 10**9, 2)
    message = refusal(lambda: FitUnit(target=t2(), family=wide, settings=Settings()))
    assert "at most 8192 weights" in message and "0.5 GiB" in message
    assert refusal(lambda: random_starts(wide, seed=0, restarts=1)) == message


def test_a_fit_that_the_machine_cannot_hold_names_what_it_would_take(memory):
    # la of width w eliminates w numbers: the projection holds w^2 times the others
    wide = family_named("la", 400, 2)

    def unit():
        return FitUnit(target=t2(), family=wide, settings=Settings(restarts=32))

    message = refusal(unit)
    asked = float(re.search(r"takes ([\d.]+) GiB or more", message)[1])
    at_once = Execution.for_device("cpu").at_once(32)
    assert asked > at_once * 400**2 * 1207 * 8 / GIB > 4
    assert "fits in the 4 GiB of memory of this machine" in message
    assert message.endswith("choose a smaller width")
    memory["cpu"] = int((asked + 1) * GIB)
    assert unit().parts == 32
    memory["cpu"] = None
    assert unit().parts == 32


def test_starts_that_the_machine_cannot_hold(memory):
    memory["cpu"] = GIB // 2
    settings = Settings(restarts=2**18, candidates=16)
    message = refusal(lambda: FitUnit(target=t2(), family=LA, settings=settings))
    assert message.endswith("choose fewer restarts or candidates")
    teacher = Teacher(name="la", family=LA)
    effort = Effort(seeds=1, lanes=2**18, candidates=16)
    assert (
        refusal(lambda: StudentUnit(teacher=teacher, name="la", student=LA, effort=effort))
        == message
    )


def test_lanes_on_a_device_are_compared_with_its_memory(memory):
    settings = Settings(restarts=1024, device="cuda")
    assert FitUnit(target=t2(), family=LA, settings=settings).parts == 1024
    memory["cuda"] = GIB // 16
    message = refusal(lambda: FitUnit(target=t2(), family=LA, settings=settings))
    assert "fits in the 0.0625 GiB of memory of the device cuda" in message
    memory["cuda"] = 8 * GIB
    assert FitUnit(target=t2(), family=LA, settings=settings).parts == 1024


def test_the_memory_of_this_machine(monkeypatch, tmp_path):
    memory_of = limits.memory_of.__wrapped__
    group = tmp_path / "memory.max"
    monkeypatch.setattr(limits, "_CGROUP", (group, tmp_path / "missing"))
    monkeypatch.setattr(limits, "physical_memory", lambda: 8 * GIB)
    assert memory_of("cpu") == 8 * GIB
    group.write_text("max\n")
    assert memory_of("cpu") == 8 * GIB
    group.write_text(f"{3 * GIB}\n")
    assert memory_of("cpu") == 3 * GIB
    monkeypatch.setattr(limits, "physical_memory", lambda: None)
    group.unlink()
    assert memory_of("cpu") is None
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert memory_of("cuda") is None
    assert memory_of("meta") is None


@pytest.mark.parametrize("algorithm", [VariableProjection(), LevenbergMarquardt()])
@pytest.mark.parametrize("width", [4, 40, 100])
@pytest.mark.parametrize("name", ["tanh", "la", "moa-tanh"])
def test_no_more_is_refused_than_an_evaluation_takes(name, width, algorithm):
    # counted by torch itself: what the system reports depends on the allocator and the kernel
    family = family_named(name, width, 2)
    problem = make_problem(family, fit_samples(t2(), gradient=False), compiled=False)
    starts_LP = random_starts(family, seed=0, restarts=4)
    with torch.no_grad(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        algorithm.start(problem, starts_LP)
    taken = _height(seen)
    projects = isinstance(algorithm, VariableProjection)
    eliminated = prod(family.shapes[default_linear_block(family)]) if projects else 0
    rows = largest_block(family, 1, "cpu")
    numbers = limits.lane_numbers(parameter_length(family), rows, eliminated)
    # "or more": what is refused does not fit
    assert 0.4 * taken < 4 * numbers * limits.NUMBER <= taken


def _height(seen) -> int:
    """Bytes that torch held at most, beyond what was held before."""
    events = [
        event for event in seen.profiler.kineto_results.events() if event.name() == "[memory]"
    ]
    changes = [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]
    return max(accumulate(changes))
