"""The files of ``proofs/coq/``: their texts, and where in the user's cache they are compiled."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from expressivity.output import cache_folder
from proofs.kernel.coq import Coq

PREFIX = "Expressivity"
"""The logical name of the folder: ``From Expressivity Require Import networks.``"""


@dataclass(frozen=True, kw_only=True)
class Library:
    """Coq files that belong together.

    Attributes:
        sources: their texts by name, without ``.v``.
    """

    sources: Mapping[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 of names and texts.

        >>> Library(sources={"a": ""}).digest == Library(sources={"b": ""}).digest
        False
        """
        parts = [(name, self.sources[name]) for name in sorted(self.sources)]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def folder(self, coq: Coq) -> Path:
        """Where it is compiled."""
        key = hashlib.sha256(f"{self.digest} {coq.build}".encode()).hexdigest()[:16]
        return cache_folder() / "kernel" / key

    def code(self, name: str) -> str:
        """The text of a file without its comments."""
        return without_comments(self.sources[name])

    def place_of(self, theorem: str) -> str | None:
        """The file that proves a theorem of this name, or None."""
        stated = re.compile(rf"^\s*Theorem\s+{re.escape(theorem)}\b", re.MULTILINE)
        return next((name for name in self.sources if stated.search(self.code(name))), None)


def builtin_library() -> Library:
    """The files that come with the package."""
    folder = files("proofs") / "coq"
    found = sorted(folder.iterdir(), key=lambda f: f.name) if folder.is_dir() else []
    return Library(
        sources={f.name[:-2]: f.read_text("utf-8") for f in found if f.name.endswith(".v")}
    )


def without_comments(text: str) -> str:
    """Coq text with a space for each comment; they nest, and hide in no string.

    >>> without_comments('a (* b (* c *) d *) "(*" e')
    'a   "(*" e'
    """
    kept: list[str] = []
    depth = 0
    for token in re.findall(r'\(\*|\*\)|"(?:[^"]|"")*"|.', text, re.DOTALL):
        if token == "(*":
            depth += 1
        elif depth == 0:
            kept.append(token)
        elif token == "*)":
            depth -= 1
            kept.append(" " if depth == 0 else "")
    return "".join(kept)
