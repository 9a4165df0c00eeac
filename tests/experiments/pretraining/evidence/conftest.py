"""The plan made small: a run takes a fraction of a second."""

import pytest
from evidence_runs import small

from experiments.pretraining.data import find_text, join
from experiments.pretraining.evidence.plan import Plan


@pytest.fixture
def plan() -> Plan:
    return Plan(recipe=small)


@pytest.fixture
def text(tmp_path):
    file = tmp_path / "text.txt"
    file.write_text("".join(f"{n} squared is {n * n}.\n" for n in range(600)))
    return file


@pytest.fixture
def corpus(text):
    return join(find_text(text), text.parent)
