"""Linear maps taken together: the same numbers, and only where calling them would do no more."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from expressivity.classes.families import Family
from expressivity.layers import FeedForward
from expressivity.layers.linears import joint


def _maps(bias: bool = True) -> list[nn.Linear]:
    torch.manual_seed(0)
    return [nn.Linear(6, 2, bias=bias), nn.Linear(6, 3, bias=bias)]


def _products(run: Callable[[], object]) -> int:
    """How many products an evaluation takes."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        run()
    return sum(event.name == "aten::linear" for event in profile.events())


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(6,), (5, 6), (2, 5, 6)])
def test_values_and_gradients_are_those_of_the_single_maps(bias, shape):
    maps, x = _maps(bias), torch.randn(shape, requires_grad=True)
    leaves = [x, *(p for linear in maps for p in linear.parameters())]
    together, alone = joint(maps, x), [linear(x) for linear in maps]
    assert _products(lambda: joint(maps, x)) == 1
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one, other)
    gradients = [
        torch.autograd.grad(sum(z.square().sum() for z in values), leaves)
        for values in (together, alone)
    ]
    torch.testing.assert_close(*gradients)


class _Twice(nn.Linear):
    def forward(self, *args: Tensor) -> Tensor:
        return 2 * super().forward(*args)


def _hooked(maps: list[nn.Linear]) -> None:
    maps[1].register_forward_hook(lambda _module, _args, output: 2 * output)


def _pre_hooked(maps: list[nn.Linear]) -> None:
    maps[1].register_forward_pre_hook(lambda _module, args: (2 * args[0],))


def _derived(maps: list[nn.Linear]) -> None:
    maps[1] = _Twice(6, 3)


def _parametrised(maps: list[nn.Linear]) -> None:
    parametrizations.weight_norm(maps[1])


def _exchanged(maps: list[nn.Linear]) -> None:
    maps[1].forward = lambda x: x[..., :3]  # type: ignore[method-assign]


def _unbiased(maps: list[nn.Linear]) -> None:
    maps[1].bias = None  # type: ignore[assignment]


def _lent(maps: list[nn.Linear]) -> None:
    del maps[1].weight
    maps[1].weight = torch.ones(3, 6)  # type: ignore[assignment]


@pytest.mark.parametrize(
    "change", [_hooked, _pre_hooked, _derived, _parametrised, _exchanged, _unbiased, _lent]
)
def test_maps_that_are_more_than_their_products_are_called(change):
    maps, x = _maps(), torch.randn(4, 6)
    change(maps)
    for one, other in zip(joint(maps, x), [linear(x) for linear in maps], strict=True):
        assert torch.equal(one, other)


def test_hooks_on_the_gradients_of_a_map_run():
    maps, seen = _maps(), []
    maps[0].register_full_backward_hook(lambda *_: seen.append(True))
    sum(z.sum() for z in joint(maps, torch.randn(4, 6, requires_grad=True))).backward()
    assert seen


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_autocast_takes_weights_of_every_dtype(dtype):
    maps = [linear.to(dtype) for linear in _maps()]
    with torch.autocast("cpu"):
        assert {z.dtype for z in joint(maps, torch.randn(4, 6))} == {torch.bfloat16}


@pytest.mark.parametrize("groups", [1, 2])
def test_a_gate_map_with_a_hook_changes_the_layer(groups):
    family = Family(
        kind="moa", neuron="two_sided", width=4, dimension=3, outputs=3, groups=groups,
        dictionary=("id", "silu"), gate="sigmoid",
    )  # fmt: skip
    layer, x = FeedForward(family), torch.randn(5, 3)
    before = layer(x)
    handle = layer.gate_map(1).register_forward_hook(lambda _m, _a, output: output - 8)
    assert not torch.allclose(layer(x), before)
    handle.remove()
    assert torch.equal(layer(x), before)
