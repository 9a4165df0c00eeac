"""The data of the methods ridge-rank and ridge-search."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from expressivity.checker.families import Family
from expressivity.checker.findings import require
from expressivity.checker.flattenings import MAX_WEIGHT, read_factor
from expressivity.checker.reading import fields, hexadecimal, integer, items

MAX_DEGREE, MAX_TREE = 60, 50_000

_TREE = re.compile(r"[0-9a-f]+")


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
    """The data of method ridge-search: the cuts as "0" and "1", or None in older schemas."""

    degree: int
    width: int
    rank: int
    tree: str | None


def read_ridge_rank(value: object, family: Family, schema: int) -> RidgeRank:
    """Data of well-formed sizes, for this family; the first schema has no weights."""
    arrangement = "row_weights column_weights" if schema > 1 else "rows"
    names = f"degree rank {arrangement} shift factor"
    degree, rank, *arranged, shift, listed = fields(value, names, "ridge_rank")
    integer(degree, 0, MAX_DEGREE, "degree")
    integer(rank, 1, MAX_DEGREE, "rank")
    require(rank == family.rank, f"rank must be {family.rank} for this form and width")
    a, b = (_read_weights if schema > 1 else _equal_weights)(arranged, degree)
    rows = integer(len(a), rank + 1, degree + 1, "the number of rows")
    shift = hexadecimal(shift, "shift")
    require(shift >= 0, "shift must not be negative")
    return RidgeRank(
        degree=degree,
        rank=rank,
        row_weights=a,
        column_weights=b,
        shift=shift,
        factor=read_factor(listed, rows, rank),
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


def read_ridge_search(value: object, family: Family, schema: int) -> RidgeSearch:
    """Before the third schema there is no tree, and widths 1 and 2 of ``type1`` alone."""
    plain = schema < 3
    degree, rank, *more = fields(value, "degree rank" + ("" if plain else " tree"), "ridge_search")
    covered = not plain or (family.form == "type1" and family.width <= 2)
    require(covered, "this lower bound does not hold for such a family")
    return RidgeSearch(
        degree=integer(degree, 0, MAX_DEGREE, "degree"),
        width=family.width,
        rank=integer(rank, family.rank, family.rank, "rank"),
        tree=None if plain else _read_tree(more[0]),
    )


def _read_tree(value: object) -> str:
    """Cuts as hexadecimal digits, four each, the first in the highest bit."""
    text = value if type(value) is str else ""
    fine = _TREE.fullmatch(text) is not None and 4 * len(text) <= MAX_TREE + 3
    require(fine, f"tree must be hexadecimal digits, of at most {MAX_TREE} cuts")
    return "".join(f"{int(digit, 16):04b}" for digit in text)
