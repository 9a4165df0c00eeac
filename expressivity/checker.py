"""The independent checker of certificates (docs/certificates.md).

It shares the parser of expressions and the ball arithmetic of python-flint with the program that
writes certificates, and nothing else; every bound is derived again by methods of its own. The file
is hostile until the contrary is shown. The outcome "verified" rests on exact rational and ball
arithmetic alone; what they leave open is "not decided".

A *ball* is an ``arb`` or ``acb``. A *polynomial* is the list of its coefficients, balls, from
degree 0 on. A line is written (c1, c2, c0), short for ``c1 x1 + c2 x2 + c0``, in exact rationals.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, reduce
from itertools import combinations, pairwise, product, zip_longest
from math import comb, factorial, isqrt
from typing import Any, Literal, NoReturn, cast

import flint
from flint import acb, acb_mat, arb, fmpq, fmpz_poly

from expressivity.expressions import Expression, ExpressionError, Node, fold, parse

SCHEMA = "expressivity.certificate/1"
PRECISION = 160  # bits; verifying moments of degree N adds 4 N bits for the cancellation in them
MAX_BYTES, MAX_LEVELS, MAX_DEGREE, MAX_WIDTH, MAX_LINES = 2 << 20, 8, 60, 4096, 20
MAX_EXPONENT = 4000
# Operations on balls before giving up: half a minute or so.
MAX_WORK = 60_000_000
ACTIVATIONS = ("id", "relu", "relu2", "leaky_relu", "gelu", "silu", "tanh")

Ball = Any  # arb or acb, which python-flint leaves untyped
Polynomial = list[Ball]
Line = tuple[Fraction, Fraction, Fraction]
_Moments = dict[tuple[int, int], Ball]  # by two indices: exponents, or n and k
Signs = Sequence[int] | None  # of the lines on a region; None where the region is not one cell


@dataclass(frozen=True)
class Answer:
    """What the checker found, and why in one line.

    >>> Answer("rejected", "no reason").outcome
    'rejected'
    """

    outcome: Literal["verified", "rejected", "not decided"]
    reason: str


class _RejectedError(Exception):
    pass


class _UndecidedError(Exception):
    pass


# SystemError is what python-flint makes of an error inside an integrand.
_FAILURES = (
    ArithmeticError,
    LookupError,
    MemoryError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
)


def check_text(text: str) -> Answer:
    """Check the text of a certificate; whatever the text, it answers and raises nothing.

    >>> check_text('{"schema": 1e5}').reason
    'no floating-point literals may occur: 1e5'
    """
    try:
        document = _read_json(text)
    except _RejectedError as error:
        return Answer("rejected", str(error))
    return check_document(document)


def check_document(document: object) -> Answer:
    """Check a certificate that has been read from JSON already.

    The objects must be those that ``json.loads`` makes of such a file. Raises nothing.

    >>> check_document({"schema": "expressivity.certificate/1"})
    Answer(outcome='rejected', reason='the digest is not that of the content')
    """
    try:
        certificate = _read(document)
        answers = [
            _answer(verify, certificate, claim)
            for claim, verify in (
                (certificate.lower, _verify_lower),
                (certificate.upper, _verify_upper),
            )
            if claim is not None
        ]
        # A rejected bound is worse than an undecided one, and both are worse than a verified one.
        return min(answers, key=lambda a: ("rejected", "not decided", "verified").index(a.outcome))
    except _RejectedError as error:
        return Answer("rejected", str(error))
    except _FAILURES as e:
        # No such case is known; a gap of the checker must not pass for a verdict.
        return Answer("not decided", f"the checker failed: {type(e).__name__}")


def _answer(
    verify: Callable[[_Certificate, Fraction], None], certificate: _Certificate, claim: Fraction
) -> Answer:
    try:
        with cast(Any, flint.ctx).workprec(PRECISION):
            verify(certificate, claim)
    except _RejectedError as error:
        return Answer("rejected", str(error))
    except _UndecidedError as error:
        return Answer("not decided", str(error))
    return Answer("verified", "the data support every bound that is claimed")


# --- reading the hostile file -------------------------------------------------------------------

# An unterminated string extends to the end, so that the scan is linear whatever the text.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?(e[+-]?[0-9]{1,3})?")
_HEX = re.compile(r"(-?0x[0-9a-f]{1,64})p([+-][0-9]{1,4})")


def _reject(reason: str) -> NoReturn:
    raise _RejectedError(reason)


def _require(condition: bool, reason: str) -> None:
    if not condition:
        _reject(reason)


def _read_json(text: str) -> object:
    _require(type(text) is str, "the certificate must be text")
    _require(
        len(text) <= MAX_BYTES and len(text.encode("utf-8", "surrogatepass")) <= MAX_BYTES,
        f"the file must have at most {MAX_BYTES} bytes",
    )
    level = 0
    for match in _BRACKETS.finditer(text):
        level += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match.group()[0], 0)
        _require(level <= MAX_LEVELS, f"the file must have at most {MAX_LEVELS} levels")

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        _require(len(dict(pairs)) == len(pairs), "no key may occur twice in an object")
        return dict(pairs)

    def integer(digits: str) -> int:
        _require(len(digits) <= 9, "integers must have at most 9 digits")
        return int(digits)

    def no_float(literal: str) -> NoReturn:
        _reject(f"no floating-point literals may occur: {literal[:20]}")

    try:
        return json.loads(
            text,
            object_pairs_hook=unique,
            parse_int=integer,
            parse_float=no_float,
            parse_constant=no_float,
        )
    except ValueError as error:
        _reject(f"the file must be JSON: {str(error)[:80]}")


def _require_plain(value: object) -> None:
    """Exactly the types and sizes that a file within the limits can have."""
    pending: list[tuple[object, int]] = [(value, 1)]
    size = 0
    while pending:
        current, level = pending.pop()
        size += len(current) + 2 if type(current) is str else 2
        _require(size <= MAX_BYTES, f"the file must have at most {MAX_BYTES} bytes")
        if type(current) is dict or type(current) is list:
            _require(level <= MAX_LEVELS, f"the file must have at most {MAX_LEVELS} levels")
            _require(len(current) <= MAX_BYTES, f"the file must have at most {MAX_BYTES} bytes")
            if type(current) is dict:
                _require(all(type(key) is str for key in current), "keys must be strings")
                pending.extend((key, level) for key in current)
            children = current.values() if type(current) is dict else current
            pending.extend((child, level + 1) for child in children)
        elif type(current) is int:
            _require(abs(current) < 10**9, "integers must have at most 9 digits")
        else:
            known = type(current) in (str, bool, type(None))
            _require(known, "only objects, arrays, strings, integers, true, false, null may occur")


def _fields(value: object, names: str, where: str) -> list[Any]:
    _require(type(value) is dict, f"{where} must be an object")
    found = cast(dict[str, Any], value)
    required = names.split()
    _require(set(found) == set(required), f"{where} must have exactly the fields {names}")
    return [found[name] for name in required]


def _choice(value: object, options: Sequence[str], where: str) -> str:
    _require(type(value) is str and value in options, f"{where} must be one of {options}")
    return cast(str, value)


def _flag(value: object, where: str) -> bool:
    _require(type(value) is bool, f"{where} must be true or false")
    return cast(bool, value)


def _integer(value: object, low: int, high: int, where: str) -> int:
    _require(type(value) is int, f"{where} must be an integer")
    _require(low <= cast(int, value) <= high, f"{where} must lie within {low}..{high}")
    return cast(int, value)


def _list(value: object, where: str, length: int | None = None) -> list[Any]:
    _require(type(value) is list, f"{where} must be an array")
    found = cast(list[Any], value)
    _require(length in (None, len(found)), f"{where} must have {length} entries")
    return found


def _hex(value: object, where: str) -> Fraction:
    """The number that a mantissa and a power of two stand for; each has one way to be written."""
    text = value if type(value) is str and len(value) <= 80 else ""
    parts = _HEX.fullmatch(text)
    _require(parts is not None, f"{where} must hold numbers such as -0x3p-2")
    assert parts is not None
    mantissa, exponent = int(parts[1], 16), int(parts[2])
    written = f"{'-' if mantissa < 0 else ''}{abs(mantissa):#x}p{exponent:+d}"
    plain = mantissa % 2 == 1 or (mantissa, exponent) == (0, 0)
    _require(
        plain and abs(exponent) <= MAX_EXPONENT and written == text,
        f"{where} must hold numbers such as -0x3p-2, in lowest terms",
    )
    return Fraction(mantissa) * Fraction(2) ** exponent


def _matrix(value: object, rows: int, columns: int, where: str) -> list[list[Fraction]]:
    return [
        [_hex(entry, where) for entry in _list(row, where, columns)]
        for row in _list(value, where, rows)
    ]


@dataclass(frozen=True, kw_only=True)
class _Family:
    kind: str
    form: str
    width: int
    gate: str | None
    scale: bool
    gate_bias: bool
    dictionary: tuple[str, ...]
    bias: bool


@dataclass(frozen=True, kw_only=True)
class _Hint:
    degree: int
    rank: int
    shift: Fraction
    factor: list[list[tuple[Fraction, Fraction]]]


@dataclass(frozen=True, kw_only=True)
class _Certificate:
    expression: Expression
    dimension: int
    family: _Family
    lower: Fraction | None
    upper: Fraction | None
    hint: _Hint | None
    network: dict[str, list[list[Fraction]]]


def _read(document: object) -> _Certificate:
    _require_plain(document)
    _require(type(document) is dict, "a certificate must be an object")
    content = dict(cast(dict[str, Any], document))
    digest = content.pop("digest", None)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    actual = hashlib.sha256(canonical.encode("ascii")).hexdigest()
    _require(type(digest) is str and digest == actual, "the digest is not that of the content")
    names = "schema target domain family lower_bound upper_bound data"
    schema, target, domain, family_json, *claims, data = _fields(content, names, "a certificate")
    _choice(schema, (SCHEMA,), "schema")
    label, text = _fields(target, "name expression", "target")
    _require(
        type(label) is str and len(label) <= 200, "name must be text of at most 200 characters"
    )
    _require(type(text) is str, "expression must be text")
    try:
        expression = parse(text)
    except ExpressionError as error:
        _reject(f"the target's expression: {error}")
    dimension = 2 if _choice(domain, ("disk", "interval"), "domain") == "disk" else 1
    _require(expression.dimension == dimension, f"the domain {domain} needs {dimension} variables")
    family = _read_family(family_json)
    lower = _read_claim(claims[0], "ridge-rank")
    upper = _read_claim(claims[1], "network-error")
    _require(lower is not None or upper is not None, "a certificate must claim a bound")
    parts = [("ridge_rank", lower), ("network", upper)]
    present = [name for name, claim in parts if claim is not None]
    values = dict(zip(present, _fields(data, " ".join(present), "data"), strict=True))
    if lower is not None:
        covered = family.kind in ("fixed", "la") and family.form in ("type1", "one_sided")
        _require(covered and dimension == 2, "this lower bound does not hold for such a family")
    return _Certificate(
        expression=expression,
        dimension=dimension,
        family=family,
        lower=lower,
        upper=upper,
        hint=None if lower is None else _read_hint(values["ridge_rank"], family),
        network={} if upper is None else _read_network(values["network"], family, dimension),
    )


def _read_claim(value: object, method: str) -> Fraction | None:
    if value is None:
        return None
    (claim,) = _fields(value, "l2", "a bound")
    decimal, evidence, named, relative = _fields(claim, "value evidence method relative", "a claim")
    _choice(evidence, ("certified",), "evidence")
    _choice(named, (method,), "method")
    _require(_flag(relative, "relative"), "claims must be relative")
    text = decimal if type(decimal) is str and len(decimal) <= 100 else ""
    _require(_DECIMAL.fullmatch(text) is not None, "a claimed value must be a decimal string")
    return Fraction(text)


def _read_family(value: object) -> _Family:
    names = "kind form width gate activation dictionary bias"
    kind, form, width, gate, activation, listed, bias = _fields(value, names, "family")
    _choice(kind, ("fixed", "la", "moa"), "kind")
    fixed = kind == "fixed"
    forms = ("type1", "one_sided", "two_sided", "quadratic")
    _choice(form, forms[:2] if fixed else forms, "form")
    dictionary = [_choice(name, ACTIVATIONS, "dictionary") for name in _list(listed, "dictionary")]
    _require(0 < len(set(dictionary)) == len(dictionary), "dictionary must list different names")
    _require(dictionary == [activation] if fixed else activation is None, "activation is wrong")
    _require((gate is not None) == (kind == "moa"), "a gate belongs to kind moa and to no other")
    scale, gate_bias = kind == "la", True
    if gate is not None:
        gate, scale, gate_bias = _fields(gate, "name scale bias", "gate")
        _choice(gate, ("sigmoid", "tanh", "softmax"), "gate")
    return _Family(
        kind=kind,
        form=form,
        width=_integer(width, 1, MAX_WIDTH, "width"),
        gate=gate,
        scale=_flag(scale, "scale"),
        gate_bias=_flag(gate_bias, "bias of the gate"),
        dictionary=tuple(dictionary),
        bias=_flag(bias, "bias"),
    )


def _read_hint(value: object, family: _Family) -> _Hint:
    entries = _fields(value, "degree rank rows shift factor", "ridge_rank")
    degree = _integer(entries[0], 0, MAX_DEGREE, "degree")
    rank = _integer(entries[1], 1, MAX_DEGREE, "rank")
    expected = family.width * (2 if family.form == "one_sided" else 1)
    _require(rank == expected, f"rank must be {expected} for this form and width")
    rows = _integer(entries[2], rank + 1, degree + 1, "rows")
    factor = [_list(row, "factor") for row in _list(entries[4], "factor", rows)]
    columns = len(factor[0])
    _require(all(len(row) == columns for row in factor), "the rows of factor must be equally long")
    _require(columns <= rank, "factor must have at most as many columns as the rank")
    shift = _hex(entries[3], "shift")
    _require(shift >= 0, "shift must not be negative")
    pairs = [
        [cast(Any, tuple(pair)) for pair in _matrix(row, columns, 2, "factor")] for row in factor
    ]
    return _Hint(degree=degree, rank=rank, shift=shift, factor=pairs)


def _read_network(
    value: object, family: _Family, dimension: int
) -> dict[str, list[list[Fraction]]]:
    count = len(family.dictionary) ** (2 if family.form == "quadratic" else 1)
    sides = range(2 if family.form == "two_sided" else 1)
    maps = ["w"] if family.form == "type1" else ["w", "v"]
    shapes = dict.fromkeys(maps, (family.width, dimension + 1))
    if family.gate is not None:
        shapes |= {f"u{side}": (count, dimension + 1) for side in sides}
    vectors = {"a": family.width} | {f"scale{side}": count for side in sides}
    names = [*shapes, *vectors]
    blocks = dict(zip(names, _fields(value, " ".join(names), "network"), strict=True))
    network = {name: _matrix(blocks[name], *shape, name) for name, shape in shapes.items()}
    network |= {name: _matrix([blocks[name]], 1, size, name) for name, size in vectors.items()}
    for name in shapes:
        biased = family.gate_bias if name[0] == "u" else family.bias
        fine = biased or all(row[-1] == 0 for row in network[name])
        _require(fine, f"the last column of {name} must be 0: the bias is off")
    for name in vectors:
        fine = name == "a" or family.scale or set(network[name][0]) == {Fraction(1)}
        _require(fine, f"{name} must be 1: scales are not learned in this family")
    return network


# --- evaluating t and h on balls ----------------------------------------------------------------


def _ball(value: Fraction) -> Ball:
    return arb(fmpq(value.numerator, value.denominator))


def _arcsine(value: Fraction) -> Ball:
    # Accurate also where the value rounds to 1.
    return arb.atan2(_ball(value), _ball(1 - value**2).sqrt())


def _real(value: Ball) -> Ball:
    return value.real if isinstance(value, acb) else value


def _sigmoid(z: Ball) -> Ball:
    # acb.tanh is narrower on wide balls than a quotient of exponentials.
    return (1 + (z / 2).tanh()) / 2


_SMOOTH: dict[str, Callable[[Ball], Ball]] = {
    "gelu": lambda z: z * (1 + (z / arb(2).sqrt()).erf()) / 2,
    "silu": lambda z: z * _sigmoid(z),
    "sigmoid": _sigmoid,
    "tanh": lambda z: z.tanh(),
    "exp": lambda z: z.exp(),
    "sin": lambda z: z.sin(),
    "cos": lambda z: z.cos(),
}
# Values for arguments of positive and of negative sign: analytic each.
_KINKED: dict[
    str, tuple[Callable[[Polynomial], Polynomial], Callable[[Polynomial], Polynomial]]
] = {
    "relu": (lambda p: p, lambda p: [arb(0)]),
    "relu2": (lambda p: _multiply(p, p), lambda p: [arb(0)]),
    "leaky_relu": (lambda p: p, lambda p: [c / 100 for c in p]),
    "abs": (lambda p: p, lambda p: [-c for c in p]),
}


def _add(p: Polynomial, q: Polynomial) -> Polynomial:
    return [a + b for a, b in zip_longest(p, q, fillvalue=0)]


def _multiply(p: Polynomial, q: Polynomial) -> Polynomial:
    if len(p) == len(q) == 1:
        return [p[0] * q[0]]
    if len(p) + len(q) > MAX_DEGREE:
        raise _UndecidedError("the target's degree is too high for this checker")
    result = [arb(0)] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            result[i + j] += a * b
    return result


def _constant(p: Polynomial) -> Ball:
    if any(not c.is_zero() for c in p[1:]):
        raise _UndecidedError("the target is not a polynomial in one variable on half-disks")
    return p[0]


def _kinked(name: str, p: Polynomial, sign: int | None, analytic: bool) -> Polynomial:
    """relu, relu2, leaky_relu, abs; without a known sign, the hull of both values off analysis."""
    positive, negative = _KINKED[name]
    if sign is not None:
        return positive(p) if sign >= 0 else negative(p)
    value = _constant(p)
    if _real(value) > 0:
        return positive([value])
    if _real(value) < 0:
        return negative([value])
    if analytic:
        return [arb.nan()]
    return [acb(positive([value])[0]).union(acb(negative([value])[0]))]


def _root(p: Polynomial, exponent: Fraction, sign: int | None, analytic: bool) -> Polynomial:
    """A power with an exponent that is no integer, of a base that must not be negative."""
    value = _constant(p)
    if sign == -1:
        raise _UndecidedError("a fractional power has a negative base")
    if _real(value) > 0:
        return [acb(value).pow(acb(_ball(exponent)), analytic=analytic)]
    if analytic or sign is None or exponent < 0:
        return [arb.nan()]
    return [arb(0).union(_real(value).upper() ** _ball(exponent))]


@dataclass
class _Function:
    """t, or t and h: evaluation on balls, and the lines on which it need not be analytic."""

    root: Node
    size: int = 0
    lines: list[Line] = field(default_factory=list)
    work: int = 0

    def spend(self) -> None:
        self.work += self.size
        if self.work > MAX_WORK:
            raise _UndecidedError("the work allowed for one certificate is spent")

    def line(self, line: Line | None) -> int | None:
        """The index under which signs are given for this line."""
        if line is None:
            return None
        if line not in self.lines:
            self.lines.append(line)
        return self.lines.index(line)


_Evaluate = Callable[[Sequence[Polynomial], Signs, bool], Polynomial]
_Compiled = tuple[_Evaluate, Line | None]  # and the node's exact value where it is affine


def _compile(function: _Function) -> _Evaluate:
    """t as a function of (coordinates, signs of the lines, whether analyticity is to be checked).

    Coordinates and value are polynomials in any one variable, so that this serves both for t at
    a point and for t as a polynomial along a chord.
    """

    def small(line: Line) -> Line | None:
        bits = max(max(abs(c.numerator), c.denominator).bit_length() for c in line)
        return line if bits <= 4096 else None

    def number(value: Fraction) -> _Compiled:
        function.size += 1
        ball = [_ball(value)]
        return (lambda x, signs, analytic: ball), (Fraction(0), Fraction(0), value)

    def variable(index: int) -> _Compiled:
        function.size += 1
        return (lambda x, signs, analytic: x[index]), _UNIT_LINES[index]

    def add(terms: Sequence[_Compiled]) -> _Compiled:
        function.size += len(terms)

        def line(p: Line | None, q: Line | None) -> Line | None:
            if p is None or q is None:
                return None
            return small((p[0] + q[0], p[1] + q[1], p[2] + q[2]))

        parts = [term[0] for term in terms]
        return (
            lambda x, signs, analytic: reduce(_add, [f(x, signs, analytic) for f in parts])
        ), reduce(line, [term[1] for term in terms])

    def multiply(factors: Sequence[_Compiled]) -> _Compiled:
        function.size += len(factors)

        def line(p: Line | None, q: Line | None) -> Line | None:
            if p is None or q is None or (any(p[:2]) and any(q[:2])):
                return None
            scale, other = (q[2], p) if any(p[:2]) else (p[2], q)
            return small((scale * other[0], scale * other[1], scale * other[2]))

        parts = [factor[0] for factor in factors]
        return (
            lambda x, signs, analytic: reduce(_multiply, [f(x, signs, analytic) for f in parts])
        ), reduce(line, [factor[1] for factor in factors])

    def power(base: _Compiled, exponent: Fraction) -> _Compiled:
        evaluate, line = base
        if exponent.denominator > 1:
            function.size += 4
            index = function.line(line)
            return lambda x, s, analytic: _root(
                evaluate(x, s, analytic), exponent, _sign(s, index), analytic
            ), None
        count = abs(exponent.numerator)
        function.size += count

        def integer_power(x: Sequence[Polynomial], signs: Signs, analytic: bool) -> Polynomial:
            value = evaluate(x, signs, analytic)
            result = reduce(_multiply, [value] * count, [arb(1)])
            return result if exponent >= 0 else [1 / _constant(result)]

        exact = None
        if line is not None and not any(line[:2]) and (line[2] or exponent >= 0):
            bits = max(abs(line[2].numerator), line[2].denominator).bit_length()
            if bits * count <= 4096:
                exact = (Fraction(0), Fraction(0), Fraction(line[2] ** int(exponent)))
        return integer_power, line if exponent == 1 else exact

    def call(name: str, argument: _Compiled) -> _Compiled:
        function.size += 4
        evaluate, line = argument
        if name == "id":
            return argument
        if name in _KINKED:
            index = function.line(line)
            return lambda x, s, analytic: _kinked(
                name, evaluate(x, s, analytic), _sign(s, index), analytic
            ), None
        smooth = _SMOOTH[name]
        return lambda x, s, analytic: [smooth(_constant(evaluate(x, s, analytic)))], None

    return fold(
        function.root,
        number=number,
        variable=variable,
        add=add,
        multiply=multiply,
        power=power,
        call=call,
    )[0]


_UNIT_LINES: list[Line] = [
    (Fraction(1), Fraction(0), Fraction(0)),
    (Fraction(0), Fraction(1), Fraction(0)),
]


def _sign(signs: Signs, index: int | None) -> int | None:
    return None if signs is None or index is None else signs[index]


def _signs(lines: Sequence[Line], x1: Fraction, x2: Fraction) -> list[int]:
    values = (c1 * x1 + c2 * x2 + c0 for c1, c2, c0 in lines)
    return [(value > 0) - (value < 0) for value in values]


def _compile_network(certificate: _Certificate, function: _Function) -> _Evaluate:
    """h, by the table of docs/certificates.md; it adds its lines and its size to ``function``."""
    family, blocks = certificate.family, certificate.network
    applied = "w" if family.form == "one_sided" else "wv"
    kinks = applied if any(name in _KINKED for name in family.dictionary) else ""

    def maps(name: str) -> list[tuple[list[Ball], int | None]]:
        """Rows as balls, each with the index of its line if an activation is kinked there."""
        found: list[tuple[list[Ball], int | None]] = []
        for first, *middle, last in blocks.get(name, []):
            line = (first, middle[0] if middle else Fraction(0), last)
            found.append(([_ball(c) for c in line], function.line(line) if name in kinks else None))
        return found

    w, v, gates = maps("w"), maps("v"), [maps("u0"), maps("u1")]
    a = [_ball(value) for value in blocks["a"][0]]
    scales = [[_ball(c) for c in blocks.get(name, [[]])[0]] for name in ("scale0", "scale1")]
    function.size += 8 * sum(map(len, scales)) + 12 * len(family.dictionary) * (len(w) + len(v))

    def affine(row: list[Ball], x: Sequence[Polynomial]) -> Ball:
        return row[0] * x[0][0] + row[1] * x[1][0] + row[2]

    def coefficients(side: int, x: Sequence[Polynomial]) -> list[Ball]:
        logits = [affine(row, x) for row, _ in gates[side]]
        if family.gate == "softmax":
            powers = [logit.exp() for logit in logits]
            total = sum(powers[1:], powers[0])
            values = [power / total for power in powers]
        elif family.gate is not None:
            values = [_SMOOTH[family.gate](logit) for logit in logits]
        else:
            return scales[side]
        return [scale * value for scale, value in zip(scales[side], values, strict=True)]

    def activation(name: str, z: Ball, sign: int | None, analytic: bool) -> Ball:
        if name in _KINKED:
            return _kinked(name, [z], sign, analytic)[0]
        return _SMOOTH[name](z) if name in _SMOOTH else z

    def activations(
        j: int, rows: Any, x: Sequence[Polynomial], signs: Signs, analytic: bool
    ) -> Any:
        row, index = rows[j]
        z, sign = affine(row, x), _sign(signs, index)
        return [activation(name, z, sign, analytic) for name in family.dictionary]

    def mix(weights: Sequence[Ball], values: Sequence[Ball]) -> Ball:
        return sum((c * s for c, s in zip(weights, values, strict=True)), arb(0))

    def network(x: Sequence[Polynomial], signs: Signs, analytic: bool) -> Polynomial:
        left = coefficients(0, x)
        right = coefficients(1, x) if family.form == "two_sided" else []
        total = arb(0)
        for j in range(family.width):
            s = activations(j, w, x, signs, analytic)
            if family.form == "type1":
                neuron = mix(left, s)
            elif family.form == "one_sided":
                neuron = mix(left, s) * affine(v[j][0], x)
            else:
                r = activations(j, v, x, signs, analytic)
                if family.form == "two_sided":
                    neuron = mix(left, s) * mix(right, r)
                else:
                    neuron = mix(left, [p * q for p in s for q in r])
            total += a[j] * neuron
        return [total]

    return network


# --- the lower bound ----------------------------------------------------------------------------


def _verify_lower(certificate: _Certificate, claim: Fraction) -> None:
    """Steps 1 to 6 of docs/certificates.md, "Verifying a lower bound"."""
    hint = certificate.hint
    assert hint is not None
    with cast(Any, flint.ctx).workprec(PRECISION + 4 * hint.degree):
        moments, norm2 = _disk_moments(certificate.expression, hint.degree)
        rows, shift = len(hint.factor), _ball(hint.shift)
        gram = _gram(_zernike(moments, hint.degree), hint.degree, rows)
        factor = acb_mat([[acb(_ball(re), _ball(im)) for re, im in row] for row in hint.factor])
        hinted = factor * factor.conjugate().transpose()
        tau = (gram.trace() - hinted.trace()).real - hint.rank * shift
        needed = _ball(claim**2) * norm2
        if tau < needed:
            share = _relative(tau, norm2)
            _reject(f"the lower bound: the data support {share} of the norm at most")
        _require_positive_definite((hinted - gram).tolist(), shift)
        if not tau >= needed:
            raise _UndecidedError("the lower bound: the enclosures are too wide for this claim")


def _relative(square: Ball, norm2: Ball) -> str:
    """A norm as a share of the target's, for messages."""
    ratio = (square / norm2).nonnegative_part().sqrt() if norm2 > 0 else arb.nan()
    return ratio.mid().str(8, radius=False)


