"""The command line: documents, exit codes, refusals, and what is left on disk.

Kinds: reference (the agreed keys and codes), negative (bad input of every sort: code 2, one line,
nothing written), soundness (failures are loud and lose no finished unit). Commands run in
process, uncompiled and tiny; a few run as a user would run them.
"""

import dataclasses
import fcntl
import json
import math
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from expressivity import cli
from expressivity.bounds import Bound
from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.audit import Finding
from expressivity.classes.catalogue import FAMILIES
from expressivity.classes.families import Kind
from expressivity.classes.neurons import FORMS
from expressivity.commands import doctor as doctor_command
from expressivity.commands import running
from expressivity.commands import separate as separate_command
from expressivity.evidence import Evidence
from expressivity.fitting.program import compiler_available
from expressivity.runs import folder as store
from expressivity.runs.machine import Report, describe_machine
from expressivity.separation import gaps
from expressivity.separation import unit as separation
from expressivity.targets.builtin import TARGETS

torch.set_num_threads(1)
TINY = ("--restarts", "2", "--candidates", "1")
SMALL = ("--dictionary", "relu,relu2")
LA = ("separate", "t1", "--family", "la", *SMALL, *TINY)
"""One unit that reaches its target at once."""


Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def eager(monkeypatch):
    monkeypatch.setattr(separation, "compiler_available", lambda: False)
    # The notice about it is tested on its own.
    monkeypatch.setattr(running, "compiler_available", lambda: True)


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "run"


def one_line(answer: Any) -> str:
    assert answer.err.startswith("expressivity: ")
    assert answer.err.endswith("\n")
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err
    return answer.err


def tree(path: Path) -> dict[str, bytes | None]:
    return {
        str(entry.relative_to(path)): entry.read_bytes() if entry.is_file() else None
        for entry in path.rglob("*")
    }


def shards(folder: Path) -> list[Path]:
    return sorted((folder / "units").glob("*.parquet"))


# --- the document of separate --------------------------------------------------------------------


T1 = ("separate", "t1", "--widths", "1", *SMALL, *TINY)


@pytest.fixture(scope="module")
def t1_folder(tmp_path_factory) -> Path:
    """A finished run that tests read back."""
    folder = tmp_path_factory.mktemp("t1") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(separation, "compiler_available", lambda: False)
        patch.setattr(sys, "argv", ["expressivity", *T1, "--out", str(folder)])
        assert cli.main() == 0
    return folder


@pytest.fixture
def t1_run(call, t1_folder) -> Any:
    answer = call(*T1, "--json", "--out", t1_folder)
    assert (answer.code, answer.err) == (0, "")
    return answer


def test_separate_writes_the_agreed_document_and_nothing_else(t1_run, t1_folder):
    document = t1_run.document
    assert list(document) == [
        "schema",
        "run",
        "environment",
        "compile_seconds",
        "results",
        "gaps",
    ]
    assert document["schema"] == "expressivity.separate/1"
    assert document["run"] == str(t1_folder)
    assert document["compile_seconds"] == pytest.approx(0.0, abs=600)
    environment = document["environment"]
    assert {"expressivity", "python", "cores", "threads", "packages"} <= set(environment)
    assert environment["packages"]["torch"] == torch.__version__


