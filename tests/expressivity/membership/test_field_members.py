"""No member of a class of the field is called a non-member, and no bound exceeds its error 0.

Kinds: soundness (500 networks of exact weights, over every class beyond the paper's; a slice of
them in the fast run), negative (an obstruction that is wrong is noticed).
"""

import contextlib
import itertools

import pytest
from simple_weights import simple_weights

from expressivity.bounds import TargetNorms, lower_bounds
from expressivity.classes.catalogue import FURTHER, family_named, width_step
from expressivity.classes.weights import network_expression
from expressivity.membership.obstructions import OBSTRUCTIONS
from expressivity.symbolic.budget import OutOfBudgetError
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target

CLASSES = sorted(FURTHER)
UNIT = TargetNorms(l2=1.0, sup=1.0)


def members(count: int, first: int = 0):
    """Families and networks of theirs, class after class, in widths 1 to 3 and d = 1, 2."""
    sizes = list(itertools.product((1, 2), (1, 2, 3)))
    numbered = itertools.product(range(10), sizes, CLASSES)
    for seed, (dimension, width), name in itertools.islice(numbered, first, first + count):
        family = family_named(name, width * width_step(name), dimension)
        yield family, network_expression(family, simple_weights(family, seed))


def false_alarms(found, obstructions=OBSTRUCTIONS) -> list[str]:
    alarms: list[str] = []
    for family, expression in found:
        target = Target(
            name="expr",
            expression=expression,
            domain=domain_for(family.dimension),
            source="a network with exact weights",
        )
        reasons: list[object] = []
        for obstruction in obstructions:
            with contextlib.suppress(OutOfBudgetError):
                reasons.append(obstruction(target, family))
        reasons += [b for b in lower_bounds(target, family, norms=UNIT) if b.value]
        if any(reason is not None for reason in reasons):
            alarms.append(f"{family.label}: {expression}: {reasons}")
    return alarms


def test_some_members_of_every_class_are_never_excluded():
    assert false_alarms(members(len(CLASSES))) == []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_500_members_are_never_excluded(part):
    assert false_alarms(members(50, first=50 * part)) == []


def test_a_wrong_obstruction_is_noticed():
    def wrong(target, family):
        return "every network is odd"

    assert len(false_alarms(members(2), [wrong])) == 2
