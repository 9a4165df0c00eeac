"""Bounds from jumps that share few functions, and from jumps that break off.

Kinds: reference (docs/theory.md, section 6), soundness (no larger than the minimum over a grid of
combinations, nothing for members), negative (nothing where the facts are not shown).
"""

import math

import numpy as np
import pytest
import sympy as sp
from bounds_of import user
from odd_plugins import gate, registered_gate

from expressivity.bounds import amplitude_edge, shared_amplitude
from expressivity.bounds.bound import TargetNorms
from expressivity.bounds.unit_jumps import unit_jumps
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.evidence import Evidence
from expressivity.symbolic.symbols import Z

NORMS = TargetNorms(l2=1.0, sup=1.0)
MAXOUT3 = "relu(x1-relu(x2))+relu(x2)"


def moa(dimension, form="type1", gate="tanh", **fields):
    return Family(neuron=form, kind="moa", width=12, dimension=dimension, gate=gate, **fields)


def values(mechanism, text, family):
    return [b.value for b in mechanism.bounds(user(text, family.dimension), family, NORMS)]


def t6(rate):
    return f"tanh({rate}*x3)*relu(x1)+tanh({2 * rate}*x3)*relu(x2)"


@pytest.mark.parametrize(
    ("text", "dimension", "low", "high"),
    [
        ("x3*relu(x1)+relu(x2)", 3, 0.4999999999, 0.5),
        (t6(1), 3, 0.02550, 0.02551),
        (t6(2), 3, 0.04341, 0.04342),
        ("(1+x1)*relu(x2)+relu(x1)+relu(x1+x2-1/2)", 2, 0.0400094, 0.0400095),
        # irrational planes, whose chord has irrational ends: by hand
        ("x3*relu(2**0.5*x1-x2)+relu(x2+x1-1/3)", 3, 0.7071067, 0.7071068),
        ("x3*relu(x1+2**0.5*x3-1/2)+relu(x2-3**0.5*x3/3)", 3, 0.3413, 0.3414),
    ],
)
@pytest.mark.parametrize("gate", ["tanh", "softmax"])
def test_reference_values(text, dimension, low, high, gate):
    family = moa(dimension, gate=gate)
    (bound,) = shared_amplitude.bounds(user(text, dimension), family, NORMS)
    assert low <= bound.value <= high
    assert bound.every_width and bound.evidence is Evidence.CERTIFIED


def test_the_cycle_bound_solves_its_equation():
    """(1 + d)^2 (sqrt 2 + d) = (1 - d)(sqrt 2 - d)(3/2 - d), half of d."""
    (value,) = values(shared_amplitude, "(1+x1)*relu(x2)+relu(x1)+relu(x1+x2-1/2)", moa(2))
    d, root = 2 * value, math.sqrt(2)
    assert abs((1 + d) ** 2 * (root + d) - (1 - d) * (root - d) * (1.5 - d)) < 1e-12


def test_not_above_the_minimum_over_a_grid_of_combinations():
    x = np.linspace(-1, 1, 2001)
    jumps = np.stack([np.tanh(2 * x), np.tanh(4 * x)])
    angles = np.linspace(0, np.pi, 4001)
    c = np.stack([np.cos(angles), np.sin(angles)], 1)
    least = (np.abs(c @ jumps).max(1) / np.abs(c).sum(1)).min() / 2
    (value,) = values(shared_amplitude, t6(2), moa(3))
    assert value <= least <= value + 1e-5


@pytest.mark.parametrize("form", ["type1", "one_sided", "two_sided", "quadratic"])
def test_maxout3_stays_away_from_every_class(form):
    for family in (moa(2, form), Family(neuron=form, kind="la", width=3, dimension=2)):
        (value,) = values(amplitude_edge, MAXOUT3, family)
        assert math.sqrt(2) / 4 - 1e-12 <= value <= math.sqrt(2) / 4


@pytest.mark.parametrize(
    ("text", "family"),
    [
        (t6(2), moa(3, groups=2)),
        (t6(2), moa(3, groups="neuron")),
        ("x3*relu(x1)+relu(x2)", moa(3, "one_sided")),
        ("tanh(x3)*relu(x1)+2*tanh(x3)*relu(x2)", moa(3)),
        ("relu(x1)*relu(x2)", moa(2, "two_sided")),
        ("tanh(x1*x2)*relu(x1*x2)", moa(2)),
    ],
)
def test_no_bound_where_none_can_be(text, family):
    assert not values(shared_amplitude, text, family)
    assert not values(amplitude_edge, text, family)


def test_no_bound_for_gates_with_a_kink():
    with registered_gate(gate("bent", sp.Max(Z, 0))):
        for mechanism in (shared_amplitude, amplitude_edge):
            for text in (MAXOUT3, "x1*relu(x2)+relu(x1)"):
                assert not values(mechanism, text, moa(2, gate=GateSpec(name="bent")))


def test_a_formula_that_ends_before_the_boundary_counts_only_so_far():
    """On x2 = 0, x3 = 1/4 the jumps are 1 and x1, for x1 from 0 to r = sqrt(15)/4 alone.

    Half of min over c of sup abs(c0 + c1 x1)/(abs(c0) + abs(c1)) is r/(2 (2 + r)).
    """
    (value,) = values(shared_amplitude, "relu(x3-1/4)*relu(x1)+relu(x2)", moa(3))
    reach = math.sqrt(15) / 4
    assert 0 <= reach / (2 * (2 + reach)) - value < 1e-6


def test_planes_of_which_one_sees_the_other_alone_are_in_no_cycle():
    """Beside x1 = x2 the root is not analytic; x1 = 0 and x2 = 0 are still known elsewhere."""
    text = "(relu(x2)*relu(x1-x2))**0.5+relu(x2)+relu(x1)+relu(x1+x2+1/2)"
    assert values(shared_amplitude, text, moa(2)) == []


def test_each_meeting_of_many_lines_is_evaluated_once(monkeypatch):
    """Five lines in 25 cycles: the jumps at 20 ordered pairs, not at every step of every cycle."""
    calls = []

    def counted(*arguments):
        calls.append(arguments)
        return unit_jumps(*arguments)

    monkeypatch.setattr(shared_amplitude, "unit_jumps", counted)
    lines = [f"relu({k}*x1+({7 - k * k % 13})*x2-1/{k + 9})" for k in range(1, 6)]
    assert values(shared_amplitude, "+".join(lines), moa(2)) == []
    assert 6 < len(calls) <= 40
