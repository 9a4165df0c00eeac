"""Text as tokens: negative (bad texts), reference (order and split), property (batches)."""

import numpy as np
import pytest

from experiments.pretraining.data import batch, find_text, join, require_length, validation_windows


@pytest.mark.parametrize("content", [None, b""])
def test_a_missing_or_empty_text_is_refused(tmp_path, content):
    file = tmp_path / "text.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=r"required: a text.*choose another --data") as refusal:
        find_text(file)
    assert "\n" not in str(refusal.value)


def test_a_folder_without_text_is_refused(tmp_path):
    (tmp_path / "picture.bin").write_bytes(b"a\0b")
    with pytest.raises(ValueError, match="not empty"):
        find_text(tmp_path)


def test_a_short_text_is_refused(tmp_path):
    file = tmp_path / "text.txt"
    file.write_bytes(bytes(1000))
    require_length(find_text(file), 49)
    with pytest.raises(ValueError, match="950 for training and 50 for validation"):
        require_length(find_text(file), 50)


def test_files_are_joined_by_their_paths_without_hidden_ones_and_binaries(tmp_path):
    source = tmp_path / "source"
    for name, content in {
        "b.txt": b"B",
        "a/z.txt": b"Z",
        "a.txt": b"A",
        ".hidden": b"H",
        ".git/config": b"G",
        "c.bin": b"C\0",
        "empty.txt": b"",
    }.items():
        file = source / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    text = find_text(source)
    corpus = join(text, tmp_path / "out")
    assert corpus.path.read_bytes() == b"A\0Z\0B"
    assert text.size == 5
    assert join(text, tmp_path / "out") == corpus


def test_a_text_that_changes_is_noticed(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in "ab":
        (source / name).write_text(name)
    text = find_text(source)
    (source / "a").write_text("other")
    with pytest.raises(ValueError, match="it has changed"):
        join(text, tmp_path)


def test_the_standard_library_is_the_default_without_tests():
    text = find_text(None)
    assert text.size > 5_000_000
    names = {file.name for file in text.files}
    assert "argparse.py" in names
    assert not any("site-packages" in file.parts or "test" in file.parts for file in text.files)


def test_training_and_validation_share_nothing(corpus):
    training, held_out = corpus.tokens()
    everything = corpus.path.read_bytes()
    assert bytes(training) + bytes(held_out) == everything
    assert len(held_out) == round(0.05 * len(everything))


def test_batches_depend_on_seed_and_step_alone(corpus):
    tokens, _ = corpus.tokens()

    def draw(seed, step):
        return batch(tokens, seed=seed, step=step, size=4, context=8)[0]

    assert draw(1, 7).equal(draw(1, 7))
    assert not draw(1, 7).equal(draw(1, 8))
    assert not draw(1, 7).equal(draw(2, 7))


def test_windows_reach_every_place_and_no_further():
    tokens = np.arange(12, dtype=np.uint8)
    starts = {
        int(start)
        for step in range(40)
        for start in batch(tokens, seed=0, step=step, size=4, context=8)[0][:, 0]
    }
    assert starts == {0, 1, 2, 3}
    inputs, targets = validation_windows(tokens, 4, 8)
    assert sorted(inputs[:, 0].tolist()) == [0, 1, 2, 3]
    assert bool((targets == inputs + 1).all())
