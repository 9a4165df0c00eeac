"""Safe parser of user target expressions such as ``tanh(2*x1)*relu(x2)``.

Text becomes a frozen tree of sums, products, powers and calls, and every backend (symbols,
tensors, balls, floats) interprets that tree through the one function `fold`. The certificate
checker trusts this module, so it imports the standard library alone, and no text is ever run.

Three steps, each refusing what it does not know: the text is cut into whitelisted tokens; the
tokens are translated to a form that `ast.parse` reads without deep recursion; whitelisted `ast`
nodes are converted to the tree. Constant sub-expressions that are not finite are refused last.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any, TypeVar

MAX_CHARACTERS = 10_000
MAX_LEVELS = 64
MAX_DIMENSION = 16
MAX_EXPONENT = 64
# A literal is exact: its size is bounded by its text, and "1e999999999" must not be expanded.
MAX_LITERAL_CHARACTERS = 400
MAX_DECIMAL_EXPONENT = 400
# Constants are checked exactly while their denominators are below 2**4096, then as floats.
MAX_EXACT_BITS = 4096

T = TypeVar("T")


class ExpressionError(ValueError):
    """A refused expression; the message is one line: what was required, what came, what to do."""


@dataclass(frozen=True, kw_only=True)
class Number:
    """An exact rational number: ``0.1`` is 1/10, not its nearest float."""

    value: Fraction


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A coordinate of the input, counted from 0: both ``x`` and ``x1`` have index 0."""

    index: int


@dataclass(frozen=True, kw_only=True)
class Sum:
    """Two or more terms, added from left to right."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Product:
    """Two or more factors, multiplied from left to right.

    ``a/b`` is ``Product(a, Power(b, -1))`` and ``-a`` is ``Product(Number(-1), a)``, except that a
    signed literal is one `Number`.
    """

    factors: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Power:
    """A base to a literal rational exponent of absolute value at most 64."""

    base: Node
    exponent: Fraction


@dataclass(frozen=True, kw_only=True)
class Call:
    """A named function of one argument."""

    name: str
    argument: Node


Node = Number | Variable | Sum | Product | Power | Call


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A parsed expression of ``dimension`` real variables, with the text it came from."""

    text: str
    root: Node
    dimension: int


def _sigmoid(z: float) -> float:
    # Of the two forms the one that does not overflow, accurate in both tails.
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


_Real = Fraction | float
_FLOAT_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "id": lambda z: z,
    "relu": lambda z: max(z, 0.0),
    "relu2": lambda z: max(z, 0.0) * max(z, 0.0),
    "leaky_relu": lambda z: z if z >= 0 else 0.01 * z,
    "gelu": lambda z: z * 0.5 * math.erfc(-z / math.sqrt(2)),
    "silu": lambda z: z * _sigmoid(z),
    "tanh": math.tanh,
    "sigmoid": _sigmoid,
    "abs": abs,
    "exp": math.exp,
    "sin": math.sin,
    "cos": math.cos,
}
FUNCTIONS: tuple[str, ...] = tuple(_FLOAT_FUNCTIONS)


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
    tokens = _tokenize(text, functions)
    if not tokens:
        raise ExpressionError(
            f"required: an expression such as 'tanh(2*x1)*relu(x2)'; got {_shorten(text)}; "
            "write one in x or x1..xd"
        )
    source = _translate(text, tokens)
    try:
        body = ast.parse(source.code, mode="eval").body
    except SyntaxError as error:
        offset = min(max((error.offset or 1) - 1, 0), len(source.columns) - 1)
        raise _refusal("operand", text, source.columns[offset]) from None
    root = _convert(body, source)
    dimension = _dimension(text, tokens)
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
            f"got {levels} levels in {_shorten(text)}; expand or split the expression"
        )
    # Floats see what float64 backends will see; exact rationals see 1/(0.1 + 0.2 - 0.3) too.
    _require_finite(root, float)
    _require_finite(root, lambda value: value)
    return Expression(text=text, root=root, dimension=dimension)


