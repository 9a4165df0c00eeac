"""The tokens of an expression: numbers, names, operators and brackets, by a whitelist.

The certificate checker trusts this module, so it imports the standard library alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from expressivity.symbolic.expressions import ExpressionError
from expressivity.symbolic.refusals import (
    MAX_DECIMAL_EXPONENT,
    MAX_DIMENSION,
    MAX_LITERAL_CHARACTERS,
    refusal,
    shorten,
)

_PATTERN = re.compile(
    r"(?P<number>(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<power>\*\*)|(?P<sign>[+-])|(?P<times>\*|/(?!/))|(?P<open>\()|(?P<close>\))",
    re.ASCII,
)
_LONGEST_NAME = 32  # that is compared with the known ones
_SPACE = " \t\r\n"
INDICES = {"x": 0} | {f"x{number}": number - 1 for number in range(1, MAX_DIMENSION + 1)}


@dataclass(frozen=True, kw_only=True)
class Token:
    """One token of a text, and where it stands there."""

    kind: str  # number, variable, function, sign (+ -), times (* /), power (**), open, close
    text: str
    column: int


def tokenize(text: str, functions: Collection[str]) -> list[Token]:
    """The tokens of a text; raises `ExpressionError` at the first character that is none."""
    tokens: list[Token] = []
    column = 0
    while column < len(text):
        if text[column] in _SPACE:
            column += 1
            continue
        match = _PATTERN.match(text, column)
        if match is None or match.lastgroup is None:
            if not text[column].isascii():
                raise refusal("alphabet", text, column)
            raise refusal(_breach(text[column]), text, column)
        kind, piece = match.lastgroup, match.group()
        if kind == "number" and not _is_moderate(piece):
            raise refusal("size", text, column)
        if kind == "name":
            kind = _name_kind(text, piece, column, functions)
        tokens.append(Token(kind=kind, text=piece, column=column))
        column = match.end()
    return tokens


def _breach(character: str) -> str:
    """The rule that an ASCII character breaks which begins no token."""
    if character.isdigit():
        return "numbers"
    return "caret" if character == "^" else "symbols"


def _is_moderate(literal: str) -> bool:
    exponent = literal.lower().partition("e")[2] or "0"
    if len(literal) > MAX_LITERAL_CHARACTERS or abs(int(exponent)) > MAX_DECIMAL_EXPONENT:
        return False
    return math.isfinite(float(literal))


def _name_kind(text: str, name: str, column: int, functions: Collection[str]) -> str:
    if name in INDICES:
        return "variable"
    if name in functions:
        return "function"
    if name[0] == "x" and name[1:].isdigit():
        raise refusal("indices", text, column)
    raise ExpressionError(
        f"required: a variable (x or x1..x{MAX_DIMENSION}) or a known function; "
        f"got {shorten(name)} at column {column + 1}{_meant(name, functions)}; "
        f"choose from {', '.join(sorted(functions))}"
    )


_INSTEAD = {"sqrt": "(...)**0.5", "max": "relu", "swish": "silu", "y": "x2", "z": "x3"}
"""What is written here for some names of other programs."""


def _meant(name: str, functions: Collection[str]) -> str:
    folded = name[:_LONGEST_NAME].casefold()
    instead = _INSTEAD.get(folded) or next(iter(get_close_matches(folded, functions, n=1)), None)
    return "" if instead is None else f" (did you mean {instead}?)"


def dimension_of(text: str, tokens: Sequence[Token]) -> int:
    """The highest index of a variable; raises `ExpressionError` for none, or x beside x1."""
    columns = {token.text: token.column for token in tokens if token.kind == "variable"}
    if not columns:
        raise ExpressionError(
            f"required: an expression of x or x1..xd; got a constant, {shorten(text)}; "
            "use a variable, for example 2*x"
        )
    if "x" in columns and len(columns) > 1:
        raise refusal("collision", text, columns["x"])
    return 1 + max(INDICES[name] for name in columns)
