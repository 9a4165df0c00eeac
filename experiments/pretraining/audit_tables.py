"""Audits as tables, and what they come to in sentences."""

from typing import Any

from experiments.pretraining.findings import Finding
from experiments.pretraining.tables import Grid, loss
from expressivity.runs.folder import Run

_ERRORS = 2
"""Standard errors on either side, about 95 % where errors are normal."""


def document(run: Run) -> dict[str, Any]:
    """The one audit of a run folder, as JSON; empty where it has not finished."""
    return {} if not run.entries else dict(run.entries[0].record)


def distances(document: dict[str, Any]) -> Grid:
    """How far every layer is from LA and from fixed layers."""
    rows: list[tuple[str, ...]] = []
    for name, layer in document.get("layers", {}).items():
        la, fixed = layer["nearest_la"], layer["nearest_fixed"]
        free = la is not None and not la["optimal"]
        rows.append(
            (
                name,
                layer["class"],
                f"{layer['tokens']:,}",
                distance(la),
                distance(la["relaxed"]) if free else "",
                f"{distance(fixed)} {(fixed or {}).get('activation') or ''}".rstrip(),
            )
        )
    return Grid(
        title="distance from the nearest layer with the same maps, part of the outputs",
        columns=("layer", "class", "tokens", "LA", "LA at least", "fixed"),
        rows=tuple(rows),
    )


def gates(document: dict[str, Any]) -> Grid:
    """What the gates of every layer do, and the loss without."""
    rows: list[tuple[str, ...]] = []
    for name, layer in document.get("layers", {}).items():
        if layer["frozen"] is None:
            continue
        for side, found in enumerate(layer["sides"]):
            numbers = (found[key] for key in ("variance", "entropy", "effective_rank"))
            changes = (change(layer[key]) if side == 0 else "" for key in ("frozen", "replaced"))
            rows.append((name, str(side), *(f"{number:.3g}" for number in numbers), *changes))
    if rows:
        rows.append(
            ("all layers", *[""] * 4, *(change(document[k]) for k in ("frozen", "replaced")))
        )
    return Grid(
        title="coefficients over tokens, and change of loss with constant ones",
        columns=(
            *("layer", "side", "variance", "entropy", "effective rank"),
            *("at their means", "nearest LA"),
        ),
        rows=tuple(rows),
    )


def findings(document: dict[str, Any]) -> list[Finding]:
    """Is the extra expressivity used?"""
    if not document:
        return []
    layers = document["layers"].values()
    found: list[str] = []
    for key, words in (("nearest_la", "LA"), ("nearest_fixed", "fixed")):
        values = [layer[key]["value"] for layer in layers if layer[key] is not None]
        if values:
            found.append(
                f"Of their outputs, layers are {min(values):.3g} to {max(values):.3g} from the "
                f"nearest {words} layer with the same maps."
            )
    if document["frozen"] is None:
        found.append("No layer has gates: each of them is an LA or a fixed layer.")
    for key, words in (
        ("frozen", "all gates at their means"),
        ("replaced", "the nearest LA layers"),
    ):
        if document[key] is not None:
            found.append(
                f"With {words} the loss changes by {change(document[key])} from "
                f"{loss(document['loss'])}; {_verdict(document[key])}."
            )
    return [Finding(text=text) for text in found]


def _verdict(found: dict[str, Any]) -> str:
    if found["standard_error"] is None:
        return "no verdict without an error bar"
    if abs(found["value"]) <= _ERRORS * found["standard_error"]:
        return "not told apart from 0 at two standard errors"
    return "the gates lower the loss" if found["value"] > 0 else "the gates raise the loss"


def distance(found: dict[str, Any] | None) -> str:
    """A distance with its standard error.

    >>> distance({"value": 0.03125, "standard_error": 0.002}), distance(None)
    ('0.0312 +/- 0.002', 'outputs are 0')
    """
    if found is None:
        return "outputs are 0"
    error = found["standard_error"]
    return f"{found['value']:.3g}" + ("" if error is None else f" +/- {error:.1g}")


def change(found: dict[str, Any]) -> str:
    """A change of loss with its standard error.

    >>> change({"value": 0.02, "standard_error": 0.0013})
    '+0.0200 +/- 0.0013'
    """
    error = found["standard_error"]
    return loss(found["value"], sign=True) + ("" if error is None else f" +/- {error:.2g}")
