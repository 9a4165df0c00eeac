"""What ``separate`` prints of its findings, and how tables fit on terminals.

Kinds: reference (verdicts first, the table of fits on request), property (no number is cut, however
narrow the terminal).
"""

import dataclasses

import pytest
from command_lines import LA, T1
from rich.table import Table

from expressivity.classes.families import Family
from expressivity.commands.console import print_table
from expressivity.commands.findings import best_activations, headline, show
from expressivity.evidence import Evidence, Membership, Verdict
from expressivity.separation.gaps import Gap
from expressivity.separation.result import Result

GAP = Gap(
    target="t1", form="type1", smaller="fixed", larger="la", expected=True, confirmed=True,
    strict=True, evidence=Evidence.PROVED, reason="la type1 m=1 reaches 1.23456e-15",
)  # fmt: skip


def test_verdicts_come_first_and_fits_where_they_are_asked_for(call, t1_folder):
    answer = call(*T1, "--out", t1_folder)
    assert (answer.code, answer.err) == (0, "")
    first, second, *lines = answer.out.splitlines()
    assert first == "2 gaps: 1 confirmed, of which 1 strict; as expected."
    assert second.startswith("strict (proved)         t1 type1, fixed < la: la type1 m=1 reaches ")
    assert any(line.startswith("not confirmed (proved)  t1 type1, la < moa: ") for line in lines)
    assert lines[-1].endswith(f"Report: {t1_folder}/report.html")
    assert "best of 2 fixed" not in answer.out
    full = call(*T1, "--full", "--out", t1_folder)
    assert full.out.startswith(first) and "best of 2 fixed" in full.out
    assert "Errors are numerical" in full.out


def test_without_a_gap_the_fits_are_shown(call, out):
    answer = call(*LA, "--out", out)
    assert answer.code == 0
    first = next(line for line in answer.out.splitlines() if line.strip())
    assert first.split()[:3] == ["target", "class", "params"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([{}], "1 gap: 1 confirmed, of which 1 strict; as expected."),
        (
            [{"confirmed": False, "strict": False, "evidence": Evidence.UNKNOWN}],
            "1 gap: 0 confirmed, of which 0 strict; 1 not decided (?).",
        ),
        ([{}, {"strict": False}], "2 gaps: 2 confirmed, of which 1 strict; as expected."),
        ([{"expected": None}], "1 gap: 1 confirmed, of which 1 strict."),
        ([{}, {"expected": False}], "2 gaps: 2 confirmed, of which 2 strict; 1 otherwise than "
         "expected (!)."),
    ],
)  # fmt: skip
def test_the_headline_counts(changes, told):
    assert headline([dataclasses.replace(GAP, **change) for change in changes]) == told


def row(activation: str, l2: float | None) -> Result:
    family = Family(neuron="type1", kind="fixed", width=1, dimension=1, dictionary=(activation,))
    return Result(
        target="t1", lambda_=None, family=family, parameters=3, restarts=1, failed_lanes=0,
        error={"l2": l2, "w1inf": 7.89e-13}, seeds=[{"l2": l2}],
        lower_bound={"l2": None, "w1inf": None}, witness_l2=None,
        membership=Membership(
            verdict=Verdict.NON_MEMBER, evidence=Evidence.PROVED, reason="why"
        ),
    )  # fmt: skip


def test_the_best_fixed_row_is_the_smallest_error_zero_and_failures_included():
    rows = [row("relu", 0.5), row("id", 0.0), row("tanh", None)]
    ((best, label),) = best_activations(rows)
    assert best.family.activation == "id"
    assert label == "id type1 m=1, best of 3 fixed"


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_no_number_loses_its_exponent_on_a_narrow_terminal(capsys, monkeypatch, columns):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))
    show([row("relu", 4.56e-14)], [GAP], full=True)
    out = capsys.readouterr().out
    assert {"4.6e-14", "7.9e-13", "1.23456e-15"} <= set(out.split())
    numbers = [f"-1.2345678901e-{n}" for n in range(100, 112)]
    table = Table(*"abcdefghijkl")
    table.add_row(*numbers)
    print_table(table)
    assert set(numbers) <= set(capsys.readouterr().out.split())
