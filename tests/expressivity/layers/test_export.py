"""Layers and converted models exported, and compiled for any number of tokens.

Kind: metamorphic (exported and compiled against eager, at other sizes than those traced).
"""

import pytest
import torch
from blocks_by_hand import to_mixture
from language_models import TOKENS, converted
from small_layers import CASES, drawn, every_case, family, inputs
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch.export import Dim, export

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import NEURONS
from expressivity.fitting.program import compiler_available
from expressivity.layers import FeedForward, replace_feedforward

torch.set_num_threads(1)

ANY = {0: Dim("batch"), 1: Dim("tokens")}
FEW = pytest.mark.parametrize(
    ("form", "kind", "gate"),
    [("one_sided", Kind.FIXED, None), ("two_sided", Kind.MOA, "sigmoid")],
)

pytestmark = [
    # torch's own: dynamo makes an instance of autograd.Function to trace one.
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:copyreg"),
]


def layer_of(form, kind, gate, *dictionary) -> nn.Module:
    groups = 1 if kind is Kind.FIXED else 2
    changes = {"dictionary": dictionary} if dictionary and kind is not Kind.FIXED else {}
    return drawn(family(form, kind, gate, groups=groups, **changes), dtype=torch.float32)


def check_export(layer, strict):
    x = inputs(3, 5, 4, dtype=torch.float32)
    other = inputs(7, 2, 4, dtype=torch.float32)
    for gradients in (False, True):
        with torch.set_grad_enabled(gradients):
            found = export(layer, (x,), strict=strict, dynamic_shapes=(ANY,)).module()(other)
            torch.testing.assert_close(found, layer(other))


@FEW
def test_strict_export_with_gradients_and_without(form, kind, gate):
    check_export(layer_of(form, kind, gate, "id", "silu"), strict=True)


@pytest.mark.slow
@pytest.mark.parametrize("strict", [False, True])
@every_case
def test_export(form, kind, gate, strict):
    check_export(layer_of(form, kind, gate), strict)


@FEW
def test_frozen_layers_are_exported_and_compiled(form, kind, gate):
    torch.compiler.reset()
    layer = layer_of(form, kind, gate, "id", "silu").requires_grad_(False)
    check_export(layer, strict=True)
    x = inputs(3, 5, 4, dtype=torch.float32)
    compiled = torch.compile(layer, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x), layer(x))
    x.requires_grad_()
    (found,) = torch.autograd.grad(compiled(x).sum(), x)
    torch.testing.assert_close(found, torch.autograd.grad(layer(x).sum(), x)[0])


@FEW
def test_one_program_for_any_number_of_tokens(form, kind, gate):
    torch.compiler.reset()
    counter = CompileCounterWithBackend("aot_eager")
    layer = layer_of(form, kind, gate, "id", "silu")
    compiled = torch.compile(layer, fullgraph=True, dynamic=True, backend=counter)
    for shape in ((3, 5, 4), (7, 2, 4), (2, 9, 4)):
        x = inputs(*shape, dtype=torch.float32).requires_grad_()
        torch.testing.assert_close(compiled(x), layer(x))
        (found,) = torch.autograd.grad(compiled(x).square().sum(), x)
        (expected,) = torch.autograd.grad(layer(x).square().sum(), x)
        torch.testing.assert_close(found, expected)
    assert counter.frame_count == 1


@pytest.mark.parametrize(
    "neuron",
    ["one_sided", *(pytest.param(n, marks=pytest.mark.slow) for n in NEURONS if n != "one_sided")],
)
def test_one_program_for_any_number_of_tokens_in_several_layers(neuron):
    torch.compiler.reset()
    names = sorted(ACTIVATIONS) if neuron == "one_sided" else ("gelu", "tanh")
    mixed = {"kind": "moa", "dictionary": names, "gate": "sigmoid"}
    chosen = mixed if NEURONS[neuron].mixtures else {"kind": "fixed"}
    one = Family(neuron=neuron, width=4, dimension=3, outputs=3, **chosen)
    model = nn.Sequential(FeedForward(one), FeedForward(one))
    compiled = torch.compile(model, fullgraph=True, dynamic=True, backend="aot_eager")
    for tokens in (5, 7):
        x = torch.randn(tokens, 3)
        torch.testing.assert_close(compiled(x), model(x), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(not compiler_available(), reason="no C++ compiler")
@pytest.mark.parametrize(("form", "kind", "gate"), [CASES[0], CASES[11]])
def test_compiled_for_any_number_of_tokens(form, kind, gate):
    torch.compiler.reset()
    layer = layer_of(form, kind, gate)
    compiled = torch.compile(layer, fullgraph=True, dynamic=True)
    for tokens in (33, 20, 64):
        x = inputs(2, tokens, 4, dtype=torch.float32)
        torch.testing.assert_close(compiled(x), layer(x), rtol=1e-5, atol=1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the exporter's own, which change with each release
@every_case
def test_onnx(form, kind, gate, tmp_path):
    pytest.importorskip("onnxscript", reason="needs the extra onnx")
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    layer = layer_of(form, kind, gate)
    with torch.no_grad():
        program = torch.onnx.export(
            layer, (inputs(3, 5, 4, dtype=torch.float32),), dynamo=True, dynamic_shapes=(ANY,),
            verbose=False,
        )  # fmt: skip
    program.save(tmp_path / "layer.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "layer.onnx")
    x = inputs(7, 2, 4, dtype=torch.float32)
    (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    expected = layer(x).detach()
    assert (torch.from_numpy(found) - expected).abs().max() <= 1e-6 * expected.abs().max()


@pytest.mark.slow
def test_a_converted_model_is_exported_and_compiled():
    transformers = pytest.importorskip("transformers", minversion="5", reason="needs the extra hf")
    model = converted(transformers)
    model.config.use_cache = False

    class Logits(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, tokens):
            return self.model(tokens).logits

    expected = model(TOKENS).logits
    with torch.no_grad():
        exported = export(Logits(), (TOKENS,)).module()
    torch.testing.assert_close(exported(TOKENS), expected, rtol=0, atol=1e-5)
    torch.compiler.reset()
    compiled = torch.compile(Logits(), backend="aot_eager")
    for tokens in (TOKENS, TOKENS[:1], TOKENS.repeat(2, 2)):
        torch.testing.assert_close(compiled(tokens), model(tokens).logits, rtol=0, atol=1e-5)


def test_a_converted_block_is_exported():
    chain = nn.Sequential(nn.Linear(4, 8), nn.SiLU(), nn.Linear(8, 4))
    model = nn.ModuleDict({"mlp": chain})
    replace_feedforward(model, family_of=to_mixture)
    block, x = model["mlp"], inputs(3, 5, 4, dtype=torch.float32)
    with torch.no_grad():
        torch.testing.assert_close(export(block, (x,), strict=True).module()(x), block(x))
