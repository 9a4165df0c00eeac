"""Tests of discovery.

Kinds: reference (the targets of docs/theory.md are found again, without a hint), property (the
witness is the target, exactly; the classes found outside exclude it; candidates rise in cost),
metamorphic (renamed coordinates, rounds of any size, this process or a run folder), soundness (no
function of a class is excluded from a class that contains it), negative (contained and open pairs,
unusable questions).
"""

import itertools

import pytest
import sympy as sp
from odd_plugins import gate, registered_gate

from expressivity.classes.catalogue import family_named
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.weights import defect, network_expression
from expressivity.evidence import Verdict
from expressivity.membership.decide import classify, exclude
from expressivity.relations import candidates as candidates_module
from expressivity.relations.asked import question
from expressivity.relations.candidates import candidates
from expressivity.relations.discover import discover, excluded_from, first_found
from expressivity.relations.enumeration import networks
from expressivity.relations.unit import DiscoverUnit, Rounds
from expressivity.symbolic.identities import differs, is_identity
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.builtin import t1
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from expressivity.targets.user import user_target

X1, X2 = COORDINATES[:2]
SMALL = ("id", "relu", "tanh")
FORMS = ("type1", "one_sided", "two_sided", "quadratic")


def moa(neuron="type1", dimension=2, **more):
    more = {"dictionary": SMALL, "gate": "tanh", "width": 1} | more
    return Family(neuron=neuron, kind="moa", dimension=dimension, **more)


def la(neuron="type1", dimension=2, **more):
    more = {"dictionary": SMALL, "width": 1} | more
    return Family(neuron=neuron, kind="la", dimension=dimension, **more)


def found_between(larger, smaller, **more):
    found = first_found(question(larger, smaller, **more))
    assert found is not None
    return found


def swapped(expression):
    return expression.subs({X1: X2, X2: X1}, simultaneous=True)


@pytest.mark.parametrize(
    ("larger", "smaller", "dimension", "written"),
    [
        ("la", "fixed", 1, "relu(x) + relu2(x)"),
        ("moa-tanh", "la", 2, "relu(x1)*tanh(x2)"),
        ("moa-one-sided", "la-one-sided", 2, "relu(x1)*x2*tanh(x2)"),
        ("moa-two-sided", "la-two-sided", 2, "relu(x1)*tanh(x2)**2"),
        ("moa-quadratic", "la-quadratic", 2, "relu(x1)*tanh(x2)**2"),
        ("reglu", "la", 2, "relu(x1)*x2"),
    ],
)
def test_functions_as_simple_as_those_of_the_theorems_are_found(
    larger, smaller, dimension, written
):
    asked = question(larger, smaller, dimension=dimension)
    known = user_target(written)
    among = (c for c in asked.candidates(dimension) if same_up_to_names(c.target, known))
    (candidate,) = itertools.islice(among, 1)
    assert excluded_from(candidate.target, asked.smaller_in(dimension)) is not None
    found = first_found(asked)
    assert found is not None
    assert found.cost <= candidate.cost


def same_up_to_names(one, other):
    """Whether two functions are equal, perhaps with x1 and x2 exchanged."""
    return any(
        not differs(one.expression, image) and is_identity(one.expression, image) is True
        for image in (other.expression, swapped(other.expression))
    )


def test_the_cheapest_function_of_all_dimensions_is_found():
    found = found_between("moa-tanh", "la", budget=20)
    alone = [first_found(question("moa-tanh", "la", dimension=d, budget=20)) for d in (1, 2, 3)]
    assert found.cost == min(each.cost for each in alone if each is not None)
    assert found.target.expression.free_symbols == set(found.target.coordinates)


def test_batches_are_all_candidates_by_cost():
    asked = question("reglu", "moa-tanh", budget=20)
    batches = list(asked.batches())
    keys = [(batch[0].cost, batch[0].family.dimension) for batch in batches]
    assert keys == sorted(keys)
    assert all(len({(c.cost, c.family.dimension) for c in batch}) == 1 for batch in batches)
    assert {d for _, d in keys} == {1, 2, 3}
    for d in (1, 2, 3):
        mine = [c.formula for batch in batches for c in batch if c.family.dimension == d]
        assert mine == [c.formula for c in asked.candidates(d)]
        assert len(mine) == 20


@pytest.mark.parametrize("neuron", FORMS)
def test_the_witness_is_the_target_and_a_network_of_the_class(neuron):
    found = discover(moa(neuron), la(neuron))
    assert found is not None
    assert defect(found.family, found.witness) is None
    assert network_expression(found.family, found.witness) == found.target.expression
    assert found.family.at_width(1) == moa(neuron)
    read_back = user_target(found.target.name)
    assert is_identity(read_back.expression, found.target.expression) is True
    assert classify(found.target, moa(neuron)).membership.verdict is Verdict.MEMBER


