"""Expressions drawn at random through ``classify`` and ``separate``, seeded (5,000: slow).

Negative: whatever is typed, an exit code of docs/formats.md, one line for a refusal, no crash, and
no more than the time and memory of tests/helpers/watched.py.
"""

from collections import Counter

import pytest
from odd_expressions import ASKED, KINDS, odd_expressions, questions
from watched import BYTES, SECONDS, Watched, watched

AT_ONCE = 500


def codes(folder, seeds):
    """How often each exit code occurs."""
    found = Counter()
    asked = questions(seeds)
    for seed, arguments, answer in zip(seeds, asked, watched(asked, folder), strict=True):
        assert answer.fault is None, (seed, ascii(arguments)[:300], answer.fault, answer.err)
        assert answer.code in (0, 2, 3), (seed, answer)
        assert (answer.out == "") == (answer.code == 2), seed
        found[answer.code] += 1
    return found


def test_every_kind_of_expression_is_answered_in_time(tmp_path):
    found = codes(tmp_path, range(66))
    assert found[0] > 10 and found[2] > 20


def test_kinds_and_commands_take_turns():
    count = len(KINDS) * len(ASKED)
    assert len(set(map(tuple, questions(range(count))))) > count / 2
    texts = odd_expressions(range(count))
    assert texts == odd_expressions(range(count))
    assert max(map(len, texts)) > 10_000 and not all(map(str.isascii, texts))


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": 5}, {"code": 1, "err": "Traceback (most recent call last):\n"},
        {"code": 2, "err": ""}, {"code": 2, "err": "expressivity: a\nexpressivity: b\n"},
        {"code": 2, "err": "expressivity: a"}, {"code": 4, "err": "b\nexpressivity: a\n"},
        {"code": 4, "err": "expressivity: unforeseen error: 'a'\n"},
        {"seconds": SECONDS + 1}, {"peak": BYTES + 1},
    ],
)  # fmt: skip
def test_faults_are_seen(wrong):
    right = {"code": 0, "out": "", "err": "", "seconds": 0.1, "peak": 1000}
    assert Watched(**right).fault is None
    assert Watched(**(right | {"code": 2, "err": "expressivity: required: a\n"})).fault is None
    assert Watched(**(right | wrong)).fault is not None


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 5000, AT_ONCE))
def test_five_thousand_expressions(tmp_path, first):
    found = codes(tmp_path, range(first, first + AT_ONCE))
    assert found[0] > AT_ONCE / 10 and found[2] > AT_ONCE / 4