def _inner(p: Sequence[Ball], q: Sequence[Ball]) -> Ball:
    return sum((a * b.conjugate() for a, b in zip(p, q, strict=True)), acb(0))


def _require_positive_definite(matrix: list[list[Ball]], shift: Ball) -> None:
    """Factorise the Hermitian ``matrix + shift I`` as L D L^*: all pivots must be positive."""
    lower: list[list[Ball]] = []
    pivots: list[Ball] = []
    for i, row in enumerate(matrix):
        scaled: list[Ball] = []  # row i of L D
        for k in range(i):
            scaled.append(row[k] - _inner(scaled, lower[k]))
        factors = [s / d for s, d in zip(scaled, pivots, strict=True)]
        pivot = shift + (row[i] - _inner(scaled, factors)).real
        if pivot <= 0:
            _reject("the lower bound: shift I + factor factor^* - G is not positive definite")
        if not pivot > 0:
            raise _UndecidedError("the lower bound: a pivot of the factorisation may be 0")
        lower.append(factors)
        pivots.append(pivot)


def _disk_moments(expression: Expression, degree: int) -> tuple[_Moments, Ball]:
    """Integrals of t x1^a x2^b over the disk for a + b <= degree, and the one of t^2.

    Along a chord, x1 = sin(theta) and x2 = sigma y, 0 <= y <= cos(theta), t must be a polynomial
    in y, sum_j t_j(x1) y^j. Then the moments are sums of
    sigma^b/(b+j+1) integral of t_j(sin) sin^a cos^(b+j+2) d theta. Where x2 does not enter in this
    way, x1 may: the two are exchanged.
    """
    try:
        return _chord_moments(expression, degree, swap=False)
    except _UndecidedError as first:
        try:
            moments, norm2 = _chord_moments(expression, degree, swap=True)
        except _UndecidedError:
            raise first from None
        return {(b, a): moment for (a, b), moment in moments.items()}, norm2


