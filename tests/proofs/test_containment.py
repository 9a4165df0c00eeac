"""The containment table, C1, C2, the inclusions and the obstructions behind them.

Kinds: reference (verdicts of docs/theory.md), negative (falsified settings and lemma variants
are not proved), soundness (members with random rational weights are never obstructed).
"""

from dataclasses import replace
from random import Random

import mpmath
import pytest
import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import settle
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS, NEURONS
from expressivity.classes.properties import vanishing_order
from expressivity.classes.weights import Weights, network_expression
from expressivity.membership.obstructions import OBSTRUCTIONS, vanishing_order_obstruction
from expressivity.membership.obstructions.sign_definite import (
    sign_definite_obstruction,
    vanishes_with_an_argument_only,
)
from expressivity.membership.obstructions.vanishing_order import (
    is_locally_lipschitz,
    taylor_balls,
    taylor_on_ray,
)
from expressivity.symbolic.proof import THEOREMS, ProofVerdict, prove
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.builtin import t1, t2
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from proofs import (
    containment,
    gelu_growth,
    growth_order,
    inclusions,
    positive_gates,
    vanishing_gates,
)
from proofs.constant_gates import X1, gate_value, is_la, is_lifted, target_of
from proofs.gelu_growth import GATED
from proofs.jump_lemma import kink_times_size

NAMES = ("containment", "C1a", "C1b", "C2", "inclusions")
relu, gelu = ACTIVATIONS["relu"], ACTIVATIONS["gelu"]
TANH = GateSpec(name="tanh", bias=False)


def target_from(expression, dimension=1):
    return Target(name="it", expression=expression, domain=domain_for(dimension), source="test")