def test_results_have_the_agreed_keys(t1_run):
    results = t1_run.document["results"]
    assert [result["family"]["kind"] for result in results] == ["fixed", "fixed", "la", "moa"]
    for result in results:
        assert list(result) == [
            "target",
            "lambda",
            "family",
            "parameters",
            "restarts",
            "failed_lanes",
            "error",
            "lower_bound",
            "membership",
            "witness_l2",
            "target_norm",
            "seconds",
        ]
        assert (result["target"], result["lambda"], result["restarts"]) == ("t1", None, 2)
        family = result["family"]
        assert list(family) == [
            "kind",
            "form",
            "width",
            "gate",
            "activation",
            "dictionary",
            "bias",
        ]
        assert (family["form"], family["width"], family["bias"]) == ("type1", 1, True)
        assert set(result["error"]) == {"l2", "sup", "w1inf"}
        for figure in result["error"].values():
            assert set(figure) == {"value", "evidence"}
            assert figure["evidence"] == "numerical"
            assert figure["value"] >= 0
        assert set(result["lower_bound"]) == {"l2", "sup", "w1inf"}
        assert set(result["membership"]) == {"verdict", "evidence", "reason"}
        assert result["membership"]["verdict"] in ("member", "non_member", "unknown")
    relu, _, la, moa = results
    assert relu["family"]["activation"] == "relu" and relu["family"]["gate"] is None
    assert set(relu["lower_bound"]["w1inf"]) == {"value", "evidence", "method", "every_width"}
    assert relu["witness_l2"] is None
    assert la["family"]["activation"] is None
    assert la["family"]["dictionary"] == ["relu", "relu2"]
    assert la["lower_bound"] == {"l2": None, "sup": None, "w1inf": None}
    assert la["witness_l2"] <= 1e-15
    assert moa["family"]["gate"] == {"name": "tanh", "scale": True, "bias": True}


def test_gaps_have_the_agreed_keys_and_are_expected_or_not(t1_run):
    first, second = t1_run.document["gaps"]
    assert (
        list(first)
        == list(second)
        == [
            "target",
            "form",
            "smaller",
            "larger",
            "expected",
            "confirmed",
            "strict",
            "evidence",
            "reason",
        ]
    )
    assert (first["smaller"], first["larger"]) == ("fixed", "la")
    assert (first["expected"], first["confirmed"], first["strict"]) == (True, True, True)
    assert first["evidence"] == "proved"
    assert (second["smaller"], second["larger"]) == ("la", "moa")
    assert (second["expected"], second["confirmed"], second["strict"]) == (False, False, False)


def test_t2_has_its_lambda_and_bounds(call, out):
    options = ("--family", "la", "--dictionary", "id,relu,tanh", "--lambda", "0.5", "--json")
    answer = call("separate", "t2", *options, *TINY, "--out", out)
    assert (answer.code, answer.err) == (0, "")
    (result,) = answer.document["results"]
    assert result["lambda"] == 0.5
    assert result["membership"]["verdict"] == "non_member"
    bound = result["lower_bound"]["l2"]
    assert 0 < bound["value"] <= result["error"]["l2"]["value"]
    assert bound["method"] == "ridge-rank"


def test_failed_values_are_null(call, out, monkeypatch):
    def nothing_finite(family, theta_LP, grid):
        return torch.full((theta_LP.shape[0],), math.nan, dtype=torch.float64)

    monkeypatch.setattr(separation, "l2_errors", nothing_finite)
    answer = call(*LA, "--json", "--out", out)
    assert answer.code == 0
    (result,) = answer.document["results"]
    assert [figure["value"] for figure in result["error"].values()] == [None, None, None]
    assert result["witness_l2"] is None
    table = call(*LA, "--out", out)
    assert table.code == 0
    assert "failed" in table.out


def test_one_family_alone_reports_no_gaps(call, out):
    answer = call(*LA, "--json", "--out", out)
    assert answer.code == 0
    assert answer.document["gaps"] == []
    assert len(answer.document["results"]) == 1


def test_a_user_expression_is_expected_to_be_nothing(call, out):
    options = ("--family", "fixed,la", "--dictionary", "relu", "--widths", "1", "--json")
    answer = call("separate", "--expr", "relu(x1)", *options, *TINY, "--out", out)
    assert (answer.code, answer.err) == (0, "")
    (gap,) = answer.document["gaps"]
    assert (gap["target"], gap["expected"], gap["confirmed"]) == ("expr", None, False)
    assert {result["target"] for result in answer.document["results"]} == {"expr"}


def test_unscaled_sigmoid_gates_do_not_contain_t1_and_that_is_no_gap(call, out):
    options = ("--family", "la,moa", "--gate", "sigmoid", "--no-gate-scale", "--widths", "1")
    answer = call("separate", "t1", *options, *TINY, "--json", "--out", out)
    assert answer.code == 0
    la, moa = answer.document["results"]
    assert la["membership"]["verdict"] == "member"
    assert moa["membership"] == {**moa["membership"], "verdict": "non_member", "evidence": "proved"}
    (gap,) = answer.document["gaps"]
    assert (gap["expected"], gap["confirmed"]) == (False, False)


