"""The data of method catalecticant: weights of spherical harmonics, shift and factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

from expressivity.checker.findings import require
from expressivity.checker.reading import fields, hexadecimal, integer, items, matrix

MAX_BALL_DEGREE = 20
MAX_WEIGHT = 10**9 - 1


@dataclass(frozen=True, kw_only=True)
class Flattening:
    """N, r, k, a and b of docs/certificates.md, with shift and factor."""

    degree: int
    rank: int
    row_degree: int
    row_weights: list[int]
    column_weights: list[list[int]]
    shift: Fraction
    factor: list[list[tuple[Fraction, Fraction]]]


def size(degree: int) -> int:
    """How many monomials of a degree there are in three variables."""
    return (degree + 1) * (degree + 2) // 2


def read_flattening(value: object, rank: int) -> Flattening:
    """Data of well-formed sizes, for this rank."""
    names = "degree rank row_degree row_weights column_weights shift factor"
    degree, stated, row_degree, *weights, shift, factor = fields(value, names, "catalecticant")
    integer(degree, 0, MAX_BALL_DEGREE, "degree")
    integer(stated, 1, 4096, "rank")
    require(stated == rank, f"rank must be {rank} for this form and width")
    k = integer(row_degree, 0, degree, "row_degree")
    require(size(k) > rank, "row_degree must give more rows than the rank")
    a = _weights(weights[0], k, "row_weights")
    blocks = items(weights[1], "column_weights", degree - k + 1)
    b = [_weights(block, n, "column_weights") for n, block in enumerate(blocks)]
    found = hexadecimal(shift, "shift")
    require(found >= 0, "shift must not be negative")
    return Flattening(
        degree=degree,
        rank=rank,
        row_degree=k,
        row_weights=a,
        column_weights=b,
        shift=found,
        factor=read_factor(factor, size(k), rank),
    )


def _weights(value: object, degree: int, where: str) -> list[int]:
    """One for every degree of harmonics: this one, and every second below it."""
    listed: Sequence[object] = items(value, where, degree // 2 + 1)
    return [integer(weight, 1, MAX_WEIGHT, where) for weight in listed]


def read_factor(value: object, rows: int, rank: int) -> list[list[tuple[Fraction, Fraction]]]:
    """So many rows of complex numbers, of the same length, which is at most the rank."""
    listed = [items(row, "factor") for row in items(value, "factor", rows)]
    columns = len(listed[0])
    require(all(len(row) == columns for row in listed), "the rows of factor must be equally long")
    require(columns <= rank, "factor must have at most as many columns as the rank")
    return [
        [cast(Any, tuple(pair)) for pair in matrix(row, columns, 2, "factor")] for row in listed
    ]
