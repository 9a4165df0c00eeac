"""Reading a hostile file: from its text to objects, strings and exact numbers of checked sizes.

Every function rejects what it does not accept, in one line that names the place.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NoReturn, cast

from expressivity.checker.findings import reject, require

SCHEMA = "expressivity.certificate"
MAX_BYTES, MAX_LEVELS = 2 << 20, 8
MAX_EXPONENT = 4000

# An unterminated string extends to the end, so that the scan is linear whatever the text.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?(e[+-]?[0-9]{1,3})?")
_HEX = re.compile(r"(-?0x[0-9a-f]{1,64})p([+-][0-9]{1,4})")


def read_json(text: str) -> object:
    """Parse text within the limits, without repeated keys and without floats."""
    require(type(text) is str, "the certificate must be text")
    require(
        len(text) <= MAX_BYTES and len(text.encode("utf-8", "surrogatepass")) <= MAX_BYTES,
        f"the file must have at most {MAX_BYTES} bytes",
    )
    level = 0
    for match in _BRACKETS.finditer(text):
        level += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match.group()[0], 0)
        require(level <= MAX_LEVELS, f"the file must have at most {MAX_LEVELS} levels")

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        require(len(dict(pairs)) == len(pairs), "no key may occur twice in an object")
        return dict(pairs)

    def integer(digits: str) -> int:
        require(len(digits) <= 9, "integers must have at most 9 digits")
        return int(digits)

    def no_float(literal: str) -> NoReturn:
        reject(f"no floating-point literals may occur: {literal[:20]}")

    try:
        return json.loads(
            text,
            object_pairs_hook=unique,
            parse_int=integer,
            parse_float=no_float,
            parse_constant=no_float,
        )
    except ValueError as error:
        reject(f"the file must be JSON: {str(error)[:80]}")


class _Pairs(list[tuple[str, object]]):
    """An object of JSON with all its keys, repeated ones included."""


def is_certificate(text: str) -> bool:
    """Whether a text is a JSON object whose schema says certificate, of whatever number.

    Whatever else is wrong with it is for :func:`read_json` to say.
    """
    try:
        content = json.loads(text, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    pairs = content if isinstance(content, _Pairs) else []
    return any(
        key == "schema" and isinstance(value, str) and value.startswith(f"{SCHEMA}/")
        for key, value in pairs
    )


def require_plain(value: object) -> None:
    """Exactly the types and sizes that a file within the limits can have."""
    pending: list[tuple[object, int]] = [(value, 1)]
    size = 0
    while pending:
        current, level = pending.pop()
        size += len(current) + 2 if type(current) is str else 2
        require(size <= MAX_BYTES, f"the file must have at most {MAX_BYTES} bytes")
        if type(current) is dict or type(current) is list:
            require(level <= MAX_LEVELS, f"the file must have at most {MAX_LEVELS} levels")
            require(len(current) <= MAX_BYTES, f"the file must have at most {MAX_BYTES} bytes")
            if type(current) is dict:
                require(all(type(key) is str for key in current), "keys must be strings")
                pending.extend((key, level) for key in current)
            children = current.values() if type(current) is dict else current
            pending.extend((child, level + 1) for child in children)
        elif type(current) is int:
            require(abs(current) < 10**9, "integers must have at most 9 digits")
        else:
            known = type(current) in (str, bool, type(None))
            require(known, "only objects, arrays, strings, integers, true, false, null may occur")


def fields(value: object, names: str, where: str) -> list[Any]:
    """The values of an object's fields, which must be these, in this order."""
    require(type(value) is dict, f"{where} must be an object")
    found = cast(dict[str, Any], value)
    required = names.split()
    require(set(found) == set(required), f"{where} must have exactly the fields {names}")
    return [found[name] for name in required]


def choice(value: object, options: Sequence[str], where: str) -> str:
    """One of the options, as a string."""
    listed = f"one of {', '.join(options)}" if len(options) > 1 else options[0]
    require(type(value) is str and value in options, f"{where} must be {listed}")
    return cast(str, value)


def flag(value: object, where: str) -> bool:
    """True or false."""
    require(type(value) is bool, f"{where} must be true or false")
    return cast(bool, value)


def integer(value: object, low: int, high: int, where: str) -> int:
    """An integer within the bounds."""
    require(type(value) is int, f"{where} must be an integer")
    require(low <= cast(int, value) <= high, f"{where} must lie within {low}..{high}")
    return cast(int, value)


def items(value: object, where: str, length: int | None = None) -> list[Any]:
    """The entries of an array, of the length that is asked for."""
    require(type(value) is list, f"{where} must be an array")
    found = cast(list[Any], value)
    require(length in (None, len(found)), f"{where} must have {length} entries")
    return found


def hexadecimal(value: object, where: str) -> Fraction:
    """The number that a mantissa and a power of two stand for; each has one way to be written."""
    text = value if type(value) is str and len(value) <= 80 else ""
    parts = _HEX.fullmatch(text)
    require(parts is not None, f"{where} must hold numbers such as -0x3p-2")
    assert parts is not None
    mantissa, exponent = int(parts[1], 16), int(parts[2])
    written = f"{'-' if mantissa < 0 else ''}{abs(mantissa):#x}p{exponent:+d}"
    plain = mantissa % 2 == 1 or (mantissa, exponent) == (0, 0)
    require(
        plain and abs(exponent) <= MAX_EXPONENT and written == text,
        f"{where} must hold numbers such as -0x3p-2, in lowest terms",
    )
    return Fraction(mantissa) * Fraction(2) ** exponent


def matrix(value: object, rows: int, columns: int, where: str) -> list[list[Fraction]]:
    """An array of rows of exact numbers."""
    return [
        [hexadecimal(entry, where) for entry in items(row, where, columns)]
        for row in items(value, where, rows)
    ]


def without_digest(document: object) -> dict[str, Any]:
    """The content of a certificate, whose digest must be that of its canonical form."""
    require_plain(document)
    require(type(document) is dict, "a certificate must be an object")
    content = dict(cast(dict[str, Any], document))
    digest = content.pop("digest", None)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    actual = hashlib.sha256(canonical.encode("ascii")).hexdigest()
    require(type(digest) is str and digest == actual, "the digest is not that of the content")
    return content
