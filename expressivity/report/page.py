"""The page around the sections: one file, nothing fetched, style and script named by hash."""

from collections.abc import Collection, Sequence
from pathlib import Path

from markupsafe import Markup

from expressivity.output import write_atomically
from expressivity.report.atlas import atlas
from expressivity.report.builtin import failures, labels, provenance, rerun, verdict
from expressivity.report.inline import asset, policy
from expressivity.report.ladder import ladder
from expressivity.report.section import SECTIONS, Section, html, sections
from expressivity.runs.folder import Run, read_run

FILE_NAME = "report.html"

Parts = Sequence[tuple[str, Section]]
"""Sections with their registered names."""

SECTIONS.add("verdict", verdict)
SECTIONS.add("atlas", atlas)
SECTIONS.add("ladder", ladder)
SECTIONS.add("labels", labels)
SECTIONS.add("failures", failures)
SECTIONS.add("provenance", provenance)
SECTIONS.add("rerun", rerun)


def write_report(path: Path, *, without: Collection[str] = ()) -> Path:
    """Write ``report.html`` into a run folder; returns the file.

    Args:
        path: the folder.
        without: names of sections to leave out.

    Raises:
        ValueError: the folder is no run folder, or cannot be written.
    """
    run = read_run(path)
    return write_page(run, sections(run, without=without))


def render(run: Run) -> str:
    """The report of a run as one HTML document; the same run gives the same text."""
    return page(run, sections(run))


def write_page(run: Run, parts: Parts) -> Path:
    """As :func:`write_report`, with sections that are there already."""
    # A byte that was no UTF-8 in an argument comes back as half a surrogate pair.
    content = page(run, parts).encode("utf-8", "backslashreplace")
    file = run.path / FILE_NAME
    try:
        write_atomically(file, lambda temporary: temporary.write_bytes(content))
    except OSError as error:
        raise ValueError(
            f"required: a run folder that can be written; {run.path}: {error.strerror}: "
            f"free space or change its permissions"
        ) from error
    return file


def page(run: Run, parts: Parts) -> str:
    """As :func:`render`, with sections that are there already."""
    style, script = (asset("expressivity.report", name) for name in ("page.css", "page.js"))
    return html(
        "expressivity.report",
        "page.html.j2",
        title=_title(run),
        folder=run.path.absolute().name,
        policy=policy(style=style, script=script),
        style=Markup(style),
        script=Markup(script),
        sections=parts,
    )


def _title(run: Run) -> str:
    """The command and what it was about."""
    configuration = run.manifest.get("configuration")
    command = configuration.get("command") if isinstance(configuration, dict) else None
    targets = {str(entry.identity.get("target", "")) for entry in run.entries}
    return " ".join(filter(None, [str(command or "run"), *sorted(targets)]))