# --- tables --------------------------------------------------------------------------------------


def test_tables_say_what_is_stored(call, t1_folder):
    answer = call(*T1, "--out", t1_folder)
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert any("best of 2 fixed" in line for line in lines)
    (gap,) = (line for line in lines if "fixed < la" in line)
    assert gap.split()[:8] == ["t1", "type1", "fixed", "<", "la", "yes", "yes", "yes"]
    assert lines[-1].endswith(f"Report: {t1_folder}/report.html")


def test_the_best_fixed_row_is_the_smallest_error_zero_and_failures_included():
    def row(activation: str, l2: float | None) -> separation.Result:
        family = {
            "kind": "fixed",
            "form": "type1",
            "width": 1,
            "gate": None,
            "activation": activation,
        }
        return separation.Result(
            target="t1",
            lambda_=None,
            family=family,
            parameters=3,
            restarts=1,
            failed_lanes=0,
            error={"l2": l2},
            seeds=[{"l2": l2}],
            lower_bound={},
            membership=None,  # type: ignore[arg-type]
            witness_l2=None,
        )

    rows = [row("relu", 0.5), row("id", 0.0), row("tanh", None)]
    ((best, label),) = separate_command._best_activations(rows)
    assert best.family["activation"] == "id"
    assert label == "id type1 m=1, best of 3 fixed"


@pytest.mark.parametrize("name", ["plain", "with space", "[red]", "run[/a]", ":smile:", "ünï"])
def test_the_folder_is_named_as_it_is(call, tmp_path, name):
    answer = call(*LA, "--out", tmp_path / name)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.rstrip().endswith(f"Report: {tmp_path / name / 'report.html'}")
    assert len(shards(tmp_path / name)) == 1


def test_a_missing_compiler_is_told_once(call, out, monkeypatch):
    monkeypatch.setattr(running, "compiler_available", lambda: False)
    answer = call(*LA, "--json", "--out", out)
    assert answer.code == 0
    assert answer.document["results"]
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("no C++ compiler found")


def test_global_state_is_restored(call, out):
    for arguments in ([*LA, "--out", out], ["separate", "t9"], [*LA, "--out", out / "run" / "x"]):
        for threads in (1, 2):
            torch.set_num_threads(threads)
            call(*arguments)
            assert torch.get_num_threads() == threads
    torch.set_num_threads(1)


def test_options_mean_what_settings_mean(call, monkeypatch):
    seen: list[separate_command.Options] = []

    def run(options: separate_command.Options, *, as_json: bool) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr(separate_command, "run", run)
    assert call("separate").code == 0
    (options,) = seen
    plain = separation.Settings()
    for field in dataclasses.fields(plain):
        if field.name not in ("device", "seeds", "noise"):  # the last two are for sweeps
            assert getattr(options, field.name) == getattr(plain, field.name)
    assert (options.targets, options.kinds, options.widths, options.bias) == ((), None, None, None)
    assert (options.gate, options.gate_scale, options.gate_bias) == ("tanh", True, True)
    assert options.device == "auto"


# --- the run folder ------------------------------------------------------------------------------


def test_by_default_the_folder_is_under_runs_and_depends_on_the_configuration(call):
    first, again = call(*LA, "--json").document["run"], call(*LA, "--json").document["run"]
    other = call(*LA, "--seed", "1", "--json").document["run"]
    assert first == again != other
    assert Path(first).parent == Path("runs")
    assert sorted(str(path) for path in Path("runs").iterdir()) == sorted([first, other])


