"""Tests of the proved inclusions.

Property: the maps keep the function of random networks, between all registered classes and between
classes with constraints and groups. Reference: the maps are identities with a symbol for each
weight. Negative: no map where none is proved. Soundness: a neuron of another name with a known
shape has that shape's inclusions, one without a shape none of them.
"""

from dataclasses import replace

import pytest
import sympy as sp
import torch
from odd_neurons import Z1, neuron
from odd_plugins import registered
from simple_weights import simple_weights

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.catalogue import FAMILIES, family_of
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import evaluate
from expressivity.classes.neurons import MAPS, MIXTURES, NEURONS, Neuron, parameter_symbol
from expressivity.classes.weights import Weights, defect, network_expression, start_from
from expressivity.membership.inclusions import (
    INCLUSIONS,
    embed,
    inclusions,
    path_at_some_width,
    paths,
)
from expressivity.membership.inclusions.parts import coefficient_symbol, parts_of
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.symbols import COORDINATES

SMALL = ("id", "relu")
NODES_ND = torch.linspace(-0.9, 0.9, 40, dtype=torch.float64).reshape(20, 2)


def softmax(form: str) -> Family:
    return family_of(Kind.MOA, form, dictionary=SMALL, gate=GateSpec(name="softmax"))(2, 2)


LA = family_of(Kind.LA, dictionary=SMALL)(2, 2)
MOA = family_of(Kind.MOA, dictionary=SMALL, gate=GateSpec(name="tanh"))(2, 2)
WIDE = replace(LA, width=4)


def fixed(name: str, form: str = "type1") -> Family:
    return family_of(Kind.FIXED, form, dictionary=(name,))(2, 2)


def in_order(small: Family, large: Family) -> bool:
    """Whether steps that keep the neurons are enough."""
    found = paths._shortest(small, large, (), most=large.width)
    return found is not None and found.end.width <= large.width


ALONE = {  # and the width that two neurons need
    "a leaky hinge by hinges": (fixed("leaky_relu"), fixed("relu"), 4),
    "a hinge by leaky ones": (fixed("relu"), fixed("leaky_relu"), 4),
    "id by gelu": (fixed("id"), fixed("gelu"), 4),
    "maxout by hinges": (FAMILIES["maxout-2"](2, 2), fixed("relu"), 6),
    "prelu by hinges": (FAMILIES["prelu"](2, 2), fixed("relu"), 4),
    "prelu by hinges of la": (FAMILIES["prelu-shared"](2, 2), LA, 4),
    "a slope of the layer": (fixed("leaky_relu"), FAMILIES["prelu-shared"](2, 2), 2),
    "apl by hinges": (FAMILIES["apl"](2, 2), fixed("relu"), 6),
    "hinges by apl": (fixed("relu"), FAMILIES["apl"](2, 2), 2),
    "swish with any beta by silu": (FAMILIES["swish-beta"](2, 2), fixed("silu"), 6),
    "silu by swish": (fixed("silu"), FAMILIES["swish-beta"](2, 2), 2),
    "products by squares of hinges": (FAMILIES["bilinear"](2, 2), fixed("relu2"), 8),
    "products by squares": (FAMILIES["bilinear"](2, 2), fixed("square"), 4),
    "squares by products": (fixed("square"), FAMILIES["bilinear"](2, 2), 2),
    "squares of hinges by gated hinges": (fixed("relu2"), FAMILIES["reglu"](2, 2), 2),
    "polynomials by cubes": (FAMILIES["slaf"](2, 2), fixed("cube"), 16),
    "la of each neuron by hinges": (replace(LA, groups="neuron"), fixed("relu"), 6),
    "swiglu with gates of each neuron": (
        FAMILIES["swiglu"](2, 2),
        FAMILIES["moa-sigmoid-neuron"](2, 2),
        8,
    ),
    "products by la": (FAMILIES["bilinear"](2, 2), FAMILIES["la"](2, 2), 8),
}

