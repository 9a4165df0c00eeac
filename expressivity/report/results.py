"""What sections read from a run folder of fits: results of units, and the verdicts on them."""

import json
from dataclasses import dataclass
from typing import cast

from pydantic import TypeAdapter

from expressivity.output import read_document
from expressivity.runs.folder import Entry, Run
from expressivity.separation.gaps import Gap
from expressivity.separation.ladder import DOCUMENT, SCHEMA
from expressivity.separation.result import Result, result_of

_GAPS = TypeAdapter(list[Gap])


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A finished unit that fitted one class to one target."""

    entry: Entry
    result: Result


def fits(run: Run) -> list[Fit]:
    """Finished fits by target, form, kind, width, activation; see :func:`read_fits`."""
    return read_fits(run)[0]


def read_fits(run: Run) -> tuple[list[Fit], list[str]]:
    """Finished fits in order, and the keys of those whose record this version cannot read."""
    found: list[Fit] = []
    unreadable: list[str] = []
    for entry in run.entries:
        if entry.identity.get("unit") != "fit":
            continue
        result = _result(entry)
        if result is None:
            unreadable.append(entry.key)
        else:
            found.append(Fit(entry=entry, result=result))
    return sorted(found, key=_place), unreadable


def gaps(run: Run) -> list[Gap] | None:
    """The verdicts that ``separate`` wrote when it had finished; None before that.

    Raises:
        ValueError: its document is there, and damaged or about other results than the run's.
    """
    file = run.path / DOCUMENT
    if not file.exists():
        return None
    content = read_document(file, SCHEMA)
    try:
        found = _GAPS.validate_python(content["gaps"])
        results = {_text(result) for result in content["results"]}
    except (ValueError, KeyError, TypeError) as error:
        raise _unusable("this version cannot read it") from error
    done, unreadable = read_fits(run)
    others = results - {_text(fit.result.json()) for fit in done}
    if len(others) > len(run.damaged) + len(unreadable):
        raise _unusable("it speaks of other results than this run's")
    return found


def _text(result: dict[str, object]) -> str:
    """A result to compare by: without the time it took, of earlier versions with later fields."""
    family = cast(dict[str, object], result["family"])
    family = {"constraint": "free", "groups": 1, "outputs": 1, **family}
    return json.dumps({**result, "family": family, "seconds": None}, sort_keys=True)


def _unusable(why: str) -> ValueError:
    return ValueError(f"required: a readable {DOCUMENT}; {why}: run the command again")


def _result(entry: Entry) -> Result | None:
    try:
        return result_of(entry)
    except ValueError:  # pydantic's own too
        return None


def _place(fit: Fit) -> tuple[object, ...]:
    return (fit.result.target, *fit.result.family.place, fit.entry.key)
