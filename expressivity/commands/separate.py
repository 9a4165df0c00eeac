"""``expressivity separate``: options to work units, results to tables, JSON and exit code."""

import hashlib
import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from expressivity import __version__
from expressivity.commands.arguments import builtin_target, choice, user_target
from expressivity.doctor import describe_machine
from expressivity.families import Family, Form, Kind
from expressivity.fit.program import CLOCK, compiler_available
from expressivity.gaps import Gap, find_gaps
from expressivity.gates import GateSpec
from expressivity.norms import measuring_grid
from expressivity.output import ExitCode, write_json
from expressivity.separation import Request, Result, Settings, Unit, describe
from expressivity.separation import run as run_units
from expressivity.store import RunFolder
from expressivity.targets import TARGETS, Target, exact


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command's options as they came."""

    targets: tuple[str, ...]
    expr: str | None
    kinds: tuple[str, ...] | None
    form: str | None
    widths: tuple[str, ...] | None
    restarts: int
    candidates: int
    seed: int
    gate: str
    gate_scale: bool
    gate_bias: bool
    bias: bool | None
    lambda_: float
    dictionary: tuple[str, ...] | None
    loss: str
    optimizer: str
    device: str
    dtype: str
    out: Path | None


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the options mean."""

    request: Request
    settings: Settings
    ladders: tuple[tuple[Target, tuple[Family, ...]], ...]

    @property
    def units(self) -> list[Unit]:
        """All work units in order."""
        return [
            Unit(target=target, family=family, settings=self.settings)
            for target, families in self.ladders
            for family in families
        ]

    @property
    def configuration(self) -> dict[str, object]:
        """What makes this run this run, as JSON."""
        return {"command": "separate", "units": [unit.identity for unit in self.units]}


def understand(options: Options) -> Job:
    """Check every option before anything is computed or written.

    Raises:
        ValueError: one line on the first thing that is wrong.
    """
    gate = GateSpec(name=options.gate, scale=options.gate_scale, bias=options.gate_bias)
    exact(options.lambda_)
    if options.dictionary == ():
        raise ValueError("required: a dictionary of at least one activation; got none")
    request = Request(
        kinds=None if options.kinds is None else _kinds(options.kinds),
        form=None if options.form is None else choice(Form, options.form, "form"),
        widths=None if options.widths is None else _widths(options.widths),
        dictionary=options.dictionary,
        gate=gate,
        bias=options.bias,
    )
    settings = Settings(
        restarts=options.restarts,
        candidates=options.candidates,
        seed=options.seed,
        loss=options.loss,
        optimizer=options.optimizer,
        device=_device(options.device),
        dtype=options.dtype,
    )
    targets = _targets(options)
    ladders = tuple((target, tuple(request.families(target))) for target in targets)
    for target in targets:
        measuring_grid(target)
    return Job(request=request, settings=settings, ladders=ladders)


def run(options: Options, *, as_json: bool) -> int:
    """Run the job; the exit code is that of docs/formats.md."""
    with _every_core():
        return _run(understand(options), options.out, as_json=as_json)


@contextmanager
def _every_core() -> Generator[None]:
    before = torch.get_num_threads()
    # All cores this process may use, unless the user has asked for fewer.
    torch.set_num_threads(min(before, len(os.sched_getaffinity(0))))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Paths, names and reasons are printed as they are: brackets and colons mean nothing."""
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def _run(job: Job, out: Path | None, *, as_json: bool) -> int:
    digest = hashlib.sha256(json.dumps(job.configuration, sort_keys=True).encode()).hexdigest()
    path = out or Path("runs") / f"separate-{digest[:10]}"
    messages = _console(stderr=True)
    if not compiler_available() and job.settings.device == "cpu":
        messages.print("no C++ compiler found: fits run uncompiled, several times slower")
    folder = RunFolder(path, configuration=job.configuration, facts=_facts(job))
    with folder.locked():
        results = _run_with_progress(job.units, folder, quiet=as_json)
    for shard in folder.recomputed:
        messages.print(f"unreadable shard {shard}: computed again", soft_wrap=True)

    gaps: list[Gap] = []
    position = 0
    for target, families in job.ladders:
        rows = results[position : position + len(families)]
        position += len(families)
        gaps += find_gaps(rows, families, target)
    contradictions = [line for result in results for line in result.contradictions]
    if as_json:
        write_json(
            {
                "schema": "expressivity.separate/1",
                "run": str(path),
                "environment": environment(),
                "compile_seconds": CLOCK.seconds,
                "results": [result.json() for result in results],
                "gaps": [gap.json() for gap in gaps],
            }
        )
    else:
        _show(results, gaps, path)
    for line in contradictions:
        messages.print(f"expressivity: contradiction: {line}", soft_wrap=True)
    if contradictions:
        return ExitCode.BROKEN
    return ExitCode.OTHERWISE if any(gap.surprising for gap in gaps) else ExitCode.AS_EXPECTED


def _targets(options: Options) -> list[Target]:
    if options.expr is not None:
        if options.targets:
            raise ValueError("required: target names or --expr; got both: give one of them")
        return [user_target(options.expr)]
    form = None if options.form is None else choice(Form, options.form, "form")
    names = dict.fromkeys(options.targets or tuple(TARGETS))
    return [
        builtin_target(
            name,
            lambda_=options.lambda_,
            gate=options.gate,
            form=form,
            dictionary=options.dictionary,
        )
        for name in names
    ]


