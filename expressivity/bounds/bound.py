"""What a lower bound is, and how its value is rounded.

Values are rounded down. An exact value (rational, or a ball) is rounded once, at the end; a value
that met floating point before is ``numerical`` and loses ``float_margin`` for the rounding of the
operations here (not for the error of a quadrature: that is each mechanism's own affair).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import flint
import sympy as sp

from expressivity.evidence import Evidence
from expressivity.symbolic.enclosure import Enclosure
from expressivity.symbolic.interpret import BALL, interpret, lower_float

Norm = Literal["l2", "sup", "w1inf"]
Method = Literal[
    "gradient-jump",
    "amplitude-edge",
    "shared-amplitude",
    "jump-parity",
    "parity",
    "free-knot",
    "ridge-rank",
    "catalecticant",
    "uncut-boxes",
    "uncut-disks",
]

precision = 128  # bits of the balls; what is lost is far below one unit of the final float
float_margin = 1e-12


@dataclass(frozen=True, kw_only=True)
class Bound:
    """No network of the class has a smaller error.

    Attributes:
        norm: ``l2`` and ``sup`` are relative to the target's norm, ``w1inf`` is absolute.
        value: the bound, positive, rounded down.
        evidence: what the value rests on.
        method: the mechanism, one of the files of this package.
        every_width: whether it holds at every width of this kind, form and dictionary.

    Raises:
        ValueError: a value that is not positive and finite.
    """

    norm: Norm
    value: float
    evidence: Evidence
    method: Method
    every_width: bool

    def __post_init__(self) -> None:
        if not 0.0 < self.value < math.inf:
            raise ValueError(f"required: a positive finite bound; got {self.value}")


@dataclass(frozen=True, kw_only=True)
class TargetNorms:
    """Norms of the target on its domain, from quadrature (Lebesgue measure, not averaged).

    Raises:
        ValueError: a norm that is not positive and finite.
    """

    l2: float
    sup: float

    def __post_init__(self) -> None:
        for name in ("l2", "sup"):
            value = getattr(self, name)
            if not 0.0 < value < math.inf:
                raise ValueError(f"required: a positive finite {name} norm; got {value}")


def at_every_width(
    norm: Norm, value: float, evidence: Evidence, method: Method
) -> tuple[Bound, ...]:
    """A bound that no width escapes; none where the value is not positive.

    >>> at_every_width("w1inf", 0.0, Evidence.PROVED, "gradient-jump")
    ()
    """
    if value <= 0.0:
        return ()
    return (Bound(norm=norm, value=value, evidence=evidence, method=method, every_width=True),)


def off_lines(relative: Enclosure, method: Method, lines: int) -> tuple[Bound, ...]:
    """The L2 bound of a class whose networks change their formula on at most so many lines.

    Without lines no width escapes it.
    """
    return (
        Bound(
            norm="l2",
            value=lower_float(relative.ball),
            evidence=relative.evidence,
            method=method,
            every_width=lines == 0,
        ),
    )


def best(bounds: Iterable[Bound], norm: Norm) -> Bound | None:
    """The largest bound in a norm, at equal value the one with the stronger evidence.

    >>> best([], "l2") is None
    True
    """
    strength = list(Evidence)
    return max(
        (bound for bound in bounds if bound.norm == norm),
        key=lambda bound: (bound.value, -strength.index(bound.evidence)),
        default=None,
    )


def round_down(number: sp.Expr) -> float:
    """A float at or below an exact real number of rationals, pi, e and powers.

    >>> round_down(sp.sqrt(2)) < math.sqrt(2) < round_down(sp.sqrt(2)) + 1e-15
    True
    """
    with flint.ctx.workprec(precision):
        return lower_float(interpret(number, {}, BALL))


def relative(value: float, norm: float) -> float:
    """value / norm for two floats, below what exact division would give."""
    return value / norm * (1.0 - float_margin)
