"""All lanes of a fit: a search in generations, or restarts run to their ends."""

import functools
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import torch
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.fitting import (
    FitResult,
    Problem,
    Samples,
    Stopping,
    fit,
    make_problem,
    screened_starts,
)
from expressivity.fitting.errors import fit_samples, noisy_samples
from expressivity.fitting.moves import grown
from expressivity.fitting.search import Search, search
from expressivity.separation.settings import OPTIMIZERS, Settings
from expressivity.targets.target import Target

_SETTLED = 2
"""Generations without progress that end a search for what is not known to be there."""


def restarted(
    target: Target,
    family: Family,
    settings: Settings,
    *,
    compiled: bool,
    on_finished: Callable[[int], None] | None = None,
) -> FitResult:
    """Every restart of every seed, run to its end on the full rule."""
    problem = _problem(target, family, settings, compiled=compiled)
    # Round-off of the fit's own arithmetic, with room for a sum over some hundred nodes.
    roundoff = 18 * torch.finfo(problem.x_BEN.dtype).eps
    algorithm = OPTIMIZERS[settings.optimizer](Stopping(error=roundoff))
    starts = [
        screened_starts(
            problem,
            algorithm,
            seed=seed,
            restarts=settings.restarts,
            candidates=settings.candidates,
        )
        for seed in _seeds(settings)
    ]
    return fit(problem, algorithm, torch.cat(starts), on_finished=on_finished)


@functools.lru_cache(maxsize=16)
def searched(
    target: Target,
    family: Family,
    settings: Settings,
    *,
    sought: bool,
    narrower: tuple[int, ...] = (),
    compiled: bool,
) -> FitResult:
    """The lanes of a search for every seed.

    A network that is there is sought to the last generation; where none is known to be, a search
    ends once a population has settled.

    Args:
        target: what is fitted to.
        family: the class.
        settings: how.
        sought: whether the target is known to be a network of the class.
        narrower: widths of the same class, ascending, that are searched before, each from the best
            of the one before it; so that a wider network is at least as good as they.
        compiled: whether programs are.
    """
    full = _problem(target, family, settings, compiled=compiled)
    coarse = _problem(target, family, settings, compiled=compiled, coarse=True)
    how = Search(generations=settings.generations or 0, candidates=settings.candidates)
    if not sought:
        how = replace(how, patience=_SETTLED, populations=1)
    found: list[FitResult] = []
    for place, seed in enumerate(_seeds(settings)):
        given_LP = None
        if narrower:
            given_LP = _grown(target, family, settings, sought, narrower, compiled, place)
        found.append(
            search(full, coarse, lanes=settings.restarts, seed=seed, how=how, given_LP=given_LP)
        )
    names = [field.name for field in fields(FitResult)]
    return FitResult(**{name: torch.cat([getattr(one, name) for one in found]) for name in names})


def _grown(
    target: Target,
    family: Family,
    settings: Settings,
    sought: bool,
    narrower: tuple[int, ...],
    compiled: bool,
    place: int,
) -> Tensor:
    """The best lane of one seed at the last narrower width, in the class itself."""
    below = family.at_width(narrower[-1])
    before = searched(
        target, below, settings, sought=sought, narrower=narrower[:-1], compiled=compiled
    )
    best = place * settings.restarts  # of finished lanes, as errors of others are on a coarser rule
    draw = np.random.default_rng((settings.seed + place, family.width))
    return grown(below, before.theta_LP[best : best + 1], family, draw)


def _problem(
    target: Target, family: Family, settings: Settings, *, compiled: bool, coarse: bool = False
) -> Problem:
    return make_problem(
        family,
        _samples(target, settings, coarse=coarse),
        device=settings.device,
        dtype=torch.float64 if settings.dtype == "float64" else torch.float32,
        compiled=compiled,
    )


def _samples(target: Target, settings: Settings, *, coarse: bool) -> Samples:
    noise = settings.noise
    if noise is None:
        return fit_samples(target, gradient=settings.loss == "h1", coarse=coarse)
    return noisy_samples(target, size=noise.size, points=noise.points, seed=settings.seed)


def _seeds(settings: Settings) -> range:
    return range(settings.seed, settings.seed + settings.seeds)
