"""``expressivity explore``.

Kinds: property (page, document, report, nothing from elsewhere), metamorphic (the same run gives
the same bytes), negative (refusals of one line, contradictions, text that would end a script).
"""

import json
import re

import explorer_run
import pytest

from experiments.experiment import Tier, of_tier
from experiments.explorer import explorer, headlines
from expressivity.runs.folder import read_run
from figures.explorer.command import PAGE
from figures.explorer.page import LARGEST, page


@pytest.fixture
def made(tmp_path):
    return explorer_run.made(tmp_path / "run")


def test_a_finished_run_becomes_a_page_with_its_report(call, made, tmp_path):
    answer = call("explore", "--run", made, "--json")
    assert answer.code == 0
    assert {**answer.document, "bytes": 0} == {
        "schema": "expressivity.explore/1", "run": str(made), "file": str(made / PAGE), "bytes": 0,
        "scenes": 3, "fits": 14, "atlas_classes": 53,
    }  # fmt: skip
    content = (made / PAGE).read_bytes()
    assert answer.document["bytes"] == len(content) <= LARGEST == 8 * 1024**2
    assert f'<a href="{PAGE}">' in (made / "report.html").read_text("utf-8")
    elsewhere = tmp_path / "new" / "a.html"
    again = call("explore", "--run", made, "--out", elsewhere)
    assert again.code == 0
    assert elsewhere.read_bytes() == content
    assert f"{elsewhere}: 3 scenes of 14 networks; run folder: {made}" in again.out


def test_the_page_names_nothing_outside_itself(file):
    text = file.read_text("utf-8")
    head = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.DOTALL)
    namespace = head.count("http://www.w3.org/2000/svg")  # a name that no one fetches
    assert len(re.findall(r"https?:", head)) == namespace == 1
    assert not re.search(r"\b(src|href)=(?!\"#)", head)
    assert "default-src &#39;none&#39;" in head


def test_without_an_atlas_the_page_says_how_to_make_one(run, data):
    text = page(run, data, None)
    assert "<code>expressivity atlas</code> makes one" in text
    assert '<select id="class">' not in text


def test_no_text_of_the_data_ends_the_script(run, data):
    key = next(iter(data["fits"]))
    hostile = {**data["fits"][key], "label": "</script><script>window.hacked = 1</script>"}
    text = page(run, {**data, "fits": {**data["fits"], key: hostile}}, None)
    assert text.count("</script>") == 2
    assert "\\u003c/script>\\u003cscript>window.hacked" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tier", "gpu"], "unknown tier 'gpu': choose from smoke, cpu"),
        (["--run", "other"], "required: a run of the experiment explorer; other is of another one"),
        (["--run", "run", "--tier", "cpu"], "run"),
        (
            ["--run", "run", "--atlas", "none.json"],
            "required: a readable none.json; there is no none.json: ",
        ),
        (
            ["--run", "run", "--atlas", "bad.json"],
            "required: a readable bad.json; it is damaged, or",
        ),
        (["--run", "run", "--out", "taken/a.html"], "required: a file that can be written; "),
        (["--run", "run", "--workers", "0"], "required: "),
        (["--run", "bad.json"], "bad.json: Not a directory: choose another folder"),
    ],
)
def test_refusals_are_one_line(call, made, arguments, said, tmp_path):
    work = tmp_path / "work"
    made.rename(work / "run")
    (work / "taken").write_text("a file")
    (work / "bad.json").write_text('{"schema": "expressivity.atlas/1", "cells": []}')
    (work / "other").mkdir()
    explorer_run.RunFolder(work / "other", configuration={"experiment": "noise"}, facts={})
    answer = call("explore", *arguments)
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert said in answer.err


def test_a_fit_below_a_bound_ends_with_4(call, tmp_path, monkeypatch):
    said = explorer_run.said

    def below(unit, place, *, member):
        result = said(unit, place, member=member)
        if not member:
            result.error["w1inf"] = 0.1
        return result

    monkeypatch.setattr(explorer_run, "said", below)
    answer = call("explore", "--run", explorer_run.made(tmp_path / "run"))
    assert answer.code == 4
    assert "contradiction: t2, la type1 m=1: fitted w1inf error" in answer.err


def test_what_a_run_says_in_all(run):
    found = headlines(run)
    assert found["fits"] == len(explorer_run.SMOKE.units) == 26
    assert found["errors below a bound"] == found["failed or damaged units"] == 0
    assert 0 < found["members: worst best l2"] < 1e-13


def test_its_units_are_asked_for_once_and_reproduce_has_others():
    large = explorer(Tier.CPU)
    keys = [unit.key for unit in large.units]
    assert len(keys) == len(set(keys))
    assert {unit.target.name for unit in large.units} == {"t1", "t2", "t4", "t5"}
    assert not any(of_tier(tier, ["explorer"]) for tier in Tier)


@pytest.mark.slow
def test_a_run_is_made_and_its_page_shows_what_theory_says(call, tmp_path):
    folder = tmp_path / "made"
    assert call("explore", "--tier", "smoke", "--run", folder, "--workers", "2").code == 0
    stored = read_run(folder)
    assert not stored.failures
    assert len(stored.entries) == len(explorer_run.SMOKE.units)
    text = (folder / PAGE).read_text("utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    gaps = {name: [gap["confirmed"] for gap in s["gaps"]] for name, s in data["scenes"].items()}
    assert gaps == {"t1||tanh": [True, False], "t2|1|tanh": [True], "t2|2|tanh": [True]}
