"""What the documents of the peers say, seed by seed and over the seeds, as Markdown tables.

Standard library only: the process that starts the peers stays small, so that their peak memory
is their own.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

THRESHOLDS = (1e-2, 1e-6, 1e-12)
GROUPS = ("half", "best")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One peer on one seed.

    Attributes:
        best, median: relative L2 errors on the fine rule, over the restarts.
        cold: seconds of compilation and first-call set-up.
        warm: seconds of the measured fit.
        peak_mib: peak memory of the peer's process.
        reached: seconds until half of the restarts, and the best one, are at or below each
            threshold; infinite where they never are.
    """

    best: float
    median: float
    cold: float
    warm: float
    peak_mib: float
    reached: dict[tuple[str, float], float]

    def json(self) -> dict[str, Any]:
        """Plain JSON: null for infinite."""
        numbers = {name: getattr(self, name) for name in ("best", "median", "cold", "warm")}
        reached = {f"{group}_{limit:g}": value for (group, limit), value in self.reached.items()}
        values = {**numbers, "peak_mib": self.peak_mib, **reached}
        return {name: x if math.isfinite(x) else None for name, x in values.items()}


def outcome(document: Mapping[str, Any], peak_mib: float) -> Outcome:
    """Read one document of a peer."""
    final = [_number(error) for error in document["final"]]
    reached: dict[tuple[str, float], float] = {}
    for limit in THRESHOLDS:
        seconds = sorted(_reached(document, limit))
        reached["half", limit] = seconds[(len(seconds) + 1) // 2 - 1]
        reached["best", limit] = seconds[0]
    return Outcome(
        best=min(final),
        median=median(final),
        cold=document["cold_seconds"],
        warm=document["warm_seconds"],
        peak_mib=peak_mib,
        reached=reached,
    )


def _number(error: float | None) -> float:
    return math.inf if error is None else error


def _reached(document: Mapping[str, Any], limit: float) -> list[float]:
    """For each restart the seconds until it is at or below the limit."""
    if document["per_restart"] is None:
        seconds = [math.inf] * len(document["final"])
        for sample in reversed(document["trajectory"]):
            for restart, error in enumerate(sample["errors"]):
                if _number(error) <= limit:
                    seconds[restart] = sample["seconds"]
        return seconds
    before, seconds = 0.0, []
    for restart in document["per_restart"]:
        samples = zip(restart["seconds"], restart["errors"], strict=True)
        hits = (second for second, error in samples if _number(error) <= limit)
        seconds.append(before + next(hits, math.inf))
        before += restart["seconds"][-1]  # one restart after another
    return seconds


@dataclass(frozen=True, kw_only=True)
class Row:
    """One peer over the seeds; a peer that failed has no outcomes."""

    peer: str
    restarts: int
    outcomes: tuple[Outcome, ...]

    def middle(self, name: str) -> float:
        """Median over the seeds of one number."""
        return median(getattr(outcome, name) for outcome in self.outcomes)

    def reached(self, key: tuple[str, float]) -> float:
        """Median over the seeds, a seed where it is never reached counting as infinite."""
        return median(outcome.reached[key] for outcome in self.outcomes)

    def reached_cell(self, key: tuple[str, float]) -> str:
        """The median, with the share of seeds where only some reach; or ``never``."""
        hits = sum(math.isfinite(outcome.reached[key]) for outcome in self.outcomes)
        if not hits:
            return "never"
        share = f"{hits}/{len(self.outcomes)}"
        middle = self.reached(key)
        if math.isinf(middle):
            return share
        return _number_cell(middle) + ("" if hits == len(self.outcomes) else f" ({share})")

    def ratio_cell(self, key: tuple[str, float], base: "Row") -> str:
        """How many times longer than the base; ``never`` and ``k/n`` as in the table of seconds."""
        mine, theirs = self.reached(key), base.reached(key)
        if math.isinf(theirs):
            return "-" if math.isinf(mine) else "base never"
        return self.reached_cell(key) if math.isinf(mine) else _number_cell(mine / theirs)


KEYS = tuple((group, limit) for group in GROUPS for limit in THRESHOLDS)
HEADS = tuple(f"{group} <= {limit:.0e}".replace("e-0", "e-") for group, limit in KEYS)


def peers_markdown(rows: Sequence[Row], base: str) -> str:
    """Errors and seconds, times to thresholds, and ratios to the peer called ``base``."""
    done = [row for row in rows if row.outcomes]
    failed = [row.peer for row in rows if not row.outcomes]
    totals = ["peer", "restarts", "best error", "median error", "cold s", "warm s", "peak MiB"]
    parts = [
        markdown(totals, [_totals(row) for row in done]),
        "Seconds until half of the restarts, and until the best one, reach an error:",
        markdown(
            ["peer", *HEADS], [[row.peer, *(row.reached_cell(key) for key in KEYS)] for row in done]
        ),
    ]
    base_row = next((row for row in done if row.peer == base), None)
    if base_row is not None:
        others = [row for row in done if row is not base_row]
        parts += [
            f"The same as multiples of `{base}`:",
            markdown(["peer", "warm", *HEADS], [_ratios(row, base_row) for row in others]),
        ]
    if failed:
        parts.append(f"Failed: {', '.join(failed)}.")
    return "\n\n".join(parts)


def _totals(row: Row) -> list[str]:
    errors = [f"{row.middle(name):.1e}" for name in ("best", "median")]
    seconds = [_number_cell(row.middle(name)) for name in ("cold", "warm")]
    return [row.peer, str(row.restarts), *errors, *seconds, f"{row.middle('peak_mib'):.0f}"]


def _ratios(row: Row, base: Row) -> list[str]:
    warm = _number_cell(row.middle("warm") / base.middle("warm"))
    return [row.peer, warm, *(row.ratio_cell(key, base) for key in KEYS)]


def core_markdown(document: Mapping[str, Any]) -> str:
    """Compiled against eager."""
    head = ["work", "lanes", "threads", "eager ms", "compiled ms", "eager / compiled"]
    return markdown(
        head,
        [
            [
                *(str(row[name]) for name in ("work", "lanes", "threads")),
                *(f"{row[name]:.4f}" for name in ("eager_ms", "compiled_ms")),
                _number_cell(row["ratio"]),
            ]
            for row in document["rows"]
        ],
    )


def growth_markdown(document: Mapping[str, Any]) -> str:
    """Cost against lanes, nodes and width, each also relative to the first row; peak memory."""
    parts: list[str] = []
    for name in ("lanes", "nodes", "width"):
        head = [name, "algorithm", "ms a lane and iteration", "relative cost", "relative size"]
        body = [
            [
                *(str(row["size"]), row["algorithm"], f"{row['ms']:.4f}"),
                *(_number_cell(row[ratio]) for ratio in ("cost", "growth")),
            ]
            for row in document[name]
        ]
        parts.append(markdown(head, body))
    memory = document["memory"]
    parts.append(f"Peak memory at {memory['lanes']:,} lanes: {memory['peak_mib']:.0f} MiB.")
    return "\n\n".join(parts)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table.

    >>> print(markdown(["a", "b"], [["1", "2"]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [list(head), *map(list, rows)]
    text = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([text[0], "|" + "---|" * len(head), *text[1:]])


def _number_cell(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
