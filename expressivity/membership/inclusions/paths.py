"""Shortest paths of inclusions from one class to another.

The classes are the nodes of a graph, the inclusions its edges, each towards the goal alone. Those
at equal width commute as far as they apply: one fixed order of them serves. The path is the one to
the narrowest network, at equal width the one with the fewest steps (E. W. Dijkstra, 1959, on the
pairs of both). What no path connects is not contained as far as is known, whatever a fit may find.
"""

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from expressivity.classes.families import Family
from expressivity.classes.weights import Weights
from expressivity.membership.inclusions import coefficients, factors, germs, neuronwise, sizes
from expressivity.membership.inclusions.inclusion import Inclusion

_IN_ORDER = (
    *coefficients.INCLUSIONS,
    *factors.INCLUSIONS,
    *coefficients.WITH_GATES,
    *sizes.INCLUSIONS,
)
"""Those of equal neurons or equal width: without gates before gates enter."""
_NEURONWISE = (neuronwise.INCLUSION,)
_ON_BALL = (*_NEURONWISE, germs.INCLUSION)
INCLUSIONS = (*_IN_ORDER, sizes.WIDER, *_ON_BALL)
"""Every kind of step."""


@dataclass(frozen=True, kw_only=True)
class Path:
    """Inclusions one after the other.

    Attributes:
        start: the class they lead from.
        steps: each with the class that it leads to.
    """

    start: Family
    steps: tuple[tuple[Inclusion, Family], ...]

    @property
    def end(self) -> Family:
        """The class they lead to."""
        return self.steps[-1][1] if self.steps else self.start

    @property
    def domain(self) -> bool:
        """Whether the functions agree on the unit ball alone."""
        return any(step.domain for step, _ in self.steps)

    def carry(self, weights: Weights) -> Weights:
        """Weights of the same function in the last class."""
        family = self.start
        for step, larger in self.steps:
            weights = step.carry(family, larger, weights)
            family = larger
        return weights


def inclusions(family: Family, goal: Family) -> tuple[Inclusion, ...] | None:
    """The inclusions that lead from one class to another, or None where none are proved.

    >>> la = Family(kind="la", neuron="type1", width=1, dimension=1)
    >>> relu = replace(la, kind="fixed", dictionary=("relu",))
    >>> [step.name for step in inclusions(relu, la)]
    ['fixed in la', 'more activations']
    >>> inclusions(la, relu) is None
    True
    """
    found = path(family, goal)
    return None if found is None else tuple(step for step, _ in found.steps)


def embed(family: Family, weights: Weights, goal: Family) -> Weights | None:
    """Weights of the same function in another class, or None where no inclusion is proved."""
    found = path(family, goal)
    return None if found is None else found.carry(weights)


def path(family: Family, goal: Family) -> Path | None:
    """The way from networks of one width to networks of another, the same on the whole space."""
    for maps in ((), _NEURONWISE):
        found = _shortest(family, goal, maps, most=goal.width)
        if found is None:
            continue
        if found.end == goal:
            return found
        for larger in sizes.WIDER.towards(found.end, goal):
            return replace(found, steps=(*found.steps, (sizes.WIDER, larger)))
    return None


def path_at_some_width(family: Family, goal: Family) -> Path | None:
    """The way from every network of a class to one of another, at whatever width it needs.

    One that holds on the whole space where there is one, else one on the unit ball.

    The widths of both do not matter: the path starts at the least that the groups allow, and its
    steps are the same at every other.

    >>> leaky = Family(neuron="type1", kind="fixed", dictionary="leaky_relu", width=1, dimension=1)
    >>> found = path_at_some_width(replace(leaky, dictionary=("relu",)), leaky)
    >>> [step.name for step, _ in found.steps], found.end.width, found.domain
    (['neuron by neuron'], 2, False)
    """
    start, end = (replace(of, width=of.width_step) for of in (family, goal))
    for maps in ((), _NEURONWISE, _ON_BALL):
        found = _shortest(start, end, maps, most=None)
        if found is not None:
            return found
    return None


def _shortest(
    family: Family, goal: Family, maps: Sequence[Inclusion], *, most: int | None
) -> Path | None:
    """The path by the steps in order, and these maps, to the goal's class; no wider than most."""
    order = itertools.count()
    queue = [(family.width, 0, next(order), Path(start=family, steps=()))]
    seen: set[Family] = set()
    while queue:
        width, steps, _, found = heapq.heappop(queue)
        here = found.end
        if most is not None and width > most:
            return None
        if _same_class(here, goal):
            return found
        least = here.at_width(here.width_step)
        if least in seen:  # narrower, and steps are the same at every width
            continue
        seen.add(least)
        for step, larger in _onwards(here, goal, maps):
            longer = replace(found, steps=(*found.steps, (step, larger)))
            heapq.heappush(queue, (larger.width, steps + 1, next(order), longer))
    return None


def _onwards(
    family: Family, goal: Family, maps: Sequence[Inclusion]
) -> Iterator[tuple[Inclusion, Family]]:
    """The first step in order that applies, and every step by the maps."""
    listed = ((step, larger) for step in _IN_ORDER for larger in step.towards(family, goal))
    yield from itertools.islice(listed, 1)
    for step in maps:
        for larger in step.towards(family, goal):
            yield step, larger


def _same_class(family: Family, goal: Family) -> bool:
    """Whether the families are equal but for their widths."""
    return family.groups == goal.groups and replace(goal, width=family.width) == family
