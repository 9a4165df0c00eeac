"""What is published of the plan's runs: reference (their records, by scipy alone)."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from experiments.pretraining.evidence.records import place_of, read_records
from experiments.pretraining.evidence.table import read_table

ROOT = Path(__file__).parents[4]
RECORDS = ROOT / "figures" / "paper" / "evidence"
PAGE = (ROOT / "docs" / "pretraining.md").read_text()
DECIDED = PAGE.split("### What was decided")[1].split("\n## ")[0]
TITLES = {
    "fixed": "fixed",
    "LA": "la",
    "MoA": "moa",
    "grouped MoA": "grouped",
    "placebo": "placebo",
    "gain only": "gain",
}
ROWS = [tuple(part.strip() for part in line.strip("|").split("|"))
        for line in DECIDED.splitlines() if re.match(r"\| [\w ]+ - [\w ]+ \|", line)]  # fmt: skip


@pytest.fixture(scope="module")
def losses():
    """Of every arm, by seed."""
    found = {}
    for record in read_records(RECORDS / "losses.jsonl"):
        arm, _, _, seed = place_of(record)
        if seed > 3000:
            found.setdefault(arm, {})[seed] = record["loss"]
    return {arm: np.array([by[seed] for seed in sorted(by)]) for arm, by in found.items()}


def test_all_runs_of_the_plan_are_there(losses):
    assert {arm: len(values) for arm, values in losses.items()} == dict.fromkeys(
        TITLES.values(), 16
    )
    lines, rows = read_records(RECORDS / "losses.jsonl"), read_table(RECORDS / "losses.parquet")
    assert len(lines) == 140
    assert sorted(rows, key=place_of) == sorted(lines, key=place_of)


def test_mean_losses_of_the_page_are_those_of_the_records(losses):
    for title, arm in TITLES.items():
        assert re.search(rf"\b{title} {losses[arm].mean():.4f}\b", DECIDED), title


def test_the_page_has_every_difference():
    assert len(ROWS) == 8


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_differences_of_the_page_are_those_of_the_records(row, losses):
    title, mean, interval, *rest = row
    arm, minus = (losses[TITLES[name]] for name in title.split(" - "))
    test = stats.ttest_rel(arm, minus)
    low, high = test.confidence_interval(0.95)
    assert mean == f"{(arm - minus).mean():+.4f}"
    assert interval == f"{low:+.4f} to {high:+.4f}"
    if rest:
        both = [
            stats.ttest_1samp(arm - minus, edge, alternative=side).pvalue
            for edge, side in ((-0.003, "greater"), (0.003, "less"))
        ]
        assert float(rest[1]) == pytest.approx(max(both), rel=0.05)


def test_p_values_of_the_page_are_holms(losses):
    tested = [row for row in ROWS if len(row) > 3]
    values = [
        stats.ttest_rel(*(losses[TITLES[name]] for name in row[0].split(" - "))).pvalue
        for row in tested
    ]
    order = np.argsort(values)
    steps = np.maximum.accumulate([values[i] * (len(values) - k) for k, i in enumerate(order)])
    for row, expected in zip([tested[i] for i in order], steps, strict=True):
        assert float(row[3]) == pytest.approx(expected, rel=0.05)
