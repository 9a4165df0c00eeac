"""How fits are run: everything that may change a number, beside target and family."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from expressivity.fitting import Adam, Algorithm, LevenbergMarquardt, Stopping, VariableProjection
from expressivity.fitting.limits import MAX_POINTS, require_counts
from expressivity.fitting.search import LEAST_LANES


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Fit noisy values at random points instead of the target on a rule.

    Attributes:
        size: standard deviation of the noise, relative to the target's root mean square.
        points: number of points, drawn uniformly from the domain.
    """

    size: float
    points: int

    def __post_init__(self) -> None:
        if not 0 <= self.size < math.inf or not 1 <= self.points <= MAX_POINTS:
            raise ValueError(
                f"required: noise of a finite size of at least 0 at 1 to {MAX_POINTS} points; got "
                f"size {self.size} at {self.points}"
            )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How fits are run; everything that may change a number.

    Attributes:
        restarts: lanes of each seed.
        candidates: random starts each lane picks its own from.
        generations: of a search (``fitting/search.py``), after the restarts; 0 for the restarts
            alone, each run to its end. By default ``GENERATIONS`` where a search can be.
        seed: of the starts, and of the noise.
        seeds: how many seeds, counted on from ``seed``; they run as lanes of one fit.
        noise: None to fit the target itself.
        loss: ``l2`` or ``h1``, the norm that is minimised.
        optimizer: a name in ``OPTIMIZERS``.
        device, dtype: where and in what the fit runs; measuring is in float64 on the CPU.
    """

    restarts: int = 32
    candidates: int = 16
    generations: int | None = None
    seed: int = 0
    seeds: int = 1
    noise: Noise | None = None
    loss: str = "l2"
    optimizer: str = "varpro"
    device: str = "cpu"
    dtype: str = "float64"

    def __post_init__(self) -> None:
        require_counts(
            seed=self.seed,
            seeds=self.seeds,
            restarts=self.restarts,
            candidates=self.candidates,
            generations=0 if self.generations is None else self.generations,
        )
        if self.generations is None:
            can_search = self.optimizer == "varpro" and self.restarts >= LEAST_LANES
            object.__setattr__(self, "generations", GENERATIONS if can_search else 0)
        for name, value, choices in (
            ("loss", self.loss, LOSSES),
            ("optimizer", self.optimizer, tuple(OPTIMIZERS)),
            ("dtype", self.dtype, DTYPES),
        ):
            if value not in choices:
                raise ValueError(f"unknown {name} {value!r}: choose from {', '.join(choices)}")
        if self.generations and self.optimizer != "varpro":
            raise ValueError(
                "required: no generations with an optimizer other than varpro, which alone has a "
                f"search; got {self.generations} with {self.optimizer}: choose 0"
            )
        if self.generations and self.restarts < LEAST_LANES:
            raise ValueError(
                f"required: at least {LEAST_LANES} restarts with generations, as the lanes of a "
                f"search; got {self.restarts}: choose more, or 0 generations"
            )
        if self.noise is not None and (self.seeds > 1 or self.loss != "l2"):
            raise ValueError(
                "required: one seed and loss l2 with noise, which is drawn from the seed; got "
                f"{self.seeds} seeds and loss {self.loss}"
            )


def brief(settings: Settings) -> Settings:
    """The same with few lanes and generations, for fits on which no verdict rests.

    >>> brief(Settings()).restarts, brief(Settings(restarts=2)).restarts
    (4, 2)
    """
    generations = min(settings.generations or 0, _BRIEF)
    return replace(settings, restarts=min(settings.restarts, _BRIEF), generations=generations)


_BRIEF = 4
GENERATIONS = 60
"""Of a search, where nothing else is asked for."""
LOSSES = ("l2", "h1")
DTYPES = ("float64", "float32")
OPTIMIZERS: dict[str, Callable[[Stopping], Algorithm]] = {
    "varpro": lambda stopping: VariableProjection(stopping=stopping),
    "lm": lambda stopping: LevenbergMarquardt(stopping=stopping),
    "adam": lambda stopping: Adam(
        stopping=Stopping(error=stopping.error, iterations=3000, patience=3000)
    ),
}
