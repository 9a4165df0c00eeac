"""Weights of the rows and columns of the Hankel blocks of moments (docs/theory.md, B4).

Row r of every block counts a_r times, column c of the block of degree n counts b_(n,c) times, as
squares of entries. The rank stays what it is, and the blocks weigh no more than the moments
as long as every moment counts at most once: sum over r + c = j of a_r b_(n,c) <= 1 for all n and j.
Here a and b are whole numbers, and b is divided by the largest of these sums: the inequality then
holds whatever they are, so that any choice of weights proves a bound.
"""

from dataclasses import dataclass

LARGEST = 1_000_000
"""Of the weights that are searched; those that are equal are 1."""


@dataclass(frozen=True, kw_only=True)
class HankelWeights:
    """Positive whole numbers.

    Attributes:
        rows: a_r, as many as the blocks have rows.
        columns: for every degree n >= len(rows) - 1, in order, the n + 2 - len(rows) numbers
            b_(n,c), before the division.
    """

    rows: tuple[int, ...]
    columns: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        assert self.rows and min(self.rows) > 0
        assert all(min(b) > 0 and len(b) == i for i, b in enumerate(self.columns, 1))


def equal_weights(rows: int, degree: int) -> HankelWeights:
    """All 1: a moment that occurs mu times in a block counts 1/mu there, or less.

    >>> equal_weights(2, 3).columns
    ((1,), (1, 1), (1, 1, 1))
    """
    return HankelWeights(
        rows=(1,) * rows, columns=tuple((1,) * (n + 2 - rows) for n in range(rows - 1, degree + 1))
    )


def largest_sum(rows: tuple[int, ...], columns: tuple[int, ...]) -> int:
    """By what the weights of one block's columns are divided: max of sum_(r+c=j) a_r b_c over j.

    >>> largest_sum((1, 2, 1), (3, 1))
    7
    """
    sums = [0] * (len(rows) + len(columns) - 1)
    for r, a in enumerate(rows):
        for c, b in enumerate(columns):
            sums[r + c] += a * b
    return max(sums)
