"""Units with outcomes made by hand, and a folder for them."""

import json
from pathlib import Path

import torch

from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.runs.folder import Entry, RunFolder
from expressivity.runs.manifest import Members
from expressivity.runs.units import Outcome
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit
from expressivity.targets.builtin import t1

CONFIGURATION: dict[str, object] = {"command": "separate", "units": [{"target": "t1", "seed": 0}]}
UNITS = [
    FitUnit(
        target=t1(),
        family=Family(kind=Kind.LA, neuron="type1", width=width, dimension=1),
        settings=Settings(restarts=2),
    )
    for width in (1, 2)
]
UNIT = UNITS[0]
LANES: dict[str, list[int] | list[float]] = {
    "lane": [0, 1],
    "l2": [1 / 3, float("inf")],
    "fit_error": [5e-324, float("nan")],
}
THETA = torch.tensor([[1 / 3, -0.0], [float("nan"), 5e-324]], dtype=torch.float64)
OUTCOME = Outcome(
    record={"error": {"l2": 0.1 + 0.2, "sup": 5e-324, "w1inf": None}, "reason": "Straße"},
    lanes=LANES,
    tensors={"theta": THETA},
    seconds=0.25,
)


def as_json(value: object) -> object:
    return json.loads(json.dumps(value))


def entry_of(unit: FitUnit = UNIT, outcome: Outcome = OUTCOME) -> Entry:
    return Entry(
        key=unit.key,
        identity=as_json(unit.identity),
        record=outcome.record,
        seconds=outcome.seconds,
        stamp=Members(CONFIGURATION).stamp,
    )


def bits(values) -> list[int]:
    return torch.tensor(values, dtype=torch.float64).view(torch.int64).tolist()


def open_folder(path: Path, configuration: dict[str, object] = CONFIGURATION) -> RunFolder:
    return RunFolder(path, configuration=configuration, facts={"host": "here"})


def files(path: Path) -> dict[str, bytes]:
    return {
        str(entry.relative_to(path)): entry.read_bytes()
        for entry in sorted(path.rglob("*"))
        if entry.is_file()
    }


def shard_of(folder: RunFolder, unit: FitUnit = UNIT) -> Path:
    return folder.path / "units" / f"{unit.key}.parquet"
