"""Headline numbers beside the archive.

Kinds: property (what agrees, what does not), reference (the shipped archive is well formed and
covers the built-in experiments), negative (a missing or moved number disagrees).
"""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import MODULES
from experiments.experiment import EXPERIMENTS, Tier
from expressivity.runs.folder import RunFolder, read_run
from figures.agreement import Reference, compare, document, read_rows, references, write_rows

DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=50)
FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)


def reference(value: float, tolerance: float) -> Reference:
    return Reference(value=value, tolerance=tolerance, origin="a test")


@DETERMINISTIC
@given(value=FINITE, tolerance=FINITE.map(abs), move=st.floats(1.001, 1e6))
def test_a_number_agrees_within_its_tolerance_and_not_beyond(value, tolerance, move):
    [same] = compare("e", {"a": value}, {"a": reference(value, tolerance)})
    assert same.agrees is True
    moved = value + move * tolerance + math.ulp(value) * 4
    [away] = compare("e", {"a": moved}, {"a": reference(value, tolerance)})
    assert away.agrees is (abs(moved - value) <= tolerance)
    assert away.agrees is False


def test_a_missing_number_disagrees_and_one_without_reference_is_not_judged():
    rows = compare(
        "e", {"new": 1.0, "none": None}, {"old": reference(1, 9), "none": reference(0, 9)}
    )
    assert [(row.name, row.agrees) for row in rows] == [
        ("e: new", None),
        ("e: none", False),
        ("e: old", False),
    ]


def test_rows_are_read_back_as_they_were(tmp_path):
    RunFolder(tmp_path / "run", configuration={"command": "reproduce"}, facts={})
    run = read_run(tmp_path / "run")
    assert read_rows(run) is None
    rows = compare("e", {"a": 1 / 3, "b": None}, {"a": reference(1 / 3, 0.0)})
    write_rows(rows, run.path)
    assert read_rows(run) == rows
    assert document(rows)["schema"] == "expressivity.reproduce/1"


@pytest.mark.parametrize("tier", [Tier.SMOKE, Tier.CPU])
def test_every_experiment_is_archived(tier):
    run = [name for name in MODULES if tier in EXPERIMENTS[name](tier).tiers]
    assert list(references()[str(tier)]) == run


@pytest.mark.parametrize("tier", list(Tier))
def test_the_archive_is_well_formed(tier):
    archived = references().get(str(tier), {})
    assert set(archived) <= set(EXPERIMENTS)
    for numbers in archived.values():
        for number in numbers.values():
            assert math.isfinite(number.value)
            assert 0 <= number.tolerance < math.inf
            assert number.origin
