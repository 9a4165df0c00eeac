"""Functions of one class that are proved to be outside others, simple ones first.

Networks of the larger class from simple to complex (``discover.py``), then the registered targets.
Both halves are exact: a witness in the larger class, and for every class of the other side a
property that it has and the function lacks (``membership.decide``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from expressivity.classes.families import Family
from expressivity.evidence import Evidence, Membership, Verdict, weakest
from expressivity.membership.decide import Classification, classify
from expressivity.relations.discover import Discovery, discover, excluded_from
from expressivity.symbolic.budget import tree_size
from expressivity.targets.builtin import TARGETS, made
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target

BUDGET = 200
"""Networks that are tried in each dimension."""


@dataclass(frozen=True, kw_only=True)
class Separating:
    """A function that is in one class and in none of others.

    Attributes:
        target: the function, on the unit ball, on which it is outside already.
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
    """A simple function in a class of the one side that is in none of the other's, or None.

    >>> reglu, relu = (Family(neuron=n, kind="fixed", dictionary="relu", width=1, dimension=1)
    ...                for n in ("one_sided", "type1"))
    >>> separating([reglu], [relu]).target.formula
    'x1*relu(x1)'
    """
    found = discover(larger, smaller, budget=BUDGET)
    if found is not None:
        return _by_construction(found)
    for target in _registered(larger):
        outside = excluded_from(target, smaller)
        if outside is None:
            continue
        for family in larger:
            member = classify(target, family)
            if member.membership.verdict is Verdict.MEMBER:
                return Separating(target=target, member=member, outside=outside)
    return None


def _by_construction(found: Discovery) -> Separating:
    membership = Membership(
        verdict=Verdict.MEMBER,
        evidence=Evidence.PROVED,
        reason=f"it is a network of {found.family.class_label} with exact weights",
    )
    member = Classification(family=found.family, membership=membership, witness=found.witness)
    return Separating(target=found.target, member=member, outside=found.exclusions)


def _registered(families: Sequence[Family]) -> Iterator[Target]:
    """The registered targets on the unit ball of the dimension, simple ones first, each once."""
    listed: list[Target] = []
    for family in families:
        gate = "tanh" if family.gate is None else family.gate.name
        for lambda_ in (1.0, 2.0):
            make = partial(
                made, lambda_=lambda_, gate=gate, activations=len(family.dictionary) or 1
            )
            listed += TARGETS.each(make).values()
    ball = domain_for(families[0].dimension)
    distinct = {target.expression: target for target in reversed(listed) if target.domain == ball}
    yield from sorted(distinct.values(), key=lambda t: (tree_size(t.expression), t.formula))
