"""A ladder: targets, the families fitted to each, and what the finished fits say of the claims."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.fitting.errors import measuring_grid
from expressivity.fitting.program import CLOCK
from expressivity.output import write_document
from expressivity.runs.folder import Entry, Run
from expressivity.runs.provenance import environment
from expressivity.separation.asked import Request
from expressivity.separation.claims import builtin_targets
from expressivity.separation.gaps import Gap, find_gaps
from expressivity.separation.result import Result, result_of
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit, run_unit, units_of
from expressivity.targets.builtin import FURTHER
from expressivity.targets.target import Target

SCHEMA, DOCUMENT = "expressivity.separate/1", "separate.json"
"""Schema and name of the file in a run folder that holds what ``separate --json`` prints."""


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """What is fitted to what.

    Attributes:
        settings: of every fit.
        rungs: each target with its families, smaller kinds first.
        compiled: whether fits run compiled (``runs.compiling``).
        brief: settings of the targets of docs/theory.md, section 7, if others: what is claimed
            there rests on proofs and witnesses.
    """

    settings: Settings
    rungs: tuple[tuple[Target, tuple[Family, ...]], ...]
    compiled: bool = False
    brief: Settings | None = None

    @property
    def units(self) -> list[FitUnit]:
        """All work units in order."""
        return [
            unit
            for target, families in self.rungs
            for unit in units_of(target, families, self._settings(target), compiled=self.compiled)
        ]

    def _settings(self, target: Target) -> Settings:
        return (self.brief or self.settings) if target.name in FURTHER else self.settings

    @property
    def configuration(self) -> dict[str, object]:
        """What makes a run of it this run, as JSON."""
        return {"command": "separate", "units": [unit.identity for unit in self.units]}

    @property
    def rules(self) -> dict[str, object]:
        """Sizes and own error estimates of the quadrature rules, by target."""
        return {target.name: measuring_grid(target).json() for target, _ in self.rungs}


def make_ladder(request: Request, settings: Settings, targets: Iterable[Target]) -> Ladder:
    """The ladder of a request.

    Raises:
        ValueError: a combination of kind and form that does not exist, or a target that is not
            finite or vanishes.
    """
    rungs = tuple((target, tuple(request.families(target))) for target in targets)
    for target, _ in rungs:
        measuring_grid(target)
    return Ladder(settings=settings, rungs=rungs)


def default_ladder(settings: Settings, names: Iterable[str] | None = None) -> Ladder:
    """Built-in targets with the pairs of their claims, as ``separate`` without options.

    Args:
        settings: of every fit.
        names: of the targets; all of them by default.

    >>> [target.name for target, _ in default_ladder(Settings()).rungs][:2]
    ['t1', 't2']
    """
    gate = GateSpec(name="tanh")
    targets = builtin_targets(names, lambda_=2.0, gate=gate.name, form=None, dictionary=None)
    return make_ladder(Request(gate=gate), settings, targets)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a finished ladder says.

    Attributes:
        results: of the units, in order.
        seconds: what each took.
        gaps: of every target and pair of neighbouring kinds.
    """

    results: tuple[Result, ...]
    seconds: tuple[float, ...]
    gaps: tuple[Gap, ...]

    @property
    def contradictions(self) -> list[str]:
        """Fits below a lower bound."""
        return [line for result in self.results for line in result.contradictions]


def find(ladder: Ladder, run: Run) -> Findings:
    """The findings of a run that has every unit of the ladder.

    Raises:
        ValueError: a unit is missing.
    """
    stored = {entry.key: entry for entry in run.entries}
    entries: list[Entry] = []
    for unit in ladder.units:
        if unit.key not in stored:
            raise ValueError(
                f"required: a finished run; {run.path} lacks {unit.label}: run it again to finish"
            )
        entries.append(stored[unit.key])
    return _judged(ladder, map(result_of, entries), [entry.seconds for entry in entries])


def find_here(ladder: Ladder) -> Findings:
    """Run every unit of the ladder in this process, keeping nothing on disk, and judge."""
    results: list[Result] = []
    seconds: list[float] = []
    for unit in ladder.units:
        started = time.perf_counter()
        results.append(run_unit(unit)[0])
        seconds.append(time.perf_counter() - started)
    return _judged(ladder, results, seconds)


def _judged(ladder: Ladder, results: Iterable[Result], seconds: Iterable[float]) -> Findings:
    found = tuple(results)
    gaps: list[Gap] = []
    remaining = iter(found)
    for target, families in ladder.rungs:
        gaps += find_gaps([next(remaining) for _ in families], families, target)
    return Findings(results=found, seconds=tuple(seconds), gaps=tuple(gaps))


def document(findings: Findings, path: Path) -> dict[str, object]:
    """What ``separate --json`` prints (docs/formats.md)."""
    return {
        "schema": SCHEMA,
        "run": str(path),
        "environment": environment(),
        "compile_seconds": CLOCK.seconds,
        "results": [
            {**result.json(), "seconds": seconds}
            for result, seconds in zip(findings.results, findings.seconds, strict=True)
        ],
        "gaps": [gap.json() for gap in findings.gaps],
    }


def write_findings(findings: Findings, path: Path) -> dict[str, object]:
    """Write the document into its run folder, under a digest, and return it."""
    content = document(findings, path)
    write_document(path / DOCUMENT, content)
    return content


def summary(findings: Findings) -> str:
    """One line on what it took: seconds of all processes, added.

    >>> summary(Findings(results=(), seconds=(), gaps=())).split(",")[0]
    '0 fits took 0 s of work'
    """
    return (
        f"{len(findings.results)} fits took {math.fsum(findings.seconds):.0f} s of work, of which "
        f"{CLOCK.seconds:.0f} s compiling."
    )
