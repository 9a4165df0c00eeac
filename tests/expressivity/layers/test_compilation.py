"""Layers on devices, in low precision, and compiled.

Kinds: metamorphic (meta devices and compiled against eager), property (one graph), negative
(refusals under a split of neurons).
"""

import copy

import pytest
import torch
from small_layers import CASES, drawn, every_case, family, inputs
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from expressivity.classes.kinds import Kind
from expressivity.fitting.program import compiler_available
from expressivity.layers import (
    FeedForward,
    convert,
    initialisation,
)

torch.set_num_threads(1)


# Devices, precisions and compilation


@every_case
def test_meta_device(form, kind, gate):
    layer = FeedForward(family(form, kind, gate), device="meta")
    y = layer(torch.empty(2, 3, 4, device="meta"))
    y.sum().backward()
    assert y.shape == (2, 3, 4)
    assert all(p.grad.device.type == "meta" for p in layer.parameters())


@every_case
def test_bfloat16_and_autocast(form, kind, gate):
    exact = drawn(family(form, kind, gate), dtype=torch.float32)
    x = inputs(20, 4, dtype=torch.float32)
    expected = exact(x)
    low = copy.deepcopy(exact).to(torch.bfloat16)
    found = low(x.bfloat16())
    found.sum().backward()
    assert found.dtype == torch.bfloat16
    assert {p.grad.dtype for p in low.parameters()} == {torch.bfloat16}
    with torch.autocast("cpu", torch.bfloat16):
        mixed = exact(x)
    mixed.float().sum().backward()
    assert {p.grad.dtype for p in exact.parameters()} == {torch.float32}
    scale = expected.detach().abs().max()
    for outputs in (found, mixed):
        assert (outputs.float() - expected).abs().max() < 0.05 * scale


@every_case
def test_a_default_device_without_numbers(form, kind, gate):
    # The first layer of a process must not leave tensors without numbers to those after it.
    initialisation._moments.cache_clear()
    with torch.device("meta"):
        layer = FeedForward(family(form, kind, gate))
        real = FeedForward(family(form, kind, gate), device="cpu")
    assert {p.device.type for p in layer.parameters()} == {"meta"}
    for layer in (real, FeedForward(family(form, kind, gate))):
        assert layer(inputs(3, 4, dtype=torch.float32)).isfinite().all()
    with torch.device("meta"):
        assert torch.equal(convert(real, real.family).a.weight, real.a.weight)


def test_fake_tensors_are_not_kept():
    initialisation._moments.cache_clear()
    with FakeTensorMode(), pytest.raises(DataDependentOutputException):
        FeedForward(family("type1", Kind.LA))
    assert FeedForward(family("type1", Kind.LA)).scale(0).isfinite().all()


@every_case
def test_split_neurons_are_refused_where_gradients_would_be_partial(form, kind, gate):
    layer = drawn(family(form, kind, gate))
    layer.w, layer.a = nn.Linear(4, 3).double(), nn.Linear(3, 4, bias=False).double()
    layer.v = None if layer.v is None else nn.Linear(4, 3).double()
    if kind is Kind.FIXED:
        assert layer(inputs(3, 4)).shape == (3, 4)
    else:
        with pytest.raises(ValueError, match="all 6 neurons of a mixture in one place; got 3"):
            layer(inputs(3, 4))


# torch's own: dynamo makes an instance of autograd.Function to trace one.
compiles = pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")


@compiles
@pytest.mark.parametrize(("form", "kind", "gate"), [CASES[0], CASES[11]])
def test_one_graph_and_no_recompilation(form, kind, gate):
    torch.compiler.reset()
    counter = CompileCounterWithBackend("aot_eager")
    layers = [drawn(family(form, kind, gate), seed=seed) for seed in (0, 1)]
    x = inputs(3, 4).requires_grad_()
    for layer in layers:
        compiled = torch.compile(layer, fullgraph=True, backend=counter)
        for _ in range(2):
            torch.testing.assert_close(compiled(x), layer(x))
            (found,) = torch.autograd.grad(compiled(x).square().sum(), x)
            (expected,) = torch.autograd.grad(layer(x).square().sum(), x)
            torch.testing.assert_close(found, expected)
            with torch.no_grad():
                layer.a.weight.mul_(2)
    assert counter.frame_count == 1


@compiles
def test_compiles_without_gradients():
    torch.compiler.reset()
    layer = drawn(family(*CASES[11]), seed=0)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    with torch.no_grad():
        torch.testing.assert_close(compiled(inputs(3, 4)), layer(inputs(3, 4)))


@compiles
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.slow
@pytest.mark.skipif(not compiler_available(), reason="no C++ compiler")
@every_case
def test_compiled_programs_agree_with_eager(form, kind, gate):
    torch.compiler.reset()
    layer = drawn(family(form, kind, gate), dtype=torch.float32)
    compiled = torch.compile(layer, fullgraph=True)
    x = inputs(33, 4, dtype=torch.float32)
    compiled(x).square().sum().backward()
    found = [p.grad.clone() for p in layer.parameters()]
    layer.zero_grad()
    layer(x).square().sum().backward()
    for parameter, gradient in zip(layer.parameters(), found, strict=True):
        torch.testing.assert_close(gradient, parameter.grad, rtol=2e-4, atol=2e-4)
    y = compiled(x.requires_grad_()).square().sum()
    (slope,) = torch.autograd.grad(y, x, create_graph=True)
    with pytest.raises(RuntimeError, match="double backward"):
        slope.sum().backward()