@pytest.mark.parametrize("neuron", FORMS)
def test_the_obstruction_excludes_it_from_the_class_at_every_width(neuron):
    found = discover(moa(neuron), la(neuron))
    assert found is not None
    (exclusion,) = found.exclusions
    for width in (1, 5):
        again = exclude(found.target, la(neuron, width=width))
        assert again is not None
        assert again.obstruction == exclusion.obstruction == found.obstruction
        assert again.membership.reason == exclusion.membership.reason == found.reason


def test_a_union_is_missed_only_by_what_all_of_its_parts_exclude():
    fixed = question("fixed", "la").larger
    found = found_between("la", "fixed", dimension=1)
    assert [each.family.activation for each in found.exclusions] == [f.activation for f in fixed]
    relu = user_target("relu(x)")
    tanh = [family for family in fixed if family.activation == "tanh"]
    assert excluded_from(relu, tanh) is not None
    assert excluded_from(relu, fixed) is None


def test_renamed_coordinates_are_excluded_alike():
    found = discover(moa(), la())
    assert found is not None
    renamed = Target(
        name="g",
        expression=swapped(found.target.expression),
        domain=found.target.domain,
        source="",
    )
    (exclusion,) = excluded_from(renamed, (la(),)) or ()
    assert exclusion.obstruction == found.obstruction


@pytest.mark.slow
def test_of_functions_that_differ_by_symmetries_one_is_a_candidate():
    found = [c.target.expression for c in candidates(moa(), budget=16)]
    for one, other in itertools.combinations(found, 2):
        for sign in (1, -1):
            for image in (other, swapped(other), other.subs(X1, -X1), other.subs(X2, -X2)):
                assert differs(one, sign * image), (one, other)


def test_nothing_is_dropped_but_images_of_what_is_kept():
    family = la(dimension=1)
    kept = [c.target.expression for c in candidates(family, budget=24)]
    dearest = max(c.cost for c in candidates(family, budget=24))
    x = X1
    for network in itertools.takewhile(lambda n: n.cost < dearest, networks(family)):
        expression = network_expression(network.family, network.weights)
        values = [float(expression.subs(x, sp.Rational(n, 7))) for n in (-6, -2, 3, 5)]
        if not any(values):
            continue

        def is_image(other, values=values):
            for sign in (1, -1):
                image = [float(other.subs(x, sign * sp.Rational(n, 7))) for n in (-6, -2, 3, 5)]
                place = max(range(4), key=lambda i: abs(image[i]))
                factor = values[place] / image[place]
                if all(abs(factor * i - v) < 1e-9 for i, v in zip(image, values, strict=True)):
                    return True
            return False

        assert any(map(is_image, kept)), expression


def test_networks_come_by_cost_and_are_exact_networks_of_their_class():
    for name in ("la", "moa-softmax", "maxout-2", "prelu", "apl", "abu-affine", "abu-simplex"):
        for dimension in (1, 2):
            some = list(itertools.islice(networks(family_named(name, 2, dimension)), 80))
            assert [n.cost for n in some] == sorted(n.cost for n in some)
            assert all(defect(n.family, n.weights) is None for n in some)


@pytest.mark.parametrize("name", ["abu-simplex", "moa-softmax", "maxout-3", "prelu-shared"])
def test_values_that_tell_duplicates_are_those_of_the_function(name):
    family = family_named(name, 2, 2)
    some = list(itertools.islice(networks(family), 30))
    for network, _ in candidates_module._marked(iter(some)):
        lane = candidates_module._packed(network)
        assert len(lane) == sum(len(row) for rows in network.rows.values() for row in rows)
    nodes, count = candidates_module._nodes(2)
    for network, mark in candidates_module._marked(iter(some)):
        expression = network_expression(network.family, network.weights)
        values = Target(name="f", expression=expression, domain=domain_for(2), source="").values(
            nodes
        )
        assert candidates_module._mark(values.numpy().reshape(-1, count)) == mark


@pytest.mark.parametrize(
    ("larger", "smaller"),
    [
        (la(dimension=2), la(dimension=2, groups="neuron")),  # one group is among several
        (la(dimension=2), moa(dimension=2)),  # docs/theory.md, section 2
        (la(dimension=1), la(dimension=1, dictionary=(*SMALL, "relu2"))),
        (la("one_sided"), la("two_sided")),
        (moa(dictionary=("relu",)), moa()),
        (moa(), moa(groups="neuron")),
        (moa(groups=2, width=2, dictionary=("relu",)), moa(groups="neuron")),
    ],
)
def test_what_is_contained_is_never_found_outside(larger, smaller):
    assert discover(larger, smaller, budget=40) is None


