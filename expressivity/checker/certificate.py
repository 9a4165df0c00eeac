"""What a certificate says, read field by field (docs/certificates.md, "The file")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

from expressivity.checker.boxes import DEGREES, Boxes, read_boxes
from expressivity.checker.bumps import Bumps, read_bumps
from expressivity.checker.findings import reject, require
from expressivity.checker.reading import (
    SCHEMA,
    choice,
    fields,
    flag,
    hexadecimal,
    integer,
    items,
    matrix,
    without_digest,
)
from expressivity.symbolic.expressions import Expression, ExpressionError
from expressivity.symbolic.parser import parse

SCHEMAS = (f"{SCHEMA}/1", f"{SCHEMA}/2")
MAX_DEGREE, MAX_WIDTH, MAX_SEARCHED_WIDTH = 60, 4096, 2
MAX_WEIGHT = 10**9 - 1
ACTIVATIONS = ("id", "relu", "relu2", "leaky_relu", "gelu", "silu", "tanh")
UNKINKED = ("id", "relu2", "gelu", "silu", "tanh")  # C^1
_PARTS = {
    "ridge-rank": "ridge_rank",
    "ridge-search": "ridge_search",
    "curvature": "curvature",
    "uncut-boxes": "uncut_boxes",
}
"""Methods of lower bounds, with the name of their data."""

_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?(e[+-]?[0-9]{1,3})?")


@dataclass(frozen=True, kw_only=True)
class Family:
    """The family whose networks the claims are about."""

    kind: str
    form: str
    width: int  # 0 where a claim is about every width
    gate: str | None
    scale: bool
    gate_bias: bool
    dictionary: tuple[str, ...]
    bias: bool


@dataclass(frozen=True, kw_only=True)
class RidgeRank:
    """The data of method ridge-rank: a and b of step 3, shift and factor of step 5."""

    degree: int
    rank: int
    row_weights: list[int]
    column_weights: list[list[int]]
    shift: Fraction
    factor: list[list[tuple[Fraction, Fraction]]]


@dataclass(frozen=True, kw_only=True)
class RidgeSearch:
    """The degree and the number of ridges of method ridge-search."""

    degree: int
    rank: int


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A well-formed certificate: claims, and the data of those that are there."""

    expression: Expression
    dimension: int
    family: Family
    lower: Fraction | None
    upper: Fraction | None
    lower_data: RidgeRank | RidgeSearch | Bumps | Boxes | None
    network: dict[str, list[list[Fraction]]]


def read_certificate(document: object) -> Certificate:
    """Read a certificate from what JSON makes of it; the digest must be right."""
    content = without_digest(document)
    names = "schema target domain family lower_bound upper_bound data"
    schema, target, domain, family_json, *claims, data = fields(content, names, "a certificate")
    weighted = choice(schema, SCHEMAS, "schema") != SCHEMAS[0]
    label, text = fields(target, "name expression", "target")
    require(type(label) is str and len(label) <= 200, "name must be text of at most 200 characters")
    require(type(text) is str, "expression must be text")
    try:
        expression = parse(text)
    except ExpressionError as error:
        reject(f"the target's expression: {error}")
    dimension = 2 if choice(domain, ("disk", "interval"), "domain") == "disk" else 1
    require(expression.dimension == dimension, f"the domain {domain} needs {dimension} variables")
    lower, method, curvature = _read_claim(claims[0], tuple(_PARTS))
    upper, _, _ = _read_claim(claims[1], ("network-error",))
    require(lower is not None or upper is not None, "a certificate must claim a bound")
    require(weighted or curvature is None, "method curvature needs the second schema")
    family = _read_family(family_json, every_width=curvature is not None)
    parts = [(_PARTS.get(method, ""), lower), ("network", upper)]
    present = [name for name, claim in parts if claim is not None]
    values = dict(zip(present, fields(data, " ".join(present), "data"), strict=True))
    lower_data = None
    if curvature is not None:
        covered = family.kind in ("fixed", "la") and family.form == "type1"
        covered &= set(family.dictionary) <= set(UNKINKED) and dimension == 1 and upper is None
        require(covered, "this lower bound does not hold for such a family")
        lower_data = read_bumps(values["curvature"], curvature)
    elif method == "uncut-boxes":
        covered = family.kind in ("fixed", "la") and set(family.dictionary) <= set(DEGREES)
        require(covered and weighted, "this lower bound does not hold for such a family")
        shape = family.form, family.width, family.dictionary
        lower_data = read_boxes(values["uncut_boxes"], *shape, dimension)
    elif lower is not None:
        searched = method == "ridge-search"
        forms = ("type1",) if searched else ("type1", "one_sided")
        covered = family.kind in ("fixed", "la") and family.form in forms
        covered &= not searched or family.width <= MAX_SEARCHED_WIDTH
        require(covered and dimension == 2, "this lower bound does not hold for such a family")
        read_lower = _read_ridge_search if searched else _read_ridge_rank
        lower_data = read_lower(values[_PARTS[method]], family, weighted)
    return Certificate(
        expression=expression,
        dimension=dimension,
        family=family,
        lower=lower,
        upper=upper,
        lower_data=lower_data,
        network={} if upper is None else _read_network(values["network"], family, dimension),
    )


