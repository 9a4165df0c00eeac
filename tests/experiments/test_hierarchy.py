"""Tests of the teacher-student matrix.

Kinds: property (maps keep the function of random networks), reference (exact identities),
negative (no map where none is proved, contradictions are found), end to end (a small run, with
a class of a plug-in).
"""

from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.embedding import INCLUSIONS, embed, inclusions
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
from expressivity.classes.families import Family, Kind
from expressivity.classes.gates import GateSpec
from expressivity.classes.networks import evaluate
from expressivity.classes.weights import Weights, network_expression, start_from
from expressivity.fitting.starts import random_start, random_starts
from expressivity.runs import units as work
from expressivity.runs.folder import Entry, Run, RunFolder, read_run
from expressivity.targets.builtin import t1, t2

SMALL = ("id", "relu")
NODES_ND = torch.linspace(-0.9, 0.9, 40, dtype=torch.float64).reshape(20, 2)
QUICK = Effort(seeds=2, restarts=2, candidates=2, iterations=20)


def softmax(form: str) -> Family:
    return family_of(Kind.MOA, form, dictionary=SMALL, gate=GateSpec(name="softmax"))(2, 2)


PAIRS = [
    (small(2, 2), large(3, 2), f"{name} in {other}")
    for name, small in ((name, FAMILIES[name]) for name in classes())
    for other, large in ((name, FAMILIES[name]) for name in classes())
    if inclusions(small(2, 2), large(3, 2)) is not None
] + [
    (softmax("one_sided"), softmax("two_sided"), "softmax one_sided in two_sided"),
    (softmax("type1"), softmax("quadratic"), "softmax type1 in quadratic"),
    (
        family_of(Kind.MOA, gate=GateSpec(name="tanh", scale=False), bias=False)(2, 2),
        FAMILIES["moa-tanh"](2, 2),
        "fewer switches",
    ),
]


@pytest.mark.parametrize(("small", "large"), [p[:2] for p in PAIRS], ids=[p[2] for p in PAIRS])
def test_maps_keep_the_function_of_random_networks(small, large):
    for lane in range(2):
        theta_P = random_start(small, seed=7, lane=lane)
        carried = embed(small, exact(small, theta_P), large)
        before = evaluate(small, theta_P[None], NODES_ND)[0, 0]
        after = evaluate(large, start_from(large, carried)[None], NODES_ND)[0, 0]
        assert (after - before).abs().max() <= 1e-12 * before.abs().max()


@given(st.integers(0, 10**6))
@settings(deadline=None, derandomize=True, max_examples=10)
def test_packed_floats_are_exact_weights(lane):
    family = FAMILIES["moa-quadratic"](2, 2)
    theta_P = random_start(family, seed=3, lane=lane)
    assert torch.equal(start_from(family, exact(family, theta_P)), theta_P)


def symbols(family: Family) -> Weights:
    """A symbol for every entry."""
    blocks = {
        name: sp.ImmutableMatrix(
            shape[0],
            shape[1] if len(shape) == 2 else 1,
            lambda i, j, name=name: sp.Symbol(f"{name}_{i}_{j}", real=True),
        )
        for name, shape in family.shapes.items()
    }
    return Weights(blocks=blocks)


LA = family_of(Kind.LA, dictionary=SMALL)(2, 2)
SYMBOLIC = {
    "type1 in one_sided": (LA, replace(LA, neuron="one_sided")),
    "one_sided in two_sided": tuple(replace(LA, neuron=f) for f in ("one_sided", "two_sided")),
    "two_sided in quadratic": (softmax("two_sided"), softmax("quadratic")),
    "more activations": (replace(LA, dictionary=("relu",)), LA),
    "more neurons": (LA, replace(LA, width=3)),
}


@pytest.mark.parametrize("name", SYMBOLIC)
def test_maps_are_identities(name):
    small, large = SYMBOLIC[name]
    assert [step.name for step in inclusions(small, large)] == [name]
    weights = symbols(small)
    carried = embed(small, weights, large)
    difference = network_expression(small, weights) - network_expression(large, carried)
    assert sp.simplify(sp.expand(difference)) == 0


def test_every_inclusion_is_used_by_some_pair():
    used = {step.name for small, large, _ in PAIRS for step in inclusions(small, large)}
    assert used == {step.name for step in INCLUSIONS}


NOT_PROVED = {
    "a smaller kind": ("la", "relu"),
    "gates in no gates": ("moa-tanh", "la"),
    "another gate": ("moa-sigmoid", "moa-tanh"),
    "activations the larger form lacks": ("la-one-sided", "la-two-sided"),
    "an activation the larger form lacks": ("relu2", "la-two-sided"),
    "a product of two gates": ("moa-two-sided", "moa-quadratic"),
    "a smaller form": ("la-one-sided", "la"),
    "one-sided without the activation": ("relu", "glu-silu"),
}


@pytest.mark.parametrize("pair", NOT_PROVED.values(), ids=NOT_PROVED)
def test_there_is_no_map_where_none_is_proved(pair):
    small, large = (FAMILIES[name](2, 2) for name in pair)
    assert inclusions(small, large) is None
    assert embed(small, exact(small, random_start(small, seed=0, lane=0)), large) is None


@pytest.mark.parametrize(
    "gate",
    [
        GateSpec(name="tanh", bias=False),
        GateSpec(name="sigmoid", scale=False),
        GateSpec(name="softmax", scale=False),
    ],
    ids=lambda gate: gate.name,
)
def test_switches_off_take_la_out_of_moa(gate):
    moa = family_of(Kind.MOA, gate=gate)(2, 2)
    assert inclusions(FAMILIES["la"](2, 2), moa) is None
    assert inclusions(FAMILIES["la"](2, 2), replace(moa, gate=GateSpec(name=gate.name)))


def test_fewer_neurons_or_biases_hold_no_teacher():
    la = FAMILIES["la"](2, 2)
    assert inclusions(la, replace(la, width=1)) is None
    assert inclusions(la, replace(la, bias=False)) is None
    assert inclusions(replace(la, bias=False), FAMILIES["la-one-sided"](2, 2))


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
        replace(unit, effort=replace(QUICK, iterations=21)),
    ]
    assert len({unit.key, *(other.key for other in others)}) == 5


def test_tiers_grow():
    smoke, cpu = hierarchy(Tier.SMOKE), hierarchy(Tier.CPU)
    assert 0 < len(smoke.units) < len(cpu.units)
    assert {u.name for u in cpu.units} == set(classes())


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


def test_a_plugin_takes_its_place_in_the_matrix(plugin, tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.teachers.compiler_available", lambda: False)
    assert plugin in {unit.name for unit in hierarchy(Tier.CPU).units}
    work_units = units(("relu", "la", plugin), 1, QUICK)
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
