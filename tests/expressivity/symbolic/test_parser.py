"""Tests of the expression parser.

Property: random texts, printed with as few brackets as precedence allows, evaluate exactly like the
tree they were printed from; parsed trees survive printing and reparsing. Metamorphic: spaces do not
matter. Reference: values against the math module of the standard library.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.symbolic.constants import FUNCTIONS
from expressivity.symbolic.expressions import Node, fold
from expressivity.symbolic.parser import parse

Point = Sequence[Fraction]
DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=50)
EXACT_FUNCTIONS: Mapping[str, Callable[[Fraction], Fraction]] = {
    "id": lambda z: z,
    "relu": lambda z: max(z, Fraction(0)),
    "relu2": lambda z: max(z, Fraction(0)) ** 2,
    "abs": abs,
}
OPERATORS: Mapping[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}
FLOAT_FUNCTIONS: Mapping[str, Callable[[float], float]] = {
    "id": lambda z: z,
    "relu": lambda z: max(z, 0.0),
    "relu2": lambda z: max(z, 0.0) ** 2,
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "gelu": lambda z: z * (1 + math.erf(z / 2**0.5)) / 2,
    "silu": lambda z: z / (1 + math.exp(-z)),
    "tanh": math.tanh,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "abs": abs,
    "exp": math.exp,
    "sin": math.sin,
    "cos": math.cos,
}


def exact_value(root: Node, point: Point) -> Fraction:
    return fold(
        root,
        number=lambda value: value,
        variable=point.__getitem__,
        add=lambda terms: sum(terms, Fraction(0)),
        multiply=lambda factors: math.prod(factors, start=Fraction(1)),
        power=lambda base, exponent: Fraction(base**exponent),
        call=lambda name, argument: EXACT_FUNCTIONS[name](argument),
    )


def float_value(text: str, *point: float) -> float:
    return fold(
        parse(text).root,
        number=float,
        variable=point.__getitem__,
        add=math.fsum,
        multiply=math.prod,
        power=lambda base, exponent: base ** float(exponent),
        call=lambda name, argument: FLOAT_FUNCTIONS[name](argument),
    )


def bracketed(root: Node) -> str:
    """Print a parsed tree with every operand in brackets."""
    return fold(
        root,
        number=lambda value: f"{Decimal(value.numerator) / Decimal(value.denominator):f}",
        variable=lambda index: f"x{index + 1}",
        add=lambda terms: " + ".join(f"({term})" for term in terms),
        multiply=lambda factors: " * ".join(f"({factor})" for factor in factors),
        power=lambda base, exponent: f"({base})**({exponent})",
        call=lambda name, argument: f"{name}({argument})",
    )


# --- property ------------------------------------------------------------------------------------

# Binding strengths of Python's grammar.
SUM, PRODUCT, SIGN, POWER, ATOM = range(5)


@dataclass(frozen=True)
class Printed:
    """A text, how tightly its outermost operator binds, and what it should evaluate to."""

    text: str
    strength: int
    value: Callable[[Point], Fraction]

    def inside(self, strength: int) -> str:
        """Print as an operand that must bind at least this tightly."""
        return self.text if self.strength >= strength else f"({self.text})"


def literal(text: str) -> Printed:
    return Printed(text, ATOM, lambda _: Fraction(text))


def coordinate(index: int) -> Printed:
    return Printed(f"x{index + 1}", ATOM, lambda point: point[index])


def binary(symbol: str, left: Printed, right: Printed) -> Printed:
    strength = SUM if symbol in "+-" else PRODUCT
    operate = OPERATORS[symbol]
    return Printed(
        f"{left.inside(strength)} {symbol} {right.inside(strength + 1)}",
        strength,
        lambda point: operate(left.value(point), right.value(point)),
    )


def negated(operand: Printed) -> Printed:
    return Printed(f"-{operand.inside(SIGN)}", SIGN, lambda point: -operand.value(point))


def raised(base: Printed, exponent: int) -> Printed:
    return Printed(
        f"{base.inside(ATOM)}**{exponent}", POWER, lambda point: base.value(point) ** exponent
    )


def called(name: str, argument: Printed) -> Printed:
    return Printed(
        f"{name}({argument.text})", ATOM, lambda point: EXACT_FUNCTIONS[name](argument.value(point))
    )


DIVISORS = st.sampled_from(["2", "0.5", "3e-1", "7"]).map(literal)
LEAVES = st.one_of(
    st.integers(0, 1).map(coordinate),
    st.sampled_from(["0", "1", "2", "0.1", "2.50", ".5", "1e-3", "12E1"]).map(literal),
)


def printed(depth: int) -> st.SearchStrategy[Printed]:
    if depth == 0:
        return LEAVES
    child = printed(depth - 1)
    return st.one_of(
        LEAVES,
        st.builds(binary, st.sampled_from("+-*"), child, child),
        st.builds(binary, st.just("/"), child, DIVISORS),
        st.builds(negated, child),
        st.builds(raised, child, st.integers(0, 3)),
        st.builds(called, st.sampled_from(sorted(EXACT_FUNCTIONS)), child),
    )


RATIONALS = st.fractions(-3, 3, max_denominator=8)


@DETERMINISTIC
@given(printed(4), RATIONALS, RATIONALS)
def test_precedence_and_values_are_those_of_the_printed_tree(
    expected: Printed, first: Fraction, second: Fraction
) -> None:
    point = (first, second, Fraction(5))
    parsed = parse(f"x3 + {expected.inside(PRODUCT)}")
    assert exact_value(parsed.root, point) == 5 + expected.value(point)


@DETERMINISTIC
@given(printed(4))
def test_parsed_trees_survive_printing_with_all_brackets(expected: Printed) -> None:
    root = parse(f"x3 + {expected.inside(PRODUCT)}").root
    assert parse(bracketed(root)).root == root


@DETERMINISTIC
@given(printed(3))
def test_white_space_does_not_matter(expected: Printed) -> None:
    text = f"x3 + {expected.inside(PRODUCT)}"
    spread = text.replace(" ", "\n \t").replace("(", " ( ").replace(")", "\r\n)\t")
    assert parse(spread).root == parse(text).root == parse(text.replace(" ", "")).root


# --- reference -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "point", "value"),
    [
        ("tanh(2*x1)*relu(x2)", (0.3, 0.7), math.tanh(0.6) * 0.7),
        ("x**2 - 3*x/4 + 1", (0.5,), 0.25 - 0.375 + 1),
        ("exp(-x**2/2)", (1.5,), math.exp(-1.125)),
        ("2**0.5*sin(x)/cos(x)", (0.4,), math.sqrt(2) * math.tan(0.4)),
        ("-x**-2", (4.0,), -1 / 16),
        ("x/2/2*2", (3.0,), 1.5),
        ("1 - x - x", (0.25,), 0.5),
        ("abs(x) + sigmoid(0) + silu(0) + gelu(0)", (-2.0,), 2.5),
        ("leaky_relu(x) + relu2(x) + id(x)", (-1.0,), -1.01),
        ("x**(1/3)", (8.0,), 2.0),
    ],
)
def test_values_agree_with_the_math_module(text: str, point: Sequence[float], value: float) -> None:
    assert float_value(text, *point) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("argument", ["-1e300", "-2", "0", "0.5", "3", "30"])
def test_finite_constants_are_accepted_for_every_function(name: str, argument: str) -> None:
    parse(f"x + {name}({argument})")
