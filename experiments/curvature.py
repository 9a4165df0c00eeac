"""The price of a small error on t1: networks of C^1 activations against a bound by curvature."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp
import torch

from experiments import reading
from experiments.experiment import EXPERIMENTS, Experiment, Tier
from experiments.reading import fits, health, least, readings
from expressivity.bounds.curvature import curvature_bound, needed_curvature
from expressivity.certificates.network_error import exact_weights, network_error
from expressivity.certificates.writer import curvature_certificate
from expressivity.checker import check_document
from expressivity.classes.curvature import network_curvature
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.classes.weights import Weights, start_from
from expressivity.runs.folder import Run
from expressivity.runs.units import OnProgress, Outcome, Unit
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit
from expressivity.symbolic.enclosure import Enclosure, as_ball
from expressivity.symbolic.interpret import lower_float
from expressivity.targets.builtin import t1
from expressivity.targets.target import Target

ACTIVATIONS = ("relu2", "gelu", "silu", "tanh")
OPTIMIZERS = ("varpro", "lm", "adam")
LEARNED = str(Kind.LA)
"""The label of networks whose activation is a learned mixture of these."""
ERRORS = ("1e-2", "1e-3", "1e-4", "1e-6")
CURVATURES = tuple(f"{m}e{k}" for k in range(7) for m in ("1", "3"))
_NAN = math.nan
_EVALUATIONS = 5000  # for a certified error


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network on the plane of curvature and error.

    Attributes:
        label: its activation, ``LEARNED``, or what it is.
        curvature: from its weights, rounded up.
        l2: relative error, measured.
        certified: a certified lower bound of the same, 0 or NaN where a steep network's error is
            not enclosed within the budget.
        bound: of the errors of all networks with this curvature, certified.
        learned: whether its coefficients are.
    """

    label: str
    curvature: float
    l2: float
    certified: float
    bound: float
    learned: bool = False


def placed(target: Target, family: Family, theta_P: torch.Tensor) -> dict[str, float]:
    """Curvature, bound and certified error of one network; all NaN where a weight is no number."""
    if not bool(theta_P.isfinite().all()):
        return {"curvature": _NAN, "bound": _NAN, "certified": _NAN}
    curvature = Enclosure(as_ball(network_curvature(family, exact_weights(family, theta_P))))
    stated = curvature.upper_decimal()
    bound = None if stated == "0" else curvature_bound(target, stated)
    error = network_error(target, family, theta_P, evaluations=_EVALUATIONS).ball
    return {
        "curvature": float(stated),
        "bound": 0.0 if bound is None else lower_float(bound.error.ball),
        "certified": lower_float(error) if error.is_finite() else _NAN,  # too steep
    }


@dataclass(frozen=True, kw_only=True)
class PriceUnit(FitUnit):
    """A fit, each of whose lanes is placed beside the bound: columns of :func:`placed`."""

    @property
    def identity(self) -> dict[str, object]:
        """See :class:`~expressivity.runs.units.Unit`."""
        return {**super().identity, "placed": "curvature"}

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """Fit, then place every lane."""
        outcome = super().run(on_progress)
        rows = [placed(self.target, self.family, theta) for theta in outcome.tensors["theta"]]
        columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
        return replace(outcome, lanes={**outcome.lanes, **columns})


@dataclass(frozen=True, kw_only=True)
class CurveUnit(Unit):
    """The curve, checked; what errors need; and two-neuron quotients, which follow the curve.

    The record holds ``curve`` (curvature, error, checked), ``needs`` (error, curvature) and
    ``quotients`` (curvature, bound, certified).
    """

    target: Target
    curvatures: tuple[str, ...]
    reaches: tuple[int, ...]

    @property
    def identity(self) -> dict[str, object]:
        """See :class:`~expressivity.runs.units.Unit`."""
        return {
            "unit": "curvature curve",
            "target": self.target.name,
            "expression": self.target.formula,
            "curvatures": list(self.curvatures),
            "errors": list(ERRORS),
            "reaches": list(self.reaches),
        }

    @property
    def label(self) -> str:
        """The target."""
        return f"curvature curve {self.target.name}"

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """Certify and check; the quotients are exact, and their errors certified too."""
        family = _quotients(1)
        curve: list[dict[str, object]] = []
        for curvature in self.curvatures:
            bound = curvature_bound(self.target, curvature)
            if bound is None:
                raise ValueError(f"required: a curvature with a bound; got {curvature}")
            document = curvature_certificate(self.target, family, bound)
            value = float(document["lower_bound"]["l2"]["value"])
            checked = check_document(document).outcome
            curve.append({"curvature": curvature, "error": value, "checked": checked})
        needs: list[dict[str, object]] = []
        for error in ERRORS:
            needed = needed_curvature(self.target, error)
            curvature = None if needed is None else float(needed.curvature)
            needs.append({"error": error, "curvature": curvature})
        quotients = [quotient(self.target, reach) for reach in self.reaches]
        if on_progress is not None:
            on_progress(1)
        return Outcome(record={"curve": curve, "needs": needs, "quotients": quotients})


def _quotients(width: int) -> Family:
    return Family(neuron="type1", kind=Kind.FIXED, dictionary="relu2", width=width, dimension=1)


