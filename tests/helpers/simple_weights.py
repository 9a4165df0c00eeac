"""Simple exact weights of any family, drawn at random."""

import random

import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.kinds import Constraint
from expressivity.classes.weights import Weights


def simple_weights(family: Family, seed: int) -> Weights:
    """Weights p/q with abs(p) <= 4, q <= 2; a is not 0, coefficients obey the constraint.

    Parameters of neurons are 1/4, 1/2, 1 or 2 beyond where a layer starts.
    """
    draw = random.Random(f"{family} {seed}")
    return Weights(blocks={name: _block(draw, family, name) for name in family.shapes})


def _block(draw: random.Random, family: Family, name: str) -> sp.ImmutableMatrix:
    shape = family.shapes[name]
    rows, columns = shape if len(shape) == 2 else (*shape, 1)
    block = sp.Matrix(rows, columns, lambda *_: _number(draw, zero=name != "a"))
    if name == "p":
        starts = [sp.Rational(str(p.initial)) for p in family.record.parameters]
        more = (sp.Rational(1, 4), sp.Rational(1, 2), sp.Integer(1), sp.Integer(2))
        block = sp.Matrix([[start + draw.choice(more) for start in starts] for _ in range(rows)])
    elif name.startswith("scale") and family.frozen(name) is not None:
        ones = [int(family.activation in (None, s)) for s in family.basis]
        block = sp.Matrix(ones * (rows // len(ones)))
    elif name.startswith("scale") and family.constraint is not Constraint.FREE:
        size = rows // family.group_count
        for first in range(0, rows, size):
            vector = block[first : first + size, :]
            if family.constraint is Constraint.SIMPLEX:
                vector = vector.applyfunc(lambda c: abs(c) + 1)
            vector[0] = vector[0] + (1 if sum(vector) == 0 else 0)
            block[first : first + size, :] = vector / sum(vector)
    elif family.frozen(name) is not None:
        block[:, -1] = sp.zeros(rows, 1)
    return sp.ImmutableMatrix(block)


def _number(draw: random.Random, *, zero: bool) -> sp.Rational:
    numerators = range(-4, 5) if zero else [n for n in range(-4, 5) if n]
    return sp.Rational(draw.choice(numerators), draw.choice((1, 1, 2)))
