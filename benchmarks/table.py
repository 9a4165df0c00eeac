"""What the documents of the peers say, seed by seed and over the seeds, as Markdown tables.

Standard library only: the process that starts the peers stays small, so that their peak memory
is their own.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

THRESHOLDS = (1e-2, 1e-6, 1e-12)
GROUPS = ("half", "best")
CLAIMED = (("half", 1e-2), ("best", 1e-12))
"""Where this core is to take a tenth of the time of every peer, or the table names the nearer."""
FASTER = 10
OURS = "ours_"
OTHER_MODELS = ("pykan_lbfgs",)


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
        course: seconds, best and median error, sample after sample.
    """

    best: float
    median: float
    cold: float
    warm: float
    peak_mib: float
    reached: dict[tuple[str, float], float]
    course: tuple[tuple[float, float, float], ...]

    def at(self, seconds: float) -> tuple[float, float]:
        """Best and median error at a moment; infinite before the first sample."""
        passed = [(best, middle) for moment, best, middle in self.course if moment <= seconds]
        return passed[-1] if passed else (math.inf, math.inf)

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
        course=tuple(_course(document)),
    )


def _number(error: float | None) -> float:
    return math.inf if error is None else error


def _samples(document: Mapping[str, Any]) -> Iterator[tuple[float, dict[int, float]]]:
    """Seconds, and the errors of the restarts that are sampled then."""
    if document["per_restart"] is None:
        for sample in document["trajectory"]:
            yield sample["seconds"], dict(enumerate(map(_number, sample["errors"])))
        return
    before = 0.0
    for restart, samples in enumerate(document["per_restart"]):
        for second, error in zip(samples["seconds"], samples["errors"], strict=True):
            yield before + second, {restart: _number(error)}
        before += samples["seconds"][-1]  # one restart after another


def _reached(document: Mapping[str, Any], limit: float) -> list[float]:
    """For each restart the seconds until it is at or below the limit."""
    seconds = [math.inf] * len(document["final"])
    for moment, errors in _samples(document):
        for restart, error in errors.items():
            if error <= limit:
                seconds[restart] = min(seconds[restart], moment)
    return seconds


def _course(document: Mapping[str, Any]) -> Iterator[tuple[float, float, float]]:
    """Seconds, best and median error; a restart that has not begun has none."""
    errors = [math.inf] * len(document["final"])
    for moment, sampled in _samples(document):
        for restart, error in sampled.items():
            errors[restart] = error
        yield moment, min(errors), median(errors)


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
            _nearer_text(others, base_row),
            f"When `{base}` ends, at equal time:",
            markdown(
                ["peer", "best error", "median error"], [_at_equal_time(r, base_row) for r in done]
            ),
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


def nearer(rows: Sequence[Row], base: Row) -> dict[str, list[str]]:
    """Peers of the same model less than ``FASTER`` times as slow as the base, by threshold."""
    found: dict[str, list[str]] = {}
    for group, limit in CLAIMED:
        mine = base.reached((group, limit))
        theirs = {row.peer: row.reached((group, limit)) for row in rows}
        found[f"{group} <= {limit:.0e}".replace("e-0", "e-")] = [
            f"{peer} ({_number_cell(seconds / mine)})" if math.isfinite(mine) else peer
            for peer, seconds in theirs.items()
            if peer not in OTHER_MODELS
            and not peer.startswith(OURS)
            and math.isfinite(seconds)
            and not seconds >= FASTER * mine
        ]
    return found


def _nearer_text(rows: Sequence[Row], base: Row) -> str:
    lines = [f"{head}: {', '.join(peers) or 'none'}." for head, peers in nearer(rows, base).items()]
    return (
        f"Peers of the same model that take less than {FASTER} times as long as `{base.peer}` "
        f"(README.md says why): {' '.join(lines)}"
    )


def _at_equal_time(row: Row, base: Row) -> list[str]:
    pairs = zip(row.outcomes, base.outcomes, strict=True)
    errors = [mine.at(its.warm) for mine, its in pairs]
    return [row.peer, *(_error_cell(median(column)) for column in zip(*errors, strict=True))]


def _error_cell(error: float) -> str:
    return f"{error:.1e}" if math.isfinite(error) else "none yet"


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
