"""The section of language models in a run's report: findings first, then the tables.

:func:`register` is the entry point of the group ``expressivity.report_sections``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expressivity.registry import Registry
    from expressivity.report import Section, SectionMaker
    from expressivity.runs.folder import Run


def register(registry: Registry[SectionMaker]) -> None:
    """Add the section.

    >>> from expressivity.registry import Registry
    >>> sections = Registry("report section")
    >>> register(sections)
    >>> list(sections)
    ['pretraining']
    """
    registry.add("pretraining", section)


def section(run: Run) -> Section | None:
    """What a run of a command of language models came to; None for other runs."""
    from experiments.pretraining.views import VIEWS
    from expressivity.report import Section, html

    view = VIEWS.get(str(run.manifest["configuration"].get("command")))
    if view is None:
        return None
    document = view.document(run)
    body = html(
        "experiments.pretraining",
        "evidence.html.j2",
        findings=view.findings(document),
        grids=view.tables(document),
        note=view.note,
    )
    return Section(title=view.title, order=15, body=body)
