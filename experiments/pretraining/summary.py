"""Finished runs as one JSON document (docs/pretraining.md)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from experiments.pretraining import ablation, comparison
from experiments.pretraining.comparison import Difference, best_rate, by_arm, differences
from experiments.pretraining.scaling import SMALLEST, fit_scaling
from experiments.statistics import Interval, mean_interval
from expressivity.runs.folder import Entry, Run


def compared(run: Run) -> dict[str, Any]:
    """Runs, differences and gates of a comparison."""
    runs = ordered(run)
    table = by_arm(runs)
    return {
        **_differences(run, comparison.pairs(table)),
        "gates": [
            _gates(chosen)
            for arm in table
            if (chosen := _at(runs, arm, best_rate(table, arm))) and chosen[0].record["gates"]
        ],
    }


def ablated(run: Run) -> dict[str, Any]:
    """Runs of an ablation, and differences at equal rates: own best ones would favour many."""
    found = _differences(run, ablation.pairs(by_arm(ordered(run))))
    return {**found, "differences": [row for row in found["differences"] if row["equal"]]}


def scaled(run: Run) -> dict[str, Any]:
    """Runs and scaling fits; an arm with too few sizes that finished has none."""
    runs = ordered(run)
    losses: dict[str, dict[int, list[float]]] = {}
    for entry in runs:
        sizes = losses.setdefault(entry.record["arm"], {})
        sizes.setdefault(entry.record["parameters"], []).append(entry.record["validation"])
    return {
        "runs": [_run(entry) for entry in runs],
        "fits": [
            {"arm": arm, **asdict(fit_scaling(sizes))}
            for arm, sizes in losses.items()
            if len(sizes) >= SMALLEST
        ],
    }


def ordered(run: Run) -> list[Entry]:
    """Finished runs by arm, size, rate and seed."""
    names = ("arm", "parameters", "rate", "seed")
    return sorted(run.entries, key=lambda entry: [entry.record[name] for name in names])


def _differences(run: Run, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    runs = ordered(run)
    table = by_arm(runs)
    seeds = run.manifest["configuration"].get("seeds", ())
    return {
        "runs": [_run(entry) for entry in runs],
        "best_rates": {arm: best_rate(table, arm) for arm in table},
        "differences": [_difference(found) for found in differences(table, pairs, seeds)],
    }


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
    """Infinite values, which failed runs decide, are null."""
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
        "frozen": _interval(mean_interval([g["frozen"] for g in gates])),
        "layers": {
            name: {
                "frozen": fmean([g["frozen_layer"][name] for g in gates]),
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
        **{name: fmean([entry[name] for entry in found]) for name in numbers},
        "shares": [fmean(column) for column in zip(*(e["shares"] for e in found), strict=True)],
    }
