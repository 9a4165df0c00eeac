"""Checkpoints.

Kinds: negative (flipped bits, cuts, no digest, another version), metamorphic (a training that goes
on, from the last checkpoint or the one before it, has the losses of one undisturbed).
"""

import json
import random
import struct
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, save

from experiments.pretraining.checkpoint import (
    Log,
    before,
    read_checkpoint,
    recover,
    write_checkpoint,
)
from experiments.pretraining.distributed import ALONE
from experiments.pretraining.model import Transformer
from experiments.pretraining.optimizers import build_optimizers, named_states
from experiments.pretraining.recipes import Optimizer
from experiments.pretraining.training import train
from expressivity.runs.folder import read_run
from expressivity.runs.tensors import digest_of

CONFIGURATION: dict[str, object] = {"recipe": "by hand"}


@pytest.fixture
def trained(recipe, corpus, tmp_path):
    """A recipe with its training and the checkpoint after the last step."""
    checkpoint = tmp_path / "c.safetensors"
    return recipe(), train(recipe(), corpus, checkpoint=checkpoint), checkpoint


def parts(chosen):
    """A model and its optimizers as they are before the first step."""
    model = Transformer(chosen.model, seed=1)
    return model, build_optimizers(model, chosen.training)


def everything(model, optimizers):
    """All tensors of both, by name."""
    found = {name: value.detach().clone() for name, value in model.named_parameters()}
    for name, state in named_states(model, optimizers):
        found |= {f"{name}/{key}": value.clone() for key, value in state.items()}
    return found


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def header_of(content: bytes) -> int:
    """Bytes before the first tensor."""
    return 8 + struct.unpack("<Q", content[:8])[0]


def metadata_of(checkpoint: Path) -> dict[str, str]:
    with safe_open(checkpoint, framework="pt") as file:
        return file.metadata()


def configuration_of(checkpoint: Path) -> dict[str, object]:
    return json.loads(metadata_of(checkpoint)["configuration"])


@pytest.mark.parametrize("optimizer", Optimizer)
def test_what_is_read_is_what_was_written(recipe, corpus, tmp_path, optimizer):
    chosen, path = recipe(optimizer=optimizer), tmp_path / "copy.safetensors"
    train(chosen, corpus, checkpoint=tmp_path / "c.safetensors")
    model, optimizers = parts(chosen)
    given = configuration_of(tmp_path / "c.safetensors")
    log = read_checkpoint(tmp_path / "c.safetensors", given, model, optimizers)
    assert log.steps == 6
    write_checkpoint(path, given, model, optimizers, log, ALONE)
    # The digest is of everything; the order of the metadata is safetensors' own, and random.
    assert metadata_of(path) == metadata_of(tmp_path / "c.safetensors")
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize("place", ["header", "tensors"])
def test_no_flipped_bit_is_believed(trained, place):
    chosen, _, checkpoint = trained
    content, given = checkpoint.read_bytes(), configuration_of(checkpoint)
    model, optimizers = parts(chosen)
    before = everything(model, optimizers)
    header = header_of(content)
    first, last = (0, header) if place == "header" else (header, len(content))
    draw = random.Random(5)
    for bit in draw.sample(range(8 * first, 8 * last), 200):
        checkpoint.write_bytes(flipped(content, bit))
        with pytest.raises(
            ValueError, match=r"^required: a whole checkpoint; .*delete it"
        ) as error:
            read_checkpoint(checkpoint, given, model, optimizers)
        assert str(error.value).count("\n") == 0
        after = everything(model, optimizers)
        assert after.keys() == before.keys()
    # Nothing has been touched, by any of them.
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_a_cut_file_is_refused(trained, corpus):
    chosen, _, checkpoint = trained
    content = checkpoint.read_bytes()
    for damaged in (content[:-100], content[: header_of(content)], content[:50], content[:4], b""):
        checkpoint.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"required: a whole checkpoint; .* is damaged"):
            train(chosen, corpus, checkpoint=checkpoint)


