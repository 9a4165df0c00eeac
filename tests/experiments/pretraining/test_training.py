"""The loop: metamorphic (resume, accumulation), negative (divergence, memory)."""

import math
import signal
import subprocess
import sys
import time

import pytest
import torch

from experiments.pretraining import training
from experiments.pretraining.moe import Experts
from experiments.pretraining.products import fast_products
from experiments.pretraining.recipes import Compile, Optimizer, Precision, Schedule
from experiments.pretraining.training import DivergedError, train
from expressivity.classes.kinds import Kind
from expressivity.fitting.compilation import heard_by


class KilledError(Exception):
    pass


def kill_after(steps):
    """A progress callback that ends the training when so many steps are done."""
    done = 0

    def on_steps(count):
        nonlocal done
        done += count
        if done == steps:
            raise KilledError

    return on_steps


def same(left, right):
    return left.log == right.log and all(
        torch.equal(left.weights[name], right.weights[name]) for name in left.weights
    )


@pytest.mark.parametrize("kind", Kind)
def test_a_training_is_repeatable_and_learns(recipe, corpus, kind):
    chosen = recipe(kind, steps=30)
    found = train(chosen, corpus)
    assert same(found, train(chosen, corpus))
    assert found.log.evaluated == [4, 8, 12, 16, 20, 24, 28, 30]
    assert found.log.validation[-1] < found.log.validation[0] - 0.5
    assert found.log.steps == 30


@pytest.mark.parametrize("optimizer", Optimizer)
def test_killed_after_any_step_it_goes_on_bit_for_bit(recipe, corpus, tmp_path, optimizer):
    chosen = recipe(optimizer=optimizer)
    whole = train(chosen, corpus)
    for killed in range(1, chosen.training.steps + 1):
        checkpoint = tmp_path / f"{killed}.safetensors"
        with pytest.raises(KilledError):
            train(chosen, corpus, checkpoint=checkpoint, on_steps=kill_after(killed))
        assert same(whole, train(chosen, corpus, checkpoint=checkpoint))


def test_a_finished_training_only_reads_its_checkpoint(recipe, corpus, tmp_path):
    checkpoint = tmp_path / "c.safetensors"
    whole = train(recipe(), corpus, checkpoint=checkpoint)
    seen = []
    assert same(whole, train(recipe(), corpus, checkpoint=checkpoint, on_steps=seen.append))
    assert seen == [6]


def test_accumulation_changes_nothing_but_rounding(recipe, corpus):
    whole, parts = train(recipe(), corpus), train(recipe(accumulate=4), corpus)
    assert parts.log.loss == pytest.approx(whole.log.loss, abs=1e-4)
    assert parts.log.validation == pytest.approx(whole.log.validation, abs=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": Precision.BFLOAT16},
        {"schedule": Schedule.WSD, "optimizer": Optimizer.MUON},
        {"experts": Experts(count=3)},
    ],
)
def test_every_way_of_training_learns(recipe, corpus, changes):
    found = train(recipe(steps=30, **changes), corpus)
    assert found.log.validation[-1] < found.log.validation[0] - 0.5


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_checkpoint(
    recipe, corpus, tmp_path, monkeypatch
):
    checkpoint = tmp_path / "c.safetensors"
    draw = training.gradient
    monkeypatch.setattr(
        training,
        "gradient",
        lambda *given: draw(*given) if given[3] < 5 else (math.nan, 1.0),
    )
    with pytest.raises(DivergedError, match=r"got nan .* at step 5; .* checkpoint is of step 4"):
        train(recipe(), corpus, checkpoint=checkpoint)
    monkeypatch.undo()
    assert same(train(recipe(), corpus), train(recipe(), corpus, checkpoint=checkpoint))


def test_a_rate_that_is_far_too_high_is_noticed(recipe, corpus):
    with pytest.raises(DivergedError, match="lower --rates"):
        train(recipe(rate=1e30, steps=30, warmup=0.0), corpus)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_a_batch_that_does_not_fit_says_what_to_do(recipe, corpus, monkeypatch, error):
    def full(*given):
        raise error

    monkeypatch.setattr(training, "gradient", full)
    with pytest.raises(MemoryError, match=r"memory for 4 windows at a time; .*--accumulate"):
        train(recipe(), corpus)


def test_other_errors_are_left_alone(recipe, corpus, monkeypatch):
    def broken(*given):
        raise RuntimeError("something else")

    monkeypatch.setattr(training, "gradient", broken)
    with pytest.raises(RuntimeError, match="something else"):
        train(recipe(), corpus)


def test_the_precision_of_products_is_put_back():
    before = torch.get_float32_matmul_precision()
    with fast_products("cpu"):
        assert torch.get_float32_matmul_precision() in (before, "medium")
    assert torch.get_float32_matmul_precision() == before


@pytest.mark.slow
# torch's own, while it compiles
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")
@pytest.mark.parametrize(
    ("what", "experts"),
    [(Compile.BLOCKS, None), (Compile.MODEL, None), (Compile.BLOCKS, Experts(count=3))],
)
def test_compiled_models_train_alike_and_resume_bit_for_bit(
    recipe, corpus, tmp_path, what, experts
):
    chosen, eager = (recipe(experts=experts, compile=how) for how in (what, Compile.NONE))
    heard: list[bool] = []
    with heard_by(heard.append):
        whole = train(chosen, corpus)
    assert heard and heard == [True, False] * (len(heard) // 2)
    assert whole.log.loss == pytest.approx(train(eager, corpus).log.loss, abs=1e-4)
    checkpoint = tmp_path / "c.safetensors"
    with pytest.raises(KilledError):
        train(chosen, corpus, checkpoint=checkpoint, on_steps=kill_after(3))
    assert same(whole, train(chosen, corpus, checkpoint=checkpoint))


@pytest.mark.slow
def test_a_killed_process_goes_on_bit_for_bit(text, tmp_path):
    def command(out):
        line = f"pretrain tiny --families la --steps 12 --batch 2 --context 16 --windows 4 \
            --compile none --checkpoint-every 2 --data {text} --out {out}"
        return [sys.executable, "-m", "expressivity", *line.split()]

    subprocess.run(command(tmp_path / "whole"), check=True, capture_output=True)
    process = subprocess.Popen(command(tmp_path / "killed"), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("killed/checkpoints/*.safetensors")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not list(tmp_path.glob("killed/units/*"))
    subprocess.run(command(tmp_path / "killed"), check=True, capture_output=True)
    for folder in ("units", "weights"):
        (left,), (right,) = (
            list((tmp_path / name / folder).iterdir()) for name in ("whole", "killed")
        )
        assert left.name == right.name
    assert left.read_bytes() == right.read_bytes()


def test_experts_are_not_compiled_as_a_whole(recipe):
    with pytest.raises(ValueError, match="blocks or none with experts"):
        recipe(experts=Experts(count=2), compile=Compile.MODEL)
