"""What a matrix of moments loses at a given rank, with the data that prove it.

For a Hermitian G, any z >= 0 and any matrix B: if z I + B B* - G is positive definite, then
trace(P G) <= rank z + ||B||_F^2 for every orthogonal projection P of this rank, so all but the
``rank`` largest eigenvalues of G add up to at least trace(G) - rank z - ||B||_F^2. With z the next
eigenvalue and B the largest eigenvectors, scaled, nothing is lost; approximations may choose z and
B, since the inequality holds whatever they are. docs/certificates.md states exactly this data.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flint

from expressivity.bounds.hankel_weights import HankelWeights, equal_weights, largest_sum
from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.integrals.moments import CertifiedMoments
from expressivity.bounds.weight_search import good_weights
from expressivity.symbolic.enclosure import precision

_CHOICE_BITS = 128  # of z and of the entries of B
# Added to z, as a part of the largest eigenvalue, for what the approximate eigenvectors lose.
_SLACKS = (-112, -96, -80, -64)


@dataclass(frozen=True, kw_only=True)
class RankTail:
    """A certified lower bound for the distance to every function of a Hankel rank.

    Attributes:
        degree, rank: N and r of docs/certificates.md.
        weights: a and b there.
        shift, factor: z and B, rows x rank; balls of radius 0.
        distance_squared: its ball's lower end bounds the squared distance in L2 of the disk.
    """

    degree: int
    rank: int
    weights: HankelWeights
    shift: flint.arb
    factor: flint.acb_mat
    distance_squared: flint.arb


def rank_tail(
    moments: CertifiedMoments, rank: int, *, search_weights: bool = False
) -> RankTail | None:
    """The best bound over the number of rows, or None where none is certainly positive.

    Args:
        moments: of the target.
        rank: that no function of the class exceeds.
        search_weights: try weights found for these moments, not only equal ones: up to a second
            or so for each rank, and larger bounds.

    Raises:
        ValueError: a rank below 1, or one that needs more rows than the degree gives.

    >>> from expressivity.bounds.integrals.moments import certified_moments
    >>> from expressivity.targets.builtin import t2
    >>> tail = rank_tail(certified_moments(t2(), 12), 2)
    >>> len(tail.weights.rows) > tail.rank, tail.distance_squared > 0
    (True, True)
    """
    degree = len(moments.sequences) - 1
    if not 1 <= rank <= degree:
        raise ValueError(
            f"required: a rank between 1 and the degree of the moments, {degree}; got {rank}: "
            "take more moments"
        )
    with precision(BITS):
        tails = [
            _at(moments, rank, equal_weights(rows, degree)) for rows in range(rank + 1, degree + 2)
        ]
        # Weights are positive: where no equal ones see a distance, no others do.
        if search_weights and any(tail is not None for tail in tails):
            found = good_weights(moments, rank)
            tails += [_at(moments, rank, found)] if found else []
    positive = [tail for tail in tails if tail is not None]
    # Of the norm: the squares of a large or a small function leave the range of floats.
    share = {id(t): float((t.distance_squared / moments.norm_squared).lower()) for t in positive}
    return max(positive, key=lambda tail: share[id(tail)], default=None)


def gram(sequences: Sequence[Sequence[flint.acb]], weights: HankelWeights) -> flint.acb_mat:
    """G of docs/certificates.md, from moments; as many rows as there are row weights."""
    rows = len(weights.rows)
    roots = [flint.arb(a).sqrt() for a in weights.rows]
    total = flint.acb_mat(rows, rows)
    for n, columns in enumerate(weights.columns, rows - 1):
        sequence = sequences[n]
        part = flint.arb.pi() / ((n + 1) * largest_sum(weights.rows, columns))
        shares = [(part * b).sqrt() for b in columns]
        block = flint.acb_mat([
            [root * share * sequence[r + c] for c, share in enumerate(shares)]
            for r, root in enumerate(roots)
        ])  # fmt: skip
        total += block * block.conjugate().transpose()
    return total


def _at(moments: CertifiedMoments, rank: int, weights: HankelWeights) -> RankTail | None:
    found = tail_at(*_spectrum(moments, weights), rank)
    if found is None:
        return None
    return RankTail(
        degree=len(moments.sequences) - 1,
        rank=rank,
        weights=weights,
        shift=found.shift,
        factor=found.factor,
        distance_squared=found.total,
    )


@dataclass(frozen=True, kw_only=True)
class Tail:
    """A bound of the sum of all but the ``rank`` largest eigenvalues, and what proves it.

    Attributes:
        shift, factor: z and B, one row for each of G; balls of radius 0.
        total: a positive ball, whose lower end bounds the sum.
    """

    shift: flint.arb
    factor: flint.acb_mat
    total: flint.arb


def tail_at(
    g: flint.acb_mat, values: list[flint.arb], frame: flint.acb_mat, rank: int
) -> Tail | None:
    """The tail of G at a rank, from what :func:`eigenvectors` gives; None where none is certain."""
    rows = g.nrows()
    basis = flint.acb_mat([row[:rank] for row in frame.tolist()])
    inner = basis.conjugate().transpose() * g * basis
    for slack in _SLACKS:
        loss = values[0] * flint.arb(2) ** slack
        shift = _short(values[rank].max(flint.arb(0)) + loss)
        # Twice, because the eigenvalues may all be equal.
        root = cholesky(inner - _identity(rank, shift - 2 * loss))
        if root is None:
            continue
        factor = flint.acb_mat([[_short(z) for z in row] for row in (basis * root).tolist()])
        square = factor * factor.conjugate().transpose()
        tail = _real_trace(g) - rank * shift - _real_trace(square)
        # Definite in one basis, definite in all; in this one nothing is lost to the balls.
        gap = frame.conjugate().transpose() * (square + _identity(rows, shift) - g) * frame
        if tail > 0 and cholesky(gap) is not None:
            return Tail(shift=shift, factor=factor, total=tail)
    return None


@functools.lru_cache(maxsize=128)
def _spectrum(
    moments: CertifiedMoments, weights: HankelWeights
) -> tuple[flint.acb_mat, list[flint.arb], flint.acb_mat]:
    """G with its :func:`eigenvectors`, the same for every rank, hence for every width."""
    g = gram(moments.sequences, weights)
    return g, *eigenvectors(g)


def _short(number: Any) -> Any:
    """The middle of a ball to fewer bits, exact."""
    with precision(_CHOICE_BITS):
        return (+number).mid()


def eigenvectors(g: flint.acb_mat) -> tuple[list[flint.arb], flint.acb_mat]:
    """Approximate eigenvalues, largest first, and orthonormal eigenvectors.

    Those of nearly equal eigenvalues come out far from orthogonal; two sweeps are enough.
    """
    size = g.nrows()
    values, vectors = g.mid().eig(right=True, algorithm="approx")
    order = sorted(range(size), key=lambda k: values[k].real.mid(), reverse=True)
    basis: list[list[flint.acb]] = []
    for k in order:
        column = [vectors[i, k].mid() for i in range(size)]
        for other in basis * 2:
            overlap = _inner(other, column)
            column = [(b - overlap * a).mid() for a, b in zip(other, column, strict=True)]
        length = _inner(column, column).real.sqrt()
        basis.append([(z / length).mid() for z in column])
    return [values[k].real.mid() for k in order], flint.acb_mat(basis).transpose()


def _inner(one: list[flint.acb], other: list[flint.acb]) -> flint.acb:
    return sum((a.conjugate() * b for a, b in zip(one, other, strict=True)), flint.acb(0))


def _identity(size: int, scale: flint.arb) -> flint.acb_mat:
    return flint.acb_mat([[scale if i == j else 0 for j in range(size)] for i in range(size)])


def _real_trace(matrix: flint.acb_mat) -> flint.arb:
    return sum((matrix[i, i].real for i in range(matrix.nrows())), flint.arb(0))


def cholesky(matrix: flint.acb_mat) -> flint.acb_mat | None:
    """Enclosure of the lower triangular L with L L* a Hermitian matrix; its existence is proof.

    None where the matrix is not certainly positive definite.

    >>> cholesky(flint.acb_mat([[4, 2], [2, 2]]))[1, 1].real.mid()
    1.00000000000000
    >>> cholesky(flint.acb_mat([[1, 1], [1, 1]])) is None
    True
    """
    size = matrix.nrows()
    root = flint.acb_mat(size, size)
    for j in range(size):
        # A power of a ball around 0 is not a number; a product is.
        squares = (root[j, k] * root[j, k].conjugate() for k in range(j))
        pivot = (matrix[j, j] - sum(squares, flint.acb(0))).real
        if not pivot > 0:
            return None
        diagonal = pivot.sqrt()
        root[j, j] = diagonal
        for i in range(j + 1, size):
            inner = sum((root[i, k] * root[j, k].conjugate() for k in range(j)), flint.acb(0))
            root[i, j] = (matrix[i, j] - inner) / diagonal
    return root