def _read_claim(
    value: object, methods: tuple[str, ...]
) -> tuple[Fraction | None, str, Fraction | None]:
    """The claimed value, its method, and of method curvature the curvature, positive."""
    if value is None:
        return None, "", None
    (claim,) = fields(value, "l2", "a bound")
    # Whoever reads the claim alone must see what it is about.
    bent = type(claim) is dict and claim.get("method") == "curvature"
    names = "value evidence method relative" + (" curvature" if bent else "")
    decimal, evidence, named, relative, *more = fields(claim, names, "a claim")
    choice(evidence, ("certified",), "evidence")
    method = choice(named, methods, "method")
    require(flag(relative, "relative"), "claims must be relative")
    curvature = _decimal(more[0], "the curvature") if more else None
    require(curvature is None or curvature > 0, "the curvature must be positive")
    return _decimal(decimal, "a claimed value"), method, curvature


def _decimal(value: object, where: str) -> Fraction:
    text = value if type(value) is str and len(value) <= 100 else ""
    require(_DECIMAL.fullmatch(text) is not None, f"{where} must be a decimal string")
    return Fraction(text)


def _read_family(value: object, *, every_width: bool) -> Family:
    names = "kind form width gate activation dictionary bias"
    # Files of version 0.1 leave the last three out and mean these values.
    later = " constraint groups outputs" if type(value) is dict and "constraint" in value else ""
    kind, form, width, gate, activation, listed, bias, *plain = fields(
        value, names + later, "family"
    )
    constraint, groups, outputs = plain or ("free", 1, 1)
    choice(constraint, ("free",), "constraint")
    integer(groups, 1, 1, "groups")
    integer(outputs, 1, 1, "outputs")
    choice(kind, ("fixed", "la", "moa"), "kind")
    fixed = kind == "fixed"
    forms = ("type1", "one_sided", "two_sided", "quadratic")
    choice(form, forms[:2] if fixed else forms, "form")
    dictionary = [choice(name, ACTIVATIONS, "dictionary") for name in items(listed, "dictionary")]
    require(0 < len(set(dictionary)) == len(dictionary), "dictionary must list different names")
    require(dictionary == [activation] if fixed else activation is None, "activation is wrong")
    require((gate is not None) == (kind == "moa"), "a gate belongs to kind moa and to no other")
    scale, gate_bias = kind == "la", True
    if gate is not None:
        gate, scale, gate_bias = fields(gate, "name scale bias", "gate")
        choice(gate, ("sigmoid", "tanh", "softmax"), "gate")
    require(width is None or not every_width, "width must be null: the claim is about all")
    return Family(
        kind=kind,
        form=form,
        width=0 if every_width else integer(width, 1, MAX_WIDTH, "width"),
        gate=gate,
        scale=flag(scale, "scale"),
        gate_bias=flag(gate_bias, "bias of the gate"),
        dictionary=tuple(dictionary),
        bias=flag(bias, "bias"),
    )


