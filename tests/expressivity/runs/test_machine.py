"""The description of the machine, and its audit of every activation.

Kinds: property (JSON, what was left out is said), negative (no compiler, no enclosure), soundness
(compiled kernels against balls; slow).
"""

import dataclasses
import json

import pytest
import sympy as sp
import torch

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY, Activation
from expressivity.classes.audit import DTYPES, THRESHOLD
from expressivity.classes.neurons import NEURONS
from expressivity.fitting.program import compiler_available
from expressivity.registry import Registry
from expressivity.runs import machine
from expressivity.runs.machine import Report, examine
from expressivity.symbolic.symbols import Z

torch.set_num_threads(1)


def narrow(patch: pytest.MonkeyPatch, activations, neurons=()) -> None:
    """Let ``examine`` see these records alone."""
    for noun, names, known in (
        ("ACTIVATIONS", activations, ACTIVATIONS),
        ("NEURONS", neurons, NEURONS),
    ):
        registry: Registry = Registry(noun.lower())
        for name in names:
            registry.add(name, known[name])
        patch.setattr(machine, noun, registry)


@pytest.fixture(scope="module")
def report() -> Report:
    """Of the paper's activations and two neurons; the slow test audits everything."""
    with pytest.MonkeyPatch.context() as patch:
        narrow(patch, FULL_DICTIONARY, ("swish", "xielu"))
        return examine(compiled=False)


def test_every_activation_is_accurate_in_eager_mode(report):
    assert report.poor == ()
    expected = {
        (name, quantity, "eager", str(dtype).removeprefix("torch."))
        for name in (*FULL_DICTIONARY, "neuron swish", "neuron xielu")
        for quantity in ("value", "derivative")
        for dtype in DTYPES
    }
    found = [(f.activation, f.quantity, f.mode, f.dtype) for f in report.findings]
    assert expected == set(found)
    assert len(set(found)) == len(found)
    assert all(f.not_enclosed == 0 and f.arguments > 5000 for f in report.findings)


def test_what_was_left_out_is_said(report):
    assert report.skipped == ("compiled: not asked for",)


def test_report_is_json_without_nan(report):
    document = json.loads(json.dumps(report.json(), allow_nan=False))
    assert document["schema"] == "expressivity.doctor/1"
    assert document["threshold"] == THRESHOLD
    assert document["machine"]["cores"] >= 1
    assert document["machine"]["packages"]["torch"] == torch.__version__
    assert document["machine"]["packages"]["sympy"] == sp.__version__
    assert {finding["verdict"] for finding in document["findings"]} == {"ok"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.skipped = ()


@pytest.mark.slow
@pytest.mark.skipif(not compiler_available(), reason="no C++ compiler")
def test_every_activation_is_accurate_compiled():
    result = examine()
    assert result.skipped == ()
    assert {f.mode for f in result.findings} == {"eager", "compiled"}
    assert [f.json() for f in result.poor] == []
    assert set(ACTIVATIONS) <= {f.activation for f in result.findings}
    assert {"neuron pau", "neuron snake"} <= {f.activation for f in result.findings}


def test_without_a_compiler_the_rest_is_still_audited(monkeypatch):
    narrow(monkeypatch, ("relu",))
    monkeypatch.setattr(machine, "compiler_available", lambda: False)
    result = examine()
    assert not result.machine.compiler
    assert [reason.split(";")[0] for reason in result.skipped] == [
        "compiled: no C++ compiler found"
    ]
    assert len(result.findings) == 4 and result.poor == ()


def test_an_activation_without_balls_is_skipped_by_name(monkeypatch):
    odd: Registry[Activation] = Registry("activation")
    odd.add("odd", dataclasses.replace(ACTIVATIONS["id"], name="odd", expression=sp.gamma(Z)))
    odd.add("id", ACTIVATIONS["id"])
    narrow(monkeypatch, ())
    monkeypatch.setattr(machine, "ACTIVATIONS", odd)
    result = examine(compiled=False)
    assert {finding.activation for finding in result.findings} == {"id"}
    assert [reason.split(":")[0] for reason in result.skipped[1:]] == ["odd float64", "odd float32"]