def moa(form="type1", *, gate=TANH, bias=True, width=3, dimension=1):
    return Family(
        kind=Kind.MOA, neuron=form, width=width, dimension=dimension, gate=gate, bias=bias
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_proved_or_stated(name):
    proof = prove(THEOREMS[name])
    assert proof.verdict is ProofVerdict.PROVED
    kinds = {outcome.verdict for outcome in proof.outcomes}
    assert kinds <= {ProofVerdict.PROVED, ProofVerdict.STATED}


def test_the_table_has_the_cells_of_the_theory():
    table = {
        (c.gate.name, c.gate.scale, c.gate.bias): c.contained
        for c in THEOREMS["containment"].setting.cells
    }
    assert len(table) == 12
    assert {key for key, contained in table.items() if contained} == {
        *(("sigmoid", True, bias) for bias in (False, True)),
        *(("softmax", True, bias) for bias in (False, True)),
        *(("tanh", scale, True) for scale in (False, True)),
    }


@pytest.mark.parametrize("cell", THEOREMS["containment"].setting.cells, ids=str)
def test_no_cell_can_be_claimed_otherwise(cell):
    opposite = replace(cell, contained=not cell.contained)
    steps = (
        containment.contained_steps(opposite.gate)
        if opposite.contained
        else containment.refuted_steps(opposite)
    )
    assert all(step.check is not None and step.check() is not True for step in steps)


def test_maps_with_a_wrong_constant_fail():
    gates = [GateSpec(name=name, scale=False) for name in ("sigmoid", "softmax")]
    assert [containment.scale_map_holds(gate) for gate in gates] == [False, False]
    assert containment.tanh_map_holds(TANH) is False
    assert containment.one_sign_map_holds(GateSpec(name="softmax", scale=False), (1, -1)) is False


def test_three_valued_conjunction():
    assert settle([True, None, False]) is False
    assert settle([True, None]) is None
    assert settle([True]) is True


def test_growth_order_tells_gelu_apart():
    assert growth_order.is_gelu(gelu) and not growth_order.is_gelu(ACTIVATIONS["silu"])
    assert growth_order.activation_has_order_at_most_one(ACTIVATIONS["silu"]) is True
    assert growth_order.activation_has_order_at_most_one(gelu) is False
    assert growth_order.has_order_at_most_one(sp.exp(X1) * sp.erf(X1) + X1) is False
    assert growth_order.has_order_at_most_one(sp.erf(X1) ** 2) is None
    assert growth_order.has_order_at_most_one(sp.exp(X1**2) * sp.erf(X1)) is None
    assert growth_order.has_order_at_most_one(sp.erf(X1) - sp.erf(2 * X1)) is None
    assert growth_order.has_order_at_most_one(sp.exp(X1**2)) is None
    assert growth_order.has_order_at_most_one(gate_value(TANH, 2)) is True
    assert growth_order.has_order_at_most_one(sp.erf(2 * X1 - 1)) is False


@pytest.mark.parametrize("shift", [-2, 0, 3])
def test_growth_on_the_ray_is_that_of_erf(shift):
    """Reference: mpmath's erf at complex arguments, far out on the ray."""
    r, rate = 30, 2
    z = rate * r * mpmath.expjpi(mpmath.mpf(1) / 3) + shift
    found = z * mpmath.erf(z / mpmath.sqrt(2))
    leading = -mpmath.sqrt(2 / mpmath.pi) * mpmath.exp(-z * z / 2)
    assert abs(found / leading - 1) < 2 / abs(z) ** 2
    h = growth_order.growth(sp.Integer(rate), sp.Integer(shift))
    h = h.subs(next(iter(h.free_symbols)), r)
    assert abs(mpmath.log(abs(leading)) - mpmath.log(2 / mpmath.pi) / 2 - h) < 1e-9


def test_the_pair_that_grows_most_is_told_by_size_then_bias():
    def ahead(one, other):
        difference = sp.expand(growth_order.growth(*one) - growth_order.growth(*other))
        return sp.limit(difference, next(iter(difference.free_symbols)), sp.oo) == sp.oo

    two, one = sp.Integer(2), sp.S.One
    assert ahead((two, two), (one, -9 * one)) and ahead((two, -one), (two, one))
    assert not ahead((two, one), (two, -one))


def test_c1b_holds_with_biases_and_for_one_sided():
    assert gelu_growth.unbiased_is_x_times_type1() is True
    bent = replace(relu, expression=relu(Z) + relu(-Z) / 2)
    assert kink_times_size(bent, GATED) is False  # its kink is 3/2, not the declared 1


@pytest.mark.parametrize("form", FORMS)
def test_the_network_of_the_refuted_cells_is_exact(form):
    """Also over relu alone, where softmax is the constant 1; over what lacks relu it is none."""
    plain = GateSpec(name="softmax", scale=False, bias=False)
    assert is_la(form) is True and is_la(form, (relu,)) is True
    assert is_la(form, (gelu, ACTIVATIONS["id"])) is False
    assert is_lifted(plain, form, ("relu",)) is True
    assert is_lifted(plain, form) is None
    assert is_lifted(GateSpec(name="tanh", scale=False), form) is True


def test_what_is_not_positive_is_shown_at_a_point():
    verdicts = {
        (name, scale): positive_gates.is_positive(GateSpec(name=name, scale=scale), 2)
        for name in ("sigmoid", "softmax", "tanh")
        for scale in (False, True)
    }
    expected = {key: key in (("sigmoid", False), ("softmax", False)) for key in verdicts}
    assert verdicts == expected


@pytest.mark.parametrize("form", FORMS)
def test_networks_that_vanish_are_shown(form):
    setting = THEOREMS["C1a"].setting
    minus = replace(ACTIVATIONS["id"], name="-id", expression=-Z)
    odd = replace(ACTIVATIONS["id"], name="odd", expression=Z**3 - 2 * Z)
    for changes, answer in (
        ({}, True),
        ({"width": 2}, False),
        ({"width": 3}, False),
        ({"dictionary": (relu,)}, False),
        ({"dictionary": (relu, ACTIVATIONS["id"], minus)}, False),
        ({"dictionary": (odd,)}, None),  # vanishes at sqrt(2), where it is not tried
    ):
        assert positive_gates.is_sign_definite(replace(setting, **changes), form) is answer


def test_c1a_needs_the_value_0_at_0():
    """Over an activation that is z, but 1 at 0, the network with w = 0 and b = 0 is not 0."""
    spike = replace(relu, expression=sp.Piecewise((sp.S.One, sp.Eq(Z, 0)), (Z, True)))
    setting = replace(THEOREMS["C1a"].setting, dictionary=(relu, spike))
    assert prove(THEOREMS["C1a"], setting=setting).verdict is ProofVerdict.REFUTED


def test_kinks_must_be_declared_right():
    assert kink_times_size(relu, GATED) is True
    assert kink_times_size(replace(relu, kink=sp.Integer(2)), GATED) is False


@pytest.mark.parametrize("form", FORMS)
def test_cancelling_neurons_are_not_sign_definite(form):
    seven = THEOREMS["C1a"].setting.dictionary
    assert vanishes_with_an_argument_only(seven, NEURONS[form]) is True
    assert vanishes_with_an_argument_only(seven, NEURONS[form], width=2) is None
    assert vanishes_with_an_argument_only((relu,), NEURONS[form]) is None


def test_a_product_of_softmax_gates_is_one_gate_and_of_others_none():
    found = [inclusions.product_is_one_gate(gate) for gate in ("softmax", "tanh", "sigmoid")]
    assert found == [True, False, False]
    assert inclusions.product_has_double_pole("tanh") is True


def test_one_sided_needs_id():
    assert inclusions.one_sided_is_two_sided(("relu", "id")) is True
    assert inclusions.one_sided_is_two_sided(("relu", "tanh")) is False


def test_vanishing_order_counts_gates_and_arguments():
    orders = {
        form: [vanishing_order(NEURONS[form], bias=b) for b in (True, False)] for form in FORMS
    }
    assert orders == {
        "type1": [1, 2],
        "one_sided": [1, 3],
        "two_sided": [2, 4],
        "quadratic": [1, 3],
    }
    terms = list(vanishing_gates.vanishing_of_products((gelu,), "one_sided", 3))
    assert terms and all(terms)
    assert not any(vanishing_gates.vanishing_of_products((gelu,), "one_sided", 4))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bias", [True, False])
def test_c2_as_an_obstruction(form, bias):
    target = target_from(relu(X1) if bias else target_of(form))
    assert vanishing_order_obstruction(target, moa(form, bias=bias)) is not None
    assert vanishing_order_obstruction in OBSTRUCTIONS


def test_the_obstruction_says_nothing_where_it_does_not_apply():
    spec = GateSpec(name="tanh")
    assert vanishing_order_obstruction(t1(), moa(gate=spec)) is None
    assert vanishing_order_obstruction(t1(), moa(gate=GateSpec(name="sigmoid"))) is None
    la = Family(kind=Kind.LA, neuron="type1", width=1, dimension=1)
    assert vanishing_order_obstruction(t1(), la) is None
    assert vanishing_order_obstruction(t2(), moa(dimension=2)) is None
    # O(|x|^2), but no order in sight that a type1 network without biases lacks
    assert vanishing_order_obstruction(target_from(X1 * relu(X1)), moa(bias=False)) is None


def test_diagonals_and_constants_are_seen():
    x1, x2 = COORDINATES[:2]
    product = target_from(relu(x1) * x2, 2)
    family = moa("one_sided", bias=False, dimension=2)
    assert "along (1, " in str(vanishing_order_obstruction(product, family))
    constant = target_from(sp.cos(x1))
    assert "O(|x|^1)" in str(vanishing_order_obstruction(constant, moa()))


def test_formulas_near_the_origin():
    shifted = target_from(relu(X1 - sp.Rational(1, 3)) + X1)
    assert taylor_on_ray(shifted, (1,), 2) == (0, 1)
    assert taylor_on_ray(shifted, (-1,), 2) == (0, -1)
    root = target_from(sp.sqrt(X1**2))
    assert taylor_on_ray(root, (1,), 2) is None


def test_balls_enclose_the_exact_coefficients_and_are_small():
    """Tight too: enclosures that always contained 0 would find no obstruction."""
    gate = sp.exp(X1 + 1) / (sp.exp(X1 + 1) + sp.exp(-2 * X1) + 3)
    for expression in (
        gate * gelu(2 * X1 - 1) * sp.tanh(X1) ** 2,
        sp.tanh(X1) * relu(X1) * X1,
        sp.sqrt(1 + X1**2) + sp.sin(X1) * sp.tanh(sp.Rational(1, 2)),
        sp.Integer(3) + relu(-X1),
    ):
        target = target_from(expression)
        for direction in ((1,), (-1,)):
            exact = taylor_on_ray(target, direction, 4)
            balls = taylor_balls(target, direction, 4)
            for number, ball in zip(exact, balls, strict=True):
                middle = sp.Float(ball.mid().str(60, radius=False), 60)
                assert abs(sp.N(number, 60) - middle) < 1e-50
                assert float(ball.rad()) < 1e-50
    assert taylor_balls(target_from(sp.sqrt(X1**2)), (1,), 2) is None


def test_jumps_are_not_lipschitz():
    step = replace(relu, expression=sp.Piecewise((sp.S.One, Z > 0), (sp.S.Zero, True)))
    assert is_locally_lipschitz(relu) is True
    assert is_locally_lipschitz(step) is None


def random_member(random, form, gate, width, *, bias, dictionary):
    family = Family(
        kind=Kind.MOA,
        neuron=form,
        width=width,
        dimension=1,
        gate=gate,
        bias=bias,
        dictionary=dictionary,
    )
    blocks = {}
    for name, shape in family.shapes.items():
        columns = shape[1] if len(shape) == 2 else 1
        rows = [
            [sp.Rational(random.randint(-4, 4), random.randint(1, 3)) for _ in range(columns)]
            for _ in range(shape[0])
        ]
        if name.startswith("scale") and not gate.scale:
            rows = [[1]] * shape[0]
        biased = gate.bias if name.startswith("u") else bias
        if name[0] in "wvu" and not biased:
            rows = [[*row[:-1], 0] for row in rows]
        blocks[name] = sp.ImmutableMatrix(rows)
    return family, target_from(network_expression(family, Weights(blocks=blocks)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bias", [True, False])
def test_members_are_never_obstructed(form, bias):
    random = Random(f"{form}{bias}")
    for _ in range(5):
        dictionary = tuple(random.sample(("id", "relu", "relu2", "silu", "tanh"), 2))
        vanishing = random_member(
            random, form, TANH, random.randint(1, 2), bias=bias, dictionary=dictionary
        )
        assert vanishing_order_obstruction(vanishing[1], vanishing[0]) is None
        sigmoid = GateSpec(name="sigmoid", scale=False)
        positive = random_member(random, form, sigmoid, 1, bias=bias, dictionary=dictionary)
        assert sign_definite_obstruction(positive[1], positive[0]) is None
