"""The atlas: its facts, its rounds, its files.

Kinds: reference (six classes whose relations are known), soundness (what is found is checked by
hand), metamorphic (stopped anywhere, the same facts), negative (contradictions are raised, failed
units are told, bad arguments are refused).
"""

import functools
import json
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sympy as sp
import torch

from expressivity.classes.families import Family
from expressivity.classes.networks import evaluate
from expressivity.classes.weights import Weights, start_from
from expressivity.commands.running import following, run_rounds
from expressivity.membership.decide import BUDGETS, Classification, classify
from expressivity.output import is_whole
from expressivity.relations.atlas import Plan, read_atlas, share
from expressivity.relations.atlas_document import DOCUMENT, TABLE, document, write_files
from expressivity.relations.atlas_units import (
    ContainmentUnit,
    OwnUnit,
    SearchUnit,
    StandingUnit,
    described,
)
from expressivity.relations.closure import Answer, ContradictionError
from expressivity.relations.given import Given, class_of, one_neuron
from expressivity.relations.prose import sentence
from expressivity.relations.questions import DIMENSION, functions
from expressivity.report.atlas import atlas as section_of
from expressivity.runs.folder import Entry, Run, RunFolder, read_run
from expressivity.runs.units import Unit
from expressivity.runs.units import run as run_list
from expressivity.targets.target import Target
from expressivity.targets.user import user_target

SIX = ("relu", "tanh", "la", "moa-tanh", "reglu", "maxout-3")
SILU = user_target("silu(x)").formula
TARGETS = ("relu(x)", "tanh(x)", "relu(x)+tanh(x)", "tanh(2*x1)*relu(x2)", "x1*relu(x2)")


@dataclass(frozen=True)
class Answered:
    """What a search returns."""

    target: Target
    found: Classification
    obstruction: str = "made up"
    reason: str = "by hand"

    @classmethod
    def of(cls, text: str, larger: Family) -> "Answered":
        target = user_target(text)
        return cls(target, classify(target, larger))

    @property
    def family(self) -> Family:
        return self.found.family

    @property
    def witness(self) -> Weights:
        return self.found.witness


def finds_silu(larger, smaller, *, dimensions, budget):
    """A search that knows one function, of LA and MoA over the seven alone."""
    assert list(dimensions) == [1, 2, 3]
    if larger.mixes and not smaller.mixes:
        return Answered.of("silu(x)", larger)
    return None


def finds_nothing(larger, smaller, *, dimensions, budget):
    return None


def finds_what_the_other_has(larger, smaller, *, dimensions, budget):
    return Answered.of("tanh(x)", larger) if larger.mixes else None


def breaks(larger, smaller, *, dimensions, budget):
    raise RuntimeError("no search today")


class Bare(Plan):
    """A plan that knows no neuron of any class, so that searches have something to find."""

    @property
    def first(self) -> list[Unit]:
        return [unit for unit in super().first if not isinstance(unit, OwnUnit)]


def finished(plan: Plan, path: Path) -> Run:
    folder = RunFolder(path, configuration=plan.configuration, facts={})
    run_rounds(following(plan.pending, folder), folder, quiet=True)
    return read_run(path)


@pytest.fixture(scope="module")
def six(tmp_path_factory) -> Run:
    return finished(Plan(classes=SIX, targets=TARGETS), tmp_path_factory.mktemp("six") / "run")


INSIDE = {
    ("relu", "la"), ("relu", "moa-tanh"), ("relu", "reglu"), ("tanh", "la"),
    ("tanh", "moa-tanh"), ("la", "moa-tanh"),
}  # fmt: skip


