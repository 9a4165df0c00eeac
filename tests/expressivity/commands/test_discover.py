"""The discover command: its document, exit codes, folder.

Kinds: property (a rerun asks nothing again; a larger budget goes on), negative (refusals in one
line, with nothing written).
"""

from pathlib import Path

import pytest
from command_lines import one_line, shards, tree

from expressivity.commands.discover import Options, understand
from expressivity.output import read_document, sealed
from expressivity.relations import unit
from expressivity.relations.discover import BATCH


def test_what_is_found_is_in_the_document_and_in_the_folder(call, out):
    answer = call("discover", "moa-tanh", "la", "--dimension", "2", "--json", "--out", out)
    assert (answer.code, answer.err) == (0, "")
    document = answer.document
    assert sealed(document) == read_document(out / "discover.json")
    assert document["schema"] == "expressivity.discover/1"
    assert (document["larger"], document["smaller"]) == ("moa-tanh", "la")
    assert document["dimensions"] == [2]
    found = document["found"]
    assert found["target"] == "x1*tanh(x2)"
    assert found["tried"] == document["tried"] <= BATCH
    assert found["exclusions"][0]["membership"]["evidence"] == "proved"
    assert found["exclusions"][0]["membership"]["obstruction"] == "tail_coefficients"
    assert found["witness"]["w"] == [["1", "0", "0"]]
    plain = call("discover", "moa-tanh", "la", "--dimension", "2", "--out", out).out
    assert "f = x1*tanh(x2)" in plain
    assert "is not la of any width (proved)" in plain


def test_none_is_exit_3_and_decides_nothing(call, out):
    arguments = ("discover", "la", "la-neuron", "--dimension", "1", "--budget", "20")
    arguments += ("--teachers", "2")
    answer = call(*arguments, "--json", "--out", out)
    assert (answer.code, answer.err) == (3, "")
    assert answer.document["found"] is None
    assert answer.document["tried"] == 20
    missed = answer.document["numerical"]
    assert missed["error"]["l2"]["evidence"] == "numerical"
    assert missed["error"]["l2"]["value"] < 1e-6  # la lies in la-neuron
    assert missed["width"] == 4
    assert "Nothing is decided" in call(*arguments, "--out", out).out


@pytest.mark.slow
def test_what_is_said_to_be_fitted_is(call, out):
    arguments = ("discover", "la", "la-neuron", "--dimension", "1", "--budget", "2")
    assert "Of 2 that were fitted" in call(*arguments, "--out", out).out


def test_a_rerun_asks_nothing_again_and_a_larger_budget_goes_on(call, out, monkeypatch):
    arguments = ("discover", "la", "la-neuron", "--dimension", "1", "--out", out, "--json")
    arguments += ("--teachers", "0")
    first = call(*arguments, "--budget", str(BATCH)).document
    before = {shard: shard.read_bytes() for shard in shards(out)}
    asked: list[object] = []
    usual = unit.excluded_from

    def counted(target, families):
        asked.append(target)
        return usual(target, families)

    monkeypatch.setattr(unit, "excluded_from", counted)
    before_all = tree(out)
    assert call(*arguments, "--budget", str(BATCH)).document == first
    assert (asked, tree(out)) == ([], before_all)
    assert call(*arguments, "--budget", str(2 * BATCH)).document["tried"] == 2 * BATCH
    assert len(asked) == BATCH
    assert len(shards(out)) > len(before)
    assert {shard: shard.read_bytes() for shard in before} == before


@pytest.mark.slow
def test_workers_find_the_same(call, out, tmp_path):
    arguments = ("discover", "moa-tanh", "la", "--budget", "60", "--json", "--out")
    alone = call(*arguments, out).document
    assert alone["found"] is not None
    assert call(*arguments, tmp_path / "other", "--workers", "2").document == alone


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("la", "lb"), "unknown family 'lb'"),
        (("la", "la"), "two classes; la and la are one"),
        (("la", "fixed", "--budget", "0"), "a budget of at least 1 candidate; got 0"),
        (("la", "fixed", "--teachers", "-1"), "at least 0 teachers; got -1"),
        (("la", "fixed", "--dimension", "0"), "a dimension of 1 to 16; got 0"),
        (("la", "fixed", "--dimension", "1000000000"), "a dimension of 1 to 16; got 1000000000"),
        (("la", "moa", "--gate", "step"), "step"),
        (("la", "fixed", "--workers", "0"), "at least one worker"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(call, out, arguments, said):
    answer = call("discover", *arguments, "--out", out, "--json")
    assert (answer.code, answer.out) == (2, "")
    assert said in one_line(answer)
    assert "--workers" in arguments or not out.exists()
    assert list(Path.cwd().iterdir()) == []


def test_dimensions_are_1_2_and_3_in_turn_unless_one_is_asked_for():
    assert understand(Options(larger="la", smaller="fixed")).dimensions == (1, 2, 3)
    assert understand(Options(larger="la", smaller="fixed", dimension=4)).dimensions == (4,)
