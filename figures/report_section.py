"""Figures in a run's report: those that this run alone is enough for, as inline SVG; the explorer.

:func:`register` is the entry point of the group ``expressivity.report_sections``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expressivity.registry import Registry
    from expressivity.report import Section, SectionMaker
    from expressivity.runs.folder import Run


def register(registry: Registry[SectionMaker]) -> None:
    """Add the sections.

    >>> from expressivity.registry import Registry
    >>> sections = Registry("report section")
    >>> register(sections)
    >>> list(sections)
    ['figures', 'explorer']
    """
    registry.add("figures", section)
    registry.add("explorer", explorer)


def section(run: Run) -> Section | None:
    """The figures of a run, or None where no figure is drawn from runs of its experiment.

    The report of ``reproduce`` shows every figure, from the files that it has written.
    """
    from markupsafe import Markup

    from expressivity.plugins import PluginError
    from expressivity.report import Section, figure_html
    from figures.figure import FIGURES, drawn, rendered
    from figures.runs import Runs

    runs = Runs.of(run)
    whole = run.manifest["configuration"].get("command") == "reproduce"
    made: list[Markup] = []
    for figure in (FIGURES[name] for name in FIGURES):
        file = run.path / "figures" / f"{figure.name}.svg"
        if whole and file.is_file():
            made.append(figure_html(file.read_text("utf-8"), figure.caption, figure.alt))
        if whole or set(figure.needs) != set(runs):
            continue
        try:
            made_now = FIGURES.use(figure.name, lambda chosen: drawn(chosen, runs))
            svg = rendered(made_now, "svg").decode()
        except (ValueError, PluginError) as error:  # a run that was cut off lacks numbers yet
            made.append(Markup("<p>The figure {} is not drawn: {}</p>").format(figure.name, error))
        else:
            made.append(figure_html(svg, figure.caption, figure.alt))
    if not made:
        return None
    return Section(title="Figures", order=30, body=Markup("\n").join(made))


def explorer(run: Run) -> Section | None:
    """Where the page of ``expressivity explore`` is, or how to make it; None without fits."""
    from expressivity.report import Section, html
    from figures.explorer.command import PAGE

    if not any(entry.identity.get("unit") == "fit" for entry in run.entries):
        return None
    page = PAGE if (run.path / PAGE).is_file() else None
    body = html("figures.explorer", "section.html.j2", page=page)
    return Section(title="Explorer", order=66, body=body)
