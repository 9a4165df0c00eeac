"""Functions nested as deeply as the grammar allows are answered soon, if only by unknown.

Kinds: property (a bounded time), negative (numbers that sympy would evaluate for ever).
"""

import pytest

from expressivity.classes.families import Family
from expressivity.classes.poles import higher_pole
from expressivity.evidence import Verdict
from expressivity.membership.decide import classify
from expressivity.symbolic.tails import expansion
from expressivity.targets.user import user_target
from expressivity.time_limit import within

SECONDS = 120.0
"""Of the clock, for what takes a second and took for ever: each level doubled it."""


def nested(function: str, levels: int, inner: str = "x") -> str:
    text = inner
    for _ in range(levels):
        text = function.replace("#", text)
    return text


@pytest.mark.parametrize(("function", "levels"), [("exp(#)", 63), ("exp(-#)", 31)])
def test_exponentials_of_exponentials_have_no_poles_and_no_tails_to_compare(function, levels):
    asked = user_target(nested(function, levels))
    formula, x = asked.expression, asked.coordinates[0]
    assert within(SECONDS, lambda: higher_pole(formula, x)) is None
    assert within(SECONDS, lambda: expansion(formula, x)) is None


def test_a_deep_function_is_no_neuron():
    family = Family(kind="la", neuron="type1", width=1, dimension=1)
    found = within(SECONDS, lambda: classify(user_target(nested("exp(-#)", 31)), family))
    assert found.membership.verdict is not Verdict.MEMBER


def test_deep_numbers_are_refused():
    assert user_target(f"x*{nested('exp(-#)', 8, '1')}").dimension == 1
    with pytest.raises(ValueError, match="numbers with at most 8 functions inside one another"):
        within(SECONDS, lambda: user_target(f"x*{nested('exp(-#)', 9, '1')}"))
