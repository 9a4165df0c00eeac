"""The atlas: every ordered pair of classes, decided by closure, search and nothing else.

Work comes in four steps, each from the finished records of those before it alone, so that a run can
be stopped anywhere and its result depends neither on time nor on workers:

1. containments between the classes, and the standing of the built-in targets in each of them;
2. what these facts imply (``closure.py``), and the open pairs that no other open pair implies;
3. a search for a separating target in those, as many as the budget says; what is found is asked of
   every class, and the closure is taken again;
4. fits of targets in classes that are proved not to hold them, which must not fall below a proved
   bound.

Contradictions are raised: a target in a class and not in it, a witness that is not the target where
both are evaluated, a fit below a bound. (docs/atlas.md)
"""

from collections.abc import Collection, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from expressivity.evidence import Evidence, Verdict
from expressivity.relations.answers import Answer
from expressivity.relations.atlas_units import (
    ContainmentUnit,
    OwnUnit,
    Search,
    SearchUnit,
    StandingUnit,
)
from expressivity.relations.closure import (
    Cell,
    Containment,
    ContradictionError,
    Standing,
    close,
)
from expressivity.relations.given import Given, class_of
from expressivity.relations.order import Question, minimal_open
from expressivity.relations.questions import functions
from expressivity.runs.folder import Entry
from expressivity.runs.units import Unit
from expressivity.separation.result import result_of
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit
from expressivity.targets.user import user_target

CANDIDATES = 300
"""Networks that a search tries in each dimension."""
_AT_ONCE = 8
"""Searches between two closures."""
_OFF = 1e-8
"""A witness further off than this, relative to its output weights, is not the target."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an atlas is made of, fixed before anything is computed.

    Attributes:
        classes: names of the classes.
        targets: texts of the targets that are asked of every class.
        searches: how many open pairs may be searched.
        fits: how many targets are fitted in a class that is proved not to hold them.
        candidates: of each search.
        search: how to search; None for not at all.
    """

    classes: tuple[str, ...]
    targets: tuple[str, ...] = field(default_factory=functions)
    searches: int = 0
    fits: int = 0
    candidates: int = CANDIDATES
    search: Search | None = None

    @property
    def configuration(self) -> dict[str, object]:
        """What makes its run folder this one's, as JSON."""
        return {
            "command": "atlas",
            "classes": {name: class_of(name, 1).json() for name in self.classes},
            "targets": list(self.targets),
            "searches": self.searches,
            "fits": self.fits,
            "candidates": self.candidates,
        }

    @property
    def first(self) -> list[Unit]:
        """The units that wait for nothing."""
        return [
            *(ContainmentUnit(smaller=name, classes=self.classes) for name in self.classes),
            *(OwnUnit(name=name) for name in self.classes),
            *(StandingUnit(target=text, classes=self.classes) for text in self.targets),
        ]

    def pending(self, entries: Iterable[Entry], failed: Collection[str] = ()) -> list[Unit]:
        """The units to run next, given those that are finished; none where the atlas is done.

        Args:
            entries: finished units.
            failed: keys of units that are given up.

        Raises:
            ContradictionError: what is known contradicts itself.
        """
        done = {entry.key: entry for entry in entries}
        facts: list[Entry] = []
        for units in self._rounds(facts):
            todo = [u for u in units if u.key not in done and u.key not in failed]
            if todo:
                return todo
            facts += [done[unit.key] for unit in units if unit.key in done]
        return []

    def _rounds(self, facts: list[Entry]) -> Generator[list[Unit]]:
        """Units in rounds, each from the facts of all before it, which the caller adds."""
        yield self.first
        yield self._standings_of_found(facts)
        tried: set[tuple[str, str]] = set()
        while self.search is not None and len(tried) < self.searches:
            atlas = read_atlas(facts)
            room = min(_AT_ONCE, self.searches - len(tried))
            questions = minimal_open(atlas.classes, atlas.cells, without=tried)[:room]
            if not questions:
                break
            tried |= {(question.smaller, question.larger) for question in questions}
            yield [self._search(question) for question in questions]
            yield self._standings_of_found(facts)
        yield self._fits(read_atlas(facts))

    def _search(self, question: Question) -> Unit:
        assert self.search is not None
        return SearchUnit(
            has=question.smaller,
            lacks=question.larger,
            candidates=self.candidates,
            search=self.search,
        )

    def _standings_of_found(self, entries: Iterable[Entry]) -> list[Unit]:
        found = (entry.record.get("found") for entry in entries)
        networks = {e["target"]: e["network"] for e in found if e is not None and e["network"]}
        return [
            StandingUnit(target=text, classes=self.classes, network=Given.from_json(networks[text]))
            for text in sorted(networks.keys() - {*self.targets})
        ]

    def _fits(self, atlas: "Atlas") -> list[Unit]:
        """For the targets that decide most pairs, one class each that is proved not to hold it."""
        uses: dict[tuple[str, str], int] = {}
        for cell in atlas.cells.values():
            if cell.excluded is not None:
                pair = cell.excluded.target, cell.excluded.family
                uses[pair] = uses.get(pair, 0) + 1
        chosen: dict[str, str] = {}
        for text, name in sorted(uses, key=lambda pair: (-uses[pair], pair)):
            if text in self.targets:  # others may be networks that no text can be read as
                chosen.setdefault(text, name)
        return [_fit(text, name) for text, name in list(chosen.items())[: self.fits]]


