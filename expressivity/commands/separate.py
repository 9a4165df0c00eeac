"""``expressivity separate``: options to a ladder, findings to tables, JSON and exit code."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from expressivity.commands.console import console
from expressivity.commands.findings import about, show, verdict
from expressivity.commands.options import ClassOptions, FitOptions, whole_numbers
from expressivity.commands.progress import tell
from expressivity.commands.running import SLOW_SECTIONS, run_units, usual_path
from expressivity.output import ExitCode, write_json
from expressivity.report import write_report
from expressivity.runs.compiling import COMPILED, in_one_mode, is_compiled, wanted
from expressivity.runs.executors import Processes
from expressivity.runs.folder import RunFolder, read_run
from expressivity.runs.provenance import facts
from expressivity.runs.units import Executor, Unit
from expressivity.separation.claims import builtin_targets
from expressivity.separation.ladder import Ladder, find, make_ladder, summary, write_findings
from expressivity.separation.settings import brief
from expressivity.targets.target import Target, exact
from expressivity.targets.user import user_target

_PROCESS = 2.5e6
"""Lanes times iterations times weights that are worth a process (docs/performance.md)."""


@dataclass(frozen=True, kw_only=True)
class Options(ClassOptions, FitOptions):
    """The command's options as they came."""

    targets: tuple[str, ...] = ()
    expr: str | None = None
    widths: str | None = None
    lambda_: float = 2.0
    every: bool = False
    full: bool = False
    out: Path | None = None


def understand(options: Options) -> Ladder:
    """Check every option before anything is computed or written.

    Raises:
        ValueError: one line on the first thing that is wrong.
    """
    exact(options.lambda_)
    widths = options.widths
    if widths is not None:
        widths = whole_numbers(widths, "widths of at least 1, as 1,2,4")
    request = replace(options.request(widths=widths), further=options.every)
    settings = options.settings(device=usable_device(options.device))
    ladder = make_ladder(request, settings, _targets(options))
    return replace(ladder, brief=brief(settings)) if options.every else ladder


def run(options: Options, *, as_json: bool) -> int:
    """Run the job; the exit code is that of docs/formats.md."""
    ladder, asked = understand(options), options.compile
    usual = replace(ladder, compiled=wanted(ladder.units, asked))  # whatever compiler is found
    path = options.out or usual_path("separate", usual.configuration)
    compiled = is_compiled(in_one_mode(ladder.units, asked, folder=path))
    return _run(replace(ladder, compiled=compiled), path, full=options.full, as_json=as_json)


def _run(ladder: Ladder, path: Path, *, full: bool, as_json: bool) -> int:
    folder = RunFolder(
        path,
        configuration=ladder.configuration,
        facts={**facts(), COMPILED: ladder.compiled, "rules": ladder.rules},
    )
    units = sorted(ladder.units, key=lambda unit: -unit.planned.steps)  # the long ones first
    told = (lambda unit: None) if as_json else _Verdicts(ladder, path)
    failed = run_units(units, folder, _executor(ladder), quiet=as_json, on_stored=told)
    if failed:
        raise RuntimeError(f"{len(failed)} fits failed: see {path / 'failures'}")
    findings = find(ladder, read_run(path))
    document = write_findings(findings, path)
    report = write_report(path, without=SLOW_SECTIONS)
    if as_json:
        write_json(document)
    else:
        show(findings.results, findings.gaps, full=full)
        console().print(f"{summary(findings)} Report: {report}", soft_wrap=True)
    for line in findings.contradictions:
        console(stderr=True).print(f"expressivity: contradiction: {line}", soft_wrap=True)
    if findings.contradictions:
        return ExitCode.BROKEN
    if any(gap.surprising for gap in findings.gaps):
        return ExitCode.OTHERWISE
    undecided = any(gap.undecided for gap in findings.gaps)
    return ExitCode.UNDECIDED if undecided else ExitCode.AS_EXPECTED


class _Verdicts:
    """Tells the verdicts on each target as soon as the last of its fits is stored."""

    def __init__(self, ladder: Ladder, path: Path) -> None:
        self._path = path
        there = {shard.stem for shard in path.glob("units/*.parquet")}
        parts = [replace(ladder, rungs=(rung,)) for rung in ladder.rungs]
        self._missing = [(part, {unit.key for unit in part.units} - there) for part in parts]

    def __call__(self, unit: Unit) -> None:
        for part, missing in self._missing:
            if unit.key in missing:
                missing.discard(unit.key)
                if not missing:
                    for gap in find(part, read_run(self._path)).gaps:
                        tell(f"{about(gap)}: {verdict(gap)}")


def _executor(ladder: Ladder) -> Executor | None:
    """As many processes as uncompiled fits are worth and cores there are; None for one alone.

    Their steps are short: most of what threads of one process do, they do one at a time.
    """
    steps = sum(unit.planned.steps for unit in ladder.units if unit.planned.device == "cpu")
    cores = min(torch.get_num_threads(), len(os.sched_getaffinity(0)))
    count = min(cores, int(steps / _PROCESS))
    return None if ladder.compiled or count < 2 else Processes(count)


def _targets(options: Options) -> list[Target]:
    if options.expr is not None:
        if options.targets:
            raise ValueError("required: target names or --expr; got both: give one of them")
        return [user_target(options.expr)]
    return builtin_targets(
        options.targets or None,
        lambda_=options.lambda_,
        gate=options.gate,
        form=options.form,
        dictionary=options.names,
        further=options.every,
    )


def usable_device(name: str) -> str:
    """The device of a name, which may be ``auto``.

    Raises:
        ValueError: another name, or a device that is not there.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"unknown device {name!r}: choose from auto, cpu, cuda")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ValueError("required: a CUDA device for --device cuda; torch finds none: use cpu")
    chosen = "cuda" if name != "cpu" and available else "cpu"
    if chosen == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = False
    return chosen
