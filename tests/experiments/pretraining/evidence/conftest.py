"""The plan made small: a run takes a fraction of a second."""

import pytest
from evidence_runs import small

from experiments.pretraining.evidence.plan import Plan


@pytest.fixture
def plan() -> Plan:
    return Plan(recipe=small)
