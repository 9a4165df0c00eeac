"""Certificates and their commands.

Reference: what is written is verified by the checker, at the figures of docs/theory.md. Soundness:
no fit lies below. Negative: refusals, a changed file, a failed write.
"""

import json
from decimal import Decimal
from pathlib import Path

import pytest
import torch

from expressivity.bounds import TargetNorms, ridge_rank
from expressivity.bounds.integrals import moments
from expressivity.certificates.kernel import KernelAnswer, KernelCertifier
from expressivity.certificates.writer import digest, write
from expressivity.checker import check_text
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.commands import certify as certify_command
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit, run_unit
from expressivity.targets.builtin import t2
from expressivity.targets.user import user_target

torch.set_num_threads(1)
LOWER_T2 = (0.4970, 0.0954, 0.0437, 0.0098, 0.0050, 0.00135, 0.00067, 0.00019)
THREE = ("--dictionary", "id,relu,tanh")


@pytest.mark.parametrize(("width", "value"), list(enumerate(LOWER_T2, 1)))
def test_lower_bounds_of_t2_are_written_and_verified(call, tmp_path, width, value):
    path = tmp_path / "c.json"
    answer = call("certify", "t2", "--width", width, "--out", path, "--json")
    assert answer.code == 0 and answer.err == ""
    claim = answer.document["lower_bound"]["l2"]
    assert Decimal(claim["value"]) >= Decimal(str(value))
    assert (claim["evidence"], claim["method"], claim["relative"]) == (
        "certified",
        "ridge-rank",
        True,
    )
    assert answer.document["upper_bound"] is None
    assert json.loads(path.read_text()) == answer.document
    assert call("check", path).code == 0


def test_the_whole_separation_is_two_certificates(call, tmp_path):
    smaller, larger = tmp_path / "la.json", tmp_path / "moa.json"
    assert call("certify", "t2", "--width", 4, "--out", smaller).code == 0
    command = ("certify", "t2", "--family", "moa", *THREE, "--restarts", 8)
    assert call(*command, "--out", larger).code == 0
    for path in (smaller, larger):
        assert call("check", path).code == 0
    lower = json.loads(smaller.read_text())["lower_bound"]["l2"]["value"]
    upper = json.loads(larger.read_text())["upper_bound"]["l2"]["value"]
    assert Decimal(lower) / Decimal(upper) >= Decimal("1e9")


@pytest.mark.parametrize(
    ("target", "width", "best", "degree"),
    [
        ("t2", 1, 0.67715, 20),
        ("t2", 2, 0.13251, 20),
        ("t2", 3, 0.08284, 12),
        pytest.param("t2", 3, 0.08284, 20, marks=pytest.mark.slow),
        pytest.param("t2", 4, 0.02437, 20, marks=pytest.mark.slow),
        ("t4", 1, 0.35354, 12),
        pytest.param("t4", 2, 0.05247, 20, marks=pytest.mark.slow),
    ],
)
def test_search_over_directions_is_tight(call, tmp_path, target, width, best, degree):
    """Within 3 % of the best sums that floats find, and below them."""
    path = tmp_path / "c.json"
    command = ("certify", target, "--width", width, "--degree", degree, "--search")
    answer = call(*command, "--out", path, "--json")
    claim = answer.document["lower_bound"]["l2"]
    assert best / 1.03 <= float(claim["value"]) <= best
    assert claim["method"] == "ridge-search"
    assert call("check", path).code == 0


@pytest.mark.parametrize(
    ("arguments", "methods"),
    [
        (("t4", "--width", 1), ("ridge-rank", None)),
        (("t1", "--upper", "--restarts", 4), (None, "network-error")),
        (("--expr", "relu(x1+2*x2-1/3)*exp(x1)+abs(x2)"), ("ridge-rank", None)),
        (("t2", "--family", "fixed", "--dictionary", "relu"), ("ridge-rank", None)),
        (("t2", "--gate", "softmax", "--lambda", 0.5), ("ridge-rank", None)),
    ],
)
def test_other_classes_and_targets(call, tmp_path, arguments, methods):
    path = tmp_path / "c.json"
    answer = call("certify", *arguments, "--out", path, "--json")
    assert answer.code == 0
    found = [
        bound and bound["l2"]["method"]
        for bound in (answer.document["lower_bound"], answer.document["upper_bound"])
    ]
    assert tuple(found) == methods
    assert call("check", path).code == 0


