"""Evidence levels, figures and verdicts.

Kinds: property (the weakest of a list), reference (JSON forms), negative (frozen records).
"""

import dataclasses
import itertools
import json

import pytest

from expressivity.evidence import UNDECIDED, Evidence, Figure, Membership, Verdict, weakest

FROM_STRONGEST = ["kernel", "proved", "certified", "numerical", "declared", "unknown"]


def test_only_exact_and_enclosed_statements_are_rigorous():
    assert [level.value for level in Evidence] == FROM_STRONGEST
    assert [level.rigorous for level in Evidence] == [True, True, True, False, False, False]


def test_a_level_reaches_itself_and_those_below():
    for position, level in enumerate(Evidence):
        reached = [other for other in Evidence if level.reaches(other)]
        assert reached == list(Evidence)[position:]


def test_every_level_says_what_stands_behind_it():
    assert len({level.meaning for level in Evidence}) == len(Evidence)


@pytest.mark.parametrize("levels", list(itertools.product(Evidence, repeat=3)))
def test_the_weakest_is_a_member_and_below_all(levels):
    result = weakest(levels)
    assert result in levels
    position = FROM_STRONGEST.index(result)
    assert all(FROM_STRONGEST.index(level) <= position for level in levels)


def test_a_statement_that_needs_nothing_is_proved():
    """No record of a kernel vouches for it."""
    assert weakest(iter(())) is Evidence.PROVED


def test_json_forms():
    figure = Figure(value=0.5, evidence=Evidence.CERTIFIED)
    assert json.loads(json.dumps(figure.json())) == {"value": 0.5, "evidence": "certified"}
    failed = Figure(value=None, evidence=Evidence.UNKNOWN)
    assert failed.json() == {"value": None, "evidence": "unknown"}
    member = Membership(verdict=Verdict.MEMBER, evidence=Evidence.PROVED, reason="witness")
    assert json.loads(json.dumps(member.json())) == {
        "verdict": "member",
        "evidence": "proved",
        "reason": "witness",
    }


def test_undecided_claims_nothing():
    assert UNDECIDED.verdict is Verdict.UNKNOWN
    assert not UNDECIDED.evidence.rigorous
    assert UNDECIDED.reason


def test_evidence_cannot_be_raised_afterwards():
    figure = Figure(value=1.0, evidence=Evidence.NUMERICAL)
    with pytest.raises(dataclasses.FrozenInstanceError):
        figure.evidence = Evidence.PROVED
