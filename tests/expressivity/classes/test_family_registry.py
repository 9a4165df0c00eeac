"""The registry of classes.

Kinds: property (entries make what they are asked for), negative (taken and unknown names),
end to end (a plug-in's class is listed).
"""

import pytest

from expressivity.classes.catalogue import FAMILIES, FURTHER, family_of, require_factory, width_step
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES
from expressivity.classes.kinds import FIXED_FORMS, Kind, default_dictionary
from expressivity.classes.neurons import FORMS, NEURONS
from expressivity.commands.names import listing
from expressivity.names import UnknownNameError


@pytest.mark.parametrize("name", list(FAMILIES))
def test_entries_make_the_width_and_dimension_asked_for(name):
    require_factory(FAMILIES[name])
    width = 3 * width_step(name)
    family = FAMILIES[name](width, 2)
    assert (family.width, family.dimension, family.outputs) == (width, 2, 1)
    assert family == FAMILIES[name](width, 2) != FAMILIES[name](2, 2)
    assert Family.from_json(family.json(), dimension=2) == family


def test_one_class_has_two_names():
    families = {name: FAMILIES[name](4, 1) for name in FAMILIES}
    twice = [name for name, family in families.items() if list(families.values()).count(family) > 1]
    assert twice == ["glu-silu", "swiglu"]


def test_every_kind_form_and_gate_of_the_paper_has_an_entry():
    families = [FAMILIES[name](1, 1) for name in FAMILIES if name not in FURTHER]
    assert {(f.kind, f.neuron) for f in families} == {
        (kind, form)
        for kind in Kind
        for form in FORMS
        if kind is not Kind.FIXED or form in FIXED_FORMS
    }
    assert {f.gate.name for f in families if f.gate} == set(GATES)
    assert all(f.dictionary == default_dictionary(f.neuron) for f in families if not f.activation)


def test_every_neuron_has_an_entry_and_learned_ones_exist_for_each_neuron():
    families = [FAMILIES[name](2, 1) for name in FAMILIES]
    assert {f.neuron for f in families} == set(NEURONS)
    for kind in (Kind.LA, Kind.MOA):
        own = {f.neuron for f in families if f.kind is kind and f.groups == "neuron"}
        assert own == set(FORMS)
    assert {str(f.constraint) for f in families} == {"free", "affine", "simplex"}


def test_two_groups_take_even_widths():
    with pytest.raises(ValueError, match="groups that divide the width; got 2 groups of 3 neurons"):
        FAMILIES["moa-tanh-2-groups"](3, 2)
    assert {name for name in FAMILIES if width_step(name) > 1} == {
        f"moa-{gate}-2-groups" for gate in GATES
    }


def test_names_are_taken_once_and_unknown_ones_list_the_choices():
    with pytest.raises(ValueError, match="a new family name; 'la' is taken"):
        FAMILIES.add("la", family_of(Kind.LA))
    with pytest.raises(UnknownNameError, match="unknown family 'nothing': choose from relu, "):
        FAMILIES["nothing"]


def test_a_plugin_is_listed():
    FAMILIES.add("my-layer", family_of(Kind.FIXED, "one_sided", dictionary=("gelu",)))
    try:
        assert listing("families")["my-layer"] == "sum_j a_j L(z_j) y_j, one activation, gelu"
    finally:
        FAMILIES._entries.pop("my-layer")
    assert list(listing("families")) == list(FAMILIES)
