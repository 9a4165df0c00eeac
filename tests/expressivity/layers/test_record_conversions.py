"""Conversions between layers of any record, and the identities they rest on.

Kinds: property (identities with symbols), metamorphic (the converted layer computes the same),
negative (what has no map is refused).
"""

import dataclasses
from collections.abc import Iterator

import pytest
import sympy as sp
import torch
from layer_records import RECORDS, SMALL, drawn, families, inputs, registered
from torch import nn

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import PER_NEURON
from expressivity.classes.neurons import MAPS, MIXTURES
from expressivity.classes.neurons.record import parameter_symbol
from expressivity.classes.specialisation import fixed_form, specialisation
from expressivity.layers import convert
from expressivity.layers.overhead import compared

torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="module")
def _odd_records() -> Iterator[None]:
    with registered():
        yield


# Conversions and what they rest on


def test_specialisations_are_identities():
    for general in RECORDS.values():
        for special in RECORDS.values():
            shown = specialisation(general, special)
            if shown is None:
                continue
            z, s = MAPS[: special.maps], MIXTURES[: len(special.mixtures)]
            mixtures = []
            for parts, looked_at in zip(shown, general.mixtures, strict=True):
                places = looked_at if len(parts) > 1 else looked_at[:1]
                pairs = zip(parts, places, strict=True)
                mixtures.append(sp.Mul(*[z[i] if k is None else s[k] for k, i in pairs]))
            own = [parameter_symbol(parameter.name) for parameter in special.parameters]
            assert sp.simplify(general(z, mixtures, own) - special(z, s, own)) == 0


@pytest.mark.parametrize(
    ("general", "special"),
    [
        ("type1", "one_sided"),
        ("one_sided", "type1"),
        ("one_sided", "two_sided"),
        ("two_sided", "quadratic"),
        ("sloped_alike", "sloped"),
        ("beside", "two_sided"),
        ("gated_thrice", "one_sided"),
    ],
)
def test_no_specialisation(general, special):
    assert specialisation(RECORDS[general], RECORDS[special]) is None


def changed(source: Family, **changes) -> Family:
    return dataclasses.replace(source, **changes)


SIZES = {"width": 4, "dimension": 3, "outputs": 2}
LEARNED = Family(neuron="type1", kind="la", dictionary=SMALL, **SIZES)
GATED = changed(LEARNED, kind="moa", gate="tanh")
SOFT = changed(LEARNED, kind="moa", gate="softmax", groups=2)
BARE = {"kind": "fixed", "dictionary": ()}
PLAIN = GateSpec(name="tanh", scale=False)

CONVERSIONS = [
    (LEARNED, {"neuron": "sloped_alike", **BARE}, {"neuron": "sloped"}),
    (LEARNED, {"neuron": "two_maps", **BARE}, {}),
    (LEARNED, {"constraint": "simplex"}, {"constraint": "free"}),
    (LEARNED, {"constraint": "simplex"}, {"constraint": "affine"}),
    (LEARNED, {}, {"constraint": "affine"}),
    (LEARNED, {"groups": 2}, {"groups": PER_NEURON}),
    (LEARNED, {"groups": 2}, {"groups": 4, "kind": "moa", "gate": "tanh"}),
    (LEARNED, {"groups": 2, "constraint": "affine"}, {"groups": 4, "constraint": "free"}),
    (LEARNED, {"neuron": "beside"}, {"groups": 2}),
    (LEARNED, {"neuron": "beside"}, {"kind": "moa", "gate": "tanh"}),
    (GATED, {"neuron": "beside"}, {"groups": 2}),
    (SOFT, {"neuron": "one_sided"}, {"neuron": "quadratic", "groups": PER_NEURON}),
    (SOFT, {"neuron": "two_sided"}, {"neuron": "quadratic"}),
]


@pytest.mark.parametrize(("start", "source", "target"), CONVERSIONS)
def test_conversions_keep_the_function(start, source, target):
    family = changed(start, **source)
    layer, x = drawn(family), inputs(50, 3)
    found, expected = convert(layer, changed(family, **target)), layer(x)
    assert found.family == changed(family, **target)
    assert (found(x) - expected).abs().max() <= 1e-12 * expected.abs().max()


REFUSED = [
    ({"groups": 2}, {"groups": 1}, "got 1 groups for 2"),
    ({}, {"constraint": "simplex"}, "obey the constraint simplex"),
    ({"neuron": "sloped", **BARE}, {"neuron": "sloped_alike"}, "form sloped_alike for sloped"),
    ({"neuron": "beside"}, {"neuron": "two_sided"}, "form two_sided for beside"),
    ({"neuron": "beside"}, {"kind": "moa", "gate": PLAIN}, "turn both on"),
]


@pytest.mark.parametrize(("source", "target", "message"), REFUSED)
def test_refused_conversions(source, target, message):
    family = changed(LEARNED, **source)
    with pytest.raises(ValueError, match=message) as caught:
        convert(drawn(family), changed(family, **target))
    assert "\n" not in str(caught.value)


# Costs and refusals


def test_fixed_forms():
    expected = {"sloped": "sloped", "gated_thrice": "gated_thrice", "itself_times": "itself_times"}
    assert {name: fixed_form(name) for name in expected} == expected
    assert fixed_form("beside") is None
    assert [family.neuron for family in compared(["two_maps"], 8)] == ["two_maps"]
    with pytest.raises(ValueError, match="forms that hold a fixed layer; got beside"):
        compared(["beside"], 8)


def test_neurons_with_parameters_stay_together():
    layer = drawn(next(families("sloped")))
    layer.w, layer.a = nn.Linear(3, 2).double(), nn.Linear(2, 2, bias=False).double()
    with pytest.raises(ValueError, match="all 4 neurons of a layer with parameters in one place"):
        layer(inputs(3, 3))
