"""``manifest.json`` of a run folder: what the folder is of, under a digest, and what is its own."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, cast

from expressivity.output import is_whole, json_text, sealed, write_atomically
from expressivity.runs.units import key_of

FILE_NAME = "manifest.json"
SCHEMA = "expressivity.run/2"
_WITHOUT_DIGEST = "expressivity.run/1"
PART_OF = "part_of"
"""Where the manifest of a run inside another has the stamp of that."""
_OURS = r"expressivity\.run/\d+"


class DamagedManifestError(ValueError):
    """A manifest that is empty, is cut off, or is not what its digest says."""


def write_manifest(
    folder: Path, configuration: dict[str, object], facts: dict[str, object]
) -> None:
    """Write the manifest of a folder.

    Args:
        folder: is created.
        configuration: what makes the folder this run's, as JSON.
        facts: what else is recorded.

    Raises:
        OSError: it cannot be written.
    """
    content = {"configuration": configuration, **facts, "schema": SCHEMA}
    text = json_text(sealed(content))
    write_atomically(folder / FILE_NAME, lambda temporary: temporary.write_text(text))


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run folder.

    Raises:
        DamagedManifestError: it is there, and cannot be trusted.
        ValueError: there is none, or one that is no run folder's.
    """
    file = folder / FILE_NAME
    if not file.is_file():
        found = f"{folder} has no {FILE_NAME}" if folder.is_dir() else f"{folder} is no folder"
        raise ValueError(f"required: a run folder; {found}: name another")
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError, OSError) as error:
        raise _damaged(file) from error
    whole = is_whole(content)
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema not in (SCHEMA, _WITHOUT_DIGEST):
        later = isinstance(schema, str) and re.fullmatch(_OURS, schema)
        if isinstance(content, dict) and "configuration" in content and not (whole or later):
            raise _damaged(file)
        raise ValueError(
            f"required: a manifest of schema {SCHEMA}; {file} has {schema!r:.60}: name another run "
            "folder, or use the version that made this one"
        )
    former = schema == _WITHOUT_DIGEST and "digest" not in content
    if not (whole or former) or not isinstance(content.get("configuration"), dict):
        raise _damaged(file)
    return content


class Members:
    """Which shards are a run's own.

    Those that carry its stamp, and those of the units that its configuration lists. Where it
    lists none, shards without a stamp, which former versions wrote, count as its own.

    Attributes:
        stamp: what shards carry to say for which configuration they were computed.
        listed: keys of the units that the configuration lists, each once; None where it lists none.

    >>> Members({"a": 1, "b": (2,)}).stamp == Members({"b": [2], "a": 1}).stamp
    True
    """

    def __init__(self, configuration: dict[str, Any]) -> None:
        text = json.dumps(configuration, sort_keys=True)
        self.stamp = hashlib.sha256(text.encode()).hexdigest()
        units = configuration.get("units")
        self.listed: dict[str, None] | None = None
        if isinstance(units, list):
            found = cast(list[Any], units)
            keys = (unit if isinstance(unit, str) else key_of(unit) for unit in found)
            self.listed = dict.fromkeys(keys)

    def has(self, key: str, stamped: str | None) -> bool:
        """Whether the shard of this name and stamp is one of them."""
        if stamped == self.stamp:
            return True
        return stamped is None if self.listed is None else key in self.listed


def _damaged(file: Path) -> DamagedManifestError:
    return DamagedManifestError(
        f"required: a readable manifest; {file} is damaged: run the command that made this folder "
        f"again, with --out {file.parent}, which keeps its finished units"
    )
