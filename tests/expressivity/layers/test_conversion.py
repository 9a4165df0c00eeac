"""Layers of one family turned into layers of another.

Kinds: metamorphic (the function is kept), negative (conversions that would change it).
"""

import dataclasses

import pytest
import torch
from small_layers import TANH, drawn, family, inputs

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS
from expressivity.layers import (
    convert,
)

torch.set_num_threads(1)


# Conversions


def changed(source: Family, **changes) -> Family:
    return dataclasses.replace(source, **changes)


FIXED1, FIXED2 = family("type1", Kind.FIXED), family("one_sided", Kind.FIXED)
LA1, LA2 = family("type1", Kind.LA), family("one_sided", Kind.LA)
TWO, SQUARE = family("two_sided", Kind.LA), family("quadratic", Kind.LA)
MIXED = [family(form, Kind.MOA, gate) for form in FORMS for gate in GATES]
SOFTMAX = [family(form, Kind.MOA, "softmax") for form in ("one_sided", "two_sided")]
PAIRED = family("quadratic", Kind.MOA, "softmax")
CONVERSIONS = [
    (FIXED1, LA1),
    (FIXED2, LA2),
    (FIXED2, TWO),
    (FIXED2, SQUARE),
    (LA2, TWO),
    (LA2, SQUARE),
    (TWO, SQUARE),
    (changed(FIXED2, bias=False), TWO),
    (changed(LA1, dictionary=("tanh", "id")), LA1),
    (changed(SQUARE, dictionary=("tanh", "id")), SQUARE),
    *((source, target) for source in (FIXED1, LA1) for target in MIXED[:3]),
    *((FIXED2, target) for target in MIXED[3:]),
    *((LA2, target) for target in MIXED[3:]),
    *((TWO, target) for target in MIXED[6:]),
    *((SQUARE, target) for target in MIXED[9:]),
    *((source, target) for source, target in zip(MIXED[3:6], MIXED[6:9], strict=True)),
    *((source, source) for source in MIXED),
    *((source, PAIRED) for source in SOFTMAX),
    *((changed(source, gate=GateSpec(name="softmax", bias=False)), PAIRED) for source in SOFTMAX),
    (
        family("two_sided", Kind.MOA, GateSpec(name="softmax", scale=False)),
        family("quadratic", Kind.MOA, GateSpec(name="softmax", scale=False)),
    ),
    (
        changed(LA1, dictionary=("id",)),
        family("type1", Kind.MOA, GateSpec(name="tanh", scale=False)),
    ),
    (
        family("type1", Kind.MOA, GateSpec(name="sigmoid", scale=False, bias=False)),
        family("type1", Kind.MOA, "sigmoid"),
    ),
]


@pytest.mark.parametrize(("source", "target"), CONVERSIONS)
def test_conversions_keep_the_function(source, target):
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-6)):
        layer = drawn(source, dtype=dtype).eval()
        found = convert(layer, target)
        x = inputs(50, 4, dtype=dtype)
        expected = layer(x)
        assert found.family == target
        assert not found.training
        assert (found(x) - expected).abs().max() <= tolerance * expected.abs().max()
        assert found.w.weight.data_ptr() != layer.w.weight.data_ptr()


def test_converted_layers_learn():
    layer = convert(drawn(FIXED2), MIXED[6])
    layer(inputs(9, 4)).square().sum().backward()
    assert layer.u0.weight.grad.abs().max() > 0
    assert (layer.scale0.grad != 0).all()


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (LA1, FIXED1, "kind fixed for la"),
        (LA1, LA2, "form one_sided for type1"),
        (TWO, LA2, "form one_sided for two_sided"),
        (LA1, changed(LA1, width=7), "width 7 for 6"),
        (LA1, changed(LA1, bias=False), "hidden biases turned off"),
        (LA1, changed(LA1, dictionary=("id", "silu")), "a dictionary without gelu,relu2,tanh"),
        (LA2, changed(TWO, dictionary=("tanh",)), "without id in the dictionary"),
        (LA1, changed(MIXED[0], gate=GateSpec(name="sigmoid", scale=False)), "turn both on"),
        (LA1, changed(MIXED[0], gate=GateSpec(name="softmax", scale=False)), "turn both on"),
        (LA1, changed(MIXED[0], gate=GateSpec(name="tanh", bias=False)), "turn both on"),
        (MIXED[0], changed(MIXED[0], gate=TANH), "tanh gates for sigmoid gates"),
        (MIXED[0], changed(MIXED[0], dictionary=FULL_DICTIONARY), "another dictionary"),
        (MIXED[6], MIXED[9], "form quadratic for a layer with sigmoid gates"),
        (
            family("one_sided", Kind.MOA, GateSpec(name="softmax", scale=False)),
            family("quadratic", Kind.MOA, GateSpec(name="softmax", scale=False)),
            "scale turned off",
        ),
        (
            MIXED[0],
            changed(MIXED[0], gate=GateSpec(name="sigmoid", bias=False)),
            "the gate's bias turned off",
        ),
    ],
)
def test_refused_conversions(source, target, message):
    with pytest.raises(ValueError, match=message) as caught:
        convert(drawn(source), target)
    assert "\n" not in str(caught.value)
