"""Tests of the compare command.

Kinds: reference (the contract of docs/formats.md: fields, exit codes), negative (bad input: code 2
and one line).
"""

import json
from functools import partial

import pytest
from command_lines import one_line

from expressivity.commands import compare
from expressivity.output import read_document, sealed

TINY = ("--widths", "1", "--restarts", "2", "--candidates", "1")


def test_a_document(call):
    answer = call("compare", "reglu", "relu", *TINY, "--json")
    assert (answer.code, answer.err) == (0, "")
    document = json.loads(answer.out)
    assert set(document) == {
        "schema", "a", "b", "dimension", "relation", "on_space", "a_in_b", "b_in_a", "gaps",
        "costs", "sentence",
    }  # fmt: skip
    assert (document["a"]["name"], document["relation"]) == ("reglu", "contains")
    for direction in ("a_in_b", "b_in_a"):
        assert set(document[direction]) == {
            "verdict", "evidence", "reason", "maps", "target", "witness", "obstruction",
        }  # fmt: skip
    assert document["a_in_b"]["verdict"] == "no"
    assert document["a_in_b"]["obstruction"]


def test_the_same_command_reads_the_fits_that_are_there(call, out):
    arguments = ("compare", "reglu", "relu", *TINY, "--json", "--out", out)
    first = call(*arguments).document
    written = {shard: shard.stat().st_mtime_ns for shard in out.glob("units/*")}
    assert len(written) == 2  # relu, and reglu itself
    assert read_document(out / "compare.json") == sealed(first)
    assert call(*arguments).document == first
    assert written == {shard: shard.stat().st_mtime_ns for shard in out.glob("units/*")}
    answer = call("compare", "reglu", "gelu", *TINY, "--json", "--out", out)
    assert (answer.code, answer.out) == (2, "")
    assert "another" in one_line(answer)


def test_lines_for_people(call, out):
    answer = call("compare", "prelu", "relu", *TINY, "--out", out)
    assert answer.code == 0
    assert (out / "compare.json").is_file()
    assert answer.out.startswith("prelu and relu are the same functions")


def test_an_open_direction(call, monkeypatch):
    unable = partial(compare.related, search=lambda larger, smaller: None)
    monkeypatch.setattr(compare, "related", unable)
    answer = call("compare", "relu", "reglu", *TINY)
    assert answer.code == 3
    assert answer.out.startswith("Open in dimension 3, over all widths: relu lies in reglu")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("swiglo", "relu"), "swiglu"),
        (("relu", "relu"), "are one"),
        (("relu", "la", "--widths", "0"), "widths"),
        (("relu", "la", "--gate", "nope"), "nope"),
        (("relu", "la", "--dimension", "0"), "dimension"),
        (("relu", "la", "--restarts", "0"), "restarts"),
    ],
)
def test_bad_input(call, arguments, told):
    answer = call("compare", *arguments, "--json")
    assert (answer.code, answer.out) == (2, "")
    assert told in one_line(answer)
