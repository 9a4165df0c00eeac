"""Neurons as records: what follows from an expression, and what is refused.

Kinds: reference (bit for bit with the four forms written out; exact weights in sympy; counts),
property (Jacobians against automatic differentiation, for records that mix nothing, learn
parameters, share coefficients in groups or constrain them), negative (records whose parts do not
agree, families that do not exist).
"""

import itertools
import pickle
from dataclasses import replace

import four_forms
import pytest
import sympy as sp
import torch

from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind, kinds_of
from expressivity.classes.mixing import constrained
from expressivity.classes.networks import coordinates, evaluate, network_function, unpack
from expressivity.classes.neurons import (
    FORMS,
    MAPS,
    MIXTURES,
    NEURONS,
    Neuron,
    Parameter,
    parameter_symbol,
)
from expressivity.classes.neurons.soundness import require_sound
from expressivity.classes.structure import Structure
from expressivity.classes.weights import Weights, network_expression, start_from
from expressivity.fitting.starts import random_starts
from expressivity.symbolic.interpret import TORCH, interpret
from expressivity.symbolic.symbols import COORDINATES

torch.set_num_threads(1)
SMALL = ("relu", "silu", "tanh")
Z1, Z2, Z3 = MAPS[:3]
BETA, SHIFT = parameter_symbol("beta"), parameter_symbol("shift")


def parameter(name, initial=1.0, spread=(0.5, 2.0)):
    return Parameter(name=name, initial=initial, spread=spread)


def record(name, **fields):
    return Neuron(name=name, title=name, latex=name, **fields)


ODD = (
    record("largest_of_3", maps=3, expression=sp.Max(Z1, Z2, Z3)),
    record("smooth_step", maps=1, expression=Z1 / (1 + sp.exp(-BETA * Z1)),
           parameters=(parameter("beta"),)),
    record("shared_bend", maps=1, expression=sp.tanh(BETA * Z1) + SHIFT * Z1**2,
           parameters=(parameter("beta"), parameter("shift", 0.0, (-1.0, 1.0))), shared=True),
    record("mixed_and_bent", maps=2, mixtures=((0,), (1,)),
           expression=MIXTURES[0] * sp.exp(-BETA * Z2**2) + MIXTURES[1] * Z1,
           parameters=(parameter("beta"),)),
)  # fmt: skip


@pytest.fixture(autouse=True)
def odd_records():
    for one in ODD:
        NEURONS._entries[one.name] = one
    yield
    for one in ODD:
        del NEURONS._entries[one.name]


def families(neuron, width=4, dimension=2, **changes):
    """A record in its kinds, with every gate, constraint and number of groups."""
    sizes = {"neuron": neuron, "width": width, "dimension": dimension, **changes}
    for kind in kinds_of(NEURONS[neuron]):
        if kind is Kind.FIXED:
            dictionary = ("silu",) if NEURONS[neuron].mixtures else ()
            yield Family(kind=kind, dictionary=dictionary, **sizes)
            continue
        for groups in (1, 2, "neuron"):
            cases = [{"gate": gate} for gate in ("tanh", "softmax")]
            if kind is Kind.LA:
                cases = [{"constraint": constraint} for constraint in ("free", "affine", "simplex")]
            for case in cases:
                yield Family(kind=kind, dictionary=SMALL, groups=groups, **case, **sizes)


def every_family(**changes):
    names = [*FORMS, *(one.name for one in ODD)]
    return list(itertools.chain.from_iterable(families(name, **changes) for name in names))


def nodes(count=7, dimension=2):
    draw = torch.Generator().manual_seed(5)
    return 2 * torch.rand(count, dimension, generator=draw, dtype=torch.float64) - 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("outputs", [1, 3])
def test_the_four_forms_have_the_numbers_that_they_had(form, outputs):
    for family in families(form, outputs=outputs):
        if family.groups != 1 or family.constraint != "free":
            continue
        theta_LP = random_starts(family, seed=1, restarts=3)
        network = network_function(Structure.of(family, shared=True))
        blocks = tuple(unpack(family, theta_LP).values())
        f_LON, rows = network(coordinates(nodes()), blocks)
        expected_LON, expected_LPON = four_forms.evaluate(family, theta_LP, nodes())
        assert torch.equal(f_LON, expected_LON), family
        assert torch.equal(torch.cat(rows, 1), expected_LPON), family