def test_the_manifest_records_what_was_run(call, out):
    call(*LA, "--seed", "7", "--out", out)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["schema"] == "expressivity.run/2"
    (unit,) = manifest["configuration"]["units"]
    assert unit["settings"]["seed"] == 7
    assert unit["settings"]["device"] in ("cpu", "cuda")
    assert unit["family"]["dictionary"] == ["relu", "relu2"]
    assert manifest["arguments"][:2] == ["separate", "t1"]
    assert manifest["environment"]["packages"]["torch"] == torch.__version__
    assert manifest["rules"]["t1"]["fine_nodes"] > manifest["rules"]["t1"]["fit_nodes"]
    git = manifest["git"]
    assert git is None or (len(git["commit"]) == 40 and git["changed"] in (True, False))


def test_a_rerun_reads_back_and_fits_nothing(call, out, monkeypatch):
    arguments = (*LA, "--json", "--out", out)
    first = call(*arguments).document
    before = tree(out)

    def unexpected(unit, *, on_finished=None):
        raise AssertionError("fitted again")

    monkeypatch.setattr(separation, "run_unit", unexpected)
    again = call(*arguments)
    assert again.code == 0
    assert again.document["results"] == first["results"]
    assert tree(out) == before


def test_a_damaged_shard_is_named_and_computed_again(call, out):
    arguments = (*LA, "--json", "--out", out)
    first = call(*arguments).document["results"]
    (shard,) = shards(out)
    shard.write_bytes(shard.read_bytes()[:-50])
    answer = call(*arguments)
    assert answer.code == 0
    assert answer.err == f"unreadable shard {shard.name}: computed again\n"
    (old,), (new,) = first, answer.document["results"]
    assert {**old, "seconds": 0} == {**new, "seconds": 0}
    assert call(*arguments).err == ""


# --- exit codes ----------------------------------------------------------------------------------


def test_one_when_a_claim_turns_out_otherwise(call, t1_folder, monkeypatch):
    monkeypatch.setattr(gaps, "REACHED", -1.0)
    answer = call(*T1, "--json", "--out", t1_folder)
    assert answer.code == 1
    first, second = answer.document["gaps"]
    assert (first["expected"], first["confirmed"]) == (True, False)
    assert (second["expected"], second["confirmed"]) == (False, False)
    table = call(*T1, "--out", t1_folder)
    assert table.code == 1
    assert "no (!)" in table.out


def huge_bounds(evidence: Evidence) -> Callable[..., tuple[Bound, ...]]:
    bound = Bound(norm="l2", value=1e6, evidence=evidence, method="free-knot", every_width=False)
    return lambda target, family, *, norms: (bound,)


def test_four_when_a_fit_is_below_a_bound_and_the_unit_is_kept(call, out, monkeypatch):
    monkeypatch.setattr(separation, "lower_bounds", huge_bounds(Evidence.NUMERICAL))
    answer = call(*LA, "--json", "--out", out)
    assert answer.code == 4
    assert "contradiction: t1, la type1 m=1: fitted l2 error" in one_line(answer)
    assert answer.document["results"][0]["lower_bound"]["l2"]["value"] == 1e6
    assert len(shards(out)) == 1
    # The stored unit is no less contradictory.
    assert call(*LA, "--out", out).code == 4


