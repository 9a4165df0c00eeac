"""Numerical distance to sums of m ridge functions on the unit disk, directions optimised.

The degree-n part of a ridge g(x.theta) is any multiple of e_n(theta) (docs/theory.md, section 4,
B4): with the profiles free, the best approximation in given directions is a projection in each
degree on the span of the e_n(theta_j). What is left is minimised over the directions by L-BFGS
from many starts; its gradient is that of variable projection (Golub and Pereyra 1973,
doi:10.1137/0710036), where the coefficients need not be differentiated.

Often the infimum is approached only as directions coalesce. The span then has a limit that a few
more digits of theta do not reveal: singular values below a threshold are dropped, which can only
make the approximation worse. Floating point throughout, so the evidence is ``numerical``.

Arrays: M directions, N degrees, R rows (real coordinates of one degree, padded), P candidates.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.optimize import minimize

from expressivity.bounds.integrals.moments import certified_moments
from expressivity.bounds.integrals.scale import binary_exponent
from expressivity.bounds.ridge_rank import default_degree, zernike_moments
from expressivity.evidence import Evidence
from expressivity.targets.target import Target

Array = NDArray[np.float64]

_rank_tolerance = 1e-8  # singular values of unit vectors; the span is then right to about 1e-8
_full_degree = 60  # of the moments of a target
_search_degree = 24  # for finding directions; the full degree polishes
_polished = 4
_candidates = 48
_low_iterations, _full_iterations = 60, 40


@dataclass(frozen=True, kw_only=True)
class BestRidge:
    """Estimate of a distance to sums of ridges.

    Attributes:
        distance: L2 norm of what is left with these directions, absolute.
        directions: angles in [0, pi]; nearly equal where the infimum is approached by coalescence.
        remainder: squared norm of the degrees without moments, contained in ``distance``.
        evidence: numerical.
    """

    distance: float
    directions: tuple[float, ...]
    remainder: float
    evidence: Evidence = Evidence.NUMERICAL


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rows:
    """Real coordinates: e_n(theta) has scale_NR cos(k_NR theta - phase_NR), f_n has f_NR."""

    f_NR: Array
    k_NR: Array
    phase_NR: Array
    scale_NR: Array
    derivatives: bool


def best_ridge(
    moments: Sequence[NDArray[np.complex128]],
    width: int,
    norm_squared: float,
    *,
    derivatives: bool = False,
    starts: int = 12,
    seed: int = 0,
) -> BestRidge:
    """Smallest L2(disk) distance found from f to sums of ``width`` ridge functions.

    The degrees without moments count as not approximated at all, so that (up to rounding and the
    global search) the estimate stays above the infimum; it tends to what these directions give as
    the degree grows, and ``remainder`` says how much it may be too large.

    Args:
        moments: for n = 0, 1, .. the n + 1 Zernike moments of a real function, k = -n, -n+2, .., n.
        width: number of ridges, at least 0.
        norm_squared: squared norm of f.
        derivatives: of ridges by their directions count as well, those of one-sided neurons.
        starts: random starts, beside those that add one direction at a time.
        seed: of the random starts.

    Raises:
        ValueError: a negative width or number of starts, or moments of another shape.

    >>> saddle = [np.zeros(1), np.zeros(2), np.array([0.25j, 0.0, -0.25j])]  # x1 x2
    >>> [round(best_ridge(saddle, m, math.pi / 24).distance, 6) for m in (0, 1, 2)]
    [0.361801, 0.208886, 0.0]
    """
    if width < 0 or starts < 0:
        raise ValueError(f"required: width and starts of at least 0; got {width} and {starts}")
    _check(moments)
    full = _rows(moments, derivatives)
    remainder = max(norm_squared - float(np.sum(full.f_NR**2)), 0.0)
    directions_M = np.mod(_search(moments, full, width, starts, seed), math.pi)
    left = float(np.sum(_project(full, directions_M)[0]))
    return BestRidge(
        distance=math.sqrt(left + remainder),
        directions=tuple(float(angle) for angle in directions_M),
        remainder=remainder,
    )


def best_ridge_error(target: Target, width: int) -> float:
    """Relative L2 error, numerical, of the best sum of ``width`` ridges found for a target.

    Degrees beyond the highest used are left out: a fit cannot be better in these directions.
    """
    # Squares of a large or a small function leave the range of floats.
    scale = sp.Integer(2) ** -binary_exponent(target.expression)
    target = replace(target, expression=scale * target.expression)
    norm_squared = float(certified_moments(target, default_degree).norm_squared)
    found = best_ridge(zernike_moments(target, _full_degree).sequences, width, norm_squared)
    return math.sqrt(max(found.distance**2 - found.remainder, 0.0) / norm_squared)


def residuals(
    moments: Sequence[NDArray[np.complex128]], directions: Sequence[float]
) -> NDArray[np.float64]:
    """Squared distance of each degree's part of f to the ridges in these directions, shape N.

    Raises:
        ValueError: moments of another shape.

    >>> saddle = [np.zeros(1), np.zeros(2), np.array([0.25j, 0.0, -0.25j])]  # x1 x2
    >>> [round(float(value) * 24 / math.pi, 6) for value in residuals(saddle, [math.pi / 4])]
    [0.0, 0.0, 0.333333]
    """
    _check(moments)
    return _project(_rows(moments, False), np.asarray(directions, dtype=np.float64))[0]


def _check(moments: Sequence[NDArray[np.complex128]]) -> None:
    shapes = [np.shape(row) for row in moments]
    if not moments or any(shape != (n + 1,) for n, shape in enumerate(shapes)):
        raise ValueError(f"required: n + 1 moments for degree n = 0, 1, ..; got shapes {shapes}")


def _rows(moments: Sequence[NDArray[np.complex128]], derivatives: bool) -> _Rows:
    degrees = len(moments)
    f_NR, k_NR, phase_NR, scale_NR = (np.zeros((degrees, degrees)) for _ in range(4))
    for n, row in enumerate(moments):
        k = np.arange(n % 2, n + 1, 2)
        g = np.asarray(row)[(n + k) // 2] * math.sqrt(math.pi / (n + 1))
        twice = np.where(k > 0, math.sqrt(2.0), 1.0)
        positive = k > 0
        k_NR[n, : n + 1] = np.concatenate([k, k[positive]])
        phase_NR[n, len(k) : n + 1] = math.pi / 2
        f_NR[n, : n + 1] = np.concatenate([twice * g.real, -(twice * g.imag)[positive]])
        # Unit vectors, so that the threshold of the rank is the same in every degree.
        scale_NR[n, : n + 1] = np.concatenate([twice, twice[positive]]) / math.sqrt(n + 1)
    return _Rows(
        f_NR=f_NR, k_NR=k_NR, phase_NR=phase_NR, scale_NR=scale_NR, derivatives=derivatives
    )


def _project(rows: _Rows, angles_M: Array) -> tuple[Array, Array]:
    """Squared residuals by degree, shape .. x N, and the gradient of their sum, shape .. x M."""
    if angles_M.shape[-1] == 0:
        return np.sum(rows.f_NR**2, axis=-1), np.zeros_like(angles_M)
    turned = rows.k_NR[..., None] * angles_M[..., None, None, :] - rows.phase_NR[..., None]
    # Shapes .. x N x R x M, and twice as many columns where derivatives count as well.
    e = rows.scale_NR[..., None] * np.cos(turned)
    slopes = (rows.scale_NR * rows.k_NR)[..., None] * np.sin(turned)  # minus the derivative of e
    if rows.derivatives:
        # The derivative's length grows with the degree.
        by = 1.0 / np.arange(1, len(rows.k_NR) + 1)[:, None, None]
        e, slopes = (
            np.concatenate([e, by * slopes], axis=-1),
            np.concatenate([slopes, -by * rows.k_NR[..., None] ** 2 * e], axis=-1),
        )
    u, s, vt = np.linalg.svd(e, full_matrices=False)
    kept = s > _rank_tolerance
    along = np.where(kept, np.einsum("...rm,...r->...m", u, rows.f_NR), 0.0)
    residual = rows.f_NR - np.einsum("...rm,...m->...r", u, along)
    coefficients = np.einsum("...mj,...m->...j", vt, along / np.where(kept, s, 1.0))
    gradient = 2.0 * np.einsum("...nr,...nrm,...nm->...m", residual, slopes, coefficients)
    if rows.derivatives:
        gradient = gradient[..., : angles_M.shape[-1]] + gradient[..., angles_M.shape[-1] :]
    return np.sum(residual**2, axis=-1), gradient


def _search(
    moments: Sequence[NDArray[np.complex128]], full: _Rows, width: int, starts: int, seed: int
) -> Array:
    low = _rows(moments[: _search_degree + 1], full.derivatives)
    found_M = np.zeros(0)
    grid_P = np.linspace(0.0, math.pi, _candidates, endpoint=False)
    for _ in range(width):
        tried = np.concatenate([np.tile(found_M, (_candidates, 1)), grid_P[:, None]], axis=1)
        values = np.sum(_project(low, tried)[0], axis=-1)
        found_M = _descend(low, tried[np.argmin(values)], _low_iterations)
    if width == 0:
        return found_M
    generator = np.random.default_rng(seed)
    drawn = (generator.uniform(0.0, math.pi, width) for _ in range(starts))
    ends = itertools.chain([found_M], (_descend(low, start, _low_iterations) for start in drawn))
    best = sorted(ends, key=lambda angles: _value(low, angles))[:_polished]
    polished = [_descend(full, angles, _full_iterations) for angles in best]
    return min([*best, *polished], key=lambda angles: _value(full, angles))


def _value(rows: _Rows, angles_M: Array) -> float:
    return float(np.sum(_project(rows, angles_M)[0]))


def _descend(rows: _Rows, start_M: Array, iterations: int) -> Array:
    """The best directions that L-BFGS met; the rank may drop on its way, and the value jump."""
    best, best_M = math.inf, start_M
    scale = max(float(np.sum(rows.f_NR**2)), np.finfo(np.float64).tiny)

    def relative(angles_M: Array) -> tuple[float, Array]:
        nonlocal best, best_M
        residuals_N, gradient_M = _project(rows, angles_M)
        value = float(np.sum(residuals_N))
        if value < best:
            best, best_M = value, angles_M.copy()
        return value / scale, gradient_M / scale

    options = {"maxiter": iterations, "ftol": 1e-13, "gtol": 1e-12}
    minimize(relative, start_M, jac=True, method="L-BFGS-B", options=options)
    return best_M
