"""Batched least-squares kernels.

Kinds: reference (numpy's QR, scipy's lstsq on the stacked system, numpy's pseudo-inverse),
metamorphic (blocks absorbed = one factorisation; a lane alone = the lane in a batch, bit for
bit), negative (lanes that hold NaN).
"""

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY, stack_dictionary
from expressivity.fitting.linear_algebra import (
    ALIGN,
    damped_solution,
    padding,
    rank_revealing_solution,
    sanitised,
    triangular_factor,
)

DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=30)


def gaussian(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("size", range(1, 20))
def test_padding_completes_to_the_alignment(size):
    assert 0 <= padding(size) < ALIGN
    assert (size + padding(size)) % ALIGN == 0


@DETERMINISTIC
@given(columns=st.integers(1, 12), rows=st.integers(1, 40), seed=st.integers(0, 99))
def test_triangular_factor_is_r_of_qr(columns, rows, seed):
    a_LCR = gaussian(3, columns, rows, seed=seed)
    r_LCC = triangular_factor(a_LCR)
    assert r_LCC.shape == (3, columns, columns)
    assert torch.equal(r_LCC, r_LCC.triu())
    torch.testing.assert_close(r_LCC.mT @ r_LCC, a_LCR @ a_LCR.mT, rtol=1e-12, atol=1e-12)
    if rows >= columns:
        expected = np.abs(np.linalg.qr(a_LCR.mT.numpy(), mode="r"))
        np.testing.assert_allclose(r_LCC.abs().numpy(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("sizes", [(16, 16, 16), (8, 40), (40, 8), (3, 5, 7)])
def test_absorbing_blocks_is_one_factorisation(sizes):
    a_LCR = gaussian(2, 7, sum(sizes))
    factor = None
    for block_LCR in a_LCR.split(list(sizes), dim=2):
        factor = triangular_factor(block_LCR, factor)
    whole = triangular_factor(a_LCR)
    assert factor is not None
    # rows of R are determined up to sign
    torch.testing.assert_close(factor.abs(), whole.abs(), rtol=1e-11, atol=1e-12)


@DETERMINISTIC
@given(
    columns=st.integers(1, 9),
    rows=st.integers(1, 30),
    exponent=st.integers(-8, 8),
    seed=st.integers(0, 99),
)
def test_damped_solution_is_least_squares_of_the_stacked_system(columns, rows, exponent, seed):
    model_LCR = gaussian(2, columns + 1, rows, seed=seed)
    damping_LC = 10.0**exponent * (0.5 + gaussian(2, columns, seed=seed + 1).abs())
    x_LC, decrease_L = damped_solution(model_LCR, damping_LC)
    for model, damping, x, decrease in zip(
        model_LCR.numpy(), damping_LC.numpy(), x_LC.numpy(), decrease_L.numpy(), strict=True
    ):
        A, b = model[:-1].T, model[-1]
        stacked = np.vstack([A, np.diag(damping)])
        expected = scipy.linalg.lstsq(stacked, np.concatenate([-b, np.zeros(columns)]))[0]
        # backward stable: a relative change of 1e-14 in the stacked system explains the rest
        singular = np.linalg.svd(stacked, compute_uv=False)
        condition = singular[0] / singular[-1]
        slack = 1e-14 * condition * (np.abs(expected).max() + np.linalg.norm(b) / singular[0])
        np.testing.assert_allclose(x, expected, rtol=0, atol=slack)
        explicit = b @ b - (A @ x + b) @ (A @ x + b)
        assert decrease == pytest.approx(explicit, rel=1e-9, abs=1e-13 * (b @ b))
        assert decrease > 0


def scaled_pseudo_inverse(A: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Pseudo-inverse of A with unit columns, applied in A's own units; and the scaled matrix."""
    norms = np.linalg.norm(A, axis=0)
    scale = np.where(norms > 0, norms, 1.0)
    unit = A / scale
    return np.linalg.pinv(unit, rcond=threshold) / scale[:, None], unit


def deficient_matrices() -> dict[str, Tensor]:
    """Square factors [C, C] with dependent columns: exactly, by construction, by round-off."""
    plain = gaussian(8, 8)
    twins = plain.clone()
    twins[:, 5] = twins[:, 2]
    twins[:, 6] = -1e6 * twins[:, 1]
    padded = plain.clone()
    padded[:, 6:] = 0
    z = torch.linspace(-1, 1, 64, dtype=torch.float64)
    basis = [ACTIVATIONS[name] for name in FULL_DICTIONARY]
    # leaky = eta id + (1 - eta) relu holds up to rounding; the eighth column is padding
    s_KN = stack_dictionary(basis, 1.3 * z - 0.2, dim=0)[0]
    dictionary = triangular_factor(torch.cat([s_KN, torch.zeros_like(s_KN[:1])])[None])[0]
    return {
        "regular": plain,
        "duplicates": twins,
        "padding": padded,
        "zero": torch.zeros_like(plain),
        "dictionary": dictionary,
    }


RANKS = {"regular": 8, "duplicates": 6, "padding": 6, "zero": 0, "dictionary": 6}


@pytest.mark.parametrize("name", list(RANKS))
def test_rank_revealing_solution_is_the_minimum_norm_one(name):
    factor = deficient_matrices()[name]
    right = gaussian(8, seed=4)
    x_LC, dropped_LCC = rank_revealing_solution(factor[None], right[None], 1e-13)
    A, x, dropped = factor.numpy(), x_LC[0].numpy(), dropped_LCC[0].numpy()
    inverse, unit = scaled_pseudo_inverse(A, 1e-13)
    tolerance = 1e-16 * np.linalg.norm(inverse, 2) * np.linalg.norm(unit, 2) * 100 + 1e-12
    np.testing.assert_allclose(x, inverse @ right.numpy(), rtol=0, atol=tolerance)
    # the dropped directions: orthonormal, as many as the rank lacks, orthogonal to the range
    kept = np.linalg.norm(dropped, axis=1) > 0
    rows = dropped[kept]
    assert len(rows) == 8 - RANKS[name]
    np.testing.assert_allclose(rows @ rows.T, np.eye(len(rows)), atol=1e-13)
    np.testing.assert_allclose(rows @ unit, 0, atol=1e-13)
    # with the range they span everything: the residual is what they see of the right side
    residual = right.numpy() - A @ x
    assert np.linalg.norm(rows @ right.numpy()) == pytest.approx(
        np.linalg.norm(residual), rel=1e-9, abs=1e-12
    )


def test_the_solution_does_not_depend_on_units():
    factor, right = deficient_matrices()["dictionary"], gaussian(8, seed=4)
    units = 2.0 ** torch.arange(-20, 20, 5, dtype=torch.float64)
    x_LC, _ = rank_revealing_solution(
        torch.stack([factor, factor * units]), right.expand(2, 8), 1e-13
    )
    assert torch.equal(x_LC[0], x_LC[1] * units)


def kernels(columns_LCR: Tensor) -> dict[str, tuple[Tensor, ...]]:
    """Every kernel's results on a batch of tall matrices."""
    factor = triangular_factor(columns_LCR)
    damping_LC = columns_LCR[:, :-1].square().sum(2)
    square = factor[:, :-1, :-1].contiguous()
    return {
        "triangular_factor": (factor, triangular_factor(columns_LCR, factor)),
        "damped_solution": damped_solution(columns_LCR, damping_LC),
        "rank_revealing_solution": rank_revealing_solution(square, factor[:, :-1, -1], 1e-13),
    }


@pytest.mark.parametrize("columns", [2, 9, 17, 33])
def test_a_lane_has_the_same_bits_alone_and_in_a_batch(columns):
    columns_LCR = gaussian(12, columns, 48)
    batch = kernels(columns_LCR)
    for lane in range(12):
        alone = kernels(columns_LCR[lane : lane + 1].clone())
        for name, tensors in alone.items():
            for single, many in zip(tensors, batch[name], strict=True):
                assert torch.equal(single[0], many[lane]), name


def test_a_lane_with_nan_is_masked_and_disturbs_no_other():
    matrix_LRC = gaussian(4, 9, 9)
    ill = matrix_LRC.clone()
    ill[1, 3, 4] = torch.nan
    ill[2, 0, 0] = torch.inf
    with pytest.raises(RuntimeError):
        torch.linalg.svd(ill)
    clean, finite_L = sanitised(ill)
    assert finite_L.tolist() == [True, False, False, True]
    assert not clean[1:3].any()
    result = rank_revealing_solution(clean[:, :8, :8].contiguous(), clean[:, :8, 8], 1e-13)
    expected = rank_revealing_solution(
        matrix_LRC[:, :8, :8].contiguous(), matrix_LRC[:, :8, 8], 1e-13
    )
    for mine, other in zip(result, expected, strict=True):
        assert torch.equal(mine[[0, 3]], other[[0, 3]])
    assert not result[0][1:3].any()
