"""Gates.

Kinds: reference (torch against the sympy expressions, pullbacks against reverse mode), property
(declared signs and zeros), metamorphic (permuted logits), negative (unknown gates).
"""

import pytest
import sympy as sp
import torch

from expressivity.classes.gates import GATES, GateSpec
from expressivity.names import UnknownNameError
from expressivity.symbolic.interpret import TORCH, interpret

torch.set_num_threads(1)

every_gate = pytest.mark.parametrize("name", list(GATES))


def logits(*shape: int, scale: float = 2.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(7)
    return scale * torch.randn(shape, dtype=torch.float64, generator=generator)


@every_gate
@pytest.mark.parametrize("size", [1, 3, 7])
def test_torch_form_is_the_symbolic_form(name, size):
    h_KN = logits(size, 20)
    symbols = sp.symbols(f"h0:{size}", real=True)
    g_KN = GATES[name].value(h_KN)
    for k in range(size):
        expression = sp.sympify(GATES[name].expression(symbols, k))
        expected = interpret(expression, dict(zip(symbols, h_KN, strict=True)), TORCH)
        expected = torch.as_tensor(expected, dtype=h_KN.dtype).expand(20)
        torch.testing.assert_close(g_KN[k], expected, rtol=1e-13, atol=0)


@every_gate
def test_pullback_is_reverse_mode(name):
    h_LKN, rows_LKN = logits(2, 5, 9), logits(2, 5, 9, scale=1.0).flip(1)
    values, vjp = torch.func.vjp(GATES[name].value, h_LKN)
    expected = vjp(rows_LKN)[0]
    torch.testing.assert_close(
        GATES[name].pullback(values, rows_LKN), expected, rtol=1e-12, atol=1e-14
    )


@every_gate
def test_positive_gates_and_no_others_are_positive(name):
    values = GATES[name].value(logits(4, 200, scale=5.0))
    assert bool((values > 0).all()) == GATES[name].positive


@every_gate
def test_vanishes_at_zero(name):
    values = GATES[name].value(torch.zeros(3, 1))
    assert bool((values == 0).all()) == GATES[name].vanishes_at_zero
    symbolic = [GATES[name].expression([sp.Integer(0)] * 3, k) for k in range(3)]
    assert [float(value) for value in symbolic] == pytest.approx(values[:, 0].tolist())


def test_softmax_is_a_convex_combination_that_ignores_a_common_shift():
    h_KN = logits(6, 30)
    softmax = GATES["softmax"].value
    torch.testing.assert_close(softmax(h_KN).sum(0), torch.ones(30, dtype=h_KN.dtype))
    torch.testing.assert_close(softmax(h_KN + 3.0), softmax(h_KN))


@every_gate
def test_permuting_logits_permutes_gates(name):
    h_KN = logits(6, 30)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    torch.testing.assert_close(GATES[name].value(h_KN[order]), GATES[name].value(h_KN)[order])


def test_spec():
    spec = GateSpec(name="softmax", scale=False)
    assert spec.json() == {"name": "softmax", "scale": False, "bias": True}
    with pytest.raises(UnknownNameError, match="unknown gate 'relu': choose from sigmoid, tanh"):
        GateSpec(name="relu")
