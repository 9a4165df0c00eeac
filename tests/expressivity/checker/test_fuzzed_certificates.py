"""Damaged certificates through ``check``, seeded (a thousand: slow).

Soundness: without a new signature only what means the same is verified; with one, only what the
oracle does not refute. Negative: exit codes, one line and limits of work for all others.
"""

import json
from collections import Counter

import pytest
from genuine_certificates import KINK, PLANE, genuine, is_false
from odd_certificates import odd_certificate
from watched import watched

OUTCOMES = {0: "verified", 1: "rejected", 3: "not decided"}


def meaning(content: bytes) -> str | None:
    """The document as one text, whatever its spelling; None where it is no JSON."""
    try:
        return json.dumps(json.loads(content.decode("utf-8", "replace")), sort_keys=True)
    except (ValueError, RecursionError):
        return None


def counted(folder, seeds):
    """How the files of these seeds were made, and what became of them."""
    documents = genuine()
    texts = [json.dumps(document, sort_keys=True) for document in documents]
    made = [odd_certificate(seed, documents) for seed in seeds]
    for seed, (content, _) in zip(seeds, made, strict=True):
        (folder / f"{seed}.json").write_bytes(content)
    found = Counter()
    answers = watched([["check", f"{seed}.json"] for seed in seeds], folder)
    for seed, (content, way), answer in zip(seeds, made, answers, strict=True):
        assert answer.fault is None, (seed, way, answer)
        assert answer.code in (2, *OUTCOMES), (seed, way, answer)
        if answer.code in OUTCOMES:
            assert answer.out.startswith(OUTCOMES[answer.code]), (seed, answer)
        same = meaning(content) == texts[seed % len(texts)]
        if way == "same":
            assert same and answer.code == 0, (seed, answer)
        elif answer.code == 0 and not same:
            document = json.loads(content)
            assert way == "signed", seed
            assert document["target"]["expression"] in (*PLANE, *KINK), seed
            assert not is_false(document), seed
        found[way, answer.code] += 1
    return found


def test_forty_damaged_certificates(tmp_path):
    found = counted(tmp_path, range(40))
    assert {way for way, _ in found} == {"same", "bytes", "structure", "signed"}
    assert {code for _, code in found} >= {0, 1, 2}


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 1000, 250))
def test_a_thousand_damaged_certificates(tmp_path, first):
    found = counted(tmp_path, range(first, first + 250))
    assert sum(count for (_, code), count in found.items() if code == 1) > 100
