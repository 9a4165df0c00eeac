"""Tests of the classify command.

Reference: the verdicts of docs/theory.md, section 3, for the expressions of the targets. Negative:
unusable input is refused before anything is computed. Metamorphic: a witness in the document is
the expression once it is read back.
"""

import itertools
import json
import time

import pytest
import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import FIXED_FORMS, Kind
from expressivity.classes.weights import Weights, network_expression
from expressivity.commands import classify as command
from expressivity.membership import decide
from expressivity.symbolic.identities import is_identity

SMALL = ("id", "relu", "tanh")
RELU_PLUS = "relu(x) + relu2(x)"


def classified(capsys, text, **options):
    code = command.run(command.Options(expr=text, **options), as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "expressivity.classify/1"
    assert document["expression"] == text
    rows = {
        (r["family"]["kind"], r["family"]["form"], r["family"]["activation"]): r
        for r in document["results"]
    }
    assert len(rows) == len(document["results"])
    return code, rows


def verdicts(rows, kind, form):
    return {
        r["membership"]["verdict"] for key, r in rows.items() if key[:2] == (str(kind), str(form))
    }


def test_more_groups_than_memory_holds_are_refused(call):
    answer = call("classify", "relu(x)", "--groups", 10**9, "--family", "la")
    assert (answer.code, answer.out) == (2, "")
    assert "at most 1024 groups" in answer.err and answer.err.count("\n") == 1


def test_the_example(capsys):
    started = time.monotonic()
    code, rows = classified(capsys, "tanh(2*x1)*relu(x2)")
    assert time.monotonic() - started < 30
    assert code == 0
    assert len(rows) == 2 * 7 + 2 * 4
    for form in FIXED_FORMS:
        assert verdicts(rows, Kind.FIXED, form) == {"non_member"}
    la = rows["la", "type1", None]
    assert la["family"]["width"] is None
    assert la["membership"]["obstruction"] == "jump_amplitude"
    assert "gradient jump" in la["membership"]["reason"]
    assert la["membership"]["witness"] is None
    moa = rows["moa", "type1", None]
    assert moa["family"]["width"] == 1
    assert moa["family"]["gate"] == {"name": "tanh", "scale": True, "bias": True}
    assert (moa["membership"]["verdict"], moa["membership"]["evidence"]) == ("member", "proved")
    assert moa["membership"]["obstruction"] is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RELU_PLUS, {("la", "type1"): {"member"}, ("fixed", "type1"): {"non_member"}}),
        (
            "tanh(2*x1)*relu(x2)*x1",
            {("la", "one_sided"): {"non_member"}, ("la", "two_sided"): {"member"}},
        ),
        (
            "tanh(2*x1)**2*x1*relu(x2)",
            {("la", "two_sided"): {"non_member"}, ("moa", "two_sided"): {"member"}},
        ),
        (
            "tanh(2*x1)**2*relu(x2)",
            {("la", "quadratic"): {"non_member"}, ("moa", "quadratic"): {"member"}},
        ),
        ("(relu(x) + relu2(x))*(x + 1)", {("fixed", "one_sided"): {"non_member"}}),
    ],
)
def test_targets_as_text(capsys, text, expected):
    _, rows = classified(capsys, text)
    for (kind, form), found in expected.items():
        assert verdicts(rows, kind, form) == found


@pytest.mark.parametrize("text", ["x1*tanh(x1)", "relu(x1)*x2 - 3", "sigmoid(x1 + 1)*gelu(x2)"])
def test_witnesses_can_be_read_back(capsys, text):
    _, rows = classified(capsys, text, gate="sigmoid", dictionary=("id", "silu", "relu", "gelu"))
    target, _ = command.understand(command.Options(expr=text))
    members = [r for r in rows.values() if r["membership"]["verdict"] == "member"]
    assert members
    for row in members:
        data, gate = row["family"], row["family"]["gate"]
        family = Family(
            kind=Kind(data["kind"]),
            neuron=data["form"],
            width=data["width"],
            dimension=target.dimension,
            dictionary=tuple(data["dictionary"]),
            gate=None if gate is None else GateSpec(**gate),
            bias=data["bias"],
        )
        blocks = {
            name: sp.ImmutableMatrix([[sp.Rational(entry) for entry in line] for line in block])
            for name, block in row["membership"]["witness"].items()
        }
        network = network_expression(family, Weights(blocks=blocks))
        assert is_identity(network, target.expression) is True


