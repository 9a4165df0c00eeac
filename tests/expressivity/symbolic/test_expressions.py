"""Tests of the expression parser.

Property: random texts, printed with as few brackets as precedence allows, evaluate exactly like the
tree they were printed from; parsed trees survive printing and reparsing. Metamorphic: spaces do not
matter. Reference: values against the math module of the standard library. Negative: every refusal,
each with a one-line `ExpressionError`.
"""

import ast
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.symbolic import expressions
from expressivity.symbolic.expressions import (
    FUNCTIONS,
    Call,
    ExpressionError,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Variable,
    fold,
    parse,
)

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


# --- the tree ------------------------------------------------------------------------------------

X = Variable(index=0)
ONE, MINUS_ONE = Number(value=Fraction(1)), Number(value=Fraction(-1))


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("x", X),
        ("+x", X),
        ("x1", X),
        ("x16", Variable(index=15)),
        ("0.1*x", Product(factors=(Number(value=Fraction(1, 10)), X))),
        ("-2*x", Product(factors=(Number(value=Fraction(-2)), X))),
        ("-x", Product(factors=(MINUS_ONE, X))),
        ("-x**2", Product(factors=(MINUS_ONE, Power(base=X, exponent=Fraction(2))))),
        ("1/x", Product(factors=(ONE, Power(base=X, exponent=Fraction(-1))))),
        ("1-x+x", Sum(terms=(ONE, Product(factors=(MINUS_ONE, X)), X))),
        ("x + (1 + x)", Sum(terms=(X, Sum(terms=(ONE, X))))),
        ("x**-(1/2)", Power(base=X, exponent=Fraction(-1, 2))),
        ("x**(-3/4)", Power(base=X, exponent=Fraction(-3, 4))),
        ("x**+0.1", Power(base=X, exponent=Fraction(1, 10))),
        ("x**64", Power(base=X, exponent=Fraction(64))),
        ("relu(x+1)", Call(name="relu", argument=Sum(terms=(X, ONE)))),
    ],
)
def test_tree_is_exactly(text: str, root: Node) -> None:
    assert parse(text).root == root


@pytest.mark.parametrize(
    ("text", "dimension"), [("x", 1), ("x1", 1), ("x3", 3), ("x2*x1", 2), ("x16 + x1", 16)]
)
def test_dimension_is_the_highest_index(text: str, dimension: int) -> None:
    parsed = parse(text)
    assert (parsed.dimension, parsed.text) == (dimension, text)


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/"])
def test_flat_chains_of_ten_thousand_characters_are_one_level(symbol: str) -> None:
    root = parse(symbol.join("x" * 5_000)).root
    assert isinstance(root, Sum | Product)
    assert len(root.terms if isinstance(root, Sum) else root.factors) == 5_000
    argument = parse(f"relu({symbol.join('x' * 4_990)})").root
    assert isinstance(argument, Call)


@pytest.mark.parametrize(
    "text", ["(" * 64 + "x" + ")" * 64, "sin(" * 64 + "x" + ")" * 64, "-" * 64 + "x"]
)
def test_sixty_four_levels_are_accepted_and_one_more_is_not(text: str) -> None:
    parse(text)
    refused(f"-({text})", "64 levels")


@pytest.mark.parametrize("term", ["-x", "(x)", "-(-x)", "x**-2", "relu(-(x))", "-(x)**2*-x"])
def test_levels_side_by_side_do_not_add_up(term: str) -> None:
    for symbol in "+-*/":
        assert isinstance(parse(symbol.join([term] * 200)).root, Sum | Product)


def test_tree_deeper_than_its_brackets_is_refused() -> None:
    # Each bracket adds a sum and a product: 40 brackets make 80 levels.
    refused("(1 + x*" * 40 + "x" + ")" * 40, "64 levels of sums")


def test_functions_extend_the_names() -> None:
    root = parse("mish(x) + mish(2)", functions=(*FUNCTIONS, "mish")).root
    assert root == Sum(
        terms=(
            Call(name="mish", argument=X),
            Call(name="mish", argument=Number(value=Fraction(2))),
        )
    )


def test_fold_does_not_recurse() -> None:
    depth = 5 * sys.getrecursionlimit()
    root: Node = X
    for _ in range(depth):
        root = Call(name="id", argument=root)
    levels = fold(
        root,
        number=lambda _: 0,
        variable=lambda _: 0,
        add=max,
        multiply=max,
        power=lambda level, _: level,
        call=lambda _, level: level + 1,
    )
    assert levels == depth


def test_module_imports_the_standard_library_alone_and_runs_no_text() -> None:
    tree = ast.parse(Path(expressions.__file__).read_text(encoding="utf-8"))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module is not None
            imported.add(node.module.partition(".")[0])
    assert imported <= sys.stdlib_module_names
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & {"eval", "exec", "compile", "__import__"}


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


# --- negative ------------------------------------------------------------------------------------


def refused(text: str, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    message = str(caught.value)
    assert message.startswith("required: ") and "; got " in message
    assert message.isprintable() and len(message) < 300, "one short line"
    assert reason in message
    assert caught.value.__cause__ is None


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
        "x^2",
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
