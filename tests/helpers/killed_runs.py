"""Commands that are killed again and again, and what their folders hold in the end, to the bit."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from expressivity.output import read_document
from expressivity.runs.folder import read_lanes, read_run
from expressivity.runs.verification import Verification, verify

_TIMES = {"seconds", "compile_seconds", "run", "environment", "digest", "computed", "skipped",
          "recomputed"}  # fmt: skip
"""Fields of documents that depend on when, where and how often a command has run."""


def start(command: Sequence[str], out: Path) -> subprocess.Popen[bytes]:
    """As a user would; without a compiler, so that fits are eager."""
    return subprocess.Popen(
        [sys.executable, "-m", "expressivity", *command, "--out", str(out), "--json"],
        env={**os.environ, "PATH": "", "OMP_NUM_THREADS": "1"}, cwd=out.parent,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(command: Sequence[str], out: Path) -> float:
    """Run a command to its end; returns how long that took."""
    started = time.monotonic()
    process = start(command, out)
    _, errors = process.communicate()
    assert process.returncode in (0, 3), errors
    assert b"Traceback" not in errors
    return time.monotonic() - started


def content(out: Path) -> dict[str, Any]:
    """Units and documents of a run folder, and of those inside, without times."""
    found: dict[str, Any] = {}
    for folder in (out, *(manifest.parent for manifest in sorted(out.glob("*/manifest.json")))):
        run = read_run(folder)
        assert (run.damaged, run.foreign, run.failures) == ((), (), ())
        for entry in run.entries:
            weights = folder / "weights" / f"{entry.key}.safetensors"
            found[f"{folder.name}/{entry.key}"] = (
                json.dumps(entry.identity, sort_keys=True),
                json.dumps(_timeless(entry.record), sort_keys=True),
                repr(read_lanes(folder, entry.key)),
                weights.read_bytes() if weights.exists() else b"",
            )
        for file in folder.glob("*.json"):
            if file.name != "manifest.json":
                found[f"{folder.name}/{file.name}"] = _timeless(read_document(file))
    return {name.removeprefix(out.name): value for name, value in found.items()}


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(inner) for name, inner in value.items() if name not in _TIMES}
    return [_timeless(inner) for inner in value] if isinstance(value, list) else value


def killed(
    variants: Sequence[Sequence[str]], out: Path, *, kills: int, seconds: float, seed: int
) -> Iterator[Path]:
    """Kill a command at random moments, each time going on from what the last kill has left.

    Whenever it comes to its end before it is killed, and at last, the folder is yielded, to be
    looked at; then it begins anew.

    Args:
        variants: the command in ways that must not matter, taken in turns.
        out: its folder.
        kills: how many.
        seconds: how long an undisturbed run takes.
        seed: of the moments.
    """
    draw = random.Random(seed)
    done = 0
    while done < kills:
        process = start(variants[done % len(variants)], out)
        try:
            _, errors = process.communicate(timeout=draw.uniform(0.0, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            done += 1
            if (out / "manifest.json").exists():
                assert untouched(verify(out))
            continue
        assert process.returncode in (0, 3), errors
        yield out
        shutil.rmtree(out)
    finish(variants[0], out)
    yield out


def untouched(found: Verification) -> bool:
    """Whether a kill has damaged nothing; what it left unfinished is no damage."""
    return not (found.damaged or found.foreign or found.failed) and all(
        untouched(part) for part in found.parts
    )