def quotient(target: Target, reach: int) -> dict[str, float]:
    """The network that is t1 but for a constant beyond (-h, h), h = 2^-reach, placed.

    ((1/(4h) + 1/2) relu2(x + h) - (1/(4h) - 1/2) relu2(x - h): x + x^2 + h^2 for x > h.
    """
    family, h = _quotients(2), sp.Rational(1, 2**reach)
    half = sp.Rational(1, 2)
    blocks = {
        "w": [[1, h], [1, -h]],
        "a": [[1 / (4 * h) + half, half - 1 / (4 * h)]],
        "scale0": [[int(name == "relu2")] for name in family.basis],
    }
    exact = Weights(blocks={name: sp.ImmutableMatrix(rows) for name, rows in blocks.items()})
    return placed(target, family, start_from(family, exact))


def networks(run: Run) -> tuple[Network, ...]:
    """Every fitted network of a run that has a curvature, and the quotients."""
    return tuple(_fitted(run)) + tuple(
        Network(label="quotient", l2=found["certified"], **found)
        for entry in run.entries
        for found in entry.record.get("quotients", ())
    )


def _fitted(run: Run) -> Iterator[Network]:
    for found in readings(run):
        lanes = found.lanes()
        if "curvature" not in lanes:
            continue
        rows = zip(lanes["curvature"], lanes["l2"], lanes["certified"], lanes["bound"], strict=True)
        for curvature, l2, certified, bound in rows:
            if math.isfinite(curvature) and math.isfinite(l2):
                yield Network(
                    label=found.label,
                    curvature=curvature,
                    l2=l2,
                    certified=certified,
                    bound=bound,
                    learned=found.kind.learned,
                )


def curve(run: Run) -> tuple[dict[str, Any], ...]:
    """The points of the certified curve: ``curvature``, ``error``, ``checked``."""
    return tuple(point for entry in run.entries for point in entry.record.get("curve", ()))


def headlines(run: Run) -> dict[str, float]:
    """Networks below the curve, how near they come to it, and what errors need."""
    found = networks(run)
    fitted = [one for one in found if one.label != "quotient"]
    learned = [one for one in fitted if one.learned]
    needs = [one for entry in run.entries for one in entry.record.get("needs", ())]
    controls = [r for r in readings(run) if r.kind.learned and "curvature" not in r.lanes()]
    return {
        **health(run),
        "points of the curve not verified": float(
            sum(point["checked"] != "verified" for point in curve(run))
        ),
        "fitted networks": float(len(fitted)),
        "fitted LA networks": float(len(learned)),
        "networks below the curve": float(sum(one.l2 < one.bound for one in found)),
        "fitted networks certified above the curve": float(
            sum(one.certified >= one.bound for one in fitted)
        ),
        "least error over bound, fitted": least(o.l2 / o.bound for o in fitted if o.bound > 0),
        "least error over bound, fitted LA": least(o.l2 / o.bound for o in learned if o.bound > 0),
        "least error over bound, quotients": least(
            one.certified / one.bound for one in found if one.label == "quotient"
        ),
        **{
            f"curvature that an error of {need['error']} needs": need["curvature"]
            for need in needs
            if need["curvature"] is not None
        },
        "LA with kinks, width 1: best l2": least(r.best("l2") for r in controls),
    }


def curvature(tier: Tier) -> Experiment:
    """Networks of the C^1 activations of the seven; small ones need no accelerator."""
    smoke = tier is Tier.SMOKE
    widths = (2,) if smoke else (1, 2, 4, 8)
    many = Settings(
        restarts={Tier.SMOKE: 1, Tier.CPU: 1, Tier.GPU: 8}[tier],
        generations=0,
        seeds=reading.SEEDS,
        device=reading.device(tier),
    )
    return Experiment(
        name="curvature",
        tier=tier,
        title="Error against curvature on t1: what small errors cost in weights",
        claim="B6: no network of C^1 activations, fixed or learned, of whatever width, comes "
        "closer to t1 than its own curvature allows. Control: with relu in the dictionary an LA "
        "network of width 1 and small weights is t1.",
        falsified_by="A network below the certified curve at its own curvature, a point of the "
        "curve that the checker rejects, or no network within a factor of 10.",
        cost="smoke: about 14 s; cpu: about 80 s of processor time; gpu: not measured",
        units=(
            CurveUnit(
                target=t1(),
                curvatures=CURVATURES[:6] if smoke else CURVATURES,
                reaches=(4, 8) if smoke else tuple(range(2, 17, 2)),
            ),
            *(_priced(unit) for unit in _fits(widths, many, smoke=smoke)),
            *fits([t1()], [Kind.LA], [1], replace(many, restarts=4)),
        ),
        headlines=headlines,
    )


def _fits(widths: tuple[int, ...], settings: Settings, *, smoke: bool) -> Iterator[FitUnit]:
    for optimizer in OPTIMIZERS[:1] if smoke else OPTIMIZERS:
        chosen = replace(settings, optimizer=optimizer)
        yield from fits([t1()], [Kind.FIXED], widths, chosen, dictionary=ACTIVATIONS)
    # One optimizer for LA over all of them: its fits take longer.
    yield from fits([t1()], [Kind.LA], widths, settings, dictionary=ACTIVATIONS)


def _priced(unit: FitUnit) -> PriceUnit:
    return PriceUnit(target=unit.target, family=unit.family, settings=unit.settings)


EXPERIMENTS.add("curvature", curvature)
