"""T8: amplitudes of type1 MoA networks under tanh, sigmoid and softmax gates.

Kinds: reference (every theorem is proved), negative (falsified settings are not proved), soundness
(jumps of random exact networks against the theorems).
"""

from dataclasses import replace
from random import Random

import mpmath
import pytest
import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import Kind
from expressivity.membership.obstructions.pole_order import higher_pole
from expressivity.symbolic.proof import THEOREMS, ProofVerdict, prove
from expressivity.targets.builtin import t5q
from proofs import t8, t8_softmax
from proofs.jump_lemma import X1, X2, crossing
from proofs.networks import network
from proofs.t5 import LAMBDA

relu = ACTIVATIONS["relu"]


@pytest.mark.parametrize("name", ["T8", "T8-sum", "T8-softmax"])
def test_theorem_is_proved(name):
    proof = prove(THEOREMS[name])
    unsettled = [o.step.statement for o in proof.outcomes if o.verdict not in ("proved", "stated")]
    assert proof.verdict is ProofVerdict.PROVED, unsettled


def verdict_in(name, **changes):
    return prove(THEOREMS[name], setting=replace(THEOREMS[name].setting, **changes)).verdict


def test_the_target_is_that_of_the_program():
    assert THEOREMS["T8"].setting.target.expression.subs(LAMBDA, 3) == t5q(3.0).expression


def test_falsified_settings_are_not_proved():
    kinked_gate = replace(GATES["tanh"], name="max", expression=lambda h, k: sp.Max(h[k], 0))
    step = replace(relu, expression=sp.Piecewise((sp.S.One, t8.Z > 0), (sp.S.Zero, True)))
    unknown = replace(relu, kink=None)
    clip = replace(relu, expression=relu(t8.Z) - relu(t8.Z - 1))
    assert verdict_in("T8", gates=(kinked_gate,)) is ProofVerdict.UNKNOWN
    assert verdict_in("T8", dictionary=(step,)) is not ProofVerdict.PROVED
    assert verdict_in("T8", dictionary=(unknown,)) is ProofVerdict.UNKNOWN
    assert verdict_in("T8", dictionary=(clip,)) is ProofVerdict.REFUTED
    assert verdict_in("T8", gates=(GATES["softmax"],)) is ProofVerdict.REFUTED
    assert verdict_in("T8-sum", terms=lambda g, k: g * k) is ProofVerdict.REFUTED
    assert verdict_in("T8-sum", gates=(GATES["softmax"],)) is ProofVerdict.UNKNOWN
    third = replace(relu, name="third", expression=relu(t8.Z) + relu(-t8.Z), kink=sp.Integer(2))
    setting = THEOREMS["T8-softmax"].setting
    assert verdict_in("T8-softmax", dictionary=(*setting.dictionary, third)) is ProofVerdict.REFUTED


def test_sharpness_is_exact():
    assert t8_softmax.three_kinked_activations() is True
    assert t8.SOFTMAX_MEMBER.check() is True
    for n in (1, 2, 4):
        assert sp.expand(t8.grouped(n) - t8.tanh_sum(n)) == 0


def test_zeros_of_one_or_two_tanh_do_not_exclude():
    """tanh(lambda x1) ReLU(x2) is a softmax network: the argument must not reach it."""
    assert t8_softmax.has_double_zero(sp.tanh(LAMBDA * X1)) is False
    logits = [LAMBDA * X1, -LAMBDA * X1]
    gates = [GATES["softmax"].expression(logits, k) for k in range(2)]
    assert sp.simplify((gates[0] - gates[1] - sp.tanh(LAMBDA * X1)).rewrite(sp.exp)) == 0
    assert t8_softmax.has_zero_off_the_roots_of_unity() is True
    assert sp.cyclotomic_poly(3, t8_softmax._Q) in [
        factor for factor, _ in sp.factor_list(sp.fraction(t8_softmax.sum_in_q())[0])[1]
    ]


def random_network(random, gate, groups):
    """Type1, d = 2, two neurons for each group on x2 = 0."""
    dictionary = ("relu", "leaky_relu", "tanh")
    family = Family(
        kind=Kind.MOA,
        neuron="type1",
        width=2 * groups,
        dimension=2,
        groups=groups,
        dictionary=dictionary,
        gate=GateSpec(name=gate),
    )

    def number():
        return sp.Rational(random.choice((-3, -2, -1, 1, 2, 3)), random.randint(1, 2))

    logits = [[number() for _ in range(3)] for _ in range(groups * len(dictionary))]
    expression = network(
        family,
        w=[[0, random.choice((-2, -1, 1)), 0] for _ in range(2 * groups)],
        u0=logits,
        a=[[number() for _ in range(2 * groups)]],
        scale0=[[number()] for _ in logits],
    )
    return expression, [u1 * X1 + e for u1, _, e in logits]


@pytest.mark.parametrize("gate", ["tanh", "sigmoid"])
def test_random_networks_jump_by_simple_poles(gate):
    random = Random(gate)
    for groups in (1, 2):
        found = crossing(random_network(random, gate, groups)[0])
        jump = sp.expand(found.slope_jump)
        assert all(higher_pole(term, X1) is None for term in jump.as_ordered_terms())
        assert jump.has(X1) and not jump.has(X2)


def test_random_softmax_networks_jump_by_two_exponentials():
    """Coefficients from three points fit at others, and that of tanh, without a kink, is 0."""
    random = Random(8)
    for _ in range(3):
        expression, logits = random_network(random, "softmax", 1)
        jump = sp.lambdify(X1, crossing(expression).slope_jump, "mpmath")
        exponentials = sp.lambdify(X1, list(map(sp.exp, logits)), "mpmath")
        with mpmath.workdps(40):
            values = {mpmath.mpf(x) / 3: exponentials(mpmath.mpf(x) / 3) for x in (-2, 0, 3, 4)}
            products = {x: jump(x) * sum(row) for x, row in values.items()}
            *nodes, other = values
            matrix = mpmath.matrix([values[x] for x in nodes])
            weights = mpmath.lu_solve(matrix, mpmath.matrix([products[x] for x in nodes]))
            predicted = sum(c * v for c, v in zip(weights, values[other], strict=True))
            assert abs(predicted - products[other]) < 1e-25
            assert abs(weights[2]) < 1e-25
            assert min(abs(weights[0]), abs(weights[1])) > 1e-3
