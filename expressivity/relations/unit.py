"""Discovery as units of a run: a batch of candidates each, in rounds until one is excluded."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from expressivity.membership.decide import BUDGETS
from expressivity.relations.candidates import Candidate
from expressivity.relations.discover import Discovery, Question, discovered, excluded_from
from expressivity.runs.units import OnProgress, Outcome, Unit


@dataclass(frozen=True, kw_only=True)
class DiscoverUnit(Unit):
    """Candidates to ask about, simplest first; the record says which is the first excluded.

    Attributes:
        question: what is asked.
        dimension: of the candidates.
        first: how many candidates of all dimensions come before.
        candidates: in their order.
    """

    question: Question
    dimension: int
    first: int
    candidates: tuple[Candidate, ...]

    @property
    def identity(self) -> dict[str, object]:
        """The classes and the exact weights of the candidates."""
        return {
            "unit": "discover",
            "dimension": self.dimension,
            "smaller": [family.json() for family in self.question.smaller],
            "candidates": [candidate.json() for candidate in self.candidates],
            "budgets": BUDGETS,
        }

    @property
    def label(self) -> str:
        """The dimension and the cost of the first candidate."""
        return f"d = {self.dimension}, cost {self.candidates[0].cost}"

    @property
    def parts(self) -> int:
        """Candidates."""
        return len(self.candidates)

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """Ask about one after another, up to the first that is excluded."""
        smaller = self.question.smaller_in(self.dimension)
        excluded = None
        for place, candidate in enumerate(self.candidates):
            if excluded is None and excluded_from(candidate.target, smaller) is not None:
                excluded = place
            if on_progress is not None:
                on_progress(1)
        return Outcome(record={"excluded": excluded})

    def discovery(self, record: dict[str, Any]) -> Discovery | None:
        """What the record of the outcome says was found, derived again with its proof.

        Raises:
            RuntimeError: the record names a candidate that is not excluded, or as
                :func:`discovered`.
        """
        place = record["excluded"]
        if place is None:
            return None
        found = discovered(self.question, self.candidates[place], self.first + place + 1)
        if found is None:
            raise RuntimeError(
                f"a contradiction: a stored unit names candidate {place} of {self.key} as "
                "excluded, and it is not: remove the folder and run again"
            )
        return found


class Rounds:
    """Units in rounds, each as many as run at once; no round follows one that has found something.

    Which function is found does not depend on the size of the rounds.

    Args:
        question: what is asked.
        at_once: units of a round.
        record_of: the stored record of a unit, or None where it failed.

    Attributes:
        found: what was found, once the rounds have ended.
        tried: candidates that were asked about before that.
    """

    def __init__(
        self,
        question: Question,
        at_once: int,
        record_of: Callable[[DiscoverUnit], dict[str, Any] | None],
    ) -> None:
        self.found: Discovery | None = None
        self.tried = 0
        self._question, self._at_once, self._record_of = question, at_once, record_of

    def __iter__(self) -> Iterator[Sequence[DiscoverUnit]]:
        units = self._units()
        while some := list(islice(units, self._at_once)):
            yield some
            for unit in some:
                record = self._record_of(unit)
                self.found = None if record is None else unit.discovery(record)
                if self.found is not None:
                    self.tried = self.found.tried
                    return

    def _units(self) -> Iterator[DiscoverUnit]:
        for batch in self._question.batches():
            dimension = batch[0].family.dimension
            yield DiscoverUnit(
                question=self._question, dimension=dimension, first=self.tried, candidates=batch
            )
            self.tried += len(batch)