def _chord_moments(expression: Expression, degree: int, *, swap: bool) -> tuple[_Moments, Ball]:
    function = _Function(root=expression.root)
    target = _compile(function)
    lines = [(c2, c1, c0) if swap else (c1, c2, c0) for c1, c2, c0 in function.lines]
    if any(c2 and (c1 or c0) for c1, c2, c0 in lines):
        raise _UndecidedError("a kink of the target is oblique")
    ends = _ends(lines)
    moments = {(a, b): arb(0) for a in range(degree + 1) for b in range(degree + 1 - a)}
    norm2 = arb(0)
    for sigma in (1, -1):
        for start, end in pairwise(ends):
            signs = _signs(lines, (start + end) / 2, Fraction(sigma))

            def along(x1: Ball, analytic: bool, s: int = sigma, signs: Signs = signs) -> Polynomial:
                function.spend()
                x = ([x1], [arb(0), arb(s)])
                return target(x[::-1] if swap else x, signs, analytic)

            # Coefficients that vanish identically are seen on a ball around the whole interval.
            whole = along(acb(_ball(start).union(_ball(end))), False)
            arc = _arcsine(start), _arcsine(end)

            def integral(
                integrand: Callable[[Polynomial, Ball, Ball], Ball],
                along: Any = along,
                arc: Any = arc,
            ) -> Ball:
                return _integral(
                    lambda sin, cos, analytic: integrand(along(sin, analytic), sin, cos), *arc
                )

            norm2 += integral(
                lambda t, _, cos: sum(
                    (c * _power(cos, j + 2) / (j + 1) for j, c in enumerate(_multiply(t, t))),
                    arb(0),
                )
            )
            for j in (j for j, c in enumerate(whole) if not c.is_zero()):
                # cos^q is reduced to cos^2 or cos^3 by cos^2 = 1 - sin^2.
                reduced = {
                    (a, q): integral(
                        lambda t, sin, cos, j=j, a=a, q=q: (
                            (t[j] if j < len(t) else 0) * _power(sin, a) * _power(cos, q)
                        )
                    )
                    for a in range(degree + j + 1)
                    for q in (2, 3)
                }
                for a, b in moments:
                    half, odd = divmod(b + j, 2)
                    terms = (
                        (-1) ** i * comb(half, i) * reduced[a + 2 * i, 2 + odd]
                        for i in range(half + 1)
                    )
                    moments[a, b] += sigma**b * sum(terms, arb(0)) / (b + j + 1)
    return moments, norm2


