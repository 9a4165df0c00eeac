"""A small sweep file, and a sweep as a user would run it."""

import os
import subprocess
import sys
import time
from pathlib import Path

SMALL = """
name = "small"
[grid]
target = ["t1"]
family = ["fixed", "la"]
form = ["type1"]
width = [1]
dictionary = [["relu", "relu2"]]
seed = [0, 1]
[settings]
restarts = 2
candidates = 1
"""
COUNT = 6


def shards(path: Path) -> list[Path]:
    return sorted((path / "units").glob("*.parquet"))


def in_shell(*arguments: object, **options) -> subprocess.Popen:
    """As a user would run it, in a session of its own; no compiler, so that fits are eager."""
    return subprocess.Popen(
        [sys.executable, "-m", "expressivity", "sweep", *map(str, arguments)],
        env={**os.environ, "PATH": "", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        **options,
    )  # fmt: skip


def eventually(check, seconds: float = 120.0) -> None:
    limit = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < limit, "it never came about"
        time.sleep(0.02)
