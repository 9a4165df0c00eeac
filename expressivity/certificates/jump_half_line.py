"""Certificates of the gradient error of one neuron with biases (B10)."""

from fractions import Fraction
from typing import Any

from expressivity.bounds.jump_half_line import (
    CORNER,
    Cut,
    JumpHalfLine,
    Points,
    Tell,
    Tree,
    best_half_line,
)
from expressivity.certificates.vectors import direction, homogeneous
from expressivity.certificates.writer import claim, sealed
from expressivity.classes.families import Family
from expressivity.classes.jump_parts import has_logistic_half_lines
from expressivity.classes.properties import is_of_a_plain_form
from expressivity.symbolic.enclosure import Enclosure, as_ball, binary_fraction
from expressivity.targets.target import Target

_CUTS = {False: -1, True: -2}  # across b or 1/b, and across w


def is_covered(family: Family) -> bool:
    """Whether a certificate of this kind may be there for a class."""
    return is_of_a_plain_form(family) and family.width == 1 and has_logistic_half_lines(family)


def half_line_certificate(
    target: Target, family: Family, tell: Tell = lambda boxes: None
) -> dict[str, Any] | None:
    """Certificate of the gradient error of every network of a class that is covered, or None.

    Raises:
        ValueError: a target that the grammar of expressions cannot state.
    """
    proof = best_half_line(target, family, tell)
    if proof is None:
        return None
    value = Enclosure(as_ball(Fraction(proof.value))).lower_decimal()
    claims = {"lower_bound": claim(value, "jump-half-line", norm="w1inf")}
    return sealed(target, family.json(), claims, {"jump_half_line": _written(proof)})


def _written(proof: JumpHalfLine) -> dict[str, Any]:
    places: dict[Points, int] = {}

    def tree(parts: Tree) -> list[int]:
        return [
            _CUTS[part.across_w]
            if isinstance(part, Cut)
            else places.setdefault(part.points, len(places))
            for part in parts
        ]

    near = [tree(side.near) for side in proof.sides]
    far = [tree(side.far) for side in proof.sides]
    return {
        "normal": direction(proof.plane.slopes),
        "reach": homogeneous(proof.reach),
        "corner": [binary_fraction(end) for end in CORNER],
        "points": [[binary_fraction(u) for u in points] for points in places],
        "near": near,
        "far": far,
        "steep_points": [
            [binary_fraction(u) for triple in side.steep.triples for u in triple]
            for side in proof.sides
        ],
        "steep": [0, 1],
    }
