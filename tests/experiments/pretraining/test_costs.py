"""The table of docs/pretraining.md is what the program prints (reference)."""

from pathlib import Path

from experiments.pretraining.costs import rows


def test_the_documented_costs_are_the_computed_ones():
    page = Path(__file__).parents[3] / "docs" / "pretraining.md"
    assert "\n".join(rows()) in page.read_text()
