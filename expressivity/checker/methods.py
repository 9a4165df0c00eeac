"""The methods: since which schema there are bounds by them, of what, and how they are verified."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from expressivity.checker.bumps import read_bumps
from expressivity.checker.catalecticant import verify_catalecticant
from expressivity.checker.certificate import Certificate
from expressivity.checker.curvature import verify_curvature
from expressivity.checker.disks import pieces_are_known, read_disks
from expressivity.checker.families import FORMS, Family
from expressivity.checker.flattenings import read_flattening
from expressivity.checker.free_knots import AFFINE, read_free_knots, verify_free_knots
from expressivity.checker.grids import DEGREES, read_boxes
from expressivity.checker.half_lines import ON_HALF_LINES, read_half_lines
from expressivity.checker.jump_half_line import verify_jump_half_line
from expressivity.checker.jump_parity import verify_jump_parity
from expressivity.checker.jumps import read_jumps
from expressivity.checker.lower import verify_ridge_rank
from expressivity.checker.parities import read_parity
from expressivity.checker.ridges import read_ridge_rank, read_ridge_search
from expressivity.checker.search import verify_ridge_search
from expressivity.checker.shared_amplitude import verify_shared_amplitude
from expressivity.checker.uncut_boxes import verify_uncut_boxes
from expressivity.checker.uncut_disks import verify_uncut_disks
from expressivity.checker.upper import verify_gradient, verify_network_error, verify_supremum

MAX_SEARCHED_WIDTH = 6
UNKINKED = ("id", "relu2", "gelu", "silu", "tanh")  # C^1


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the data of a lower bound are about."""

    family: Family
    dimension: int
    schema: int
    curvature: Fraction | None  # that a claim states


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method of lower bounds."""

    since: int  # the schema
    dimensions: Collection[int]
    covers: Callable[[Family], bool]
    read: Callable[[object, Context], object]
    verify: Callable[[Certificate, Fraction], None]
    every_width: bool = False
    norm: Literal["l2", "w1inf"] = "l2"


def _without_gates(
    family: Family, forms: Collection[str], activations: Collection[str] | None = None
) -> bool:
    plain = family.kind in ("fixed", "la") and family.form in forms
    return plain and (activations is None or set(family.dictionary) <= set(activations))


LOWER: dict[str, Method] = {
    "ridge-rank": Method(
        since=1,
        dimensions=(2,),
        covers=lambda family: _without_gates(family, FORMS[:2]),
        read=lambda value, of: read_ridge_rank(value, of.family, of.schema),
        verify=verify_ridge_rank,
    ),
    "ridge-search": Method(
        since=1,
        dimensions=(2,),
        covers=lambda family: (
            _without_gates(family, FORMS[:2]) and family.width <= MAX_SEARCHED_WIDTH
        ),
        read=lambda value, of: read_ridge_search(value, of.family, of.schema),
        verify=verify_ridge_search,
    ),
    "catalecticant": Method(
        since=3,
        dimensions=(3,),
        covers=lambda family: _without_gates(family, FORMS[:2]),
        read=lambda value, of: read_flattening(value, of.family.rank),
        verify=verify_catalecticant,
    ),
    "free-knot": Method(
        since=3,
        dimensions=(1,),
        covers=lambda family: _without_gates(family, FORMS[:1], AFFINE),
        read=lambda value, of: read_free_knots(value, of.family),
        verify=verify_free_knots,
    ),
    "uncut-boxes": Method(
        since=3,
        dimensions=(1, 2),
        covers=lambda family: _without_gates(family, FORMS, DEGREES),
        read=lambda value, of: read_boxes(value, of.family, of.dimension),
        verify=verify_uncut_boxes,
    ),
    "uncut-disks": Method(
        since=3,
        dimensions=(2,),
        covers=pieces_are_known,
        read=lambda value, of: read_disks(value, of.family),
        verify=verify_uncut_disks,
    ),
    "curvature": Method(
        since=2,
        dimensions=(1,),
        covers=lambda family: _without_gates(family, FORMS[:1], UNKINKED),
        read=lambda value, of: read_bumps(value, of.curvature),
        verify=verify_curvature,
        every_width=True,
    ),
    "shared-amplitude": Method(
        since=3,
        dimensions=range(2, 100),
        covers=lambda family: family.form == "type1",
        read=lambda value, of: read_jumps(value, of.dimension, of.family.groups),
        verify=verify_shared_amplitude,
        every_width=True,
        norm="w1inf",
    ),
    "jump-parity": Method(
        since=3,
        dimensions=range(2, 100),
        covers=lambda family: (
            family.kind == "la"
            and family.form in FORMS[2:]
            and (family.width, family.groups, family.bias) == (1, 1, False)
        ),
        read=lambda value, of: read_parity(value, of.family, of.dimension),
        verify=verify_jump_parity,
        norm="w1inf",
    ),
    "jump-half-line": Method(
        since=3,
        dimensions=range(2, 100),
        covers=lambda family: (
            family.kind == "la"
            and _without_gates(family, FORMS[2:], ON_HALF_LINES)
            and (family.width, family.groups) == (1, 1)
        ),
        read=lambda value, of: read_half_lines(value, of.dimension),
        verify=verify_jump_half_line,
        norm="w1inf",
    ),
}

UPPER: dict[str, Callable[[Certificate, Fraction], None]] = {
    "l2": verify_network_error,
    "sup": verify_supremum,
    "w1inf": verify_gradient,
}
"""What method network-error claims, by norms; the last two since schema 3, on the disk."""
