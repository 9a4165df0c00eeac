"""The experiment on error and curvature.

Kinds: reference (two-neuron quotients, in closed form), soundness (none below the bound), negative
(a network below the curve, a rejected point and a kinked control that misses are seen).
"""

import math

import pytest
import torch

from experiments.curvature import (
    CurveUnit,
    PriceUnit,
    curvature,
    curve,
    headlines,
    networks,
    placed,
    quotient,
)
from experiments.experiment import Tier
from expressivity.classes.families import Family
from expressivity.classes.networks import parameter_length
from expressivity.targets.builtin import t1


@pytest.mark.parametrize("reach", [6, 10, 14])
def test_quotients_are_above_the_bound_and_near_it(reach):
    found = quotient(t1(), reach)
    assert found["curvature"] == pytest.approx(2.0**reach, rel=1e-9)
    assert found["bound"] < found["certified"] < 5 * found["bound"]


def test_weights_that_are_no_numbers_have_no_place():
    family = Family(neuron="type1", kind="fixed", dictionary="tanh", width=1, dimension=1)
    theta = torch.full((parameter_length(family),), math.nan, dtype=torch.float64)
    assert all(math.isnan(value) for value in placed(t1(), family, theta).values())


def test_the_curve_is_verified_and_says_what_errors_need():
    unit = CurveUnit(target=t1(), curvatures=("10", "1e3"), reaches=(4,))
    record = unit.run().record
    assert [point["checked"] for point in record["curve"]] == ["verified"] * 2
    assert record["curve"][0]["error"] == pytest.approx(1.5275e-3, rel=1e-3)
    assert [need["curvature"] for need in record["needs"]] == pytest.approx(
        [3.5718, 12.937, 56.409, 1194.74], rel=1e-4
    )


def told(ratios, checked="verified", control=1e-16):
    """Fits whose errors are these multiples of a bound of 0.01, and a control."""

    def tell(unit):
        if not isinstance(unit, PriceUnit):
            return {"error": control}
        own = [0.01 * ratio for ratio in ratios]
        lanes = {
            name: [value] * unit.parts for name, value in (("curvature", 3.0), ("bound", 0.01))
        }
        fill = (own * unit.parts)[: unit.parts]
        return {"lanes": {**lanes, "l2": fill, "certified": fill}}

    return tell


def test_headlines_see_a_network_below_the_curve_and_a_control_that_misses(stored, tmp_path):
    units = [unit for unit in curvature(Tier.SMOKE).units if not isinstance(unit, CurveUnit)]
    fine = headlines(stored(units, told([2.0, 3.0, 4.0])))
    assert fine["networks below the curve"] == 0 and fine["fitted networks"] == 25
    assert fine["fitted LA networks"] == 5
    assert fine["fitted networks certified above the curve"] == 25
    assert fine["least error over bound, fitted"] == pytest.approx(2)
    assert fine["LA with kinks, width 1: best l2"] == 1e-16


def test_headlines_count_what_is_below(stored):
    units = [unit for unit in curvature(Tier.SMOKE).units if not isinstance(unit, CurveUnit)]
    run = stored(units, told([2.0, 0.9, 3.0], control=0.2))
    found = headlines(run)
    assert found["networks below the curve"] > 0
    assert found["fitted networks certified above the curve"] < 25
    assert found["LA with kinks, width 1: best l2"] == 0.2
    assert curve(run) == () and {one.label for one in networks(run)} > {"relu2", "tanh", "la"}
