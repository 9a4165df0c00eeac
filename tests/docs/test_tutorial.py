"""The tutorial: what it shows is what comes, wherever it is run.

Kinds: reference (outputs against a fresh execution), property (stored whole, with nothing of the
machine in it), negative (other numbers and other words are found).
"""

import copy
import os
import re
import socket

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_output
from pages import DOCS

VARIES = "numbers-vary"
"""Tag of cells that train: their numbers depend on the machine beyond the first digit."""
FLOOR = 0.09542174997


@pytest.fixture(scope="module")
def stored():
    return nbformat.read(DOCS / "tutorial.ipynb", as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell) -> list[str]:
    """What a reader sees below a cell, numbers to four digits and what is round-off as such."""

    def plain(found: re.Match[str]) -> str:
        value = float(found[0])
        return "round-off" if 0 < abs(value) < 1e-12 else f"{value:.4g}"

    texts = []
    for output in cell.outputs:
        data = output.get("data", {"text/plain": output.get("text", "")})
        texts += [kind if kind.startswith("image") else text for kind, text in sorted(data.items())]
    number = r"(?<![\w.])\d+\.\d+(?:e[+-]?\d+)?(?!\w)"
    return [re.sub(number, plain, text) for text in "\n".join(texts).splitlines()]


def test_it_is_stored_whole_and_names_no_machine(stored):
    cells = code_cells(stored)
    assert len(cells) >= 8
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [o for cell in cells for o in cell.outputs if o.output_type == "error"]
    silent = [cell.source for cell in cells if not cell.outputs]
    assert len(silent) == 1 and silent[0].startswith("import"), "the other cells show something"
    text = nbformat.writes(stored)
    for name in ("/home", "/root", "/tmp", "/usr", socket.gethostname() + ".", "site-packages"):
        assert name not in text
    assert "stderr" not in text


@pytest.mark.slow
def test_run_anew_it_shows_the_same(stored, tmp_path):
    fresh = copy.deepcopy(stored)
    for cell in code_cells(fresh):
        cell.outputs = []
    before = os.times()
    NotebookClient(
        fresh, timeout=300, record_timing=False, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    used = os.times()
    assert used.children_user - before.children_user < 60, "under a minute of one core"
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"
    for old, new in zip(code_cells(stored), code_cells(fresh), strict=True):
        if VARIES not in old.metadata.get("tags", []):
            assert shown(new) == shown(old), old.source
            continue
        la, moa = ([float(n) for n in line.split()[1:]] for line in shown(new) if line)
        assert len(la) == len(moa) == 3 and min(la) >= FLOOR > min(moa)


def test_another_answer_is_found():
    def printed(text):
        return shown(new_code_cell(outputs=[new_output("stream", text=text)]))

    assert printed("0.12345678 by 4.0e-16") == printed("0.12345699 by 3.1e-16")
    for one, other in (("0.0954", "0.0964"), ("proved", "certified"), ("4.0e-16", "4.0e-06")):
        assert printed(one) != printed(other)