def test_switches_reach_the_families():
    for scale, bias, hidden in itertools.product((False, True), repeat=3):
        _, families = command.understand(
            command.Options(
                expr="x",
                gate="softmax",
                gate_scale=scale,
                gate_bias=bias,
                bias=hidden,
                dictionary=SMALL,
            )
        )
        assert len(families) == 2 * 3 + 2 * 4
        gates = {family.gate for family in families if family.kind is Kind.MOA}
        assert gates == {GateSpec(name="softmax", scale=scale, bias=bias)}
        assert {family.bias for family in families} == {hidden}


def test_nothing_decided_is_exit_code_3(capsys):
    code, rows = classified(capsys, "tanh(x)/(3+tanh(2*x))", dictionary=("tanh",))
    assert code == 3
    assert all(r["membership"]["verdict"] == "unknown" for r in rows.values())
    assert all(r["family"]["width"] is None for r in rows.values())


def test_table(capsys):
    assert command.run(command.Options(expr="relu(x)", dictionary=SMALL), as_json=False) == 0
    out = capsys.readouterr().out
    assert "fixed type1 relu" in out
    assert "moa quadratic" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"expr": "1/x"}, "finite"),
        ({"expr": "import os"}, "required"),
        ({"expr": "x^2"}, "required"),
        ({"expr": "x + x1"}, "x1"),
        ({"expr": "3"}, "constant"),
        ({"expr": " t2 "}, "t2 is the name of a target"),
        ({"expr": "x", "gate": "relu"}, "unknown gate"),
        ({"expr": "x", "dictionary": ("swishy",)}, "unknown activation"),
        ({"expr": "x", "dictionary": ()}, "at least one"),
        ({"expr": "x", "dictionary": ("relu", "relu")}, "once"),
    ],
)
def test_bad_input_is_refused_in_one_line(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        command.run(command.Options(**options), as_json=True)
    assert "\n" not in str(caught.value)


def test_activations_share_a_row_and_witnesses_are_written_out(capsys):
    command.run(
        command.Options(expr="abs(x)", dictionary="relu,tanh,gelu,leaky_relu", form="type1"),
        as_json=False,
    )
    shown = capsys.readouterr().out
    assert "fixed type1 tanh, gelu " in shown
    assert "fixed type1 relu, leaky_relu " in shown
    assert "As fixed type1 relu: relu(-x1) + relu(x1)" in shown
    assert "As fixed type1 leaky_relu: 100*leaky_relu(-x1)/99 + 100*leaky_relu(x1)/99" in shown


def test_a_class_that_takes_too_long_is_unknown_and_the_others_are_decided(capsys, monkeypatch):
    def slow_in_la(target, family):
        deadline = time.monotonic() + 30
        while family.kind is Kind.LA and time.monotonic() < deadline:
            pass
        return "it is not"

    monkeypatch.setattr(decide, "OBSTRUCTIONS", (slow_in_la,))
    monkeypatch.setattr(decide, "GUARD_SECONDS", 1.0)
    code, rows = classified(capsys, "exp(x)", form="type1", kinds="la,moa")
    assert code == 0
    la, moa = rows.values()
    assert (la["membership"]["verdict"], moa["membership"]["verdict"]) == ("unknown", "non_member")
    assert la["membership"]["reason"].startswith("no end within 1 s")
    assert la["membership"]["evidence"] == "unknown"
