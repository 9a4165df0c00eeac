"""Fit problems: how a target is laid out in rows.

Kinds: metamorphic (node blocks and padding change nothing), reference (rows against a dense
computation with reverse mode), property (the split of the parameters), negative (refusals).

Shape letters as in ``expressivity.fitting.problem``.
"""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import evaluate, evaluate_with_gradient, unpack
from expressivity.classes.neurons import FORMS
from expressivity.fitting import Problem, Samples, make_problem, random_starts
from expressivity.fitting.linear_algebra import ALIGN, padding
from expressivity.fitting.problem import (
    BATCHED_QR_ROWS,
    NODE_BLOCK,
    Columns,
    columns,
    system_factor,
)
from expressivity.targets.builtin import t1, t2

CPU = torch.device("cpu")
LA = Family(kind=Kind.LA, neuron="type1", width=2, dimension=2)


def gram(problem: Problem, theta_LP: Tensor) -> Tensor:
    """Gram matrix of all learned columns and the residual, through the factor."""
    system = columns(problem.family, None, CPU).full_system
    factor = system_factor(problem, theta_LP, system)
    return factor.mT @ factor


def dense_rows(problem: Problem, theta_LP: Tensor) -> Tensor:
    """All node blocks of rows_LSR side by side."""
    return torch.cat(list(problem.blocks(theta_LP)), 2)


