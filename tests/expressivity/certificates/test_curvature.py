"""Error against curvature as commands and certificates.

Kinds: reference (what is written is verified; the inverse gives the curvature back), negative
(refusals in one line, and nothing where nothing is certain).
"""

import json

import pytest
import torch

from expressivity import certify, check
from expressivity.certificates.writer import digest

torch.set_num_threads(1)
T1 = ("t1", "--family", "fixed", "--activation", "relu2")


def test_a_bound_is_written_and_verified(call, tmp_path):
    path = tmp_path / "c.json"
    answer = call("certify", *T1, "--curvature", 1450, "--out", path, "--json")
    assert answer.code == 0 and answer.err == ""
    assert answer.document["lower_bound"]["l2"] == {
        "value": "7.477618698e-7",
        "evidence": "certified",
        "method": "curvature",
        "relative": True,
        "curvature": "1450",
    }
    assert answer.document["family"]["width"] is None
    assert json.loads(path.read_text()) == answer.document
    assert call("check", path).code == 0
    changed = answer.document | {"target": {"name": "t1", "expression": "relu2(x1)"}}
    path.write_text(
        json.dumps(
            changed | {"digest": digest({k: v for k, v in changed.items() if k != "digest"})}
        )
    )
    assert call("check", path).code == 1


def test_the_inverse_for_learned_activations(call):
    family = ("--family", "la", "--dictionary", "relu2,tanh")
    answer = call("certify", "t1", *family, "--error", "1e-3")
    # Every activation bends by 2 abs(c) at most.
    assert "12.93742438: a sum of abs(a) w^2 sum abs(c) above 6.468712\n" in answer.out


def test_the_inverse_says_what_an_error_needs(call):
    answer = call("certify", *T1, "--error", "1e-3")
    assert answer.code == 0
    assert "an error below 1e-3 needs a curvature above 12.9374" in answer.out
    assert "a sum of abs(a) w^2 above 6.4687" in answer.out
    found = certify("t1", "la", dictionary="id,gelu,silu,tanh", error=1e-3)
    claim = found["lower_bound"]["l2"]
    again = certify("t1", "la", dictionary="tanh", curvature=claim["curvature"])
    assert again["lower_bound"]["l2"]["value"] == claim["value"]
    assert check(found).outcome == "verified"


@pytest.mark.parametrize("text", ["relu(x-1/3)*exp(x)", "abs(x-1/2)+abs(x+1/4)", "tanh(9*x)"])
def test_targets_of_ones_own(call, tmp_path, text):
    path = tmp_path / "c.json"
    command = ("certify", "--expr", text, "--dictionary", "tanh", "--curvature", 5)
    assert call(*command, "--out", path).code == 0
    assert call("check", path).code == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((*T1, "--curvature", 0), "required: a positive curvature, as 1450 or 1.5e3; got 0"),
        ((*T1, "--curvature", -1), "required: a positive curvature"),
        ((*T1, "--curvature", "nan"), "required: a positive curvature"),
        ((*T1, "--error", 0), "required: a positive error"),
        ((*T1, "--error", "x"), "required: a positive error"),
        ((*T1, "--curvature", 1, "--error", 1), "one of the two"),
        ((*T1, "--curvature", 1, "--width", 2), "without --width"),
        ((*T1, "--curvature", 1, "--search"), "without --search"),
        ((*T1, "--curvature", 1, "--dictionary", "tanh"), "--activation or --dictionary"),
        (("t1", "--curvature", 1), "required: C^1 activations"),
        (("t1", "--family", "moa", "--dictionary", "tanh", "--curvature", 1), "without gates"),
        (("t1", "--family", "fixed", "--activation", "relu", "--curvature", 1), "got relu type1"),
        (("t2", "--dictionary", "tanh", "--curvature", 1), "of one variable"),
        (("--expr", "abs(x**2-1/3)", "--dictionary", "tanh", "--curvature", 1), "got one at x1**2"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(call, tmp_path, arguments, expected):
    path = tmp_path / "c.json"
    answer = call("certify", *arguments, "--out", path)
    assert answer.code == 2 and not path.exists()
    assert expected in answer.err and answer.err.count("\n") == 1


def test_nothing_is_claimed_where_nothing_is_found(call):
    answer = call("certify", "--expr", "tanh(x)", "--dictionary", "tanh", "--curvature", 2)
    assert answer.code == 3 and "not decided: no positive bound" in answer.err
    assert call("certify", *T1, "--error", 2).code == 3
    with pytest.raises(RuntimeError, match="not decided"):
        certify("t1", "fixed", dictionary="relu2", error="0.9")
    with pytest.raises(ValueError, match="a curvature or an error alone"):
        certify("t1", "fixed", dictionary="relu2", curvature=3, width=2)
