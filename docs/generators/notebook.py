"""Notebooks as pages: cells and stored outputs as Markdown; nothing is run.

An extension of Sphinx.
"""

from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from myst_parser.parsers.sphinx_ import MystParser
from nbconvert import MarkdownExporter
from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the suffix and its parser; after ``myst_parser``."""
    app.add_source_suffix(".ipynb", "notebook")
    app.add_source_parser(NotebookParser)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class NotebookParser(MystParser):
    """Reads a notebook as the Markdown that its cells and outputs make."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Pictures go into ``generated``, where nothing is kept."""
        env = document.settings.env
        pictures = Path("generated") / "notebooks" / env.docname
        text, content = markdown(inputstring, pictures.as_posix())
        for name, picture in content.items():
            file = Path(env.srcdir) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(picture)
        super().parse(text, document)


def markdown(notebook: str, pictures: str) -> tuple[str, dict[str, bytes]]:
    """Text and pictures of a notebook.

    Args:
        notebook: its file's content.
        pictures: folder of the pictures, as the text names it.
    """
    found = nbformat.reads(notebook, as_version=4)
    resources = {"unique_key": "output", "output_files_dir": pictures}
    text, made = MarkdownExporter().from_notebook_node(found, resources=resources)
    return text, made["outputs"]
