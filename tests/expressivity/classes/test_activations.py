"""The dictionary of activations.

Kinds: reference (torch forms against ball arithmetic and automatic differentiation), property
(declared facts rederived from the sympy expressions), negative (the rederivations can fail).
"""

import math

import pytest
import sympy as sp
import torch

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY, stack_dictionary
from expressivity.classes.audit import THRESHOLD, Reference, grid
from expressivity.symbolic.interpret import TORCH, interpret
from expressivity.symbolic.symbols import Z

torch.set_num_threads(1)

POSITIVE, FACTOR = sp.Symbol("t", positive=True), sp.Symbol("c", positive=True)
every_activation = pytest.mark.parametrize("name", FULL_DICTIONARY)


def off_kink() -> torch.Tensor:
    side = torch.linspace(0.01, 30, 400, dtype=torch.float64)
    return torch.cat([-side, side])


def vanishes(expression: sp.Expr) -> bool:
    return sp.simplify(expression) == 0


def in_span(function: sp.Expr, span: tuple[sp.Expr, ...]) -> bool:
    """Whether an even or odd function, given on t > 0, is a multiple of the one spanning it."""
    if not span:
        return vanishes(function)
    (basis,) = span
    return vanishes(sp.diff(function / basis.subs(Z, POSITIVE), POSITIVE))


