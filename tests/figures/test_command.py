"""``expressivity figures`` and the figures of a report.

Kinds: property (files, document, sections), negative (unknown names, missing runs, places that
cannot be written).
"""

import json
import shutil

import pytest

from expressivity import cli
from expressivity.commands.names import listing
from expressivity.runs.folder import read_run
from expressivity.runs.manifest import write_manifest
from figures.command import run
from figures.figure import FIGURES, FORMATS
from figures.report_section import section
from figures.runs import COMMANDS


@pytest.fixture
def lone(place, tmp_path):
    """A folder with the runs of two experiments."""
    for name in ("certificates", "width_sweep"):
        (tmp_path / name).symlink_to(place / name)
    return tmp_path


def test_named_figures_are_drawn_and_listed(lone, capsys):
    assert run(("sandwich", "sandwich"), runs=lone, out=lone / "a" / "b", as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "expressivity.figures/1"
    assert document["missing"] == []
    (figure,) = document["figures"]
    assert figure["name"] == "sandwich"
    assert figure["files"] == [str(lone / "a" / "b" / f"sandwich.{form}") for form in FORMATS]
    assert all((lone / "a" / "b" / f"sandwich.{form}").stat().st_size > 1000 for form in FORMATS)
    assert figure["seconds"] > 0


def test_without_names_what_has_its_runs_is_drawn_and_the_rest_listed(lone, capsys, monkeypatch):
    monkeypatch.setattr(FIGURES, "_entries", {n: FIGURES[n] for n in ("sandwich", "noise")})
    assert run(runs=lone, as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert [figure["name"] for figure in document["figures"]] == ["sandwich"]
    (missing,) = document["missing"]
    assert missing["name"] == "noise"
    assert "reproduce" in missing["reason"]
    assert run(runs=lone) == 0
    shown = " ".join(capsys.readouterr().out.split())  # long folders wrap
    assert "sandwich.{pdf," in shown and "png, svg}" in shown
    assert "not drawn: noise: required: a run of noise" in shown


def test_a_figure_that_needs_no_run_needs_no_folder_of_runs(tmp_path, capsys):
    assert run(("schematic",), runs=tmp_path / "none", out=tmp_path, as_json=True) == 0
    (figure,) = json.loads(capsys.readouterr().out)["figures"]
    assert figure["files"] == [str(tmp_path / f"schematic.{form}") for form in FORMATS]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "unknown figure 'nonsense' (did you mean noise?): choose from "),
        (["noise"], "required: a run of noise in "),
        (["sandwich", "--runs", "nowhere"], "required: a folder of runs; nowhere is none"),
        (["sandwich", "--out", "taken"], "required: a folder that can be written; taken"),
    ],
)
def test_refusals_are_one_line(lone, arguments, said, capsys, monkeypatch):
    monkeypatch.chdir(lone)
    (lone / "taken").write_text("a file")
    call = ["expressivity", "figures", *arguments]
    monkeypatch.setattr("sys.argv", call if "--runs" in call else [*call, "--runs", str(lone)])
    assert cli.main() == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert said in captured.err


def test_figures_and_experiments_are_listed():
    assert list(listing("figures")) == list(FIGURES)
    needed = {name for figure in map(FIGURES.__getitem__, FIGURES) for name in figure.needs}
    assert needed <= {*listing("experiments"), *COMMANDS}
    with pytest.raises(ValueError, match=r"choose from .*figures"):
        listing("nonsense")


def test_report_has_the_figures_of_its_run(place):
    made = section(read_run(place / "restarts"))
    assert made is not None
    assert made.title == "Figures"
    assert made.body.count("<svg") == 1
    assert "share of random restarts" in made.body.lower()
    assert "<script" not in made.body
    assert len(made.body) < 1_000_000


def test_report_of_another_run_has_none(place, tmp_path):
    assert section(read_run(place / "certificates")) is None  # the sandwich needs two runs
    write_manifest(tmp_path, {"command": "sweep"}, {})
    assert section(read_run(tmp_path)) is None


def test_report_of_separate_shows_its_ladder(place, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(place / "separation", run)
    units = [entry.key for entry in read_run(run).entries]
    write_manifest(run, {"command": "separate", "units": units}, {})
    made = section(read_run(run))
    assert made is not None
    assert made.body.count("<svg") == 1


def test_report_of_a_run_that_was_cut_off_says_why(tmp_path):
    write_manifest(tmp_path, {"experiment": "noise", "tier": "smoke", "units": ["a"]}, {})
    made = section(read_run(tmp_path))
    assert made is not None
    assert "not drawn: required: fits in the run of noise" in made.body
