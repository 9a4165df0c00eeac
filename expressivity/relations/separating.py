"""Functions of one class that are proved to be outside others, simple ones first.

Candidates are single neurons at the coordinates and the registered targets. Both halves are exact:
a witness in the larger class, and for every class of the other side a property that it has and the
function lacks (``membership.decide``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import sympy as sp

from expressivity.classes.families import Family, map_names
from expressivity.classes.weights import Weights, network_expression
from expressivity.evidence import Evidence, Membership, Verdict, weakest
from expressivity.membership.decide import Classification, classify
from expressivity.symbolic.budget import tree_size
from expressivity.targets.builtin import TARGETS, made
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target


@dataclass(frozen=True, kw_only=True)
class Separating:
    """A function that is in one class and in none of others.

    Attributes:
        target: the function, on the domain on which it is outside.
        member: the classification in the larger class, with the witness.
        outside: those in the others, in their order.
    """

    target: Target
    member: Classification
    outside: tuple[Classification, ...]

    @property
    def evidence(self) -> Evidence:
        """The weakest of both halves."""
        return weakest(c.membership.evidence for c in (self.member, *self.outside))


Search = Callable[[Sequence[Family], Sequence[Family]], Separating | None]
"""(the classes of the larger side, those of the smaller) -> what separates them, if it is found."""


def separating(larger: Sequence[Family], smaller: Sequence[Family]) -> Separating | None:
    """The first candidate in a class of the one side that is in none of the other's, or None.

    >>> reglu, relu = (Family(neuron=n, kind="fixed", dictionary="relu", width=1, dimension=1)
    ...                for n in ("one_sided", "type1"))
    >>> separating([reglu], [relu]).target.formula
    'x1*relu(x1)'
    """
    for family in larger:
        for target, known in _candidates(family):
            outside: list[Classification] = []
            for other in smaller:
                found = classify(target, other)
                if found.membership.verdict is not Verdict.NON_MEMBER:
                    break
                outside.append(found)
            else:
                member = known or classify(target, family)
                if member.membership.verdict is Verdict.MEMBER:
                    return Separating(target=target, member=member, outside=tuple(outside))
    return None


def _candidates(family: Family) -> Iterator[tuple[Target, Classification | None]]:
    """Targets, simple ones first, with the witness where there is one at hand."""
    yield from _neurons(family)
    gate = "tanh" if family.gate is None else family.gate.name
    listed: list[Target] = []
    for lambda_ in (1.0, 2.0):
        for factory in TARGETS.each(lambda factory: factory).values():
            target = made(factory, lambda_, gate, len(family.dictionary) or 1)
            if target.dimension == family.dimension:
                listed.append(target)
    distinct = {target.expression: target for target in reversed(listed)}
    for target in sorted(distinct.values(), key=lambda t: (tree_size(t.expression), t.formula)):
        yield target, None


def _neurons(family: Family) -> Iterator[tuple[Target, Classification | None]]:
    """Single neurons of one activation for each mixture, whose maps are the coordinates in turn."""
    if family.gate is not None or family.width > 1:
        return
    for weights in _weights(family):
        expression = network_expression(family, weights)
        target = Target(
            name="expr",
            expression=expression,
            domain=domain_for(family.dimension),
            source=f"a neuron of {family.class_label}",
        )
        if expression.free_symbols:
            yield target, _by_construction(target, family, weights)


def _weights(family: Family) -> Iterator[Weights]:
    record, d = family.record, family.dimension
    blocks = {
        name: sp.ImmutableMatrix([[int(i == place % d) for i in range(d)] + [0]])
        for place, name in enumerate(map_names(record.maps))
    }
    if record.parameters:
        starts = [sp.Rational(str(parameter.initial)) for parameter in record.parameters]
        blocks["p"] = sp.ImmutableMatrix([starts])
    blocks["a"] = sp.ImmutableMatrix([[1]])
    for label in product(family.dictionary, repeat=family.sides and 1):
        hot = {
            f"scale{side}": sp.ImmutableMatrix(_hot(family, side, label[0]))
            for side in range(family.sides)
        }
        yield Weights(blocks={**blocks, **hot})


def _hot(family: Family, side: int, name: str) -> list[sp.Integer]:
    """The coefficient vector of one activation, in each place of a product."""
    places = product(family.basis, repeat=len(family.record.mixtures[side]))
    return [sp.Integer(set(place) == {name}) for place in places]


def _by_construction(target: Target, family: Family, weights: Weights) -> Classification:
    membership = Membership(
        verdict=Verdict.MEMBER,
        evidence=Evidence.PROVED,
        reason=f"it is a neuron of {family.class_label} with exact weights",
    )
    return Classification(family=family, membership=membership, witness=weights)
