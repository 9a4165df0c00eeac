"""Tests of the verification of witnesses.

Reference: equal expressions, small and large. Negative: wrong witnesses of large networks, in
every block; functions that differ on a kink alone; foreign symbols and arguments that cancel.
Soundness: whatever is called the same agrees in high precision at points.
"""

import itertools
import random
import sys

import pytest
import sympy as sp
from random_members import random_members

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.weights import Weights, network_expression
from expressivity.evidence import Verdict
from expressivity.membership.decide import classify, decide
from expressivity.membership.recognition import Recognition, recognise
from expressivity.membership.recognition.normal_form import Ring, UnrecognisedError
from expressivity.membership.recognition.verification import MAX_EXPONENTIALS, same_function
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target

X, Y, FOREIGN = COORDINATES[:3]
SYMBOLS = (X, Y)
RELU = ACTIVATIONS["relu"]


def large_network():
    """A MoA family, weights in it and its function."""
    family = Family(
        kind=Kind.MOA,
        neuron="type1",
        width=3,
        dimension=2,
        dictionary=FULL_DICTIONARY,
        gate=GateSpec(name="sigmoid"),
    )
    draw = random.Random(3)
    blocks = {
        name: sp.ImmutableMatrix(
            shape[0],
            shape[1] if len(shape) == 2 else 1,
            lambda *_: sp.Rational(draw.choice((-5, -3, -2, -1, 1, 2, 4)), draw.randint(1, 3)),
        )
        for name, shape in family.shapes.items()
    }
    weights = Weights(blocks=blocks)
    return family, weights, network_expression(family, weights)


FAMILY, WEIGHTS, NETWORK = large_network()


def is_quotient(node):
    return node.is_Pow and node.exp == -1 and node.has(sp.exp)


def mirrored(node):
    """1/(1 + exp(u)) as exp(-u)/(1 + exp(-u))."""
    (exponential,) = node.atoms(sp.exp)
    return 1 / exponential / (1 + 1 / exponential)


REWRITTEN = NETWORK.replace(is_quotient, mirrored)


def is_large(difference):
    return len(difference.atoms(sp.exp, sp.tanh)) > 2 * MAX_EXPONENTIALS


def moved(name, row, column):
    """The weights with one entry moved by 1/1000."""
    block = sp.Matrix(WEIGHTS[name])
    block[row, column] += sp.Rational(1, 1000)
    return Weights(blocks={**WEIGHTS.blocks, name: block.as_immutable()})


ENTRIES = [
    (name, row, column)
    for name, block in WEIGHTS.blocks.items()
    for row, column in itertools.product(range(block.rows), range(block.cols))
]


@pytest.fixture
def no_reduction(monkeypatch):
    """Only normal forms may decide, as they do for large differences."""
    module = sys.modules["expressivity.membership.recognition.verification"]
    monkeypatch.setattr(module, "is_identity", lambda *_: pytest.fail("reduced cell by cell"))


def test_equal_large_networks_are_the_same_function(no_reduction):
    assert is_large(NETWORK - REWRITTEN)
    assert same_function(NETWORK, REWRITTEN, SYMBOLS)
    negated = {**WEIGHTS.blocks, "a": -WEIGHTS["a"], "scale0": -WEIGHTS["scale0"]}
    again = network_expression(FAMILY, Weights(blocks=negated))
    assert same_function(again, REWRITTEN, SYMBOLS)


@pytest.mark.parametrize("entry", ENTRIES[::3], ids=lambda e: "-".join(map(str, e)))
def test_wrong_witnesses_of_large_networks_are_rejected(entry):
    wrong = network_expression(FAMILY, moved(*entry))
    assert is_large(wrong - REWRITTEN)
    assert not same_function(wrong, REWRITTEN, SYMBOLS)


@pytest.mark.parametrize("entry", [("a", 0, 1), ("u0", 3, 2), ("w", 2, 0)], ids=str)
def test_a_planted_wrong_witness_is_no_witness(monkeypatch, entry):
    module = sys.modules["expressivity.membership.recognition.recognise"]
    planted = [Recognition(family=FAMILY, weights=moved(*entry))]
    monkeypatch.setattr(module, "_candidates", lambda *_: iter(planted))
    assert recognise(NETWORK, FAMILY) is None
    target = Target(name="expr", expression=NETWORK, domain=domain_for(2), source="test")
    for verdict in (classify(target, FAMILY).membership, decide(target, FAMILY)):
        assert verdict.verdict is Verdict.UNKNOWN
    planted[:] = [Recognition(family=FAMILY, weights=WEIGHTS)]
    assert recognise(NETWORK, FAMILY) is not None


def large(part):
    """A pair with this difference that is too large to be reduced cell by cell."""
    return NETWORK + part, REWRITTEN


def test_functions_that_differ_on_a_kink_alone_are_not_the_same():
    above = sp.Piecewise((sp.S.One, X > 0), (sp.S.Zero, True))
    below = sp.Piecewise((sp.S.One, X < 0), (sp.S.Zero, True))
    difference = above + below - 1  # -1 at 0, else 0
    assert not Ring(SYMBOLS).parse(difference)
    assert not same_function(*large(difference), SYMBOLS)
    assert not same_function(difference, sp.S.Zero, SYMBOLS)
    assert same_function(*large(RELU(X) - RELU(-X) - X), SYMBOLS)
    assert same_function(*large(sp.Abs(X - Y) - RELU(X - Y) - RELU(Y - X)), SYMBOLS)


def test_arguments_that_cancel():
    hidden = (X + 1) ** 2 - X**2 - 2 * X - 1  # 0, and sympy does not see it
    ring = Ring(SYMBOLS)
    assert ring.parse(sp.tanh(hidden)) == {}
    assert ring.parse(sp.tanh(hidden + X)) == ring.parse(sp.tanh(X))
    for value in (-1, 1, 2):
        assert not same_function(*large(sp.tanh(hidden) - value), SYMBOLS)
    assert same_function(*large(sp.tanh(hidden)), SYMBOLS)
    for kinked in (RELU, sp.Abs):
        with pytest.raises(UnrecognisedError):
            ring.parse(kinked(hidden))


@pytest.mark.parametrize(
    "part",
    [
        FOREIGN,
        sp.tanh(FOREIGN),
        sp.tanh(X + FOREIGN) - sp.tanh(X),
        RELU(FOREIGN - X),
        sp.zoo,
        sp.nan,
        1 / (sp.exp(X) - 1),
        sp.Float(0.1) * X,
    ],
    ids=str,
)
def test_what_the_normal_form_does_not_know_is_refused(part):
    with pytest.raises(UnrecognisedError):
        Ring(SYMBOLS).parse(part)


@pytest.mark.parametrize(
    ("members", "least"), [(8, 4), pytest.param(25, 12, marks=pytest.mark.slow)]
)
def test_witnesses_agree_at_points(members, least):
    """60 digits at a point, off all kinks, for every witness that the search returns."""
    checked = 0
    point = {X: sp.Rational(3141, 1000), Y: -sp.Rational(2718, 1000)}
    for member in random_members(11, members):
        found = recognise(member.target.expression, member.family, steps=300_000)
        if found is None:
            continue
        network = network_expression(found.family, found.weights)
        difference = (network - member.target.expression).subs(point)
        assert difference == 0 or abs(sp.N(difference, 60, maxn=200)) < 1e-50
        checked += 1
    assert checked >= least
