"""``expressivity compare``: two classes, their relation, what separates them."""

from dataclasses import dataclass

from expressivity.classes.gates import GateSpec
from expressivity.commands.console import console, table_console
from expressivity.commands.options import FitOptions, whole_numbers
from expressivity.commands.running import every_core
from expressivity.commands.separate import usable_device
from expressivity.output import ExitCode, write_json
from expressivity.relations.compare import Comparison, related, with_gaps
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit


@dataclass(frozen=True, kw_only=True)
class Options(FitOptions):
    """The command's options as they came."""

    a: str
    b: str
    widths: str = "1,2,4"
    dimension: int | None = None
    gate: str = "tanh"


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
        found = with_gaps(
            found,
            widths,
            settings,
            compile=options.compile,
            on_unit=None if as_json else _told,
        )
    if as_json:
        write_json(found.json())
    else:
        table_console().print(str(found), soft_wrap=True, markup=False, highlight=False)
    return _code(found)


def _told(unit: FitUnit) -> None:
    """Say on a terminal what is being fitted."""
    screen = console(stderr=True)
    if screen.is_terminal:
        screen.print(f"fitting {unit.label}", soft_wrap=True)


def _code(found: Comparison) -> int:
    for line in found.contradictions:
        console(stderr=True).print(f"expressivity: contradiction: {line}", soft_wrap=True)
    if found.contradictions:
        return ExitCode.BROKEN
    return ExitCode.AS_EXPECTED if found.decided else ExitCode.UNDECIDED