def fold(
    node: Node,
    *,
    number: Callable[[Fraction], T],
    variable: Callable[[int], T],
    add: Callable[[Sequence[T]], T],
    multiply: Callable[[Sequence[T]], T],
    power: Callable[[T, Fraction], T],
    call: Callable[[str, T], T],
) -> T:
    """Interpret a tree bottom-up: one callback per kind of node, given its children's results.

    Operands come in the order of the text. It does not recurse, whatever the depth of the tree, and
    raises only what the callbacks raise.

    >>> fold(
    ...     parse("3*x1 + x2**2").root,
    ...     number=float,
    ...     variable=[1.0, 2.0].__getitem__,
    ...     add=sum,
    ...     multiply=math.prod,
    ...     power=lambda base, exponent: base ** float(exponent),
    ...     call=lambda name, argument: getattr(math, name)(argument),
    ... )
    7.0
    """
    pending: list[tuple[Node, bool]] = [(node, False)]
    results: list[T] = []
    while pending:
        current, children_done = pending.pop()
        children = _children(current)
        if children and not children_done:
            pending.append((current, True))
            pending.extend((child, False) for child in reversed(children))
            continue
        operands = results[len(results) - len(children) :]
        del results[len(results) - len(children) :]
        match current:
            case Number():
                results.append(number(current.value))
            case Variable():
                results.append(variable(current.index))
            case Sum():
                results.append(add(operands))
            case Product():
                results.append(multiply(operands))
            case Power():
                results.append(power(operands[0], current.exponent))
            case Call():
                results.append(call(current.name, operands[0]))
    (result,) = results
    return result


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Number() | Variable():
            return ()
        case Sum():
            return node.terms
        case Product():
            return node.factors
        case Power():
            return (node.base,)
        case Call():
            return (node.argument,)


# --- errors -------------------------------------------------------------------------------------

# What each rule requires, and what to do about a breach.
_RULES = {
    "alphabet": ("ASCII characters only", "retype that character on an ASCII keyboard"),
    "symbols": (
        "only numbers, variables, function(argument), brackets ( ) and + - * / **",
        "rewrite the expression with these alone",
    ),
    "numbers": (
        "decimal numbers such as 2, 0.5 or 1e-3, and * between factors",
        "write 2*x for a product, and numbers without underscores, letters or leading zeros",
    ),
    "size": (
        f"a finite float64 number of at most {MAX_LITERAL_CHARACTERS} characters, with a decimal "
        f"exponent within {MAX_DECIMAL_EXPONENT}",
        "use a smaller or shorter number",
    ),
    "indices": (f"variables among x1..x{MAX_DIMENSION}", "renumber the variables"),
    "collision": ("either x alone or x1..xd, because x means x1", "write x1 for x"),
    "operand": (
        "an operand on each side of every operator and inside every bracket",
        "complete the expression there",
    ),
    "operator": ("an operator between operands", "write * for a product and ** for a power"),
    "opening": ("an opening bracket for each closing one", "remove it or open it earlier"),
    "closing": ("a closing bracket for each opening one", "close this one"),
    "argument": ("an argument in brackets after a function", "write for example tanh(x)"),
    "nesting": (
        f"at most {MAX_LEVELS} levels of nested brackets, signs and powers",
        "expand or split the expression",
    ),
    "exponent": (
        f"a literal rational exponent within [-{MAX_EXPONENT}, {MAX_EXPONENT}]",
        "write a number such as 2, -0.5 or (1/2)",
    ),
    "shape": (
        "sums, products, powers and functions of one argument",
        "rewrite this part with these alone",
    ),
}


def _refusal(rule: str, text: str, column: int) -> ExpressionError:
    """Build an error that points at ``text[column]`` (reported 1-based)."""
    required, advice = _RULES[rule]
    got = _shorten(text[column:])
    return ExpressionError(f"required: {required}; got {got} at column {column + 1}; {advice}")


def _shorten(text: str) -> str:
    """Quote the beginning of ``text`` in one printable line."""
    limit = 32
    return ascii(text if len(text) <= limit else text[: limit - 3] + "...")


# --- tokens -------------------------------------------------------------------------------------

_PATTERN = re.compile(
    r"(?P<number>(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<power>\*\*)|(?P<sign>[+-])|(?P<times>\*|/(?!/))|(?P<open>\()|(?P<close>\))",
    re.ASCII,
)
_SPACE = " \t\r\n"
_INDICES = {"x": 0} | {f"x{number}": number - 1 for number in range(1, MAX_DIMENSION + 1)}


@dataclass(frozen=True, kw_only=True)
class _Token:
    kind: str  # number, variable, function, sign (+ -), times (* /), power (**), open, close
    text: str
    column: int


def _tokenize(text: str, functions: Collection[str]) -> list[_Token]:
    tokens: list[_Token] = []
    column = 0
    while column < len(text):
        if text[column] in _SPACE:
            column += 1
            continue
        match = _PATTERN.match(text, column)
        if match is None or match.lastgroup is None:
            if not text[column].isascii():
                raise _refusal("alphabet", text, column)
            raise _refusal("numbers" if text[column].isdigit() else "symbols", text, column)
        kind, piece = match.lastgroup, match.group()
        if kind == "number" and not _is_moderate(piece):
            raise _refusal("size", text, column)
        if kind == "name":
            kind = _name_kind(text, piece, column, functions)
        tokens.append(_Token(kind=kind, text=piece, column=column))
        column = match.end()
    return tokens