PAIRS = (
    [
        (small(2, 2), large(4, 2), f"{name} in {other}")
        for name, small in ((name, FAMILIES[name]) for name in FAMILIES)
        for other, large in ((name, FAMILIES[name]) for name in FAMILIES)
        if in_order(small(2, 2), large(4, 2))
    ]
    + [(small, large.at_width(width + 1), name) for name, (small, large, width) in ALONE.items()]
    + [
        (softmax("one_sided"), softmax("two_sided"), "softmax one_sided in two_sided"),
        (softmax("type1"), softmax("quadratic"), "softmax type1 in quadratic"),
        (
            family_of(Kind.MOA, gate=GateSpec(name="tanh", scale=False), bias=False)(2, 2),
            FAMILIES["moa-tanh"](2, 2),
            "fewer switches",
        ),
        (replace(LA, constraint="simplex"), replace(LA, constraint="affine"), "simplex in affine"),
        (replace(LA, constraint="affine"), MOA, "affine in gated"),
        (
            replace(LA, constraint="simplex", neuron="two_sided"),
            replace(LA, constraint="simplex", neuron="quadratic"),
            "simplex two_sided in quadratic",
        ),
        (FAMILIES["relu"](2, 2), replace(LA, constraint="simplex"), "fixed in simplex"),
        (LA, replace(WIDE, groups=2), "two groups"),
        (replace(LA, groups=2), replace(WIDE, groups=2), "more neurons in two groups"),
        (replace(LA, groups=2), replace(LA, width=3, groups=3), "a group to spare"),
        (replace(WIDE, groups=2), replace(LA, width=9, groups=3), "three groups of two and more"),
        (replace(WIDE, groups=2), replace(WIDE, groups="neuron"), "groups of one neuron each"),
        (replace(LA, groups="neuron"), replace(WIDE, groups="neuron"), "more groups of one neuron"),
        (
            replace(LA, neuron="one_sided"),
            replace(WIDE, neuron="two_sided", groups=4),
            "all groups",
        ),
        (
            replace(softmax("two_sided"), groups=2),
            replace(softmax("quadratic"), groups=2),
            "two groups of products",
        ),
        (
            replace(MOA, groups=2),
            replace(MOA, groups=2, width=4, neuron="one_sided"),
            "gated groups",
        ),
    ]
)


