"""How the loss falls with size: L = E + A N^-alpha.

N counts parameters. The text seen is the same at every size, so E is the loss at which width
stops to help at this budget, not the entropy of the text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar, nnls

from experiments.pretraining.recipes import Mixing, Recipe, RecipeFactory
from experiments.statistics import LEVEL

SMALLEST = 4
"""Sizes that a fit of three numbers needs, to leave one to be wrong about."""

_UNKNOWNS = 3
_ROUNDING = 1e-9  # the exponent is searched for to about as much
_EXPONENTS = np.geomspace(0.01, 3.0, 61)


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """E + A N^-alpha, all three positive or zero, alpha at most 3.

    Attributes:
        limit, amplitude, exponent: E, A (of N in units of the smallest size), alpha.
        residual: root mean square of what is left, nats per byte.
    """

    limit: float
    amplitude: float
    exponent: float
    residual: float


@dataclass(frozen=True, kw_only=True)
class ScalingFit:
    """A fit to all runs, with profile t intervals.

    An interval holds the values at which the sum of squares, least over the other two unknowns,
    is at most S (1 + t^2 / f): S is the least of all, t the quantile of Student's distribution
    with f degrees of freedom, as many as there are more runs than unknowns. The level of 0.95
    holds about, as the law is not linear in alpha, and for independent errors of one normal
    distribution. Runs of one seed share batches across sizes, so theirs are not quite.

    Source: Bates & Watts, Nonlinear Regression Analysis (1988), chapter 6.

    Attributes:
        sizes: parameters.
        fit: by least squares.
        limit, exponent: (low, high) of E and alpha; ends of the search where they lie beyond;
            None where the law is met to rounding, which says nothing of how far losses vary.
    """

    sizes: tuple[int, ...]
    fit: PowerLaw
    limit: tuple[float, float] | None
    exponent: tuple[float, float] | None


def at_size(recipe: RecipeFactory, dimension: int) -> RecipeFactory:
    """A recipe at another dimension: heads of the same size, rate inversely to the dimension.

    Raises:
        ValueError: heads of that size do not divide the dimension.
    """

    def scaled(mixing: Mixing) -> Recipe:
        found = recipe(mixing)
        old = found.model.dimension
        each = old // found.model.heads
        if dimension < each or dimension % each:
            raise ValueError(f"required: sizes that are multiples of {each}; got {dimension}")
        training = replace(found.training, rate=found.training.rate * old / dimension)
        model = replace(found.model, heads=dimension // each, feed_forward=mixing.family(dimension))
        return replace(found, name=f"{found.name}-{dimension}", model=model, training=training)

    return scaled


def power_law(sizes: Sequence[float], losses: Sequence[float]) -> PowerLaw:
    """The least-squares fit: E and A are linear, alpha is searched for on a line.

    >>> fit = power_law([1, 2, 4, 8], [1 + n**-0.5 for n in (1, 2, 4, 8)])
    >>> round(fit.limit, 4), round(fit.exponent, 4)
    (1.0, 0.5)
    """
    relative_N, loss_N = _arrays(sizes, losses)
    exponent, _ = _least(lambda exponent: _squares(relative_N, loss_N, exponent))
    (limit, amplitude), residual = nnls(_design(relative_N, exponent), loss_N)
    return PowerLaw(
        limit=float(limit),
        amplitude=float(amplitude),
        exponent=exponent,
        residual=float(residual) / len(loss_N) ** 0.5,
    )


def fit_scaling(losses: Mapping[int, Sequence[float]]) -> ScalingFit:
    """Fit losses of several seeds at each size.

    Args:
        losses: nats per byte, by number of parameters.

    Raises:
        ValueError: too few sizes, or a size without a run.
    """
    from scipy.stats import t  # here, as in experiments.statistics

    sizes = sorted(losses)
    if len(sizes) < SMALLEST or not all(losses.values()):
        raise ValueError(
            f"required: finished runs at {SMALLEST} or more sizes for a scaling fit; got "
            f"{sum(map(bool, losses.values()))}"
        )
    runs = [(size, loss) for size in sizes for loss in losses[size]]
    columns = [size for size, _ in runs], [loss for _, loss in runs]
    fit, (relative_N, loss_N) = power_law(*columns), _arrays(*columns)
    if fit.residual <= _ROUNDING * max(loss_N):
        return ScalingFit(sizes=tuple(sizes), fit=fit, limit=None, exponent=None)
    freedom = len(runs) - _UNKNOWNS
    quantile = float(t.ppf((1 + LEVEL) / 2, freedom))
    most = len(runs) * fit.residual**2 * (1 + quantile**2 / freedom)

    def at_exponent(exponent: float) -> float:
        return _squares(relative_N, loss_N, exponent) - most

    def at_limit(limit: float) -> float:
        return _least(lambda exponent: _squares(relative_N, loss_N, exponent, limit))[1] - most

    return ScalingFit(
        sizes=tuple(sizes),
        fit=fit,
        limit=_ends(at_limit, np.linspace(0, max(loss_N), 61), fit.limit),
        exponent=_ends(at_exponent, _EXPONENTS, fit.exponent),
    )


Numbers = NDArray[np.float64]


def _arrays(sizes: Sequence[float], losses: Sequence[float]) -> tuple[Numbers, Numbers]:
    """Sizes in units of the least, and losses."""
    return np.asarray(sizes, float) / min(sizes), np.asarray(losses, float)


def _design(relative_N: Numbers, exponent: float) -> Numbers:
    return np.stack([np.ones_like(relative_N), relative_N**-exponent], axis=1)


def _squares(
    relative_N: Numbers, loss_N: Numbers, exponent: float, limit: float | None = None
) -> float:
    """The least sum of squares at this exponent, over A and, unless it is given, over E."""
    design_N2 = _design(relative_N, exponent)
    if limit is None:
        return float(nnls(design_N2, loss_N)[1]) ** 2
    return float(nnls(design_N2[:, 1:], loss_N - limit)[1]) ** 2


def _least(squares: Callable[[float], float]) -> tuple[float, float]:
    """The exponent of the least sum of squares, and that sum.

    There may be several minima: the best of a grid, refined.
    """
    best = int(np.argmin([squares(exponent) for exponent in _EXPONENTS]))
    around = _EXPONENTS[max(best - 1, 0)], _EXPONENTS[min(best + 1, len(_EXPONENTS) - 1)]
    found: Any = minimize_scalar(squares, bounds=around, method="bounded", options={"xatol": 1e-9})
    return float(found.x), float(found.fun)


def _ends(above: Callable[[float], float], grid: Numbers, inside: float) -> tuple[float, float]:
    """Where a function that is negative inside last changes sign on either side, on a grid."""
    places = np.union1d(grid, [inside])
    within = [i for i, place in enumerate(places) if above(place) <= 0]
    first, last = within[0], within[-1]
    low, high = places[first], places[last]
    if first > 0:
        low = brentq(above, places[first - 1], low)
    if last < len(places) - 1:
        high = brentq(above, high, places[last + 1])
    return float(low), float(high)
