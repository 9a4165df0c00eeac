"""Answers of the command line to many commands, with the work that each of them took."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 30.0
"""Of CPU time that one command may take."""
BYTES = 2 * 2**30
"""Of memory that a process may hold."""
_RUNNER = """
import contextlib, io, json, resource, signal, sys, time

class OvertimeError(BaseException):
    pass

def stop(*_):
    raise OvertimeError

signal.signal(signal.SIGPROF, stop)
from expressivity import cli
limit = float(sys.argv[1])
for arguments in json.load(sys.stdin):
    sys.argv = ["expressivity", *arguments]
    out, err = io.StringIO(), io.StringIO()
    begun = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, limit, 1.0)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit + 10)  # ends the process where the other cannot
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main()
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    seconds = time.process_time() - begun
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([code, out.getvalue(), err.getvalue(), seconds, peak]), flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The answer to one command.

    Attributes:
        code: of exit.
        seconds: of CPU time.
        peak: bytes that the process held at most, up to the end of the command.
    """

    code: int
    out: str
    err: str
    seconds: float
    peak: int

    @property
    def fault(self) -> str | None:
        """What docs/formats.md does not allow, or None; notices and progress are allowed."""
        told = [line for line in self.err.splitlines() if line.startswith("expressivity: ")]
        if self.code not in range(5):
            return f"exit code {self.code}"
        if "Traceback" in self.err + self.out:
            return "a traceback"
        if "unforeseen" in self.err or "contradiction" in self.err:
            return "an unforeseen error"
        if self.code in (2, 4) and (len(told) != 1 or not self.err.endswith("\n")):
            return f"{len(told)} lines of refusal"
        if self.code in (2, 4) and self.err.splitlines() != told:
            return "more than the refusal on standard error"
        if self.seconds > SECONDS:
            return f"{self.seconds:.0f} s of CPU time"
        if self.peak > BYTES:
            return f"{self.peak / 2**30:.1f} GiB"
        return None


def watched(asked: Sequence[Sequence[str]], folder: Path) -> list[Watched]:
    """The answers to commands that share one process, in a folder.

    A command beyond its time is ended, and has a fault; where that is not possible, or data
    outgrow twice the limit, the process ends, and the test names the command.
    """
    done = subprocess.run(
        [sys.executable, "-c", _RUNNER, str(SECONDS + 5)],
        input=json.dumps(list(asked)),
        env=os.environ | {"OMP_NUM_THREADS": "1", "EXPRESSIVITY_CACHE": str(folder / "cache")},
        cwd=folder, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (2 * BYTES, 2 * BYTES)),
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    at = asked[len(answers)] if len(answers) < len(asked) else None
    assert done.returncode == 0, f"{at}: {done.returncode} {done.stderr[-2000:]}"
    return [
        Watched(code=code, out=out, err=err, seconds=seconds, peak=peak)
        for code, out, err, seconds, peak in answers
    ]
