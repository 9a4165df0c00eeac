"""Gate statistics: reference (gates made by hand), metamorphic (tokens in any order)."""

import math

import pytest
import torch

from expressivity.layers.gate_statistics import gate_statistics


def test_constant_gates_have_no_variance_and_rank_one():
    found = gate_statistics(torch.tensor([1.0, 2.0, 1.0]).expand(50, 3))
    assert found.variance == 0
    assert found.effective_rank == pytest.approx(1)
    assert found.shares == pytest.approx((0.25, 0.5, 0.25))
    assert found.entropy == pytest.approx(1.5 * math.log(2))


def test_one_hot_gates_have_no_entropy_and_full_rank():
    found = gate_statistics(torch.eye(4).repeat(10, 1))
    assert found.entropy == 0
    assert found.effective_rank == pytest.approx(4)
    assert found.variance == pytest.approx(0.25 * 0.75)
    assert found.shares == pytest.approx((0.25,) * 4)


def test_equal_gates_have_the_largest_entropy():
    assert gate_statistics(torch.full((5, 7), 0.5)).entropy == pytest.approx(math.log(7))


def test_signs_count_in_variance_and_rank_but_not_in_shares():
    found = gate_statistics(torch.tensor([[1.0, 1.0], [1.0, -1.0]]))
    assert found.shares == pytest.approx((0.5, 0.5))
    assert found.variance == pytest.approx(0.5)
    assert found.effective_rank == pytest.approx(2)


def test_two_singular_values_give_the_rank_of_their_entropy():
    weights = torch.diag(torch.tensor([3.0, 1.0]))
    p = torch.tensor([0.75, 0.25])
    assert gate_statistics(weights).effective_rank == pytest.approx(
        math.exp(-(p * p.log()).sum().item()), rel=1e-6
    )


def test_gates_that_are_all_zero_are_no_division_by_zero():
    found = gate_statistics(torch.zeros(4, 3))
    assert found.effective_rank == 0
    assert found.entropy == pytest.approx(math.log(3))


def test_the_order_of_tokens_does_not_matter():
    c = torch.rand(30, 5, generator=torch.Generator().manual_seed(1))
    before, after = gate_statistics(c), gate_statistics(c.flip(0))
    assert before.effective_rank == pytest.approx(after.effective_rank)
    assert before.entropy == pytest.approx(after.entropy)
    assert before.variance == pytest.approx(after.variance)
