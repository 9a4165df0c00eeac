"""L2, T6, T7, T7b, T7c and T10: what networks whose neurons share coefficients cannot be.

Kinds: reference (every theorem is proved, the program's own targets are those of the theorems),
soundness (jumps of random exact networks obey the lemma), negative (falsified variants fail; the
mutations themselves are run in test_mutations.py).
"""

import random
from dataclasses import replace

import pytest
import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import Kind
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.piecewise import assume_sign
from expressivity.symbolic.proof import THEOREMS, ProofVerdict, prove
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.builtin import TARGETS, t7, t7b, t7c, t10
from proofs import pencil, shared_amplitude, t6
from proofs import t7 as proof_of_t7
from proofs import t7c as proof_of_t7c
from proofs import t10 as proof_of_t10
from proofs.gated_separation import LAMBDA
from proofs.jump_lemma import CLIP
from proofs.networks import network

NAMES = (
    "L2", "T6", "T6-sigmoid", "T6-softmax", "T7", "T7-factors-without-bias", "T7b", "T7c", "T10",
)  # fmt: skip
X1, X2, X3 = COORDINATES[:3]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_theorem_is_proved(name):
    proof = prove(THEOREMS[name])
    assert proof.verdict is ProofVerdict.PROVED
    checked = [o for o in proof.outcomes if o.step.check is not None]
    assert len(checked) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_statements_are_complete(name):
    theorem = THEOREMS[name]
    assert theorem.title and theorem.statement and theorem.assumptions and theorem.source
    assert all(step.statement and step.source for step in theorem.steps(theorem.setting))
    assert len(theorem.mutations) >= 2


# Reference: the program's targets


@pytest.mark.parametrize(("gate", "name"), t6.TITLES.items())
def test_t6_is_the_target_of_the_program(gate, name):
    expression = THEOREMS[name].setting[0].pencil.target.subs(LAMBDA, 3)
    assert is_identity(expression, TARGETS["t6"](3.0, gate, 7).expression) is True


@pytest.mark.parametrize(
    ("name", "target"), [("T7", t7()), ("T7b", t7b()), ("T7c", t7c()), ("T10", t10())]
)
def test_the_others_are_the_targets_of_the_program(name, target):
    assert is_identity(THEOREMS[name].setting.target, target.expression) is True


# Soundness: random networks of one and of two groups


def random_jumps(seed: int, groups: int) -> sp.Matrix:
    """Jumps of a random network of the program across planes through L, at points of L.

    Three neurons a group over relu and tanh with tanh gates, kinks on groups + 1 planes and
    slopes of both signs; the jumps are those of the network's formulas on the two sides.
    """
    draw, size = random.Random(seed), groups + 1
    levels = (X1, X2, X1 + 2 * X2)[:size]
    family = Family(
        kind=Kind.MOA,
        neuron="type1",
        dictionary=("relu", "tanh"),
        gate=GateSpec(name="tanh"),
        groups=groups,
        width=3 * groups,
        dimension=3,
    )
    slopes = [(draw.choice(levels), draw.choice((-2, -1, 1, 3))) for _ in range(family.width)]
    expression = network(
        family,
        w=[[s * sp.diff(level, x) for x in (X1, X2)] + [0, 0] for level, s in slopes],
        u0=[[draw.randint(-2, 2) for _ in range(4)] for _ in range(2 * groups)],
        a=[[sp.Rational(draw.randint(-4, 4), draw.randint(1, 3)) for _ in range(family.width)]],
        scale0=[[draw.randint(-3, 3)] for _ in range(2 * groups)],
    )
    rows = []
    for level in levels:
        sides = [expression, expression]
        for place, sign in enumerate((1, -1)):
            for other in levels:
                sides[place] = assume_sign(sides[place], other, sign if other == level else 1)
        normal = [sp.diff(level, x) for x in (X1, X2)]
        jump = sp.Add(
            *[n * sp.diff(sides[0] - sides[1], x) for n, x in zip(normal, (X1, X2), strict=True)]
        )
        on_line = (jump / sp.sqrt(sum(n * n for n in normal))).subs({X1: 0, X2: 0})
        rows.append([on_line.subs(X3, sp.Rational(p, 5)) for p in range(1, size + 1)])
    return sp.Matrix(rows)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("seed", range(6))
def test_jumps_of_random_networks_have_the_rank_of_the_lemma(seed, groups):
    jumps = random_jumps(seed, groups)
    assert is_identity(sp.expand(jumps.det(method="berkowitz")), sp.S.Zero) is True


