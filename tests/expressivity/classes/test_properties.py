"""Facts of classes, derived from the record of a neuron.

Kinds: reference (the facts of docs/theory.md for the paper's forms), negative (odd neurons of which
less is true than it seems), metamorphic (names of parameters, groups and constraints change
nothing).
"""

from dataclasses import replace
from typing import Any

import pytest
import sympy as sp
from odd_neurons import ODD, Z1, Z2, neuron, odd_neurons

from expressivity.classes import properties
from expressivity.classes.families import Family
from expressivity.classes.kinds import kinds_of
from expressivity.classes.neurons import FORMS, MAPS, MIXTURES, NEURONS, parameter_symbol
from expressivity.classes.terms import branches, formula, products, ridge_terms
from expressivity.symbolic.symbols import Z


@pytest.fixture(autouse=True, scope="module")
def registered_neurons():
    with odd_neurons():
        yield


def la(name: str, dictionary: str = "relu", **fields: Any) -> Family:
    """Without gates: fixed where nothing is mixed."""
    mixes = bool(NEURONS[name].mixtures)
    given: dict[str, Any] = {"kind": "la", "dictionary": dictionary} if mixes else {"kind": "fixed"}
    return Family(neuron=name, **{"width": 2, "dimension": 2, **given, **fields})


FACTS = ("is_c1", "piece_degree", "amplitude_degree", "ridge_rank", "homogeneous_degrees")


@pytest.mark.parametrize(
    ("name", "dictionary", "facts"),
    [
        ("type1", "relu", (False, 1, 0, 1, (1,))),
        ("type1", "relu,relu2", (False, 2, 0, 1, (1, 2))),
        ("type1", "silu", (True, None, 0, 1, None)),
        ("one_sided", "relu", (False, 2, 1, 2, (2,))),
        ("one_sided", "relu2", (True, 3, 1, 2, (3,))),
        ("two_sided", "relu", (False, 2, None, None, (2,))),
        ("two_sided", "id,relu2", (True, 4, None, None, (2, 3, 4))),
        ("quadratic", "relu", (False, 2, None, None, (2,))),
        ("maximum2", "", (False, 1, None, None, (1,))),
        ("maximum3", "", (False, 1, None, None, (1,))),
        ("slopes", "", (False, 1, 0, 1, (1,))),
        ("sine", "", (True, None, 0, 1, None)),
        ("level", "", (False, 1, 0, 1, None)),  # the kink moves with the parameter
        ("switch", "", (False, 1, None, 1, (1,))),
        ("scaled", "relu", (False, 1, 0, 1, (1,))),
        ("residual", "relu", (False, 1, 0, 1, (1,))),
        ("side_branch", "relu", (False, 1, 0, None, (1,))),
        ("side_branch", "tanh", (False, None, 0, None, None)),  # smooth activations, a kink beside
        ("own_gate", "relu", (True, 2, 0, 1, (2,))),
        ("kink_gate", "relu", (False, 2, None, None, (2,))),
        ("kink_gate", "tanh", (False, None, None, None, None)),
        ("square_gate", "relu", (False, 3, 2, None, (3,))),
        ("shifted_gate", "relu", (False, 2, 1, 2, (1, 2))),
        ("chosen", "relu", (False, 1, 0, 1, (1,))),
        ("chosen", "id", (False, 1, 0, 1, (1,))),  # a kink that no activation has
        ("chosen", "relu2", (True, 2, 0, 1, (2,))),
        ("chosen_by_other", "relu", (False, 1, None, None, (1,))),
        ("same_map_twice", "relu", (True, 2, 0, 1, (2,))),
        ("product_and_one", "relu", (False, 2, None, None, (1, 2))),
        ("product_and_map", "relu", (False, 3, None, None, (3,))),
        ("bilinear", "", (True, 2, 1, 2, (2,))),
        ("gated_by_kink", "", (False, 2, 1, 2, (2,))),
    ],
)
def test_facts_are_those_of_the_neuron(name, dictionary, facts):
    family = la(name, dictionary)
    assert tuple(getattr(properties, fact)(family) for fact in FACTS) == facts


@pytest.mark.parametrize("name", [*FORMS, *ODD])
def test_groups_and_constraints_change_no_fact(name):
    family = la(name)
    others = [replace(family, width=4)]
    if family.mixes:
        others += [replace(family, groups=g) for g in (2, "neuron")]
        others += [replace(family, constraint=c) for c in ("affine", "simplex")]
    for fact in (*FACTS, "is_analytic", "kinks_where_a_map_vanishes"):
        answer = getattr(properties, fact)
        assert {answer(other) for other in others} == {answer(family)}, fact


@pytest.mark.parametrize("name", [*FORMS, *ODD])
def test_gates_take_away_what_their_proofs_do_not_cover(name):
    if "moa" not in kinds_of(NEURONS[name]):
        pytest.skip("a neuron that mixes nothing has no gates")
    gated = la(name, kind="moa", gate="tanh")
    assert [
        getattr(properties, fact)(gated)
        for fact in ("piece_degree", "amplitude_degree", "ridge_rank", "homogeneous_degrees")
    ] == [None] * 4
    assert not properties.kinks_where_a_map_vanishes(gated)
    assert properties.is_c1(gated) is properties.is_c1(la(name))


