"""The numbers of a reproducibility checklist.

Kinds: property (every archived manifest has its row), negative (folders without manifests).
"""

import json

import pytest

from figures.checklist import HEADER, MANIFESTS, UNKNOWN, rows


def test_every_archived_manifest_has_a_row():
    found = {row[0]: row for row in rows()}
    assert set(found) == {file.stem for file in MANIFESTS.glob("*.json")}
    assert all(len(row) == len(HEADER) for row in found.values())
    made = json.loads((MANIFESTS / "dimension.json").read_text("utf-8"))
    assert found["dimension"][1] == str(len(made["configuration"]["units"]))
    assert made["git"]["commit"].startswith(found["dimension"][3])


def test_what_a_manifest_lacks_is_said(tmp_path):
    (tmp_path / "old.json").write_text('{"configuration": {}}', "utf-8")
    assert set(next(rows(tmp_path))[1:]) == {UNKNOWN}


@pytest.mark.parametrize("content", [None, "[]", "{}"])
def test_other_files_are_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "other.json").write_text(content, "utf-8")
    with pytest.raises(ValueError, match="required"):
        list(rows(tmp_path))
