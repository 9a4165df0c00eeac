"""What a figure is, and how it becomes files: the same runs give the same bytes.

A figure is a pure function of run folders. Nothing here uses pyplot, so that drawing leaves no
state behind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from expressivity.output import write_atomically
from expressivity.registry import Registry, of_type
from expressivity.runs.folder import Run
from figures.runs import Runs
from figures.style import ALARM, applied

FORMATS: Mapping[str, Mapping[str, Any]] = {
    "pdf": {"metadata": {"CreationDate": None}},
    "png": {"dpi": 220, "metadata": {}},
    "svg": {"metadata": {"Date": None}},
}
"""Formats with what keeps them free of dates."""


@dataclass(frozen=True, kw_only=True)
class PaperFigure:
    """One figure of the paper.

    Attributes:
        name: also of its files.
        title: one line for listings.
        caption: what is shown and how to read it, without numbers that a run decides.
        alt: what it shows, in a sentence, for those who do not see it.
        needs: the experiments whose runs it is drawn from.
        draw: the drawing; raises ValueError where a run lacks what is needed.
    """

    name: str
    title: str
    caption: str
    alt: str
    needs: tuple[str, ...]
    draw: Callable[[Runs], Figure]


FIGURES: Registry[PaperFigure] = Registry(
    "figure", group="expressivity.figures", check=of_type(PaperFigure)
)


def drawn(figure: PaperFigure, runs: Runs) -> Figure:
    """The drawing, in the style of all figures, with a note where a run is not whole.

    Raises:
        ValueError: a run is missing, or lacks what the figure shows.
    """
    found = [(name, runs[name]) for name in figure.needs]
    with applied():
        made = figure.draw(runs)
        defects = [f"{name}: {text}" for name, run in found if (text := defect(run))]
        if defects:
            made.supxlabel("not whole: " + "; ".join(defects), color=ALARM, fontsize=7, x=0.5)
        return laid_out(made)


def laid_out(made: Figure) -> Figure:
    """The figure laid out for good: each layout starts from the last, and formats would differ."""
    made.draw_without_rendering()
    made.set_layout_engine("none")
    return made


def defect(run: Run) -> str:
    """How many units of a run failed, are damaged or are not there yet; "" for a whole run."""
    units = run.manifest["configuration"].get("units", ())
    counts = {
        "failed": len(run.failures),
        "damaged": len(run.damaged),
        "not run": len(units) - len(run.entries) - len(run.failures) - len(run.damaged),
    }
    listed = [f"{count} {word}" for word, count in counts.items() if count > 0]
    return f"{', '.join(listed)} of {len(units)} units" if listed else ""


def rendered(made: Figure, suffix: str) -> bytes:
    """A drawing as the content of a file of this format; always the same bytes.

    Args:
        made: the drawing.
        suffix: of the file, a key of ``FORMATS``.
    """
    with applied(), BytesIO() as buffer:
        made.savefig(buffer, format=suffix, **FORMATS[suffix])
        return buffer.getvalue()


def write(figure: PaperFigure, runs: Runs, folder: Path) -> tuple[Path, ...]:
    """Draw a figure and write its files, each whole or not at all.

    Raises:
        ValueError: as :func:`drawn`.
        OSError: a file cannot be written.
    """
    made = drawn(figure, runs)
    return tuple(
        _write(folder / f"{figure.name}.{suffix}", rendered(made, suffix)) for suffix in FORMATS
    )


def _write(file: Path, content: bytes) -> Path:
    write_atomically(file, lambda temporary: temporary.write_bytes(content))
    return file
