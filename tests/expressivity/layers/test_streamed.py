"""Least squares over blocks of rows.

Kinds: reference (numpy on all rows at once), property (what is built as a product is found),
negative (numbers that are not finite).
"""

import numpy as np
import pytest
import torch

from expressivity.layers.streamed import Rows, jackknife, least_squares, nearest_product

torch.set_num_threads(1)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def streamed(rows_NC: torch.Tensor, size: int, groups: int = 1) -> Rows:
    rows = Rows(rows_NC.shape[1], groups)
    for number, block in enumerate(rows_NC.split(size)):
        rows.add(number % groups, block)
    return rows


@pytest.mark.parametrize("size", [1, 3, 100])
def test_blocks_of_any_size_give_the_residual_of_all_rows_at_once(size):
    rows_NC = drawn(100, 5)
    R = streamed(rows_NC, size).factor()
    assert R.shape == (5, 5)
    residual, x = least_squares(R[:, :4], R[:, 4])
    expected, squares, *_ = np.linalg.lstsq(rows_NC[:, :4].numpy(), rows_NC[:, 4].numpy())
    assert residual == pytest.approx(np.sqrt(squares[0]), rel=1e-13)
    assert x.numpy() == pytest.approx(expected, rel=1e-12)


def test_nearly_dependent_columns_keep_the_digits_that_normal_equations_lose():
    """Columns of condition 1e10, a residual of 1e-9: invisible in products of columns."""
    left, noise, other = drawn(300, 1), drawn(300, 1, seed=1), drawn(300, 1, seed=2)
    A = torch.cat([left, left + 1e-10 * noise], 1)
    b = left + 1e-9 * other
    R = streamed(torch.cat([A, b], 1), 16).factor()
    residual, _ = least_squares(R[:, :2], R[:, 2])
    both = torch.cat([left, noise], 1).numpy()
    _, squares, *_ = np.linalg.lstsq(both, other[:, 0].numpy())
    assert residual == pytest.approx(1e-9 * np.sqrt(squares[0]), rel=1e-4)


def test_columns_that_are_zero_or_repeated_leave_the_residual_alone():
    rows_NC = drawn(50, 3)
    wide = torch.cat([rows_NC[:, :2], 1e8 * rows_NC[:, :1], 0 * rows_NC], 1)
    residual, x = least_squares(wide, rows_NC[:, 2])
    assert residual == pytest.approx(least_squares(rows_NC[:, :2], rows_NC[:, 2])[0], rel=1e-12)
    assert x.isfinite().all()


def test_coefficients_of_dependent_activations_stay_small():
    """leaky_relu = 0.99 relu + 0.01 id, up to rounding."""
    z, noise = drawn(400, 1), drawn(400, 1, seed=1)
    relu = z.clamp(min=0)
    R = streamed(torch.cat([z, relu, relu + 0.01 * z.clamp(max=0), noise], 1), 7).factor()
    residual, x = least_squares(R[:, :3], R[:, 3])
    assert x.abs().max() < 1
    assert residual == pytest.approx(least_squares(R[:, :2], R[:, 3])[0], rel=1e-12)


def test_factors_without_a_group_are_those_of_the_other_rows():
    rows_NC = drawn(60, 3)
    factors = streamed(rows_NC, 10, groups=3).factors_without()
    assert len(factors) == 3
    kept = torch.cat([block for n, block in enumerate(rows_NC.split(10)) if n % 3 != 1])
    torch.testing.assert_close(factors[1].mT @ factors[1], kept.mT @ kept)


def test_one_group_has_no_others():
    assert streamed(drawn(10, 2), 5).factors_without() == []
    assert jackknife([1.0]) is None


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = drawn(12).tolist()
    left_out = [(sum(values) - v) / 11 for v in values]
    assert jackknife(left_out) == pytest.approx(np.std(values, ddof=1) / np.sqrt(12))


@pytest.mark.parametrize("sizes", [(3, 4), (2, 3, 2)])
def test_products_are_found_from_random_starts(sizes):
    """Two groups; the target is a combination with coefficients that are products."""
    sides = [drawn(2, n, seed=n + 10 * k) for k, n in enumerate(sizes)]
    product = sides[0]
    for side in sides[1:]:
        product = (product[..., None] * side[:, None]).flatten(1)
    A = drawn(200, product.numel())
    found = nearest_product(A, A @ product.flatten(), sizes, [])
    assert found.residual < 1e-10
    again = found.sides[0]
    for side in found.sides[1:]:
        again = (again[..., None] * side[:, None]).flatten(1)
    torch.testing.assert_close(again, product)


def test_the_nearest_product_of_noise_is_no_nearer_than_the_free_solution():
    A, b = drawn(80, 12), drawn(80, seed=3)
    found = nearest_product(A, b, (3, 4), [])
    free, _ = least_squares(A, b)
    assert free < found.residual < torch.linalg.vector_norm(b)
    grid = [torch.nn.functional.normalize(drawn(3, seed=s), dim=0) for s in range(300)]
    scanned = min(least_squares((A.view(80, 3, 4) * g[None, :, None]).sum(1), b)[0] for g in grid)
    assert found.residual <= scanned


def test_infinite_rows_are_refused():
    with pytest.raises(ValueError, match=r"^required: finite outputs of the layers"):
        Rows(2, 1).add(0, torch.tensor([[1.0, float("inf")]]))
