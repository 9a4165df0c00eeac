"""Lower bounds on the error of a whole class against a target (docs/theory.md, section 4)."""

from expressivity.bounds.bound import Bound, TargetNorms, best
from expressivity.bounds.catalogue import lower_bounds
from expressivity.bounds.ridge_rank import Moments, tail_bound, zernike_moments

__all__ = [
    "Bound",
    "Moments",
    "TargetNorms",
    "best",
    "lower_bounds",
    "tail_bound",
    "zernike_moments",
]
