"""Feed-forward layers of any record: maps, parameters, groups and constraints.

Kinds: reference (the batched evaluation of ``networks``; autograd by differences), property
(variance at the start, parameter counts, what is shared), metamorphic (compiled against eager,
conversions, groups with equal coefficients against one), negative (refusals).
"""

import copy
import dataclasses
from collections.abc import Iterator

import pytest
import sympy as sp
import torch
from layer_records import (
    MIXING,
    SMALL,
    drawn,
    every_record,
    families,
    inputs,
    made,
    packed,
    registered,
)
from torch import nn

from expressivity.classes.families import Family
from expressivity.classes.kinds import PER_NEURON, Constraint
from expressivity.classes.networks import evaluate
from expressivity.classes.neurons import MAPS, MIXTURES, NEURONS
from expressivity.layers import FeedForward, Initialisation, Match, Mixture, convert

torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="module")
def _odd_records() -> Iterator[None]:
    with registered():
        yield


# Values and gradients


@every_record
def test_values_are_those_of_the_batched_evaluation(name):
    x = inputs(7, 3)
    for bias in (True, False):
        for family in families(name, bias=bias):
            layer = drawn(family)
            expected = evaluate(family, packed(layer), x)[0].mT
            torch.testing.assert_close(layer(x), expected, rtol=1e-12, atol=1e-12)


@every_record
def test_gradients(name):
    for family in families(name, width=2, dimension=2, outputs=1):
        if family.groups == 2:  # as many groups as neurons
            continue
        layer = drawn(family)
        names, parameters = zip(*layer.named_parameters(), strict=True)

        def outputs(x, *values, layer=layer, names=names):
            return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x,))

        arguments = (inputs(2, 2).requires_grad_(), *parameters)
        assert torch.autograd.gradcheck(outputs, arguments, fast_mode=True), family


@every_record
def test_gradients_of_gradients(name):
    for family in families(name, width=2, dimension=1, outputs=1):
        layer = drawn(family)
        x = inputs(2, 1).requires_grad_()
        assert torch.autograd.gradgradcheck(layer, (x,), fast_mode=True), family


@every_record
def test_parameter_count_and_names(name):
    for family in families(name):
        layer = FeedForward(family)
        assert sum(p.numel() for p in layer.parameters()) == family.parameter_count
        blocks = {key.partition(".")[0] for key in layer.state_dict()}
        assert blocks <= set(family.shapes)
        held = {b for b in family.shapes if family.mixes or not b.startswith("scale")}
        if family.gate is None or family.gate.scale:
            assert blocks == held


def test_parameters_start_where_their_record_says():
    for name, rows in (("sloped", 4), ("sloped_alike", 1)):
        layer = FeedForward(next(families(name)))
        assert torch.equal(layer.p, torch.full((rows, 1), 0.25))
    with torch.device("meta"):
        assert FeedForward(next(families("sloped"))).p.device.type == "meta"


def test_equal_groups_are_one_group():
    for name in MIXING:
        for family in families(name):
            if family.mixes and family.groups == 1:
                one = drawn(family)
                many = convert(one, dataclasses.replace(family, groups=PER_NEURON))
                x = inputs(5, 3)
                torch.testing.assert_close(many(x), one(x), rtol=1e-12, atol=1e-12)
                separate = [c.unflatten(-1, (4, -1)) for c in many.coefficients(x)]
                for c, each in zip(one.coefficients(x), separate, strict=True):
                    torch.testing.assert_close(each, c[:, None].expand_as(each))


@pytest.mark.parametrize("constraint", [Constraint.AFFINE, Constraint.SIMPLEX])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_coefficients_obey_the_constraint(constraint, dtype):
    options = {"kind": "la", "width": 4, "dimension": 3, "dictionary": SMALL, "groups": 2}
    layer = drawn(Family(neuron="type1", constraint=constraint, **options), dtype=dtype)
    c = layer.coefficients(inputs(5, 3, dtype=torch.float32))[0].unflatten(-1, (2, -1))
    torch.testing.assert_close(c.sum(-1), torch.ones_like(c[..., 0]), rtol=1e-6, atol=0)
    assert bool((c >= 0).all()) is (constraint is Constraint.SIMPLEX)


# Devices, precisions and compilation


