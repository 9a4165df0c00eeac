"""The main job, one unit of it: fit a family to a target, measure, bound and decide."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch

from expressivity.bounds import TargetNorms, best, lower_bounds
from expressivity.classes.families import Family
from expressivity.classes.networks import parameter_length
from expressivity.classes.structure import Structure
from expressivity.evidence import Membership, Verdict
from expressivity.fitting import (
    Adam,
    Algorithm,
    FitResult,
    LevenbergMarquardt,
    Stopping,
    VariableProjection,
    fit,
    make_problem,
    screened_starts,
)
from expressivity.fitting.errors import (
    Grid,
    fit_samples,
    l2_errors,
    measure,
    measuring_grid,
    noisy_samples,
    snapped,
)
from expressivity.fitting.problem import Samples
from expressivity.membership.decide import BUDGETS, decide
from expressivity.membership.witnesses import builtin_witness, start_from
from expressivity.runs.compiling import CompilingUnit, Planned
from expressivity.runs.units import OnProgress, Outcome
from expressivity.separation.result import NORMS, RESULT, Result
from expressivity.targets.target import Target

# What a unit may ask for, counted before anything is allocated: see docs/formats.md, "Limits".
MAX_SEED = 2**31
MAX_STARTS = 2**22
MAX_POINTS = 2**20
MAX_PARAMETERS = 2**13
MAX_NUMBERS = 2**28


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
        seed: of the starts, and of the noise.
        seeds: how many seeds, counted on from ``seed``; they run as lanes of one fit.
        noise: None to fit the target itself.
        loss: ``l2`` or ``h1``, the norm that is minimised.
        optimizer: a name in ``OPTIMIZERS``.
        device, dtype: where and in what the fit runs; measuring is in float64 on the CPU.
    """

    restarts: int = 32
    candidates: int = 16
    seed: int = 0
    seeds: int = 1
    noise: Noise | None = None
    loss: str = "l2"
    optimizer: str = "varpro"
    device: str = "cpu"
    dtype: str = "float64"

    def __post_init__(self) -> None:
        for name, least in (("restarts", 1), ("candidates", 1), ("seed", 0), ("seeds", 1)):
            value = getattr(self, name)
            if type(value) is not int:
                raise ValueError(f"required: {name} as a whole number; got {value!r}")
            if value < least:
                raise ValueError(f"required: {name} of at least {least}; got {value}")
        if self.seed + self.seeds > MAX_SEED:
            raise ValueError(f"required: seeds below {MAX_SEED}; got {self.seed}, {self.seeds}")
        starts = self.seeds * self.restarts * self.candidates
        if starts > MAX_STARTS:
            raise ValueError(
                f"required: seeds * restarts * candidates of at most {MAX_STARTS}; got "
                f"{self.seeds} * {self.restarts} * {self.candidates}: choose smaller ones"
            )
        for name, value, choices in (
            ("loss", self.loss, LOSSES),
            ("optimizer", self.optimizer, tuple(OPTIMIZERS)),
            ("dtype", self.dtype, DTYPES),
        ):
            if value not in choices:
                raise ValueError(f"unknown {name} {value!r}: choose from {', '.join(choices)}")
        if self.noise is not None and (self.seeds > 1 or self.loss != "l2"):
            raise ValueError(
                "required: one seed, whose noise it is, and loss l2 with noise; got "
                f"{self.seeds} seeds and loss {self.loss}"
            )


LOSSES = ("l2", "h1")
DTYPES = ("float64", "float32")
OPTIMIZERS: dict[str, Callable[[Stopping], Algorithm]] = {
    "varpro": lambda stopping: VariableProjection(stopping=stopping),
    "lm": lambda stopping: LevenbergMarquardt(stopping=stopping),
    "adam": lambda stopping: Adam(
        stopping=Stopping(error=stopping.error, iterations=3000, patience=3000)
    ),
}


@dataclass(frozen=True, kw_only=True)
class FitUnit(CompilingUnit):
    """One work unit: all seeds and restarts of one family on one target."""

    target: Target
    family: Family
    settings: Settings

    def __post_init__(self) -> None:
        length = parameter_length(self.family)
        if length > MAX_PARAMETERS:
            raise ValueError(
                f"required: a network of at most {MAX_PARAMETERS} weights, as least squares holds "
                f"their square; {self.family.label} has {length}: choose a smaller width"
            )
        starts = self.settings.seeds * self.settings.restarts * self.settings.candidates
        if starts * length > MAX_NUMBERS:
            raise ValueError(
                f"required: at most {MAX_NUMBERS} weights in all random starts; "
                f"{self.family.label} has {length} in each of {starts}: choose fewer "
                f"restarts or candidates"
            )

    @property
    def identity(self) -> dict[str, object]:
        """Everything its numbers depend on, as JSON."""
        return {
            "unit": "fit",
            "target": self.target.name,
            "expression": self.target.formula,
            "domain": self.target.domain.name,
            "dimension": self.target.dimension,
            "lambda": self.target.lambda_,
            "family": self.family.json(),
            "settings": asdict(self.settings),
            "compiled": self.compiled,
            "budgets": BUDGETS,
        }

    @property
    def label(self) -> str:
        """Target and class."""
        return f"{self.target.name} {self.family.label}"

    @property
    def parts(self) -> int:
        """Lanes."""
        return self.settings.seeds * self.settings.restarts

    @property
    def planned(self) -> Planned:
        """All iterations of all lanes."""
        settings = self.settings
        iterations = OPTIMIZERS[settings.optimizer](Stopping()).stopping.iterations
        return Planned(
            program=(Structure.of(self.family, shared=True), settings.loss, settings.dtype),
            device=settings.device,
            steps=float(self.parts * iterations * parameter_length(self.family)),
        )

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """See :func:`run_unit`; the record is a :class:`Result`."""
        result, lanes = run_unit(self, on_finished=on_progress)
        columns = {**vars(lanes)}
        theta = columns.pop("theta")
        return Outcome(
            record=RESULT.dump_python(result, mode="json"),
            lanes={"lane": list(range(len(lanes.l2))), **columns},
            tensors={"theta": theta.contiguous()},
        )


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """What every restart of a unit came to; lists of equal length, seed after seed."""

    seed: list[int]
    fit_error: list[float]
    l2: list[float]
    status: list[int]
    iterations: list[int]
    theta: torch.Tensor