def test_six_classes_stand_as_the_theorems_say(six):
    cells = read_atlas(six.entries).cells
    assert len(cells) == 30
    contained = {pair for pair, cell in cells.items() if cell.answer.contained}
    assert contained >= INSIDE
    # A ReLU network is one of Maxout_3, and nothing else is known to be contained here or can be.
    assert contained - INSIDE <= {("relu", "maxout-3")}
    apart = {pair for pair, cell in cells.items() if cell.answer is Answer.NO}
    assert apart >= {
        ("la", "relu"), ("la", "tanh"), ("moa-tanh", "la"), ("relu", "tanh"), ("tanh", "relu"),
        ("reglu", "relu"), ("la", "reglu"), ("moa-tanh", "reglu"), ("tanh", "maxout-3"),
    }  # fmt: skip
    assert cells["moa-tanh", "la"].member.target == "tanh(2*x1)*relu(x2)"


def test_every_fact_is_one_that_was_asked_for_and_answered(six):
    atlas = read_atlas(six.entries)
    own = {one_neuron(name).target.formula for name in ("relu", "tanh", "la", "reglu", "maxout-3")}
    assert {standing.target for standing in atlas.standings} == {*TARGETS, *own}
    assert {step.smaller for step in atlas.containments} <= set(SIX)
    assert atlas.classes == SIX
    assert share(atlas) == atlas.decided / 30


def test_groups_of_neurons_are_not_taken_for_one_group():
    """At width 1 the two are the same class, and the maps of that width must not count."""
    names = ("la", "la-neuron", "moa-tanh", "moa-tanh-neuron")
    found = {
        name: ContainmentUnit(smaller=name, classes=names).run().record["contained"]
        for name in names
    }
    assert "la" not in found["la-neuron"] and "la-neuron" in found["la"]
    assert "moa-tanh" not in found["moa-tanh-neuron"] and "moa-tanh-neuron" in found["moa-tanh"]


def test_a_witness_is_evaluated_beside_the_target():
    record = StandingUnit(target="relu(x)-2*tanh(3*x)", classes=("la-neuron", "relu")).run().record
    row = record["standings"][0]
    assert (record["dimension"], row["verdict"]) == (1, "member")
    assert row["off"] < 1e-14 and row["width"] >= 1
    assert record["standings"][1]["off"] is None


def changed(run: Run, change) -> list[Entry]:
    """The entries with one record changed."""
    entries = [replace(e, record=json.loads(json.dumps(e.record))) for e in run.entries]
    change(entries)
    return entries


def test_a_witness_that_is_not_the_target_is_a_contradiction(six):
    def spoil(entries):
        row = next(
            row
            for entry in entries
            for row in entry.record.get("standings", ())
            if row["verdict"] == "member"
        )
        row["off"] = 1e-3

    with pytest.raises(ContradictionError, match=r"is off by 0\.001"):
        read_atlas(changed(six, spoil))


def test_a_member_outside_a_larger_class_is_a_contradiction(six):
    def spoil(entries):
        entry = next(e for e in entries if e.identity.get("target") == "relu(x)")
        row = next(row for row in entry.record["standings"] if row["class"] == "moa-tanh")
        row |= {"verdict": "non_member", "evidence": "proved", "reason": "made up"}
        row |= {"off": None, "width": None}

    spoiled = changed(six, spoil)
    with pytest.raises(ContradictionError, match=r"not in it \(relu in moa-tanh: made up\)"):
        read_atlas(spoiled)
    body = section_of(replace(six, entries=tuple(spoiled))).body
    assert "Contradiction" in body


# --- rounds --------------------------------------------------------------------------------------


def test_a_found_target_is_asked_of_every_class_and_decides_pairs(tmp_path):
    plan = Bare(classes=("relu", "tanh", "la"), targets=("tanh(x)",), searches=9,
                candidates=1, search=finds_silu)  # fmt: skip
    atlas = read_atlas(finished(plan, tmp_path / "run").entries)
    assert SILU in {search.target for search in atlas.searches if search.has == "la"}
    assert sum(standing.target == SILU for standing in atlas.standings) >= 3
    assert atlas.cells["la", "tanh"].member.target == SILU
    # What is searched without a find is searched once, and stays open.
    assert len({(s.has, s.lacks) for s in atlas.searches}) == len(atlas.searches)
    assert atlas.cells["relu", "tanh"].answer is Answer.OPEN