def test_jacobians_are_derivatives():
    places = nodes(2)
    for family in every_family(width=2, outputs=2):
        theta_LP = random_starts(family, seed=2, restarts=1)
        network = network_function(Structure.of(family))
        blocks = tuple(unpack(family, theta_LP).values())
        rows_LPON = torch.cat(network(coordinates(places), blocks)[1], 1)

        def values(theta_P, family=family):
            return evaluate(family, theta_P[None], places)[0]

        slopes_ONP = torch.autograd.functional.jacobian(values, theta_LP[0], vectorize=False)
        torch.testing.assert_close(rows_LPON[0], slopes_ONP.movedim(-1, 0), rtol=1e-10, atol=1e-10)


def exact_weights(family, draw):
    def entry(low=-4, high=4):
        return sp.Rational(int(torch.randint(low, high + 1, (1,), generator=draw)), 2)

    blocks = {}
    for name, shape in family.shapes.items():
        rows, columns = shape if len(shape) == 2 else (shape[0], 1)
        values = sp.Matrix(rows, columns, lambda *_: entry())
        if name == "p":
            values = sp.Matrix(rows, columns, lambda *_: entry(1, 3))
        if name.startswith("scale"):
            if family.kind is Kind.FIXED:
                values = sp.Matrix([int(s == family.activation) for s in family.basis])
            elif family.constraint != "free":
                size = family.size(int(name[-1]))
                quarter = sp.Rational(1, 4)
                each = [quarter, 2 * quarter, quarter, *[0] * (size - 3)]
                values = sp.Matrix(each * (rows // size))
        blocks[name] = values.as_immutable()
    return Weights(blocks=blocks)


def test_exact_weights_are_the_network_that_is_evaluated():
    draw = torch.Generator().manual_seed(3)
    places = nodes(3)
    for family in every_family(width=2):
        weights = exact_weights(family, draw)
        formula = network_expression(family, weights)
        computed = evaluate(family, start_from(family, weights)[None], places)[0, 0]
        columns = dict(zip(COORDINATES, places.unbind(1), strict=False))
        expected = torch.as_tensor(
            interpret(formula, columns, TORCH), dtype=computed.dtype
        ).expand_as(computed)
        torch.testing.assert_close(computed, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("one", ODD, ids=lambda one: one.name)
def test_sound_records_pass(one):
    require_sound(one)


def test_every_registered_record_is_sound():
    for name in NEURONS:
        require_sound(NEURONS[name])


MAXOUT = record("maxout", maps=2, expression=sp.Max(Z1, Z2))
BENT = ODD[1]
WRONG_VALUE = replace(
    MAXOUT,
    torch_form=lambda maps, mixtures, parameters: replace(
        MAXOUT.partials(maps, mixtures, parameters), value=torch.minimum(*maps)
    ),
)
WRONG_FAR_OUT = replace(
    MAXOUT,
    torch_form=lambda maps, mixtures, parameters: replace(
        MAXOUT.partials(maps, mixtures, parameters),
        value=torch.where(maps[0].abs() > 6, maps[0], torch.maximum(*maps)),
    ),
)
WRONG_SLOPE = replace(
    MAXOUT,
    torch_form=lambda maps, mixtures, parameters: replace(
        MAXOUT.partials(maps, mixtures, parameters), maps=(1, 0)
    ),
)


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (replace(MAXOUT, name="Max out"), "a name of letters"),
        (replace(MAXOUT, maps=0), "1 to 8 maps; got 0"),
        (replace(MAXOUT, maps=3), "map z3"),
        (replace(MAXOUT, maps=1), "got z2 in it"),
        (replace(MAXOUT, mixtures=((0,),)), "mixture s1"),
        (replace(MAXOUT, mixtures=((2,),)), "of the 2 maps"),
        (replace(MAXOUT, mixtures=((0, 1, 0),)), "of one or two"),
        (replace(MAXOUT, shared=True), "parameters that are shared"),
        (replace(MAXOUT, parameters=(parameter("beta"),)), "parameter beta"),
        (replace(BENT, parameters=()), "got beta in it"),
        (replace(BENT, parameters=(parameter("beta", spread=(1.0, 1.0)),)), "spread of beta"),
        (replace(BENT, parameters=(parameter("beta", initial=float("nan")),)), "start"),
        (replace(BENT, parameters=(parameter("beta"), parameter("beta"))), "names of their own"),
        (replace(BENT, parameters=(parameter("z1"),)), "names of their own"),
        (record("s", maps=1, mixtures=((0,),), expression=MIXTURES[0] ** 2), "linear in the mix"),
        (record("s", maps=1, mixtures=((0,),), expression=sp.Max(MIXTURES[0], 0)), "linear in"),
        (record("s", maps=1, expression=0.5 * Z1), "exact real numbers"),
        (record("s", maps=1, expression=Z1**100), "short expression"),
        (record("s", maps=1, expression=sp.log(Z1)), "finite and real"),
        (record("s", maps=2, expression=Z1**2 / Z2), "finite and real"),
        (record("s", maps=2, expression=sp.sqrt(Z1 + 6) * Z2), "finite and real"),
        (
            record("s", maps=2, expression=sp.Piecewise((1 / (Z1 - 100), Z2 > 0), (0, True))),
            "finite",
        ),
        (
            record("s", maps=1, mixtures=((0,),), expression=sp.sqrt(MIXTURES[0] ** 2 + 1)),
            "linear in",
        ),
        (record("s", maps=1, mixtures=((0,),), expression=sp.floor(MIXTURES[0])), "linear in"),
        (replace(BENT, parameters=(parameter("beta", initial=9.0),)), "spread of beta"),
        (replace(BENT, parameters=(parameter("x1"),)), "names of their own"),
        (WRONG_FAR_OUT, "its value is"),
        (WRONG_VALUE, "its value is"),
        (WRONG_SLOPE, "its derivative by z1 is"),
        (replace(MAXOUT, torch_form=lambda *_: None), "to Partials; it raised AttributeError"),
        (replace(MAXOUT, torch_form=lambda *_: 1 / 0), "it raised ZeroDivisionError"),
    ],
)
def test_records_whose_parts_do_not_agree_are_refused(one, message):
    with pytest.raises(ValueError, match=message) as refusal:
        require_sound(one)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"neuron": "none"}, "unknown form 'none'"),
        ({"neuron": 3}, "the name of a form"),
        ({"constraint": "positive"}, "a constraint among free, affine, simplex"),
        ({"constraint": "affine", "kind": "moa", "gate": "tanh"}, "constraint free for moa"),
        ({"groups": 3}, "groups that divide the width; got 3 groups of 4 neurons"),
        ({"groups": 0}, "groups of at least 1"),
        ({"groups": "all"}, "groups as a whole number"),
        ({"groups": 2, "kind": "fixed", "dictionary": "tanh"}, "groups 1 for a fixed family"),
        ({"neuron": "largest_of_3"}, "kind fixed for form largest_of_3; got la"),
        ({"neuron": "largest_of_3", "kind": "fixed", "dictionary": "tanh"}, "no dictionary"),
    ],
)
def test_families_that_do_not_exist_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Family(**{"neuron": "type1", "kind": "la", "width": 4, "dimension": 2, **changes})