def run_unit(
    unit: FitUnit, *, on_finished: Callable[[int], None] | None = None
) -> tuple[Result, Lanes]:
    """Fit, measure, bound and decide one unit.

    The best lane is the one with the least l2 error on the measuring rule; with noise, the one
    with the least error on its own samples, as the target would not be known.

    Raises:
        ValueError: a target that is not finite or vanishes.
    """
    target, family, settings = unit.target, unit.family, unit.settings
    grid = measuring_grid(target)
    fitted, l2_L = _fitted(unit, grid, on_finished)
    chosen_by_L = l2_L if settings.noise is None else fitted.error_L.nan_to_num(nan=torch.inf)
    winners = chosen_by_L.unflatten(0, (settings.seeds, settings.restarts)).argmin(1).tolist()
    lanes_of_winners = [seed * settings.restarts + lane for seed, lane in enumerate(winners)]
    by_seed = [_errors(unit, grid, fitted.theta_LP[i], l2_L[i]) for i in lanes_of_winners]
    best_seed = int(chosen_by_L[lanes_of_winners].argmin())

    bounds = lower_bounds(target, family, norms=TargetNorms(l2=grid.l2, sup=grid.sup))
    if not grid.norm.known:  # numerical bounds rest on it
        bounds = tuple(bound for bound in bounds if bound.evidence.rigorous)
    membership = decide(target, family, bounds)
    result = Result(
        target=target.name,
        lambda_=target.lambda_,
        family=family,
        parameters=family.parameter_count,
        restarts=unit.parts,
        failed_lanes=fitted.failed,
        error=by_seed[best_seed],
        seeds=by_seed,
        lower_bound={
            "l2": best(bounds, "l2"),
            "sup": best(bounds, "sup"),
            "w1inf": best(bounds, "w1inf"),
        },
        membership=membership,
        witness_l2=_witness_l2(unit, grid, membership),
        norm=grid.norm,
    )
    seeds = range(settings.seed, settings.seed + settings.seeds)
    lanes = Lanes(
        seed=[seed for seed in seeds for _ in range(settings.restarts)],
        fit_error=fitted.error_L.tolist(),
        l2=l2_L.tolist(),
        status=fitted.status_L.tolist(),
        iterations=fitted.iterations_L.tolist(),
        theta=fitted.theta_LP,
    )
    return result, lanes


def _fitted(
    unit: FitUnit, grid: Grid, on_finished: Callable[[int], None] | None
) -> tuple[FitResult, torch.Tensor]:
    """All lanes, and the l2 error of each on the measuring rule: infinite where it failed."""
    family, settings = unit.family, unit.settings
    problem = make_problem(
        family,
        _samples(unit.target, settings),
        device=settings.device,
        dtype=torch.float64 if settings.dtype == "float64" else torch.float32,
        compiled=unit.compiled,
    )
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
        for seed in range(settings.seed, settings.seed + settings.seeds)
    ]
    fitted = fit(problem, algorithm, torch.cat(starts), on_finished=on_finished)
    l2_L = torch.nan_to_num(l2_errors(family, fitted.theta_LP, grid), nan=torch.inf)
    return fitted, l2_L


def _errors(
    unit: FitUnit, grid: Grid, theta_P: torch.Tensor, l2: torch.Tensor
) -> dict[str, float | None]:
    """Errors of one lane; of a fit without noise once its kinks are tidied."""
    if not torch.isfinite(l2):
        return dict.fromkeys(NORMS)
    if not unit.settings.noise:
        theta_P = snapped(unit.family, theta_P, grid)
    measured = measure(unit.family, theta_P, grid)
    return {norm: _finite(getattr(measured, norm)) for norm in NORMS}


def _witness_l2(unit: FitUnit, grid: Grid, membership: Membership) -> float | None:
    witness = builtin_witness(unit.target, unit.family)
    if witness is None or membership.verdict is not Verdict.MEMBER:
        return None
    exact = start_from(unit.family, witness)[None]
    return _finite(float(l2_errors(unit.family, exact, grid)[0]))


def _samples(target: Target, settings: Settings) -> Samples:
    noise = settings.noise
    if noise is None:
        return fit_samples(target, gradient=settings.loss == "h1")
    return noisy_samples(target, size=noise.size, points=noise.points, seed=settings.seed)


def _finite(value: float) -> float | None:
    """Failed values are None: JSON has no others."""
    return value if math.isfinite(value) else None