def test_no_fit_lies_below_a_certified_bound():
    for width in (1, 2):
        family = Family(kind=Kind.LA, neuron="type1", width=width, dimension=2)
        result, _ = run_unit(FitUnit(target=t2(), family=family, settings=Settings(restarts=4)))
        assert result.contradictions == []
        bound = result.lower_bound["l2"]
        assert str(bound.evidence) == "certified"
        assert 0 < bound.value < result.error["l2"]


def test_a_target_that_takes_too_many_evaluations_is_not_decided(call, tmp_path, monkeypatch):
    """Of a share of what is allowed: 1/(1 + 25 r^2) takes some 600,000, half a minute."""
    monkeypatch.setattr(moments, "EVALUATIONS", 2000)
    path = tmp_path / "c.json"
    for expression in ("1/(1+25*(x1**2+x2**2))", "sigmoid(2000*x1)*relu(x2)"):
        answer = call("certify", "--expr", expression, "--out", path)
        assert answer.code == 3 and not path.exists()
        assert answer.err.startswith("not decided: ") and answer.err.count("\n") == 1
        target = user_target(expression)
        family = Family(kind=Kind.LA, neuron="type1", width=1, dimension=2)
        bounds = ridge_rank.bounds(target, family, TargetNorms(l2=1.0, sup=1.0))
        assert all(str(bound.evidence) == "numerical" for bound in bounds)


def test_a_changed_file_is_rejected(call, tmp_path):
    path = tmp_path / "c.json"
    document = call("certify", "t2", "--width", 2, "--json").document
    del document["digest"]
    document["lower_bound"]["l2"]["value"] = "0.1"
    path.write_text(json.dumps({**document, "digest": digest(document)}))
    answer = call("check", path)
    assert answer.code == 1 and answer.out.startswith("rejected: ")
    assert check_text(path.read_text()).outcome == "rejected"


MOA, MAXOUT = ("--family", "moa"), ("--family", "maxout2")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("certify",), "a target name or --expr"),
        (("certify", "t2", "--expr", "x1*x2"), "a target name or --expr"),
        (("certify", "t99"), "unknown target 't99'"),
        (("certify", "t2", "--width", 0), "width of at least 1"),
        (("certify", "t2", "--width", 60), "a smaller --width"),
        (
            ("certify", "t2", "--degree", 0),
            "a degree from 1 to 60, and a width it covers; got degree 0",
        ),
        (("certify", "t2", "--degree", 100), "choose another --degree"),
        (("certify", "t2", "--out", ""), "a file that can be written; .: Is a directory"),
        (("certify", "t2", "--width", 9, "--degree", 8), "raise --degree"),
        (("certify", "t2", "--family", "lo"), "unknown family 'lo'"),
        (("certify", "t2", "--lambda", "inf"), "finite"),
        (("certify", "t5"), "got la two_sided: ask for --upper"),
        (("certify", "t1"), "on the interval; got la type1: ask for --curvature"),
        (("certify", "t2", "--constraint", "simplex"), "constraint must be free"),
        (("certify", "t2", "--gradient", *MOA, "--width", 2), "about every width, without --width"),
        (("certify", "t2", *MAXOUT, "--dictionary", "relu"), "got relu for maxout2"),
        (("certify", "t2", "--width", 7, "--search"), "at most 6 for --search"),
        (("certify", "t2", "--family", "moa", "--search"), "or one_sided for --search"),
        (("certify", "t4", "--sandwich"), "in form type1 for --sandwich"),
        (("certify", "t2", "--family", "moa", "--sandwich"), "in form type1 for --sandwich"),
        (("certify", "--expr", "relu(x1**2-x2)"), "kinks along straight lines"),
        (("certify", "--expr", "1/(x1-5/4)+x2", "--out", "/proc/none/c.json"), "choose another"),
        (("check", "/nowhere/c.json"), "a file that can be read"),
    ],
)
def test_bad_input_is_one_line(call, arguments, message):
    answer = call(*arguments)
    assert answer.code == 2
    assert message in answer.err and answer.err.count("\n") == 1


