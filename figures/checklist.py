"""What a reproducibility checklist asks for, from the manifests of the archived runs.

``python -m figures.checklist [FOLDER]`` prints, for every manifest of a folder (by default
``figures/paper/manifests``), which code on which machine made how many units with how many seeds.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MANIFESTS = Path(__file__).parent / "paper" / "manifests"
HEADER = ("run", "units", "seeds", "commit", "Python", "torch", "cores", "memory, GiB", "CUDA")
UNKNOWN = "not recorded"


def rows(folder: Path = MANIFESTS) -> Iterator[tuple[str, ...]]:
    """One row of text for each manifest, by name; what a manifest does not hold is said.

    Raises:
        ValueError: a file that is no manifest, or a folder without any.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise ValueError(f"required: a folder of manifests; {folder} has no .json file")
    for file in files:
        manifest = json.loads(file.read_text("utf-8"))
        if not isinstance(manifest, dict) or "configuration" not in manifest:
            raise ValueError(f"required: manifests of runs; {file} is none")
        yield _row(file.stem, manifest)


def _row(name: str, manifest: dict[str, Any]) -> tuple[str, ...]:
    made, machine = manifest["configuration"], manifest.get("environment") or {}
    units, packages = made.get("units"), machine.get("packages") or {}
    memory = machine.get("memory_gib")
    cuda = machine.get("cuda")
    return (
        name,
        str(len(units) if isinstance(units, list) else _known(units)),
        _listed(made.get("seeds")),
        _commit(manifest.get("git")),
        _known(machine.get("python")),
        _known(packages.get("torch")),
        _known(machine.get("cores")),
        UNKNOWN if memory is None else f"{memory:.1f}",
        UNKNOWN if cuda is None else ", ".join(map(str, cuda)) or "none",
    )


def _known(value: object) -> str:
    return UNKNOWN if value is None else str(value)


def _listed(seeds: object) -> str:
    return ", ".join(map(str, seeds)) if isinstance(seeds, list) else _known(seeds)


def _commit(git: dict[str, Any] | None) -> str:
    if git is None or not git.get("commit"):
        return UNKNOWN
    return f"{git['commit'][:7]}{' with changes' if git.get('changed') else ''}"


def main() -> None:
    """Print the table."""
    table = [HEADER, *rows(Path(sys.argv[1]) if sys.argv[1:] else MANIFESTS)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in table]
    sys.stdout.writelines(lines)


if __name__ == "__main__":
    main()
