"""Sphinx configuration; ``make docs`` builds with warnings as errors and without network."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE))  # for generators/

project = "expressivity"
author = "expressivity contributors"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "generators.mathematics",
    "generators.notebook",
]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "expressivity"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_copyright = False
smartquotes_action = "D"  # dashes only: statements stand as they were written

myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "mathml"
# Formulas of these pages are typed as the program prints them, in text and between backticks.
mathematical_pages = [
    "theory",
    "gates",
    "atlas",
    "results",
    "glossary",
    "generated/atlas",
    "generated/gallery/*",
    "generated/theorems/*",
]

autodoc_default_options = {"member-order": "bysource", "no-value": True, "ignore-module-all": True}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
# Names that only type checkers import stay short, and a short name may have several homes.
suppress_warnings = ["ref.python"]
python_use_unqualified_type_names = True


def setup(app: "Sphinx") -> None:
    """Write the generated pages before sources are read."""
    app.connect("builder-inited", lambda _: _write_generated_pages())
    app.connect("autodoc-process-docstring", _process_docstring)
    app.connect("autodoc-process-signature", _process_signature)


def _process_docstring(
    app: "Sphinx", what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    from generators import api
    from sphinx.ext.napoleon import Config, GoogleDocstring

    lines[:] = api.as_restructured_text(lines, module=what == "module")
    # Napoleon as an extension would read "Length: K or K^2." of a property as a type and a text.
    if what in ("module", "class", "exception", "function", "method"):
        config = Config(napoleon_use_ivar=True, napoleon_attr_annotations=False)
        lines[:] = GoogleDocstring(lines, config, app, what, name, thing, options).lines()


def _process_signature(
    app: "Sphinx",
    what: str,
    name: str,
    thing: object,
    options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    if what == "class" and signature == "(*args, **kwargs)":  # a protocol: nothing constructs it
        return "", returns
    # The default of a field with a factory is no expression, and would spoil the whole line.
    return signature and signature.replace("<factory>", "..."), returns


def _write_generated_pages() -> None:
    from generators import api, atlas, commands, gallery, theorems, write_pages

    folder = _HERE / "generated"
    packages = ("expressivity", "proofs", "experiments", "figures")
    rendered = _HERE.parent / "figures" / "paper"
    drawn = gallery.registered_figures()
    gallery.write_thumbnails(drawn, rendered=rendered, folder=folder / "gallery")
    anchors = theorems.theory_anchors((_HERE / "theory.md").read_text(encoding="utf-8"))
    rooms = {
        "api": api.pages(api.public_modules(*packages)),
        "gallery": gallery.pages(
            gallery.registered_experiments(),
            drawn,
            rendered=rendered,
            folder=folder / "gallery",
        ),
        "theorems": theorems.pages(theorems.checked(), anchors),
    }
    pages = {
        "commands.md": commands.page(commands.program()),
        "atlas.md": atlas.page(atlas.stored(rendered / "atlas.json")),
    }
    for room, its_pages in rooms.items():
        pages |= {f"{room}/{name}": text for name, text in its_pages.items()}
    write_pages(folder, pages)
