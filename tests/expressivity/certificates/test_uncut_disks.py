"""Uncut disks as commands and certificates.

Kinds: reference (what is written is verified, and says what the bound says), negative (refusals in
one line, and nothing where nothing is certain).
"""

import json

import pytest
import torch

from expressivity import certify
from expressivity.certificates.writer import digest

torch.set_num_threads(1)
BUMP = "exp(-4*(x1**2+x2**2))"
GATED = ("--family", "moa", "--dictionary", "relu")


def test_a_bound_is_written_and_verified(call, tmp_path):
    path = tmp_path / "c.json"
    answer = call("certify", "--expr", BUMP, *GATED, "--out", path, "--json")
    assert answer.code == 0 and answer.err == ""
    claim = answer.document["lower_bound"]["l2"]
    assert claim["method"] == "uncut-disks" and claim["evidence"] == "certified"
    assert 0.0126 < float(claim["value"]) < 0.0127
    assert json.loads(path.read_text()) == answer.document
    assert call("check", path).code == 0
    changed = answer.document | {"target": {"name": "expr", "expression": "tanh(x1)*relu(x2)"}}
    changed.pop("digest")
    path.write_text(json.dumps(changed | {"digest": digest(changed)}))
    assert call("check", path).code == 1


def test_what_a_bound_rests_on_is_printed(call):
    answer = call("certify", "--expr", BUMP, *GATED, "--groups", "neuron", "--width", 1)
    label = "moa type1 of width 1 over relu with tanh gates"
    assert f"every {label}: relative L2 error at least 0.012" in answer.out


def test_a_member_gets_nothing(call):
    answer = call("certify", "t2", *GATED)
    assert answer.code == 3 and "ask for --upper" in answer.err


def test_degrees_are_refused(call):
    answer = call("certify", "--expr", BUMP, *GATED, "--degree", 12)
    assert answer.code == 2 and "no --degree" in answer.err


@pytest.mark.slow
def test_upper_bounds_are_still_to_be_had():
    options = {"dictionary": "relu", "width": 1, "upper": True, "restarts": 4}
    document = certify("t2", "moa", **options)
    assert document["lower_bound"] is None and document["upper_bound"] is not None
