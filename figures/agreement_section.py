"""The first section of a ``reproduce`` report: every experiment and its numbers.

:func:`register` is an entry point of the group ``expressivity.report_sections``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expressivity.registry import Registry
    from expressivity.report import Section, SectionMaker
    from expressivity.runs.folder import Run
    from figures.agreement import Row


def register(registry: Registry[SectionMaker]) -> None:
    """Add the section.

    >>> from expressivity.registry import Registry
    >>> sections = Registry("report section")
    >>> register(sections)
    >>> list(sections)
    ['agreement']
    """
    registry.add("agreement", section)


def section(run: Run) -> Section | None:
    """Claims and numbers by experiment, or None for other runs than those of ``reproduce``."""
    from experiments.experiment import EXPERIMENTS, Tier
    from expressivity.report import Section, html
    from figures.agreement import read_rows

    rows = read_rows(run)
    if rows is None:
        return None
    tier = Tier(run.manifest["configuration"]["tier"])
    names = dict.fromkeys(_experiment(row) for row in rows)
    body = html(
        "figures",
        "agreement.html.j2",
        tier=tier,
        compared=sum(row.agrees is not None for row in rows),
        agreeing=sum(row.agrees is True for row in rows),
        experiments=[(EXPERIMENTS[name](tier), _rows_of(name, rows)) for name in names],
    )
    return Section(title="Agreement with the archive", order=5, body=body)


def _experiment(row: Row) -> str:
    return row.name.partition(": ")[0]


def _rows_of(name: str, rows: Sequence[Row]) -> list[tuple[str, Row]]:
    return [(row.name.partition(": ")[2], row) for row in rows if _experiment(row) == name]
