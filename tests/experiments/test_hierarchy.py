"""Tests of the teacher-student matrix.

Kinds: property (packed floats are exact weights), negative (contradictions are found), end to end
(a small run, with a class of a plug-in).
"""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.experiment import Tier
from experiments.hierarchy import (
    Budget,
    classes,
    headlines,
    hierarchy,
    matrix,
    order,
    student_width,
    teachers,
    units,
)
from experiments.teachers import Effort, StudentUnit, Teacher, exact
from expressivity.classes.catalogue import FAMILIES, family_of
from expressivity.classes.kinds import Kind
from expressivity.classes.weights import start_from
from expressivity.fitting.starts import random_start, random_starts
from expressivity.runs import units as work
from expressivity.runs.folder import Entry, Run, RunFolder, read_run
from expressivity.targets.builtin import t1, t2

QUICK = Effort(seeds=2, lanes=4, generations=1, candidates=2)


def quickly(_teacher: Teacher, _name: str) -> Effort:
    return QUICK


@given(st.integers(0, 10**6))
@settings(deadline=None, derandomize=True, max_examples=10)
def test_packed_floats_are_exact_weights(lane):
    family = FAMILIES["moa-quadratic"](2, 2)
    theta_P = random_start(family, seed=3, lane=lane)
    assert torch.equal(start_from(family, exact(family, theta_P)), theta_P)


def test_equal_parameters_are_never_fewer_neurons_or_parameters():
    for name in classes():
        teacher = FAMILIES[name](2, 2)
        for other in classes():
            width = student_width(FAMILIES[other], teacher, Budget.PARAMETERS)
            student = FAMILIES[other](width, 2)
            assert width >= 2
            assert student.parameter_count >= teacher.parameter_count
            if width > 2:
                assert FAMILIES[other](width - 1, 2).parameter_count < teacher.parameter_count


def test_theorems_teach_in_the_classes_they_are_about():
    found = {t.label for t in teachers(classes(), 2) if t.target is not None}
    assert {"la (t1)", "moa-tanh (t2)", "la-one-sided (t3b)", "moa-quadratic (t5q)"} <= found
    assert not {"relu (t1)", "la (t2)", "la-one-sided (t3)"} & found


def test_a_theorem_outside_the_class_does_not_teach():
    teacher = Teacher(name="la", family=FAMILIES["la"](1, 2), target=t2())
    with pytest.raises(ValueError, match="a target in the class of its teacher; t2"):
        teacher.weights(0)


def test_no_start_is_the_teacher():
    family = FAMILIES["la"](1, 2)
    teacher_P = start_from(family, Teacher(name="la", family=family).weights(0))
    starts_LP = random_starts(family, seed=0, restarts=64)
    assert (starts_LP - teacher_P).abs().amax(1).min() > 0.1


def test_every_number_of_a_unit_is_in_its_key():
    unit = StudentUnit(
        teacher=Teacher(name="la", family=FAMILIES["la"](1, 1), target=t1()),
        name="relu",
        student=FAMILIES["relu"](1, 1),
        effort=QUICK,
    )
    others = [
        replace(unit, teacher=replace(unit.teacher, target=None)),
        replace(unit, teacher=Teacher(name="la", family=FAMILIES["la"](2, 1), target=t1())),
        replace(unit, student=FAMILIES["relu"](2, 1)),
        replace(unit, effort=replace(QUICK, generations=2)),
        replace(unit, student=FAMILIES["relu"](2, 1), narrower=1),
    ]
    assert len({unit.key, *(other.key for other in others)}) == 6


def test_tiers_grow():
    smoke, cpu = hierarchy(Tier.SMOKE), hierarchy(Tier.CPU)
    assert 0 < len(smoke.units) < len(cpu.units)
    assert {u.name for u in cpu.units} == set(classes())


def test_a_class_tries_hardest_with_its_own_networks():
    hard = [u.effort for u in hierarchy(Tier.CPU).units if u.name == u.teacher.name]
    others = {u.effort for u in hierarchy(Tier.CPU).units if u.name != u.teacher.name}
    [soon] = others
    assert soon.search.patience == soon.search.populations == 1
    assert all(e.search.populations is None and e.lanes > soon.lanes for e in hard)


def test_a_wider_student_begins_with_what_it_learned_at_equal_width():
    wider = [u for u in hierarchy(Tier.CPU).units if u.student.width > u.teacher.family.width]
    assert wider
    assert all(u.narrower == u.teacher.family.width for u in wider)
    teacher = Teacher(name="la", family=FAMILIES["la"](1, 2))
    narrow = StudentUnit(teacher=teacher, name="relu", student=FAMILIES["relu"](1, 2), effort=QUICK)
    wide = replace(narrow, student=FAMILIES["relu"](3, 2), narrower=1)
    records = [unit.run().record["lessons"] for unit in (narrow, wide)]
    for before, after in zip(*records, strict=True):
        assert 1e-3 < after["random"] <= before["random"] * 1.01  # on another rule than the fit's


