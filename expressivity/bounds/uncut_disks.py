"""B8: disks that no change of a gated network cuts (docs/theory.md, section 4, B8).

Over activations that are polynomials on either side of 0, a network with gates is a sum of gates
times polynomials on a disk that none of its M lines cuts, whatever its width. Where each gate is a
function of one affine function of x, the moments of such a sum have a rank R in the arrangement of
B4, for whatever directions and whatever functions; so on this disk the squared error is at least
what the target's moments show beyond that rank. The M lines cut at most M times the weight of the
disks that the heaviest line meets.

Floats choose the disks; moments, ranks and lines are then certain.
Arrays: D disks, N nodes, P rows of a block of moments.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import flint
import numpy as np
import sympy as sp
import torch

from expressivity.bounds.bound import Bound, TargetNorms, off_lines
from expressivity.bounds.disk_layouts import (
    WHOLE,
    Array,
    Disk,
    estimated_line,
    heaviest_line,
    layouts,
)
from expressivity.bounds.hankel_weights import equal_weights
from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.integrals.cubature import EVALUATIONS
from expressivity.bounds.integrals.lines import kink_lines
from expressivity.bounds.integrals.moments import on_disk, zernike_sequences
from expressivity.bounds.integrals.scale import binary_exponent, exponent_of
from expressivity.bounds.integrals.squared_norm import enclosed_square
from expressivity.bounds.rank_tail import cholesky, eigenvectors, gram
from expressivity.bounds.ridge_rank import Moments, hankel, moments_of
from expressivity.classes.families import Family
from expressivity.classes.gated_pieces import gated_piece_rank, gated_planes
from expressivity.symbolic.budget import Budget, OutOfBudgetError
from expressivity.symbolic.enclosure import Enclosure, as_ball, exact_fraction, precision
from expressivity.symbolic.points import as_rational
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.quadrature import Rule, rule
from expressivity.targets.target import Target

MAX_RANK = 8
"""Of the sums: one that is higher leaves nothing to see on small disks."""

_ABOVE = 3  # degrees above the rank
_WHOLE_DEGREE = 20  # on the unit disk
_WANTED_BITS = 60  # of the size of the target, to which the integrals over a disk are known
_WEIGHT_BITS = 64  # of the heaviest disk's weight
_FINALISTS = 4  # whose heaviest lines are enclosed before a choice
_NOISE = 1e-16  # of squares, relative; those of floats carry about 1e-30
_CLEAR = 1 + 1e-9  # from a disk to a kink, over the radius: a choice


@dataclass(frozen=True, kw_only=True)
class UncutDisks:
    """Disks, and what they show.

    Attributes:
        degree: of the moments.
        disks: disjoint, inside the unit disk.
        weights: of each, at most the squared distance on it.
        relative: its lower end bounds the relative L2 distance.
    """

    degree: int
    disks: tuple[Disk, ...]
    weights: tuple[Fraction, ...]
    relative: Enclosure


def bounds(target: Target, family: Family, norms: TargetNorms) -> tuple[Bound, ...]:
    """The bound of a class with gates at its width, at most one, in the norm l2."""
    del norms
    found = cuts_of(family)
    if found is None:
        return ()
    try:
        uncut = uncut_disks(target, *found)
    except OutOfBudgetError:
        return ()
    return () if uncut is None else off_lines(uncut.relative, "uncut-disks", found[1])


def cuts_of(family: Family) -> tuple[int, int] | None:
    """Rank R of a class on a disk, and number M of its lines at its width; None where unknown.

    >>> cuts_of(Family(neuron="one_sided", kind="moa", gate="tanh", dictionary="relu", width=3,
    ...     dimension=2))
    (3, 3)
    """
    rank, planes = gated_piece_rank(family), gated_planes(family)
    if family.dimension != 2 or rank is None or planes is None or rank > MAX_RANK:
        return None
    return rank, planes * family.width


@functools.lru_cache(maxsize=64)
def uncut_disks(target: Target, rank: int, lines: int) -> UncutDisks | None:
    """Distance to all functions that have this rank on every disk that none of so many lines cuts.

    None where it is not certainly positive: on other domains than the unit disk, for kinks that
    are not straight, and for more lines than there are disks for.

    Raises:
        OutOfBudgetError: more than ``cubature.EVALUATIONS`` of the target.

    >>> from expressivity.symbolic.interpret import lower_float
    >>> from expressivity.targets.user import user_target
    >>> round(lower_float(uncut_disks(user_target("x1**3*x2**2"), 2, 0).relative.ball), 3)
    0.131
    """
    if not on_disk(target.domain):
        return None
    try:
        disks = _chosen(target, rank, lines) if lines else WHOLE
        square = enclosed_square(target, EVALUATIONS)
        if not disks or square is None:
            return None
        degree = rank + _ABOVE if lines else _WHOLE_DEGREE
        budget = Budget(EVALUATIONS)
        with precision(BITS):
            tails = [_tail(target, disk, rank, degree, budget) for disk in disks]
            unit = (
                Fraction(2) ** (_exponent(max(tails)) - _WEIGHT_BITS) if max(tails) else Fraction(1)
            )
            whole = [tail // unit for tail in tails]
            left = (
                sum(whole) - lines * heaviest_line(disks, whole) if lines else sum(whole)
            ) * unit
            if not left > 0:
                return None
            relative = Enclosure((as_ball(left) / square).sqrt())
    except ValueError:  # of kinks and poles
        return None
    return UncutDisks(
        degree=degree,
        disks=disks,
        weights=tuple(count * unit for count in whole),
        relative=relative,
    )


def _exponent(value: Fraction) -> int:
    return exponent_of(as_ball(value).upper())


# --- balls


def _tail(target: Target, disk: Disk, rank: int, degree: int, budget: Budget) -> Fraction:
    """At most the squared distance on a disk to functions of this rank, exact."""
    x1, x2 = COORDINATES[:2]
    r = as_rational(disk.radius)
    inside: Any = {x1: as_rational(disk.x1) + r * x1, x2: as_rational(disk.x2) + r * x2}
    moved = cast(sp.Expr, target.expression.xreplace(inside))
    exponent = binary_exponent(target.expression) + _WANTED_BITS
    sequences = zernike_sequences(moved, degree, exponent=exponent, budget=budget)
    g = gram(sequences, equal_weights(rank + 1, degree))
    least = eigenvectors(g)[0][-1]
    # Approximate, so that a little less is tried.
    for loss in (30, 20, 10):
        shift = least * (1 - flint.arb(2) ** -loss)
        if shift > 0 and cholesky(g - flint.acb_mat(_diagonal(rank + 1, shift.mid()))) is not None:
            return exact_fraction(shift.mid()) * disk.radius**2
    return Fraction(0)


def _diagonal(size: int, entry: flint.arb) -> list[list[Any]]:
    return [[entry if i == j else 0 for j in range(size)] for i in range(size)]


# --- floats, to choose disks


def _chosen(target: Target, rank: int, lines: int) -> tuple[Disk, ...]:
    """Those disks, without ones that a kink cuts, for which floats promise most; or none."""
    kinks = kink_lines(target.expression)
    square = enclosed_square(target, EVALUATIONS)
    if square is None:
        return ()
    quadrature = rule(target.domain, order=2 * rank + 2 * _ABOVE + 6)
    noise = _NOISE * float(square * flint.arb(2) ** (-2 * binary_exponent(target.expression)))
    found: list[tuple[float, int, tuple[Disk, ...], Array]] = []
    for place, layout in enumerate(layouts()):
        clear = tuple(disk for disk in layout if not _is_cut(disk, kinks))
        if clear:
            weights_D = _estimates(target, clear, quadrature, rank)
            left = float(weights_D.sum()) - lines * estimated_line(clear, weights_D)
            found.append((left, place, clear, weights_D))
    found.sort(key=lambda entry: entry[:2], reverse=True)
    most, best = noise, ()
    for left, _, disks, weights_D in found[:_FINALISTS]:
        if left <= most:
            break
        whole = [int(weight) for weight in weights_D * 2.0**_WEIGHT_BITS]
        left = math.ldexp(sum(whole) - lines * heaviest_line(disks, whole), -_WEIGHT_BITS)
        most, best = max((most, best), (left, disks), key=lambda entry: entry[0])
    return best


def _is_cut(disk: Disk, kinks: Sequence[Any]) -> bool:
    for line in kinks:
        a, b, c = (float(part) for part in (line.a, line.b, line.c))
        away = abs(a * float(disk.x1) + b * float(disk.x2) - c)
        if away < float(disk.radius) * math.hypot(a, b) * _CLEAR:
            return True
    return False


def _estimates(target: Target, disks: Sequence[Disk], quadrature: Rule, rank: int) -> Array:
    """About the squared distances on the disks, of the target made of size 1."""
    size = 2.0 ** -binary_exponent(target.expression)
    found: list[float] = []
    for disk in disks:
        centre = np.array([float(disk.x1), float(disk.x2)])
        nodes_ND = centre + float(disk.radius) * quadrature.nodes_ND
        values_N = target.values(torch.tensor(nodes_ND)).numpy() * size
        moments: Moments = moments_of(values_N, quadrature, rank + _ABOVE)
        singular_P = np.linalg.svd(hankel(moments, rank + 1), compute_uv=False)
        found.append(float(singular_P[-1] * float(disk.radius)) ** 2)
    return np.array(found)
