"""Answers of the command line to many commands, in one process of its own."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_RUNNER = """
import contextlib, io, json, os, sys
from expressivity import cli
answers = []
for arguments in json.load(sys.stdin):
    sys.argv = ["expressivity", *arguments]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main()
    answers.append([code, out.getvalue(), err.getvalue()])
heavy = sorted({"torch", "sympy", "scipy", "numpy", "matplotlib", "flint"} & set(sys.modules))
json.dump([answers, heavy], sys.stdout)
"""


def answers_to(
    asked: Sequence[Sequence[str]], folder: Path, env: Mapping[str, str], *flags: str
) -> tuple[list, list[str]]:
    """Exit code, output and errors of each command, and the heavy modules imported in the end.

    Args:
        asked: arguments of each command.
        folder: to run in.
        env: the whole environment.
        flags: of Python.
    """
    done = subprocess.run(
        [sys.executable, *flags, "-c", _RUNNER],
        input=json.dumps(list(asked)), env=dict(env), cwd=folder,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    answers, heavy = json.loads(done.stdout)
    return answers, heavy