def test_random_networks_do_jump():
    jumps = [random_jumps(seed, groups) for seed in range(6) for groups in (1, 2)]
    assert sum(any(entry != 0 for entry in each) for each in jumps) >= 10


# Negative: variants


def test_independence():
    assert pencil.are_independent([X3, sp.S.One]) is True
    assert pencil.are_independent([sp.tanh(X3), sp.tanh(2 * X3)]) is True
    assert pencil.are_independent([sp.tanh(X3), 3 * sp.tanh(X3)]) is False
    assert pencil.are_independent([X3, sp.S.Zero]) is False


def test_a_wrong_jump_is_refuted():
    setting = THEOREMS["T7"].setting
    first, second = setting.planes
    for jump in (2 * X3, -X3, sp.S.One):
        wrong = replace(first, jump=jump)
        assert pencil.jumps_by(setting.target, wrong, (wrong, second)) is False
    assert pencil.jumps_by(setting.target, first, setting.planes) is True


def test_planes_must_share_a_line_differ_and_outnumber_the_groups():
    setting = THEOREMS["T7"].setting
    first, second = setting.planes
    assert pencil.are_a_pencil(setting)
    apart = replace(second, level=X2 - 1)
    for planes, groups in (((first, apart), 1), ((first, first), 1), ((first, second), 2)):
        assert not pencil.are_a_pencil(replace(setting, planes=planes, groups=groups))


def test_the_cocycle_holds_for_one_group_alone():
    assert proof_of_t7.cocycle_of_groups(1) is True
    assert proof_of_t7.cocycle_of_groups(2) is False


def test_three_lines_through_one_point_show_nothing():
    setting = THEOREMS["T7b"].setting
    *two, third = setting.lines
    through_0 = replace(setting, lines=(*two, replace(third, level=X1 + X2)))
    assert proof_of_t7.meet_inside(setting) and not proof_of_t7.meet_inside(through_0)


@pytest.mark.parametrize("gate", list(GATES))
def test_gates_are_bounded_and_have_a_leading_power(gate):
    assert proof_of_t7c.is_bounded(gate) is True
    assert t6.has_leading_power(gate) is True


def test_forms_of_gates():
    step = sp.Piecewise((1, Z > 0), (0, True))
    assert [shared_amplitude.is_smooth(g) for g in (sp.tanh(Z), Z**2 / 2, sp.Max(Z, 0), step)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert proof_of_t7c.is_bounded_form(Z) is False
    assert proof_of_t7c.is_bounded_form(sp.exp(Z)) is False
    assert proof_of_t7c.is_bounded_form(sp.tanh(Z)) is None  # nothing is claimed of other gates


def test_a_coefficient_that_is_not_shared_is_refuted():
    plain = shared_amplitude.Setting()
    relu = plain.dictionary[1]
    assert shared_amplitude.jumps_by_coefficient(relu, plain) is True
    own = replace(plain, factor=sp.Symbol("v", positive=True))
    assert shared_amplitude.jumps_by_coefficient(relu, own) is False
    assert shared_amplitude.jumps_by_coefficient(CLIP, plain) is None


def test_the_bound_of_t10_is_the_best_that_a_jump_of_1_gives():
    assert proof_of_t10.larger_distance_is_at_least(sp.Rational(1, 2))
    assert not proof_of_t10.larger_distance_is_at_least(sp.Rational(51, 100))


@pytest.mark.parametrize(("sign", "jump"), [(-1, 1), (1, 0)])
def test_jumps_of_maxout(sign, jump):
    expression = t10().expression
    for claimed in (0, 1, 2):
        answer = proof_of_t10.jumps_by(expression, sign, sp.Integer(claimed))
        assert answer is (claimed == jump)


@pytest.mark.parametrize("form", ["type1", "one_sided", "two_sided", "quadratic", "maxout3"])
def test_t10_covers_products_of_two(form):
    expected = None if form == "maxout3" else True
    assert proof_of_t10.has_two_factors(form) is expected


def test_the_ladder_is_about_logits_without_a_constant():
    """Its step on independence is about g(i lambda x3), not about g(i lambda x3 + 1)."""
    settings = (replace(THEOREMS["T6"].setting[0], constant=sp.S.One),)
    assert prove(THEOREMS["T6"], setting=settings).verdict is not ProofVerdict.PROVED


def test_the_clip_is_the_identity_on_the_disk(monkeypatch):
    assert proof_of_t7c._on_the_disk() is True
    monkeypatch.setattr(proof_of_t7c, "_CLIP", proof_of_t7c._CLIP / 2)
    assert proof_of_t7c._on_the_disk() is False
