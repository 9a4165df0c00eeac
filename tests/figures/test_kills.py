"""Runs that are killed at random moments end with the same bits as undisturbed ones.

Kinds: metamorphic (thirty kills over five commands, in this process and with workers; slow). The
fast kin are in tests/expressivity/runs/test_executors.py.
"""

from pathlib import Path

import pytest
from killed_runs import content, finish, killed
from sweeps import SMALL

KILLS = 6

COMMANDS: dict[str, tuple[str, ...]] = {
    "separate": ("separate", "t1", "--widths", "1", "--dictionary", "relu,relu2",
                 "--restarts", "2", "--candidates", "1"),
    "sweep": ("sweep", "small.toml"),
    "pretrain": ("pretrain", "tiny", "--steps", "6", "--batch", "4", "--context", "16",
                 "--windows", "4", "--compile", "none", "--families", "fixed,la", "--no-matched",
                 "--checkpoint-every", "1", "--data", "text"),
    "reproduce": ("reproduce", "--only", "certificates"),
    "atlas": ("atlas", "--classes", "relu,la", "--budget", "1"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_run_killed_at_random_moments_ends_with_the_same_bits(tmp_path, name):
    (tmp_path / "small.toml").write_text(SMALL)
    (tmp_path / "text").mkdir()
    for part in ("a", "b"):
        words = "".join(f"{part} {n} squared is {n * n}.\n" for n in range(400))
        (tmp_path / "text" / part).write_text(words)
    command = COMMANDS[name]
    whole = tmp_path / "whole"
    seconds = finish(command, whole)
    expected = content(whole)
    assert len(expected) > 2
    workers = (*command, "--workers", "2")
    variants = [command] if name == "separate" else [command, workers]
    ends: list[Path] = []
    for out in killed(variants, tmp_path / "run", kills=KILLS, seconds=seconds, seed=len(name)):
        assert content(out) == expected
        ends.append(out)
    assert ends
