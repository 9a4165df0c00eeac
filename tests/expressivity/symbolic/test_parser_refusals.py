"""Texts that the parser refuses.

Negative: every refusal, each with a one-line `ExpressionError` that names text and column.
"""

import pytest
from refused_texts import refused

from expressivity.symbolic.parser import parse


@pytest.mark.parametrize(
    "text",
    [
        "x.__class__",
        "[x]",
        "{x}",
        "x[0]",
        "x@x",
        "x//2",
        "x%2",
        "x,x",
        "relu(x, x)",
        "relu(x=x)",
        "x == 1",
        "x < 1",
        "x > 1 > 0",
        "'x'",
        "x:=1",
        "~x",
        "x;x",
        "x # comment",
        "x\\",
        "\0",
        "x\0",
        "x\x1b[31m",
    ],
)
def test_foreign_symbols_are_refused(text: str) -> None:
    refused(text, "only numbers, variables, function(argument), brackets ( ) and + - * / **")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "x if x else 1",
        "lambda: x",
        "x and x",
        "x is x",
        "not x",
        "True*x",
        "None",
        "x + y",
        "X",
        "xx",
        "x1_",
        "_",
        "foo(x)",
        "RELU(x)",
        "inf*x",
        "pi*x",
        "softmax(x)",
        "j*x",
    ],
)
def test_unknown_names_are_refused_with_the_choices(text: str) -> None:
    refused(text, "choose from abs, cos, exp, gelu, id, leaky_relu, relu, relu2")


@pytest.mark.parametrize("text", ["x0", "x00", "x17", "x01", "x1 + x016", "x" + "9" * 6_000])
def test_foreign_variables_are_refused(text: str) -> None:
    refused(text, "x1..x16")


# Cyrillic ha, fullwidth and italic x, superscript two, multiplication sign, no-break space.
@pytest.mark.parametrize(
    "text",
    [
        "\u0445",
        "\uff58 + 1",
        "\U0001d465",
        "x\u00b2",
        "2\u00d7x",
        "x\u00a0",
        "x\u2028+1",
        "\u0663*x",
    ],
)
def test_foreign_alphabets_are_refused(text: str) -> None:
    refused(text, "ASCII")


@pytest.mark.parametrize("text", ["1_000*x", "2x", "0x10*x", "1j*x", "007*x", "1e*x", "1.2.3*x"])
def test_malformed_numbers_are_refused(text: str) -> None:
    refused(text, "decimal numbers")


@pytest.mark.parametrize(
    "text", ["1e999999999*x", "1e309*x", "x*1e-401", "9" * 9_000 + "*x", "0." + "1" * 9_000 + "*x"]
)
def test_extreme_literals_are_refused(text: str) -> None:
    refused(text, "a finite float64 number")


@pytest.mark.parametrize("text", ["x + x1", "x1*x", "relu(x)/x2"])
def test_x_beside_indexed_variables_is_refused(text: str) -> None:
    refused(text, "either x alone or x1..xd")


@pytest.mark.parametrize(
    "text",
    [
        "x**x",
        "x**65",
        "x**-65",
        "x**64.001",
        "x**(2**2)",
        "x**2**2",
        "x**(1+1)",
        "x**(2*3)",
        "x**(1/0)",
        "x**(1/2/3)",
        "x**((1/2)/3)",
        "x**id(2)",
        "2**x",
        "x + 10**400",
    ],
)
def test_exponents_other_than_small_literals_are_refused(text: str) -> None:
    refused(text, "a literal rational exponent within [-64, 64]")


@pytest.mark.parametrize(
    "text",
    [
        "x + 1/0",
        "x/0",
        "x/(1-1)",
        "x + 0**-1",
        "x + 0**-0.5",
        "x + (-1)**0.5",
        "x + (-8)**(1/3)",
        "x + exp(1000)",
        "x*exp(exp(exp(2)))",
        "x*1e300*1e300",
        "x + 1e308 + 1e308",
        "x + (10**64)**64",
        "x + relu2(1e200)",
        "x/relu(-1)",
        # Zero in exact arithmetic only, and in floating point only.
        "x/(0.1 + 0.2 - 0.3)",
        "x/(1e16 + 1 - 1e16)",
    ],
)
def test_constants_that_are_not_finite_reals_are_refused(text: str) -> None:
    refused(text, "constant sub-expressions that are finite real float64 numbers")


@pytest.mark.parametrize("text", ["3", "-2**0.5", "exp(1)", "1/0"])
def test_texts_without_a_variable_are_refused(text: str) -> None:
    refused(text, "required: an expression of x or x1..xd; got a constant")


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_empty_texts_are_refused(text: str) -> None:
    refused(text, "required: an expression such as")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x +", "got '+' at column 3"),
        ("x**", "got '**' at column 2"),
        ("x + * x", "got '* x' at column 5"),
        ("x*/x", "an operand on each side"),
        ("x***2", "an operand on each side"),
        ("*x", "an operand on each side"),
        ("(x+)", "an operand on each side"),
        ("relu(x*)", "an operand on each side"),
        ("relu(*x)", "an operand on each side"),
        ("relu(**x)", "functions of one argument"),
        ("relu()*x", "functions of one argument"),
        ("()*x", "functions of one argument"),
        ("x x", "an operator between operands; got 'x' at column 3"),
        ("x(2)", "an operator between operands"),
        ("(x)(x)", "an operator between operands"),
        ("2(x)", "an operator between operands"),
        ("x.5", "an operator between operands"),
        ("relu x", "an argument in brackets after a function"),
        ("x + relu", "an argument in brackets after a function"),
        ("(relu)(x)", "an argument in brackets after a function"),
        ("(x", "a closing bracket"),
        ("x)", "an opening bracket"),
    ],
)
def test_incomplete_texts_are_refused(text: str, reason: str) -> None:
    refused(text, reason)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "(" * 4_999 + "x" + ")" * 4_999,
        "relu(" * 1_600 + "x" + ")" * 1_600,
        "-" * 5_000 + "x",
        "x" + "**2" * 3_000,
        "x" + "**-" * 3_000 + "2",
        "(-" * 3_000 + "x" + ")" * 3_000,
    ],
)
def test_deep_nesting_is_refused(text: str) -> None:
    refused(text, "at most 64 levels")


def test_long_texts_are_refused() -> None:
    refused("x" * 100_000, "at most 10,000 characters; got 100,000")
    refused("x" + " " * 10_000, "at most 10,000 characters; got 10,001")
    parse("x" + " " * 9_999)