def test_tensors_that_have_changed_names_are_refused(trained, corpus):
    """Two blocks in each other's place: every byte of a tensor and every shape is right."""
    chosen, _, checkpoint = trained
    content = checkpoint.read_bytes()
    swapped = content.replace(b"/blocks.0.", b"/blocks.X.").replace(b"/blocks.1.", b"/blocks.0.")
    checkpoint.write_bytes(swapped.replace(b"/blocks.X.", b"/blocks.1."))
    assert set(load(checkpoint.read_bytes())) == set(load(content))
    with pytest.raises(ValueError, match="its SHA-256 is"):
        train(chosen, corpus, checkpoint=checkpoint)


def test_a_checkpoint_without_digest_is_refused(trained, corpus):
    chosen, _, checkpoint = trained
    tensors = load(checkpoint.read_bytes())
    old = save(tensors, {"configuration": json.dumps(configuration_of(checkpoint))})
    for content in (old, save(tensors)):
        checkpoint.write_bytes(content)
        with pytest.raises(ValueError, match=r"has no digest: .* of an older version: delete it"):
            train(chosen, corpus, checkpoint=checkpoint)


def test_a_whole_checkpoint_of_another_configuration_is_refused(recipe, trained, corpus):
    with pytest.raises(ValueError, match="required: a checkpoint of the same configuration"):
        train(recipe(rate=2e-2), corpus, checkpoint=trained[2])


def test_a_whole_checkpoint_of_other_parameters_is_refused(recipe, tmp_path):
    """A version of the program whose model has other names or shapes."""
    path, chosen = tmp_path / "c.safetensors", recipe()
    model, optimizers = parts(chosen)
    name, parameter = next(iter(model.named_parameters()))
    other = torch.nn.Module()
    other.register_parameter(name.replace(".", "_"), parameter)
    write_checkpoint(path, CONFIGURATION, other, [], Log(), ALONE)
    with pytest.raises(ValueError, match="of another version of the program: delete it"):
        read_checkpoint(path, CONFIGURATION, model, optimizers)


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(trained, monkeypatch):
    chosen, _, checkpoint = trained
    content, earlier = checkpoint.read_bytes(), before(checkpoint).read_bytes()
    model, optimizers = parts(chosen)

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(checkpoint, CONFIGURATION, model, optimizers, Log(), ALONE)
    assert checkpoint.read_bytes() == content
    assert before(checkpoint).read_bytes() == earlier
    assert len(list(checkpoint.parent.glob("*.safetensors*"))) == 2


def test_deleting_it_starts_again_with_the_same_losses(trained, corpus):
    chosen, whole, checkpoint = trained
    checkpoint.write_bytes(flipped(checkpoint.read_bytes(), 8 * header_of(checkpoint.read_bytes())))
    with pytest.raises(ValueError, match="delete it and run the same command again"):
        train(chosen, corpus, checkpoint=checkpoint)
    checkpoint.unlink()
    assert train(chosen, corpus, checkpoint=checkpoint).log == whole.log


def packed(checkpoint: Path, tensors: dict[str, torch.Tensor]) -> None:
    """A checkpoint with these tensors and the digest that is theirs."""
    asked = metadata_of(checkpoint)["configuration"]
    metadata = {"configuration": asked, "sha256": digest_of(asked, tensors)}
    checkpoint.write_bytes(save(tensors, metadata))


