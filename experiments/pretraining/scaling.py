"""How the loss falls with size: L = E + A N^-alpha.

N counts parameters. The text seen is the same at every size, so E is the loss at which width
stops to help at this budget, not the entropy of the text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar, nnls

from experiments.pretraining.recipes import Mixing, Recipe, RecipeFactory
from experiments.statistics import LEVEL, RESAMPLES

SMALLEST = 4
"""Sizes that a fit of three numbers needs, to leave one to be wrong about."""

_EXPONENTS = (0.01, 3.0)


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """E + A N^-alpha, all three positive or zero, alpha at most 3.

    Attributes:
        limit, amplitude, exponent: E, A (of N in units of the smallest size), alpha.
        residual: root mean square of what is left, nats a byte.
    """

    limit: float
    amplitude: float
    exponent: float
    residual: float


@dataclass(frozen=True, kw_only=True)
class ScalingFit:
    """A fit with bootstrap intervals over seeds.

    Attributes:
        sizes: parameters.
        fit: to the means over seeds.
        limit, exponent: (low, high) of E and alpha.
    """

    sizes: tuple[int, ...]
    fit: PowerLaw
    limit: tuple[float, float]
    exponent: tuple[float, float]


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
    relative_N, loss_N = np.asarray(sizes, float) / min(sizes), np.asarray(losses, float)

    def linear(exponent: float) -> tuple[np.ndarray, float]:
        design_N2 = np.stack([np.ones_like(relative_N), relative_N**-exponent], axis=1)
        return nnls(design_N2, loss_N)

    # The residual may have several minima: the best of a grid, refined.
    grid = np.geomspace(*_EXPONENTS, 61)
    best = int(np.argmin([linear(exponent)[1] for exponent in grid]))
    around = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    refined: Any = minimize_scalar(
        lambda value: linear(value)[1], bounds=around, method="bounded", options={"xatol": 1e-9}
    )
    exponent = float(refined.x)
    (limit, amplitude), residual = linear(exponent)
    return PowerLaw(
        limit=float(limit),
        amplitude=float(amplitude),
        exponent=exponent,
        residual=float(residual) / len(loss_N) ** 0.5,
    )


def fit_scaling(losses: Mapping[int, Sequence[float]], *, resamples: int = RESAMPLES) -> ScalingFit:
    """Fit losses of several seeds at each size.

    Args:
        losses: nats a byte, by number of parameters.
        resamples: each draws seeds with replacement at every size.

    Raises:
        ValueError: too few sizes, or a size without a run.
    """
    sizes = sorted(losses)
    if len(sizes) < SMALLEST or not all(losses.values()):
        raise ValueError(
            f"required: finished runs at {SMALLEST} or more sizes for a scaling fit; got "
            f"{sum(map(bool, losses.values()))}"
        )
    draw = np.random.default_rng(0)
    samples = [
        power_law(sizes, [float(draw.choice(losses[n], len(losses[n])).mean()) for n in sizes])
        for _ in range(resamples)
    ]
    tails = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)

    def ends(values: list[float]) -> tuple[float, float]:
        low, high = np.quantile(values, tails, method="inverted_cdf")
        return float(low), float(high)

    return ScalingFit(
        sizes=tuple(sizes),
        fit=power_law(sizes, [float(np.mean(losses[n])) for n in sizes]),
        limit=ends([sample.limit for sample in samples]),
        exponent=ends([sample.exponent for sample in samples]),
    )