def test_a_statement_about_every_width_asks_for_no_width_that_groups_divide(call):
    answer = call("certify", "t2", "--gradient", *MOA, "--groups", 2)
    assert answer.code == 3 and answer.err.startswith("not decided")


def test_members_get_no_lower_bound(call):
    answer = call("certify", "--expr", "relu(x1)+tanh(x2)", "--width", 2)
    assert answer.code == 3 and answer.err.startswith("not decided")


def test_a_failed_write_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "c.json"
    write({"a": 1}, path)
    monkeypatch.setattr(Path, "replace", _full)
    with pytest.raises(ValueError, match="choose another --out"):
        write({"a": 2}, path)
    assert json.loads(path.read_text()) == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["c.json"]


def _full(self: Path, target: Path) -> Path:
    raise OSError(28, "No space left on device")


# --- what is no certificate, and what is one and malformed ---------------------------------------

OURS = '"schema": "expressivity.certificate/1"'
NONE = {
    "nothing": b"",
    "binary": bytes(range(256)),
    "text": b"a letter",
    "an array": b'["schema", "expressivity.certificate/1"]',
    "text in quotes": b'"expressivity.certificate/1"',
    "an object of no schema": b"{}",
    "another schema": b'{"schema": "expressivity.separate/1"}',
    "a schema that begins alike": b'{"schema": "expressivity.certificates.writer/1"}',
    "a schema that is no text": b'{"schema": ["expressivity.certificate/1"]}',
    "a schema further in": f'{{"a": {{{OURS}}}}}'.encode(),
    "half a certificate": f"{{{OURS}".encode(),
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "more than allowed": f"{{{OURS}}}".encode() + b" " * (2 << 20),
}
MALFORMED = {
    "no other field": f"{{{OURS}}}".encode(),
    "another number": b'{"schema": "expressivity.certificate/2"}',
    "no number": b'{"schema": "expressivity.certificate/"}',
    "a number with a float": f'{{{OURS}, "a": 1.5}}'.encode(),
    "NaN": f'{{{OURS}, "a": NaN}}'.encode(),
    "a huge integer": f'{{{OURS}, "a": {"9" * 100_000}}}'.encode(),
    "the schema twice": f'{{{OURS}, "schema": "other"}}'.encode(),
    "nine levels": f'{{{OURS}, "a": {"[" * 9}{"]" * 9}}}'.encode(),
    "no UTF-8": b'{"schema": "expressivity.certificate/1", "a": "\xff"}',
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_certificate_is_no_finding(call, tmp_path, name):
    path = tmp_path / "file"
    path.write_bytes(NONE[name])
    for options in ((), ("--json",)):
        answer = call("check", path, *options)
        assert (answer.code, answer.out) == (2, "")
        assert "required: a JSON object of schema expressivity.certificate/1" in answer.err
        assert str(path) in answer.err and answer.err.count("\n") == 1


def test_a_folder_is_no_certificate(call, tmp_path):
    answer = call("check", tmp_path)
    assert answer.code == 2 and "a file that can be read" in answer.err


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_certificate_is_rejected(call, tmp_path, name):
    path = tmp_path / "file"
    path.write_bytes(MALFORMED[name])
    answer = call("check", path, "--json")
    assert (answer.code, answer.err) == (1, "")
    assert answer.document["outcome"] == "rejected"


def test_a_proof_that_cannot_be_written_is_refused_as_any_certificate(call, monkeypatch, tmp_path):
    answer = KernelAnswer(outcome="verified", reason="some", text="(* a proof *)")
    kernel = KernelCertifier(
        name="some", certify=lambda text, family: answer, check=lambda text: answer
    )
    monkeypatch.setattr(certify_command, "kernel", lambda: kernel)
    arguments = ("certify", "--expr", "relu(x)", "--kernel", "--out")
    refused = call(*arguments, tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert f"a file that can be written; {tmp_path}: Is a directory" in refused.err
    assert call(*arguments, tmp_path / "a.v").code == 0
    assert (tmp_path / "a.v").read_text() == "(* a proof *)"