@pytest.mark.parametrize("optimizer", Optimizer)
def test_names_shapes_and_types_are_exactly_those_of_the_program(
    recipe, corpus, tmp_path, optimizer
):
    """A whole file of another version, whose optimizer or log holds something else."""
    chosen, checkpoint = recipe(optimizer=optimizer), tmp_path / "c.safetensors"
    train(chosen, corpus, checkpoint=checkpoint)
    given, tensors = configuration_of(checkpoint), load(checkpoint.read_bytes())
    model, optimizers = parts(chosen)
    untouched = everything(model, optimizers)
    packed(checkpoint, tensors)
    assert read_checkpoint(checkpoint, given, *parts(chosen)).steps == 6
    for name, value in tensors.items():
        changes = [
            {name: value[..., None]},
            {name: value.to(torch.float16)},
            {f"{name}x": value.clone()},
            {f"{name}/more": value.clone()},
        ]
        changed = [{**tensors, **change} for change in changes]
        if not name.endswith("/momentum_buffer"):  # all that Muon keeps: as if never updated
            changed.append({other: tensors[other] for other in tensors if other != name})
        for each in changed:
            packed(checkpoint, each)
            with pytest.raises(ValueError, match="of another version of the program"):
                read_checkpoint(checkpoint, given, model, optimizers)
    after = everything(model, optimizers)
    assert after.keys() == untouched.keys()
    assert all(torch.equal(after[name], untouched[name]) for name in untouched)


@pytest.fixture
def notices(monkeypatch):
    heard: list[str] = []
    monkeypatch.setattr("experiments.pretraining.checkpoint.notice", heard.append)
    return heard


@pytest.mark.parametrize("damage", ["flipped", "cut", "missing"])
def test_the_checkpoint_before_takes_the_place_of_a_damaged_one(trained, corpus, notices, damage):
    chosen, whole, checkpoint = trained
    content, earlier = checkpoint.read_bytes(), before(checkpoint).read_bytes()
    if damage == "missing":  # a kill between two renames
        checkpoint.unlink()
    else:
        middle = 4 * (header_of(content) + len(content))
        checkpoint.write_bytes(content[:-9] if damage == "cut" else flipped(content, middle))
    recover(checkpoint)
    assert checkpoint.read_bytes() == earlier and not before(checkpoint).exists()
    assert len(notices) == (damage != "missing")
    assert all(str(checkpoint) in line and "goes on from" in line for line in notices)
    assert read_checkpoint(checkpoint, configuration_of(checkpoint), *parts(chosen)).steps == 4
    assert train(chosen, corpus, checkpoint=checkpoint).log == whole.log


def test_whole_checkpoints_and_those_without_a_whole_one_before_stay(trained, notices):
    _, _, checkpoint = trained
    kept = [checkpoint.read_bytes(), before(checkpoint).read_bytes()]
    recover(checkpoint)
    assert [checkpoint.read_bytes(), before(checkpoint).read_bytes()] == kept
    kept = [flipped(content, 8 * len(content) - 8) for content in kept]
    for file, content in zip((checkpoint, before(checkpoint)), kept, strict=True):
        file.write_bytes(content)
    recover(checkpoint)
    assert [checkpoint.read_bytes(), before(checkpoint).read_bytes()] == kept
    recover(checkpoint.with_name("none.safetensors"))
    assert notices == []


SMALL = ("--steps", 4, "--batch", 4, "--context", 16, "--windows", 4, "--compile", "none")


def test_a_damaged_checkpoint_costs_no_finished_run(call, text):
    """Only the run it belongs to fails, and says what to do; deleting it mends that."""
    arguments = ["pretrain", "tiny", *SMALL, "--data", text, "--families", "fixed,la"]
    arguments += ["--no-matched", "--out", "run", "--json"]
    whole = call(*arguments).document
    la = next(run for run in whole["runs"] if run["arm"] == "la")
    Path(f"run/units/{la['key']}.parquet").unlink()
    checkpoint = Path(f"run/checkpoints/{la['key']}.safetensors").resolve()
    checkpoint.write_bytes(b"not one")
    answer = call(*arguments)
    assert answer.code == 1
    assert [run["arm"] for run in answer.document["runs"]] == ["fixed"]
    (failure,) = read_run(Path("run")).failures
    assert f"{checkpoint} is damaged" in failure["error"]
    checkpoint.unlink()
    again = call(*arguments).document
    for run in (*again["runs"], *whole["runs"]):
        del run["seconds"]
    assert again["runs"] == whole["runs"]
