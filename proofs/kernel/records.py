"""What the kernel has accepted on this machine, kept for those who label verdicts.

A record belongs to the files of ``proofs/coq/`` as they are: its name is their digest, and when
one changes, nothing is vouched for until ``prove --kernel`` has run again. It holds theorems that
were accepted and that say what Python writes of them, and no others.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from expressivity.output import cache_folder, read_document, write_document
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
    write_document(_place(library), {"schema": SCHEMA, "theorems": theorems})


def stored(library: Library) -> dict[str, object]:
    """The recorded theorems by name; none where there is no record that is whole."""
    try:
        return read_document(_place(library), SCHEMA)["theorems"]
    except ValueError:
        return {}


def _place(library: Library) -> Path:
    return cache_folder() / "kernel" / "records" / f"{library.digest}.json"
