"""Finished runs as one JSON document, and as tables."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table as RichTable

from experiments.pretraining.comparison import Difference, best_rate, by_arm, differences
from experiments.pretraining.scaling import SMALLEST, fit_scaling
from experiments.statistics import Interval, bootstrap
from expressivity.store import Entry


def compared(runs: Sequence[Entry], seeds: int) -> dict[str, Any]:
    """Runs, differences and gates of a comparison (docs/pretraining.md)."""
    table = by_arm(runs)
    return {
        "runs": [_run(run) for run in runs],
        "best_rates": {arm: best_rate(table, arm) for arm in table},
        "differences": [_difference(found) for found in differences(table, seeds)],
        "gates": [
            _gates(chosen)
            for arm in table
            if (chosen := _at(runs, arm, best_rate(table, arm))) and chosen[0].record["gates"]
        ],
    }


def scaled(runs: Sequence[Entry]) -> dict[str, Any]:
    """Runs and scaling fits; an arm with too few sizes that finished has none."""
    losses: dict[str, dict[int, list[float]]] = {}
    for run in runs:
        sizes = losses.setdefault(run.record["arm"], {})
        sizes.setdefault(run.record["parameters"], []).append(run.record["validation"])
    return {
        "runs": [_run(run) for run in runs],
        "fits": [
            {"arm": arm, **asdict(fit_scaling(sizes))}
            for arm, sizes in losses.items()
            if len(sizes) >= SMALLEST
        ],
    }


def comparison_tables(document: dict[str, Any]) -> list[RichTable]:
    """Losses by arm and rate, differences, gates."""
    losses = _table("arm", "parameters", "rate", "seeds", "validation loss", "last tenth, training")
    groups: dict[tuple[str, float], list[dict[str, Any]]] = {}
    for run in document["runs"]:
        groups.setdefault((run["arm"], run["rate"]), []).append(run)
    for (arm, rate), members in groups.items():
        means = [_mean([run[name] for run in members]) for name in ("validation", "training_tail")]
        best = " best" if document["best_rates"][arm] == rate else ""
        count = f"{members[0]['parameters']:,}"
        losses.add_row(arm, count, f"{rate:g}{best}", str(len(members)), *map(_loss, means))
    pairs = _table("difference", "rates", "mean over seeds", "95 % interval", "failed")
    for row in document["differences"]:
        rates = f"{row['rates'][0]:g}"
        if row["equal"] is False:
            rates = f"own best: {rates}, {row['rates'][1]:g}"
        found = row["difference"]
        pairs.add_row(
            f"{row['arm']} - {row['minus']}",
            rates,
            _loss(found["value"], sign=True),
            f"{_loss(found['low'], sign=True)} to {_loss(found['high'], sign=True)}",
            str(found["failed"]),
        )
    gates = _table(
        "arm", "layer", "side", "variance", "entropy", "effective rank", "largest", "frozen alone"
    )
    for row in document["gates"]:
        for name, layer in row["layers"].items():
            for side, found in enumerate(layer["sides"]):
                alone = _loss(layer["frozen"], sign=True) if side == 0 else ""
                numbers = [found[key] for key in ("variance", "entropy", "effective_rank")]
                largest = max(zip(found["shares"], _coefficients(row, found), strict=True))
                shown = [*(f"{n:.3g}" for n in numbers), f"{largest[1]} {largest[0]:.2f}"]
                gates.add_row(row["arm"], name, str(side), *shown, alone)
        frozen = _loss(row["frozen"]["value"], sign=True)
        gates.add_row(row["arm"], "all layers", "", "", "", "", "", frozen, end_section=True)
    return [table for table in (losses, pairs, gates) if table.row_count]


def scaling_tables(document: dict[str, Any]) -> list[RichTable]:
    """Losses by size, and the fits."""
    losses = _table("arm", "parameters", "rate", "seed", "validation loss")
    for run in document["runs"]:
        losses.add_row(
            run["arm"],
            f"{run['parameters']:,}",
            f"{run['rate']:g}",
            str(run["seed"]),
            _loss(run["validation"]),
        )
    fits = _table("arm", "E", "interval", "alpha", "interval", "residual")
    for row in document["fits"]:
        fit = row["fit"]
        limit, exponent = ("{:.3f} to {:.3f}".format(*row[name]) for name in ("limit", "exponent"))
        fits.add_row(
            row["arm"],
            _loss(fit["limit"]),
            limit,
            f"{fit['exponent']:.3f}",
            exponent,
            _loss(fit["residual"]),
        )
    return [losses, fits]


def _coefficients(row: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Names of the coefficients: activations, or in quadratic their pairs."""
    names = list(row["dictionary"])
    if len(found["shares"]) == len(names):
        return names
    return [f"{left} {right}" for left in names for right in names]


def _run(run: Entry) -> dict[str, Any]:
    return {"key": run.key, **run.record, "seconds": run.seconds}


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "arm": found.arm,
        "minus": found.minus,
        "rates": list(found.rates),
        "equal": found.equal,
        "difference": _interval(found.interval),
    }


def _interval(found: Interval) -> dict[str, Any]:
    """Infinite ends, which failed runs decide, are null."""
    values = asdict(found)
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items()
    }


def _at(runs: Sequence[Entry], arm: str, rate: float | None) -> list[Entry]:
    return [run for run in runs if run.record["arm"] == arm and run.record["rate"] == rate]


def _gates(runs: Sequence[Entry]) -> dict[str, Any]:
    """Means over the seeds of one arm at its best rate."""
    gates = [run.record["gates"] for run in runs]
    names = [name for name in gates[0]["layers"] if all(name in g["layers"] for g in gates)]
    return {
        "arm": runs[0].record["arm"],
        "rate": runs[0].record["rate"],
        "dictionary": runs[0].record["dictionary"],
        "frozen": _interval(bootstrap([g["frozen"] for g in gates], "mean")),
        "layers": {
            name: {
                "frozen": _mean([g["frozen_layer"][name] for g in gates]),
                "sides": [
                    _mean_statistics([g["layers"][name][side] for g in gates])
                    for side in range(len(gates[0]["layers"][name]))
                ],
            }
            for name in names
        },
    }


def _mean_statistics(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    numbers = ("variance", "entropy", "effective_rank")
    return {
        **{name: _mean([entry[name] for entry in found]) for name in numbers},
        "shares": [_mean(column) for column in zip(*(e["shares"] for e in found), strict=True)],
    }


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _table(*columns: str) -> RichTable:
    return RichTable(*columns, box=SIMPLE_HEAD, pad_edge=False)


def _loss(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "failed"
    return f"{value:+.4f}" if sign else f"{value:.4f}"
