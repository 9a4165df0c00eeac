"""The scaling fit: reference (an exact law, coverage), negative (too few sizes), property."""

from pathlib import Path

import numpy as np
import pytest

from experiments.pretraining.recipes import Mixing, tiny
from experiments.pretraining.scaling import at_size, fit_scaling, power_law

SIZES = (200_000, 400_000, 900_000, 1_800_000)


def law(n, limit=1.2, amplitude=0.7, exponent=0.4):
    return limit + amplitude * (n / SIZES[0]) ** -exponent


def test_an_exact_law_is_found():
    fit = power_law(SIZES, [law(n) for n in SIZES])
    assert (fit.limit, fit.amplitude, fit.exponent) == pytest.approx((1.2, 0.7, 0.4), abs=1e-3)
    assert fit.residual < 1e-6


def test_a_law_without_a_limit_has_none():
    assert power_law(SIZES, [law(n, limit=0.0) for n in SIZES]).limit == pytest.approx(0, abs=1e-3)


def test_intervals_contain_the_truth_and_grow_with_noise():
    draw = np.random.default_rng(0)

    def fit(noise):
        losses = {n: list(law(n) + noise * draw.standard_normal(5)) for n in SIZES}
        return fit_scaling(losses)

    quiet, loud = fit(1e-4), fit(1e-2)
    assert quiet.exponent[0] <= 0.4 <= quiet.exponent[1]
    assert quiet.limit[0] <= 1.2 <= quiet.limit[1]
    widths = [found.exponent[1] - found.exponent[0] for found in (quiet, loud)]
    assert widths[0] < widths[1]


@pytest.mark.slow
def test_intervals_of_two_seeds_cover_about_as_often_as_they_say():
    """Profile t intervals of a law that is not linear: near 95 %, not exactly."""
    draw = np.random.default_rng(4)
    found = [
        fit_scaling({n: list(law(n) + 0.01 * draw.standard_normal(2)) for n in SIZES})
        for _ in range(60)
    ]
    for covered in (
        sum(fit.exponent[0] <= 0.4 <= fit.exponent[1] for fit in found),
        sum(fit.limit[0] <= 1.2 <= fit.limit[1] for fit in found),
    ):
        assert 52 <= covered <= 60  # below: less than one chance in 100 at 95 %


@pytest.mark.parametrize("exact", [law, lambda n: 1.0])
def test_a_law_met_exactly_has_no_intervals(exact):
    fit = fit_scaling({n: [exact(n)] * 2 for n in SIZES})
    assert (fit.limit, fit.exponent) == (None, None)


def test_losses_that_do_not_determine_the_law_have_intervals_as_wide_as_the_search():
    fit = fit_scaling({n: [1.5, 1.7] for n in SIZES})
    assert fit.exponent == (0.01, 3.0)


def test_three_sizes_are_refused():
    with pytest.raises(ValueError, match="4 or more sizes for a scaling fit; got 3"):
        fit_scaling({n: [law(n)] for n in SIZES[:3]})


def test_a_recipe_at_another_size_keeps_its_heads_and_lowers_its_rate():
    recipe = at_size(tiny, 256)(Mixing())
    assert (recipe.model.dimension, recipe.model.heads) == (256, 8)
    assert recipe.training.rate == tiny(Mixing()).training.rate / 2
    with pytest.raises(ValueError, match="multiples of 32; got 100"):
        at_size(tiny, 100)(Mixing())


def test_a_model_that_no_memory_holds_is_refused_before_any_work(call, text):
    answer = call(
        "scaling", "tiny", "--sizes", "64,128,256,1048576", "--steps", 1, "--batch", 1,
        "--context", 16, "--data", text, "--out", "run",
    )  # fmt: skip
    assert (answer.code, answer.out) == (2, "")
    assert "training a model of " in answer.err and answer.err.count("\n") == 1
    assert "GiB or more: choose smaller --sizes" in answer.err
    assert not Path("run").exists()
