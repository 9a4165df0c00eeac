"""What gradient jumps are made of, by the records of neurons, activations and gates.

Kinds: reference (the table of docs/theory.md, section 6), negative (plug-ins that show less than
they seem to), metamorphic (names and constraints change nothing).
"""

from dataclasses import replace

import pytest
import sympy as sp
from odd_plugins import activation, gate, registered, registered_activation, registered_gate

from expressivity.classes import gates
from expressivity.classes.amplitudes import (
    amplitude,
    amplitude_growth,
    amplitude_pole_order,
    pole_order_on_lines,
    profile_terms,
)
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES
from expressivity.classes.neurons import (
    FORMS,
    MAPS,
    NEURONS,
    Neuron,
    Parameter,
    parameter_symbol,
)
from expressivity.classes.poles import (
    higher_pole,
    is_meromorphic,
    pole_order,
    simple_pole,
    tanh_lattices,
)
from expressivity.membership.obstructions.pole_order import pole_order_obstruction
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.user import user_target

X = COORDINATES[0]


def family(form="type1", **fields):
    given = {"kind": "moa" if "gate" in fields else "la", "width": 12, "dimension": 2}
    return Family(neuron=form, **{**given, **fields})


@pytest.mark.parametrize(
    ("form", "gate", "known"),
    [
        ("type1", None, (0, 0, 0, 1, 0)),
        ("one_sided", None, (1, 0, 0, 1, 0)),
        ("two_sided", None, (0, 1, 0, None, None)),
        ("quadratic", None, (0, 1, 0, None, None)),
        ("type1", "tanh", (0, 0, 1, 1, 2)),
        ("one_sided", "softmax", (1, 0, 1, 1, 2)),
        ("two_sided", "sigmoid", (0, 1, 2, None, None)),
        ("quadratic", "sigmoid", (0, 1, 1, None, None)),
    ],
)
def test_amplitudes_of_the_forms(form, gate, known):
    found = amplitude(family(form, **({} if gate is None else {"gate": gate})))
    assert found is not None
    assert (found.degree, found.profiles, found.gates, found.shared, found.kinked) == known


def test_groups_share_and_neurons_do_not():
    gated = family(gate="tanh")
    shared = [amplitude(replace(gated, groups=g)) for g in (1, 2, 3, "neuron")]
    assert [(a.shared, a.kinked) for a in shared if a] == [(1, 2), (2, 4), (3, 6), (None, None)]


def test_activations_without_a_kink_take_no_part():
    found = amplitude(family(gate="tanh", dictionary="relu,tanh,relu2,gelu"))
    assert found is not None and found.kinked == 1
    smooth = amplitude(family(gate="tanh", dictionary="tanh,relu2"))
    assert smooth is not None and (smooth.shared, smooth.kinked) == (0, 0)


def test_neurons_with_parameters():
    known = {
        name
        for name in ("prelu", "apl", "maxout2", "maxout3", "snake")
        if amplitude(Family(neuron=name, kind="fixed", width=2, dimension=2)) is not None
    }
    assert known == {"prelu", "apl", "snake"}


def test_a_gate_that_kinks_shows_nothing():
    with registered_gate(gate("ramp_up", sp.Max(Z, 0))):
        gated = family(gate="ramp_up")
        assert amplitude(gated) is None
        assert amplitude_pole_order(gated) is None and amplitude_growth(gated) is None


@pytest.mark.parametrize(
    "expression",
    [
        sp.Piecewise((Z + 1, Z > 0), (0, True)),  # not continuous
        sp.Piecewise((1, Z > 0), (0, True)),
    ],
)
def test_odd_activations_show_nothing(expression):
    with registered_activation(activation("oddity", expression)):
        for form in FORMS:
            assert amplitude(family(form, dictionary="oddity,tanh")) is None


def test_a_kink_that_is_not_zero_at_zero_leaves_a_jump_on_a_common_hyperplane():
    with registered_activation(activation("lifted_relu", sp.Max(Z, 0) + 1)):
        assert amplitude(family("type1", dictionary="lifted_relu")) is not None
        assert amplitude(family("two_sided", dictionary="lifted_relu")) is None


@pytest.mark.parametrize(
    ("form", "gate", "jumps", "lines"),
    [
        ("type1", None, 0, 1), ("two_sided", None, 1, 2), ("quadratic", None, 1, 2),
        ("type1", "tanh", 1, 2), ("two_sided", "tanh", 3, 4), ("quadratic", "sigmoid", 2, 3),
        ("type1", "softmax", None, None),
    ],
)  # fmt: skip
def test_pole_orders(form, gate, jumps, lines):
    asked = family(form, **({} if gate is None else {"gate": gate}))
    assert (amplitude_pole_order(asked), pole_order_on_lines(asked)) == (jumps, lines)


def test_entire_activations_add_no_pole():
    asked = family("two_sided", dictionary="relu,gelu,id")
    assert (amplitude_pole_order(asked), pole_order_on_lines(asked)) == (0, 0)


