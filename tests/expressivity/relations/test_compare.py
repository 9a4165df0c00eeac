"""Tests of comparisons.

Reference: pairs whose relation was derived by hand. Soundness: no fit below a bound; what separates
is a witness whose weights make the function. Metamorphic: the other order gives the other relation.
Negative: pairs that are not known stay open, and what cannot be compared is refused in one line.
"""

import json
from dataclasses import replace

import pytest
from pairs import EQUAL, INCOMPARABLE, INSIDE, OPEN

import expressivity
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.weights import network_expression
from expressivity.evidence import Evidence
from expressivity.membership.decide import classify
from expressivity.plugins import Plugin
from expressivity.relations.compare import Relation, related, with_gaps, works
from expressivity.relations.directions import Answer
from expressivity.relations.separating import _registered
from expressivity.relations.sides import side
from expressivity.separation.settings import Settings
from expressivity.separation.unit import run_unit
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import TARGETS
from expressivity.targets.domains import Domain, domain_for
from expressivity.targets.target import Target

TANH = GateSpec(name="tanh")
X1, X2 = COORDINATES[:2]
LA = Family(neuron="type1", kind="la", width=1, dimension=1)
KNOWN = {
    **dict.fromkeys(EQUAL, Relation.EQUAL),
    **dict.fromkeys(INSIDE, Relation.INSIDE),
    **dict.fromkeys(INCOMPARABLE, Relation.INCOMPARABLE),
}
QUICK = [("prelu", "relu"), ("relu", "reglu"), ("relu", "gelu"), ("la", "moa")]
SLOW = [pytest.param(*pair, marks=pytest.mark.slow) for pair in KNOWN if pair not in QUICK]


def test_there_are_twenty_pairs():
    assert len(KNOWN) == 20
    assert len(OPEN) >= 5


@pytest.mark.parametrize(("a", "b"), [*QUICK, *SLOW])
def test_every_relation_is_found(a, b):
    found = related(a, b)
    assert found.relation is KNOWN[a, b]
    assert {found.a_in_b.evidence, found.b_in_a.evidence} == {Evidence.PROVED}
    assert found.sentence in str(found)


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b"), OPEN)
def test_what_is_not_known_stays_open(a, b):
    found = related(a, b)
    assert found.relation is Relation.OPEN
    assert found.a_in_b.answer in (Answer.YES, Answer.OPEN)
    assert found.b_in_a.answer is Answer.OPEN
    assert found.b_in_a.evidence is Evidence.UNKNOWN
    assert found.b_in_a.json()["target"] is None
    assert found.sentence.startswith("Open in dimension 3")


def test_the_other_order():
    forth, back = related("relu", "reglu"), related("reglu", "relu")
    assert (forth.relation, back.relation) == (Relation.INSIDE, Relation.CONTAINS)
    assert forth.b_in_a.separating.target == back.a_in_b.separating.target


@pytest.mark.parametrize(("a", "b"), [("relu", "reglu"), ("relu", "gelu"), ("relu2", "prelu")])
def test_both_halves_of_a_separation(a, b):
    found = related(a, b)
    for direction in (found.a_in_b, found.b_in_a):
        apart = direction.separating
        if apart is None:
            continue
        member = apart.member
        assert network_expression(member.family, member.witness) == apart.target.expression
        for other in apart.outside:
            again = classify(apart.target, other.family)
            assert again.obstruction == other.obstruction is not None


def test_a_union_needs_a_function_outside_all_of_it():
    small = tuple(
        Family(neuron="type1", kind="fixed", dictionary=(s,), width=1, dimension=1)
        for s in ("relu", "tanh")
    )
    union = replace(side("fixed", TANH, 1), families={1: small})
    assert len(union.at_width(4, 1)) == 2
    found = related("la", "fixed", dimension=1)
    assert len(found.a_in_b.separating.outside) == 7
    assert len(found.b_in_a.paths) == 7


def made_from(expression, domain):
    """A factory of targets, as packages register them."""
    return lambda lambda_, gate, activations: Target(
        name="theirs", expression=expression, domain=domain, source=""
    )


