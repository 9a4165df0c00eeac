"""Sweep files with mistakes drawn at random, seeded (a hundred: slow).

Negative: exit codes of docs/formats.md, one line for a refusal, before anything is written, and no
more than the time and memory of tests/helpers/watched.py.
"""

from collections import Counter

import pytest
from odd_sweeps import odd_sweep
from watched import watched


def codes(folder, seeds):
    """How often each exit code occurs; every refusal names its file and leaves no folder."""
    for seed in seeds:
        (folder / f"{seed}.toml").write_bytes(odd_sweep(seed))
    asked = [["sweep", f"{seed}.toml", "--out", f"run-{seed}", "--json"] for seed in seeds]
    found = Counter()
    for seed, answer in zip(seeds, watched(asked, folder), strict=True):
        assert answer.fault is None, (seed, answer)
        assert answer.code in (0, 2), (seed, answer)
        assert (folder / f"run-{seed}").exists() == (answer.code == 0), seed
        if answer.code == 2:
            assert answer.out == "" and f"{seed}.toml" in answer.err, (seed, answer)
        found[answer.code] += 1
    return found


def test_twenty_sweep_files(tmp_path):
    assert codes(tmp_path, range(20))[2] > 8


@pytest.mark.slow
def test_a_hundred_sweep_files(tmp_path):
    found = codes(tmp_path, range(100))
    assert found[0] > 5 and found[2] > 50