@pytest.mark.parametrize("nodes", [1, 15, 16, 17, 61, 100, 513])
def test_blocks_and_padding_change_nothing(nodes, random_samples):
    samples = random_samples(nodes, 2)
    theta_LP = random_starts(LA, seed=0, restarts=3)
    fine = make_problem(LA, samples, compiled=False, node_block=32)
    coarse = make_problem(LA, samples, compiled=False, node_block=512)
    assert fine.x_BEN.shape[2] % 16 == 0
    assert fine.x_BEN.shape[2] <= 32
    assert fine.scale_BR.count_nonzero() == coarse.scale_BR.count_nonzero() == nodes
    for tensor in (fine.x_BEN, fine.scale_BR, fine.target_BR):
        assert torch.isfinite(tensor).all()
    torch.testing.assert_close(gram(fine, theta_LP), gram(coarse, theta_LP), rtol=1e-11, atol=1e-12)
    values_NO, weights_N = samples.values_NO, samples.weights_N
    difference_LN = evaluate(LA, theta_LP, samples.nodes_ND)[:, 0] - values_NO[:, 0]
    expected_L = (weights_N * difference_LN**2).sum(1) / (weights_N * values_NO[:, 0] ** 2).sum()
    for problem in (fine, coarse):
        error_L = gram(problem, theta_LP)[:, -1, -1]
        torch.testing.assert_close(error_L, expected_L, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("kind", [Kind.LA, Kind.MOA])
@pytest.mark.parametrize("gradient", [False, True], ids=["l2", "h1"])
def test_rows_are_the_dense_ones(gradient, kind, sampled):
    samples = sampled(t2(), 6, gradient=gradient)
    gate = GateSpec(name="tanh") if kind is Kind.MOA else None
    family = Family(kind=kind, neuron="one_sided", width=2, dimension=2, gate=gate)
    theta_LP = random_starts(family, seed=0, restarts=2)
    problem = make_problem(family, samples, compiled=False, node_block=48)
    assert problem.x_BEN.shape[0] > 1

    def fields(theta_LP: Tensor) -> Tensor:
        """Value, then derivatives, [L, N, G]."""
        f_LON, g_LOND = evaluate_with_gradient(family, theta_LP, samples.nodes_ND)
        groups = [f_LON[:, 0, :, None], *([g_LOND[:, 0]] if gradient else [])]
        return torch.cat(groups, 2)

    wanted = [samples.values_NO]
    if samples.gradients_NOD is not None:
        wanted.append(samples.gradients_NOD[:, 0])
    target_NG = torch.cat(wanted, 1)
    weights_N1 = samples.weights_N[:, None]
    scale_N1 = weights_N1.sqrt() / (weights_N1 * target_NG**2).sum().sqrt()
    residual_LNG = (fields(theta_LP) - target_NG) * scale_N1
    slopes = torch.stack(
        [torch.func.jacrev(lambda p: fields(p[None])[0])(theta_P) for theta_P in theta_LP]
    )
    jacobian_LSR = (slopes * scale_N1[..., None]).flatten(1, 2).mT
    residual_L1R = residual_LNG.flatten(1)[:, None]
    target_L1R = (target_NG * scale_N1).flatten().expand_as(residual_L1R)
    expected = torch.cat([jacobian_LSR, residual_L1R, target_L1R, 0 * target_L1R], 1)
    rows_LSR = dense_rows(problem, theta_LP)
    assert rows_LSR.shape[1] % 8 == 0
    assert not rows_LSR[:, problem.parameters + 2 :].any()
    rows_LSR = rows_LSR[:, : problem.parameters + 3]
    # the order of sample rows is the problem's own: compare what least squares sees
    torch.testing.assert_close(
        rows_LSR @ rows_LSR.mT, expected @ expected.mT, rtol=1e-10, atol=1e-11
    )
    torch.testing.assert_close(
        rows_LSR[:, -2].square().sum(1), torch.ones(2, dtype=torch.float64), rtol=1e-13, atol=0
    )


def test_outputs_are_further_rows(random_samples):
    samples = random_samples(40, 2, 3)
    family = replace(LA, outputs=3)
    theta_LP = random_starts(family, seed=0, restarts=2)
    problem = make_problem(family, samples, compiled=False)
    rows_LSR = dense_rows(problem, theta_LP)
    f_LON = evaluate(family, theta_LP, samples.nodes_ND)
    square_LON = samples.weights_N * (f_LON - samples.values_NO.mT) ** 2
    norm = (samples.weights_N[:, None] * samples.values_NO**2).sum()
    torch.testing.assert_close(
        rows_LSR[:, problem.parameters].square().sum(1),
        square_LON.sum((1, 2)) / norm,
        rtol=1e-12,
        atol=0.0,
    )


def test_refusals(random_samples, sampled):
    zero = replace(random_samples(8, 2), values_NO=torch.zeros(8, 1, dtype=torch.float64))
    with pytest.raises(ValueError, match="target that is not zero"):
        make_problem(LA, zero, compiled=False)
    with pytest.raises(ValueError, match="dimension 2 with 1 outputs; got dimension 1 with 1"):
        make_problem(LA, sampled(t1(), 4), compiled=False)
    with pytest.raises(ValueError, match="dimension 2 with 1 outputs; got dimension 2 with 2"):
        make_problem(LA, random_samples(8, 2, 2), compiled=False)
    good = random_samples(8, 2)
    for bad in (torch.nan, torch.inf):
        with pytest.raises(ValueError, match="finite"):
            replace(good, values_NO=torch.full_like(good.values_NO, bad))


def learned_parameters(family: Family) -> set[int]:
    """Positions in a packed lane that no switch freezes."""
    total = random_starts(family, seed=0, restarts=1).shape[1]
    numbers_1P = torch.arange(total)[None]
    learned = torch.ones_like(numbers_1P, dtype=torch.bool)
    for name, block in unpack(family, learned).items():
        held = family.frozen(name)
        if held is not None:
            block[..., held] = False
    return set(numbers_1P[learned].tolist())


def positions(family: Family, block: str) -> list[int]:
    numbers_1P = torch.arange(random_starts(family, seed=0, restarts=1).shape[1])[None]
    return unpack(family, numbers_1P)[block].flatten().tolist()


def assert_split(family: Family, linear: str | None, held: set[int]) -> Columns:
    split = columns(family, linear, CPU)
    moved, eliminated = split.moved.tolist(), split.linear.tolist()
    assert len(set(moved)) == len(moved)
    assert len(set(eliminated)) == len(eliminated)
    assert not set(moved) & set(eliminated)
    assert set(moved) | set(eliminated) == learned_parameters(family) - held
    assert len(moved) + len(eliminated) == family.parameter_count - len(held)
    if linear is not None:
        assert set(eliminated) <= set(positions(family, linear))
    # each part is padded with the zero row up to the alignment; residual and target come last
    zero = len(positions_of_rows(family)) + 2
    system = split.full_system.tolist()
    assert [i for i in system[:-1] if i != zero] == eliminated + moved
    assert system[-1] == zero - 2
    assert (len(system) - 1) % ALIGN == 0
    # the same block as rows of a program of its own
    own = [] if linear is None else positions(family, linear)
    *rows, target = split.linear_rows.tolist()
    assert target == len(own) + 1
    assert [own[i] for i in rows if i != len(own) + 2] == eliminated
    assert len(rows) % ALIGN == 0
    return split


def positions_of_rows(family: Family) -> list[int]:
    return [i for block in family.shapes for i in positions(family, block)]


@pytest.mark.parametrize("linear", [None, "a", "scale0"])
def test_columns_cover_the_learned_parameters_once(linear, each_family):
    assert_split(each_family, linear, held=set())


@pytest.mark.parametrize("linear", [None, "a", "scale0"])
@pytest.mark.parametrize("switch", ["bias", "gate-bias", "gate-scale"])
def test_columns_leave_out_what_a_switch_freezes(switch, linear):
    family = Family(
        kind=Kind.MOA,
        neuron="two_sided",
        width=2,
        dimension=2,
        bias=switch != "bias",
        gate=GateSpec(name="tanh", bias=switch != "gate-bias", scale=switch != "gate-scale"),
    )
    assert_split(family, linear, held=set())


@pytest.mark.parametrize("form", FORMS)
def test_columns_hold_the_redundant_factor_at_width_one(form):
    family = Family(kind=Kind.LA, neuron=form, width=1, dimension=2)
    assert_split(family, None, held=set())
    assert_split(family, "a", held=set())
    assert_split(family, "scale0", held=set(positions(family, "a")))
    vector = replace(family, outputs=2)
    assert_split(vector, "scale0", held=set())


def test_samples_in_single_precision_meet_double_ones(random_samples):
    samples: Samples = random_samples(40, 2)
    theta_LP = random_starts(LA, seed=0, restarts=2)
    double = make_problem(LA, samples, compiled=False)
    single = make_problem(LA, samples, compiled=False, dtype=torch.float32)
    assert single.x_BEN.dtype == single.scale_BR.dtype == single.target_BR.dtype == torch.float32
    torch.testing.assert_close(
        dense_rows(single, theta_LP.float()).double(),
        dense_rows(double, theta_LP),
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize("gradient", [False, True])
def test_off_the_cpu_every_factorisation_is_of_a_batch(gradient, each_family, sampled):
    problem = make_problem(
        each_family, sampled(t2(), 20, gradient=gradient), device="meta", compiled=False
    )
    columns_of = columns(each_family, None, torch.device("meta")).full_system.shape[0]
    above = columns_of + padding(columns_of)
    assert above + problem.scale_BR.shape[1] <= BATCHED_QR_ROWS
    assert problem.x_BEN.shape[0] > 1


def test_blocks_stay_large_where_small_ones_gain_nothing(sampled):
    wide = replace(LA, width=64)
    samples = sampled(t2(), 20)
    blocks = {
        device: make_problem(wide, samples, device=device, compiled=False).x_BEN.shape[2]
        for device in ("cpu", "meta")
    }
    assert blocks["cpu"] == blocks["meta"] <= NODE_BLOCK
