"""One HTML file around the data: nothing fetched, style and script named by hash."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib import colormaps

from expressivity.classes.kinds import Kind
from expressivity.evidence import Evidence
from expressivity.output import write_answer
from expressivity.report import html
from expressivity.report.inline import asset, policy
from expressivity.runs.folder import Run
from figures.explorer import pictures
from figures.style import look_of
from figures.surfaces import MAP

PACKAGE = "figures.explorer"
LARGEST = 8 * 1024 * 1024
"""Bytes of a page, at most: it can be mailed."""
_SHADES = 129
SCRIPTS = ("plots.js", "charts.js", "explorer.js", "atlas.js")
"""In the page's one script, in this order."""


def page(run: Run, scenes: dict[str, Any], atlas: dict[str, Any] | None) -> str:
    """The page of a run, and of an atlas if there is one; the same data give the same text."""
    style = _colours() + asset("expressivity.report", "page.css") + asset(PACKAGE, "explorer.css")
    script = "".join(asset(PACKAGE, name) for name in SCRIPTS)
    return html(
        PACKAGE,
        "explorer.html.j2",
        policy=policy(style=style, script=script),
        style=Markup(style),
        script=Markup(script),
        data=_embedded({**scenes, "atlas": atlas, "drawing": _drawing()}),
        scenes=scenes,
        atlas=atlas,
        labels=list(Evidence),
        version=(run.manifest.get("environment") or {}).get("expressivity", ""),
        commit=(run.manifest.get("git") or {}).get("commit"),
        folder=run.path.absolute().name,
        looks={str(kind): look_of(kind) for kind in Kind},
    )


def write_page(file: Path, text: str) -> int:
    """Write it, whole or not at all; returns its bytes.

    Raises:
        ValueError: a file that cannot be written.
    """
    content = text.encode("utf-8", "backslashreplace")
    assert len(content) <= LARGEST, f"a page of {len(content)} bytes"
    write_answer(file, content)
    return len(content)


def _embedded(data: dict[str, Any]) -> Markup:
    """JSON that ends no script element."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


def _drawing() -> dict[str, Any]:
    """How the script draws: nodes, colours of values, names of kinds."""
    shades = np.round(255 * colormaps[MAP](np.linspace(0, 1, _SHADES))[:, :3]).astype(int)
    return {
        "side": pictures.SIDE,
        "curve": pictures.CURVE,
        "stations": pictures.STATIONS,
        "bands": pictures.BANDS,
        "shades": shades.tolist(),
        "kinds": {str(kind): look_of(kind).label for kind in Kind},
    }


def _colours() -> str:
    """The figures' colours of kinds; on dark paper a lighter shade of each."""
    names = {str(kind): look_of(kind).colour for kind in Kind}
    light = "".join(f"--{name}: {colour}; " for name, colour in names.items())
    dark = "".join(
        f"--{name}: color-mix(in srgb, {colour}, white 45%); " for name, colour in names.items()
    )
    return (
        f":root {{ {light}}}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark}}} }}\n"
        "@media print { :root { " + light + "} }\n"
    )
