"""``expressivity doctor``."""

from rich.console import Console
from rich.table import Table

from expressivity.classes.audit import THRESHOLD
from expressivity.commands.console import print_table
from expressivity.output import ExitCode, write_json
from expressivity.runs.machine import Report, examine


def run(*, as_json: bool) -> int:
    """Examine the machine and print the report; 1 if an activation in use is inaccurate."""
    report = examine()
    if as_json:
        write_json(report.json())
    else:
        _show(report)
    # Fits run in float64; float32 findings are shown and not held against the machine.
    return ExitCode.OTHERWISE if any(f.dtype == "float64" for f in report.poor) else 0


def _show(report: Report) -> None:
    console = Console()
    machine = report.machine
    memory = "" if machine.memory_gib is None else f", {machine.memory_gib:.0f} GiB"
    console.print(f"{machine.platform}, Python {machine.python}")
    console.print(f"{machine.cores} cores, {machine.threads} torch threads{memory}")
    console.print(f"C++ compiler: {'found' if machine.compiler else 'none: fits run uncompiled'}")
    console.print(f"CUDA: {', '.join(machine.cuda) or 'none'}")
    console.print(", ".join(f"{name} {version}" for name, version in machine.packages.items()))
    table = Table("activation", "quantity", "mode", "dtype", "worst error", "at z", "verdict")
    for finding in report.findings:
        table.add_row(
            finding.activation,
            finding.quantity,
            finding.mode,
            finding.dtype,
            f"{finding.worst:.2f}",
            f"{finding.argument:.4g}",
            "ok" if finding.ok else "poor",
        )
    print_table(table)
    console.print(
        f"Errors are in units of eps times the size and condition of the value; "
        f"ok up to {THRESHOLD:g}."
    )
    for line in report.skipped:
        console.print(f"skipped: {line}")
