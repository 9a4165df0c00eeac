"""How two classes lie to each other: both directions, what separates them, by how much.

Statements about containment are exact. Fits show how near the excluded class comes; they decide
nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.relations.answers import Answer, Relation, relation_of
from expressivity.relations.directions import Direction, inside, outside
from expressivity.relations.gaps import Gap, Work, line, measured, work
from expressivity.relations.separating import Search, separating
from expressivity.relations.sides import Side, common_dimensions, side
from expressivity.runs.compiling import in_one_mode, is_compiled
from expressivity.separation.result import Result
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit

WIDTHS = (1, 2, 4)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is known of two classes, the unions over all widths.

    Attributes:
        a, b: the two sides.
        dimension: of the input. A function of fewer coordinates separates in it too: networks
            restricted to them are networks of the same class.
        a_in_b, b_in_a: the two directions.
        gaps: of each direction that is ``no``.
        width: at which costs are told.
    """

    a: Side
    b: Side
    dimension: int
    a_in_b: Direction
    b_in_a: Direction
    gaps: tuple[Gap, ...] = ()
    width: int = WIDTHS[-1]

    @property
    def relation(self) -> Relation:
        """Both directions in a word."""
        return relation_of(self.a_in_b.answer, self.b_in_a.answer)

    @property
    def on_space(self) -> bool:
        """Whether what holds on the unit ball holds on the whole space."""
        return Answer.DOMAIN not in (self.a_in_b.answer, self.b_in_a.answer)

    @property
    def decided(self) -> bool:
        """Whether no direction is open."""
        return self.relation is not Relation.OPEN

    @property
    def contradictions(self) -> list[str]:
        """Fits below a lower bound: one of the two is wrong."""
        rows = [result for gap in self.gaps for result in (*gap.results, *gap.other)]
        return [line for result in rows for line in result.contradictions]

    @property
    def costs(self) -> dict[str, dict[str, int]]:
        """Parameters and multiply-adds per input at equal width, of the dearest of each side."""
        return {
            name: {
                "width": max(family.width for family in families),
                "parameters": max(family.parameter_count for family in families),
                "multiply_adds": max(family.multiply_adds for family in families),
            }
            for name, families in (
                ("a", self.a.at_width(self.width, self.dimension)),
                ("b", self.b.at_width(self.width, self.dimension)),
            )
        }

    @property
    def sentence(self) -> str:
        """What a person can quote."""
        a, b = self.a.name, self.b.name
        where = "" if self.on_space else ", on the unit ball"
        apart = [
            f"{direction.separating.target.formula} is {one} and not {other}"
            for direction, one, other in ((self.a_in_b, a, b), (self.b_in_a, b, a))
            if direction.separating is not None
        ]
        told = f" ({'; '.join(apart)})" if apart else ""
        every = f"in dimension {self.dimension}, over all widths"
        if self.relation is Relation.EQUAL:
            return f"{a} and {b} are the same functions{where}, over all widths."
        if self.relation is Relation.INSIDE:
            return f"{a} lies strictly inside {b}{where} {every}{told}."
        if self.relation is Relation.CONTAINS:
            return f"{b} lies strictly inside {a}{where} {every}{told}."
        if self.relation is Relation.INCOMPARABLE:
            return f"Neither of {a} and {b} lies in the other {every}{told}."
        known = [
            f"{one} {_WORDS[direction.answer]} {other}"
            for direction, one, other in ((self.a_in_b, a, b), (self.b_in_a, b, a))
        ]
        return f"Open {every}: {', '.join(known)}{told}."

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {
            "schema": "expressivity.compare/1",
            "a": self._side_json(self.a),
            "b": self._side_json(self.b),
            "dimension": self.dimension,
            "relation": str(self.relation),
            "on_space": self.on_space,
            "a_in_b": self.a_in_b.json(),
            "b_in_a": self.b_in_a.json(),
            "gaps": [gap.json() for gap in self.gaps],
            "costs": self.costs,
            "sentence": self.sentence,
        }

    def _side_json(self, one: Side) -> dict[str, object]:
        families = [{**f.json(), "width": None} for f in one.families[self.dimension]]
        return {"name": one.name, "families": families}

    def __str__(self) -> str:
        a, b = self.a.name, self.b.name
        lines = [self.sentence]
        for title, direction in ((f"{a} in {b}", self.a_in_b), (f"{b} in {a}", self.b_in_a)):
            lines.append(f"{title}: {direction.answer} ({direction.evidence}); {direction.reason}")
        lines += [line(gap, result) for gap in self.gaps for result in (*gap.results, *gap.other)]
        lines += [
            f"{gap.excluded} approaches {gap.target.formula} in fits all the same."
            for gap in self.gaps
            if gap.approached
        ]
        for name, cost in zip((a, b), self.costs.values(), strict=True):
            lines.append(f"{name} at width {cost['width']}: {cost['parameters']} parameters, "
                         f"{cost['multiply_adds']} multiply-adds")  # fmt: skip
        return "\n".join(lines)


