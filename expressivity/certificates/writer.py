"""Certificates: bounds as JSON documents with the data that verify them (docs/certificates.md)."""

import hashlib
import json
from pathlib import Path
from typing import Any

from torch import Tensor

from expressivity.bounds.curvature import CurvatureBound
from expressivity.bounds.directions import Searched
from expressivity.bounds.directions import search as search_directions
from expressivity.bounds.integrals.moments import CertifiedMoments, certified_moments
from expressivity.bounds.rank_tail import RankTail, rank_tail
from expressivity.bounds.ridge_rank import rank_of
from expressivity.bounds.uncut_boxes import Uncut
from expressivity.classes.families import Family
from expressivity.classes.networks import unpack
from expressivity.output import write_atomically
from expressivity.symbolic.constants import FUNCTIONS
from expressivity.symbolic.enclosure import Enclosure, binary, binary_fraction
from expressivity.targets.target import Target
from expressivity.targets.writing import to_text

SCHEMA = "expressivity.certificate/2"
SEARCH_WIDTH = 2
"""Largest width of the search over directions."""
SEARCH_RATIO = 1.01
"""Of the best directions found to what the search proves, where it ends."""


def lower_certificate(
    target: Target, family: Family, moments: CertifiedMoments, bound: RankTail | Searched
) -> dict[str, Any]:
    """Certificate that no network of the family comes closer to the target than ``bound`` says.

    Raises:
        ValueError: a target that the grammar of expressions cannot state.
    """
    value = moments.relative(bound.distance_squared).lower_decimal()
    if isinstance(bound, Searched):
        data = {"ridge_search": {"degree": bound.degree, "rank": family.width}}
        return _sealed(target, family.json(), {"lower_bound": _claim(value, "ridge-search")}, data)
    ridge_rank = {
        "degree": bound.degree,
        "rank": bound.rank,
        "row_weights": list(bound.weights.rows),
        "column_weights": [list(columns) for columns in bound.weights.columns],
        "shift": binary(bound.shift),
        "factor": [
            [[binary(z.real), binary(z.imag)] for z in row] for row in bound.factor.tolist()
        ],
    }
    claim = _claim(value, "ridge-rank")
    return _sealed(target, family.json(), {"lower_bound": claim}, {"ridge_rank": ridge_rank})


def certify_class(
    target: Target, family: Family, *, degree: int, search: bool = False
) -> dict[str, Any] | None:
    """Certificate of the best lower bound for a class, or None where none is positive.

    Args:
        target: a function on the disk.
        family: of neurons with a ridge rank; it and the width decide the rank.
        degree: highest degree of the moments.
        search: search over directions (functions of one map, widths 1 and 2) instead of the rank
            alone.

    Raises:
        ValueError: a target that the grammar of expressions cannot state, or a family that the
            bound does not cover.
    """
    moments = certified_moments(target, degree)
    bound = class_bound(moments, family, search=search)
    return None if bound is None else lower_certificate(target, family, moments, bound)


def class_bound(
    moments: CertifiedMoments, family: Family, *, search: bool
) -> RankTail | Searched | None:
    """The certified bound behind :func:`certify_class`.

    Raises:
        ValueError: a family without a ridge rank, or for the search with one above its width.
    """
    rank = rank_of(family)
    if rank is None or (search and rank > family.width):
        raise ValueError(
            f"required: {'functions of one map' if search else 'neurons with a ridge rank'}, "
            f"without gates; got {family.neuron}: ask for an upper bound"
        )
    if search:
        found = search_directions(moments.sequences, family.width, ratio=SEARCH_RATIO)
        return found if found.distance_squared > 0 else None
    return rank_tail(moments, rank, search_weights=True)


def curvature_certificate(target: Target, family: Family, bound: CurvatureBound) -> dict[str, Any]:
    """Certificate that no network of the class with this curvature comes closer, at any width.

    Raises:
        ValueError: a target that the grammar of expressions cannot state.
    """
    claim = _claim(bound.error.lower_decimal(), "curvature")
    claim["l2"] |= {"curvature": bound.curvature}
    bumps = [[binary_fraction(bump.place), binary_fraction(bump.radius)] for bump in bound.bumps]
    every_width = {**family.json(), "width": None}
    data = {"curvature": {"bumps": bumps}}
    return _sealed(target, every_width, {"lower_bound": claim}, data)


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
    claim = _claim(bound.relative.lower_decimal(), "uncut-boxes")
    return _sealed(target, family.json(), {"lower_bound": claim}, {"uncut_boxes": data})


def upper_certificate(
    target: Target, family: Family, theta_P: Tensor, error: Enclosure
) -> dict[str, Any]:
    """Certificate that one network, given by its packed weights, is as close as ``error`` says.

    Raises:
        ValueError: a target that the grammar of expressions cannot state.
    """
    claim = _claim(error.upper_decimal(2), "network-error")
    network = _network(family, theta_P)
    return _sealed(target, family.json(), {"upper_bound": claim}, {"network": network})


def _claim(value: str, method: str) -> dict[str, Any]:
    return {"l2": {"value": value, "evidence": "certified", "method": method, "relative": True}}


def _network(family: Family, theta_P: Tensor) -> dict[str, Any]:
    blocks = {name: block[0] for name, block in unpack(family, theta_P.double()[None]).items()}
    blocks["a"] = blocks["a"][0]
    if family.activation is not None:  # evaluated over all activations, stated over its own
        blocks["scale0"] = blocks["scale0"][family.basis.index(family.dictionary[0])][None]
    return {name: _exact(block.tolist()) for name, block in blocks.items()}


def _exact(numbers: Any) -> Any:
    return [_exact(item) for item in numbers] if isinstance(numbers, list) else binary(numbers)


def _sealed(
    target: Target,
    family: dict[str, Any],
    claims: dict[str, Any],
    data: dict[str, Any],
) -> dict[str, Any]:
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
    try:
        write_atomically(path, lambda temporary: _write(temporary, text))
    except OSError as error:
        raise ValueError(
            f"required: a file that can be written; {path}: {error.strerror}: choose another --out"
        ) from error


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="ascii")