def _is_moderate(literal: str) -> bool:
    exponent = literal.lower().partition("e")[2] or "0"
    if len(literal) > MAX_LITERAL_CHARACTERS or abs(int(exponent)) > MAX_DECIMAL_EXPONENT:
        return False
    return math.isfinite(float(literal))


def _name_kind(text: str, name: str, column: int, functions: Collection[str]) -> str:
    if name in _INDICES:
        return "variable"
    if name in functions:
        return "function"
    if name[0] == "x" and name[1:].isdigit():
        raise _refusal("indices", text, column)
    raise ExpressionError(
        f"required: a variable (x or x1..x{MAX_DIMENSION}) or a known function; "
        f"got {_shorten(name)} at column {column + 1}; choose from {', '.join(sorted(functions))}"
    )


def _dimension(text: str, tokens: Sequence[_Token]) -> int:
    columns = {token.text: token.column for token in tokens if token.kind == "variable"}
    if not columns:
        raise ExpressionError(
            f"required: an expression of x or x1..xd; got a constant, {_shorten(text)}; "
            "use a variable, for example 2*x"
        )
    if "x" in columns and len(columns) > 1:
        raise _refusal("collision", text, columns["x"])
    return 1 + max(_INDICES[name] for name in columns)


# --- translation --------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Translated text for `ast.parse`, and the original column of each of its characters."""

    text: str
    code: str
    columns: Sequence[int]


def _translate(text: str, tokens: Sequence[_Token]) -> _Source:
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
                raise _refusal("opening", text, token.column)
            levels -= waiting + 1
            waiting = brackets.pop()[1]
        elif after_operand:
            raise _refusal("operator", text, token.column)
        if previous == "function" and token.kind != "open":
            raise _refusal("argument", text, token.column)
        if levels > MAX_LEVELS:
            raise _refusal("nesting", text, token.column)
        code.append(piece)
        columns.extend([token.column] * (len(piece) + 1))
        previous = token.kind
    if previous in ("sign", "times", "power"):
        raise _refusal("operand", text, tokens[-1].column)
    if previous == "function":
        raise _refusal("argument", text, tokens[-1].column)
    if brackets:
        raise _refusal("closing", text, brackets[-1][0])
    return _Source(text=text, code=" ".join(code), columns=columns)


# --- conversion ---------------------------------------------------------------------------------


def _convert(node: ast.expr, source: _Source) -> Node:
    match node:
        case ast.Constant():
            return Number(value=_literal(node, source))
        case ast.Name(id=name):
            return Variable(index=_INDICES[name])
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
            raise _refusal("shape", source.text, source.columns[node.col_offset])


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
        raise _refusal("exponent", source.text, source.columns[node.col_offset])
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


# --- constants ----------------------------------------------------------------------------------


def _require_finite(root: Node, number: Callable[[Fraction], _Real]) -> None:
    """Evaluate constant operands from left to right; refuse results that are not finite."""

    def combine(
        values: Sequence[_Real | None], operate: Callable[[_Real, _Real], Any], shown: str
    ) -> _Real | None:
        known = [value for value in values if value is not None]
        if not known:
            return None
        total = reduce(lambda left, right: _finite(operate, left, right, shown), known)
        return total if len(known) == len(values) else None

    def power(base: _Real | None, exponent: Fraction) -> _Real | None:
        if base is None:
            return None
        return _finite(lambda b, e: b**e, base, exponent, "({:.6g})**({:.6g})")

    def call(name: str, argument: _Real | None) -> _Real | None:
        function = _FLOAT_FUNCTIONS.get(name)
        if argument is None or function is None:
            return None
        return _finite(lambda z, _: function(float(z)), argument, 0.0, name + "({:.6g})")

    fold(
        root,
        number=number,
        variable=lambda _: None,
        add=lambda terms: combine(terms, lambda a, b: a + b, "{:.6g} + ({:.6g})"),
        multiply=lambda factors: combine(factors, lambda a, b: a * b, "{:.6g} * ({:.6g})"),
        power=power,
        call=call,
    )


def _finite(operate: Callable[[_Real, _Real], Any], left: _Real, right: _Real, shown: str) -> _Real:
    """One operation; exact results stay exact while they are of moderate size."""
    try:
        value = operate(left, right)
        if isinstance(value, Fraction | float) and math.isfinite(value):
            moderate = isinstance(value, float) or value.denominator.bit_length() <= MAX_EXACT_BITS
            return value if moderate else float(value)
    except (OverflowError, ZeroDivisionError):
        pass
    raise ExpressionError(
        "required: constant sub-expressions that are finite real float64 numbers; "
        f"got {shown.format(float(left), float(right))}; rewrite that constant"
    )