def _kinds(names: Sequence[str]) -> tuple[Kind, ...]:
    chosen = {choice(Kind, name, "family") for name in names}
    if not chosen:
        raise ValueError("required: at least one family; got none")
    return tuple(kind for kind in Kind if kind in chosen)


def _widths(texts: Sequence[str]) -> tuple[int, ...]:
    try:
        widths = tuple(int(text) for text in texts)
    except ValueError:
        widths = ()
    if not widths or min(widths) < 1:
        raise ValueError(f"required: widths of at least 1, as 1,2,4; got {','.join(texts)!r}")
    return tuple(dict.fromkeys(widths))


def _device(name: str) -> str:
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"unknown device {name!r}: choose from auto, cpu, cuda")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ValueError("required: a CUDA device for --device cuda; torch finds none: use cpu")
    chosen = "cuda" if name != "cpu" and available else "cpu"
    if chosen == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = False
    return chosen


def environment() -> dict[str, object]:
    """Versions and machine facts that go with numbers."""
    return {"expressivity": __version__, **asdict(describe_machine())}


def _facts(job: Job) -> dict[str, object]:
    return {
        "schema": "expressivity.run/1",
        "environment": environment(),
        "git": _git_state(),
        "host": platform.node(),
        "arguments": sys.argv[1:],
        "rules": {target.name: measuring_grid(target).json() for target, _ in job.ladders},
    }


def _git_state() -> dict[str, object] | None:
    """Commit of the checkout this program runs from, and whether it was changed since."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no") != ""
        return {"commit": git("rev-parse", "HEAD"), "changed": changed}
    except (OSError, subprocess.CalledProcessError):
        return None


def _run_with_progress(units: list[Unit], folder: RunFolder, *, quiet: bool) -> list[Result]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    errors = _console(stderr=True)
    hidden = quiet or not errors.is_terminal
    with Progress(*columns, console=errors, disable=hidden, transient=True) as progress:
        task = progress.add_task("fits", total=sum(unit.settings.restarts for unit in units))

        def on_unit(unit: Unit, result: Result) -> None:
            label = f"{unit.target.name} {describe(unit.family.json())}"
            progress.update(task, description=label)

        return run_units(
            units, folder, on_unit=on_unit, on_lanes=lambda count: progress.advance(task, count)
        )


def _show(results: Sequence[Result], gaps: Sequence[Gap], path: Path) -> None:
    plain = _console()
    # Tables keep their columns in pipes and files, where the width is unknown.
    console = plain if plain.is_terminal else _console(width=120)
    table = Table("target", "class", "params", "l2 error", "l2 >=", "w1inf error", "w1inf >=",
                  "membership", box=SIMPLE_HEAD, pad_edge=False)  # fmt: skip
    for result, label in _best_activations(results):
        table.add_row(
            result.target,
            label,
            str(result.parameters),
            _number(result.error["l2"]),
            _bound(result, "l2"),
            _number(result.error["w1inf"]),
            _bound(result, "w1inf"),
            f"{result.membership.verdict} ({result.membership.evidence})",
        )
    console.print(table)
    verdicts = Table("target", "form", "gap", "expected", "confirmed", "strict", "evidence", "why",
                     box=SIMPLE_HEAD, pad_edge=False)  # fmt: skip
    for gap in gaps:
        verdicts.add_row(
            gap.target,
            str(gap.form),
            f"{gap.smaller} < {gap.larger}",
            "-" if gap.expected is None else _yes(gap.expected),
            _yes(gap.confirmed) + (" (!)" if gap.surprising else ""),
            _yes(gap.strict),
            str(gap.evidence),
            gap.reason,
        )
    console.print(verdicts)
    console.print(
        "Errors are numerical; l2 is relative to the target's norm, w1inf absolute. Bounds: "
        "p proved, c certified, n numerical.\n"
        f"{len(results)} fits in {sum(result.seconds for result in results):.0f} s, of which "
        f"{CLOCK.seconds:.0f} s compiling. Run folder: {path}",
        soft_wrap=True,
    )


def _best_activations(results: Sequence[Result]) -> list[tuple[Result, str]]:
    """Rows of the table: of the fixed families that differ in activation only, the best."""
    groups: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        family = result.family
        key = (result.target, family["form"], family["kind"], family["width"])
        groups.setdefault(key, []).append(result)
    rows: list[tuple[Result, str]] = []
    for group in groups.values():
        best = min(group, key=_l2_error)
        label = describe(best.family)
        rows.append((best, label if len(group) == 1 else f"{label}, best of {len(group)} fixed"))
    return rows


def _l2_error(result: Result) -> float:
    error = result.error["l2"]
    return math.inf if error is None else error


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _number(value: float | None) -> str:
    return "failed" if value is None else f"{value:.1e}"


def _bound(result: Result, norm: str) -> str:
    bound = result.lower_bound[norm]
    return "" if bound is None else f"{bound.value:.2g} {bound.evidence[0]}"
