"""B1 to B4 and the obstructions behind B2.

Reference: every theorem is proved, its constants are those that ``expressivity.bounds`` prints.
Negative: falsified statements fail. Soundness: no random network
without biases is called a non-member by homogeneity or parity.
"""

from dataclasses import replace

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.bounds import TargetNorms, lower_bounds
from expressivity.bounds.free_knots import slope_cost
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import is_homogeneous, parts_lie_in
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS
from expressivity.membership.obstructions.homogeneity import homogeneity_obstruction
from expressivity.membership.obstructions.parity import parity_obstruction
from expressivity.symbolic.proof import THEOREMS, ProofVerdict, prove
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.builtin import TARGETS, t1, t2, t3
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from proofs import (
    free_knot_bound,
    gradient_jump_bound,
    parity_bound,
    ridge_rank_algebra,
    slope_staircase,
)
from proofs.zernike import radial

_NAMES = ("B1", "B2", "B3", "B4")
_X1, _X2 = COORDINATES[:2]
_UNIT = TargetNorms(l2=1.0, sup=1.0)


def _family(form: str, *names: str, dimension: int = 1, kind: Kind = Kind.FIXED) -> Family:
    return Family(
        kind=kind, neuron=form, width=1, dimension=dimension, dictionary=names, bias=False
    )


def _target(expression: sp.Expr, dimension: int = 1) -> Target:
    return Target(name="expr", expression=expression, domain=domain_for(dimension), source="a test")


@pytest.mark.parametrize("name", _NAMES)
def test_theorem_is_proved(name):
    proof = prove(THEOREMS[name])
    unsettled = [o.step.statement for o in proof.outcomes if o.verdict not in ("proved", "stated")]
    assert proof.verdict is ProofVerdict.PROVED, unsettled


def test_b1_fails_where_an_amplitude_may_vary():
    setting = THEOREMS["B1"].setting
    along = gradient_jump_bound.TANGENT
    swapped = replace(setting, t2_second=sp.Symbol("v") * along)
    assert prove(THEOREMS["B1"], setting=swapped).verdict is ProofVerdict.REFUTED
    quadratic = replace(setting, t4_second=along**2)
    assert prove(THEOREMS["B1"], setting=quadratic).verdict is ProofVerdict.REFUTED


def test_b1_staircase_is_the_cost_that_the_library_uses():
    r, g, m = slope_staircase.REACH, slope_staircase.HALF_JUMP, slope_staircase.WIDTH
    for width in (1, 2, 3, 7):
        for reach in (sp.Rational(1, 3), sp.Integer(1), sp.Integer(5)):
            values = {r: reach, g: sp.Rational(1, 2), m: width}
            costs = (slope_staircase.BREAKPOINT_COST, slope_staircase.OTHER_COST)
            costs = [cost.subs(values) for cost in costs]
            expected = costs[0] if reach <= sp.Rational(width, 2) else costs[1]
            assert slope_cost(reach, sp.Rational(1, 2), width) == expected


@pytest.mark.parametrize("column", ["type1", "one_sided"])
def test_b2_constants_are_those_of_the_library(column):
    target, norm = {"type1": (t1(), "31/30"), "one_sided": (t3(), "71/105")}[column]
    for name, row in parity_bound._SETTING.rows.items():
        family = _family(column, name)
        [bound] = [b for b in lower_bounds(target, family, norms=_UNIT) if b.method == "parity"]
        expected = sp.sqrt(getattr(row, column) / sp.Rational(norm))
        assert bound.value == pytest.approx(float(expected), rel=1e-14)
        assert sp.Rational(bound.value) <= expected


def test_b2_fails_with_wrong_constants_and_spaces():
    theorem = THEOREMS["B2"]
    rows = theorem.setting.rows
    wrong = {
        "constant": replace(rows["silu"], type1=sp.Rational(1, 161)),
        "space": replace(rows["silu"], even=(Z**2,)),
        "activation": replace(rows["silu"], expression=ACTIVATIONS["tanh"](Z)),
    }
    for row in wrong.values():
        setting = replace(theorem.setting, rows={"silu": row})
        assert prove(theorem, setting=setting).verdict is ProofVerdict.REFUTED
    linear = {"relu2": ACTIVATIONS["relu2"].expression}
    setting = replace(theorem.setting, rows={}, linear=linear)
    assert prove(theorem, setting=setting).verdict is ProofVerdict.REFUTED


def test_b3_fails_with_another_curvature():
    theorem = THEOREMS["B3"]
    setting = replace(theorem.setting, target=_X1**2 / 2)
    assert prove(theorem, setting=setting).verdict is ProofVerdict.REFUTED


def test_b3_bound_is_not_undercut_by_the_best_two_pieces():
    # Chords of x + x^2 on the halves of [0, 1], shifted by h^2/8: exactly the sup bound.
    relu = ACTIVATIONS["relu"]
    half = sp.Rational(1, 2)
    best = sp.Rational(3, 2) * _X1 + relu(_X1 - half) - sp.Rational(1, 32)
    assert free_knot_bound.beats(best, 1) is False
    assert free_knot_bound.beats(best, 0) is True


