"""What the kernel has accepted on this machine, kept for those who label verdicts.

A record belongs to the files of ``proofs/coq/`` as they are: its name is their digest, and when
one changes, nothing is vouched for until ``prove --kernel`` has run again. It holds theorems that
were accepted and that say what Python writes of them, and no others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from expressivity.output import cache_folder, is_whole, json_text, sealed, write_atomically
from proofs.kernel.coq import Coq
from proofs.kernel.library import Library
from proofs.kernel.verdicts import KernelVerdict

SCHEMA = "expressivity.kernel/1"


def store(library: Library, coq: Coq, verdicts: Iterable[KernelVerdict]) -> None:
    """Record the theorems that are accepted as generated; those that are not lose their record.

    Raises:
        OSError: the cache cannot be written.
    """
    theorems = stored(library)
    for verdict in verdicts:
        theorems.pop(verdict.theorem, None)
        if verdict.accepted and verdict.as_generated:
            theorems[verdict.theorem] = {
                "statement": verdict.statement,
                "axioms": list(verdict.axioms),
                "coq": coq.version,
            }
    text = json_text(sealed({"schema": SCHEMA, "theorems": theorems}))
    write_atomically(_place(library), lambda file: file.write_text(text))


def stored(library: Library) -> dict[str, object]:
    """The recorded theorems by name; none where there is no record that is whole."""
    try:
        document = json.loads(_place(library).read_bytes())
    except (OSError, ValueError):
        return {}
    if not is_whole(document) or document.get("schema") != SCHEMA:
        return {}
    return document["theorems"]


def _place(library: Library) -> Path:
    return cache_folder() / "kernel" / "records" / f"{library.digest}.json"
