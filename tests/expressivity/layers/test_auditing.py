"""How far layers are from LA and from fixed ones.

Kinds: reference (numpy on all tokens at once, neurons written out by hand), metamorphic (layers
that were converted; the LA layer found, run as a layer), negative (what is refused).
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from small_layers import drawn, family, inputs
from torch import nn

from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS
from expressivity.layers import FeedForward, LayerAudit, audit, convert
from expressivity.layers.auditing import watched
from expressivity.layers.constant import with_constants

torch.set_num_threads(1)

NUMPY = {"id": lambda z: z, "relu": lambda z: np.maximum(z, 0), "tanh": np.tanh}


def audited(layer: FeedForward, batches: Sequence[torch.Tensor] | None = None) -> LayerAudit:
    if batches is None:
        batches = inputs(160, 4, dtype=layer.w.weight.dtype).split(20)
    return audit(layer, batches)[""]


def apart(layer: FeedForward, other: FeedForward, batches: Sequence[torch.Tensor]) -> float:
    y, z = (module(torch.cat(list(batches))) for module in (layer, other))
    return float(((y - z).norm() / y.norm()).detach())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("form", FORMS)
def test_an_la_layer_converted_to_moa_is_an_la_layer(form, dtype):
    la = drawn(family(form, Kind.LA), dtype=dtype)
    moa = convert(la, dataclasses.replace(la.family, kind=Kind.MOA, gate="tanh"))
    for layer in (la, moa):
        found = audited(layer)
        assert found.la.value <= 1e-12
        assert found.optimal
        assert found.fixed.value > 0.05


@pytest.mark.parametrize("form", ["type1", "one_sided"])
def test_a_fixed_layer_is_a_fixed_layer_whatever_it_is_converted_to(form):
    fixed = drawn(family(form, Kind.FIXED))
    moa = convert(fixed, family(form, Kind.MOA, "sigmoid"))
    for layer in (fixed, moa):
        found = audited(layer)
        assert found.la.value <= 1e-12
        assert found.fixed.value <= 1e-12
        assert found.activation == "silu"
    assert audited(fixed).gates == ()


def hand_made(form: str, gates: dict[int, list[list[float]]]) -> tuple[FeedForward, np.ndarray]:
    """MoA with tanh gates, as of t2: which coordinate decides which activation is known."""
    described = Family(
        neuron=form, kind="moa", gate="tanh", width=3, dimension=2, outputs=2,
        dictionary=tuple(NUMPY), bias=False,
    )  # fmt: skip
    layer = drawn(described, seed=3)
    with torch.no_grad():
        for side, rows in gates.items():
            layer.gate_map(side).weight.copy_(torch.tensor(rows))
            nn.init.zeros_(layer.gate_map(side).bias)
            nn.init.ones_(layer.scale(side))
    x = inputs(200, 2).numpy()
    return layer, x


def weights(layer: FeedForward) -> dict[str, np.ndarray]:
    return {name: p.detach().numpy() for name, p in layer.named_parameters()}


def least(columns: list[np.ndarray], y: np.ndarray) -> float:
    A = np.stack([column.ravel() for column in columns], 1)
    x, *_ = np.linalg.lstsq(A, y.ravel())
    return float(np.linalg.norm(A @ x - y.ravel()) / np.linalg.norm(y))


@pytest.mark.parametrize("form", ["type1", "one_sided"])
def test_the_distance_of_a_layer_with_gates_of_t2_is_that_of_numpy(form):
    rows = [[0.0, 0.0], [2.0, 0.0], [0.5, -1.0]]  # id nowhere, relu by tanh(2 x1), tanh by both
    layer, x = hand_made(form, {0: rows})
    w = weights(layer)
    z = x @ w["w.weight"].T
    other = x @ w["v.weight"].T if "v.weight" in w else 1.0
    columns = [(s(z) * other) @ w["a.weight"].T for s in NUMPY.values()]
    c = np.tanh(x @ np.array(rows).T)
    y = sum(c[:, k, None] * column for k, column in enumerate(columns))
    found = audited(layer, torch.from_numpy(x).split(25))
    assert found.tokens == 200
    assert found.la.value > 0.3
    assert found.la.value == pytest.approx(least(columns, y), abs=1e-10)
    assert found.fixed.value == pytest.approx(min(least([c], y) for c in columns), abs=1e-10)
    # The error bar: eight batches, left out one after another.
    keep = [np.arange(200) // 25 != n for n in range(8)]
    left = np.array([least([c[k] for c in columns], y[k]) for k in keep])
    assert found.la.standard_error == pytest.approx(
        np.sqrt(7 / 8 * ((left - left.mean()) ** 2).sum())
    )


def test_two_sides_lie_between_the_free_products_of_numpy_and_a_scan_over_one_side():
    layer, x = hand_made("two_sided", {0: [[0, 0], [2, 0], [1, 1]], 1: [[1, 0], [0, 1], [0, 0]]})
    w = weights(layer)
    z, y = x @ w["w.weight"].T, x @ w["v.weight"].T
    c, d = (np.tanh(x @ w[f"u{side}.weight"].T) for side in (0, 1))
    products = [[(s(z) * r(y)) @ w["a.weight"].T for r in NUMPY.values()] for s in NUMPY.values()]
    total = sum(c[:, k, None] * d[:, m, None] * products[k][m] for k in range(3) for m in range(3))
    found = audited(layer, torch.from_numpy(x).split(25))
    free = least([column for row in products for column in row], total)
    assert found.relaxed.value == pytest.approx(free, abs=1e-10)
    draw = np.random.default_rng(0)
    scanned = min(
        least([sum(g[k] * products[k][m] for k in range(3)) for m in range(3)], total)
        for g in draw.normal(size=(300, 3))
    )
    assert free <= found.la.value <= scanned
    swiglu = min(least([products[k][0]], total) for k in range(3))
    assert found.fixed.value == pytest.approx(swiglu, abs=1e-10)


@pytest.mark.parametrize("groups", [1, 3, "neuron"])
@pytest.mark.parametrize("form", ["type1", "two_sided"])
def test_the_layer_that_was_found_is_as_far_as_was_said(form, groups):
    described = family(form, Kind.MOA, "softmax", groups=groups, dictionary=("id", "tanh", "gelu"))
    layer = drawn(described)
    batches = inputs(160, 4).split(20)
    found = audited(layer, batches)
    assert apart(layer, with_constants(layer, found.nearest), batches) == pytest.approx(
        found.la.value, abs=1e-9
    )
    at_means = apart(layer, with_constants(layer, found.means), batches)
    assert found.relaxed.value - 1e-9 <= found.la.value <= at_means
    assert found.la.value <= found.fixed.value


def test_a_layer_inside_a_model_is_named_and_its_calls_are_added_up():
    layer = drawn(family("type1", Kind.MOA, "tanh"))
    model = nn.Sequential(layer, nn.Tanh(), drawn(family("one_sided", Kind.FIXED)), layer)
    batches = inputs(40, 4).split(10)
    found = audit(model, batches)
    assert {name: layer.tokens for name, layer in found.items()} == {"0": 80, "2": 40}
    assert not layer._forward_pre_hooks
    only = audit(model, batches, run=lambda x: layer(x_TD=x))
    assert {name: layer.tokens for name, layer in only.items()} == {"0": 40}


def test_the_model_is_left_as_it_was():
    layer = drawn(family("type1", Kind.MOA, "tanh"), dtype=torch.bfloat16)
    audited(layer)
    assert layer.w.weight.dtype is torch.bfloat16
    with pytest.raises(RuntimeError, match="stop"), watched(layer, lambda name, layer, x: None):
        raise RuntimeError("stop")
    assert not layer._forward_pre_hooks


def test_a_layer_whose_outputs_are_zero_has_no_distance():
    layer = drawn(family("type1", Kind.MOA, "tanh"))
    nn.init.zeros_(layer.a.weight)
    found = audited(layer)
    assert found.la is None
    assert found.fixed is None
    assert found.optimal is None


def test_one_batch_has_no_error_bar():
    found = audited(drawn(family("type1", Kind.LA)), [inputs(50, 4)])
    assert found.fixed.standard_error is None


def test_a_neuron_without_mixtures_is_its_own_fixed_layer():
    layer = drawn(Family(neuron="swish", kind="fixed", width=6, dimension=4, outputs=4))
    found = audited(layer)
    assert found.fixed.value <= 1e-12
    assert found.activation is None


class Derived(FeedForward):
    """Whatever it computes."""


REFUSED = [
    (Derived(family("type1", Kind.LA)), "a layer .* got one of the derived class Derived"),
    (nn.Linear(4, 4), "a model with layers of expressivity.layers.FeedForward; got Linear"),
    (drawn(family("quadratic", Kind.LA, width=64, groups=64)), "at most 512 coefficients"),
]


@pytest.mark.parametrize(("model", "message"), REFUSED)
def test_what_cannot_be_audited_is_refused(model, message):
    with pytest.raises(ValueError, match=f"^required: {message}"):
        audit(model, [inputs(10, 4)])


def test_no_batches_and_outputs_that_are_not_finite_are_refused():
    layer = drawn(family("type1", Kind.MOA, "tanh"))
    with pytest.raises(ValueError, match=r"^required: at least one batch"):
        audit(layer, [])
    with pytest.raises(ValueError, match=r"^required: a list of batches; got one tensor"):
        audit(layer, inputs(10, 4))
    with pytest.raises(ValueError, match=r"^required: finite outputs of the layers"):
        audit(layer, [float("nan") * inputs(10, 4)])