def test_only_targets_on_the_unit_ball_separate(monkeypatch):
    """What is outside on the cube may not be on the ball, which answers are about."""
    plane, cube = replace(LA, dimension=2), Domain(name="cube", dimension=2, shape="cube")
    own = {target.expression for target in _registered([plane])}
    monkeypatch.setattr(TARGETS, "_entries", dict(TARGETS._entries))
    TARGETS.add("theirs_on_the_cube", made_from(X1**2 * X2, cube))
    TARGETS.add("theirs_on_the_ball", made_from(X1**3 * X2, domain_for(2)))
    found = list(_registered([plane]))
    assert {target.expression for target in found} == own | {X1**3 * X2}
    assert all(target.domain == domain_for(2) for target in found)


def test_a_target_that_another_package_cannot_make_is_left_out(monkeypatch, caplog):
    monkeypatch.setattr(TARGETS, "_entries", dict(TARGETS._entries))
    monkeypatch.setattr(TARGETS, "_origins", dict(TARGETS._origins))
    package = Plugin(name="odd", group="expressivity.targets", package="odd 1.0", own=False)
    monkeypatch.setattr(TARGETS, "_loading", package)
    TARGETS.add("odd", lambda lambda_, gate, activations: 1 / 0)
    monkeypatch.setattr(TARGETS, "_loading", None)
    assert list(_registered([LA]))
    assert "left out: target 'odd' of odd 1.0" in caplog.text


def test_dimensions():
    assert related("relu", "reglu").dimension == 1
    assert related("relu", "reglu", dimension=2).dimension == 2
    found = related("moa", "la", dimension=1)
    assert (found.relation, found.dimension) == (Relation.CONTAINS, 1)


def fitted(widths, settings):
    found = related("relu", "reglu")
    return with_gaps(found, works(found, widths, settings), lambda unit: run_unit(unit)[0])


def test_the_document():
    found = fitted((1, 2), Settings(restarts=4, candidates=1))
    document = json.loads(json.dumps(found.json(), allow_nan=False))
    assert document["schema"] == "expressivity.compare/1"
    assert document["relation"] == "inside"
    assert document["a_in_b"]["maps"][0]["steps"][0]["name"] == "type1 in one_sided"
    assert document["b_in_a"]["target"] == "x1*relu(x1)"
    (gap,) = document["gaps"]
    assert gap["excluded"] == "relu"
    assert [row["family"]["width"] for row in gap["results"]] == [1, 2, 1]
    assert found.contradictions == []
    for row in gap["results"][:2]:
        assert row["lower_bound"]["l2"]["value"] <= row["error"]["l2"]["value"]
    assert gap["results"][2]["error"]["l2"]["value"] < 1e-10
    costs = document["costs"]
    assert costs["a"]["width"] == costs["b"]["width"] == 2
    assert costs["a"]["parameters"] < costs["b"]["parameters"]
    assert "fitted relative l2 error" in str(found)


def test_a_fit_below_a_bound_is_told():
    found = fitted((1,), Settings(restarts=2, candidates=1))
    (gap,) = found.gaps
    low = replace(gap.results[0], error={**gap.results[0].error, "l2": 1e-9}, l2_estimate=0.0)
    broken = replace(found, gaps=(replace(gap, results=(low,)),))
    assert "is below" in broken.contradictions[0]


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ("swiglo", "relu", "did you mean swiglu"),
        ("relu", "zzz", "unknown family .* choose from fixed, la"),
        ("relu", "relu", "are one"),
        ("la", LA, "are one"),
        ("glu-silu", "swiglu", "are one"),
        (LA, replace(LA, outputs=2), "equally many outputs"),
    ],
)
def test_what_cannot_be_compared(a, b, told):
    with pytest.raises(ValueError, match=told) as refusal:
        related(a, b)
    assert "\n" not in str(refusal.value)


def test_a_class_that_does_not_exist_in_a_dimension():
    from expressivity.classes.catalogue import FAMILIES, family_of

    def plane(width, dimension):
        if dimension != 2:
            raise ValueError("required: dimension 2")
        return family_of("fixed", dictionary=("relu",), bias=False)(width, dimension)

    FAMILIES.add("plane", plane)
    try:
        with pytest.raises(ValueError, match="dimension 1; plane does not"):
            related("plane", "la", dimension=1)
        assert related("plane", "relu").a_in_b.answer is Answer.YES
    finally:
        FAMILIES._entries.pop("plane")


def test_the_front_door():
    found = expressivity.compare("prelu", "relu", widths=None)
    assert isinstance(found, expressivity.Comparison)
    assert found.sentence == "prelu and relu are the same functions, over all widths."