def test_four_when_a_witness_contradicts_a_rigorous_bound(call, out, monkeypatch):
    monkeypatch.setattr(separation, "lower_bounds", huge_bounds(Evidence.CERTIFIED))
    answer = call(*LA, "--json", "--out", out)
    assert answer.code == 4
    unit, command = answer.err.splitlines()
    assert "t1 la type1 m=1: RuntimeError: a contradiction: t1 equals" in unit
    assert command.startswith("expressivity: the machine failed: 1 fits failed")
    assert answer.out == ""
    assert len(list((out / "failures").iterdir())) == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (MemoryError(), "MemoryError"),
        (RuntimeError("can't allocate memory"), "can't allocate memory"),
    ],
)
def test_four_when_the_machine_fails_and_finished_units_are_kept(
    call, out, monkeypatch, error, told
):
    arguments = ("separate", "t1", "--family", "fixed", *SMALL, *TINY, "--json", "--out", out)
    plain, calls = store.pq.write_table, []

    def fails_later(table, path, **options):
        calls.append(path)
        if len(calls) == 2:
            path.write_bytes(b"half")
            raise error
        plain(table, path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(store.pq, "write_table", fails_later)
        answer = call(*arguments)
    assert answer.code == 4
    line = one_line(answer)
    assert "the machine failed" in line and told in line
    assert answer.out == ""
    assert len(shards(out)) == 1
    assert [path.name for path in (out / "units").iterdir()] == [shards(out)[0].name]
    assert call(*arguments).code == 0
    assert len(shards(out)) == 2


def test_four_when_the_file_system_refuses_to_grow_a_file(call, out):
    call(*LA, "--out", out)
    for path in [*shards(out), *(out / "weights").iterdir()]:
        path.unlink()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
    try:
        answer = call(*LA, "--out", out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert answer.code == 4
    assert "the machine failed" in one_line(answer)
    assert list((out / "weights").iterdir()) == []
    assert call(*LA, "--out", out).code == 0


def test_an_interruption_keeps_finished_units(call, out, monkeypatch):
    arguments = ("separate", "t1", "--family", "fixed", *SMALL, *TINY, "--out", out)
    plain, calls = separation.run_unit, []

    def interrupted(unit, *, on_finished=None):
        calls.append(unit)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return plain(unit, on_finished=on_finished)

    with monkeypatch.context() as patch:
        patch.setattr(separation, "run_unit", interrupted)
        answer = call(*arguments)
    assert answer.code == 4
    assert "interrupted" in one_line(answer)
    assert len(shards(out)) == 1
    assert call(*arguments).code == 0


# --- bad input -----------------------------------------------------------------------------------

CHOICES = {
    "target": ", ".join(TARGETS),
    "family": ", ".join(Kind),
    "form": ", ".join(FORMS),
    "gate": "sigmoid, tanh, softmax",
    "activation": ", ".join(FULL_DICTIONARY),
    "optimizer": "varpro, lm, adam",
    "loss": "l2, h1",
    "device": "auto, cpu, cuda",
    "dtype": "float64, float32",
}
UNKNOWN = {
    "target": ["nope"],
    "family": ["t1", "--family", "la,nope"],
    "form": ["t1", "--form", "nope"],
    "gate": ["t1", "--gate", "nope"],
    "activation": ["t1", "--dictionary", "relu,nope"],
    "optimizer": ["t1", "--optimizer", "nope"],
    "loss": ["t1", "--loss", "nope"],
    "device": ["t1", "--device", "nope"],
    "dtype": ["t1", "--dtype", "nope"],
}


def refused(call: Call, out: Path, *arguments: object) -> str:
    """The one line of a command that must refuse its arguments and write nothing."""
    answer = call("separate", *arguments, "--out", out, "--json")
    assert answer.code == 2
    assert answer.out == ""
    assert not out.exists()
    assert list(Path.cwd().iterdir()) == []
    return one_line(answer)


@pytest.mark.parametrize("noun", CHOICES)
def test_unknown_names_list_the_choices(call, out, noun):
    line = refused(call, out, *UNKNOWN[noun])
    assert f"unknown {noun} 'nope': choose from {CHOICES[noun]}" in line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["t1", "--widths", "0"], "widths of at least 1"),
        (["t1", "--widths", "1,0"], "widths of at least 1"),
        (["t1", "--widths=-1"], "widths of at least 1"),
        (["t1", "--widths", "x"], "widths of at least 1"),
        (["t1", "--widths", "1.5"], "widths of at least 1"),
        (["t1", "--widths", ""], "widths of at least 1"),
        (["t1", "--restarts", "0"], "restarts of at least 1"),
        (["t1", "--restarts", "x"], "--restarts"),
        (["t1", "--candidates", "0"], "candidates of at least 1"),
        (["t1", "--seed", "-1"], "seed of at least 0"),
        (["t1", "--family", ""], "at least one family"),
        (["t1", "--dictionary", ""], "at least one activation"),
        (["t1", "--dictionary", ","], "at least one activation"),
        (["t1", "--dictionary", "relu,relu"], "each activation once"),
        (["t5", "--family", "fixed"], "families that exist in form two_sided"),
        (["t2", "--lambda", "nan"], "finite lambda"),
        (["t2", "--lambda", "inf"], "finite lambda"),
        (["t2", "--lambda", "-inf"], "finite lambda"),
        (["t2", "--lambda", "0"], "lambda above 0"),
        (["t2", "--lambda", "-1"], "lambda above 0"),
        (["t2", "--lambda", "x"], "--lambda"),
        (["t2", "--lambda", "1e-320"], "positive finite norm"),
        (["t1", "--lambda", "nan"], "finite lambda"),
        (["t1", "--nonsense"], "No such option"),
        (["t1", "--expr", "x"], "target names or --expr"),
        (["t1", "nope"], "unknown target 'nope'"),
    ],
)
def test_unusable_options_are_refused(call, out, arguments, expected):
    assert expected in refused(call, out, *arguments)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x.__class__", "got '.__class__' at column 2"),
        ("().__class__.__bases__", "required: "),
        ("__import__('os').system('id')", "got '__import__' at column 1"),
        ("eval(x)", "a known function; got 'eval'"),
        ("[x for x in x]", "required: "),
        ("lambda: x", "required: "),
        ("y", "a variable (x or x1..x16)"),
        ("x17", "variables among x1..x16"),
        ("x + x1", "either x alone or x1..xd"),
        ("(" * 10_000 + "x" + ")" * 10_000, "at most 10,000 characters"),
        ("(" * 4_999 + "x" + ")" * 4_999, "at most 64 levels"),
        ("x**x", "literal rational exponent"),
        ("x**65", "literal rational exponent"),
        ("1/0*x", "finite"),
        ("exp(1000)*x", "finite"),
        ("", "required: an expression"),
        ("3", "got a constant"),
        ("x +", "operand"),
        ("1/x", "the base x1 of power -1 is or may be 0 near x1 = 0"),
        ("1/x*x", "is or may be 0 near x1 = 0"),
        ("x**0.5", "the base x1 of power 1/2 is negative"),
        ("1/(x1**2 + x2**2)", "near x1 = 0, x2 = 0"),
        ("tanh(x)/(x - 0.25)", "near x1 = 0.25"),
        ("1/(x - x)", "is or may be 0"),
        ("exp(exp(exp(exp(x))))", "finite with its gradient"),
        ("relu(-1)*x", "positive finite norm"),
        ("x - x", "positive finite norm"),
        ("relu(-2 - x)", "positive finite norm"),
    ],
)
def test_unusable_expressions_are_refused(call, out, text, expected):
    assert expected in refused(call, out, "--expr", text)


