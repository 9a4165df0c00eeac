"""Inputs that once drew a false word, in this process and under ``python -O``.

Negative: wrong fields and records are refused. Soundness: odd plug-ins are not excluded from
their own classes. Metamorphic: without assertions the answers are the same.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "helpers" / "words.py"
REFUSED = (
    "moa without a gate", "laa", "unknown neuron", "two_sided fixed", "half a neuron", "true width",
    "text width", "bias as a number", "gate of la", "dictionary as a number", "clip",
    "kink 0 for relu",
)  # fmt: skip


@pytest.fixture(scope="module", params=["plain", "-O"])
def said(request):
    options = [] if request.param == "plain" else ["-O"]
    done = subprocess.run(
        [sys.executable, *options, str(SCRIPT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_line(said, name):
    assert said[name].startswith("refused: ")
    assert "required: " in said[name] or ": choose from " in said[name]
    assert "\n" not in said[name]


def test_no_false_word_is_said(said):
    assert said["parameters of la"] == 4 * 3 * 2 + 4 + 2 * 7
    assert said["t2 in moa"] == "member"
    assert said["abs cos"] is not True
    assert said["sign cos"] is not True
    assert said["bounds of heav"] == []
    for name, answer in said.items():
        if name.startswith("relu by the gate") or name == "heav x in its class":
            assert answer != "non_member", name
