"""The activations beyond the paper's seven.

Kinds: reference (ball arithmetic over the whole range, torch's own functions, published numbers
by closed form and by quadrature), property (declared facts, forward and reverse mode), negative
(reserved names).
"""

import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest
import sympy as sp
import torch

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY, require_sound
from expressivity.classes.activations.elu import SELU_ALPHA, SELU_SCALE
from expressivity.classes.audit import DTYPES, THRESHOLD, Reference, grid
from expressivity.symbolic.constants import FUNCTIONS
from expressivity.symbolic.interpret import TORCH, interpret
from expressivity.symbolic.parser import parse
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.translation import to_sympy

torch.set_num_threads(1)

FURTHER = (
    "elu", "selu", "softplus", "mish", "sigmoid", "softsign", "one", "square", "cube", "relu3",
    "gelu_tanh", "quick_gelu",
)  # fmt: skip
every_activation = pytest.mark.parametrize("name", FURTHER)
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def test_the_default_dictionary_is_the_papers():
    assert FULL_DICTIONARY == ("id", "relu", "relu2", "leaky_relu", "gelu", "silu", "tanh")
    assert set(FURTHER) == set(ACTIVATIONS) - set(FULL_DICTIONARY)


@every_activation
def test_declared_facts_are_shown(name):
    require_sound(ACTIVATIONS[name])


@every_activation
@every_dtype
def test_torch_forms_agree_with_ball_arithmetic_over_the_whole_range(name, dtype):
    activation = ACTIVATIONS[name]
    z = grid(dtype, logarithmic=80, dense=401)
    for finding in Reference.of(activation, z).compare(
        activation.value_and_derivative(z), mode="eager"
    ):
        assert finding.not_enclosed == 0
        assert finding.worst <= THRESHOLD, finding


@every_activation
@every_dtype
def test_a_number_does_not_depend_on_its_neighbours(name, dtype):
    form = ACTIVATIONS[name].value_and_derivative
    z = 4 * torch.randn(203, dtype=dtype, generator=torch.Generator().manual_seed(5))
    alone = [form(number[None]) for number in z]
    for together, single in zip(form(z), zip(*alone, strict=True), strict=True):
        assert torch.equal(together, torch.cat(single))


@every_activation
def test_forward_and_reverse_mode_give_the_derivatives(name):
    activation = ACTIVATIONS[name]
    side = torch.linspace(0.01, 800, 400, dtype=torch.float64)
    z = torch.cat([-side, side]).requires_grad_()
    for order, part in enumerate((0, 1)):
        value = activation.value_and_derivative(z)[part]
        slope = torch.zeros_like(z)
        if value.requires_grad:  # the constant's value does not
            (slope,) = torch.autograd.grad(value.sum(), z)
        _, forward = torch.func.jvp(
            lambda t, part=part: activation.value_and_derivative(t)[part],
            (z.detach(),),
            (torch.ones_like(z),),
        )
        expected = interpret(sp.diff(activation.expression, Z, order + 1), {Z: z.detach()}, TORCH)
        expected = torch.as_tensor(expected, dtype=z.dtype).expand_as(z)
        moderate = expected.isfinite()  # softplus is written with an exponential that overflows
        assert moderate.sum() > 600
        torch.testing.assert_close(slope, forward, rtol=1e-12, atol=1e-13)
        assert slope.isfinite().all()
        torch.testing.assert_close(slope[moderate], expected[moderate], rtol=1e-9, atol=1e-12)


@every_activation
def test_expressions_may_use_the_name(name):
    functions = (*FUNCTIONS, *(n for n in ACTIVATIONS if n not in FUNCTIONS))
    parsed = to_sympy(parse(f"{name}(2*x1 + x2) + x1", functions=functions))
    argument = 2 * COORDINATES[0] + COORDINATES[1]
    expected = ACTIVATIONS[name](argument) + COORDINATES[0]
    point = {COORDINATES[0]: sp.Rational(2, 7), COORDINATES[1]: sp.Rational(-3, 5)}
    assert abs(sp.N((parsed - expected).subs(point), 30)) < 1e-25


