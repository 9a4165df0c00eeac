"""What is published of the language models.

Kinds: reference (the numbers stored give every interval published before, and every number in the
documents; stored figures are drawn from them), property (which intervals leave 0 out).
"""

import re
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from experiments.pretraining.scaling import fit_scaling
from experiments.pretraining.views import VIEWS
from expressivity.runs.folder import Entry
from figures.figure import rendered
from figures.published import DRAWN, PAPER, published, redrawn

ROOT = Path(__file__).parents[2]
RATES = (0.002, 0.004, 0.008)


@pytest.fixture(scope="module")
def runs():
    return published()


@pytest.fixture(scope="module")
def differences(runs):
    """By arm, minus and rate; each family's own best rate is 0.004."""
    document = VIEWS["pretrain"].document(runs["pretrain"])
    assert set(document["best_rates"].values()) == {0.004}
    return {
        (row["arm"], row["minus"], row["rates"][0]): row["difference"]
        for row in document["differences"]
    }


def text_of(name: str) -> str:
    return " ".join((ROOT / name).read_text("utf-8").split())


def shown(found) -> str:
    return f"{found['value']:+.4f} ({found['low']:+.4f} to {found['high']:+.4f})"


def paired(entries: tuple[Entry, ...], arm: str, minus: str, rate: float) -> np.ndarray:
    by_seed = [
        {e.record["seed"]: e.record["validation"] for e in entries
         if (e.record["arm"], e.record["rate"]) == (name, rate)}
        for name in (arm, minus)
    ]  # fmt: skip
    return np.array([by_seed[0][seed] - by_seed[1][seed] for seed in range(5)])


PERCENTILES = {
    ("la", "fixed", 0.002): "-0.0062 (-0.0077 to -0.0047)",
    ("la", "fixed", 0.004): "-0.0041 (-0.0107 to +0.0026)",
    ("la", "fixed", 0.008): "-0.0146 (-0.0203 to -0.0089)",
    ("moa", "fixed", 0.002): "-0.0104 (-0.0119 to -0.0088)",
    ("moa", "fixed", 0.004): "-0.0003 (-0.0073 to +0.0064)",
    ("moa", "fixed", 0.008): "-0.0072 (-0.0119 to -0.0024)",
    ("moa", "la", 0.002): "-0.0042 (-0.0068 to -0.0013)",
    ("moa", "la", 0.004): "+0.0038 (-0.0010 to +0.0080)",
    ("moa", "la", 0.008): "+0.0075 (+0.0044 to +0.0105)",
    ("fixed-matched", "fixed", 0.004): "+0.0103 (+0.0004 to +0.0203)",
    ("moa", "fixed-matched", 0.004): "-0.0107 (-0.0163 to -0.0051)",
    ("moa", "la-matched", 0.004): "-0.0050 (-0.0110 to +0.0010)",
}
"""As published from the run folders themselves, by percentiles of 2,000 resampled means."""


@pytest.mark.parametrize("place", PERCENTILES)
def test_the_losses_give_the_intervals_that_the_run_folders_gave(runs, place):
    """So they are those losses, seed for seed: another order pairs them otherwise."""
    values = paired(runs["pretrain"].entries, *place)
    means = np.random.default_rng(0).choice(values, size=(2000, 5)).mean(axis=1)
    tail = (1 - 0.95) / 2  # in floating point, as then: 50 of 2,000 means lie on its edge
    low, high = np.quantile(means, (tail, 1 - tail), method="inverted_cdf")
    found = f"{values.mean():+.4f} ({low:+.4f} to {high:+.4f})"
    assert found == PERCENTILES[place]


def test_three_intervals_no_longer_leave_0_out(differences):
    def leaves_out(text: str) -> bool:
        _, low, high = map(float, re.findall(r"[+-]\d\.\d+", text))
        return low > 0 or high < 0

    before = {place for place, text in PERCENTILES.items() if leaves_out(text)}
    now = {place for place in PERCENTILES if leaves_out(shown(differences[place]))}
    assert now < before
    assert before - now == {
        ("moa", "la", 0.002),
        ("moa", "fixed", 0.008),
        ("fixed-matched", "fixed", 0.004),
    }


