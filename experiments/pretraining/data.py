"""Bytes of a text as tokens: where they come from, how they are split and drawn.

A token is a byte. Files of a folder are joined in the order of their relative paths with a zero
byte between them; hidden files, and files that hold a zero byte, which are no text, are left
out. The first part of the text is trained on, the last is validated on.

Shape letters: B windows, T positions.
"""

import hashlib
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from expressivity.output import write_atomically

VOCABULARY = 256
VALIDATION = 0.05
_TESTS = {"test", "tests", "idle_test"}


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text as it lies on disk.

    Attributes:
        files: one, or several to be joined.
        size: bytes in all, separators included.
        sha256: of them.
    """

    files: tuple[Path, ...]
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A text in one file, to be memory-mapped.

    Attributes:
        path: the file.
        sha256: of its bytes: what a result depends on, wherever the file is.
        validation: which part of it, at the end, is not trained on.
    """

    path: Path
    sha256: str
    validation: float = VALIDATION

    def tokens(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Bytes for training and for validation, mapped and not read."""
        everything = np.memmap(self.path, dtype=np.uint8, mode="r")
        cut = len(everything) - round(self.validation * len(everything))
        return everything[:cut], everything[cut:]


def find_text(source: Path | None) -> Text:
    """Look a text up and read it once.

    Args:
        source: a file or a folder; by default the standard library of this interpreter, its
            ``*.py`` without site-packages and without folders of tests.

    Raises:
        ValueError: it is missing, empty or cannot be read.
    """
    text = text_of(_standard_library() if source is None else files_of(source))
    if not text.size:
        raise ValueError(f"required: a text that is not empty; got {source}: choose another --data")
    return text


def text_of(files: Sequence[Path]) -> Text:
    """The text of files, each of which is read once.

    Raises:
        ValueError: one cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    for part in _parts(files):
        digest.update(part)
        size += len(part)
    return Text(files=tuple(files), size=size, sha256=digest.hexdigest())


def require_length(text: Text, context: int, validation: float = VALIDATION) -> None:
    """Refuse a text whose parts do not hold one window each.

    Raises:
        ValueError: it is too short.
    """
    held_out = round(validation * text.size)
    if min(held_out, text.size - held_out) <= context:
        raise ValueError(
            f"required: more than {context} bytes in each part of the text; got "
            f"{text.size - held_out} for training and {held_out} for validation: choose a longer "
            f"text for --data or a smaller --context"
        )


def join(text: Text, folder: Path) -> Corpus:
    """A text in one file: its own, or ``corpus.bin`` in a folder.

    Raises:
        ValueError: the text has changed since it was found.
    """
    if len(text.files) == 1:
        return Corpus(path=text.files[0].resolve(), sha256=text.sha256)
    path = folder.resolve() / "corpus.bin"
    if not path.exists() or _digest(path) != text.sha256:
        write_atomically(path, lambda temporary: _write(temporary, text.files))
    if _digest(path) != text.sha256:
        raise ValueError("required: a text that stays as it is; it has changed: start again")
    return Corpus(path=path, sha256=text.sha256)


def batch(
    tokens_N: NDArray[np.uint8], *, seed: int, step: int, size: int, context: int
) -> tuple[Tensor, Tensor]:
    """Inputs and targets of a step, each int64 (B, T): windows at random places.

    They depend on seed and step alone, so nothing is kept to resume.

    >>> tokens = np.arange(100, dtype=np.uint8)
    >>> inputs, targets = batch(tokens, seed=0, step=3, size=2, context=8)
    >>> bool((targets == inputs + 1).all())
    True
    """
    places_B = np.random.default_rng([seed, step]).integers(0, len(tokens_N) - context, size=size)
    return _windows(tokens_N, places_B, context)


def validation_windows(
    tokens_N: NDArray[np.uint8], count: int, context: int
) -> tuple[Tensor, Tensor]:
    """Inputs and targets for validation: evenly spread windows, always the same.

    Their order is a fixed random one, so that those of one batch are no neighbours in the text.
    """
    places_B = _spread(tokens_N, count, context)
    return _windows(tokens_N, np.random.default_rng(0).permutation(places_B), context)


def windows_in_order(
    tokens_N: NDArray[np.uint8], count: int, context: int
) -> tuple[Tensor, Tensor]:
    """The same windows in the order of the text."""
    return _windows(tokens_N, _spread(tokens_N, count, context), context)


def _spread(tokens_N: NDArray[np.uint8], count: int, context: int) -> NDArray[np.int64]:
    """Places of the first bytes of evenly spread windows."""
    return np.arange(count) * (len(tokens_N) - context - 1) // max(count - 1, 1)


def _windows(
    tokens_N: NDArray[np.uint8], places_B: NDArray[np.int64], context: int
) -> tuple[Tensor, Tensor]:
    window_BT = tokens_N[places_B[:, None] + np.arange(context + 1)].astype(np.int64)
    return torch.from_numpy(window_BT[:, :-1]), torch.from_numpy(window_BT[:, 1:])


def _standard_library() -> list[Path]:
    root = Path(sysconfig.get_path("stdlib"))
    return [
        file
        for file in files_of(root, "*.py")
        if not _TESTS.union({"site-packages", "dist-packages"}) & set(file.parts)
    ]


def files_of(source: Path, pattern: str = "*") -> list[Path]:
    """Files of a folder in the order of their relative paths, or the one file given."""
    if not source.exists():
        raise ValueError(f"required: a text; {source} does not exist: choose another --data")
    if not source.is_dir():
        return [source]
    inside = ((file.relative_to(source), file) for file in source.rglob(pattern) if file.is_file())
    visible = [(name, file) for name, file in inside if not _hidden(name)]
    ordered = [file for _, file in sorted(visible, key=lambda pair: pair[0].as_posix())]
    return [file for file in ordered if (content := _read(file)) and b"\0" not in content]


def _hidden(name: Path) -> bool:
    return any(part.startswith(".") for part in name.parts)


def _parts(files: Sequence[Path]) -> Iterator[bytes]:
    """The joined text in pieces, a file or a separator each."""
    for number, file in enumerate(files):
        if number:
            yield b"\0"
        yield _read(file)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ValueError(
            f"required: a text that can be read; {file}: {error.strerror}: choose another --data"
        ) from error


def _write(path: Path, files: tuple[Path, ...]) -> None:
    with path.open("wb") as out:
        out.writelines(_parts(files))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
