"""The atlas of classes as a page: the matrix, and a reason for every cell, from a stored record."""

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from expressivity.output import read_document
from expressivity.relations.prose import sentence
from generators import escape

_INTRODUCTION = """# The matrix of the atlas

Rows in columns: *in* on the whole space, *in\\** on the domain, *no* already on the domain, *?*
open. Each cell leads to its reason. What the answers mean, and why they follow, is told in
[Atlas](../atlas.md).
"""
_MARKS = {"yes": "in", "domain": "in*", "no": "no", "open": "?"}


def stored(file: Path) -> dict[str, Any] | None:
    """The document of an atlas, or None where there is none.

    Raises:
        ValueError: a file that is not what its digest says.
    """
    if not file.is_file():
        return None
    return read_document(file)


def page(found: Mapping[str, Any] | None) -> str:
    """The page of a document, or one that says that there is none.

    Args:
        found: the content of an ``atlas.json``.
    """
    if found is None:
        return f"{_INTRODUCTION}\nNo atlas is stored: `expressivity atlas` makes one.\n"
    names = [entry["name"] for entry in found["classes"]]
    places = {name: index for index, name in enumerate(names)}
    cells = {(cell["smaller"], cell["larger"]): cell for cell in found["cells"]}
    anchors = {pair: f"pair-{places[pair[0]]}-{places[pair[1]]}" for pair in cells}
    parts = [_INTRODUCTION, _counts(found), "```{raw} html", _matrix(names, cells, anchors), "```"]
    parts += ["", "## Open questions that would decide others", ""]
    parts += [
        f"- {escape(q['smaller'])} in {escape(q['larger'])}? A no would decide {q['decides']}."
        for q in found["minimal_open"]
    ] or ["None: every pair is decided."]
    for smaller in names:
        parts += ["", f"## {escape(smaller)}", ""]
        for larger in names:
            if larger != smaller:
                pair = smaller, larger
                parts.append(f"({anchors[pair]})=\n{escape(sentence(cells[pair]))}\n")
    return "\n".join(parts) + "\n"


def _counts(found: Mapping[str, Any]) -> str:
    listed = "; ".join(
        f"{answer} {count} ({evidence})"
        for answer, row in found["counts"].items()
        for evidence, count in row.items()
    )
    return (
        f"{found['decided']} of {found['pairs']} ordered pairs of {len(found['classes'])} classes "
        f"are decided: {listed}.\n"
    )


def _matrix(
    names: list[str], cells: Mapping[tuple[str, str], Any], anchors: Mapping[tuple[str, str], str]
) -> str:
    head = "".join(f"<th><span>{html.escape(name)}</span></th>" for name in names)
    rows = [f'<table class="atlas"><thead><tr><th></th>{head}</tr></thead><tbody>']
    for smaller in names:
        row = [f"<tr><th>{html.escape(smaller)}</th>"]
        for larger in names:
            cell = cells.get((smaller, larger))
            if cell is None:
                row.append("<td></td>")
                continue
            answer, anchor = cell["answer"], anchors[smaller, larger]
            row.append(f'<td class="{answer}"><a href="#{anchor}">{_MARKS[answer]}</a></td>')
        rows.append("".join((*row, "</tr>")))
    return "\n".join((*rows, "</tbody></table>"))
