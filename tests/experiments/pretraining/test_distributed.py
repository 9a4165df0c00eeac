"""Several processes: metamorphic (two give what one gives), negative (rows that do not divide)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from experiments.pretraining.distributed import Place
from expressivity.runs.folder import read_lanes, read_run

RUNS = ("alone", "ddp", "fsdp", "resumed")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def torchrun(*arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, *TORCHRUN, *map(str, arguments)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=400
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


@pytest.mark.slow
def test_two_processes_give_the_losses_of_one(text, tmp_path):
    out = tmp_path / "losses.json"
    torchrun(Path(__file__).with_name("two_processes.py"), text, tmp_path, out)
    found = json.loads(out.read_text())
    assert found["processes"] == 2
    # Muon's matrix iteration is in bfloat16, of 8 bits: its rounding magnifies that of sums, and
    # gradients are no closer than one unit of the last of these.
    for optimizer, tolerance, unit in (("adamw", 1e-5, 0.0), ("muon", 2e-3, 2.0**-8)):
        alone, ddp, fsdp, resumed = (found[optimizer][name] for name in RUNS)
        assert len(alone["loss"]) == 20
        for column in ("loss", "validation", "gradient_norm"):
            rel = unit if column == "gradient_norm" else 0.0
            expected = pytest.approx(alone[column], abs=tolerance, rel=rel)
            assert ddp[column] == expected, (optimizer, column)
            assert fsdp[column] == expected, (optimizer, column)
        assert resumed == fsdp
    # Far more than the tolerances: they would show another optimizer.
    assert abs(found["adamw"]["alone"]["loss"][-1] - found["muon"]["alone"]["loss"][-1]) > 0.02


def test_shares_make_up_the_batch():
    rows = torch.arange(6)
    assert torch.cat([Place(rank=r, size=3).share(rows) for r in range(3)]).equal(rows)


def test_a_batch_that_processes_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="4 processes divide; got 6 rows"):
        Place(rank=0, size=4).share(torch.arange(6))


@pytest.mark.slow
def test_the_command_under_torchrun_writes_one_folder(text, tmp_path):
    line = f"-m expressivity pretrain tiny --families fixed,moa --steps 4 --batch 4 --context 16 \
        --windows 4 --compile none --data {text} --sharding fsdp"
    out = tmp_path / "two"
    torchrun(*line.split(), "--out", out)
    run = read_run(out)
    assert {entry.record["arm"] for entry in run.entries} == {"fixed", "moa", "fixed-matched"}
    assert all(len(read_lanes(out, entry.key)["loss"]) == 4 for entry in run.entries)
