"""The overhead command.

Kinds: property (ratios, memory bounds, counts), reference (bytes counted by hand; the JSON
contract), negative (bad widths).
"""

import pytest
import torch
from torch import nn

from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS
from expressivity.fitting.program import compiler_available
from expressivity.layers.overhead import layer_family, measure, saved_bytes

torch.set_num_threads(1)

compiles = pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")

REFERENCES = {
    "type1": "type1",
    "one_sided": "one_sided",
    "two_sided": "one_sided",
    "quadratic": "one_sided",
}

FIELDS = [
    "form",
    "kind",
    "mode",
    "width",
    "tokens",
    "threads",
    "time_ratio",
    "saved_memory_ratio",
    "milliseconds",
]


def test_saved_bytes_counts_storages_once_and_no_parameters():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 3)

        def forward(self, x):
            return self.linear(x) + self.linear(2 * x[:, :1].expand(-1, 3))

    # x; 2 x[:, :1], expanded, made contiguous or not
    saved = saved_bytes(Twice(), torch.zeros(5, 3, requires_grad=True))
    assert saved in (4 * (15 + 5), 4 * (15 + 15))


def test_measures_every_case_against_its_reference():
    forms = FORMS
    found = list(measure(width=32, mode="eager", forms=forms, tokens=16, rounds=2))
    cases = [(o.form, o.kind) for o in found]
    assert len(set(cases)) == len(cases) == 2 + 2 * 4
    by_case = dict(zip(cases, found, strict=True))
    for (form, kind), row in by_case.items():
        fixed = by_case[REFERENCES[form], Kind.FIXED]
        assert row.milliseconds > 0
        assert row.time_ratio == pytest.approx(row.milliseconds / fixed.milliseconds)
        if kind is Kind.FIXED:
            assert row.time_ratio == row.saved_memory_ratio == 1
    assert (by_case["type1", Kind.MOA].tokens, found[0].threads) == (16, 1)


def test_a_subset_brings_its_reference_along():
    found = list(measure(width=8, mode="eager", forms=["two_sided"], tokens=2, rounds=1))
    cases = [(o.form, o.kind) for o in found]
    assert cases == [
        ("one_sided", Kind.FIXED),
        ("two_sided", Kind.LA),
        ("two_sided", Kind.MOA),
    ]


def test_gated_layers_alone_in_another_arithmetic():
    found = list(
        measure(
            width=512, mode="eager", forms=["type1", "two_sided"], learned=False, tokens=256,
            rounds=1, dtype=torch.bfloat16,
        )
    )  # fmt: skip
    cases = [(o.form, o.kind) for o in found]
    assert cases == [
        ("type1", Kind.FIXED),
        ("type1", Kind.MOA),
        ("one_sided", Kind.FIXED),
        ("two_sided", Kind.MOA),
    ]
    # what is kept is kept in bfloat16 alike
    assert all(1 <= o.saved_memory_ratio <= 1.02 for o in found)


@pytest.mark.cuda
def test_layers_on_a_device():
    torch.cuda.reset_peak_memory_stats()
    found = list(
        measure(
            width=64, mode="eager", forms=["type1"], tokens=16, rounds=2, device="cuda",
            dtype=torch.bfloat16,
        )
    )  # fmt: skip
    assert len(found) == 3 and all(o.milliseconds > 0 for o in found)
    assert torch.cuda.max_memory_allocated() >= 2 * 2 * 64 * 256


def test_memory_at_the_default_widths():
    found = list(measure(width=512, mode="eager", tokens=256, rounds=1))
    assert len(found) == 8
    assert all(1 <= o.saved_memory_ratio <= 1.02 for o in found)


def test_layers_are_those_of_the_paper():
    moa = layer_family("two_sided", Kind.MOA, 16)
    assert (moa.width, moa.dimension, moa.outputs, len(moa.dictionary)) == (64, 16, 16, 7)
    assert moa.gate.name == "sigmoid"
    assert layer_family("type1", Kind.FIXED, 16).dictionary == ("silu",)


def test_json(call, monkeypatch):
    monkeypatch.setattr("expressivity.commands.overhead.modes", lambda: ("eager",))
    answer = call("overhead", "--widths", "2,4", "--json")
    assert answer.code == 0
    assert answer.document["schema"] == "expressivity.overhead/1"
    results = answer.document["results"]
    assert len(results) == 16
    assert all(list(row) == FIELDS for row in results)
    assert {row["width"] for row in results} == {2, 4}
    assert {row["mode"] for row in results} == {"eager"}
    assert {row["tokens"] for row in results} == {2048}


def test_table(call, monkeypatch):
    monkeypatch.setattr("expressivity.commands.overhead.modes", lambda: ("eager",))
    monkeypatch.setenv("COLUMNS", "120")
    answer = call("overhead", "--widths", "8")
    assert answer.code == 0
    assert "two_sided" in answer.out
    assert answer.out.count("1.13x") == 2
    assert answer.out.count("1.03x") >= 1
    assert "skipped: compiled" in answer.out


@pytest.mark.parametrize("widths", ["0", "12.5", "a", "8,-1", "²"])
def test_bad_widths(call, widths):
    answer = call("overhead", "--widths", widths)
    assert (answer.code, answer.out) == (2, "")
    assert "required: widths as positive whole numbers of at most 16384; got" in answer.err
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize("name", ["width", "tokens", "rounds"])
def test_bad_sizes(name):
    sizes = {"width": 8, "tokens": 8, "rounds": 1, name: 0}
    with pytest.raises(ValueError, match=f"{name} of at least 1; got 0"):
        next(measure(mode="eager", **sizes))


@compiles
@pytest.mark.slow
@pytest.mark.skipif(not compiler_available(), reason="no C++ compiler")
def test_compiled_layers_save_what_eager_ones_save():
    found = list(measure(width=512, mode="compiled", tokens=64, rounds=1))
    assert len(found) == 8
    assert all(o.saved_memory_ratio <= 1.02 for o in found)
