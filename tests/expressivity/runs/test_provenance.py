"""What a manifest says of where a run came from.

Kinds: reference (git itself), property (no checkout, no commit).
"""

import subprocess
from pathlib import Path

import pytest

from expressivity.runs import provenance
from expressivity.runs.provenance import git_state

ROOT = Path(provenance.__file__).parents[2]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not run from a checkout")
def test_a_checkout_is_named_by_its_commit():
    command = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    state = git_state()
    assert state is not None
    assert state["commit"] == commit


def test_an_installed_program_has_no_commit(monkeypatch, tmp_path):
    place = tmp_path / "site-packages" / "expressivity" / "runs" / "provenance.py"
    monkeypatch.setattr(provenance, "__file__", str(place))
    assert git_state() is None
