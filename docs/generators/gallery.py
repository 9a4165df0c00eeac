"""The figures as small pictures; a page for each experiment: its claim, what would falsify it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from PIL import Image

from generators import escape, table, toctree

_INTRODUCTION = """# Gallery

## Figures

Drawn from stored runs by `expressivity figures`. Each leads to the whole picture.
"""
_EXPERIMENTS = """
## Experiments

Each states a claim and what would falsify it, and shows the figures that are drawn from it.
"""
_THUMBNAIL = 640
"""Pixels of the longer side of a small picture: sharp where a screen has two a point."""


class Described(Protocol):
    """What the gallery reads of an ``experiments.Experiment``."""

    title: str
    claim: str
    falsified_by: str
    cost: str


class Drawn(Protocol):
    """What the gallery reads of a ``figures.PaperFigure``."""

    title: str
    caption: str
    alt: str
    needs: Sequence[str]


def registered_experiments() -> dict[str, Described]:
    """The experiments of the registry, at the tier that the committed figures come from."""
    from experiments.experiment import EXPERIMENTS, Tier

    return {name: EXPERIMENTS[name](Tier.CPU) for name in EXPERIMENTS}


def registered_figures() -> dict[str, Drawn]:
    """The figures of the registry."""
    from figures.figure import FIGURES

    return {name: FIGURES[name] for name in FIGURES}


def pages(
    experiments: Mapping[str, Described],
    figures: Mapping[str, Drawn],
    *,
    rendered: Path,
    folder: Path,
) -> dict[str, str]:
    """An overview and a page for each experiment.

    Args:
        experiments: name to experiment, in the order of the registry.
        figures: name to figure; an experiment shows those that need it.
        rendered: where ``NAME.png`` of a figure lies, if it has been rendered.
        folder: where the pages will lie: links to figures are relative to it.
    """
    images = Path(os.path.relpath(rendered, folder)).as_posix()
    small = [
        _small(key, figure, f"{images}/{key}.png")
        for key, figure in figures.items()
        if (rendered / f"{key}.png").is_file()
    ]
    grid = "\n\n".join(("````{container} gallery", *small, "````"))
    rows = [(f"[{name}]({name}.md)", escape(each.title)) for name, each in experiments.items()]
    listed = [table("experiment", "", rows=rows), "", toctree(*experiments, hidden=True)]
    index = [
        _INTRODUCTION,
        grid if small else "No figure has been rendered.",
        _EXPERIMENTS,
        *(listed if rows else ["No experiment is registered."]),
        "",
    ]
    made = {"index.md": "\n".join(index)}
    for name, experiment in experiments.items():
        shown = [
            _shown(figure, f"{images}/{key}.png" if (rendered / f"{key}.png").is_file() else None)
            for key, figure in figures.items()
            if name in figure.needs
        ]
        made[f"{name}.md"] = _page(name, experiment, shown)
    return made


def write_thumbnails(figures: Iterable[str], *, rendered: Path, folder: Path) -> None:
    """Make ``folder/thumbnails`` hold a small copy of each picture that has been rendered."""
    for key in figures:
        picture = rendered / f"{key}.png"
        if picture.is_file():
            small = folder / "thumbnails" / picture.name
            small.parent.mkdir(parents=True, exist_ok=True)
            with Image.open(picture) as image:
                image.thumbnail((_THUMBNAIL, _THUMBNAIL))
                image.save(small, optimize=True)


def _small(key: str, figure: Drawn, whole: str) -> str:
    picture = f"[![{escape(figure.alt)}](thumbnails/{key}.png)]({whole})"
    return f"```{{container}} picture\n{picture}\n\n{escape(figure.title)}.\n```"


def _page(name: str, experiment: Described, figures: Sequence[str]) -> str:
    facts = (
        ("Claim", experiment.claim),
        ("Falsified by", experiment.falsified_by),
        ("Cost", experiment.cost),
    )
    parts = [f"# {name}", escape(experiment.title)]
    parts += [f"**{title}.** {escape(text)}" for title, text in facts]
    return "\n\n".join((*parts, *(figures or ["No figure is drawn from it."]))) + "\n"


def _shown(figure: Drawn, image: str | None) -> str:
    title = f"## {escape(figure.title)}"
    if image is None:
        return f"{title}\n\nThis figure has not been rendered."
    return f"{title}\n\n![{escape(figure.alt)}]({image})\n\n{escape(figure.caption)}"