def test_counts_by_hand():
    largest = Family(neuron="largest_of_3", kind="fixed", width=4, dimension=2)
    assert (largest.parameter_count, largest.multiply_adds) == (3 * 4 * 3 + 4, 3 * 4 * 2 + 4)
    assert (largest.dictionary, largest.activation) == ((), None)
    own = Family(neuron="smooth_step", kind="fixed", width=4, dimension=2)
    assert own.parameter_count == 4 * 3 + 4 + 4
    shared = Family(neuron="shared_bend", kind="fixed", width=4, dimension=2)
    assert shared.parameter_count == 4 * 3 + 4 + 2
    gated = {"neuron": "type1", "kind": "moa", "gate": "tanh", "width": 4, "dimension": 2}
    one, two, each = (
        Family(dictionary=SMALL, groups=groups, **gated).parameter_count
        for groups in (1, 2, "neuron")
    )
    assert (two - one, each - one) == (3 * 4, 3 * 3 * 4)


def test_groups_of_equal_coefficients_are_one_group():
    for family in every_family():
        if family.group_count != 2 or family.constraint != "free":
            continue
        one = replace(family, groups=1)
        theta_LP = random_starts(one, seed=4, restarts=2)
        blocks = unpack(one, theta_LP)
        doubled = {
            name: torch.cat([block, block], 1) if name[:1] == "u" or name[:5] == "scale" else block
            for name, block in blocks.items()
        }
        lanes_LP = torch.cat([doubled[name].flatten(1) for name in family.shapes], 1)
        computed = evaluate(family, lanes_LP, nodes())
        torch.testing.assert_close(computed, evaluate(one, theta_LP, nodes()), rtol=0, atol=1e-14)


@pytest.mark.parametrize("constraint", ["affine", "simplex"])
def test_constraints_hold_for_every_parameter(constraint):
    free_LGK = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(6))
    c_LGK = constrained(free_LGK, constraint)
    torch.testing.assert_close(c_LGK.sum(-1), torch.ones(5, 2))
    assert constraint == "affine" or bool((c_LGK >= 0).all())
    torch.testing.assert_close(constrained(c_LGK.sqrt() if constraint == "simplex" else c_LGK,
                                           constraint), c_LGK)  # fmt: skip


def test_a_family_survives_json_and_pickle():
    for family in every_family():
        assert Family.from_json(family.json(), dimension=2) == family
        assert pickle.loads(pickle.dumps(family)) == family  # noqa: S301 - our own bytes
