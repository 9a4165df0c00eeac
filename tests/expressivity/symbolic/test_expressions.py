"""Trees of expressions.

Reference: the tree of a text, written out. Property: levels are counted as they nest, `fold` does
not recurse. Negative: trees that are too deep.
"""

import ast
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from refused_texts import refused

from expressivity.symbolic import expressions
from expressivity.symbolic.constants import FUNCTIONS
from expressivity.symbolic.expressions import (
    Call,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Variable,
    fold,
)
from expressivity.symbolic.parser import parse

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
