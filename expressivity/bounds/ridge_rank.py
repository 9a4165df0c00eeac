"""B4: rank of Zernike moments on the unit disk (docs/theory.md, section 4, B4).

A ridge function g(x.theta) has moments of rank 1 in a Hankel arrangement whose column space is the
same for every degree; a sum of m ridges has rank at most m, whatever the functions g. By Eckart and
Young (doi:10.1007/BF02288367) the singular values beyond m bound the distance to all such sums.
The orthogonal decomposition is that of Logan and Shepp (doi:10.1215/S0012-7094-75-04256-8).

Enclosed moments give a ``certified`` bound; where a target's moments cannot be enclosed, because
its kinks are curved or it takes too many evaluations, floating point gives a ``numerical`` one.
Arrays: N nodes.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import eval_jacobi

from expressivity.bounds.bound import Bound, TargetNorms, relative
from expressivity.bounds.integrals.moments import certified_moments, on_disk
from expressivity.bounds.rank_tail import rank_tail
from expressivity.classes.families import Family
from expressivity.classes.properties import ridge_rank
from expressivity.evidence import Evidence
from expressivity.symbolic.budget import OutOfBudgetError
from expressivity.symbolic.interpret import lower_float
from expressivity.targets.quadrature import Rule, rule
from expressivity.targets.target import Target

default_degree = 20
_safety = 4.0  # times the change from the coarser rule: convergence may be slow
_noise = 1e-9  # relative; float64 moments carry about 1e-13


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Zernike moments up to a degree.

    Attributes:
        sequences: for each degree n the n + 1 moments g_k, k = -n, -n+2, .., n, complex128.
        error: estimate of the L2 norm of what the quadrature got wrong.
    """

    sequences: tuple[NDArray[np.complex128], ...]
    error: float = 0.0


def rank_of(family: Family) -> int | None:
    """The Hankel rank that no network of the class exceeds; None where there is none.

    >>> rank_of(Family(kind="la", neuron="one_sided", width=3, dimension=2))
    6
    """
    per_neuron = ridge_rank(family)
    return None if per_neuron is None else per_neuron * family.width


def bounds(target: Target, family: Family, norms: TargetNorms) -> tuple[Bound, ...]:
    """The ridge-rank bound of a class at its width, at most one, in the norm l2."""
    rank = rank_of(family)
    if rank is None or rank > default_degree or not on_disk(target.domain):
        return ()
    try:
        moments = certified_moments(target, default_degree)
    except (ValueError, OutOfBudgetError):
        return _numerical(target, rank, norms)
    tail = rank_tail(moments, rank)
    if tail is None:
        return ()
    return _bound(lower_float(moments.relative(tail.distance_squared).ball), Evidence.CERTIFIED)


def _numerical(target: Target, rank: int, norms: TargetNorms) -> tuple[Bound, ...]:
    value = relative(tail_bound(zernike_moments(target), rank), norms.l2)
    return _bound(value, Evidence.NUMERICAL) if value > _noise else ()


def _bound(value: float, evidence: Evidence) -> tuple[Bound, ...]:
    return (
        Bound(norm="l2", value=value, evidence=evidence, method="ridge-rank", every_width=False),
    )


@lru_cache(maxsize=64)
def zernike_moments(target: Target, order: int = default_degree) -> Moments:
    """Moments of a target on the unit disk up to degree ``order``, by quadrature.

    Raises:
        ValueError: a domain that is not the unit disk, or a negative order.

    >>> from expressivity.targets.builtin import t2
    >>> [len(sequence) for sequence in zernike_moments(t2(), 3).sequences]
    [1, 2, 3, 4]
    """
    if not on_disk(target.domain):
        raise ValueError(f"required: a target on the unit disk; got one on {target.domain.name}")
    if order < 0:
        raise ValueError(f"required: a degree of at least 0; got {order}")
    # The polynomials of that degree take some of the Gauss points, a steep target the others.
    orders = (34 + 3 * order // 2, 66 + 3 * order // 2)
    coarse, fine = (
        moments_of(target.values(torch.tensor(quadrature.nodes_ND)).numpy(), quadrature, order)
        for quadrature in (rule(target.domain, order=n, kinks=target.kinks) for n in orders)
    )
    pairs = zip(coarse.sequences, fine.sequences, strict=True)
    square = math.fsum(
        math.pi / (n + 1) * float(np.sum(np.abs(a - b) ** 2)) for n, (a, b) in enumerate(pairs)
    )
    return Moments(sequences=fine.sequences, error=_safety * math.sqrt(square))


def moments_of(values_N: NDArray[np.float64], quadrature: Rule, order: int) -> Moments:
    """Moments of a real function from its values at the nodes of a rule on the unit disk.

    g_k = (n+1)/pi int f R_n^abs(k)(r) exp(-i k phi) dx with R_n^k(1) = 1, that is
    R_n^k(r) = r^k P_s^(0,k)(2 r^2 - 1), s = (n - k)/2, P a Jacobi polynomial.
    """
    z_N = quadrature.nodes_ND[:, 0] + 1j * quadrature.nodes_ND[:, 1]
    at_N = 2.0 * np.abs(z_N) ** 2 - 1.0
    sequences = [np.zeros(n + 1, dtype=np.complex128) for n in range(order + 1)]
    power_N = (values_N * quadrature.weights_N).astype(np.complex128)  # times r^k exp(-i k phi)
    for k in range(order + 1):
        for n in range(k, order + 1, 2):
            g = (n + 1) / math.pi * np.sum(power_N * eval_jacobi((n - k) // 2, 0, k, at_N))
            sequences[n][(n + k) // 2] = g
            sequences[n][(n - k) // 2] = np.conj(g)
        power_N = power_N * np.conj(z_N)
    for sequence in sequences:
        sequence.setflags(write=False)
    return Moments(sequences=tuple(sequences))


def tail_bound(moments: Moments, rank: int) -> float:
    """Lower bound on the L2 distance to all functions of this Hankel rank, absolute.

    The best p of step 5 of B4, less the error of the moments (the triangle inequality: the map
    to M_p does not increase norms). 0 where the degree is too small for the rank.

    Raises:
        ValueError: a negative rank.

    >>> from expressivity.targets.builtin import t2
    >>> tail_bound(zernike_moments(t2()), 21)
    0.0
    """
    if rank < 0:
        raise ValueError(f"required: a rank of at least 0; got {rank}")
    degree = len(moments.sequences) - 1
    tails = [
        float(np.linalg.norm(np.linalg.svd(hankel(moments, p), compute_uv=False)[rank:]))
        for p in range(rank + 1, degree + 2)
    ]
    return max(max(tails, default=0.0) - moments.error, 0.0)


def hankel(moments: Moments, rows: int) -> NDArray[np.complex128]:
    """M_p of step 4 of B4, p = rows."""
    blocks: list[NDArray[np.complex128]] = []
    for n in range(rows - 1, len(moments.sequences)):
        columns = n + 2 - rows
        places = np.add.outer(np.arange(rows), np.arange(columns))
        weight = math.sqrt(math.pi / ((n + 1) * min(rows, columns)))
        blocks.append(weight * moments.sequences[n][places])
    return np.concatenate(blocks, axis=1)
