"""How many random members of the registered classes are found, and that none is excluded.

Soundness: a member is never called non-member. Power: most members of width 1, and of width 2
with gates, have a verified witness.
"""

import pytest
from simple_weights import simple_weights

from expressivity.classes.catalogue import FAMILIES, width_step
from expressivity.classes.weights import network_expression
from expressivity.evidence import Verdict
from expressivity.membership.decide import classify
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target

DIMENSIONS = (1, 2, 3)


def share_found(seeds, width, *, gated):
    """The share of members whose verdict is member, of all classes with gates or without."""
    verdicts = []
    for name in FAMILIES:
        if width % width_step(name):
            continue
        for dimension in DIMENSIONS:
            family = FAMILIES[name](width, dimension)
            if (family.gate is not None) is gated:
                verdicts += [_verdict(family, seed) for seed in seeds]
    assert Verdict.NON_MEMBER not in verdicts
    return verdicts.count(Verdict.MEMBER) / len(verdicts)


def _verdict(family, seed):
    target = Target(
        name="expr",
        expression=network_expression(family, simple_weights(family, seed)),
        domain=domain_for(family.dimension),
        source="random member",
    )
    return classify(target, family).membership.verdict


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "gated", "least"),
    [(1, False, 0.95), (1, True, 0.85), (2, True, 0.60)],
    ids=["ungated", "gated", "gated, width 2"],
)
def test_most_random_members_are_found(width, gated, least):
    assert share_found(range(10, 12), width, gated=gated) >= least