def test_growth_counts_profiles():
    assert amplitude_growth(family("quadratic", gate="tanh", dictionary="relu,relu2")) == 2
    assert amplitude_growth(family("quadratic", gate="tanh", dictionary="relu,elu")) is None


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("tanh", (True, True, True, False)),
        ("sigmoid", (True, True, True, False)),
        ("softmax", (True, False, False, True)),
    ],
)
def test_facts_of_gates(name, facts):
    asked = (gates.is_bounded, gates.poles_are_simple, gates.have_one_lattice, gates.are_shares)
    assert tuple(fact(GATES[name], 3) for fact in asked) == facts


@pytest.mark.parametrize(
    ("form", "facts"),
    [
        (Z, (False, True, False, False)),
        (sp.exp(Z), (False, True, False, True)),
        (sp.tanh(Z) ** 2, (True, False, False, False)),
        (sp.tanh(Z) + sp.tanh(2 * Z), (True, True, False, False)),
        (Z * sp.tanh(Z), (False, True, False, False)),
        (sp.sin(Z), (True, True, False, False)),
        (sp.Integer(1), (True, True, True, False)),
    ],
)
def test_facts_of_plug_in_gates(form, facts):
    record = gate("plugged", form)
    asked = (gates.is_bounded, gates.poles_are_simple, gates.have_one_lattice, gates.are_shares)
    assert tuple(fact(record, 2) for fact in asked) == facts


@pytest.mark.parametrize(
    ("function", "order"),
    [
        (sp.Max(Z, 0), 0), (Z * (1 + sp.erf(Z)), 0), (sp.tanh(Z), 1), (sp.tanh(Z) ** 3, 2),
        (sp.sqrt(1 + Z**2), None), (sp.Max(Z, 1), None),
    ],
)  # fmt: skip
def test_pole_orders_of_functions(function, order):
    assert pole_order(function) == order


def test_poles_that_join_for_one_value_of_a_parameter_are_not_taken_for_simple():
    z, p = MAPS[0], parameter_symbol("p")
    joining = Neuron(
        name="joining",
        title="",
        latex="",
        maps=1,
        parameters=(Parameter(name="p", initial=2.0, spread=(1.0, 2.0)),),
        expression=1 / (sp.exp(2 * z) + (1 + p**2) * sp.exp(z) + 1),
    )
    with registered(NEURONS, joining):
        asked = Family(neuron="joining", kind="fixed", width=1, dimension=1)
        assert pole_order_on_lines(asked) is None
        assert pole_order_obstruction(user_target("1/(1+exp(x))**2"), asked) is None  # p = 1


def test_poles_are_found_at_every_root_of_a_polynomial_in_exp():
    """Of mish at log(2)/2 + 3 i pi/4; of 1/(2 - exp(x/3)) and 1/(exp(2x) - exp(x) + 1) by hand."""
    e = sp.exp(X)
    found = higher_pole(X * (e + 2) * e / (e**2 + 2 * e + 2), X, 0)
    assert found is not None and sp.expand_complex(sp.exp(found)) + 1 in (sp.I, -sp.I)
    assert higher_pole(1 / (2 - sp.exp(X / 3)), X, 0) == 3 * sp.log(2)
    assert higher_pole(1 / (e**2 - e + 1), X, 0) in (sp.I * sp.pi / 3, -sp.I * sp.pi / 3)
    assert higher_pole((e - 2) / (e**2 - 4), X, 0) == sp.log(-2)
    assert higher_pole((e**2 - 4) / (e - 2), X, 0) is None
    assert simple_pole(1 / (2 - e) ** 2, X) is None
    assert simple_pole((2 - e) / (2 - e) ** 2, X) == sp.log(2)


@pytest.mark.parametrize(
    "form",
    [
        sp.log(1 + sp.exp(X)),
        sp.sqrt(1 + X**2),
        sp.exp(1 / (1 + X**2)),
        sp.tanh(sp.tanh(X)),
        sp.atan(X),
        sp.exp(X) ** sp.Rational(1, 3) * sp.Abs(X),
    ],
)
def test_what_branches_or_has_essential_singularities_is_not_called_meromorphic(form):
    assert not is_meromorphic(form, X)


def test_higher_poles_are_counted():
    power = sp.tanh(X) ** 4
    assert [higher_pole(power, X, order) is not None for order in range(6)] == [True] * 4 + [
        False
    ] * 2
    removable = sp.tanh(X) ** 2 * (1 + sp.exp(2 * X))
    assert higher_pole(removable, X, 1) is None and higher_pole(removable, X, 0) is not None


def test_lattices():
    half = sp.Rational(1, 2)
    assert tanh_lattices(1 / (1 + sp.exp(-X)) + X, X) == {(half, sp.S.Zero)}
    assert tanh_lattices(sp.tanh(X) + sp.tanh(-X), X) == frozenset()
    assert tanh_lattices(sp.tanh(X - 1) - sp.tanh(1 - X) * X, X) == {(1, -1)}
    for other in (sp.tanh(X) ** 2, sp.exp(X), sp.tanh(X**2), sp.tanh(sp.pi * X)):
        assert tanh_lattices(other, X) is None


def test_terms_split_functions_of_one_map_from_polynomials():
    terms = profile_terms(family("one_sided", dictionary="relu,tanh"))
    assert terms is not None
    assert [(t.degree, len(t.profiles), t.sides, t.chosen) for t in terms] == [
        (1, 1, (0,), (0,)), (1, 1, (0,), (1,)),
    ]  # fmt: skip
