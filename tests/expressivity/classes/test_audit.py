"""The audit of activations.

Kinds: reference (enclosures against mpmath), negative (inaccurate and wrong activations are found
out), property (the grid).
"""

import dataclasses
import json
import math

import flint
import mpmath
import numpy as np
import pytest
import torch
from torch import Tensor

from expressivity.classes import audit as records
from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY, Activation
from expressivity.classes.audit import DTYPES, Finding, Reference, grid

torch.set_num_threads(1)


def arguments(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def audit(activation: Activation, z_N: Tensor) -> list[Finding]:
    exact = Reference.of(activation, z_N)
    return list(exact.compare(activation.value_and_derivative(z_N), mode="eager"))


def with_form(name: str, form) -> Activation:
    return dataclasses.replace(ACTIVATIONS[name], value_and_derivative=form)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_grid_reaches_every_end_of_the_range(dtype):
    info = torch.finfo(dtype)
    z = grid(dtype)
    assert z.dtype == dtype and bool(z.isfinite().all())
    numbers = set(z.tolist())
    least = info.smallest_normal * info.eps
    assert least > 0 and torch.tensor(least / 2, dtype=dtype) == 0
    for end in (least, info.smallest_normal, info.max, 709.0, 745.0):
        assert end in numbers and -end in numbers
    zeros = z[z == 0]
    assert {math.copysign(1, zero) for zero in zeros.tolist()} == {1.0, -1.0}
    assert torch.equal(torch.sort(z.abs())[0], torch.sort((-z).abs())[0])


def test_enclosures_agree_with_mpmath():
    z = arguments(-38.4, -30.0, -5.0, -1.0, 0.5, 20.0)
    exact = Reference.of(ACTIVATIONS["gelu"], z)
    with mpmath.workprec(4000):
        for number, value, slope in zip(
            z.tolist(), exact.value.exact_N, exact.derivative.exact_N, strict=True
        ):
            x = mpmath.mpf(number)
            cdf = mpmath.erfc(-x / mpmath.sqrt(2)) / 2
            for ball, expected in ((value, x * cdf), (slope, cdf + x * mpmath.npdf(x))):
                assert math.isclose(float(ball), float(expected), rel_tol=1e-6, abs_tol=5e-324)


def test_enclosures_reach_the_far_tails():
    far = torch.finfo(torch.float64).max
    z = arguments(-far, -1e200, -1e40, -745.0, 745.0, 1e40, 1e200, far)
    for name in FULL_DICTIONARY:
        exact = Reference.of(ACTIVATIONS[name], z)
        for enclosure in (exact.value, exact.derivative):
            assert all(ball is not None for ball in enclosure.exact_N)


def test_error_units_by_hand():
    # tanh' = 1 and z tanh'' = 0 at 0: one unit is eps (1 + smallest normal)
    exact = Reference.of(ACTIVATIONS["tanh"], arguments(0.0)).derivative
    eps = torch.finfo(torch.float64).eps
    assert exact.errors(arguments(1.0)).tolist() == [0.0]
    assert exact.errors(arguments(1 + 3 * eps))[0] == pytest.approx(3)
    assert exact.errors(arguments(1 - 16 * eps))[0] == pytest.approx(16)
    # at 0 the value may miss by the smallest subnormal, which is one unit
    value = Reference.of(ACTIVATIONS["tanh"], arguments(0.0)).value
    assert value.errors(arguments(5e-324))[0] == pytest.approx(1)


def test_infinity_is_exact_where_the_value_overflows_and_nowhere_else():
    exact = Reference.of(ACTIVATIONS["relu2"], arguments(1e200, 1e154, -1e200)).value
    infinite = math.inf
    overflow, finite, zero = exact.errors(arguments(infinite, infinite, infinite)).tolist()
    assert overflow == 0
    assert finite > 1e15 and zero > 1e15
    assert exact.errors(arguments(-infinite, 1e308, 0.0))[0] > 1e15
    assert exact.errors(arguments(1e308, 1e308, 0.0))[0] > 1e15


def test_nan_is_an_infinite_error_and_null_in_json():
    broken = with_form("id", lambda z: (z * math.inf, torch.ones_like(z)))
    value, derivative = audit(broken, arguments(-0.0, 1.0))
    assert value.worst == math.inf and not value.ok
    assert value.json()["worst"] is None and value.json()["verdict"] == "poor"
    assert derivative.ok


def test_cancellation_in_the_tail_is_found():
    _, derivative = audit(
        with_form("tanh", lambda z: (torch.tanh(z), 1 - torch.tanh(z) ** 2)),
        torch.linspace(-15, 15, 301, dtype=torch.float64),
    )
    assert not derivative.ok
    assert abs(derivative.argument) > 5


def test_early_underflow_is_found():
    def plain(z: Tensor) -> tuple[Tensor, Tensor]:
        sigmoid = 1 / (1 + torch.exp(-z))
        return z * sigmoid, sigmoid * (1 + z * (1 - sigmoid))

    value, _ = audit(with_form("silu", plain), arguments(-1.0, -709.0, -710.0, -744.0))
    assert not value.ok
    assert value.argument == -710.0


def test_a_wrong_constant_is_found():
    slope = float(np.float32(0.01))
    value, derivative = audit(
        with_form("leaky_relu", lambda z: (torch.where(z > 0, z, slope * z), z.sign())),
        arguments(-2.0, 3.0),
    )
    assert not value.ok and value.argument == -2.0
    assert not derivative.ok


def test_the_left_derivative_is_the_exact_one_at_a_kink():
    def right(z: Tensor) -> tuple[Tensor, Tensor]:
        return torch.relu(z), (z >= 0).to(z.dtype)

    at_kink = arguments(0.0, -0.0)
    assert all(finding.ok for finding in audit(ACTIVATIONS["relu"], at_kink))
    value, derivative = audit(with_form("relu", right), at_kink)
    assert value.ok and not derivative.ok


def test_what_cannot_be_enclosed_is_counted_and_not_ok(monkeypatch):
    monkeypatch.setattr(records, "_PRECISIONS", (32,))
    value, _ = audit(ACTIVATIONS["gelu"], arguments(-20.0))
    assert (value.arguments, value.not_enclosed) == (0, 1)
    assert not value.ok
    assert json.dumps(value.json(), allow_nan=False)


def test_precision_is_restored():
    before = flint.ctx.prec
    audit(ACTIVATIONS["gelu"], arguments(-38.0, 1.0))
    assert flint.ctx.prec == before