_WORDS = {
    Answer.YES: "lies in",
    Answer.DOMAIN: "lies in, on the unit ball,",
    Answer.NO: "does not lie in",
    Answer.OPEN: "may or may not lie in",
}


def related(
    a: str | Family,
    b: str | Family,
    *,
    gate: GateSpec | None = None,
    dimension: int | None = None,
    search: Search = separating,
) -> Comparison:
    """Both directions, without fits.

    Args:
        a: as :func:`sides.side` reads it.
        b: the same.
        gate: of ``moa``; tanh with both switches where nothing is given.
        dimension: of the input; by default the least in which both directions are decided, 3
            where one stays open.
        search: what looks for separating functions.

    Raises:
        ValueError: one line on what cannot be compared.

    >>> str(related("prelu", "relu").relation)
    'equal'
    """
    gate = GateSpec(name="tanh") if gate is None else gate
    one, two = side(a, gate, dimension), side(b, gate, dimension)
    common = common_dimensions(one, two)
    found = [
        inside(smaller, larger, common[-1]) or outside(smaller, larger, common, search)
        for smaller, larger in ((one, two), (two, one))
    ]
    forth, back = (direction or Direction(answer=Answer.OPEN) for direction in found)
    is_open = Answer.OPEN in (forth.answer, back.answer)
    least = common[-1] if is_open else max(common[0], forth.dimension, back.dimension)
    return Comparison(a=one, b=two, dimension=dimension or least, a_in_b=forth, b_in_a=back)


def works(
    comparison: Comparison,
    widths: Sequence[int],
    settings: Settings,
    *,
    compile: str = "auto",  # noqa: A002 (the name of the option)
    folder: Path | None = None,
) -> tuple[Work, ...]:
    """The fits of each direction that is ``no``, all compiled or none (``runs.compiling``).

    Args:
        comparison: what is known without fits.
        widths: of the fits of what is excluded.
        settings: of all fits.
        compile: ``auto``, ``always`` or ``never``.
        folder: of a run that may have begun, and goes on as it did.
    """

    def of_both(*, compiled: bool) -> tuple[Work, ...]:
        pairs = ((comparison.a_in_b, comparison.b), (comparison.b_in_a, comparison.a))
        found = [
            work(direction, other, widths, settings, compiled=compiled)
            for direction, other in pairs
        ]
        return tuple(one for one in found if one is not None)

    units = [unit for one in of_both(compiled=False) for unit in one.all_units]
    return of_both(compiled=is_compiled(in_one_mode(units, compile, folder=folder)))


def with_gaps(
    comparison: Comparison, works: Sequence[Work], result_of: Callable[[FitUnit], Result]
) -> Comparison:
    """The comparison with fits and bounds of what is excluded."""
    gaps = tuple(measured(work, result_of) for work in works)
    widths = [unit.family.width for work in works for unit in work.units]
    return replace(comparison, gaps=gaps, width=max(widths, default=comparison.width))
