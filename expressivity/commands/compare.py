"""``expressivity compare``: two classes, their relation, what separates them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from expressivity.classes.gates import GateSpec
from expressivity.commands.console import console, table_console
from expressivity.commands.options import FitOptions, whole_numbers
from expressivity.commands.running import every_core, run_units, usual_path
from expressivity.commands.separate import usable_device
from expressivity.output import ExitCode, write_document, write_json
from expressivity.relations.compare import Comparison, related, with_gaps, works
from expressivity.runs.compiling import COMPILED
from expressivity.runs.folder import RunFolder, read_run
from expressivity.runs.provenance import facts
from expressivity.separation.result import result_of
from expressivity.separation.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Options(FitOptions):
    """The command's options as they came."""

    a: str
    b: str
    widths: str = "1,2,4"
    dimension: int | None = None
    gate: str = "tanh"
    out: Path | None = None


def understand(options: Options) -> tuple[tuple[int, ...], GateSpec, Settings]:
    """Widths, gate and settings, before anything is computed.

    Raises:
        ValueError: one line on the first thing that is wrong.

    >>> understand(Options(a="la", b="moa", widths="1,2"))[0]
    (1, 2)
    """
    widths = whole_numbers(options.widths, "widths of at least 1, as 1,2,4")
    settings = options.settings(device=usable_device(options.device))
    return widths, GateSpec(name=options.gate), settings


def run(options: Options, *, as_json: bool) -> int:
    """Print the relation; 3 where a direction is open, 4 where a fit is below a bound."""
    widths, gate, settings = understand(options)
    with every_core():
        found = related(options.a, options.b, gate=gate, dimension=options.dimension)
    found = _fitted(found, options, widths, settings, quiet=as_json)
    if as_json:
        write_json(found.json())
    else:
        table_console().print(str(found), soft_wrap=True, markup=False, highlight=False)
    return _code(found)


def _fitted(
    found: Comparison, options: Options, widths: Sequence[int], settings: Settings, *, quiet: bool
) -> Comparison:
    """The comparison with its fits, all of it kept in a run folder."""
    configuration: dict[str, object] = {
        "command": "compare",
        "sides": [
            [family.json() for family in one.families[found.dimension]]
            for one in (found.a, found.b)
        ],
        "targets": [
            None if direction.separating is None else direction.separating.target.formula
            for direction in (found.a_in_b, found.b_in_a)
        ],
        "widths": list(widths),
        "settings": asdict(settings),
    }
    path = options.out or usual_path(f"compare-{options.a}-{options.b}", configuration)
    fits = works(found, widths, settings, compile=options.compile, folder=path)
    units = [unit for work in fits for unit in work.all_units]
    compiled = any(unit.compiled for unit in units)
    folder = RunFolder(path, configuration=configuration, facts={**facts(), COMPILED: compiled})
    failed = run_units(units, folder, quiet=quiet)
    if failed:
        raise RuntimeError(f"{len(failed)} fits failed: see {path / 'failures'}")
    results = {entry.key: result_of(entry) for entry in read_run(path).entries}
    found = with_gaps(found, fits, lambda unit: results[unit.key])
    write_document(path / "compare.json", found.json())
    return found


def _code(found: Comparison) -> int:
    for line in found.contradictions:
        console(stderr=True).print(f"expressivity: contradiction: {line}", soft_wrap=True)
    if found.contradictions:
        return ExitCode.BROKEN
    return ExitCode.AS_EXPECTED if found.decided else ExitCode.UNDECIDED