def test_the_table_of_the_page_is_that_of_the_losses(runs, differences):
    page, document = text_of("docs/pretraining.md"), VIEWS["pretrain"].document(runs["pretrain"])
    fixed = [
        np.mean([run["validation"] for run in document["runs"]
                 if (run["arm"], run["rate"]) == ("fixed", rate)])
        for rate in RATES
    ]  # fmt: skip
    assert "| fixed (SwiGLU) | " + " | ".join(f"{loss:.4f}" for loss in fixed) + " |" in page
    for label, arm, minus in (
        ("LA - fixed", "la", "fixed"),
        ("MoA - fixed", "moa", "fixed"),
        ("MoA - LA", "moa", "la"),
    ):
        cells = [shown(differences[arm, minus, rate]) for rate in RATES]
        assert f"| {label} | " + " | ".join(cells) + " |" in page


def test_sentences_of_the_page_and_the_readme_are_those_of_the_losses(runs, differences):
    page, results = text_of("docs/pretraining.md"), text_of("docs/results.md")
    readme = text_of("README.md")
    matched = {
        pair: shown(differences[*pair, 0.004])
        for pair in (
            ("fixed-matched", "fixed"),
            ("la-matched", "fixed"),
            ("moa", "la-matched"),
            ("moa", "fixed-matched"),
        )
    }
    assert f"fixed is {matched['fixed-matched', 'fixed']} and" in page
    assert f"LA {matched['la-matched', 'fixed']} against" in page
    assert f"MoA - matched LA is {matched['moa', 'la-matched']}" in page
    number, interval = matched["moa", "fixed-matched"].split(" ", 1)
    assert f"MoA - matched fixed, {number} {interval}, excludes 0" in page
    own = differences["moa", "fixed", 0.004]
    for text in (results, readme):
        assert (
            f"MoA - fixed is {own['value']:+.4f} nats per byte (95 % t interval over five" in text
        )
        assert f"seeds {own['low']:+.4f} to {own['high']:+.4f})" in text
        assert f"LA - fixed {shown(differences['la', 'fixed', 0.004])}, neither told apart" in text
    assert f"2e-3 MoA - fixed is {shown(differences['moa', 'fixed', 0.002])}." in results
    for text in (page, results, readme):
        assert "400 steps of a tiny model test no terminal loss" in text
    ablated = VIEWS["ablate"].document(runs["ablate"])["differences"]
    apart = [
        row["difference"] for row in ablated
        if row["minus"] == "moa" and row["difference"]["low"] * row["difference"]["high"] > 0
    ]  # fmt: skip
    assert [shown(found) for found in apart] == ["+0.0705 (+0.0460 to +0.0950)"]
    output = f"that of the variance matched by the output weights, {shown(apart[0])}"
    assert f"only one excludes 0, {output}" in page


def test_the_ablation_of_the_page_is_that_of_the_losses(runs):
    page = text_of("docs/pretraining.md")
    for row in VIEWS["ablate"].document(runs["ablate"])["differences"]:
        assert f"| {row['difference']['value']:+.4f} |" in page


def test_the_exponents_of_the_page_are_those_of_the_losses(runs):
    page, fits = text_of("docs/pretraining.md"), VIEWS["scaling"].document(runs["scaling"])["fits"]
    fixed, moa = (
        f"{row['fit']['exponent']:.3f} ({row['exponent'][0]:.3f} to {row['exponent'][1]:.3f})"
        for row in fits
    )
    assert f"The exponent is {fixed} for fixed and {moa} for MoA, 95 % profile t" in page
    assert len(runs["scaling"].entries) // 2 - 3 == 5  # degrees of freedom


def test_the_losses_give_the_exponents_that_the_run_folders_gave(runs):
    """Published with them: 0.516 and 0.360, and percentiles over resampled seeds."""
    for arm, exponent in (("fixed", 0.516), ("moa", 0.360)):
        losses: dict[int, list[float]] = {}
        for entry in runs["scaling"].entries:
            if entry.record["arm"] == arm:
                losses.setdefault(entry.record["parameters"], []).append(entry.record["validation"])
        assert round(fit_scaling(losses).fit.exponent, 3) == exponent


@pytest.mark.parametrize("name", DRAWN)
def test_stored_figures_are_drawn_from_the_records(name):
    found, stored = (
        255.0 * imread(BytesIO(content), format="png")[..., :3]
        for content in (
            rendered(redrawn(name), "png"),
            (PAPER / f"{name}.png").read_bytes(),
        )
    )
    assert found.shape == stored.shape
    assert float(np.sqrt(np.mean((found - stored) ** 2))) <= 3.0