def each_way_first() -> list:
    """The pairs; those whose maps another pair before has taken, too, are slow tests."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for small, large, name in PAIRS:
        way = tuple(step.name for step in inclusions(small, large))
        found.append(
            pytest.param(small, large, id=name, marks=pytest.mark.slow if way in seen else ())
        )
        seen.add(way)
    return found


@pytest.mark.parametrize(("small", "large"), each_way_first())
def test_maps_keep_the_function_of_random_networks(small, large):
    sizes: list[float] = []
    for seed in range(3):
        weights = simple_weights(small, seed)
        carried = embed(small, weights, large)
        before = evaluate(small, start_from(small, weights)[None], NODES_ND)[0, 0]
        after = evaluate(large, start_from(large, carried)[None], NODES_ND)[0, 0]
        assert (after - before).abs().max() <= 1e-12 * before.abs().max()
        sizes.append(float(before.abs().max()))
    assert max(sizes) > 0


def symbols(family: Family) -> Weights:
    """A symbol for every entry."""
    blocks = {
        name: sp.ImmutableMatrix(
            shape[0],
            shape[1] if len(shape) == 2 else 1,
            lambda i, j, name=name: sp.Symbol(f"{name}_{i}_{j}", real=True),
        )
        for name, shape in family.shapes.items()
    }
    if family.activation is not None:
        hot = [int(name == family.activation) for name in family.basis]
        blocks["scale0"] = sp.ImmutableMatrix(hot)
    return Weights(blocks=blocks)


SYMBOLIC = {
    "neuron by neuron": (FAMILIES["bilinear"](2, 2), fixed("square").at_width(4)),
    "type1 in one_sided": (LA, replace(LA, neuron="one_sided")),
    "one_sided in two_sided": tuple(replace(LA, neuron=f) for f in ("one_sided", "two_sided")),
    "two_sided in quadratic": (softmax("two_sided"), softmax("quadratic")),
    "more activations": (replace(LA, dictionary=("relu",), groups=2), replace(LA, groups=2)),
    "more neurons": (replace(LA, groups=2), replace(WIDE, groups=2)),
    "more groups": (replace(WIDE, groups=2), replace(WIDE, groups="neuron")),
}


@pytest.mark.parametrize("name", SYMBOLIC)
def test_maps_are_identities(name):
    small, large = SYMBOLIC[name]
    assert [step.name for step in inclusions(small, large)] == [name]
    weights = symbols(small)
    carried = embed(small, weights, large)
    difference = network_expression(small, weights) - network_expression(large, carried)
    assert sp.simplify(sp.expand(difference)) == 0


@pytest.mark.parametrize("name", ["prelu", "apl", "swish-beta", "bilinear", "slaf", "maxout-2"])
def test_a_neuron_is_the_sum_of_its_parts(name):
    """With a symbol for each parameter, coefficient and map."""
    family = FAMILIES[name](1, 1)
    record, basis = family.record, family.basis
    mixtures = [
        sp.Add(*[coefficient_symbol(0, k) * ACTIVATIONS[s](MAPS[0]) for k, s in enumerate(basis)])
        for _ in record.mixtures
    ]
    hot = {coefficient_symbol(0, k): int(s in family.dictionary) for k, s in enumerate(basis)}
    own = [parameter_symbol(parameter.name) for parameter in record.parameters]
    whole = record(MAPS[: record.maps], mixtures, own)
    parts = [
        part.coefficient
        * part.function.subs(
            dict(zip(COORDINATES, part.coordinates, strict=False)), simultaneous=True
        )
        for part in parts_of(family)
    ]
    difference = whole - sp.Add(*parts)
    if not family.mixes:
        difference = difference.subs(hot)
    for p in own:  # the cases of swish
        difference = difference.subs(sp.Eq(p, 0), False) if name == "swish-beta" else difference
    assert is_identity(difference, sp.S.Zero) is True


def test_every_inclusion_is_used_by_some_pair():
    used = {step.name for small, large, _ in PAIRS for step in inclusions(small, large)}
    assert used == {step.name for step in INCLUSIONS if not step.domain}


@pytest.mark.parametrize(("small", "large", "width"), ALONE.values(), ids=ALONE)
def test_the_change_of_width(small, large, width):
    found = path_at_some_width(small, large)
    assert found.end.width * 2 == width * found.start.width
    assert not found.domain
    assert embed(small, simple_weights(small, 0), large.at_width(width - 1)) is None


@pytest.mark.parametrize("small", ["relu", "leaky_relu"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["unscaled gates", "gated units"])
def test_maps_back_and_forth_lead_nowhere_and_end(small, bias, kind):
    """Two hinges are a leaky one and two leaky ones a hinge, at ever larger widths."""
    both = ("relu", "leaky_relu")
    gate = GateSpec(name="sigmoid", scale=False)
    goal = {
        "unscaled gates": family_of(Kind.MOA, dictionary=both, gate=gate, bias=bias),
        "gated units": family_of(Kind.LA, "one_sided", dictionary=both, bias=bias),
    }[kind](1, 2)
    found = path_at_some_width(replace(fixed(small), bias=bias), goal)
    assert (found is None) == (kind == "unscaled gates" or not bias)


def test_groups_of_one_neuron_each_are_no_fixed_number():
    """At width 1 they look alike."""
    seven = FAMILIES["la"](2, 2)
    own, two = replace(seven, groups="neuron"), replace(seven, groups=2)
    assert path_at_some_width(own, two) is None
    assert path_at_some_width(two, own).end.width == 2


NOT_PROVED = {
    "a smaller kind": ("la", "relu"),
    "gates in no gates": ("moa-tanh", "la"),
    "another gate": ("moa-sigmoid", "moa-tanh"),
    "activations the larger form lacks": ("la-one-sided", "la-two-sided"),
    "an activation the larger form lacks": ("relu2", "la-two-sided"),
    "a product of two gates": ("moa-two-sided", "moa-quadratic"),
    "a smaller form": ("la-one-sided", "la"),
    "one-sided without the activation": ("relu", "glu-silu"),
    "one gate for gated units with their own": ("swiglu", "moa-sigmoid"),
    "gates of another function": ("swiglu", "moa-tanh-neuron"),
}


@pytest.mark.parametrize("pair", NOT_PROVED.values(), ids=NOT_PROVED)
def test_there_is_no_map_where_none_is_proved(pair):
    small, large = (FAMILIES[name](2, 2) for name in pair)
    assert inclusions(small, large) is None
    assert embed(small, simple_weights(small, 0), large) is None


@pytest.mark.parametrize(
    ("small", "large"),
    [
        (LA, replace(LA, constraint="affine")),
        (replace(LA, constraint="affine"), replace(LA, constraint="simplex")),
        (replace(LA, groups=2), LA),
        (replace(WIDE, groups="neuron"), replace(WIDE, groups=2)),
        (replace(LA, width=3, groups=3), replace(LA, width=4, groups=2)),
        (LA, replace(LA, outputs=2)),
    ],
    ids=["constraint", "simplex", "fewer groups", "shared again", "too few groups", "outputs"],
)
def test_groups_and_constraints_go_one_way(small, large):
    assert inclusions(small, large) is None


@pytest.mark.parametrize(
    "gate",
    [
        GateSpec(name="tanh", bias=False),
        GateSpec(name="sigmoid", scale=False),
        GateSpec(name="softmax", scale=False),
    ],
    ids=lambda gate: gate.name,
)
def test_switches_off_take_la_out_of_moa(gate):
    moa = family_of(Kind.MOA, gate=gate)(2, 2)
    assert inclusions(FAMILIES["la"](2, 2), moa) is None
    assert inclusions(FAMILIES["la"](2, 2), replace(moa, gate=GateSpec(name=gate.name)))


def test_gates_without_biases_take_no_constants():
    """A gate at a neuron's own parameter is a gate with a bias."""
    held = neuron("held", sp.Max(Z1, 0) ** 2 / (1 + sp.exp(-parameter_symbol("q"))), own="q")
    with registered(NEURONS, held):
        small = Family(neuron="held", kind="fixed", width=1, dimension=2, bias=False)
        gate = GateSpec(name="sigmoid", bias=False)
        large = family_of(Kind.MOA, dictionary=("relu2",), gate=gate, groups="neuron")(1, 2)
        assert path_at_some_width(small, large) is None
        found = path_at_some_width(small, replace(large, gate=GateSpec(name="sigmoid")))
        assert found is not None
        one, no = sp.Matrix([[1, 2, 0]]), sp.Matrix([[3]])
        weights = Weights(blocks={"w": one, "p": no, "a": no})
        carried = found.carry(weights)
        assert defect(found.end, carried) is None
        assert is_identity(
            network_expression(found.end, carried), network_expression(small, weights)
        )