def test_a_cuda_device_that_is_absent_is_refused(call, out, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "torch finds none: use cpu" in refused(call, out, "t1", "--device", "cuda")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["list"], "Missing argument"),
        (["list", "nonsense"], "choose from targets, families, activations, gates"),
        (["nonsense"], "No such command 'nonsense'"),
        (["--nonsense"], "No such option"),
        (["separate", "t1", "--family"], "requires an argument"),
        (["doctor", "extra"], "extra"),
    ],
)
def test_unusable_commands_are_refused(call, arguments, expected):
    answer = call(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert expected in one_line(answer)


def test_help_is_shown(call):
    for arguments, code in ((["--help"], 0), (["separate", "--help"], 0), ([], 2)):
        answer = call(*arguments)
        assert (answer.code, answer.err) == (code, "")
        assert "Usage" in answer.out


# --- folders that are refused --------------------------------------------------------------------


def test_a_folder_below_a_file_is_refused(call, tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    for folder in (file, file / "run"):
        answer = call(*LA, "--out", folder)
        assert answer.code == 2
        assert "an output folder that can be written" in one_line(answer)
    assert file.read_text() == "mine"


def test_a_folder_with_other_files_is_refused(call, out):
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    answer = call(*LA, "--out", out)
    assert answer.code == 2
    assert "holds other files" in one_line(answer)
    assert tree(out) == {"thesis.tex": b"years of work"}


@pytest.mark.parametrize("change", [["--seed", "1"], ["--widths", "2"], ["--no-bias"]])
def test_a_folder_of_another_configuration_is_refused(call, out, change):
    call(*LA, "--out", out)
    before = tree(out)
    answer = call(*LA, *change, "--out", out)
    assert answer.code == 2
    assert "a run folder of the same configuration" in one_line(answer)
    assert tree(out) == before


def test_a_damaged_manifest_costs_its_own_run_nothing_and_is_kept_from_others(call, out):
    call(*LA, "--out", out)
    (out / "manifest.json").write_text('{"configuration": ')
    before = tree(out)
    for arguments in ((*LA, "--seed", "1", "--out", out), ("separate", "t3", *TINY, "--out", out)):
        answer = call(*arguments)
        assert answer.code == 2
        assert "a readable manifest" in one_line(answer)
    answer = call("report", out)
    assert answer.code == 2
    assert "run the command that made this folder again" in one_line(answer)
    assert tree(out) == before
    answer = call(*LA, "--out", out)
    assert answer.code == 0
    assert "was damaged, and is written again; finished units are kept" in one_line(answer)
    assert {name: tree(out)[name] for name in before if name.startswith("units/")} == {
        name: content for name, content in before.items() if name.startswith("units/")
    }


def test_a_folder_in_use_is_refused(call, out):
    call(*LA, "--out", out)
    before = tree(out)
    handle = os.open(out / ".lock", os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        answer = call(*LA, "--out", out)
    finally:
        os.close(handle)
    assert answer.code == 2
    assert "a run folder that no other process uses" in one_line(answer)
    assert tree(out) == before


# --- list and doctor -----------------------------------------------------------------------------

LISTED = {
    "targets": ["t1", "t2", "t3", "t3b", "t4", "t5", "t5q"],
    "families": list(FAMILIES),
    "activations": list(ACTIVATIONS),
    "gates": ["sigmoid", "tanh", "softmax"],
}


@pytest.mark.parametrize("what", LISTED)
def test_listings_have_one_line_each(call, what):
    answer = call("list", what, "--json")
    assert (answer.code, answer.err) == (0, "")
    document = answer.document
    assert list(document) == ["schema", "what", "names"]
    assert (document["schema"], document["what"]) == ("expressivity.list/1", what)
    assert list(document["names"]) == LISTED[what]
    table = call("list", what)
    assert (table.code, table.err) == (0, "")
    _, *lines = table.out.splitlines()
    assert sum(not line.startswith(" ") for line in lines) == len(LISTED[what])
    shown = "".join("".join(lines).split())  # long ones go on in the next line
    assert shown == "".join("".join(pair) for pair in document["names"].items()).replace(" ", "")


@pytest.mark.parametrize(
    ("dtype", "worst", "code"), [("float64", 1.0, 0), ("float64", math.inf, 1), ("float32", 99, 0)]
)
def test_doctor_fails_on_what_fits_rest_on(call, monkeypatch, dtype, worst, code):
    finding = Finding(
        activation="relu",
        quantity="value",
        mode="eager",
        dtype=dtype,
        worst=worst,
        argument=0.5,
        arguments=10,
        not_enclosed=0,
    )
    report = Report(machine=describe_machine(), findings=(finding,), skipped=("nothing",))
    monkeypatch.setattr(doctor_command, "examine", lambda: report)
    answer = call("doctor", "--json")
    assert (answer.code, answer.err) == (code, "")
    (found,) = answer.document["findings"]
    assert found["worst"] == (worst if math.isfinite(worst) else None)
    table = call("doctor")
    assert table.code == code
    assert "relu" in table.out and "skipped: nothing" in table.out


# --- as a user runs it ---------------------------------------------------------------------------


def start(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "expressivity", *map(str, arguments)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_as_a_process(out, tmp_path):
    (tmp_path / "empty").mkdir()
    # Without a compiler on the path it runs uncompiled, and says so.
    done = start(*LA, "--json", "--out", out, PATH=str(tmp_path / "empty"))
    assert done.returncode == 0
    assert done.stderr == "no C++ compiler found: fits run uncompiled, several times slower\n"
    assert json.loads(done.stdout)["results"][0]["error"]["l2"]["value"] <= 1e-12
    assert len(shards(out)) == 1


def test_a_process_that_refuses(out):
    done = start("separate", "t1", "--restarts", "many", "--out", out)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.skipif(not compiler_available(), reason="needs a C++ compiler")
def test_compiled_output_is_one_document_and_no_warning(tmp_path):
    options = ("t1", "t2", "--dictionary", "id,relu,relu2", *TINY, "--json")
    done = start("separate", *options, "--out", tmp_path / "run")
    assert done.returncode == 0
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert document["compile_seconds"] > 0
    assert [gap["confirmed"] for gap in document["gaps"]] == [
        gap["expected"] for gap in document["gaps"]
    ]


KILLED = """
import os, signal, sys
from expressivity import cli
from expressivity.runs import folder as store
plain, written = store.pq.write_table, []
def write(table, path):
    written.append(path)
    if len(written) == 2:
        path.write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
    plain(table, path)
store.pq.write_table = write
sys.argv = sys.argv[1:]
sys.exit(cli.main())
"""


@pytest.mark.slow
def test_a_killed_run_continues(call, out, tmp_path):
    arguments = ("separate", "t1", "--family", "fixed", *SMALL, *TINY, "--json", "--out", str(out))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, "expressivity", *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PATH": str(tmp_path / "none")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == -9
    assert len(shards(out)) == 1
    assert len(list((out / "units").iterdir())) == 2
    first = shards(out)[0].read_bytes()
    answer = call(*arguments)
    assert (answer.code, answer.err) == (0, "")
    assert len(answer.document["results"]) == 2
    assert first in [shard.read_bytes() for shard in shards(out)]


@pytest.mark.slow
def test_doctor_finds_nothing_wrong(call):
    answer = call("doctor", "--json")
    assert (answer.code, answer.err) == (0, "")
    document = answer.document
    assert list(document) == ["schema", "machine", "threshold", "findings", "skipped"]
    assert document["schema"] == "expressivity.doctor/1"
    audited = {(found["activation"], found["dtype"]) for found in document["findings"]}
    assert {(name, "float64") for name in FULL_DICTIONARY} <= audited


# --- requests beyond what memory allows ----------------------------------------------------------

HUGE = 10**9


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["t1", "--restarts", HUGE], "seeds * restarts * candidates of at most 4194304"),
        (["t1", "--candidates", HUGE], "seeds * restarts * candidates of at most 4194304"),
        (["t1", "--restarts", 4096, "--candidates", 4096], "seeds * restarts * candidates"),
        (["t1", "--restarts", 10**30], "seeds * restarts * candidates of at most 4194304"),
        (["t1", "--seed", 2**31], "seeds below 2147483648"),
        (["t1", "--widths", HUGE], "a network of at most 8192 weights"),
        (["t1", "--widths", 10**30], "a network of at most 8192 weights"),
        (["t1", "--widths", 2000, "--restarts", 10_000], "at most 268435456 weights in all"),
    ],
)
def test_what_memory_cannot_hold_is_refused_before_work(
    call, out, monkeypatch, arguments, expected
):
    monkeypatch.setattr(separate_command, "run_units", None)
    assert expected in refused(call, out, *arguments)


def test_the_limits_are_on_the_size_and_not_on_the_time():
    most = separation.MAX_STARTS
    assert separation.Settings(restarts=most // 16).restarts == most // 16
    with pytest.raises(ValueError, match="choose smaller ones"):
        separation.Settings(restarts=most // 16 + 1)
    with pytest.raises(ValueError, match="1 to 1048576 points"):
        separation.Noise(size=0.1, points=HUGE)
    for wrong in (2.5, True, "2", math.inf):
        with pytest.raises(ValueError, match="required: restarts as a whole number; got"):
            separation.Settings(restarts=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [str(HUGE), "16385", "9" * 10_000])
def test_layers_that_memory_cannot_hold_are_refused(call, width):
    answer = call("overhead", "--widths", width)
    assert answer.code == 2 and "of at most 16384" in one_line(answer)
