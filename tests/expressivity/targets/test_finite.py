"""The check that user expressions are finite and real on their domain.

Kinds: property (rational functions and roots with known poles and zeros), soundness (accepted
expressions have finite values), metamorphic (what cancels symbolically is still refused),
negative (poles on the domain, real powers of negative numbers).
"""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.symbolic.parser import parse
from expressivity.targets.domains import domain_for
from expressivity.targets.finite import require_finite
from expressivity.targets.target import Target
from expressivity.targets.translation import to_sympy

torch.set_num_threads(1)
DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=40)
TENTHS = st.integers(-30, 30).map(lambda n: Fraction(n, 10))


def check(text: str) -> None:
    expression = parse(text)
    require_finite(expression, domain_for(expression.dimension))


def finite(text: str) -> bool:
    try:
        check(text)
    except ValueError:
        return False
    return True


@DETERMINISTIC
@given(poles=st.lists(TENTHS, min_size=1, max_size=3), order=st.integers(1, 3))
def test_rational_functions_are_finite_exactly_where_their_poles_are_outside(poles, order):
    factors = "*".join(f"(x - ({float(pole)}))" for pole in poles)
    inside = any(abs(pole) <= 1 for pole in poles)
    assert finite(f"(1 + x)/({factors})**{order}") is not inside


@DETERMINISTIC
@given(distance=st.integers(1, 40).map(lambda n: Fraction(n, 20)), turned=st.booleans())
def test_poles_outside_the_disk_but_inside_the_square_are_allowed(distance, turned):
    normal = "0.6*x1 - 0.8*x2" if turned else "0.8*x1 + 0.6*x2"
    # The line meets the square up to a distance of 1.4, and the closed disk up to 1.
    assert finite(f"1/({normal} - {float(distance)})") is (distance > 1)


@DETERMINISTIC
@given(shift=TENTHS, exponent=st.sampled_from(["0.5", "1.5", "(1/3)", "-0.5", "-1.25"]))
def test_fractional_powers_need_a_base_that_is_not_negative(shift, exponent):
    may_vanish = not exponent.startswith("-")
    expected = shift > 1 or (may_vanish and shift == 1)
    assert finite(f"(x + {float(shift)})**{exponent}") is expected


@pytest.mark.parametrize(
    "text",
    [
        "1/(1 + exp(-x))",
        "sigmoid(40*x)",
        "tanh(x)/(2 + tanh(9*x))",
        "silu(x)*gelu(x)*leaky_relu(x)",
        "(1 + x)**0.5",
        "(1 - x1**2 - x2**2)**0.5",
        "abs(x)**0.5",
        "relu(x)**1.5",
        "abs(x1)**0.5*x2",
        "1/(1 + abs(x)**0.5)",
        "1/((1 + x)**0.5 + 1)",
        "(x1**2 + x2**2 + 0.01)**-1",
        "(x**2 + 1e-9)**-1",
        "(x**2)**0.5",
        "1/(1.5 - x1 - x2)",
        "1/(3 + x1*x2*x3*x4*x5)",
        "1/(1 + " + " + ".join(f"x{axis}**2" for axis in range(1, 17)) + ")",
        "exp(x)**-64",
        "1/cos(1.5*x)",
        "x**64",
    ],
)
def test_finite_expressions_are_accepted(text):
    check(text)
    expression = parse(text)
    target = Target(
        name="expr",
        expression=to_sympy(expression),
        domain=domain_for(expression.dimension),
        source=text,
    )
    draws_ND = torch.rand(
        (400, target.dimension), dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    nodes_ND = (2 * draws_ND - 1) / math.sqrt(target.dimension)
    assert bool(torch.isfinite(target.values(nodes_ND)).all())


@pytest.mark.parametrize(
    ("text", "offence"),
    [
        ("1/x", "base x1 of power -1 is or may be 0 near x1 = 0"),
        ("x**-2", "power -2 is or may be 0 near x1 = 0"),
        ("x**0.5", "base x1 of power 1/2 is negative"),
        ("1/(1.1 - x**0.5 + x - x)", "base x1 of power 1/2 is negative"),
        ("1/(x - 0.7)", "near x1 = 0.7"),
        ("1/(1 + x)", "near x1 = -1"),
        ("1/(1 - x)", "near x1 = 1"),
        ("1/(x1**2 + x2**2)", "near x1 = 0, x2 = 0"),
        ("1/(x1*x2*x3)", "power -1 is or may be 0"),
        ("1/relu(x)", "power -1 is or may be 0"),
        ("1/cos(2*x)", "near x1 = "),
        ("tanh(1/(x1 - x2))", "base x1 - x2 of power -1"),
        ("1/(1 - (1 + x)**0.5)", "near x1 = 0"),
        ("((x - 2)**3)**(1/3)", "is negative"),
        ("(-1 - x**2)**0.5", "is negative"),
        ("1/(x**2)**0.5", "is or may be 0 near x1 = 0"),
    ],
)
def test_offences_are_named_with_their_place(text, offence):
    with pytest.raises(ValueError, match="required: an expression that is finite on") as caught:
        check(text)
    assert offence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(": change the expression")


@pytest.mark.parametrize(
    "text", ["x/x", "1/x*x", "0/x", "x + 1/x - 1/x", "x**0.5*x**0.5", "1/(x - x)", "(1/x)**-1"]
)
def test_cancelling_symbols_hide_no_pole(text):
    assert not finite(text)


def test_what_cannot_be_decided_is_refused():
    # Positive, by 1e-30: balls of the smallest boxes still contain 0.
    assert not finite("1/(x**2 + 1e-30)")
