"""Coq files in which values of random networks and expressions are proved to be Python's.

Weights and points are rational. Networks without gates over piecewise polynomials are proved to
have exactly Python's value, all others one within 1e-6 of it, relative where it is above 1.
"""

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import sympy as sp
from random_members import Member

from expressivity.classes.families import Family, map_names
from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.parser import parse
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.translation import to_sympy
from proofs.kernel import terms

PRELUDE = (Path(__file__).parent / "fidelity.v").read_text("utf-8")


def points(draw: random.Random, dimension: int, count: int) -> list[list[sp.Rational]]:
    """Rational points, coordinates within [-2, 2]."""
    return [
        [sp.Rational(draw.randint(-8, 8), draw.randint(4, 7)) for _ in range(dimension)]
        for _ in range(count)
    ]


def value_at(function: sp.Expr, point: Sequence[sp.Rational]) -> sp.Expr:
    """The exact value, a number that sympy may write with exp and erf."""
    return function.subs(dict(zip(COORDINATES, point, strict=False)))


def rounded(value: sp.Expr) -> sp.Rational:
    """A rational number that is near, from ball arithmetic."""
    ball = interpret(value, {}, BALL)
    return sp.Rational(str(ball.str(20, radius=False)))


def is_near(term: str, value: sp.Expr, *, digits: int) -> str:
    """The goal that a term is near a number, to so many digits."""
    near = rounded(value)
    tolerance = terms.number(max(sp.ceiling(abs(near)), 1) * sp.Rational(1, 10**digits))
    return f"Rabs ({term} - {terms.number(near)}) <= {tolerance}"


def is_rational(family: Family) -> bool:
    """Whether networks with rational weights have rational values at rational points."""
    used = family.dictionary if family.activation is None else (family.activation,)
    return family.gate is None and set(used) <= {"id", "relu", "relu2", "leaky_relu"}


def is_small(family: Family) -> bool:
    """Whether few exponentials are to be enclosed: every gate of a softmax has those of all."""
    size = family.size(0)
    joint = size if family.gate is not None and family.gate.name == "softmax" else 1
    return size * joint * family.width <= 150


def network_goals(name: str, member: Member, at: Sequence[Sequence[sp.Rational]]) -> Iterator[str]:
    """The network as a definition, and its value at each point."""
    family, weights = member.family, member.weights
    yield f"Definition {name} := {terms.network(family, weights)}."
    for point in at:
        term, value = f"{name} {terms.numbers(point)}", value_at(member.target.expression, point)
        if is_rational(family):
            goal = f"{term} = {terms.number(value)}"
            yield f"Goal {goal}.\nProof. unfold {name}. evaluate. exactly. Qed."
            continue
        rows = [weights[block] * sp.Matrix([*point, 1]) for block in map_names(family.record.maps)]
        known = dict.fromkeys(terms.number(entry) for column in rows for entry in column)
        steps = " ".join(f"repeat at_value {entry}." for entry in known)
        goal = is_near(term, value, digits=3 if "gelu" in family.dictionary else 6)
        yield f"Goal {goal}.\nProof. unfold {name}. evaluate. {steps} enclosed. Qed."


def expression_goals(
    text: str, at: Sequence[Sequence[sp.Rational]], *, digits: int = 5
) -> Iterator[str]:
    """The value of an expression of the program's grammar at each point."""
    parsed = parse(text, functions=tuple(terms.FUNCTIONS))
    function = to_sympy(parsed)
    for point in at:
        term = terms.expression(parsed.root, [terms.number(entry) for entry in point])
        goal = is_near(term, value_at(function, point), digits=digits)
        yield f"Goal {goal}.\nProof. enclosed. Qed."


def random_expression(draw: random.Random, depth: int = 2) -> str:
    """A target in x1 and x2: products and sums of functions of affine maps, without GELU."""
    if depth == 0:
        a, b, c = (Fraction(draw.randint(-6, 6), draw.randint(1, 4)) for _ in range(3))
        called = draw.choice([name for name in terms.FUNCTIONS if name != "gelu"])
        return f"({called}(({a})*x1 + ({b})*x2 + ({c})))"
    left, right = random_expression(draw, depth - 1), random_expression(draw, depth - 1)
    return f"({left} {draw.choice('+-*')} {right})"
