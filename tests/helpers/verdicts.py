"""Families of a target by a few words, and the verdict on them; random networks."""

import itertools

import sympy as sp
from hypothesis import strategies as st

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import FIXED_FORMS, Kind
from expressivity.classes.neurons import FORMS
from expressivity.evidence import Evidence, Verdict
from expressivity.membership.decide import decide
from expressivity.membership.witnesses import (
    Weights,
)
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target

X, Y = COORDINATES[:2]
SMALL = ("id", "relu", "tanh")
GATES = ("sigmoid", "tanh", "softmax")
SWITCHES = tuple(itertools.product((False, True), repeat=2))


def family_of(target, kind, form, gate=None, **changes):
    spec = GateSpec(name=gate) if isinstance(gate, str) else gate
    settings_ = {
        "width": 1,
        "dimension": target.dimension,
        "bias": target.bias,
        "gate": spec,
    }
    return Family(kind=kind, neuron=form, **{**settings_, **changes})


def verdict(target, family, bounds=()):
    found = decide(target, family, bounds)
    assert (found.evidence is Evidence.UNKNOWN) == (found.verdict is Verdict.UNKNOWN)
    return found.verdict


def as_target(expression, dimension, **changes):
    return Target(
        name="expr",
        expression=expression,
        domain=domain_for(dimension),
        source="test",
        **changes,
    )


# Properties


def rationals():
    return st.builds(sp.Rational, st.integers(-6, 6), st.integers(1, 4))


@st.composite
def networks(draw, *, dictionary=None, max_width=2, kinds=tuple(Kind)):
    kind = draw(st.sampled_from(kinds))
    form = draw(st.sampled_from(FIXED_FORMS if kind is Kind.FIXED else FORMS))
    chosen = draw(st.permutations(FULL_DICTIONARY)) if dictionary is None else dictionary
    size = 1 if kind is Kind.FIXED else min(3, len(chosen))
    gate = None
    if kind is Kind.MOA:
        gate = GateSpec(
            name=draw(st.sampled_from(GATES)), scale=draw(st.booleans()), bias=draw(st.booleans())
        )
    family = Family(
        kind=kind,
        neuron=form,
        width=draw(st.integers(1, max_width)),
        dimension=draw(st.integers(1, 2)),
        dictionary=tuple(chosen[:size]),
        gate=gate,
        bias=draw(st.booleans()),
    )
    return family, draw_weights(draw, family)


def draw_weights(draw, family):
    blocks = {}
    for name, shape in family.shapes.items():
        rows, columns = shape if len(shape) == 2 else (*shape, 1)
        numbers = st.lists(rationals(), min_size=rows * columns, max_size=rows * columns)
        block = sp.Matrix(rows, columns, draw(numbers))
        if name.startswith("scale") and family.frozen(name) is not None:
            fixed = family.kind is Kind.FIXED
            ones = family.dictionary if fixed else family.basis
            row = [int(not fixed or s in ones) for s in family.basis]
            block = sp.Matrix(row * (family.coefficients // len(row)))
        elif family.frozen(name) is not None:
            block[:, -1] = sp.zeros(rows, 1)
        blocks[name] = block.as_immutable()
    return Weights(blocks=blocks)
