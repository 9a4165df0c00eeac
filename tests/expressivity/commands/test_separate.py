"""The document and the tables of ``separate``.

Kinds: reference (the agreed keys and words), property (failed values are null, options mean what
settings mean). Commands run in process, uncompiled and tiny.
"""

import dataclasses
import math
import os

import pytest
import torch
from command_lines import LA, TINY, shards
from default_ladder import DEFAULTS

from expressivity.commands import separate as separate_command
from expressivity.runs.executors import Processes
from expressivity.separation import unit as separation
from expressivity.separation.settings import Settings

torch.set_num_threads(1)


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
            "l2_estimate",
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
            "constraint",
            "groups",
            "outputs",
            "bias",
        ]
        assert (family["form"], family["width"], family["bias"]) == ("type1", 1, True)
        assert (family["constraint"], family["groups"], family["outputs"]) == ("free", 1, 1)
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


@pytest.mark.parametrize("name", ["plain", "with space", "[red]", "run[/a]", ":smile:", "ünï"])
def test_the_folder_is_named_as_it_is(call, tmp_path, name):
    answer = call(*LA, "--out", tmp_path / name)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.rstrip().endswith(f"Report: {tmp_path / name / 'report.html'}")
    assert len(shards(tmp_path / name)) == 1


def test_a_missing_compiler_is_told_once(call, out, monkeypatch):
    monkeypatch.setenv("CXX", "/nonexistent")
    answer = call(*LA, "--json", "--out", out)
    assert answer.code == 0
    assert answer.document["results"]
    assert answer.err.count("\n") == 1
    assert "no C++ compiler found: /nonexistent is none: fits run uncompiled" in answer.err


@pytest.mark.slow
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
    plain = Settings()
    for field in dataclasses.fields(plain):
        if field.name not in ("device", "seeds", "noise"):  # the last two are for sweeps
            asked = options.settings(device="cpu")
            assert getattr(asked, field.name) == getattr(plain, field.name)
    assert (options.targets, options.kinds, options.widths, options.bias) == ((), None, None, None)
    assert (options.gate, options.gate_scale, options.gate_bias) == ("tanh", True, True)
    assert options.device == "auto"


# --- where units run ------------------------------------------------------------------------------


@pytest.fixture
def many_cores(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)))


def test_work_and_cores_decide_how_many_processes_there_are(many_cores, monkeypatch):
    ladder = separate_command.understand(DEFAULTS)
    assert separate_command._executor(ladder)._workers == 4
    compiled = dataclasses.replace(ladder, compiled=True)
    assert separate_command._executor(compiled) is None
    small = separate_command.understand(dataclasses.replace(DEFAULTS, targets=("t2",)))
    assert separate_command._executor(small) is None
    for cores, workers in ((2, 2), (3, 3)):
        monkeypatch.setattr(torch, "get_num_threads", lambda count=cores: count)
        assert separate_command._executor(ladder)._workers == workers
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert separate_command._executor(ladder) is None


@pytest.mark.slow
def test_a_document_does_not_depend_on_processes(call, tmp_path, monkeypatch):
    documents = []
    for name, executor in (("here", None), ("there", Processes(2))):
        monkeypatch.setattr(separate_command, "_executor", lambda ladder, found=executor: found)
        answer = call(
            "separate", "t2", "--widths", "1,2", "--restarts", 4, "--generations", 1,
            "--json", "--out", tmp_path / name,
        )  # fmt: skip
        document = answer.document
        for result in document["results"]:
            del result["seconds"]
        documents.append({key: document[key] for key in ("results", "gaps")})
    assert documents[0] == documents[1]
