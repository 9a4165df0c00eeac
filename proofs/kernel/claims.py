"""What a kernel certificate can say, and what shows it: a record for each class."""

from collections.abc import Callable
from dataclasses import dataclass

from proofs.kernel.separating_points import cycle, three_points, two_points
from proofs.kernel.written import Plane, Vector, Written

Places = tuple[tuple[Plane, ...], tuple[Vector, ...]]
"""Hyperplanes and rational points."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """That no network of a class equals a target on the unit ball.

    Attributes:
        words: the claim.
        quantified: what the statement is about beside hidden biases and width, as Coq binds it.
        asked: kind and form in Coq.
        tactic: what proves it in Coq, from planes and points.
        cyclic: whether each point belongs to a plane of its own; else there is one plane.
        find: the planes and points that show it, or None.
    """

    words: str
    quantified: str
    asked: str
    tactic: str
    cyclic: bool
    find: Callable[[Written], Places | None]


def _on_one_plane(
    points: Callable[[Written], tuple[Plane, Vector, Vector] | None],
) -> Callable[[Written], Places | None]:
    def find(target: Written) -> Places | None:
        found = points(target)
        return None if found is None else ((found[0],), found[1:])

    return find


def _on_a_cycle(target: Written) -> Places | None:
    places = cycle(target)
    if places is None:
        return None
    return tuple(plane for plane, _ in places), tuple(point for _, point in places)


CLAIMS = {
    "la type1": Claim(
        words="No type1 LA network over the seven, of any width, equals the target on the unit "
        "ball.",
        quantified="",
        asked="la type1",
        tactic="certify_LA",
        cyclic=False,
        find=_on_one_plane(two_points),
    ),
    "la one_sided": Claim(
        words="No one_sided LA network over the seven, of any width, equals the target on the "
        "unit ball.",
        quantified="",
        asked="la one_sided",
        tactic="certify_one_sided",
        cyclic=False,
        find=_on_one_plane(three_points),
    ),
    "moa type1": Claim(
        words="No type1 network over the seven with one group, of any width and kind (fixed, LA, "
        "MoA,\n   or with any differentiable gates), equals the target on the unit ball.",
        quantified="kd ",
        asked="kd type1",
        tactic="certify_cycle",
        cyclic=True,
        find=_on_a_cycle,
    ),
}
"""By kind and form of the class that is asked about; MoA stands for every kind."""