@every_record
def test_meta_device_and_low_precision(name):
    for family in families(name):
        absent = FeedForward(family, device="meta")
        assert absent(torch.empty(2, 5, 3, device="meta")).shape == (2, 5, 2)
        exact = drawn(family, dtype=torch.float32)
        x = inputs(20, 3, dtype=torch.float32)
        expected = exact(x)
        low = copy.deepcopy(exact).to(torch.bfloat16)
        found = low(x.bfloat16())
        found.sum().backward()
        assert found.dtype == torch.bfloat16
        assert {p.grad.dtype for p in low.parameters()} == {torch.bfloat16}
        with torch.autocast("cpu", torch.bfloat16):
            mixed = exact(x)
        mixed.float().sum().backward()
        assert {p.grad.dtype for p in exact.parameters()} == {torch.float32}
        for outputs in (found, mixed):
            apart = (outputs.float() - expected).abs().max()
            assert apart < 0.08 * expected.detach().abs().max(), family


COMPILED = [
    ("sloped_alike", {"kind": "fixed", "dictionary": ()}),
    *(
        pytest.param(*case, marks=pytest.mark.slow)
        for case in (
            ("two_maps", {"kind": "fixed", "dictionary": ()}),
            ("beside", {"kind": "moa", "gate": "softmax", "groups": 2}),
            ("quadratic", {"kind": "la", "constraint": "simplex", "groups": PER_NEURON}),
        )
    ),
]


@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.parametrize(("name", "options"), COMPILED)
def test_one_graph(name, options):
    torch.compiler.reset()
    sizes = {"width": 4, "dimension": 3, "outputs": 2, "dictionary": SMALL}
    layer = drawn(Family(neuron=name, **{**sizes, **options}))
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    x = inputs(5, 3).requires_grad_()
    torch.testing.assert_close(compiled(x), layer(x))
    leaves = (x, *layer.parameters())
    found = torch.autograd.grad(compiled(x).square().sum(), leaves)
    expected = torch.autograd.grad(layer(x).square().sum(), leaves)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


# The start


def mean_square(family: Family, choices: Initialisation) -> float:
    torch.manual_seed(1)
    x = torch.randn(200, family.dimension)
    x = x / x.square().mean(1, keepdim=True).sqrt()
    with torch.no_grad():
        found = [FeedForward(family, initialisation=choices)(x).square().mean() for _ in range(8)]
    return float(torch.stack(found).mean())


@pytest.mark.parametrize("name", ["gated_thrice", "itself_times", "beside"])
def test_mean_square_at_the_start_is_the_reference_layers(name):
    # Products of three have tails too heavy for a closer look at so few layers.
    tolerance = 0.25 if name == "gated_thrice" else 0.15
    sizes = {"width": 256, "dimension": 64, "outputs": 64, "bias": False}
    as_reference = Initialisation(mixture=Mixture.REFERENCE, match=Match.NONE)
    reference = Family(neuron=name, kind="la", dictionary=("silu", "id"), **sizes)
    expected = mean_square(reference, as_reference)
    for options in (
        {"kind": "la"},
        {"kind": "la", "constraint": "simplex"},
        {"kind": "moa", "gate": "sigmoid"},
        {"kind": "moa", "gate": "softmax", "groups": PER_NEURON},
    ):
        family = Family(neuron=name, dictionary=SMALL, **sizes, **options)
        found = mean_square(family, Initialisation())
        assert found == pytest.approx(expected, rel=tolerance), family
        assert mean_square(family, Initialisation(match=Match.NONE)) != pytest.approx(found, 0.1)


def test_a_neuron_without_variance_is_refused():
    nothing = made("nothing", maps=1, mixtures=((0,),), expression=MIXTURES[0] - sp.tanh(MAPS[0]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(NEURONS._entries, "nothing", nothing)
        sizes = {"width": 4, "dimension": 3, "dictionary": ("tanh", "id")}
        family = Family(neuron="nothing", kind="la", **sizes)
        with pytest.raises(ValueError, match="neurons with a variance at the start") as caught:
            FeedForward(family, initialisation=Initialisation(reference="tanh"))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("constraint", [Constraint.AFFINE, Constraint.SIMPLEX])
def test_constrained_layers_start_as_the_reference_layer(constraint):
    sizes = {"width": 4, "dimension": 3, "outputs": 2, "dictionary": SMALL}
    family = Family(neuron="one_sided", kind="la", constraint=constraint, groups=2, **sizes)
    choices = Initialisation(mixture=Mixture.REFERENCE)
    layer = FeedForward(family, initialisation=choices, dtype=torch.float64)
    x = inputs(5, 3)
    expected = layer.a(nn.functional.silu(layer.w(x)) * layer.v(x))
    torch.testing.assert_close(layer(x), expected)
