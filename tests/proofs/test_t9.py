"""T9: SwiGLU as type1 MoA, and how many groups it takes.

Kinds: reference (theorems, a value by hand), negative (falsified settings are not proved),
soundness (random networks far out against the limit that the proof states).
"""

from dataclasses import replace
from itertools import product
from random import Random

import mpmath
import pytest
import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.gates import GATES
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, ProofVerdict, prove
from proofs import swiglu_networks, t9
from proofs.jump_lemma import X1, X2

relu, relu2 = ACTIVATIONS["relu"], ACTIVATIONS["relu2"]


@pytest.mark.parametrize("name", ["T9", "T9-la"])
def test_theorem_is_proved(name):
    proof = prove(THEOREMS[name])
    unsettled = [o.step.statement for o in proof.outcomes if o.verdict not in ("proved", "stated")]
    assert proof.verdict is ProofVerdict.PROVED, unsettled


@pytest.mark.parametrize(
    "changes",
    [
        {"groups": lambda m: m + 3},
        {"dictionary": (relu2, ACTIVATIONS["square"])},
        {"dictionary": (relu2, ACTIVATIONS["cube"])},
        {"form": "one_sided"},
    ],
)
def test_falsified_settings_are_refuted(changes):
    setting = replace(THEOREMS["T9"].setting, **changes)
    assert prove(THEOREMS["T9"], setting=setting).verdict is ProofVerdict.REFUTED


def test_gates_without_limits_or_with_kinks_are_not_taken():
    unbounded = replace(GATES["tanh"], expression=lambda h, k: h[k])
    sines = replace(GATES["tanh"], expression=lambda h, k: sp.sin(h[0]) + h[k])
    kinked = replace(GATES["tanh"], expression=lambda h, k: sp.Max(h[k], 0))
    assert t9.has_limits_on_cones(unbounded, 2) is False
    assert t9.has_limits_on_cones(sines, 2) is None
    turning = replace(GATES["tanh"], expression=lambda h, k: sp.tanh(h[k]) + sp.sin(h[k]))
    assert t9.has_limits_on_cones(turning, 2) is False  # bounded, and analytic
    for gate in (unbounded, kinked, turning):
        setting = replace(THEOREMS["T9"].setting, gates=(gate,))
        assert prove(THEOREMS["T9"], setting=setting).verdict is not ProofVerdict.PROVED


def test_swiglu_networks_are_what_they_say():
    assert swiglu_networks.silu_identity() is True
    assert swiglu_networks.neuron_is_moa() is True
    silu = ACTIVATIONS["silu"]
    assert is_identity(swiglu_networks.glu(), silu(X1) * X2) is True
    assert is_identity(swiglu_networks.one_neuron(), silu(X1) * X2) is True
    assert is_identity(swiglu_networks.two_groups(), silu(X1) * X2) is False


def test_three_terms_in_three_groups():
    """At integer points, exactly."""
    x = t9.COORDINATES[:3]
    total = sum(
        GATES["sigmoid"].expression([z], 0)
        * sum(s * t * relu2(s * z + t * y) for s, t in swiglu_networks.SIGNS)
        / 4
        for z, y in t9._neighbours(3)
    )
    for values in product((-2, 1, 3), repeat=3):
        at = dict(zip(x, values, strict=True))
        assert sp.expand((total - t9.target(3)).subs(at)) == 0


def test_rates_of_formulas():
    assert t9.rates(relu2, 2) == [(1, 1), (0, 0)]
    assert t9.rates(relu, 2) == [(0, 0), (0, 0)]
    assert t9.rates(ACTIVATIONS["silu"], 1) == [(1, 0)]
    assert t9.limit_is_c1(relu2, "type1") is True
    assert t9.limit_is_c1(ACTIVATIONS["silu"], "one_sided") is False
    assert t9.limit_is_c1(ACTIVATIONS["cube"], "type1") is False
    turning = replace(relu, expression=t9.Z**2 * sp.sin(t9.Z))
    assert t9.limit_is_c1(turning, "type1") is False  # z^2 sin(z)/z^2 has no limit


def test_the_limit_jumps_where_it_is_said():
    assert t9.jumps_by_the_neighbour(t9.far_away(4)) is True
    assert t9.jumps_by_the_neighbour(relu2(X1) * X2) is False


def test_no_cone_covers_more_than_one_hyperplane():
    """Soundness: shares by counting orthants, for every cone cut out by sign conditions."""
    m = 4
    for signs in product((-1, 0, 1), repeat=m):
        facets = [i for i in range(m) if signs[i]]
        covered = 0
        for i in facets:
            others = [j for j in range(m) if j != i]
            inside = [
                all(signs[j] in (0, s) for j, s in zip(others, orthant, strict=True))
                for orthant in product((-1, 1), repeat=m - 1)
            ]
            covered += sp.Rational(sum(inside), len(inside))
        assert covered <= 1


def test_random_networks_have_the_limit_that_is_stated():
    random = Random(9)
    silu, tanh = ACTIVATIONS["silu"], ACTIVATIONS["tanh"]
    for _ in range(4):
        u, e = [random.choice((-2, -1, 1, 2)) for _ in range(2)], random.randint(-1, 1)
        neurons = [[random.randint(-3, 3) for _ in range(4)] for _ in range(3)]
        logit = u[0] * X1 + u[1] * X2 + e
        gate = GATES["sigmoid"].expression([logit], 0)
        f, limit = sp.S.Zero, sp.S.Zero
        for a, w1, w2, b in neurons:
            z = w1 * X1 + w2 * X2
            f += a * (gate * relu2(z + b) + silu(z + b) + tanh(z) * gate)
            limit += a * relu2(z)
        point = {X1: sp.Rational(3, 7), X2: sp.Rational(-2, 5)}
        if u[0] * point[X1] + u[1] * point[X2] < 0:
            limit = sp.S.Zero
        far = {s: 10**6 * v for s, v in point.items()}
        with mpmath.workdps(40):
            value = sp.N(f.subs(far) / 10**12, 30)
        assert abs(value - limit.subs(point)) < 1e-4