def test_fewer_neurons_or_biases_hold_no_teacher():
    la = FAMILIES["la"](2, 2)
    assert inclusions(la, replace(la, width=1)) is None
    assert inclusions(la, replace(la, bias=False)) is None
    assert inclusions(replace(la, bias=False), FAMILIES["la-one-sided"](2, 2))


@pytest.fixture
def records():
    """A gated unit whose maps are swapped, and a neuron that is no product of maps and mixtures."""
    swapped = Neuron(
        name="swapped",
        title="y L(z)",
        latex="y L(z)",
        maps=2,
        mixtures=((1,),),
        expression=MIXTURES[0] * MAPS[0],
    )
    residual = replace(swapped, name="residual", expression=MIXTURES[0] + MAPS[0])
    for record in (swapped, residual):
        NEURONS.add(record.name, record)
    yield
    for record in (swapped, residual):
        NEURONS._entries.pop(record.name)


@pytest.mark.usefixtures("records")
def test_inclusions_follow_the_shape_not_the_name():
    swapped = replace(LA, neuron="swapped")
    weights = simple_weights(LA, 1)
    carried = embed(LA, weights, swapped)
    assert carried["v"] == weights["w"]
    before, after = network_expression(LA, weights), network_expression(swapped, carried)
    assert sp.expand(before - after) == 0
    larger = replace(LA, neuron="quadratic")
    found = embed(swapped, carried, larger)
    assert sp.expand(before - network_expression(larger, found)) == 0


@pytest.mark.usefixtures("records")
def test_a_neuron_without_a_shape_has_no_such_inclusion():
    residual = replace(LA, neuron="residual")
    assert inclusions(LA, residual) is None
    assert inclusions(residual, replace(LA, neuron="two_sided")) is None
    assert inclusions(residual, replace(residual, width=3))
