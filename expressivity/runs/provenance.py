"""Where numbers come from: versions, machine, state of the checkout, arguments."""

import platform
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from expressivity import __version__
from expressivity.runs.machine import describe_machine


def environment() -> dict[str, object]:
    """Versions and machine facts that go with numbers.

    >>> sorted(environment())[:2]
    ['compiler', 'cores']
    """
    return {"expressivity": __version__, **asdict(describe_machine())}


def facts() -> dict[str, object]:
    """What a manifest records beside the configuration."""
    return {
        "environment": environment(),
        "git": git_state(),
        "host": platform.node(),
        "arguments": sys.argv[1:],
    }


def git_state() -> dict[str, object] | None:
    """Commit of the checkout this program runs from, and whether it was changed since."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no") != ""
        return {"commit": git("rev-parse", "HEAD"), "changed": changed}
    except (OSError, subprocess.CalledProcessError):
        return None
