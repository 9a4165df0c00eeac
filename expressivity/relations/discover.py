"""The simplest function that shows that one class of networks does not lie in another.

Networks of the larger class are enumerated from simple to complex and given to the obstructions of
the smaller one, cheapest first. The first that is excluded at every width is the answer: a network
of the one with exact weights, and provably none of the other. Dimensions take turns, since what
cannot separate in one may in the next. It is the simplest for this enumeration and these
obstructions, no more. Of a class that is a union, every part has to exclude it. (docs/theory.md,
section 8)
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, islice

from expressivity.classes.families import Family
from expressivity.classes.weights import Weights
from expressivity.evidence import Verdict, weakest
from expressivity.membership.decide import Classification, classify, exclude
from expressivity.relations.candidates import Candidate, candidates
from expressivity.targets.target import Target

BUDGET = 1000
"""Candidates in each dimension."""
BATCH = 16
"""Candidates that are asked about together, at most: seconds, so that little is done in vain."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked: a function of one class that lies outside another.

    Attributes:
        larger: classes of any width, to take functions from.
        smaller: classes of any width; the function is to lie in none of them.
        dimensions: of the functions; in all but the first only functions of all coordinates.
        budget: candidates in each dimension.

    Raises:
        ValueError: no class or dimension, classes that are the same, several outputs, or a budget
            below 1.
    """

    larger: tuple[Family, ...]
    smaller: tuple[Family, ...]
    dimensions: tuple[int, ...]
    budget: int = BUDGET

    def __post_init__(self) -> None:
        if not (self.larger and self.smaller and self.dimensions):
            raise ValueError("required: two classes and at least one dimension; got none")
        for family in (*self.larger, *self.smaller):
            if family.outputs != 1:
                raise ValueError(f"required: classes with one output; got {family.outputs}")
        missing = {_any_width(family) for family in self.smaller}
        if all(_any_width(family) in missing for family in self.larger):
            raise ValueError(
                f"required: two different classes; {self.larger[0].class_label} lies in itself"
            )
        if type(self.budget) is not int or self.budget < 1:
            raise ValueError(f"required: a budget of at least 1 candidate; got {self.budget!r}")

    def smaller_in(self, dimension: int) -> tuple[Family, ...]:
        """The classes that are to miss the function."""
        return tuple(replace(family, dimension=dimension) for family in self.smaller)

    def candidates(self, dimension: int) -> Iterator[Candidate]:
        """What is tried in one dimension, by cost."""
        all_used = dimension != self.dimensions[0]
        each = [
            candidates(replace(family, dimension=dimension), budget=self.budget, all_used=all_used)
            for family in self.larger
        ]
        return islice(heapq.merge(*each, key=lambda candidate: candidate.cost), self.budget)

    def batches(self) -> Iterator[tuple[Candidate, ...]]:
        """What is tried in all dimensions, by cost, then by dimension: a few of one of each."""
        each = [_batches(self.candidates(dimension)) for dimension in self.dimensions]
        return heapq.merge(*each, key=lambda batch: batch[0].cost)


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """A function that separates two classes, with its proof on either side.

    Attributes:
        target: the function, on the unit ball.
        witness: exact weights of it.
        family: the larger class at the width of the witness.
        exclusions: for each smaller class why it is no network of it, at any width.
        cost: of the witness (``enumeration.py``).
        tried: candidates that were asked about, this one among them.
    """

    target: Target
    witness: Weights = field(compare=False)
    family: Family
    exclusions: tuple[Classification, ...]
    cost: int
    tried: int

    @property
    def obstruction(self) -> str:
        """The properties that the smaller classes have and the target lacks, each once."""
        return ", ".join(dict.fromkeys(str(each.obstruction) for each in self.exclusions))

    @property
    def reason(self) -> str:
        """Why the target is no network of any smaller class, each reason once."""
        return "; ".join(dict.fromkeys(each.membership.reason for each in self.exclusions))

    def __str__(self) -> str:
        excluded = ", ".join(dict.fromkeys(each.family.kind_and_form for each in self.exclusions))
        evidence = weakest(each.membership.evidence for each in self.exclusions)
        return (
            f"f = {self.target.formula}, d = {self.target.dimension}\n"
            f"f is {self.family.class_label} of width {self.family.width}, with exact weights.\n"
            f"f is not {excluded} of any width ({evidence}): {self.reason}."
        )

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {
            "target": self.target.name,
            "dimension": self.target.dimension,
            "family": self.family.json(),
            "witness": self.witness.json(),
            "cost": self.cost,
            "exclusions": [each.json() for each in self.exclusions],
            "tried": self.tried,
        }


def _batches(candidates: Iterator[Candidate]) -> Iterator[tuple[Candidate, ...]]:
    """Of one cost each; the same ones for every budget that ``BATCH`` divides."""
    numbered = groupby(enumerate(candidates), key=lambda pair: (pair[1].cost, pair[0] // BATCH))
    return (tuple(candidate for _, candidate in part) for _, part in numbered)


def _any_width(family: Family) -> Family:
    """The class at its least width and in dimension 1, which stand for all."""
    return replace(family, width=family.width_step, dimension=1)


def excluded_from(target: Target, families: Sequence[Family]) -> tuple[Classification, ...] | None:
    """Why a function is in none of the classes, at any width; None where one is not excluded.

    >>> from expressivity.targets.builtin import t1
    >>> fixed = [Family(neuron="type1", kind="fixed", dictionary=name, width=1, dimension=1)
    ...          for name in ("relu", "tanh", "relu2")]
    >>> [each.obstruction for each in excluded_from(t1(), fixed)]
    ['smoothness', 'smoothness', 'smoothness']
    """
    found: list[Classification] = []
    for family in families:
        exclusion = exclude(target, family)
        if exclusion is None:
            return None
        found.append(exclusion)
    return tuple(found)


def discovered(question: Question, candidate: Candidate, tried: int) -> Discovery | None:
    """The discovery that a candidate is, or None where some smaller class may contain it.

    Raises:
        RuntimeError: a smaller class excludes the function and contains it.
    """
    target = candidate.target
    smaller = question.smaller_in(target.dimension)
    if excluded_from(target, smaller) is None:
        return None
    target = replace(target, name=candidate.formula)  # which the reasons will mention
    exclusions = excluded_from(target, smaller)
    if exclusions is None:
        return None
    for family in smaller:
        if classify(target, family).membership.verdict is Verdict.MEMBER:
            raise RuntimeError(
                f"a contradiction: {target.name} is excluded from {family.class_label} and is a "
                "network of it; one of the two is wrong: report it"
            )
    return Discovery(
        target=target,
        witness=candidate.weights,
        family=candidate.family,
        exclusions=exclusions,
        cost=candidate.cost,
        tried=tried,
    )


def discover(
    larger: Family | Sequence[Family],
    smaller: Family | Sequence[Family],
    *,
    dimensions: Sequence[int] | None = None,
    budget: int = BUDGET,
) -> Discovery | None:
    """The simplest function of one class that is proved to lie outside another, or None.

    None decides nothing: the class may be contained, or the obstructions too weak.

    Args:
        larger: the class, or the union of classes, to take functions from, of any width.
        smaller: the class, or the union, that is to miss the function.
        dimensions: of the functions; by default that of ``larger``.
        budget: candidates in each dimension.

    Raises:
        ValueError: as :class:`Question`.
        RuntimeError: an obstruction contradicts a witness.

    >>> moa = Family(neuron="type1", kind="moa", gate="tanh", width=1, dimension=2)
    >>> la = Family(neuron="type1", kind="la", width=1, dimension=2)
    >>> found = discover(moa, la)
    >>> found.target.name, found.obstruction
    ('x1*tanh(x2)', 'tail_coefficients')
    """
    larger = (larger,) if isinstance(larger, Family) else tuple(larger)
    question = Question(
        larger=larger,
        smaller=(smaller,) if isinstance(smaller, Family) else tuple(smaller),
        dimensions=(larger[0].dimension,) if dimensions is None else tuple(dimensions),
        budget=budget,
    )
    return first_found(question)


def first_found(question: Question) -> Discovery | None:
    """The answer to a question, in this process."""
    every = (candidate for batch in question.batches() for candidate in batch)
    for tried, candidate in enumerate(every, start=1):
        found = discovered(question, candidate, tried)
        if found is not None:
            return found
    return None
