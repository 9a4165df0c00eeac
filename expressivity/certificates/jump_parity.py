"""Certificates of the gradient error of one neuron without biases (B9)."""

from fractions import Fraction
from typing import Any

from expressivity.bounds.jump_parity import best_parity
from expressivity.certificates.vectors import direction, homogeneous
from expressivity.certificates.writer import claim, sealed
from expressivity.classes.families import Family
from expressivity.classes.jump_parts import jump_parts
from expressivity.classes.properties import is_of_a_plain_form
from expressivity.symbolic.enclosure import Enclosure, as_ball, binary_fraction
from expressivity.targets.target import Target


def covers(family: Family) -> bool:
    """Whether a certificate of this kind may be there for a class."""
    return is_of_a_plain_form(family) and family.width == 1 and jump_parts(family) != (None, None)


def parity_certificate(target: Target, family: Family) -> dict[str, Any] | None:
    """Certificate of the gradient error of every network of a class that is covered, or None.

    Raises:
        ValueError: a target that the grammar of expressions cannot state.
    """
    proof = best_parity(target, family)
    if proof is None:
        return None
    alone = len(proof.pieces) == 1
    data = {
        "normal": direction(proof.plane.slopes),
        "reach": homogeneous(proof.reach),
        "odd": proof.odd,
        "ends": [] if alone else [binary_fraction(piece.where.low) for piece in proof.pieces[1:]],
        "points": [[binary_fraction(u) for u in piece.places] for piece in proof.pieces],
    }
    value = Enclosure(as_ball(Fraction(proof.value))).lower_decimal()
    claims = {"lower_bound": claim(value, "jump-parity", norm="w1inf")}
    return sealed(target, family.json(), claims, {"jump_parity": data})
