"""``list`` and ``doctor``.

Kinds: reference (one line an entry), negative (a failing check ends with a code).
"""

import math

import pytest
import torch

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.audit import Finding
from expressivity.classes.catalogue import FAMILIES
from expressivity.commands import doctor as doctor_command
from expressivity.runs.machine import Report, describe_machine
from expressivity.targets.builtin import FURTHER

torch.set_num_threads(1)
LISTED = {
    "targets": ["t1", "t2", "t3", "t3b", "t4", "t5", "t5q", *FURTHER],
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


@pytest.mark.slow
def test_doctor_finds_nothing_wrong(call):
    answer = call("doctor", "--json")
    assert (answer.code, answer.err) == (0, "")
    document = answer.document
    assert list(document) == ["schema", "machine", "threshold", "findings", "skipped"]
    assert document["schema"] == "expressivity.doctor/1"
    audited = {(found["activation"], found["dtype"]) for found in document["findings"]}
    assert {(name, "float64") for name in FULL_DICTIONARY} <= audited