def _read_ridge_rank(value: object, family: Family, weighted: bool) -> RidgeRank:
    arrangement = "row_weights column_weights" if weighted else "rows"
    names = f"degree rank {arrangement} shift factor"
    degree, rank, *arranged, shift, listed = fields(value, names, "ridge_rank")
    integer(degree, 0, MAX_DEGREE, "degree")
    integer(rank, 1, MAX_DEGREE, "rank")
    expected = family.width * (2 if family.form == "one_sided" else 1)
    require(rank == expected, f"rank must be {expected} for this form and width")
    a, b = (_read_weights if weighted else _equal_weights)(arranged, degree)
    rows = integer(len(a), rank + 1, degree + 1, "the number of rows")
    factor = [items(row, "factor") for row in items(listed, "factor", rows)]
    columns = len(factor[0])
    require(all(len(row) == columns for row in factor), "the rows of factor must be equally long")
    require(columns <= rank, "factor must have at most as many columns as the rank")
    shift = hexadecimal(shift, "shift")
    require(shift >= 0, "shift must not be negative")
    pairs = [
        [cast(Any, tuple(pair)) for pair in matrix(row, columns, 2, "factor")] for row in factor
    ]
    return RidgeRank(
        degree=degree, rank=rank, row_weights=a, column_weights=b, shift=shift, factor=pairs
    )


def _read_weights(values: list[Any], degree: int) -> tuple[list[int], list[list[int]]]:
    """Positive whole numbers, for every row and for every column of each degree's block."""
    row_weights, column_weights = values

    def row(value: object, length: int | None, where: str) -> list[int]:
        return [integer(weight, 1, MAX_WEIGHT, where) for weight in items(value, where, length)]

    a = row(row_weights, None, "row_weights")
    blocks = items(column_weights, "column_weights", max(degree + 2 - len(a), 0))
    return a, [row(block, count, "column_weights") for count, block in enumerate(blocks, 1)]


def _equal_weights(values: list[Any], degree: int) -> tuple[list[int], list[list[int]]]:
    """Files of the first schema state the number of rows, and mean equal weights."""
    (rows,) = values
    count = integer(rows, 1, degree + 1, "rows")
    return [1] * count, [[1] * columns for columns in range(1, degree + 3 - count)]


def _read_ridge_search(value: object, family: Family, _: bool) -> RidgeSearch:
    degree, rank = fields(value, "degree rank", "ridge_search")
    integer(rank, family.width, family.width, "rank")
    return RidgeSearch(degree=integer(degree, 0, MAX_DEGREE, "degree"), rank=rank)


def _read_network(value: object, family: Family, dimension: int) -> dict[str, list[list[Fraction]]]:
    count = len(family.dictionary) ** (2 if family.form == "quadratic" else 1)
    sides = range(2 if family.form == "two_sided" else 1)
    maps = ["w"] if family.form == "type1" else ["w", "v"]
    shapes = dict.fromkeys(maps, (family.width, dimension + 1))
    if family.gate is not None:
        shapes |= {f"u{side}": (count, dimension + 1) for side in sides}
    vectors = {"a": family.width} | {f"scale{side}": count for side in sides}
    names = [*shapes, *vectors]
    blocks = dict(zip(names, fields(value, " ".join(names), "network"), strict=True))
    network = {name: matrix(blocks[name], *shape, name) for name, shape in shapes.items()}
    network |= {name: matrix([blocks[name]], 1, size, name) for name, size in vectors.items()}
    for name in shapes:
        biased = family.gate_bias if name[0] == "u" else family.bias
        fine = biased or all(row[-1] == 0 for row in network[name])
        require(fine, f"the last column of {name} must be 0: the bias is off")
    for name in vectors:
        fine = name == "a" or family.scale or set(network[name][0]) == {Fraction(1)}
        require(fine, f"{name} must be 1: scales are not learned in this family")
    return network
