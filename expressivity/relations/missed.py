"""Where nothing is proved: which functions of the one class fits of the other miss most.

Of the functions that were tried some are fitted, simple and complex ones. The one with the largest
least error is numerical evidence and no more: fits may miss what is there, and a class may come as
near as one likes to what it does not contain. All are exact networks, which the obstructions have
seen, so that nothing has to be rounded before it is asked about again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from expressivity.evidence import Evidence
from expressivity.relations.candidates import Candidate
from expressivity.relations.discover import Question
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit

TEACHERS = 8
WIDTH = 4
_RESTARTS = 8
_LARGEST_DIMENSION = 2  # where others are asked about too: fits are dear in more


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """A function of the larger class, and its fits in the smaller ones."""

    candidate: Candidate
    fits: tuple[FitUnit, ...]


@dataclass(frozen=True, kw_only=True)
class Missed:
    """The function that fits miss most.

    Attributes:
        candidate: a network of the larger class.
        error: relative l2 error of the best fit in the smaller classes, a floating-point number.
        width: of the fits, the least that groups divide from ``WIDTH`` on.
    """

    candidate: Candidate
    error: float
    width: int

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {
            "target": self.candidate.formula,
            "dimension": self.candidate.family.dimension,
            "family": self.candidate.family.json(),
            "witness": self.candidate.weights.json(),
            "error": {"l2": {"value": self.error, "evidence": str(Evidence.NUMERICAL)}},
            "width": self.width,
        }


def teachers(question: Question, count: int = TEACHERS) -> list[Teacher]:
    """Functions to fit, at most so many, evenly among those that are tried in one dimension."""
    low = [d for d in question.dimensions if d <= _LARGEST_DIMENSION]
    dimension = max(low, default=question.dimensions[0])
    tried = list(question.candidates(dimension)) if count else []
    step = max(1, len(tried) // max(1, count))
    settings = Settings(restarts=_RESTARTS, generations=0)
    return [
        Teacher(candidate=candidate, fits=_fits(candidate, question, settings))
        for candidate in islice(tried[step - 1 :: step], count)
    ]


def _fits(candidate: Candidate, question: Question, settings: Settings) -> tuple[FitUnit, ...]:
    target = replace(candidate.target, name=candidate.formula)
    families = question.smaller_in(target.dimension)
    return tuple(
        FitUnit(target=target, family=family.at_least(WIDTH), settings=settings)
        for family in families
    )


def most_missed(
    fitted: Sequence[Teacher], record_of: Callable[[FitUnit], dict[str, Any] | None]
) -> Missed | None:
    """The teacher with the largest least error; None where no fit has ended.

    Args:
        fitted: teachers, at least one.
        record_of: the record of a fit's outcome, or None where it failed.
    """
    found: list[Missed] = []
    for teacher in fitted:
        records = [record_of(unit) for unit in teacher.fits]
        errors = [None if record is None else record["error"]["l2"] for record in records]
        known = [float(error) for error in errors if error is not None]
        if known and len(known) == len(errors):
            width = max(unit.family.width for unit in teacher.fits)
            found.append(Missed(candidate=teacher.candidate, error=min(known), width=width))
    return max(found, key=lambda missed: missed.error, default=None)