def test_only_analytic_neurons_count_as_analytic():
    analytic = {name for name in (*FORMS, *ODD) if properties.is_analytic(la(name, "tanh"))}
    assert analytic == {
        *FORMS, "sine", "scaled", "residual", "own_gate", "square_gate", "shifted_gate",
        "same_map_twice", "product_and_one", "product_and_map", "bilinear",
    }  # fmt: skip
    assert not any(properties.is_analytic(la(name, "relu2")) for name in FORMS)


def test_order_of_vanishing_counts_gates_activations_and_maps():
    def orders(name):
        return [properties.vanishing_order(NEURONS[name], bias=bias) for bias in (True, False)]

    assert [orders(name) for name in FORMS] == [[1, 2], [1, 3], [2, 4], [1, 3]]
    assert orders("square_gate") == [1, 4]
    assert orders("shifted_gate") == [1, 2]  # 1 + z2 does not vanish
    assert orders("same_map_twice") == [2, 4]
    assert orders("product_and_one") == [1, 2]
    for name in ("residual", "side_branch", "kink_gate", "chosen", "maximum2", "bilinear"):
        assert orders(name) == [None, None]


def test_a_neuron_that_does_not_vanish_with_its_maps_is_seen():
    vanishing = {
        name for name in (*FORMS, *ODD) if properties.vanishes_with_each_map(NEURONS[name])
    }
    assert {"shifted_gate", "maximum2", "side_branch", "product_and_one"}.isdisjoint(vanishing)
    assert {*FORMS, "residual", "own_gate", "bilinear"} <= vanishing


@pytest.mark.parametrize("name", FORMS)
def test_kinks_lie_where_a_map_vanishes(name):
    assert properties.kinks_where_a_map_vanishes(la(name))


def test_kinks_elsewhere_are_seen():
    for name in ("level", "switch", "maximum2", "kink_gate"):
        assert not properties.kinks_where_a_map_vanishes(la(name))


def test_quotients_by_a_map_are_those_of_a_registered_neuron():
    def quotient(name, **fields):
        family = la(name, **{"dimension": 1, "bias": False, **fields})
        found = properties.divided_by_a_map(family)
        return None if found is None else found.neuron

    assert [quotient(form) for form in FORMS] == [None, "type1", None, None]
    assert quotient("one_sided", bias=True) is None
    assert quotient("one_sided", dimension=2) is None
    for name in ("own_gate", "square_gate", "shifted_gate", "residual", "bilinear"):
        assert quotient(name) is None


def test_spans_of_cofactors():
    spans = properties.cofactor_spans
    assert spans(sp.S.One) == ((), (1,))
    assert spans(Z1 * (1 + Z2)) == ((Z,), (Z**2,))
    assert spans(formula(ODD["slopes"])) == ((Z,), (sp.Abs(Z),))
    assert spans(formula(ODD["maximum2"])) == (None, None)
    assert spans(formula(ODD["level"])) == (None, None)
    assert spans(sp.tanh(Z1)) == (None, ())  # odd
    assert spans(sp.Piecewise((1, Z1 > 0), (0, True))) == (None, None)  # s(0) is not its mean


def test_names_of_parameters_change_no_fact():
    """Symbols of generic neurons (t along H, y across it, z the argument) are free as names."""
    for name in ("t", "y", "z", "x", "s", "p", "q", "r", "b", "c", "v1"):
        slope = parameter_symbol(name)
        record = neuron("slope", sp.Piecewise((Z1, Z1 > 0), (slope * Z1, True)), own=name)
        assert formula(record) == formula(ODD["slopes"])


def test_an_expression_that_is_not_affine_in_a_mixture_has_no_products():
    kinked = sp.Piecewise((MIXTURES[0] + 1, MIXTURES[0] > 0), (MIXTURES[0], True))
    for expression in (kinked, sp.Max(MIXTURES[0], 0), MIXTURES[0] ** 2, sp.tanh(MIXTURES[0])):
        assert products(neuron("odd", expression, mixtures=((0,),))) is None


def test_products_and_branches_of_a_record():
    (term,) = products(NEURONS["quadratic"]) or ()
    assert (term.cofactor, term.maps, term.mixtures) == (1, (0, 1), 1)
    (term,) = products(NEURONS["two_sided"]) or ()
    assert (term.cofactor, term.maps, term.mixtures) == (1, (0, 1), 2)
    assert branches(la("residual", "tanh")) == (Z, sp.tanh(Z))
    assert branches(la("own_gate", "tanh")) == (Z * sp.tanh(Z),)
    assert branches(la("one_sided", "tanh")) is None  # two maps
    assert ridge_terms(la("two_sided", "tanh")) is None
    assert [(t.profile, t.degree) for t in ridge_terms(la("bilinear")) or ()] == [(Z, 1)]


def test_a_condition_that_is_no_comparison_is_not_read():
    """Membership in a set may hold on one side of a sphere: scaling changes its truth."""
    inside = sp.Piecewise((Z1, sp.Contains(Z1, sp.Interval(0, 1), evaluate=False)), (0, True))
    assert not properties.homogeneous_parts(inside)
    assert properties.degree_in(inside, {MAPS[0]: 1}, properties.is_analytic_choice) is None


def test_a_piecewise_neuron_takes_any_maps():
    """Conditions over which sympy's canonical form never settles, as x/2 - y <= y - 2 x + 1."""
    x, y = sp.symbols("x y", real=True)
    maps = [x / 2 - y, -2 * x + y + 1]
    assert ODD["maximum2"](maps).subs({x: 2, y: 3}) == 0
