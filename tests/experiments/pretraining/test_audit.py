"""Audits of trained models.

Kinds: property (models trained for 50 steps), reference (losses and frozen gates of the training
run itself), metamorphic (constant gates), negative (files and texts that are refused).
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from experiments.pretraining.audit import planned
from experiments.pretraining.audit_tables import distances, findings, gates
from experiments.pretraining.data import find_text, join
from experiments.pretraining.moe import Experts
from experiments.pretraining.recipes import Mixing
from experiments.pretraining.runs import TrainingUnit
from experiments.pretraining.trained import read_trained
from experiments.pretraining.training import train
from expressivity.classes.kinds import Kind
from expressivity.runs.folder import RunFolder, read_run
from expressivity.runs.units import run

torch.set_num_threads(1)


@pytest.fixture
def checkpoint(recipe, corpus, tmp_path) -> Callable[..., Path]:
    """The checkpoint after the last step of a training."""

    def build(kind: Kind = Kind.MOA, steps: int = 2, experts: Experts | None = None) -> Path:
        path = tmp_path / f"{kind}.safetensors"
        train(recipe(kind, steps=steps, experts=experts), corpus, checkpoint=path)
        return path

    return build


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "kind", [Kind.MOA, pytest.param(Kind.LA, marks=SLOW), pytest.param(Kind.FIXED, marks=SLOW)]
)
def test_a_model_trained_for_50_steps_makes_a_table(call, checkpoint, text, kind):
    path = checkpoint(kind, steps=50)
    answer = call("audit", path, "--data", text, "--json")
    assert answer.code == 0
    document = answer.document
    assert document["schema"] == "expressivity.audit/1"
    assert document["held_out"]
    assert document["windows"] == 41  # 661 bytes are held out, a window has 16
    assert list(document["layers"]) == ["blocks.0.feed_forward", "blocks.1.feed_forward"]
    for layer in document["layers"].values():
        assert layer["tokens"] == 41 * 16
        assert (layer["nearest_la"]["value"] < 1e-10) == (kind is not Kind.MOA)
        assert (layer["nearest_fixed"]["value"] < 1e-10) == (kind is Kind.FIXED)
        assert layer["nearest_la"]["relaxed"]["value"] <= layer["nearest_la"]["value"] + 1e-9
        assert layer["nearest_la"]["value"] <= layer["nearest_fixed"]["value"] + 1e-9
        assert (layer["frozen"] is None) == (kind is not Kind.MOA)
        assert len(layer["sides"]) == (0 if kind is Kind.FIXED else 2)
    assert len(distances(document).rows) == 2
    assert len(gates(document).rows) == (2 * 2 + 1 if kind is Kind.MOA else 0)
    words = "the loss changes by" if kind is Kind.MOA else "No layer has gates"
    assert any(words in sentence for sentence in document["findings"])
    shown = call("audit", path, "--data", text).out
    assert "distance from the nearest layer with the same maps" in shown
    assert words in shown


def test_the_weights_of_a_finished_run_give_what_the_run_found(call, recipe, corpus, text):
    unit = TrainingUnit(recipe=recipe(steps=20, rate=0.05), mixing=Mixing(), corpus=corpus)
    folder = RunFolder(Path("run"), configuration={"units": [unit.key]}, facts={})
    assert run([unit], folder) == []
    (entry,) = read_run(folder.path).entries
    weights = folder.path / "weights" / f"{entry.key}.safetensors"
    arguments = ("audit", weights, "--data", text, "--windows", 8, "--out", "audit", "--json")
    found = call(*arguments).document
    assert found["loss"] == pytest.approx(entry.record["validation"], abs=1e-5)
    assert found["frozen"]["value"] == pytest.approx(entry.record["gates"]["frozen"], abs=1e-5)
    assert abs(found["frozen"]["value"]) > 1e-4
    for name, layer in found["layers"].items():
        alone = entry.record["gates"]["frozen_layer"][name]
        assert layer["frozen"]["value"] == pytest.approx(alone, abs=1e-5)
        for side, expected in zip(
            layer["sides"], entry.record["gates"]["layers"][name], strict=True
        ):
            assert side["effective_rank"] == pytest.approx(expected["effective_rank"], abs=1e-4)
    report = Path("audit/report.html").read_text()
    assert "Is the expressivity of the layers used?" in report
    assert "Layers of one trained language model" in report  # the caption of the figure
    assert call(*arguments).document == found  # read back, not computed again


def test_gates_that_are_constant_are_not_worth_anything(checkpoint, text, tmp_path):
    trained = read_trained(checkpoint())
    for name, weight in trained.weights.items():
        if ".u" in name and name.endswith("weight"):
            weight.zero_()
    unit = planned(trained, find_text(text), windows=8, device="cpu")
    record = replace(unit, corpus=replace(unit.corpus, path=text)).run().record
    assert max(layer["nearest_la"]["value"] for layer in record["layers"].values()) < 1e-10
    for key in ("frozen", "replaced"):
        assert record[key]["value"] == pytest.approx(0, abs=1e-10)
    assert (
        "not told apart" in findings({**record})[2].text or abs(record["frozen"]["value"]) < 1e-12
    )


def test_experts_are_audited_one_by_one(checkpoint, text, tmp_path):
    trained = read_trained(checkpoint(experts=Experts(count=3, chosen=2)))
    unit = planned(trained, find_text(text), windows=4, device="cpu")
    record = replace(unit, corpus=join(find_text(text), tmp_path)).run().record
    first = [layer for name, layer in record["layers"].items() if name.startswith("blocks.0.")]
    assert sum(layer["tokens"] for layer in first) == 2 * 4 * 16


def test_a_text_of_its_own_is_looked_at_as_a_whole(checkpoint, text, tmp_path):
    trained = read_trained(checkpoint())
    other = tmp_path / "other.txt"
    other.write_text(text.read_text()[:-1])
    assert planned(trained, find_text(text), windows=10**6, device="cpu").windows == 41
    unit = planned(trained, find_text(other), windows=10**6, device="cpu")
    assert unit.corpus.validation == 1
    assert unit.windows == (other.stat().st_size - 1) // 16


@pytest.fixture
def refused(call, text):
    """What the command says, in one line."""

    def told(path: object, *arguments: object) -> str:
        answer = call("audit", path, *(arguments or ("--data", text)), "--json")
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.count("\n") == 1
        return answer.err

    return told


def test_files_that_are_no_checkpoint_are_refused(refused, checkpoint, tmp_path):
    start = "expressivity: required: a checkpoint of expressivity pretrain; "
    assert "is no file: name a file" in refused("missing.safetensors")
    pickled, others = tmp_path / "model.pt", tmp_path / "model.safetensors"
    torch.save({"w": torch.zeros(2)}, pickled)
    save_file({"w": torch.zeros(2)}, others)
    assert refused(pickled).startswith(f"{start}{pickled} is damaged (")
    assert refused(others).startswith(f"{start}{others} has no digest")
    whole = checkpoint()
    content = bytearray(whole.read_bytes())
    content[-1] ^= 1
    whole.write_bytes(content)
    assert "its SHA-256 is" in refused(whole)


def test_a_checkpoint_of_another_version_is_refused(refused, checkpoint, monkeypatch):
    path = checkpoint()
    verified = "experiments.pretraining.trained.read_sealed"
    for text in (
        '{"recipe": "by hand", "text": ""}',
        "[]",
        '{"recipe": {"name": "", "model": {}}}',
    ):
        monkeypatch.setattr(verified, lambda path, text=text: (text, {}))
        assert "is of another program or version" in refused(path)


def test_weights_of_other_runs_are_refused(refused, recipe, corpus):
    unit = TrainingUnit(recipe=recipe(), mixing=Mixing(), corpus=corpus)
    audit = planned_audit(unit, corpus)
    folder = RunFolder(Path("other"), configuration={"units": [audit.key]}, facts={})
    folder.save(audit, replace(unit.run(), record={}))
    assert "is of another kind of run" in refused(f"other/weights/{audit.key}.safetensors")


def planned_audit(unit: TrainingUnit, corpus):
    class Other(TrainingUnit):
        @property
        def identity(self) -> dict[str, object]:
            return {"unit": "other"}

    return Other(recipe=unit.recipe, mixing=unit.mixing, corpus=corpus)


def test_gates_that_read_other_windows_are_refused(checkpoint, text):
    trained = read_trained(checkpoint())
    placebo = replace(trained, config=replace(trained.config, gate_shift=1))
    with pytest.raises(ValueError, match=r"^required: gates that read their own window"):
        planned(placebo, find_text(text), windows=8, device="cpu")


def test_texts_and_numbers_that_cannot_be_are_refused(refused, checkpoint, text, tmp_path):
    path, short = checkpoint(), tmp_path / "short.txt"
    short.write_text("sixteen letters.")
    assert "required: more than 16 bytes, one window of the model; got 16 of text" in refused(
        path, "--data", short
    )
    assert "at least one window" in refused(path, "--data", text, "--windows", 0)
    assert "a text; nowhere does not exist" in refused(path, "--data", "nowhere")
    assert "unknown device" in refused(path, "--data", text, "--device", "tpu")