@pytest.mark.parametrize("budget", [0, 1, 2])
def test_no_more_pairs_are_searched_than_the_budget_says(budget, tmp_path):
    plan = Bare(classes=("relu", "tanh", "gelu"), targets=("relu(x)",), searches=budget,
                candidates=1, search=finds_nothing)  # fmt: skip
    run = finished(plan, tmp_path / "run")
    assert sum(entry.identity["unit"] == "search" for entry in run.entries) == budget


def test_stopped_after_any_unit_it_finds_the_same(tmp_path):
    plan = Bare(classes=("relu", "tanh", "la"), targets=("tanh(x)",), searches=9,
                candidates=1, search=finds_silu)  # fmt: skip
    whole = finished(plan, tmp_path / "whole")
    folder = RunFolder(tmp_path / "parts", configuration=plan.configuration, facts={})
    rounds = 0
    while units := plan.pending(read_run(folder.path).entries):
        run_list(units[-1:], folder)  # one unit of those asked for, and the process ends
        rounds += 1
    parts = read_run(folder.path)
    assert rounds == len(whole.entries)
    assert [e.key for e in parts.entries] == [e.key for e in whole.entries]
    assert document(parts) == document(whole)


def test_a_failed_unit_is_told_and_the_rest_goes_on(tmp_path):
    plan = Bare(classes=("relu", "tanh"), targets=("tanh(x)",), searches=3, candidates=1,
                search=breaks)  # fmt: skip
    run = finished(plan, tmp_path / "run")
    found = document(run)
    assert [note["unit"]["unit"] for note in found["failed"]] == ["search"]
    assert "no search today" in found["failed"][0]["error"]
    assert found["decided"] == 1


def test_a_search_that_finds_what_the_other_class_has_is_found_out(tmp_path):
    plan = Bare(classes=("relu", "la", "tanh"), targets=("tanh(x)",), searches=3, candidates=1,
                search=finds_what_the_other_has)  # fmt: skip
    with pytest.raises(ContradictionError, match="not in it"):
        finished(plan, tmp_path / "run")


def test_fits_come_last_and_of_targets_that_decide(six):
    plan = Plan(classes=SIX, targets=TARGETS, fits=2)
    units = plan.pending(six.entries)
    assert len(units) == 2
    decisive = {cell.excluded.target for cell in read_atlas(six.entries).cells.values()
                if cell.excluded is not None}  # fmt: skip
    assert {str(user_target(text).formula) for text in decisive} >= {
        unit.target.formula for unit in units
    }
    assert replace(plan, fits=0).pending(six.entries) == []
    assert plan.pending(six.entries, [unit.key for unit in units]) == []


@pytest.mark.slow
def test_fits_stay_above_the_bounds(six, tmp_path):
    plan = Plan(classes=SIX, targets=TARGETS, fits=2)
    units = plan.pending(six.entries)
    folder = RunFolder(tmp_path / "run", configuration=plan.configuration, facts={})
    assert not run_list(units, folder)
    entries = [*six.entries, *read_run(folder.path).entries]
    fits = read_atlas(entries).fits
    assert len(fits) == 2 and any(fit.bounds for fit in fits)
    bounded = next(e for e in entries if e.identity["unit"] == "fit"
                   and any(b for b in e.record["lower_bound"].values()))  # fmt: skip
    bounded.record["error"] = dict.fromkeys(bounded.record["error"], 0.0)
    with pytest.raises(ContradictionError, match="is below the"):
        read_atlas(entries)


# --- files, faces --------------------------------------------------------------------------------


