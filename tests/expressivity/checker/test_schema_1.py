"""Certificates of the first schema, which has no weights.

Reference: files written before there were weights stay verified. Negative: altered, they are
rejected, and so are fields of the later schema in them.
"""

import copy
import json
from pathlib import Path

import pytest
from certificates_by_hand import seal

from expressivity.checker import check_document, check_text

FILES = sorted((Path(__file__).parent / "schema_1").glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_of_the_first_schema_are_verified(path):
    assert len(FILES) == 2
    document = json.loads(path.read_text("ascii"))
    assert document["schema"] == "expressivity.certificate/1"
    assert check_text(path.read_text("ascii")).outcome == "verified"


WEIGHTS = {"row_weights": [1] * 4, "column_weights": [[1] * count for count in range(1, 19)]}
CHANGES = {
    "rows at the rank": {"rows": 2},
    "rows beyond the degree": {"rows": 22},
    "rows text": {"rows": "4"},
    "rows without their data": {"rows": 5},
    "rows and weights": WEIGHTS,
    "a degree less": {"degree": 19},
}


@pytest.mark.parametrize("name", CHANGES)
def test_altered_files_are_rejected(name):
    document = json.loads(FILES[0].read_text("ascii"))
    document["data"]["ridge_rank"] |= CHANGES[name]
    answer = check_document(seal(document))
    assert answer.outcome == "rejected"
    assert "digest" not in answer.reason


def test_equal_weights_are_what_the_first_schema_means():
    document = json.loads(FILES[0].read_text("ascii"))
    later = copy.deepcopy(document) | {"schema": "expressivity.certificate/2"}
    assert check_document(seal(later)).outcome == "rejected"
    del later["data"]["ridge_rank"]["rows"]
    later["data"]["ridge_rank"] |= WEIGHTS
    assert check_document(seal(later)).outcome == "verified"