@pytest.mark.parametrize("dimension", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_no_class_excludes_a_network_of_its_own(dimension, bias):
    shape = {"dimension": dimension, "bias": bias}
    families = [
        *(la(neuron, **shape) for neuron in FORMS),
        moa(**shape),
        moa("quadratic", **shape),
        moa(groups=2, width=2, **shape),
        moa(gate=GateSpec(name="tanh", bias=False), **shape),
        moa(gate=GateSpec(name="sigmoid", scale=False, bias=False), **shape),
        *(Family(neuron=name, kind="fixed", width=1, **shape) for name in ("maxout3", "prelu")),
    ]
    for family in families:
        for candidate in candidates(family, budget=8):
            assert excluded_from(candidate.target, (family,)) is None, candidate.formula


def test_a_kinked_gate_excludes_none_of_its_networks():
    with registered_gate(gate("ramp", sp.Max(Z, 0))):
        for dictionary in (("tanh",), SMALL):
            for dimension in (1, 2):
                family = moa(dictionary=dictionary, gate="ramp", dimension=dimension)
                for candidate in candidates(family, budget=12):
                    assert excluded_from(candidate.target, (family,)) is None, candidate.formula


@pytest.mark.slow
def test_gates_that_are_1_change_nothing():
    # Unscaled softmax gates of one activation.
    alone = moa(dictionary=("relu",), gate=GateSpec(name="softmax", scale=False, bias=False))
    plain = Family(neuron="type1", kind="fixed", dictionary=("relu",), width=1, dimension=2)
    assert discover(alone, plain, budget=40) is None
    assert discover(plain, alone, budget=40) is None


def test_an_open_pair_finds_none():
    # One-sided MoA in two-sided MoA: a product of two gates is no gate, and nothing is known.
    assert discover(moa("one_sided"), moa("two_sided"), budget=30) is None


@pytest.mark.parametrize("budget", [0, -1, 1.5, True])
def test_a_budget_below_one_is_refused(budget):
    with pytest.raises(ValueError, match="required: a budget of at least 1 candidate"):
        discover(moa(), la(), budget=budget)


def test_questions_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="two different classes"):
        discover(la(), la(width=3))
    with pytest.raises(ValueError, match="one output"):
        discover(moa(outputs=2), la())
    with pytest.raises(ValueError, match="unknown family"):
        question("la", "lb")
    with pytest.raises(ValueError, match="a dimension of 1 to 16"):
        question("la", "fixed", dimension=0)
    with pytest.raises(ValueError, match="required: two classes"):
        discover(la(), ())


def test_the_budget_counts_candidates():
    assert len(list(candidates(moa(), budget=25))) == 25
    assert discover(moa(), la(), budget=1) is None  # the second is the answer of d = 2
    assert len(list(candidates(la(dictionary=("id",), bias=False), budget=25))) < 25


def outcomes_of(asked, at_once):
    """The rounds in this process, with their records in memory."""
    records = {}
    rounds = Rounds(asked, at_once, lambda unit: records.get(unit.key))
    for units in rounds:
        assert all(isinstance(unit, DiscoverUnit) for unit in units)
        records |= {unit.key: unit.run().record for unit in units}
    return rounds


def test_rounds_of_any_size_find_what_one_process_finds():
    asked = question(moa(), la(), dimension=2)
    alone = first_found(asked)
    assert alone is not None
    for at_once in (1, 3):
        rounds = outcomes_of(asked, at_once)
        assert rounds.found == alone
        assert rounds.tried == alone.tried
    none = outcomes_of(question(la(), moa(), dimension=1, budget=20), 1)
    assert (none.found, none.tried) == (None, 20)


def test_a_record_that_names_a_member_is_a_contradiction():
    asked = question(moa(), la(), dimension=2, budget=16)
    (unit,) = next(iter(Rounds(asked, 1, lambda unit: None)))
    assert excluded_from(unit.candidates[0].target, (la(),)) is None
    with pytest.raises(RuntimeError, match="contradiction"):
        unit.discovery({"excluded": 0})


def test_t1_is_what_is_found_between_la_and_fixed_in_the_front_door():
    import expressivity

    found = expressivity.discover("la", "fixed")
    assert found is not None
    assert is_identity(found.target.expression, t1().expression) is True
    document = found.json()
    assert document["target"] == "relu(x1) + relu2(x1)"
    assert len(document["exclusions"]) == 7
