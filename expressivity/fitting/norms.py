"""The L2 norm of a target: on which rule, and how well it is known.

Fixed rules, split at the kinks, serve the usual targets. In up to three dimensions cells adapt to
the target as well (``targets/adaptive.py``), steered by bounds of its values on boxes
(``targets/intervals.py``); where the two disagree, the cells measure, and fits get cells of their
own. What neither resolves is said, and nothing rests on it.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch

from expressivity.bounds.integrals.squared_norm import enclosed_square
from expressivity.evidence import Evidence
from expressivity.targets.adaptive import FIT_ORDERS, MEASURE_ORDERS, Adapted, adapt
from expressivity.targets.charts import Chart
from expressivity.targets.domains import Array
from expressivity.targets.intervals import Bracket, bracket
from expressivity.targets.quadrature import Rule, rule
from expressivity.targets.target import Target

_PLAIN_ORDERS = {
    "fine": {1: (256, 256), 2: (24, 96), 3: (8, 24), 4: (8, 16), 5: (8, 10)},
    "fit": {1: (64, 64), 2: (10, 25), 3: (6, 14), 4: (6, 12), 5: (6, 8)},
    "coarse": {1: (32, 32), 2: (8, 12), 3: (4, 8), 4: (4, 6), 5: (4, 4)},
}
"""Gauss points per piece of the innermost coordinate and of the others, by dimension. The
innermost one is split by the kinks, so balance asks for fewer points there."""
_HIGH_DIMENSION_ORDERS = {"fine": (6, 8), "fit": (4, 6), "coarse": (3, 4)}
_JUDGE_ORDERS = {4: (10, 20), 5: (10, 11)}
"""Of the rule that judges the fine one where cells are too many, and that is cheap."""
_CELL_GOAL = 1e-7  # relative, of cells that measure
_FIT_GOAL = 1e-4  # of cells that fits use
_MOST_VALUES = {1: 200_000, 2: 400_000, 3: 400_000}
_MOST_FIT_VALUES = 16_000
_SETTLED = 5e-7  # rules that agree to this in the norm, and the cells with them, are settled
_CONTRADICTION = 1e-6  # from where on an enclosure that lies beside a rule's value says it is wrong
_ROUNDED = 4 * float(np.finfo(np.float64).eps)  # of the enclosure's ends as floats, and the root
_HIDDEN_PEAK = 2.0  # of the largest value at the nodes: a supremum is never sampled exactly


def tolerance_of(dimension: int) -> float:
    """Relative error from which a norm counts as not known.

    From three dimensions on, rules that fit into memory do not reach what those of one and two
    reach, and the estimate is printed beside the number instead.
    """
    return 1e-6 if dimension <= 2 else 1e-3


@dataclass(frozen=True, kw_only=True)
class TargetNorm:
    """The L2 norm of a target as it was found, and how well it is known.

    Attributes:
        l2: by the rule that measures.
        relative_error: estimate of its relative error.
        doubt: why it counts as not known, and the supremum and the errors of networks with it;
            None where it does not.
        evidence: ``certified`` where an enclosure in ball arithmetic agrees, else ``numerical``;
            ``unknown`` in doubt.
    """

    l2: float
    relative_error: float
    doubt: str | None
    evidence: Evidence = Evidence.NUMERICAL

    @property
    def known(self) -> bool:
        """Whether verdicts may rest on it."""
        return self.doubt is None

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {
            "l2": self.l2,
            "relative_error": self.relative_error,
            "known": self.known,
            "doubt": self.doubt,
            "evidence": str(self.evidence if self.known else Evidence.UNKNOWN),
        }


@functools.lru_cache(maxsize=64)
def plain_rule(target: Target, size: str) -> Rule:
    """The fixed rule of a size, ``fine``, ``fit`` or ``coarse``."""
    orders = _PLAIN_ORDERS[size].get(target.dimension, _HIGH_DIMENSION_ORDERS[size])
    return rule(target.domain, order=orders[0], outer_order=orders[1], kinks=target.kinks)


def on_arrays(target: Target, nodes_ND: Array) -> Array:
    """The target's values, arrays in and out."""
    return target.values(torch.from_numpy(np.array(nodes_ND, dtype=np.float64))).numpy()


def squared_on(target: Target, points: Rule) -> float:
    """The integral of the squared target by a rule."""
    with np.errstate(over="ignore"):  # a norm that overflows is found to be infinite
        return float((points.weights_N * on_arrays(target, points.nodes_ND) ** 2).sum())


@functools.lru_cache(maxsize=32)
def boxes_of(target: Target) -> Bracket | None:
    """Its bounds on boxes."""
    return bracket(target)


