"""The main job, one unit of it: fit a family to a target, measure, bound and decide."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import torch

from expressivity.bounds import TargetNorms, best, lower_bounds
from expressivity.classes.families import Family
from expressivity.classes.networks import parameter_length
from expressivity.classes.structure import Structure
from expressivity.evidence import Membership, Verdict
from expressivity.fitting import (
    Execution,
    FitResult,
    Stopping,
    VariableProjection,
)
from expressivity.fitting.errors import (
    Grid,
    l2_errors,
    measure,
    measuring_grid,
    snapped,
)
from expressivity.fitting.limits import require_fit
from expressivity.fitting.variable_projection import default_linear_block
from expressivity.membership.decide import BUDGETS, decide
from expressivity.membership.witnesses import builtin_witness, start_from
from expressivity.runs.compiling import CompilingUnit, Planned
from expressivity.runs.units import OnProgress, Outcome
from expressivity.separation.fitted import restarted, searched
from expressivity.separation.result import NORMS, RESULT, Result
from expressivity.separation.settings import OPTIMIZERS, Settings
from expressivity.targets.target import Target


@dataclass(frozen=True, kw_only=True)
class FitUnit(CompilingUnit):
    """One work unit: all seeds and restarts of one family on one target.

    Attributes:
        target, family, settings: what is fitted to what, and how.
        narrower: ascending widths of the same class whose best networks a search starts from.
    """

    target: Target
    family: Family
    settings: Settings
    narrower: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        family, settings = self.family, self.settings
        lanes = settings.seeds * settings.restarts
        eliminates = isinstance(OPTIMIZERS[settings.optimizer](Stopping()), VariableProjection)
        require_fit(
            family,
            starts=lanes * settings.candidates,
            lanes=lanes,
            at_once=Execution.for_device(torch.device(settings.device).type).at_once(lanes),
            linear=default_linear_block(family) if eliminates else None,
            node_rows=family.outputs * (1 + family.dimension if settings.loss == "h1" else 1),
            device=settings.device,
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
            "narrower": list(self.narrower),
            "compiled": self.compiled,
            "budgets": BUDGETS,
        }

    @property
    def label(self) -> str:
        """Target and class."""
        return f"{self.target.name} {self.family.label}"

    @property
    def chain(self) -> str:
        """The narrowest unit of the class: wider ones grow from it."""
        if not self.narrower:
            return self.key
        family = self.family.at_width(self.narrower[0])
        return replace(self, family=family, narrower=()).key

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


def units_of(
    target: Target, families: Sequence[Family], settings: Settings, *, compiled: bool = False
) -> list[FitUnit]:
    """A unit for every family; where it searches, from the best narrower networks of its class.

    >>> from expressivity.targets.builtin import t2
    >>> widths = [Family(kind="la", neuron="type1", width=m, dimension=2) for m in (1, 4, 2)]
    >>> [unit.narrower for unit in units_of(t2(), widths, Settings())]
    [(), (1, 2), (1,)]
    """
    return [
        FitUnit(
            target=target,
            family=family,
            settings=settings,
            narrower=_narrower(family, families) if settings.generations else (),
            compiled=compiled,
        )
        for family in families
    ]


def _narrower(family: Family, families: Sequence[Family]) -> tuple[int, ...]:
    """Smaller widths of the same class, ascending."""
    same = [f for f in families if f.groups == family.groups]  # others may not have such a width
    widths = {other.width for other in same if other.at_width(family.width) == family}
    return tuple(sorted(width for width in widths if width < family.width))


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
    bounds = lower_bounds(target, family, norms=TargetNorms(l2=grid.l2, sup=grid.sup))
    if not grid.norm.known:  # numerical bounds rest on it
        bounds = tuple(bound for bound in bounds if bound.evidence.rigorous)
    membership = decide(target, family, bounds)
    # Of a target behind noise no network is there to be found.
    clean = settings.noise is None or settings.noise.size == 0
    sought = clean and membership.verdict is Verdict.MEMBER
    fitted, l2_L = _fitted(unit, grid, sought, on_finished)
    chosen_by_L = l2_L if settings.noise is None else fitted.error_L.nan_to_num(nan=torch.inf)
    winners = chosen_by_L.unflatten(0, (settings.seeds, settings.restarts)).argmin(1).tolist()
    lanes_of_winners = [seed * settings.restarts + lane for seed, lane in enumerate(winners)]
    measured = [_errors(unit, grid, fitted.theta_LP[i], l2_L[i]) for i in lanes_of_winners]
    best_seed = int(chosen_by_L[lanes_of_winners].argmin())

    result = Result(
        target=target.name,
        lambda_=target.lambda_,
        family=family,
        parameters=family.parameter_count,
        restarts=unit.parts,
        failed_lanes=fitted.failed,
        error=measured[best_seed][0],
        seeds=[errors for errors, _ in measured],
        lower_bound={
            "l2": best(bounds, "l2"),
            "sup": best(bounds, "sup"),
            "w1inf": best(bounds, "w1inf"),
        },
        membership=membership,
        witness_l2=_witness_l2(unit, grid, membership),
        norm=grid.norm,
        l2_estimate=measured[best_seed][1],
        seed_estimates=tuple(estimate for _, estimate in measured),
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
    unit: FitUnit, grid: Grid, sought: bool, on_finished: Callable[[int], None] | None
) -> tuple[FitResult, torch.Tensor]:
    """All lanes, and the l2 error of each on the measuring rule: infinite where it failed."""
    family, settings = unit.family, unit.settings
    if settings.generations:
        fitted = searched(
            unit.target,
            family,
            settings,
            sought=sought,
            narrower=unit.narrower,
            compiled=unit.compiled,
        )
        if on_finished is not None:
            on_finished(unit.parts)
    else:
        fitted = restarted(
            unit.target, family, settings, compiled=unit.compiled, on_finished=on_finished
        )
    l2_L = torch.nan_to_num(l2_errors(family, fitted.theta_LP, grid), nan=torch.inf)
    return fitted, l2_L


def _errors(
    unit: FitUnit, grid: Grid, theta_P: torch.Tensor, l2: torch.Tensor
) -> tuple[dict[str, float | None], float | None]:
    """Errors of one lane, and the estimate of l2; without noise once its kinks are tidied."""
    if not torch.isfinite(l2):
        return dict.fromkeys(NORMS), None
    if not unit.settings.noise:
        theta_P = snapped(unit.family, theta_P, grid)
    measured = measure(unit.family, theta_P, grid)
    errors = {norm: _finite(getattr(measured, norm)) for norm in NORMS}
    return errors, _finite(measured.l2_estimate)


def _witness_l2(unit: FitUnit, grid: Grid, membership: Membership) -> float | None:
    witness = builtin_witness(unit.target, unit.family)
    if witness is None or membership.verdict is not Verdict.MEMBER:
        return None
    exact = start_from(unit.family, witness)[None]
    return _finite(float(l2_errors(unit.family, exact, grid)[0]))


def _finite(value: float) -> float | None:
    """Failed values are None: JSON has no others."""
    return value if math.isfinite(value) else None