def _fit(text: str, name: str) -> FitUnit:
    target = user_target(text)
    settings = Settings(restarts=8)
    return FitUnit(target=target, family=class_of(name, target.dimension), settings=settings)


@dataclass(frozen=True, kw_only=True)
class Searched:
    """A finished search: the class that has the target, the one that lacks it, and the target."""

    has: str
    lacks: str
    target: str | None


def search_of(entry: Entry) -> Searched:
    """A search as it is stored."""
    found = entry.record["found"]
    return Searched(
        has=entry.identity["has"],
        lacks=entry.identity["lacks"],
        target=None if found is None else found["target"],
    )


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A fit of a target in a class that does not hold it.

    Attributes:
        target, family: what was fitted, and the label of the class with its width.
        error: the least relative l2 error, or None.
        bounds: rigorous lower bounds that it was held against.
    """

    target: str
    family: str
    error: float | None
    bounds: int


@dataclass(frozen=True, kw_only=True)
class Atlas:
    """What finished units say.

    Attributes:
        classes: names, in the order of the catalogue or as they were given.
        containments, standings: the facts.
        cells: what follows for each ordered pair.
        searches, fits: what else was done.
    """

    classes: tuple[str, ...]
    containments: tuple[Containment, ...]
    standings: tuple[Standing, ...]
    cells: dict[tuple[str, str], Cell]
    searches: tuple[Searched, ...]
    fits: tuple[Fitted, ...]

    @property
    def decided(self) -> int:
        """How many ordered pairs are decided."""
        return sum(cell.answer is not Answer.OPEN for cell in self.cells.values())

    @property
    def questions(self) -> list[Question]:
        """The open pairs that no other open pair implies."""
        return minimal_open(self.classes, self.cells)


def read_atlas(entries: Iterable[Entry]) -> Atlas:
    """The atlas of the finished units of a run.

    Raises:
        ValueError: no containments are there yet.
        ContradictionError: a target in a class and not in it, a witness that is not the target, or
            a fit below a proved bound.
    """
    by_unit: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.key):
        by_unit.setdefault(str(entry.identity.get("unit")), []).append(entry)
    if "containment" not in by_unit:
        raise ValueError("required: a run of an atlas; no containments are stored: run it again")
    classes = tuple(by_unit["containment"][0].identity["classes"])
    searches = by_unit.get("search", [])
    containments = [c for entry in by_unit["containment"] for c in _containments(entry)]
    standings = [s for entry in by_unit.get("standing", []) for s in _standings(entry)]
    standings += [s for entry in by_unit.get("own", []) for s in _standings_of_own(entry)]
    standings += [s for entry in searches for s in _standings_of_search(entry)]
    return Atlas(
        classes=classes,
        containments=tuple(containments),
        standings=tuple(standings),
        cells=close(classes, containments, standings),
        searches=tuple(map(search_of, searches)),
        fits=tuple(map(_fitted, by_unit.get("fit", []))),
    )


def _containments(entry: Entry) -> list[Containment]:
    return [
        Containment(
            smaller=entry.identity["smaller"],
            larger=larger,
            maps=tuple(found["maps"]),
            evidence=Evidence.PROVED,  # each map is an identity that was checked
            where=Answer.DOMAIN if found["domain"] else Answer.YES,
        )
        for larger, found in entry.record["contained"].items()
    ]


def _standings(entry: Entry) -> list[Standing]:
    target, dimension = entry.identity["target"], entry.record["dimension"]
    rows = [row for row in entry.record["standings"] if row["verdict"] != Verdict.UNKNOWN]
    for row in rows:
        if row["off"] is not None and row["off"] > _OFF:
            raise ContradictionError(
                f"the witness of {target} in {row['class']} is off by {row['off']:.3g}"
            )
    return [
        Standing(
            target=target,
            dimension=dimension,
            family=row["class"],
            member=row["verdict"] == Verdict.MEMBER,
            evidence=Evidence(row["evidence"]),
            reason=_reason(row["width"], row["obstruction"], row["reason"]),
        )
        for row in rows
    ]


def _standings_of_own(entry: Entry) -> list[Standing]:
    found = entry.record["found"]
    return [] if found is None else [_proved(found, entry.identity["class"], member=True)]


def _standings_of_search(entry: Entry) -> list[Standing]:
    found = entry.record["found"]
    if found is None:
        return []
    has, lacks = entry.identity["has"], entry.identity["lacks"]
    return [_proved(found, has, member=True), _proved(found, lacks, member=False)]


def _proved(found: Mapping[str, Any], name: str, *, member: bool) -> Standing:
    """A target that was made as a network of a class, or found to be none."""
    return Standing(
        target=found["target"],
        dimension=found["dimension"],
        family=name,
        member=member,
        evidence=Evidence.PROVED,
        reason=_reason(found["width"], None, "")
        if member
        else _reason(None, found["obstruction"], found["reason"]),
    )


def _reason(width: int | None, obstruction: str | None, reason: str) -> str:
    if width is not None:
        return f"a network of width {width} with exact weights"
    return reason if obstruction is None else f"{obstruction}: {reason}"


def _fitted(entry: Entry) -> Fitted:
    result = result_of(entry)
    if result.contradictions:
        raise ContradictionError("; ".join(result.contradictions))
    bounds = [bound for bound in result.lower_bound.values() if bound is not None]
    return Fitted(
        target=entry.identity["expression"],
        family=result.family.label,
        error=result.error["l2"],
        bounds=sum(bound.evidence.rigorous for bound in bounds),
    )


def share(atlas: Atlas) -> float:
    """The share of ordered pairs that are decided."""
    return atlas.decided / max(1, len(atlas.cells))


def counts(cells: Iterable[Cell]) -> dict[str, dict[str, int]]:
    """How many cells have each answer, by evidence.

    >>> counts([])
    {'yes': {}, 'domain': {}, 'no': {}, 'open': {}}
    """
    found: dict[str, dict[str, int]] = {str(answer): {} for answer in Answer}
    for cell in cells:
        row = found[str(cell.answer)]
        row[str(cell.evidence)] = row.get(str(cell.evidence), 0) + 1
    return found
