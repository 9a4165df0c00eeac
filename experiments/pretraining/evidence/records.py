"""Finished runs, one sealed line of JSON each, to be committed as they come.

    {"arm", "schedule", "rate", "seed", "options": {..}, "loss", "averaged", "training_tail",
     "diverged", "parameters", "seconds", "origin": {..}, "digest"}

A run is known by its arm, schedule, rate and seed. The file is written anew after each run and
renamed into place, so that a kill loses the runs in flight and nothing else, and a line that is
damaged was not damaged here.
"""

import json
import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from experiments.pretraining.evidence.unit import EvidenceUnit
from expressivity.output import is_whole, sealed, write_atomically
from expressivity.runs.locks import held
from expressivity.runs.units import Failure, Outcome, Unit

Record = dict[str, Any]
Place = tuple[str, str, float, int]

LOSSES = ("loss", "averaged", "training_tail")
_FIELDS = (
    *("arm", "schedule", "rate", "seed", "options", *LOSSES, "diverged"),
    *("parameters", "seconds", "origin", "digest"),
)


def place_of(record: Record) -> Place:
    """Arm, schedule, rate and seed."""
    return record["arm"], record["schedule"], record["rate"], record["seed"]


def read_records(path: Path) -> list[Record]:
    """The records of a file, in its order; none where there is no file.

    Raises:
        ValueError: a line that is damaged, no record, or a second one of the same run.
    """
    if not path.exists():
        return []
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ValueError(f"required: a file of records; {path} cannot be read: {error}") from error
    found: dict[Place, Record] = {}
    for number, line in enumerate(lines, 1):
        record = _record(line)
        if record is None:
            raise ValueError(
                f"required: whole records; line {number} of {path} is damaged: restore it from "
                f"the repository, or delete the line, and the run is made again"
            )
        if place_of(record) in found:
            raise ValueError(
                f"required: one record of each run; line {number} of {path} is a second one of "
                f"{' '.join(map(str, place_of(record)))}: delete one of them"
            )
        found[place_of(record)] = record
    return list(found.values())


def _record(line: str) -> Record | None:
    """A line as it was written, or None."""
    try:
        document: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not is_whole(document):
        return None
    record = cast(Record, document)
    if set(record) != set(_FIELDS):
        return None
    values = [record[name] for name in LOSSES]
    if record["diverged"] is not None:
        measured = all(value is None for value in values)
    else:
        measured = all(isinstance(v, float) and math.isfinite(v) for v in values)
    return record if measured else None


class Records:
    """A file of records, open for writing; a :class:`~expressivity.runs.units.Shelf`.

    Args:
        path: the file; it and its folder need not exist.
        origin: program and machine, as they stand in each new record.

    Attributes:
        failed: why units have no record, by their label.

    Raises:
        ValueError: as :func:`read_records`.
    """

    def __init__(self, path: Path, origin: Mapping[str, object]) -> None:
        self.path = path
        self.failed: dict[str, str] = {}
        self._origin = dict(origin)
        self._records = read_records(path)

    @property
    def records(self) -> Sequence[Record]:
        """All of them."""
        return self._records

    def chosen(self, units: Iterable[EvidenceUnit]) -> list[Record]:
        """The records of those of some units that are there.

        Raises:
            ValueError: one that was made with other options than the plan's.
        """
        found = {place_of(record): record for record in self._records}
        kept: list[Record] = []
        for unit in units:
            record = found.get(unit.place)
            if record is None:
                continue
            asked = json.loads(json.dumps(unit.options))
            if record["options"] != asked:
                differing = sorted(
                    name
                    for name in asked.keys() | record["options"].keys()
                    if asked.get(name) != record["options"].get(name)
                )
                raise ValueError(
                    f"required: records of this plan; that of {unit.label} in {self.path} has "
                    f"other options ({', '.join(differing)}): choose another --records"
                )
            kept.append(record)
        return kept

    def has(self, unit: Unit) -> bool:
        """Whether the run is there."""
        assert isinstance(unit, EvidenceUnit)
        return bool(self.chosen([unit]))

    def save(self, unit: Unit, outcome: Outcome) -> None:
        """Add a record to those that the file now has, unless the run is among them.

        Raises:
            OSError: it could not be written; the one before is still there.
            ValueError: as :func:`read_records`.
        """
        assert isinstance(unit, EvidenceUnit)
        arm, schedule, rate, seed = unit.place
        record = sealed(
            {
                "arm": arm,
                "schedule": schedule,
                "rate": rate,
                "seed": seed,
                "options": unit.options,
                **outcome.record,
                "seconds": round(outcome.seconds, 1),
                "origin": self._origin,
            }
        )
        line = json.dumps(record, allow_nan=False)
        assert _record(line) is not None
        # Read again: records of another machine may have been merged in the meantime.
        self._records = read_records(self.path)
        if unit.place in map(place_of, self._records):
            return
        self._records.append(json.loads(line))
        text = "".join(f"{json.dumps(one)}\n" for one in self._records)
        write_atomically(self.path, lambda temporary: temporary.write_text(text, "utf-8"))

    def fail(self, unit: Unit, failure: Failure) -> None:
        """Note why a unit has no record."""
        self.failed[unit.label] = failure.error


@contextmanager
def kept_apart(path: Path) -> Generator[None]:
    """Hold a file of records for this process; it is read and written inside.

    Raises:
        ValueError: another process holds it, or its folder cannot be written.
    """

    def unwritable(error: OSError) -> str:
        return (
            f"required: a folder that can be written; {path.parent}: {error.strerror}: choose "
            f"another --records"
        )

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(unwritable(error)) from error
    busy = f"required: records that no other process writes; {path} is in use: wait"
    with held(path.with_name(f".{path.name}.lock"), busy=busy, unwritable=unwritable):
        yield
