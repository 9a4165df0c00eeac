"""Safe parser of user target expressions such as ``tanh(2*x1)*relu(x2)``.

The certificate checker trusts this module, so it imports the standard library alone, and no text
is ever run. Three steps, each refusing what it does not know: the text is cut into whitelisted
tokens; the tokens are translated to a form that `ast.parse` reads without deep recursion;
whitelisted `ast` nodes are converted to the tree. Constant sub-expressions that are not finite are
refused last.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from expressivity.symbolic.constants import FUNCTIONS, require_finite
from expressivity.symbolic.expressions import (
    Call,
    Expression,
    ExpressionError,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Variable,
    fold,
)
from expressivity.symbolic.refusals import MAX_EXPONENT, MAX_LEVELS, refusal, shorten
from expressivity.symbolic.tokens import INDICES, Token, dimension_of, tokenize

MAX_CHARACTERS = 10_000


def parse(text: str, *, functions: Collection[str] = FUNCTIONS) -> Expression:
    """Parse an expression of ``x`` or ``x1..xd`` by a whitelist.

    ``functions`` are the callable names. Names outside `FUNCTIONS` parse to a `Call` like any
    other, but constants made with them are not checked. Operators are ``+ - * / **`` and brackets,
    with Python's precedence. Nesting is counted in the tree (sums, products, powers, calls) and in
    the text (brackets, signs, ``**``); a flat sum or product is one level however long it is.

    Raises `ExpressionError` with a one-line message for everything outside the grammar: more than
    10,000 characters or 64 levels, unknown names or characters, variables beyond ``x16``, ``x``
    beside ``x1``, exponents that are not literal rationals within [-64, 64], texts without a
    variable, and constant sub-expressions that are not finite reals, as ``1/0`` or ``exp(1000)``.

    >>> parse("2*x3").dimension
    3
    >>> parse("x**0.5").root
    Power(base=Variable(index=0), exponent=Fraction(1, 2))
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(
            f"required: at most {MAX_CHARACTERS:,} characters; got {len(text):,}; "
            "shorten the expression"
        )
    tokens = tokenize(text, functions)
    if not tokens:
        raise ExpressionError(
            f"required: an expression such as 'tanh(2*x1)*relu(x2)'; got {shorten(text)}; "
            "write one in x or x1..xd"
        )
    source = _translate(text, tokens)
    try:
        body = ast.parse(source.code, mode="eval").body
    except SyntaxError as error:
        offset = min(max((error.offset or 1) - 1, 0), len(source.columns) - 1)
        raise refusal("operand", text, source.columns[offset]) from None
    root = _convert(body, source)
    dimension = dimension_of(text, tokens)
    levels = fold(
        root,
        number=lambda _: 0,
        variable=lambda _: 0,
        add=lambda levels: 1 + max(levels),
        multiply=lambda levels: 1 + max(levels),
        power=lambda level, _: 1 + level,
        call=lambda _, level: 1 + level,
    )
    if levels > MAX_LEVELS:
        raise ExpressionError(
            f"required: at most {MAX_LEVELS} levels of sums, products, powers and calls; "
            f"got {levels} levels in {shorten(text)}; expand or split the expression"
        )
    # Floats see what float64 backends will see; exact rationals see 1/(0.1 + 0.2 - 0.3) too.
    require_finite(root, float)
    require_finite(root, lambda value: value)
    return Expression(text=text, root=root, dimension=dimension)


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Translated text for `ast.parse`, and the original column of each of its characters."""

    text: str
    code: str
    columns: Sequence[int]


def _translate(text: str, tokens: Sequence[Token]) -> _Source:
    """Rewrite sums and products as the two flat chains of Python's grammar, and check nesting.

    `ast` nests ``x + x + ...`` to the left, one level a term, and long sums overflow its stack.
    Tuples and comparisons are flat nodes, and they bind in the same order as sums and products:
    looser than signs and powers, tuples loosest. So ``a - b*c/d`` becomes ``a, - b < c > d``. The
    text cannot contain the borrowed symbols itself: they are no tokens.
    """
    code: list[str] = []
    columns: list[int] = []
    # Per open bracket: its column, and the signs and powers waiting for their operand before it.
    brackets: list[tuple[int, int]] = []
    waiting = levels = 0
    previous = ""
    for token in tokens:
        after_operand = previous in ("number", "variable", "close")
        piece = token.text
        if token.kind == "times" or (token.kind == "sign" and after_operand):
            piece = {"+": ", +", "-": ", -", "*": "<", "/": ">"}[piece]
            waiting, levels = 0, levels - waiting
        elif token.kind in ("sign", "power"):
            waiting, levels = waiting + 1, levels + 1
        elif token.kind == "open" and not after_operand:
            brackets.append((token.column, waiting))
            waiting, levels = 0, levels + 1
        elif token.kind == "close":
            if not brackets:
                raise refusal("opening", text, token.column)
            levels -= waiting + 1
            waiting = brackets.pop()[1]
        elif after_operand:
            raise refusal("operator", text, token.column)
        if previous == "function" and token.kind != "open":
            raise refusal("argument", text, token.column)
        if levels > MAX_LEVELS:
            raise refusal("nesting", text, token.column)
        code.append(piece)
        columns.extend([token.column] * (len(piece) + 1))
        previous = token.kind
    if previous in ("sign", "times", "power"):
        raise refusal("operand", text, tokens[-1].column)
    if previous == "function":
        raise refusal("argument", text, tokens[-1].column)
    if brackets:
        raise refusal("closing", text, brackets[-1][0])
    return _Source(text=text, code=" ".join(code), columns=columns)


def _convert(node: ast.expr, source: _Source) -> Node:
    match node:
        case ast.Constant():
            return Number(value=_literal(node, source))
        case ast.Name(id=name):
            return Variable(index=INDICES[name])
        case ast.Tuple(elts=[_, *_] as terms):
            return _sum(terms, source)
        case ast.Compare(left=left, ops=operators, comparators=rest):
            # Leading factors may join the chain: left to right is the order of evaluation anyway.
            factors = _factors(_convert(left, source))
            for operation, operand in zip(operators, rest, strict=True):
                factor = _convert(operand, source)
                if isinstance(operation, ast.Gt):
                    factor = Power(base=factor, exponent=Fraction(-1))
                factors.append(factor)
            return Product(factors=tuple(factors))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _convert(operand, source)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            converted = _convert(operand, source)
            if isinstance(converted, Number):
                return Number(value=-converted.value)
            return Product(factors=(Number(value=Fraction(-1)), *_factors(converted)))
        case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
            return Power(base=_convert(base, source), exponent=_exponent(exponent, source))
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as terms, keywords=[]):
            return Call(name=name, argument=_sum(terms, source))
        case _:
            raise refusal("shape", source.text, source.columns[node.col_offset])


def _factors(node: Node) -> list[Node]:
    return list(node.factors) if isinstance(node, Product) else [node]


def _sum(terms: Sequence[ast.expr], source: _Source) -> Node:
    leading, *rest = [_convert(term, source) for term in terms]
    if not rest:
        return leading
    # As for products: joining the leading terms keeps the order of evaluation.
    joined = leading.terms if isinstance(leading, Sum) else (leading,)
    return Sum(terms=(*joined, *rest))


def _literal(node: ast.Constant, source: _Source) -> Fraction:
    # The text and not node.value, which has been rounded to float64.
    return Fraction(source.code[node.col_offset : node.end_col_offset])


def _exponent(node: ast.expr, source: _Source) -> Fraction:
    exponent = _literal_rational(node, source)
    if exponent is None or abs(exponent) > MAX_EXPONENT:
        raise refusal("exponent", source.text, source.columns[node.col_offset])
    return exponent


def _literal_rational(node: ast.expr, source: _Source) -> Fraction | None:
    """The value of a signed literal or of one division of two of them, else None."""
    match node:
        case ast.Constant():
            return _literal(node, source)
        case ast.UnaryOp(op=sign, operand=operand):
            value = _literal_rational(operand, source)
            return -value if value is not None and isinstance(sign, ast.USub) else value
        case ast.Compare(
            left=ast.Constant() | ast.UnaryOp() as left,
            ops=[ast.Gt()],
            comparators=[ast.Constant() | ast.UnaryOp() as right],
        ):
            numerator, denominator = (_literal_rational(side, source) for side in (left, right))
            return numerator / denominator if numerator is not None and denominator else None
        case _:
            return None
