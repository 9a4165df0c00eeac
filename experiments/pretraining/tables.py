"""Documents as tables, on a terminal and in the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table of texts.

    Attributes:
        title: what it shows.
        columns: headings.
        rows: as many texts each.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def rich(self) -> Table:
        """For a terminal."""
        table = Table(*self.columns, title=self.title, box=SIMPLE_HEAD, pad_edge=False)
        for row in self.rows:
            table.add_row(*row)
        return table


def losses(document: dict[str, Any]) -> Grid:
    """Means over seeds by arm and rate."""
    groups: dict[tuple[str, float], list[dict[str, Any]]] = {}
    for run in document["runs"]:
        groups.setdefault((run["arm"], run["rate"]), []).append(run)
    return Grid(
        title="losses, nats per byte, means over seeds",
        columns=("arm", "parameters", "rate", "seeds", "validation", "last tenth, training"),
        rows=tuple(
            (
                arm,
                f"{members[0]['parameters']:,}",
                f"{rate:g}" + (" best" if document["best_rates"][arm] == rate else ""),
                str(len(members)),
                *(loss(fmean([run[name] for run in members])) for name in _LOSSES),
            )
            for (arm, rate), members in groups.items()
        ),
    )


def differences(document: dict[str, Any]) -> Grid:
    """Differences at equal rates and at each arm's own best."""
    return Grid(
        title="differences of validation loss, nats per byte, paired by seed",
        columns=("difference", "rates", "mean over seeds", "95 % t interval", "failed"),
        rows=tuple(
            (
                f"{row['arm']} - {row['minus']}",
                f"{row['rates'][0]:g}" if row["equal"] else _own(row["rates"]),
                loss(row["difference"]["value"], sign=True),
                interval(row["difference"]),
                str(row["difference"]["failed"]),
            )
            for row in document["differences"]
        ),
    )


def gates(document: dict[str, Any]) -> Grid:
    """What gates do in every layer, and the loss without it."""
    rows: list[tuple[str, ...]] = []
    for arm in document["gates"]:
        for name, layer in arm["layers"].items():
            for side, found in enumerate(layer["sides"]):
                numbers = [found[key] for key in ("variance", "entropy", "effective_rank")]
                share, largest = max(zip(found["shares"], _coefficients(arm, found), strict=True))
                alone = loss(layer["frozen"], sign=True) if side == 0 else ""
                shown = [*(f"{number:.3g}" for number in numbers), f"{largest} {share:.2f}"]
                rows.append((arm["arm"], name, str(side), *shown, alone))
        whole = loss(arm["frozen"]["value"], sign=True)
        rows.append((arm["arm"], "all layers", "", "", "", "", "", whole))
    return Grid(
        title="coefficients over tokens, and change of loss with each at its mean",
        columns=(
            *("arm", "layer", "side", "variance", "entropy", "effective rank", "largest"),
            "frozen",
        ),
        rows=tuple(rows),
    )


def sizes(document: dict[str, Any]) -> Grid:
    """Losses by size."""
    return Grid(
        title="losses, nats per byte",
        columns=("arm", "parameters", "rate", "seed", "validation"),
        rows=tuple(
            (
                run["arm"],
                f"{run['parameters']:,}",
                f"{run['rate']:.3g}",
                str(run["seed"]),
                loss(run["validation"]),
            )
            for run in document["runs"]
        ),
    )


def fits(document: dict[str, Any]) -> Grid:
    """Scaling fits with their intervals."""
    return Grid(
        title="L = E + A N^-alpha, 95 % profile t intervals",
        columns=("arm", "E", "interval", "alpha", "interval", "residual"),
        rows=tuple(
            (
                row["arm"],
                loss(row["fit"]["limit"]),
                ends(row["limit"]),
                f"{row['fit']['exponent']:.3f}",
                ends(row["exponent"]),
                loss(row["fit"]["residual"]),
            )
            for row in document["fits"]
        ),
    )


def loss(value: float | None, *, sign: bool = False) -> str:
    """A loss or a difference of losses; None is that of runs that failed.

    >>> loss(1.5), loss(-0.25, sign=True), loss(None)
    ('1.5000', '-0.2500', 'failed')
    """
    if value is None:
        return "failed"
    return f"{value:+.4f}" if sign else f"{value:.4f}"


def interval(found: dict[str, Any]) -> str:
    """Ends of an interval of differences, which failed, equal or single ones do not have."""
    if found["low"] is None:
        return "no interval"
    return f"{loss(found['low'], sign=True)} to {loss(found['high'], sign=True)}"


def ends(found: Sequence[float] | None) -> str:
    """Ends of an interval of a fit.

    >>> ends((0.25, 1.5)), ends(None)
    ('0.250 to 1.500', 'no interval')
    """
    return "no interval" if found is None else "{:.3f} to {:.3f}".format(*found)


_LOSSES = ("validation", "training_tail")


def _own(rates: Sequence[float]) -> str:
    return "own best: {:g}, {:g}".format(*rates)


def _coefficients(arm: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Names of the coefficients: activations, or in quadratic their pairs."""
    names = list(arm["dictionary"])
    if len(found["shares"]) == len(names):
        return names
    return [f"{left} {right}" for left in names for right in names]