@functools.lru_cache(maxsize=32)
def cells_of(target: Target, *, fit: bool = False) -> Adapted | None:
    """Cells adapted to a target for measuring, or for fits; None from four dimensions on."""
    boxes = boxes_of(target)
    if boxes is None:
        return None
    orders, most = MEASURE_ORDERS, _MOST_VALUES[target.dimension]
    if fit:
        orders, most = FIT_ORDERS, _MOST_FIT_VALUES + len(boxes.probes.volumes_P)
    return adapt(
        functools.partial(on_arrays, target),
        _chart(target, most // (8 * sum(n**target.dimension for n in orders[target.dimension]))),
        tolerance=_FIT_GOAL if fit else _CELL_GOAL,
        most=most,
        probes=boxes.probes,
        orders=orders,
    )


def _chart(target: Target, most: int) -> Chart:
    """Split at the kinks unless they make too many pieces: then cells are halved at them."""
    chart = Chart(target.domain, target.kinks)
    return chart if len(chart.pieces) <= most else Chart(target.domain, ())


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Which rule measures a target, the integral of its square by it, and how well it is known.

    Attributes:
        cells: those whose rule it is; None where the fixed fine rule is settled.
    """

    cells: Adapted | None
    squared: float
    relative_error: float
    doubt: str | None


@functools.lru_cache(maxsize=32)
def judged(target: Target) -> Judgement:
    """Compare the fixed fine rule with cells, or with other fixed rules, and with bounds."""
    squared = squared_on(target, plain_rule(target, "fine"))
    if not 0 <= squared < math.inf:
        return Judgement(cells=None, squared=squared, relative_error=math.inf, doubt="no norm")
    cells = cells_of(target)
    if not max(squared, 0.0 if cells is None else cells.squared) > 0:
        return Judgement(cells=None, squared=squared, relative_error=math.inf, doubt="no norm")
    if cells is None or not cells.squared > 0:
        error = _by_rules(target, squared)
        found = Judgement(cells=None, squared=squared, relative_error=error, doubt=None)
    else:
        left = max(cells.norm_error(), _CELL_GOAL)  # finer, nothing was looked for
        plain = left + _apart(squared, cells.squared)
        chosen = None if plain <= 2 * _SETTLED else cells
        found = Judgement(
            cells=chosen,
            squared=squared if chosen is None else cells.squared,
            relative_error=plain if chosen is None else left,
            doubt=None,
        )
    return _doubted(target, found)


def _apart(one: float, other: float) -> float:
    return abs(math.sqrt(one / other) - 1) if math.isfinite(one) else math.inf


def _by_rules(target: Target, squared: float) -> float:
    """The fine rule's error by another fixed rule, where the fit rule is not close already."""
    own = _apart(squared_on(target, plain_rule(target, "fit")), squared)
    orders = _JUDGE_ORDERS.get(target.dimension)
    if own <= _SETTLED or orders is None:
        return own
    points = rule(target.domain, order=orders[0], outer_order=orders[1], kinks=target.kinks)
    distance = _apart(squared_on(target, points), squared)
    # In many dimensions the judge may be a random rule, and the fit rule say more.
    return min(own, distance) if points.kind == "sobol" else distance


def _doubted(target: Target, found: Judgement) -> Judgement:
    """The same with the reason why it is not known, if there is one."""
    tolerance, error, doubt = tolerance_of(target.dimension), found.relative_error, found.doubt
    if not error <= tolerance:
        doubt = f"the rules that were tried leave a relative {error:.1e} of it open"
    boxes = boxes_of(target)
    if boxes is not None:
        least, greatest = ((end / found.squared) ** 0.5 for end in (boxes.least, boxes.greatest))
        outside = max(least - 1, 1 - greatest)
        if outside > tolerance:
            error = max(error, outside)
            side = f"at least {least:.3g}" if least > 1 else f"at most {greatest:.3g}"
            doubt = f"by bounds on boxes it is {side} times what quadrature gives"
    return Judgement(cells=found.cells, squared=found.squared, relative_error=error, doubt=doubt)


def normed(target: Target, squared: float, sup: float) -> TargetNorm:
    """How well the norm is known, of a target whose supremum was found to be ``sup``."""
    found, boxes = judged(target), boxes_of(target)
    doubt = found.doubt
    if doubt is None and boxes is not None and boxes.peak > _HIDDEN_PEAK * sup:
        doubt = (
            f"the target reaches {boxes.peak:.3g} between the nodes of the quadrature rule, "
            f"where it stays below {sup:.3g}"
        )
    error, evidence = found.relative_error, Evidence.NUMERICAL
    enclosed = enclosed_square(target)
    if enclosed is not None:
        low, high = ((float(end) / squared) ** 0.5 for end in (enclosed.lower(), enclosed.upper()))
        if min(high, 1 + _CONTRADICTION) < max(low, 1 - _CONTRADICTION):
            doubt = (
                f"ball arithmetic puts it between {low:.9g} and {high:.9g} times what rules give"
            )
        elif (farthest := max(high - 1, 1 - low) + _ROUNDED) <= tolerance_of(target.dimension):
            error, evidence = farthest, Evidence.CERTIFIED
    return TargetNorm(l2=squared**0.5, relative_error=error, doubt=doubt, evidence=evidence)
