"""Layers in two processes.

Kinds: metamorphic (DDP, FSDP2 and tensor parallelism give the outputs and gradients of one
process, those of gates included), negative (neurons or groups that processes do not divide).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from torch import nn

from expressivity.layers.tensor_parallel import tensor_parallel_plan

TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


@pytest.mark.slow
def test_two_processes_give_the_gradients_of_one(tmp_path):
    out = tmp_path / "distances.json"
    script = Path(__file__).with_name("two_processes.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, *TORCHRUN, str(script), str(out)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=400
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(out.read_text())
    assert found.pop("processes") == 2
    assert "groups that 2 processes divide; got 3" in found.pop("refusal")
    assert len(found) == 6
    for name, ways in found.items():
        shards = ways.pop("shards")
        for way, distances in ways.items():
            assert len(distances) == {"fixed": 7, "la": 9, "moa": 13}.get(name, len(distances))
            assert max(distances.values()) < 1e-14, (name, way)
        assert shards["w.weight"] == [4, 4] and shards["a.weight"] == [4, 4]
        # Gates of one group are held everywhere, those of several are cut with their neurons.
        cut = {"moa": [7, 4], "type1": [7, 4], "grouped": [14, 4]}
        assert shards.get("u0.weight") == cut.get(name)


def test_a_plan_needs_a_layer():
    with pytest.raises(ValueError, match="got Linear without"):
        tensor_parallel_plan(nn.Linear(2, 2))
