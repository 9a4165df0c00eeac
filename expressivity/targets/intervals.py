"""What a function can be on boxes: a third opinion on norms, which no spike between nodes fools.

The walk over a target's expression with pairs (least, greatest) of tensors bounds its values on
many boxes at once; halving those that leave the most open brackets the integral of its square.
Floating point without outward rounding, so the evidence is numerical; but where a rule's value
lies far outside the bracket, the rule is wrong (R. E. Moore, R. B. Kearfott, M. J. Cloud,
"Introduction to Interval Analysis", SIAM 2009, doi:10.1137/1.9780898717716).

Shape letters: B boxes, D input dimension.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp
import torch
from torch import Tensor

from expressivity.symbolic.interpret import Arithmetic, interpret
from expressivity.targets.cells import Probes
from expressivity.targets.domains import Domain
from expressivity.targets.target import Target

_BOXES = {1: 2**13, 2: 2**15, 3: 2**15}
_START = {1: 64, 2: 16, 3: 8}
"""Boxes at the end, and to a side at first, by dimension; in others there is no bracket."""
_ROUNDS = 64
_SPLIT = 4  # one box in so many is halved at a time: those that leave the most open


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """Bounds by floating-point intervals.

    Attributes:
        least, greatest: of the integral of the square over the domain.
        peak: the supremum of the modulus is at least this.
        probes: the middles of the boxes, which are smallest where most is open.
    """

    least: float
    greatest: float
    peak: float
    probes: Probes


def bracket(target: Target) -> Bracket | None:
    """The bracket of a target in 1, 2 or 3 dimensions, else None.

    >>> from expressivity.targets.builtin import t1
    >>> found = bracket(t1())
    >>> found.least < 31 / 30 < found.greatest < 1.01 * found.least
    True
    """
    budget = _BOXES.get(target.dimension)
    if budget is None:
        return None
    found = squares(target, *_grid(target.dimension))
    for _ in range(_ROUNDS):
        count = min(len(found.least_B) // _SPLIT, budget - len(found.least_B))
        if count < 1:
            break
        chosen_B = torch.zeros_like(found.least_B, dtype=torch.bool)
        chosen_B[found.open_B.topk(count).indices] = True
        halves = _halves(found.low_BD[chosen_B], found.high_BD[chosen_B])
        found = _joined(found, ~chosen_B, squares(target, *halves))
    middle_BD = ((found.low_BD + found.high_BD) / 2).numpy()
    inside_B = target.domain.contains(middle_BD)
    return Bracket(
        probes=Probes(points_PD=middle_BD[inside_B], volumes_P=found.volume_B.numpy()[inside_B]),
        least=float((found.least_B * found.volume_B).sum()),
        greatest=float((found.greatest_B * found.volume_B).sum()),
        peak=float(found.least_B.max().sqrt()),
    )


@dataclass(frozen=True, kw_only=True)
class Squares:
    """Bounds of a squared function on boxes; 0 is the least on one that leaves the domain."""

    low_BD: Tensor
    high_BD: Tensor
    least_B: Tensor
    greatest_B: Tensor

    @property
    def volume_B(self) -> Tensor:
        """Of the boxes."""
        return (self.high_BD - self.low_BD).prod(1)

    @property
    def open_B(self) -> Tensor:
        """By how much the integrals over the boxes are not known."""
        return (self.greatest_B - self.least_B) * self.volume_B


def _joined(old: Squares, kept_B: Tensor, new: Squares) -> Squares:
    return Squares(
        **{
            name: torch.cat([getattr(old, name)[kept_B], getattr(new, name)])
            for name in ("low_BD", "high_BD", "least_B", "greatest_B")
        }
    )


def _grid(dimension: int) -> tuple[Tensor, Tensor]:
    edges = torch.linspace(-1, 1, _START[dimension] + 1, dtype=torch.float64)
    low_BD, high_BD = (
        torch.cartesian_prod(*[ends] * dimension).reshape(-1, dimension)
        for ends in (edges[:-1], edges[1:])
    )
    return low_BD, high_BD


def _halves(low_BD: Tensor, high_BD: Tensor) -> tuple[Tensor, Tensor]:
    """Each box cut across its longest side."""
    longest_B1 = (high_BD - low_BD).argmax(1, keepdim=True)
    middle_B1 = ((low_BD + high_BD) / 2).gather(1, longest_B1)
    below_BD = high_BD.scatter(1, longest_B1, middle_B1)
    above_BD = low_BD.scatter(1, longest_B1, middle_B1)
    return torch.cat([low_BD, above_BD]), torch.cat([below_BD, high_BD])


def squares(target: Target, low_BD: Tensor, high_BD: Tensor) -> Squares:
    """Bounds on the boxes that meet the domain; the others are left out."""
    meets_B, inside_B = _places(target.domain, low_BD, high_BD)
    low_BD, high_BD, inside_B = low_BD[meets_B], high_BD[meets_B], inside_B[meets_B]
    sides = zip(low_BD.unbind(1), high_BD.unbind(1), strict=True)
    boxes = {
        x: _Interval(low, high) for x, (low, high) in zip(target.coordinates, sides, strict=True)
    }
    square = _power(interpret(target.expression, boxes, _INTERVALS), sp.Integer(2))
    least_B = square.low.nan_to_num(nan=0.0).expand(len(low_BD))
    return Squares(
        low_BD=low_BD,
        high_BD=high_BD,
        least_B=torch.where(inside_B, least_B, 0.0),
        greatest_B=square.high.nan_to_num(nan=math.inf, posinf=math.inf).expand(len(low_BD)),
    )


def _places(domain: Domain, low_BD: Tensor, high_BD: Tensor) -> tuple[Tensor, Tensor]:
    """Whether boxes meet the domain, and whether they lie in it."""
    if domain.shape == "cube":
        everywhere_B = torch.ones(len(low_BD), dtype=torch.bool)
        return everywhere_B, everywhere_B
    nearest_BD = torch.where(low_BD * high_BD > 0, torch.minimum(low_BD.abs(), high_BD.abs()), 0.0)
    farthest_BD = torch.maximum(low_BD.abs(), high_BD.abs())
    return nearest_BD.square().sum(1) < 1, farthest_BD.square().sum(1) <= 1


# --- arithmetic


@dataclass(frozen=True)
class _Interval:
    low: Tensor
    high: Tensor

    def __add__(self, other: "_Interval") -> "_Interval":
        return _Interval(self.low + other.low, self.high + other.high)

    def __mul__(self, other: "_Interval") -> "_Interval":
        products = [p * q for p in (self.low, self.high) for q in (other.low, other.high)]
        # 0 times an infinite end is 0: the factors are numbers, however large.
        parts = [p.nan_to_num(nan=0.0, posinf=math.inf, neginf=-math.inf) for p in products]
        a, b, c, d = parts
        low = torch.minimum(torch.minimum(a, b), torch.minimum(c, d))
        return _Interval(low, torch.maximum(torch.maximum(a, b), torch.maximum(c, d)))


def _number(node: sp.Expr) -> _Interval:
    value = torch.tensor(float(node), dtype=torch.float64)
    return _Interval(value, value)


def _power(base: _Interval, exponent: Any) -> _Interval:
    if exponent < 0:
        return _inverse(_power(base, -exponent))
    if exponent.q != 1:
        power = float(exponent)
        return _Interval(base.low.clamp(min=0) ** power, base.high.clamp(min=0) ** power)
    ends = base.low ** int(exponent), base.high ** int(exponent)
    if exponent % 2:
        return _Interval(*ends)
    over_zero = (base.low < 0) & (base.high > 0)
    low = torch.where(over_zero, 0.0, torch.minimum(*ends))
    return _Interval(low, torch.maximum(*ends))


def _inverse(value: _Interval) -> _Interval:
    over_zero = (value.low < 0) & (value.high >= 0)
    low = torch.where(over_zero, -math.inf, 1 / value.high)
    return _Interval(low, torch.where(over_zero, math.inf, 1 / value.low))


def _increasing(function: Callable[[Tensor], Tensor]) -> Callable[[_Interval], _Interval]:
    return lambda value: _Interval(function(value.low), function(value.high))


def _log(value: Tensor) -> Tensor:
    return value.clamp(min=0).log()


def _wave(first_peak: float) -> Callable[[_Interval], _Interval]:
    """cos(z - first_peak): 1 where a peak is inside, -1 where a trough is, else by the ends."""

    def holds(value: _Interval, place: float) -> Tensor:
        turns = torch.ceil((value.low - place) / (2 * math.pi))
        return place + 2 * math.pi * turns <= value.high

    def values(value: _Interval) -> _Interval:
        ends = (value.low - first_peak).cos(), (value.high - first_peak).cos()
        least = torch.where(holds(value, first_peak + math.pi), -1.0, torch.minimum(*ends))
        greatest = torch.where(holds(value, first_peak), 1.0, torch.maximum(*ends))
        return _Interval(least, greatest)

    return values


def _abs(value: _Interval) -> _Interval:
    ends = value.low.abs(), value.high.abs()
    over_zero = (value.low < 0) & (value.high > 0)
    return _Interval(torch.where(over_zero, 0.0, torch.minimum(*ends)), torch.maximum(*ends))


def _choose(level: _Interval, positive: _Interval, otherwise: _Interval) -> _Interval:
    low, high = (
        torch.minimum(positive.low, otherwise.low),
        torch.maximum(positive.high, otherwise.high),
    )
    above, below = level.low > 0, level.high <= 0
    return _Interval(
        torch.where(above, positive.low, torch.where(below, otherwise.low, low)),
        torch.where(above, positive.high, torch.where(below, otherwise.high, high)),
    )


_INTERVALS = Arithmetic(
    number=_number,
    power=_power,
    functions={
        "exp": _increasing(torch.exp),
        "sin": _wave(math.pi / 2),
        "cos": _wave(0.0),
        "tanh": _increasing(torch.tanh),
        "erf": _increasing(torch.erf),
        "Abs": _abs,
        "sign": _increasing(torch.sign),
        "log": _increasing(_log),
    },
    choose=_choose,
)