def test_a_reserved_name_is_that_function():
    sigmoid = ACTIVATIONS["sigmoid"]
    with pytest.raises(ValueError, match="required: for the name sigmoid the function of express"):
        require_sound(replace(sigmoid, expression=sp.tanh(Z)))
    for name in ("x1", "x", "exp"):
        with pytest.raises(ValueError, match=r"required: (a name|for the name)"):
            require_sound(replace(sigmoid, name=name))


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("elu", torch.nn.functional.elu),
        ("selu", torch.nn.functional.selu),
        ("softplus", torch.nn.functional.softplus),
        ("mish", torch.nn.functional.mish),
        ("sigmoid", torch.sigmoid),
        ("softsign", torch.nn.functional.softsign),
        ("gelu_tanh", lambda z: torch.nn.functional.gelu(z, approximate="tanh")),
        ("quick_gelu", lambda z: z * torch.sigmoid(1.702 * z)),
    ],
)
def test_torchs_own_functions_are_the_same(name, function):
    z = torch.linspace(-12, 12, 241, dtype=torch.float64)
    value, _ = ACTIVATIONS[name].value_and_derivative(z)
    torch.testing.assert_close(value, function(z), rtol=1e-12, atol=1e-14)


# --- published numbers ----------------------------------------------------------------------------


def moments(name: str) -> tuple[float, float]:
    """Mean and variance of s(Z), Z standard normal, by Gauss-Legendre on both sides of 0."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    z = torch.from_numpy(np.concatenate([20 * (nodes - 1), 20 * (nodes + 1)]) / 2)
    w = (
        np.concatenate([weights, weights])
        * 10
        * np.exp(-(z.numpy() ** 2) / 2)
        / math.sqrt(2 * np.pi)
    )
    s = ACTIVATIONS[name].value_and_derivative(z)[0].numpy()
    mean = float((w * s).sum())
    return mean, float((w * (s - mean) ** 2).sum())


@pytest.mark.parametrize(
    ("name", "formula", "published", "agrees"),
    [
        ("tanh", mpmath.tanh, 1.593, True),
        ("elu", lambda z: z if z > 0 else mpmath.expm1(z), 1.270, True),
        ("relu", lambda z: max(z, 0), 1.700, False),
        ("silu", lambda z: z / (1 + mpmath.exp(-z)), 1.75, False),
        ("softsign", lambda z: z / (1 + abs(z)), 2.35, False),
        ("sigmoid", lambda z: 1 / (1 + mpmath.exp(-z)), 4.84, False),
    ],
)
def test_scales_of_adaptive_blending_units(name, formula, published, agrees):
    """1/sqrt(Var s(Z)), Z standard normal, as L. R. Suetfeld et al., arXiv:1806.10064, give it.

    Their numbers are the mathematics for tanh and ELU, and within 2.2% of it elsewhere:
    1.7129 for ReLU, 1.7872 for swish, 2.3375 for softsign, 4.8013 for sigmoid.
    """
    ends = [-20, -5, 0, 5, 20]
    mean = mpmath.quad(lambda z: formula(z) * mpmath.npdf(z), ends)
    variance = mpmath.quad(lambda z: (formula(z) - mean) ** 2 * mpmath.npdf(z), ends)
    exact = float(1 / mpmath.sqrt(variance))
    assert moments(name)[1] ** -0.5 == pytest.approx(exact, rel=1e-10)
    assert abs(exact - published) < 0.022 * exact
    assert (abs(exact - published) < 1e-3) is agrees


def test_the_scale_of_relu_in_closed_form():
    exact = math.sqrt(2 * math.pi / (math.pi - 1))
    assert moments("relu")[1] ** -0.5 == pytest.approx(exact, rel=1e-12)
    assert round(exact, 4) == 1.7129


def test_selu_keeps_mean_0_and_variance_1():
    mean, variance = moments("selu")
    assert abs(mean) < 1e-13  # the quadrature's round-off is 2e-14
    assert abs(variance - 1) < 1e-13


def test_selu_constants_are_the_closed_forms():
    # G. Klambauer et al., arXiv:1706.02515, equation 14
    erfc, e, pi = sp.erfc, sp.E, sp.pi
    root = erfc(1 / sp.sqrt(2)) * sp.sqrt(e)
    alpha = -sp.sqrt(2 / pi) / (root - 1)
    scale = (
        (1 - root)
        * sp.sqrt(2 * pi)
        / sp.sqrt(2 * erfc(sp.sqrt(2)) * e**2 + pi * root**2 - 2 * (2 + pi) * root + pi + 2)
    )
    assert abs(sp.N(alpha - SELU_ALPHA, 40)) < 1e-30
    assert abs(sp.N(scale - SELU_SCALE, 40)) < 1e-30
