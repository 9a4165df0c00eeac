"""What a finished sweep came to: the best errors of each class on each target."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from expressivity.evidence import Figure
from expressivity.runs.folder import RunFolder
from expressivity.runs.units import Unit
from expressivity.separation.result import NORMS, Result, result_of
from expressivity.separation.unit import FitUnit


@dataclass(frozen=True, kw_only=True)
class Row:
    """The units of one class on one target, and the best of them.

    A class is all but dictionary (for fixed: the activation), seed, loss and optimizer.

    Attributes:
        target: its name, or its expression where a name alone would be ambiguous.
        units: how many are finished.
        key: of the best.
        best: its result, the least l2 error.
    """

    target: str
    units: int
    key: str
    best: Result

    def json(self) -> dict[str, object]:
        """The form of docs/formats.md."""
        return {
            "target": self.target,
            "lambda": self.best.lambda_,
            "family": self.best.family.json(),
            "units": self.units,
            "key": self.key,
            "error": {
                norm: Figure(value=self.best.error[norm], evidence=self.best.error_evidence).json()
                for norm in NORMS
            },
        }

    @property
    def label(self) -> str:
        """The class in words."""
        text = self.best.family.label
        return text if self.best.family.bias else f"{text} no bias"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """All rows, in the order of the units, with what must not be overlooked."""

    rows: tuple[Row, ...]
    contradictions: tuple[str, ...]
    seconds: float


def summarize(units: Sequence[Unit], folder: RunFolder) -> Summary:
    """Read the finished units of a folder, one after another.

    Units that are no fits have their own records, which this leaves alone.
    """
    rows: dict[str, Row] = {}
    names: dict[tuple[str, float | None], set[str]] = {}
    contradictions: list[str] = []
    seconds: list[float] = []
    for unit in units:
        entry = folder.load(unit)
        if entry is None:
            continue
        seconds.append(entry.seconds)
        if not isinstance(unit, FitUnit):
            continue
        result = result_of(entry)
        contradictions += result.contradictions
        row = Row(target=entry.identity["expression"], units=1, key=entry.key, best=result)
        names.setdefault((result.target, result.lambda_), set()).add(row.target)
        place = _class(row)
        rows[place] = row if place not in rows else _better(rows[place], row)
    return Summary(
        rows=tuple(_named(row, names) for row in rows.values()),
        contradictions=tuple(contradictions),
        seconds=math.fsum(seconds),
    )


def _named(row: Row, names: dict[tuple[str, float | None], set[str]]) -> Row:
    """With the target's name where no other expression of the sweep has the same."""
    name, rate = row.best.target, row.best.lambda_
    return row if name == "expr" or len(names[name, rate]) > 1 else replace(row, target=name)


def _class(row: Row) -> str:
    family = {**row.best.family.json(), "activation": None, "dictionary": None}
    return json.dumps([row.target, row.best.lambda_, family])


def _better(old: Row, new: Row) -> Row:
    best = min(old, new, key=_l2)
    return Row(target=best.target, units=old.units + 1, key=best.key, best=best.best)


def _l2(row: Row) -> float:
    error = row.best.error["l2"]
    return math.inf if error is None else error


def counted(left_out: dict[str, int]) -> Iterable[str]:
    """Reasons with their numbers, for people."""
    return (f"{count} left out: {reason}" for reason, count in left_out.items())