def test_a_search_needs_its_lanes():
    with pytest.raises(ValueError, match="at least 4 lanes of a search; got 3"):
        replace(QUICK, lanes=3)


def test_the_title_and_headlines_name_the_classes():
    for tier in (Tier.SMOKE, Tier.CPU):
        experiment = hierarchy(tier)
        assert all(
            unit.name in experiment.title.split(": ")[1].split(", ") for unit in experiment.units
        )
    numbers = headlines(
        run_of(entry("relu", "relu", "member", 0.0, 1e-15), entry("la", "la", "member", 0.0, 1e-3))
    )
    assert numbers["relu: own networks learned"] == 1
    assert numbers["la: own networks learned"] == 0


# --- orders ---------------------------------------------------------------------------------------


def entry(teacher: str, student: str, verdict: str, best: float | None, random: float) -> Entry:
    lesson = {
        "seed": 0,
        "best": best,
        "random": random,
        "contained": best if verdict == "member" else None,
        "reached": int(random <= 1e-10),
        "failed": int(best is None),
    }
    families = [{"name": name, "family": {"width": 1}} for name in (teacher, student)]
    return Entry(
        key=f"{teacher}{student}",
        identity={"unit": "student", "teacher": families[0], "student": families[1]},
        record={
            "teacher": teacher,
            "verdict": verdict,
            "reason": "",
            "maps": [],
            "lessons": [lesson, {**lesson, "seed": 1}],
        },
        seconds=0.0,
    )


def run_of(*entries: Entry) -> Run:
    return Run(path=Path(), manifest={}, entries=entries, damaged=(), failures=())


def test_orders_tell_contradictions_from_discoveries():
    run = run_of(
        entry("relu", "relu", "member", 0.0, 1e-15),
        entry("relu", "la", "member", 1e-9, 1e-9),
        entry("tanh", "la", "member", None, 1.0),
        entry("la", "relu", "unknown", 0.1, 0.1),
        entry("relu", "silu", "unknown", 1e-8, 1e-8),
        entry("tanh", "relu", "unknown", 1e-14, 1e-14),
        entry("tanh", "silu", "non_member", 1e-14, 1e-14),
        entry("la", "silu", "non_member", 4e-11, 4e-11),  # tends to 0, perhaps
    )
    found = order(matrix(run))
    assert found.contained == (("relu", "relu"),)
    assert set(found.contradictions) == {("relu", "la"), ("tanh", "la")}
    assert found.open == (("tanh", "relu"),)
    assert found.surprises == (("tanh", "silu"),)
    assert found.separated == (("la", "relu"),)
    numbers = headlines(run)
    assert numbers["equal width: contradictions"] == 2
    assert numbers["equal width: worst error of the proved cells"] == float("inf")
    assert numbers["equal width: failed restarts"] == 2


def test_a_matrix_of_an_absent_width_is_refused():
    with pytest.raises(ValueError, match=r"a width of teachers in the run, \[1\]; got 3"):
        matrix(run_of(entry("relu", "relu", "member", 0.0, 0.0)), width=3)


# --- a run ----------------------------------------------------------------------------------------


@pytest.fixture
def plugin():
    """A class of a plug-in: gelu, as an entry point would add it."""
    FAMILIES.add("my-layer", family_of(Kind.FIXED, dictionary=("gelu",)))
    yield "my-layer"
    FAMILIES._entries.pop("my-layer")


@pytest.mark.slow
def test_a_plugin_takes_its_place_in_the_matrix(plugin, tmp_path):
    assert plugin in {unit.name for unit in hierarchy(Tier.CPU).units}
    work_units = units(("relu", "la", plugin), 1, quickly)
    folder = RunFolder(tmp_path / "run", configuration={}, facts={})
    assert work.run(work_units, folder) == []
    run = read_run(folder.path)
    found = matrix(run)
    assert found.students == ("relu", "la", plugin)
    assert found.teachers == ("relu", "la", "la (t1)", plugin)
    assert len(found.cells) == 12
    cell = found.cells[plugin, "la"]
    assert cell.maps == ("fixed in la", "more activations")
    assert cell.worst <= 1e-12
    assert found.cells["la", plugin].worst > 1e-3
    assert (plugin, "relu") in order(found).separated
    wide = matrix(run, budget=Budget.PARAMETERS)
    assert (wide.cells["la", "relu"].width, found.cells["la", "relu"].width) == (3, 1)
    assert headlines(run)["equal parameters: contradictions"] == 0
    stored = next(e.record for e in run.entries if e.key == work_units[0].key)
    assert work_units[0].run().record == stored
