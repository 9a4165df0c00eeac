"""The work of an atlas: which classes lie in which, which hold a target, what separates two.

Records hold facts alone; what follows from them is worked out when they are read (``atlas.py``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch

from expressivity.classes.catalogue import FAMILIES, plain_neurons
from expressivity.classes.families import Family
from expressivity.classes.modules import ModuleFamily
from expressivity.classes.networks import evaluate
from expressivity.classes.weights import Weights, start_from
from expressivity.evidence import Verdict
from expressivity.membership.decide import BUDGETS, Classification, classify
from expressivity.membership.inclusions import INCLUSIONS, Path, path_at_some_width
from expressivity.names import canonical, unknown
from expressivity.relations.given import Given, class_of, one_neuron
from expressivity.relations.questions import DIMENSION
from expressivity.runs.units import OnProgress, Outcome, Unit
from expressivity.targets.sampling import random_points
from expressivity.targets.target import Target
from expressivity.targets.user import user_target

_NODES = 64


def described(names: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """The registered classes that a neuron describes, or those that are named, each once.

    Raises:
        UnknownNameError: a name that is no class.
        ValueError: fewer than two classes, or a user's own module.

    >>> described(("la", "relu", "la"))
    ('la', 'relu')
    """
    if names is None:
        return tuple(n for n in FAMILIES if not isinstance(FAMILIES[n], ModuleFamily))
    chosen = tuple(dict.fromkeys(map(_class_named, names)))
    for name in chosen:
        class_of(name, 1)
    if len(chosen) < 2:
        raise ValueError(f"required: at least two classes; got {', '.join(chosen) or 'none'}")
    return chosen


def _class_named(name: str) -> str:
    found = canonical(name, (*FAMILIES, *plain_neurons()))
    if found is None:
        raise unknown("class", name, FAMILIES, further=plain_neurons())
    return found


@dataclass(frozen=True, kw_only=True)
class ContainmentUnit(Unit):
    """In which of some classes one of them lies, at whatever width, and by which maps.

    Attributes:
        smaller: name of the class.
        classes: names of all classes.
    """

    smaller: str
    classes: tuple[str, ...]

    @property
    def identity(self) -> dict[str, object]:
        """See :class:`~expressivity.runs.units.Unit`."""
        return {
            "unit": "containment",
            "smaller": self.smaller,
            "dimension": DIMENSION,
            "maps": [f"{step.name} ({step.theorem})" for step in INCLUSIONS],
            "classes": _families(self.classes),
        }

    @property
    def label(self) -> str:
        """The class."""
        return f"classes that contain {self.smaller}"

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """The record maps names of larger classes to the maps that lead there."""
        smaller = class_of(self.smaller, DIMENSION)
        found: dict[str, object] = {}
        for name in self.classes:
            way = (
                None
                if name == self.smaller
                else path_at_some_width(smaller, class_of(name, DIMENSION))
            )
            if way is not None:
                found[name] = _way(way)
        _report(on_progress, self)
        return Outcome(record={"contained": found})


def _way(way: Path) -> dict[str, object]:
    """A path: its maps, from which width to which, and whether it holds on the domain alone."""
    return {
        "maps": [f"{step.name} ({step.theorem})" for step, _ in way.steps],
        "widths": [way.start.width, way.end.width],
        "domain": way.domain,
    }


@dataclass(frozen=True, kw_only=True)
class StandingUnit(Unit):
    """Which of some classes hold a target.

    Attributes:
        target: a text in the grammar of user expressions, or of the network.
        classes: names of the classes.
        network: whose function is the target, if the text is not to be read.
    """

    target: str
    classes: tuple[str, ...]
    network: Given | None = None

    @property
    def identity(self) -> dict[str, object]:
        """See :class:`~expressivity.runs.units.Unit`."""
        return {
            "unit": "standing",
            "target": self.target,
            "network": None if self.network is None else self.network.json(),
            "classes": _families(self.classes),
            "budgets": BUDGETS,
        }

    @property
    def label(self) -> str:
        """The target."""
        return f"classes of {self.target}"

    @property
    def parts(self) -> int:
        """Classes."""
        return len(self.classes)

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """The record holds a row for each class."""
        target = user_target(self.target) if self.network is None else self.network.target
        target = replace(target, name=self.target)  # which reasons mention
        rows: list[object] = []
        for name in self.classes:
            found = classify(target, class_of(name, target.dimension))
            rows.append({"class": name, **_row(target, found)})
            if on_progress is not None:
                on_progress(1)
        return Outcome(record={"dimension": target.dimension, "standings": rows})


def _row(target: Target, found: Classification) -> dict[str, object]:
    membership = found.membership
    member = found.witness is not None and membership.verdict is Verdict.MEMBER
    return {
        "verdict": str(membership.verdict),
        "evidence": str(membership.evidence),
        "reason": membership.reason,
        "obstruction": found.obstruction,
        "width": found.family.width if member else None,
        "off": _off(target, found.family, found.witness) if found.witness is not None else None,
    }


def _off(target: Target, family: Family, witness: Weights) -> float | None:
    """How far the network, in floating point, is from the target at random points.

    Relative to 1 and the sum of the output weights; None where it is not finite.
    """
    nodes_ND = torch.from_numpy(random_points(target.domain, _NODES, seed=0))
    values_N = evaluate(family, start_from(family, witness)[None], nodes_ND)[0, 0]
    scale = 1.0 + sum(abs(float(entry)) for entry in witness.entries("a"))
    off = float((values_N - target.values(nodes_ND)).abs().max()) / scale
    return off if off < float("inf") else None


@dataclass(frozen=True, kw_only=True)
class OwnUnit(Unit):
    """One neuron of a class, which is a target for all of them.

    Attributes:
        name: of the class.
    """

    name: str

    @property
    def identity(self) -> dict[str, object]:
        """See :class:`~expressivity.runs.units.Unit`."""
        return {"unit": "own", "class": self.name, "classes": _families((self.name,))}

    @property
    def label(self) -> str:
        """The class."""
        return f"a neuron of {self.name}"

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """The record holds the network, or None where ``one_neuron`` makes none."""
        network = one_neuron(self.name)
        _report(on_progress, self)
        return Outcome(record={"found": None if network is None else _network(network)})


def _network(network: Given) -> dict[str, object]:
    return {
        "target": network.target.formula,
        "dimension": network.dimension,
        "width": network.width,
        "network": network.json(),
    }


class Found(Protocol):
    """What a search for a separating target has found: see ``discover``."""

    @property
    def target(self) -> Target: ...  # noqa: D102 - in the first class and not in the second

    @property
    def witness(self) -> Weights: ...  # noqa: D102 - in the first class

    @property
    def family(self) -> Family: ...  # noqa: D102 - of the witness

    @property
    def obstruction(self) -> str: ...  # noqa: D102

    @property
    def reason(self) -> str: ...  # noqa: D102


class Search(Protocol):
    """Searches for a target in the first class that is proved not to be in the second."""

    def __call__(  # noqa: D102
        self, larger: Family, smaller: Family, *, dimensions: Sequence[int], budget: int
    ) -> Found | None: ...


@dataclass(frozen=True, kw_only=True)
class SearchUnit(Unit):
    """A search for a target in one class and not in another, in dimensions 1, 2, 3 in turn.

    Attributes:
        has, lacks: names of the classes.
        candidates: how many networks are tried in each dimension.
        search: how; a function at the top of a module.
    """

    has: str
    lacks: str
    candidates: int
    search: Search

    @property
    def identity(self) -> dict[str, object]:
        """See :class:`~expressivity.runs.units.Unit`."""
        return {
            "unit": "search",
            "has": self.has,
            "lacks": self.lacks,
            "classes": _families((self.has, self.lacks)),
            "candidates": self.candidates,
            "budgets": BUDGETS,
        }

    @property
    def label(self) -> str:
        """The classes."""
        return f"search in {self.has}, not in {self.lacks}"

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """The record holds what was found first, or None."""
        has, lacks = class_of(self.has, 1), class_of(self.lacks, 1)
        dimensions = range(1, DIMENSION + 1)
        found = self.search(has, lacks, dimensions=dimensions, budget=self.candidates)
        record: dict[str, object] | None = None
        if found is not None:
            network = Given.of(self.has, found.family, found.witness)
            record = {
                "target": found.target.formula,
                "dimension": found.target.dimension,
                "width": found.family.width,
                "network": None if network is None else network.json(),
                "obstruction": found.obstruction,
                "reason": found.reason,
            }
        _report(on_progress, self)
        return Outcome(record={"found": record})


def _families(names: tuple[str, ...]) -> dict[str, Any]:
    return {name: class_of(name, 1).json() for name in names}


def _report(on_progress: Callable[[int], None] | None, unit: Unit) -> None:
    if on_progress is not None:
        on_progress(unit.parts)
