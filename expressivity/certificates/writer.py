"""Certificates: bounds as JSON documents with the data that verify them (docs/certificates.md)."""

import hashlib
import json
from pathlib import Path
from typing import Any

from torch import Tensor

from expressivity.bounds.curvature import CurvatureBound
from expressivity.bounds.directions import MAX_WIDTH, Searched
from expressivity.bounds.directions import search as search_directions
from expressivity.bounds.flattening import FlatTail, flat_tail
from expressivity.bounds.integrals.ball_moments import BallMoments, ball_moments, on_ball
from expressivity.bounds.integrals.moments import CertifiedMoments, certified_moments
from expressivity.bounds.rank_tail import RankTail, rank_tail
from expressivity.bounds.ridge_rank import rank_of
from expressivity.bounds.uncut_boxes import Uncut
from expressivity.bounds.uncut_disks import UncutDisks
from expressivity.certificates.network_error import UniformErrors
from expressivity.classes.families import Family
from expressivity.classes.networks import unpack
from expressivity.output import write_answer
from expressivity.symbolic.constants import FUNCTIONS
from expressivity.symbolic.enclosure import Enclosure, binary, binary_fraction
from expressivity.targets.target import Target
from expressivity.targets.writing import to_text

SCHEMA = "expressivity.certificate/3"
SEARCH_WIDTH = MAX_WIDTH
"""Largest width of the search over directions."""
QUICK_SEARCH_WIDTH = 4
"""Largest width of a search that takes seconds; 5 and 6 take up to a minute or two."""
SEARCH_RATIO = 1.005
"""Of the best directions found to what the search proves, where it ends."""


Moments = CertifiedMoments | BallMoments
ClassBound = RankTail | Searched | FlatTail


def lower_certificate(
    target: Target, family: Family, moments: Moments, bound: ClassBound
) -> dict[str, Any]:
    """Certificate that no network of the family comes closer to the target than ``bound`` says.

    Raises:
        ValueError: a target that the grammar of expressions cannot state.
    """
    value = moments.relative(bound.distance_squared).lower_decimal()
    if isinstance(bound, Searched):
        cuts = bound.tree + "0" * (-len(bound.tree) % 4)
        tree = "".join(f"{int(cuts[i : i + 4], 2):x}" for i in range(0, len(cuts), 4))
        method, data = "ridge-search", {"degree": bound.degree, "rank": bound.rank, "tree": tree}
    else:
        flat = isinstance(bound, FlatTail)
        method = "catalecticant" if flat else "ridge-rank"
        data = {
            "degree": bound.degree,
            "rank": bound.rank,
            **({"row_degree": bound.weights.row_degree} if flat else {}),
            "row_weights": list(bound.weights.rows),
            "column_weights": [list(columns) for columns in bound.weights.columns],
            "shift": binary(bound.shift),
            "factor": [
                [[binary(z.real), binary(z.imag)] for z in row] for row in bound.factor.tolist()
            ],
        }
    claims = {"lower_bound": claim(value, method)}
    return sealed(target, family.json(), claims, {method.replace("-", "_"): data})


def class_moments(target: Target, degree: int) -> Moments:
    """Moments of a target on the disk, or on the ball of R^3.

    Raises:
        ValueError: another domain, or a target whose moments cannot be enclosed.
    """
    return (ball_moments if on_ball(target.domain) else certified_moments)(target, degree)


def certify_class(
    target: Target, family: Family, *, degree: int, search: bool = False
) -> dict[str, Any] | None:
    """Certificate of the best lower bound for a class, or None where none is positive.

    Args:
        target: a function on the disk, or on the ball of R^3.
        family: of neurons with a ridge rank; it and the width decide the rank.
        degree: highest degree of the moments.
        search: search over directions (up to width 6) instead of the rank alone.

    Raises:
        ValueError: a target that the grammar of expressions cannot state, or a family that the
            bound does not cover.
    """
    moments = class_moments(target, degree)
    bound = class_bound(moments, family, search=search)
    return None if bound is None else lower_certificate(target, family, moments, bound)


def class_bound(moments: Moments, family: Family, *, search: bool) -> ClassBound | None:
    """The certified bound behind :func:`certify_class`.

    Raises:
        ValueError: a family without a ridge rank, or for the search one that is too wide, or off
            the disk.
    """
    rank = rank_of(family)
    if rank is None:
        raise ValueError(
            "required: neurons with a ridge rank, without gates; got "
            f"{family.neuron}: ask for an upper bound"
        )
    if isinstance(moments, BallMoments):
        if search:
            raise ValueError("required: a target on the disk for a search; got one on the ball")
        return flat_tail(moments, rank, search_weights=True)
    if search:
        found = search_directions(
            moments.sequences,
            family.width,
            multiplicity=rank // family.width,
            ratio=SEARCH_RATIO,
        )
        return found if found.distance_squared > 0 else None
    return rank_tail(moments, rank, search_weights=True)