def test_b4_fails_for_neurons_of_higher_rank():
    theorem = THEOREMS["B4"]
    small = replace(theorem.setting, degree=6, disk_degree=2)
    assert prove(theorem, setting=small).verdict is ProofVerdict.PROVED

    def twice_differentiated(n, j):
        return (1 + (2 * j - n) ** 2) * ridge_rank_algebra._ridge(n, j)

    for changes in (
        {"ridge": ridge_rank_algebra._one_sided},
        {"one_sided": twice_differentiated},
        {"weight": lambda n, p: min(p, n + 1 - p)},
    ):
        assert prove(theorem, setting=replace(small, **changes)).verdict is ProofVerdict.REFUTED


def test_radial_polynomials_of_low_degree():
    # M. Born and E. Wolf, Principles of Optics, 7th ed., table 9.1.
    assert radial(4, 0) == {4: 6, 2: -6, 0: 1}
    assert radial(5, 1) == {5: 10, 3: -12, 1: 3}
    assert radial(6, 2) == {6: 15, 4: -20, 2: 6}


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_declared_degrees_and_spans_hold_for_a_generic_neuron(name):
    activation = ACTIVATIONS[name]
    assert in_spans(activation) is True
    for degree in (1, 2):
        assert is_homogeneous(activation.expression, degree) is (
            activation.homogeneous_degree == degree
        )


def in_spans(activation):
    return parts_lie_in(activation.expression, activation.odd_span, activation.even_span)


def test_false_spans_are_refuted():
    tanh = ACTIVATIONS["tanh"]
    assert in_spans(replace(tanh, odd_span=(Z,))) is False
    assert in_spans(replace(ACTIVATIONS["relu"], even_span=())) is False
    assert in_spans(replace(tanh, expression=tanh.expression + 1)) is False


def test_obstructions_exclude_the_targets():
    for name in ("relu", "leaky_relu", "relu2", "id"):
        assert homogeneity_obstruction(t1(), _family("type1", name))
        assert homogeneity_obstruction(t3(), _family("one_sided", name))
    for name in ("silu", "gelu", "tanh"):
        assert parity_obstruction(t1(), _family("type1", name))
        assert parity_obstruction(t3(), _family("one_sided", name))
    mixed = _family("type1", "relu", "gelu", "silu", dimension=2, kind=Kind.LA)
    assert parity_obstruction(t2(), mixed)
    assert homogeneity_obstruction(t2(), mixed) is None
    odd_only = _family("two_sided", "tanh", dimension=2, kind=Kind.LA)
    assert parity_obstruction(t2(), odd_only).startswith("the odd part of every network is 0")


def test_polynomial_parts_have_no_kinks():
    family = _family("one_sided", "silu", dimension=2)
    kinked = sp.Piecewise((_X1 * _X2, _X1 > 0), (-_X1 * _X2, True))
    assert parity_obstruction(_target(_X1 * _X2 + kinked, 2), family) is None  # kink in odd part
    even = sp.Piecewise((_X1**2, _X1 > 0), (_X1 * _X1 * 2, True))
    both = even + even.subs(_X1, -_X1)
    assert parity_obstruction(_target(both, 2), family) is None  # 3 x1^2, in disguise
    corner = sp.Piecewise((_X1, _X1 > 0), (-_X1, True)) * sp.Piecewise((_X2, _X2 > 0), (-_X2, True))
    assert "polynomial" in str(parity_obstruction(_target(corner, 2), family))


def test_obstructions_leave_other_classes_alone():
    biased = replace(_family("type1", "relu"), bias=True)
    assert homogeneity_obstruction(t1(), biased) is None
    assert parity_obstruction(t1(), biased) is None
    relus = _family("type1", "relu", "relu2", kind=Kind.LA)
    assert homogeneity_obstruction(t1(), relus) is None
    assert parity_obstruction(t1(), relus) is None


_WEIGHTS = st.integers(-3, 3).map(sp.Integer)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    names=st.lists(st.sampled_from(list(ACTIVATIONS)), min_size=1, max_size=2, unique=True),
    dimension=st.integers(1, 2),
    form=st.sampled_from(FORMS),
    data=st.data(),
)
def test_networks_without_biases_are_never_excluded(names, dimension, form, data):
    family = _family(form, *names, dimension=dimension, kind=Kind.LA)
    coordinates = COORDINATES[:dimension]
    alpha = [data.draw(_WEIGHTS) for _ in names]

    def mixture(z):
        pairs = zip(alpha, names, strict=True)
        return sp.Add(*[a * ACTIVATIONS[name](z) for a, name in pairs])

    def linear():
        return sp.Add(*[data.draw(_WEIGHTS) * x for x in coordinates])

    network = sp.S.Zero
    for _ in range(2):
        neuron = data.draw(_WEIGHTS) * mixture(linear())
        if form == "one_sided":
            neuron *= linear()
        elif form != "type1":
            neuron *= mixture(linear())
        network += neuron
    target = _target(network, dimension)
    assert homogeneity_obstruction(target, family) is None
    assert parity_obstruction(target, family) is None


def test_every_target_of_the_library_is_no_network_where_an_obstruction_says_so():
    # The members among the built-in targets, without biases (docs/theory.md, section 3).
    members = (
        ("t1", _family("type1", "relu", "relu2", kind=Kind.LA)),
        ("t3", _family("one_sided", "relu", "relu2", kind=Kind.LA)),
        ("t2", _family("two_sided", "relu", "tanh", dimension=2, kind=Kind.LA)),
        ("t4", _family("two_sided", "id", "relu", "silu", dimension=2, kind=Kind.LA)),
    )
    for name, family in members:
        target = TARGETS[name](2.0, "tanh", 7)
        assert homogeneity_obstruction(target, family) is None
        assert parity_obstruction(target, family) is None
