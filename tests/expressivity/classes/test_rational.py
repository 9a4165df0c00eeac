"""Rational pieces and kinks at several places, by the form of a function.

Kinds: reference (forms whose pieces are plain), negative (forms that show less than they seem to),
property (parameters that leave powers alone do).
"""

import pytest
import sympy as sp
from odd_neurons import S1, Z1, Z2, neuron, p
from odd_plugins import registered

from expressivity.classes.amplitudes import amplitude
from expressivity.classes.families import Family
from expressivity.classes.kinks import kinks_in_planes
from expressivity.classes.neurons import MAPS, NEURONS, parameter_symbol
from expressivity.classes.rational import has_rational_pieces, is_joined, is_rational
from expressivity.classes.simple_parameters import few_ones, of_powers, starts
from expressivity.symbolic.piecewise import by_conditions, formula_at
from expressivity.symbolic.symbols import Z


@pytest.mark.parametrize(
    ("function", "rational", "joined"),
    [
        (Z**3 / (1 + sp.Abs(Z**2 - 1)), True, True),
        (sp.Max(Z, 1) * sp.Max(0, 2 - Z), True, True),
        (sp.Piecewise((1 / (1 + Z**2), Z > 0), (1, True)), True, False),
        (sp.Piecewise((Z, Z > 1), (0, True)), True, False),  # it jumps at 1
        (sp.Piecewise((Z, Z > 1), (1, Z > 0), (0, True)), True, False),  # not decided
        (sp.sign(Z), True, False),
        (sp.Max(0, sp.tanh(Z)), False, False),
        (sp.Piecewise((Z, sp.tanh(Z) > 0), (0, True)), False, False),
        (sp.sqrt(1 + Z**2), False, False),
        (sp.Max(Z, sp.Max(0, Z - 1) ** 2), True, False),  # a condition that is a choice
        (Z / (1 + sp.exp(-Z)), False, False),
    ],
)  # fmt: skip
def test_what_a_form_shows(function, rational, joined):
    assert (is_rational(by_conditions(function)), is_joined(function)) == (rational, joined)


@pytest.mark.parametrize(
    ("name", "facts"),
    [("pau", (True, 0)), ("apl", (True, 0)), ("prelu", (True, 0)), ("maxout3", (True, None)),
     ("swish", (False, 0)), ("snake", (False, 0)), ("xielu", (False, 0))],
)  # fmt: skip
def test_neurons_with_parameters(name, facts):
    family = Family(neuron=name, kind="fixed", width=3, dimension=2)
    known = amplitude(family)
    assert (has_rational_pieces(family), None if known is None else known.degree) == facts
    assert kinks_in_planes(family)


@pytest.mark.parametrize(
    ("record", "degree"),
    [
        (neuron("late", sp.Max(Z1 - 1, 0)), 0),
        (neuron("late_gated", sp.Max(Z1 - p("b"), 0) * (Z2 + 1), maps=2, own="b"), 1),
        (neuron("late_twice", sp.Max(Z1 - 1, 0) * sp.Max(Z2 - 1, 0), maps=2), None),
        (neuron("late_step", sp.Piecewise((Z1, Z1 > 1), (0, True))), None),  # not continuous
        (neuron("late_wave", sp.Max(sp.sin(Z1) - 1, sp.cos(Z1))), None),  # kinks without end
    ],
)
def test_kinks_elsewhere(record, degree):
    with registered(NEURONS, record):
        family = Family(neuron=record.name, kind="fixed", width=2, dimension=2)
        found = amplitude(family)
        assert (None if found is None else found.degree) == degree
        assert has_rational_pieces(family) == (record.name != "late_wave")


def test_gates_are_left_out():
    late = neuron("late_mixed", S1 + sp.Max(Z1 - 1, 0), mixtures=((0,),))
    with registered(NEURONS, late):
        for kind, gate in (("la", None), ("moa", "tanh")):
            family = Family(neuron="late_mixed", kind=kind, gate=gate, dictionary="relu",
                            width=2, dimension=2)  # fmt: skip
            assert (amplitude(family) is None) == (gate is not None)
            assert has_rational_pieces(family) == (gate is None)


@pytest.mark.parametrize("name", [n for n in NEURONS if NEURONS[n].parameters])
def test_parameters_of_powers_leave_polynomials(name):
    record = NEURONS[name]
    names = [parameter_symbol(parameter.name) for parameter in record.parameters]
    for setting in of_powers(record):
        values = dict(zip(names, setting, strict=True))
        there = by_conditions(record.expression.subs(values))
        for n in (-7, -5, -3, -1, 1, 3, 5, 7):
            formula = formula_at(there, {MAPS[0]: sp.Rational(n, 4)})
            assert formula is not None and sp.cancel(formula).is_polynomial(MAPS[0])


def test_parameters_are_tried_where_the_neuron_is_defined():
    quotient = neuron("quotient", Z1 / p("q") + Z1, own="q")
    assert few_ones(quotient) == ((1,),)
    assert few_ones(NEURONS["type1"]) == () and of_powers(NEURONS["maxout2"]) == ()
    assert of_powers(neuron("two_maps", p("q") * sp.Abs(Z1) * Z2, maps=2, own="q")) == ()
    assert starts(NEURONS["pau"])[0] == sp.Rational("0.02979246")
