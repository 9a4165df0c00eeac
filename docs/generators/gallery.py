"""One page for each registered experiment: its claim, what would falsify it, and its figures."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from generators import escape, table, toctree

_INTRODUCTION = """# Gallery

Each experiment states a claim and what would falsify it. Figures are drawn from stored runs, and
shown where they have been rendered.
"""


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
    rows = [(f"[{name}]({name}.md)", escape(each.title)) for name, each in experiments.items()]
    listed = [table("experiment", "", rows=rows), "", toctree(*experiments, hidden=True)]
    index = [_INTRODUCTION, *(listed if rows else ["No experiment is registered."]), ""]
    images = Path(os.path.relpath(rendered, folder)).as_posix()
    made = {"index.md": "\n".join(index)}
    for name, experiment in experiments.items():
        shown = [
            _shown(figure, f"{images}/{key}.png" if (rendered / f"{key}.png").is_file() else None)
            for key, figure in figures.items()
            if name in figure.needs
        ]
        made[f"{name}.md"] = _page(name, experiment, shown)
    return made


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