def parts(expression: sp.Expr, scale: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Odd and even part of x -> s(scale x), on x = t > 0."""
    at, mirrored = (expression.subs(Z, sign * scale * POSITIVE) for sign in (1, -1))
    return (at - mirrored) / 2, (at + mirrored) / 2


@every_activation
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_torch_forms_agree_with_ball_arithmetic_over_the_whole_range(name, dtype):
    activation = ACTIVATIONS[name]
    z = grid(dtype, logarithmic=80, dense=401)
    exact = Reference.of(activation, z)
    for finding in exact.compare(activation.value_and_derivative(z), mode="eager"):
        assert finding.not_enclosed == 0
        assert finding.worst <= THRESHOLD, finding


@every_activation
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_shape_and_dtype_are_kept(name, dtype):
    z = torch.linspace(-2, 2, 12, dtype=dtype).reshape(2, 3, 2)
    for result in ACTIVATIONS[name].value_and_derivative(z):
        assert result.shape == z.shape
        assert result.dtype == dtype


@every_activation
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_a_number_does_not_depend_on_its_neighbours(name, dtype):
    # torch.sigmoid, for one, rounds differently in the last, partly filled vector of its loop
    form = ACTIVATIONS[name].value_and_derivative
    z = 4 * torch.randn(203, dtype=dtype, generator=torch.Generator().manual_seed(5))
    alone = [form(number[None]) for number in z]
    for together, single in zip(form(z), zip(*alone, strict=True), strict=True):
        assert torch.equal(together, torch.cat(single))


@every_activation
def test_derivative_is_the_derivative_of_the_value(name):
    z = off_kink()
    form = ACTIVATIONS[name].value_and_derivative
    _, slope = torch.func.jvp(lambda t: form(t)[0], (z,), (torch.ones_like(z),))
    torch.testing.assert_close(form(z)[1], slope, rtol=1e-12, atol=1e-13)


@every_activation
def test_forward_mode_gives_the_second_derivative(name):
    activation = ACTIVATIONS[name]
    z = off_kink()
    if activation.analytic:
        z = torch.cat([z, torch.zeros(1, dtype=z.dtype)])
    _, curvature = torch.func.jvp(
        lambda t: activation.value_and_derivative(t)[1], (z,), (torch.ones_like(z),)
    )
    expected = interpret(sp.diff(activation.expression, Z, 2), {Z: z}, TORCH)
    expected = torch.as_tensor(expected, dtype=z.dtype).expand_as(z)
    torch.testing.assert_close(curvature, expected, rtol=1e-9, atol=1e-13)


@every_activation
def test_kink(name):
    slope = sp.diff(ACTIVATIONS[name].expression, Z)
    right, left = (sp.limit(slope.subs(Z, sign * POSITIVE), POSITIVE, 0) for sign in (1, -1))
    assert right - left == ACTIVATIONS[name].kink


@every_activation
def test_derivative_at_the_kink_is_the_left_one(name):
    slope = sp.diff(ACTIVATIONS[name].expression, Z)
    left = sp.limit(slope.subs(Z, -POSITIVE), POSITIVE, 0)
    zeros = torch.tensor([0.0, -0.0], dtype=torch.float64)
    assert ACTIVATIONS[name].value_and_derivative(zeros)[1].tolist() == [float(left)] * 2


@every_activation
def test_analytic_exactly_when_one_formula_serves_both_sides(name):
    expression = ACTIVATIONS[name].expression
    right, left = (expression.subs(Z, sign * POSITIVE) for sign in (1, -1))
    real = sp.Symbol("r", real=True)
    continued = right.subs(POSITIVE, real).subs(real, -POSITIVE)
    assert ACTIVATIONS[name].analytic == vanishes(continued - left)


@every_activation
def test_piece_degree(name):
    pieces = [ACTIVATIONS[name].expression.subs(Z, sign * POSITIVE) for sign in (1, -1)]
    if all(piece.is_polynomial(POSITIVE) for piece in pieces):
        degrees = [sp.degree(piece, POSITIVE) for piece in pieces]
        assert ACTIVATIONS[name].piece_degree == max(degrees)
    else:
        assert ACTIVATIONS[name].piece_degree is None


@every_activation
def test_homogeneous_degree(name):
    activation = ACTIVATIONS[name]
    degree = activation.homogeneous_degree
    if degree is None:
        growth = [activation(sp.Integer(2 * z)) / activation(sp.Integer(z)) for z in (1, 2)]
        assert abs(sp.N(growth[0] - growth[1])) > 1e-3
        return
    for sign in (1, -1):
        scaled = activation.expression.subs(Z, sign * FACTOR * POSITIVE)
        plain = activation.expression.subs(Z, sign * POSITIVE)
        assert vanishes(scaled - FACTOR**degree * plain)


@every_activation
@pytest.mark.parametrize("scale", [FACTOR, -FACTOR], ids=["c>0", "c<0"])
def test_declared_spans_hold_the_odd_and_the_even_part(name, scale):
    activation = ACTIVATIONS[name]
    odd, even = parts(activation.expression, scale)
    for part, span, parity in ((odd, activation.odd_span, -1), (even, activation.even_span, 1)):
        if span is None:
            continue
        assert in_span(part, span)
        for basis in span:
            assert vanishes(basis.subs(Z, -POSITIVE) - parity * basis.subs(Z, POSITIVE))


def test_span_check_refuses_a_wrong_span():
    odd, even = parts(sp.tanh(Z), FACTOR)
    assert not in_span(odd, (Z,))
    assert not in_span(odd, ())
    assert not in_span(parts(ACTIVATIONS["gelu"].expression, FACTOR)[1], (Z**2,))
    assert in_span(even, ())


def test_dependence_relations():
    eta = sp.Rational(1, 100)
    leaky, relu = ACTIVATIONS["leaky_relu"], ACTIVATIONS["relu"]
    for sign in (1, -1):
        t = sign * POSITIVE
        assert vanishes(leaky(t) - eta * t - (1 - eta) * relu(t))
    for name in ("relu", "gelu", "silu"):
        activation = ACTIVATIONS[name]
        assert vanishes(activation(POSITIVE) - activation(-POSITIVE) - POSITIVE)


def test_all_vanish_at_zero_and_have_the_sign_of_their_argument():
    z = off_kink()
    for name in FULL_DICTIONARY:
        assert ACTIVATIONS[name](sp.Integer(0)) == 0
        signed = z * ACTIVATIONS[name].value_and_derivative(z)[0]
        assert bool((signed >= 0).all())
        assert bool((signed > 0).all()) == (name not in ("relu", "relu2"))


def test_published_values():
    # torch.nn documentation conventions: exact GELU (no tanh approximation), SiLU = x sigmoid(x)
    z = torch.linspace(-5, 5, 101, dtype=torch.float64)
    functional = torch.nn.functional
    for name, expected in (
        ("gelu", functional.gelu(z)),
        ("silu", functional.silu(z)),
        ("leaky_relu", functional.leaky_relu(z, 0.01)),
    ):
        value, _ = ACTIVATIONS[name].value_and_derivative(z)
        torch.testing.assert_close(value, expected, rtol=1e-13, atol=1e-15)
    assert ACTIVATIONS["gelu"].value_and_derivative(torch.zeros(1))[1].item() == 0.5
    assert math.isclose(float(sp.N(ACTIVATIONS["silu"](sp.Integer(1)))), 0.7310585786300049)


def test_the_full_dictionary_is_registered_under_its_own_names():
    assert [ACTIVATIONS[name].name for name in FULL_DICTIONARY] == list(FULL_DICTIONARY)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_stacking_keeps_each_activation_bit_for_bit(dim):
    dictionary = [ACTIVATIONS[name] for name in FULL_DICTIONARY]
    z = torch.linspace(-3, 3, 10, dtype=torch.float64).reshape(2, 5)
    s, ds = stack_dictionary(dictionary, z, dim)
    for index, activation in enumerate(dictionary):
        value, derivative = activation.value_and_derivative(z)
        assert torch.equal(s.select(dim, index), value)
        assert torch.equal(ds.select(dim, index), derivative)
