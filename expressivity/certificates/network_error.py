"""Certified errors of one network, whose float weights are exact numbers, against a target."""

import functools
from dataclasses import dataclass
from fractions import Fraction

import flint
import sympy as sp
import torch
from torch import Tensor

from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.integrals.cubature import disk_integral, interval_integral
from expressivity.bounds.integrals.scale import binary_exponent
from expressivity.bounds.integrals.suprema import disk_supremum
from expressivity.classes.families import Family
from expressivity.classes.networks import pack, unpack
from expressivity.classes.weights import Weights, network_expression
from expressivity.symbolic.budget import Budget
from expressivity.symbolic.enclosure import Enclosure, as_ball, precision
from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.target import Target

_NEGLIGIBLE = 2.0**-40  # of the largest coefficient on the same side


def pruned(family: Family, theta_P: Tensor) -> Tensor:
    """A network without the coefficients that are round-off, and without their gates.

    A fit leaves them with gates as steep as its random start made them. Softmax gates stay:
    each is part of the others. The packed weights given are not changed.
    """
    blocks = {name: block.clone() for name, block in unpack(family, theta_P[None]).items()}
    learned = family.frozen("scale0") is None
    for side in range(family.sides if learned else 0):
        scale_LK = blocks[f"scale{side}"]
        small_LK = scale_LK.abs() <= _NEGLIGIBLE * scale_LK.abs().max()
        scale_LK[small_LK] = 0.0
        if family.gate is not None and family.gate.name != "softmax":
            blocks[f"u{side}"][small_LK] = 0.0
    return pack(family, blocks)[0]


def exact_weights(family: Family, theta_P: Tensor) -> Weights:
    """The weights of a packed network as the dyadic rationals that its floats are.

    >>> family = Family(kind="la", neuron="type1", width=1, dimension=1, dictionary=("id",))
    >>> exact_weights(family, torch.tensor([0.5, 0.0, 1.0, -3.0]))["w"]
    Matrix([[1/2, 0]])
    """
    blocks = unpack(family, theta_P.detach().to(torch.float64)[None])

    def matrix(block: Tensor) -> sp.ImmutableMatrix:
        rows = block.reshape(block.shape[0], -1).tolist()
        return sp.ImmutableMatrix(
            [[sp.Rational(*value.as_integer_ratio()) for value in row] for row in rows]
        )

    return Weights(blocks={name: matrix(block[0]) for name, block in blocks.items()})


def network_error(
    target: Target, family: Family, theta_P: Tensor, *, evaluations: int | None = None
) -> Enclosure:
    """Enclosure of norm(t - h) / norm(t) in L2, on [-1, 1] or the unit disk.

    Args:
        target: t.
        family: of h.
        theta_P: packed weights of h.
        evaluations: of either integrand, about, on each piece of [-1, 1], where the enclosure is
            wide if they do not suffice, or on the whole disk; None for as many as it takes.

    Raises:
        OutOfBudgetError: they are spent, on the disk.
        ValueError: another domain; several outputs; kinks that are not isolated points or
            straight lines; a pole too close to the domain.
    """
    budget = None if evaluations is None else Budget(evaluations)
    integrate = {
        "interval": functools.partial(interval_integral, evaluations=evaluations),
        "disk": functools.partial(disk_integral, budget=budget),
    }.get(target.domain.name)
    if integrate is None:
        raise ValueError(
            f"required: a target on the interval or the unit disk; got one on {target.domain.name}"
        )
    difference = target.expression - network_expression(family, exact_weights(family, theta_P))
    size = 2 * binary_exponent(target.expression)
    with precision(BITS):
        error = Enclosure(integrate(sp.Pow(difference, 2), exponent=size))
        norm = Enclosure(integrate(sp.Pow(target.expression, 2), exponent=size))
        return (error / norm).sqrt()


@dataclass(frozen=True, kw_only=True)
class UniformErrors:
    """Upper bounds of the pointwise error on the unit disk, some ten times too large.

    Attributes:
        supremum: of sup abs(t - h) / abs(t(place)), hence of sup abs(t - h) / sup abs(t).
        gradient: of ess sup abs(grad(t - h)), absolute; of the order of the jump where a kink of
            h lies beside one of t, however near.
        place: in the disk.
    """

    supremum: Enclosure
    gradient: Enclosure
    place: tuple[Fraction, Fraction]


def uniform_errors(
    target: Target, family: Family, theta_P: Tensor, *, evaluations: int | None = None
) -> UniformErrors:
    """Upper bounds of the errors of a network and its gradient at all points of the disk.

    Raises:
        OutOfBudgetError: more ``evaluations`` than allowed are needed.
        ValueError: as for :func:`network_error`; a target that is 0 at every point tried.
    """
    if target.domain.name != "disk":
        raise ValueError(f"required: a target on the unit disk; got one on {target.domain.name}")
    difference = target.expression - network_expression(family, exact_weights(family, theta_P))
    with precision(BITS):
        heights = {point: abs(_value(target, point)) for point in _POINTS}
        place = functools.reduce(lambda p, q: q if heights[q] > heights[p] else p, _POINTS)
        largest = heights[place]
        if not largest > 0:
            raise ValueError("required: a target that is not 0 at every point tried; got 0")
        size = binary_exponent(target.expression)
        budget = None if evaluations is None else Budget(evaluations)
        supremum = functools.partial(disk_supremum, exponent=size, budget=budget)
        slopes = [supremum(sp.diff(difference, x)) for x in target.coordinates]
        gradient = sum((slope**2 for slope in slopes), flint.arb(0)).sqrt()
        values = supremum(difference)
        return UniformErrors(
            supremum=Enclosure(values / largest), gradient=Enclosure(gradient), place=place
        )


def _value(target: Target, point: tuple[Fraction, Fraction]) -> flint.arb:
    at = {x: as_ball(c) for x, c in zip(COORDINATES, point, strict=False)}
    return interpret(target.expression, at, BALL)


_POINTS = tuple(
    (Fraction(int(radius * c * 10.24), 1024), Fraction(int(radius * s * 10.24), 1024))
    for radius in (3, 10, 17, 20)
    for c, s in ((5, 0), (4, 3), (3, 4), (0, 5), (-3, 4), (-4, 3))
    for c, s in ((c, s), (-c, -s))
)
"""Points of the disk, near its edge too: the target's supremum is at least its value there."""
