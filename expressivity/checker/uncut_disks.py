"""Method uncut-disks (docs/certificates.md, "Verifying a lower bound by uncut disks")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from expressivity.checker.balls import PRECISION, Ball, share_of_norm, to_ball, working_precision
from expressivity.checker.certificate import Certificate
from expressivity.checker.disks import Disk, Disks
from expressivity.checker.evaluation import Function, compile_target
from expressivity.checker.findings import UndecidedError, reject
from expressivity.checker.lower import gram_of, require_positive_definite
from expressivity.checker.moments import monomial_moments, zernike_moments
from expressivity.checker.norms import squared_norm
from expressivity.symbolic.expressions import (
    Call,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Variable,
    fold,
)

_ARCS, _NARROWEST = 16, Fraction(1, 2**20)  # of the parameter of directions, which is in [-1, 1]
_EVENT = 40  # what one disk costs in a sweep


def verify_uncut_disks(certificate: Certificate, claim: Fraction) -> None:
    """Verify the weight of every disk, and what lines can take of them."""
    data = certificate.lower_data
    assert isinstance(data, Disks)
    function = Function(root=certificate.expression.root)
    norm2 = squared_norm(function, compile_target(function), certificate.dimension)
    needed = to_ball(claim**2) * norm2
    whole = sum(data.weights, Fraction(0))
    if to_ball(whole) < needed:
        reject(f"the lower bound: the data support {share_of_norm(to_ball(whole), norm2)} at most")
    with working_precision(PRECISION + 4 * data.degree):
        for disk, weight in zip(data.disks, data.weights, strict=True):
            if weight:
                _verify_weight(function, disk, weight, data)
    left = to_ball(whole) - needed
    if not data.lines:
        if not left >= 0:
            raise UndecidedError("the lower bound: the enclosures are too wide for this claim")
        return
    least, most = (_exact(end) / data.lines for end in (left.lower(), left.upper()))
    _verify_lines(data, least, most, function.spend)


def _exact(point: Ball) -> Fraction:
    mantissa, exponent = (int(part) for part in point.man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent


def _verify_weight(whole: Function, disk: Disk, weight: Fraction, data: Disks) -> None:
    """Require that G of a disk, less the weight, is positive definite."""
    x1, x2, radius = disk
    function = Function(root=moved(whole.root, (x1, x2), radius), work=whole.work)
    moments = monomial_moments(function, compile_target(function), data.degree)
    rows = data.rank + 1
    columns = [[1] * (n + 2 - rows) for n in range(rows - 1, data.degree + 1)]
    gram = gram_of(zernike_moments(moments, data.degree), [1] * rows, columns)
    shift = -to_ball(weight / radius**2)
    require_positive_definite(gram.tolist(), shift, "G less the weight of a disk")


def moved(root: Node, centre: Sequence[Fraction], radius: Fraction) -> Node:
    """The function x -> t(centre + radius x)."""

    def variable(index: int) -> Node:
        scaled = Product(factors=(Number(value=radius), Variable(index=index)))
        return Sum(terms=(Number(value=centre[index]), scaled))

    return fold(
        root,
        number=lambda value: Number(value=value),
        variable=variable,
        add=lambda terms: Sum(terms=tuple(terms)),
        multiply=lambda factors: Product(factors=tuple(factors)),
        power=lambda base, exponent: Power(base=base, exponent=exponent),
        call=lambda name, argument: Call(name=name, argument=argument),
    )


def _verify_lines(
    data: Disks, least: Fraction, most: Fraction, spend: Callable[[int], None]
) -> None:
    """Require that no line meets disks of more weight than is known to be allowed.

    The direction of a normal is (1 - s^2, 2 s) for s in [-1, 1], of length 1 + s^2; it turns by at
    most 2 for 1 of s. Over an arc of directions each disk is made larger by as much as its centre,
    which is in the unit disk, can move along the normal.
    """
    arcs = [
        (Fraction(2 * k + 1, _ARCS), Fraction(1, _ARCS)) for k in range(-_ARCS // 2, _ARCS // 2)
    ]
    while arcs:
        spend(_EVENT * len(data.disks))
        s, half = arcs.pop()
        if _heaviest(data, s, more=2 * half) <= least:
            continue
        if _heaviest(data, s, more=None) > most:
            reject("the lower bound: a line meets disks of more weight than the claim allows")
        if half < _NARROWEST:
            raise UndecidedError("the lower bound: a line may meet more disks than are allowed")
        arcs += [(s - half / 2, half / 2), (s + half / 2, half / 2)]


def _heaviest(data: Disks, s: Fraction, more: Fraction | None) -> Fraction:
    """The weight of the disks that the heaviest line of one direction meets inside.

    With ``more``, of closed disks that are larger by it: those of all directions of an arc.
    """
    length = 1 + s * s
    events: list[tuple[Fraction, int, Fraction]] = []
    for (x1, x2, radius), weight in zip(data.disks, data.weights, strict=True):
        middle = x1 * (1 - s * s) + 2 * x2 * s
        reach = (radius + (more or 0)) * length
        # Of open disks, one ends before another begins at the same place; of closed ones after.
        order = (1, 0) if more is None else (0, 1)
        events += [(middle - reach, order[0], weight), (middle + reach, order[1], -weight)]
    met = heaviest = Fraction(0)
    for _, _, change in sorted(events):
        met += change
        heaviest = max(heaviest, met)
    return heaviest