def test_the_files_hold_every_pair_and_can_be_followed(six):
    content = write_files(six)
    stored = json.loads((six.path / DOCUMENT).read_text())
    assert is_whole(stored)
    assert {k: v for k, v in stored.items() if k != "digest"} == json.loads(json.dumps(content))
    table = pq.read_table(six.path / TABLE).to_pylist()
    assert len(table) == content["pairs"] == 30
    for row, cell in zip(table, content["cells"], strict=True):
        assert (row["smaller"], row["larger"], row["answer"]) == (
            cell["smaller"], cell["larger"], cell["answer"])  # fmt: skip
        if row["answer"] == "yes":
            assert row["path"][0] == row["smaller"] and row["path"][-1] == row["larger"]
        if row["answer"] == "no":
            assert row["target"] and row["dimension"] <= DIMENSION
            assert row["member_reason"] and row["excluded_reason"]
        assert cell["smaller"] in sentence(cell) and cell["larger"] in sentence(cell)
    total = sum(count for row in content["counts"].values() for count in row.values())
    assert total == 30


def test_every_cell_of_the_report_leads_to_its_reason(six):
    body = str(section_of(six).body)
    for row in range(6):
        for column in range(6):
            anchor = f"pair-{row}-{column}"
            assert body.count(f'id="{anchor}"') == (row != column)
            assert (f'href="#{anchor}"' in body) == (row != column)
    assert section_of(replace(six, entries=())) is None


def test_the_functions_are_texts_of_dimensions_up_to_three():
    found = functions()
    assert len(set(found)) == len(found) > 80
    assert {user_target(text).dimension for text in found} == {1, 2, 3}


def test_the_command_makes_an_atlas_and_goes_on_with_it(call, tmp_path, monkeypatch):
    from expressivity.commands import atlas as command

    monkeypatch.setattr(command, "FITS", 0)
    monkeypatch.setattr(command, "discover", finds_nothing)
    monkeypatch.setattr(command, "Plan", functools.partial(Plan, targets=TARGETS))
    out = tmp_path / "out"
    arguments = ["atlas", "--classes", "relu,tanh,la", "--budget", "2", "--out", out]
    first = call(*arguments, "--json")
    assert first.code == 0
    assert first.document["schema"] == "expressivity.atlas/1"
    assert first.document["pairs"] == 6
    again = call(*arguments)
    assert again.code == 0 and "ordered pairs of 3 classes are decided" in again.out
    assert "report.html" in again.out
    assert first.document == {k: v for k, v in json.loads((out / DOCUMENT).read_text()).items()
                              if k != "digest"}  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--classes", "relu,alchemy"], "unknown class 'alchemy'"),
        (["--classes", "relu"], "at least two classes"),
        (["--budget", "-1"], "a budget of 0 searches or more"),
        (["--classes", "relu,la", "--workers", "0"], "at least one worker"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(call, arguments, message, tmp_path):
    answer = call("atlas", *arguments, "--out", tmp_path / "out")
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err and answer.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", described())
def test_a_neuron_of_a_class_is_read_back_as_it_was(name):
    network = one_neuron(name)
    if network is None:
        family = class_of(name, 1)
        assert family.gate is not None or family.sides > 1 or family.record.mixtures[0][1:]
        return
    again = Given.from_json(json.loads(json.dumps(network.json())))
    assert again == network
    target = again.target
    assert target.dimension == class_of(name, 1).record.maps
    nodes = torch.tensor([[0.3, -0.7, 0.2], [-0.4, 0.1, 0.9]], dtype=torch.float64)
    family = class_of(name, target.dimension).at_width(1)
    blocks = {b: sp.ImmutableMatrix(rows).applyfunc(sp.Rational) for b, rows in again.weights}
    theta = start_from(family, Weights(blocks=blocks))[None]
    nodes = nodes[:, : target.dimension]
    values = evaluate(family, theta, nodes)[0, 0]
    assert torch.allclose(values, target.values(nodes), rtol=0, atol=1e-14)


def test_a_search_is_part_of_the_run_by_its_budget():
    one = SearchUnit(has="la", lacks="relu", candidates=1, search=finds_nothing)
    assert one.key != replace(one, candidates=2).key
    assert one.identity["budgets"] == BUDGETS  # of the obstructions, as in all units that ask
    assert BUDGETS["powers"] == BUDGETS["denominators"] == 10_000
    assert one.run().record == {"found": None}
    assert described(("la", "relu", "la")) == ("la", "relu")