def curvature_certificate(target: Target, family: Family, bound: CurvatureBound) -> dict[str, Any]:
    """Certificate that no network of the class with this curvature comes closer, at any width.

    Raises:
        ValueError: a target that the grammar of expressions cannot state.
    """
    stated = claim(bound.error.lower_decimal(), "curvature")
    stated["l2"] |= {"curvature": bound.curvature}
    bumps = [[binary_fraction(bump.place), binary_fraction(bump.radius)] for bump in bound.bumps]
    every_width = {**family.json(), "width": None}
    data = {"curvature": {"bumps": bumps}}
    return sealed(target, every_width, {"lower_bound": stated}, data)


def boxes_certificate(target: Target, family: Family, bound: Uncut) -> dict[str, Any]:
    """Certificate that no network of the family comes closer, by boxes that no kink of it cuts.

    Raises:
        ValueError: a target that the grammar of expressions cannot state.
    """
    grid, box = bound.grid, bound.grid.rectangle
    sides = [[box.left, box.right], [box.bottom, box.top]][: target.dimension]
    data = {
        "sides": [[binary_fraction(end) for end in side] for side in sides],
        "counts": [grid.columns, grid.rows][: target.dimension],
    }
    stated = claim(bound.relative.lower_decimal(), "uncut-boxes")
    return sealed(target, family.json(), {"lower_bound": stated}, {"uncut_boxes": data})


def disks_certificate(target: Target, family: Family, bound: UncutDisks) -> dict[str, Any]:
    """Certificate that no network of the family comes closer, by disks that no kink of it cuts.

    Raises:
        ValueError: a target that the grammar of expressions cannot state.
    """
    data = {
        "degree": bound.degree,
        "disks": [
            [binary_fraction(number) for number in (disk.x1, disk.x2, disk.radius)]
            for disk in bound.disks
        ],
        "weights": [binary_fraction(weight) for weight in bound.weights],
    }
    stated = claim(bound.relative.lower_decimal(), "uncut-disks")
    return sealed(target, family.json(), {"lower_bound": stated}, {"uncut_disks": data})


def upper_certificate(
    target: Target,
    family: Family,
    theta_P: Tensor,
    error: Enclosure,
    uniform: UniformErrors | None = None,
) -> dict[str, Any]:
    """Certificate that one network, given by its packed weights, is as close as ``error`` says.

    With ``uniform`` errors it also says so of the pointwise error and that of the gradient.

    Raises:
        ValueError: a target that the grammar of expressions cannot state.
    """
    stated = claim(error.upper_decimal(2), "network-error")
    data: dict[str, Any] = {"network": _network(family, theta_P)}
    if uniform is not None:
        data["place"] = [binary_fraction(c) for c in uniform.place]
        stated |= claim(uniform.supremum.upper_decimal(2), "network-error", norm="sup")
        stated |= claim(uniform.gradient.upper_decimal(2), "network-error", norm="w1inf")
    return sealed(target, family.json(), {"upper_bound": stated}, data)


def claim(value: str, method: str, *, norm: str = "l2") -> dict[str, Any]:
    """One certified value; in w1inf it is absolute, else relative to the target's norm."""
    relative = norm != "w1inf"
    return {norm: {"value": value, "evidence": "certified", "method": method, "relative": relative}}


def _network(family: Family, theta_P: Tensor) -> dict[str, Any]:
    blocks = {name: block[0] for name, block in unpack(family, theta_P.double()[None]).items()}
    blocks["a"] = blocks["a"][0]
    if family.activation is not None:  # evaluated over all activations, stated over its own
        blocks["scale0"] = blocks["scale0"][family.basis.index(family.dictionary[0])][None]
    return {name: _exact(block.tolist()) for name, block in blocks.items()}


def _exact(numbers: Any) -> Any:
    return [_exact(item) for item in numbers] if isinstance(numbers, list) else binary(numbers)


def sealed(
    target: Target,
    family: dict[str, Any],
    claims: dict[str, Any],
    data: dict[str, Any],
) -> dict[str, Any]:
    """The whole document, with its digest.

    Raises:
        ValueError: a target that the grammar of expressions cannot state.
    """
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "target": {"name": target.name, "expression": _stated(target)},
        "domain": target.domain.name,
        "family": family,
        "lower_bound": None,
        "upper_bound": None,
        **claims,
        "data": data,
    }
    return {**document, "digest": digest(document)}


def _stated(target: Target) -> str:
    """The target in the grammar of expressions; a user's as it was given."""
    return target.source if target.name == "expr" else to_text(target.expression, FUNCTIONS)


def digest(document: dict[str, Any]) -> str:
    """SHA-256 of the canonical form of a certificate without its digest.

    >>> digest({})[:8]
    '44136fa3'
    """
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def write(document: dict[str, Any], path: Path) -> None:
    """Write a certificate under a temporary name, then rename it.

    Raises:
        ValueError: a path that cannot be written.
    """
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    write_answer(path, text.encode("ascii"))
