"""Targets.

Kinds: reference (gradients by reverse mode and finite differences), property (kinks, dtypes).
"""

import pytest
import torch
from hand_formulas import HAND, every_target, from_text, nodes, relu

from expressivity.symbolic.piecewise import kink_levels
from expressivity.targets.builtin import FURTHER

torch.set_num_threads(1)


@every_target
def test_gradients_are_reverse_mode_and_central_differences(name):
    target, _ = HAND[name]
    x_ND = nodes(target.dimension)
    gradients_ND = target.gradients(x_ND)
    assert gradients_ND.shape == x_ND.shape
    leaf = x_ND.clone().requires_grad_(True)
    target.values(leaf).sum().backward()
    torch.testing.assert_close(gradients_ND, leaf.grad, rtol=1e-12, atol=1e-14)
    for axis in range(target.dimension):
        step = torch.zeros(target.dimension, dtype=torch.float64)
        step[axis] = 1e-6
        slope_N = (target.values(x_ND + step) - target.values(x_ND - step)) / 2e-6
        torch.testing.assert_close(gradients_ND[:, axis], slope_N, rtol=1e-6, atol=1e-8)


KINKS = {"t6": 2, "t7": 2, "t7b": 3, "t9": 0, "t10": 3, "t11": 0}
"""Kink planes of the further targets that have not one."""


@every_target
def test_kinks_are_where_one_coordinate_vanishes(name):
    target, _ = HAND[name]
    if target.name in FURTHER:
        assert len(target.kinks) == KINKS.get(target.name, 1)
        return
    (plane,) = target.kinks
    assert plane.normal == ((1.0,) if target.dimension == 1 else (0.0, 1.0))
    assert plane.offset == 0.0


def test_kinks_of_shifted_and_repeated_levels():
    target = from_text("relu(3*x1 + 4*x2 - 1) + abs(-6*x1 - 8*x2 + 2) + relu2(x1) + tanh(x2)")
    planes = {(plane.normal, plane.offset) for plane in target.kinks}
    assert len(target.kinks) == 2
    assert ((1.0, 0.0), 0.0) in planes
    ((normal, offset),) = planes - {((1.0, 0.0), 0.0)}
    assert normal == pytest.approx((0.6, 0.8))
    assert offset == pytest.approx(0.2)


def test_curved_levels_are_levels_but_no_hyperplanes():
    target = from_text("relu(x1*x2 - 0.1) + relu(x1)")
    assert len(kink_levels(target.expression)) == 2
    assert [plane.normal for plane in target.kinks] == [(1.0, 0.0)]
    assert from_text("tanh(x1) + exp(x2)").kinks == ()


def test_dtype_follows_the_nodes():
    for name in HAND:
        target, _ = HAND[name]
        x_ND = nodes(target.dimension).float()
        assert target.values(x_ND).dtype == torch.float32
        assert target.gradients(x_ND).dtype == torch.float32


def test_values_of_kinks_inside_kinks():
    x = nodes(1)
    text = "relu(abs(x) - 0.5) + relu2(relu(x) - 0.1)"
    expected = [relu(abs(t) - 0.5) + relu(relu(t) - 0.1) ** 2 for t in x[:, 0].tolist()]
    assert from_text(text).values(x).tolist() == pytest.approx(expected)


def test_kinks_of_kinks_inside_kinks():
    planes = from_text("relu(abs(x) - 0.5)").kinks
    assert sorted(plane.offset for plane in planes) == [-0.5, 0.0, 0.5]
