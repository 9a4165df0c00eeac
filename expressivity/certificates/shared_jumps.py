"""Certificates against MoA of every width, by the jumps of the target's gradient (B5)."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from expressivity.bounds.shared_amplitude import SharedJumps, best_proof
from expressivity.certificates.vectors import direction, homogeneous
from expressivity.certificates.writer import claim, sealed
from expressivity.classes.amplitudes import amplitude
from expressivity.classes.families import Family
from expressivity.symbolic.enclosure import Enclosure, as_ball, binary, precision
from expressivity.symbolic.points import Point, exact_form
from expressivity.targets.crossings import Edge
from expressivity.targets.target import Target

_BESIDE = Fraction(1, 1024)  # how far a direction turns from the other hyperplane
_BITS = 200  # more than a difference of two floats of similar size needs

Vector = tuple[Fraction, ...]


def jump_certificate(target: Target, family: Family) -> dict[str, Any] | None:
    """Certificate of the gradient error of every network of a class; None where there is none.

    Raises:
        ValueError: a class whose jumps are not known to share so few functions; a target that the
            grammar of expressions cannot state; kinks without rational coefficients.
    """
    known = amplitude(family)
    if known is None or known.gates != 1 or known.degree or not known.shared:
        raise ValueError(
            "required: moa in type1, with kinks, for a bound of the gradient error, or la in "
            "two_sided or quadratic of width 1 without biases, over activations such as id, relu, "
            f"silu, tanh; got {family.class_label}"
        )
    proof = best_proof(target, family)
    if proof is None:
        return None
    value = Enclosure(as_ball(Fraction(proof.value))).lower_decimal()
    every_width = {**family.json(), "width": None}
    claims = {"lower_bound": claim(value, "shared-amplitude", norm="w1inf")}
    return sealed(target, every_width, claims, {"shared_amplitude": jump_data(proof, target)})


def jump_data(proof: SharedJumps, target: Target) -> dict[str, Any]:
    """The data of docs/certificates.md: planes, points, directions and weights."""
    cycle = proof.weights is None
    edges = [pair[0] for pair in proof.edges] if cycle else proof.edges[0]
    planes = [_plane(edge.above.level, target) for edge in edges]
    return {
        "planes": [direction(plane) for plane in planes],
        "points": [homogeneous(_values(point)) for point in proof.points],
        "directions": [
            [direction(_direction(edge, point, target)) for edge in row]
            for point, row in zip(proof.points, proof.edges, strict=True)
        ],
        "weights": None
        if proof.weights is None
        else [[_exact(weight) for weight in row] for row in proof.weights],
    }


def _plane(level: sp.Expr, target: Target) -> Vector:
    form: Any = exact_form(level, target.coordinates)
    if form is None or not all(c.is_Rational for c in form):
        raise ValueError(
            f"required: kinks along hyperplanes with rational coefficients; got one at {level} = 0"
        )
    return tuple(Fraction(int(c.p), int(c.q)) for c in form)


def _values(point: Point) -> Vector:
    values: list[Any] = list(point.values())
    if not all(value.is_Rational for value in values):
        raise ValueError("required: kinks that meet at rational points, for a certificate")
    return tuple(Fraction(int(v.p), int(v.q)) for v in values)


def _direction(edge: Edge, point: Point, target: Target) -> Vector:
    """From the point into the hyperplane, towards the edge's own point and its positive side."""
    here, own = _values(point), _values(dict(edge.above.point))
    normal = _plane(edge.above.level, target)[:-1]
    other = _plane(edge.other, target)[:-1]
    share = _inner(normal, other) / _inner(normal, normal)
    aside = [b - share * a for a, b in zip(normal, other, strict=True)]
    scale = _BESIDE / max(abs(a) for a in aside)
    return tuple(q - p + scale * a for p, q, a in zip(here, own, aside, strict=True))


def _inner(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(one, other, strict=True)), Fraction(0))


def _exact(weight: Fraction) -> str:
    with precision(_BITS):
        return binary(as_ball(weight))
