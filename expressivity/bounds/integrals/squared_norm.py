"""A certified enclosure of a target's squared norm, where it can be had for a bounded price."""

import functools

import flint
import sympy as sp

from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.integrals.cubature import (
    TOLERANCE_BITS,
    disk_integral,
    interval_integral,
)
from expressivity.bounds.integrals.scale import binary_exponent
from expressivity.symbolic.budget import Budget, OutOfBudgetError
from expressivity.symbolic.enclosure import precision
from expressivity.targets.target import Target

_EVALUATIONS = 10_000
_WANTED_BITS = 48  # of the size of the target; a norm is compared in fewer


@functools.lru_cache(maxsize=64)
def enclosed_square(target: Target, evaluations: int = _EVALUATIONS) -> flint.arb | None:
    """The integral of the squared target over [-1, 1] or the unit disk, a finite positive ball.

    None on other domains, for kinks that are not points or straight lines, for poles too close to
    the domain, and where it takes more evaluations than that.

    >>> from expressivity.targets.builtin import t1
    >>> ball = enclosed_square(t1())
    >>> ball.overlaps(flint.arb(31) / 30), ball.rel_accuracy_bits() > 30
    (True, True)
    """
    square = sp.Pow(target.expression, 2)
    try:
        with precision(BITS):
            goal = 2 * binary_exponent(target.expression) + TOLERANCE_BITS - _WANTED_BITS
            if target.domain.name == "interval":
                found = interval_integral(square, exponent=goal, evaluations=evaluations)
            elif target.domain.name == "disk":
                found = disk_integral(square, exponent=goal, budget=Budget(evaluations))
            else:
                return None
    except (ValueError, OutOfBudgetError):
        return None
    return found if found.is_finite() and found > 0 else None