def _power(z: Ball, exponent: int) -> Ball:
    # arb ** int is not a number where the ball contains 0; acb ** int is a product.
    return acb(z) ** exponent


def _integral(integrand: Callable[[Ball, Ball, bool], Ball], start: Ball, end: Ball) -> Ball:
    """Integral over theta by acb.integral; errors cannot cross the C code and are kept aside."""
    errors: list[_UndecidedError] = []
    length = end - start

    def at(s: Ball, analytic: bool) -> Ball:
        if not errors:
            try:
                sin, cos = (start + s * length).sin_cos()
                return acb(integrand(sin, cos, analytic))
            except _UndecidedError as error:
                errors.append(error)
        return acb(arb.nan())

    # The path is exact, [0, 1].
    result = length * acb.integral(at, acb(0), acb(1), eval_limit=20_000)
    if errors:
        raise errors[0]
    if not result.is_finite():
        raise _UndecidedError("an integral of the target along a line could not be enclosed")
    return result.real


def _zernike(moments: _Moments, degree: int) -> _Moments:
    """g(n, k) of step 2 from integrals of t x1^a x2^b; z = x1 + i x2, rho^2 = z conj(z)."""
    powers: _Moments = {}  # integrals of t z^a conj(z)^b, a <= b
    units = (acb(1), acb(0, 1), acb(-1), acb(0, -1))
    for b in range(degree + 1):
        for a in range(min(b, degree - b) + 1):
            expanded = fmpz_poly([1, 1]) ** a * fmpz_poly([1, -1]) ** b
            terms = (
                units[j % 4] * (int(expanded[j]) * moments[a + b - j, j]) for j in range(a + b + 1)
            )
            powers[a, b] = sum(terms, acb(0))
    result: _Moments = {}
    for n in range(degree + 1):
        for k in range(n % 2, n + 1, 2):
            value = acb(0)
            for s in range((n - k) // 2 + 1):
                down, up = (n - k) // 2 - s, (n + k) // 2 - s
                whole = factorial(n - s) // (factorial(s) * factorial(up) * factorial(down))
                value += (-1) ** s * whole * powers[down, up]
            result[n, k] = value * (n + 1) / arb.pi()
            result[n, -k] = result[n, k].conjugate()  # t is real
    return result


def _gram(zernike: _Moments, degree: int, rows: int) -> Any:
    """G of step 3, an acb_mat."""
    gram = acb_mat(rows, rows)
    for n in range(rows - 1, degree + 1):
        columns = n + 2 - rows
        sequence = [zernike[n, k] for k in range(-n, n + 1, 2)]
        hankel = acb_mat([sequence[i : i + columns] for i in range(rows)])
        weight = acb(arb.pi() / ((n + 1) * min(rows, columns)))
        gram += hankel * hankel.conjugate().transpose() * weight
    return gram


# --- integrals over cells -----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """A part of the domain that no line crosses, with the signs of the lines on it.

    In two dimensions ``start < x1 < end``, between two graphs x2 = slope x1 + offset, where None
    is the circle, below or above. In one dimension both are absent.
    """

    start: Fraction
    end: Fraction
    below: tuple[Fraction, Fraction] | None
    above: tuple[Fraction, Fraction] | None
    signs: list[int]


def _between(low: Fraction, high: Fraction) -> Fraction:
    """A number strictly between, with few bits: the cost of what follows depends on them."""
    bits = 1
    while (point := Fraction((low.numerator << bits) // low.denominator + 1, 1 << bits)) >= high:
        bits *= 2
    return point


def _square_root(value: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    root = isqrt((value.numerator << 2 * bits) // value.denominator)
    return Fraction(root, 1 << bits), Fraction(root + 1, 1 << bits)


def _disk_cells(lines: Sequence[Line]) -> tuple[list[_Cell], list[tuple[Fraction, Fraction]]]:
    """Cells of the disk, and the x1-intervals of thin strips that no cell covers.

    All decisions are exact. Only where a line meets the circle is x1 irrational: it is enclosed to
    400 bits, and the strips over such intervals, merged where they overlap, are set aside.
    """
    graphs = sorted({(-c1 / c2, -c0 / c2) for c1, c2, c0 in lines if c2})
    points = [(-c0 / c1, -c0 / c1) for c1, c2, c0 in lines if c1 and not c2]
    points += [
        ((q[1] - p[1]) / (p[0] - q[0]),) * 2 for p, q in combinations(graphs, 2) if p[0] != q[0]
    ]
    for slope, offset in graphs:
        scale = 1 + slope**2
        if (square := scale - offset**2) > 0:
            low, high = _square_root(square, 400)
            points += [
                ((r - slope * offset) / scale, (s - slope * offset) / scale)
                for r, s in ((low, high), (-high, -low))
            ]
    one = Fraction(1)
    strips = [(-one, -one)]
    for low, high in sorted((max(p, -one), min(q, one)) for p, q in points if q > -1 and p < 1):
        if low <= strips[-1][1]:
            strips[-1] = strips[-1][0], max(high, strips[-1][1])
        else:
            strips.append((low, high))
    if strips[-1][1] < 1:
        strips.append((one, one))
    cells: list[_Cell] = []
    for (_, start), (end, _) in pairwise(strips):
        x1 = _between(start, end)
        inside = sorted(
            (g[0] * x1 + g[1], g) for g in graphs if (g[0] * x1 + g[1]) ** 2 < 1 - x1**2
        )
        largest = max((abs(value) for value, _ in inside), default=Fraction(0))
        bits = 64
        while (root := _square_root(1 - x1**2, bits)[0]) <= largest:
            bits *= 2
        for (y0, below), (y1, above) in pairwise([(-root, None), *inside, (root, None)]):
            signs = _signs(lines, x1, _between(y0, y1))
            cells.append(_Cell(start=start, end=end, below=below, above=above, signs=signs))
    return cells, [strip for strip in strips if strip[0] < strip[1]]


def _interval_cells(lines: Sequence[Line]) -> tuple[list[_Cell], list[tuple[Fraction, Fraction]]]:
    ends = _ends(lines)
    return [
        _Cell(start=p, end=q, below=None, above=None, signs=_signs(lines, (p + q) / 2, Fraction(0)))
        for p, q in pairwise(ends)
    ], []


def _ends(lines: Sequence[Line]) -> list[Fraction]:
    """-1, 1, and where upright lines are between them."""
    kinks = {-c0 / c1 for c1, c2, c0 in lines if c1 and not c2 and abs(c0) < abs(c1)}
    return sorted({Fraction(-1), Fraction(1)} | kinks)


_Chord = tuple[Ball, Ball, Ball, Ball]  # x1; centre and half-length in x2; weight


def _chord(cell: _Cell, dimension: int) -> Callable[[Ball], _Chord]:
    """The cell as an image of [-1, 1]^2: chords as an analytic function of u in [-1, 1]."""
    if dimension == 1:
        centre, half = _ball((cell.start + cell.end) / 2), _ball((cell.end - cell.start) / 2)
        return lambda u: (centre + half * u, arb(0), arb(0), half)
    start, end = _arcsine(cell.start), _arcsine(cell.end)
    centre, half = (start + end) / 2, (end - start) / 2

    def edge(graph: tuple[Fraction, Fraction] | None, circle: int) -> Callable[[Ball, Ball], Ball]:
        if graph is None:
            return lambda sin, cos: circle * cos
        slope, offset = _ball(graph[0]), _ball(graph[1])
        return lambda sin, cos: slope * sin + offset

    below, above = edge(cell.below, -1), edge(cell.above, 1)

    def at(u: Ball) -> _Chord:
        sin, cos = (centre + half * u).sin_cos()
        low, high = below(sin, cos), above(sin, cos)
        length = (high - low) / 2
        return sin, (low + high) / 2, length, half * cos * length

    return at


@cache
def _gauss_legendre(count: int, precision: int) -> list[tuple[Ball, Ball]]:
    assert precision == flint.ctx.prec
    return [arb.legendre_p_root(count, k, weight=True) for k in range(count)]


_RADII = (1.5, 2.0, 3.0, 4.5, 7.0, 12.0, 30.0)
_MAX_NODES, _MAX_PIECES, _STRIP_PARTS = 48, 4000, 64


def _nodes(integrand: Callable[[Ball], Ball], goal: Ball) -> tuple[int, Ball] | None:
    """The number of Gauss nodes on [-1, 1] with an error below ``goal``, and a bound of the error.

    If abs(f) <= M in the ellipse with foci -1, 1 and sum rho of half-axes, polynomials of degree m
    come as close as 2 M rho^-m/(rho - 1) (Trefethen, Approximation Theory and Approximation
    Practice, Theorem 8.2). The n-point rule is exact for degree 2n - 1, its weights are positive
    and sum to 2 as the interval's length does: the error is at most 8 M rho^(1-2n)/(rho - 1).
    """
    best: tuple[int, Ball] | None = None
    for radius in _RADII:
        rho = arb(radius)
        box = acb(arb(0, (rho + 1 / rho) / 2), arb(0, (rho - 1 / rho) / 2))
        supremum = acb(integrand(box)).abs_upper()
        if not supremum.is_finite():
            break
        error = 8 * supremum * rho / (rho - 1)
        for count in range(1, best[0] if best else _MAX_NODES + 1):
            error /= rho * rho
            if error < goal:
                best = count, error.upper()
                break
    return best


def _piece(
    square: Callable[[_Chord, Ball, bool], Ball],
    chord: Callable[[Ball], _Chord],
    ranges: Sequence[tuple[Fraction, Fraction]],
    dimension: int,
    goal: Ball,
) -> Ball | tuple[bool, bool]:
    """The integral over a part of [-1, 1]^2, or else which of the two ranges must be halved.

    A product of Gauss-Legendre rules. It errs by at most twice the sum of the errors of the two,
    the one variable being in its ellipse, the other in [-1, 1].
    """
    (u, du), (s, ds) = [(_ball((p + q) / 2), _ball((q - p) / 2)) for p, q in ranges]
    unit, area = arb(0, 1), du * ds
    whole = chord(u + du * unit)
    rule_u = _nodes(lambda box: area * square(chord(u + du * box), s + ds * unit, True), goal)
    rule_s = (0, arb(0))
    nodes_s = [(arb(0), arb(1))]
    if dimension == 2:
        rule_s = _nodes(lambda box: area * square(whole, s + ds * box, True), goal)
    if rule_u is None or rule_s is None:
        return rule_u is None, rule_s is None
    if dimension == 2:
        nodes_s = _gauss_legendre(rule_s[0], flint.ctx.prec)
    total = arb(0, (2 * (rule_u[1] + rule_s[1])).upper())
    for y, weight_u in _gauss_legendre(rule_u[0], flint.ctx.prec):
        place = chord(u + du * y)
        row = sum((weight * square(place, s + ds * z, False) for z, weight in nodes_s), arb(0))
        total += area * weight_u * row
    return total


def _integrate(function: _Function, evaluate: _Evaluate, dimension: int, goal: Ball) -> Ball:
    """Integral over the domain of evaluate^2, with a quadrature error of ``goal`` on each piece.

    Cells are halved while an enclosure around them is infinite, or too many nodes are needed.
    """
    if len(function.lines) > MAX_LINES:
        raise _UndecidedError("the upper bound: too many kinks")
    cells, strips = (
        _disk_cells(function.lines) if dimension == 2 else _interval_cells(function.lines)
    )
    total = arb(0)
    for low, high in strips:
        x1 = _ball(low).union(_ball(high))
        # In parts, because wide balls make quotients infinite.
        for k in range(-_STRIP_PARTS, _STRIP_PARTS):
            function.spend()
            x2 = _ball(Fraction(2 * k + 1, 2 * _STRIP_PARTS)) + arb(0, 0.5) / _STRIP_PARTS
            value = acb(evaluate(([x1], [x2]), None, False)[0]).abs_upper()
            total += arb(0, (value * value * _ball((high - low) / _STRIP_PARTS)).upper())
    everything = (Fraction(-1), Fraction(1))
    pieces = 0
    for cell in cells:

        def square(place: _Chord, y: Ball, analytic: bool, signs: Signs = cell.signs) -> Ball:
            function.spend()
            x1, centre, half, weight = place
            value = evaluate(([x1], [centre + half * y]), signs, analytic)[0]
            return value * value * weight

        chord = _chord(cell, dimension)
        pending = [(everything, everything)]
        while pending:
            pieces += 1
            if pieces > _MAX_PIECES:
                raise _UndecidedError("the upper bound: the integrals could not be enclosed")
            ranges = pending.pop()
            found = _piece(square, chord, ranges, dimension, goal)
            if not isinstance(found, tuple):
                total += found
                continue
            parts = [
                ((p, (p + q) / 2), ((p + q) / 2, q)) if halve else ((p, q),)
                for (p, q), halve in zip(ranges, found, strict=True)
            ]
            pending.extend(product(parts[0], parts[1]))
    return _real(total)


# --- the upper bound ----------------------------------------------------------------------------


def _verify_upper(certificate: _Certificate, claim: Fraction) -> None:
    """Compare enclosures of the integrals of (t - h)^2 and of t^2."""
    dimension = certificate.dimension
    function = _Function(root=certificate.expression.root)
    target = _compile(function)
    norm2 = arb(0)
    for digits in (15, 33, 51):
        norm2 = _integrate(function, target, dimension, arb(10) ** -digits)
        if norm2 > 0 and norm2.rel_accuracy_bits() > 24:
            break
    if not norm2 > 0:
        raise _UndecidedError("the upper bound: the norm of the target could not be enclosed")
    network = _compile_network(certificate, function)
    allowed = _ball(claim**2) * norm2
    # Far below what is allowed, as claims may be sharp to several digits.
    goal = (allowed * arb(10) ** -9).mid().max(arb(10) ** -60)
    error2 = _integrate(
        function,
        lambda x, signs, analytic: [target(x, signs, analytic)[0] - network(x, signs, analytic)[0]],
        dimension,
        goal,
    )
    if error2 > allowed:
        share = _relative(error2, norm2)
        _reject(f"the upper bound: the network's error is {share} of the target's norm")
    if not error2 <= allowed:
        raise _UndecidedError("the upper bound: the enclosures are too wide for this claim")
