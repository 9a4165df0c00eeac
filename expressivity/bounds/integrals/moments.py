"""Zernike moments of a function on the unit disk, enclosed (docs/theory.md, section 4, B4)."""

import functools
import math
from dataclasses import dataclass

import flint
import sympy as sp

from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.integrals.cubature import (
    EVALUATIONS,
    disk_integral,
    monomial_integrals,
)
from expressivity.bounds.integrals.lines import gentle_turn, kink_lines, turned
from expressivity.bounds.integrals.scale import binary_exponent
from expressivity.symbolic.budget import Budget
from expressivity.symbolic.enclosure import Enclosure, as_ball, precision
from expressivity.targets.domains import Domain
from expressivity.targets.target import Target


@dataclass(frozen=True, kw_only=True, eq=False)
class CertifiedMoments:
    """Enclosures of a function's moments up to a degree, and of its norm; equal to itself alone.

    Attributes:
        sequences: for each degree n the n + 1 moments g_k, k = -n, -n+2, .., n.
        norm_squared: the integral of f^2 over the disk.
    """

    sequences: tuple[tuple[flint.acb, ...], ...]
    norm_squared: flint.arb

    def relative(self, distance_squared: flint.arb) -> Enclosure:
        """A squared distance to the function as a distance in units of its norm, at least 0."""
        return relative_distance(distance_squared, self.norm_squared)


def relative_distance(distance_squared: flint.arb, norm_squared: flint.arb) -> Enclosure:
    """A distance in units of a norm, from the squares of both; at least 0."""
    with precision(BITS):
        return (Enclosure(distance_squared) / Enclosure(norm_squared)).sqrt()


_PLAIN_DEGREE = 20


def on_disk(domain: Domain) -> bool:
    """Whether a domain is the one these moments are about."""
    return domain.dimension == 2 and domain.shape == "ball"


@functools.lru_cache(maxsize=64)
def certified_moments(target: Target, degree: int) -> CertifiedMoments:
    """Enclosures of the moments of a target on the unit disk, to about 70 bits of its size.

    The coefficients of the monomials in a moment of degree n grow like 5^n: above degree 20 the
    precision of their integrals grows with it.

    Raises:
        ValueError: another domain; kinks that are not isolated straight lines; a pole or branch
            point too close to the disk.
        OutOfBudgetError: more than ``cubature.EVALUATIONS`` of the function.

    >>> from expressivity.targets.builtin import t2
    >>> g = certified_moments(t2(), 3).sequences
    >>> [len(sequence) for sequence in g], g[2][0].rel_accuracy_bits() > 80
    ([1, 2, 3, 4], True)
    """
    if not on_disk(target.domain):
        raise ValueError(f"required: a target on the unit disk; got one on {target.domain.name}")
    budget = Budget(EVALUATIONS)
    size = binary_exponent(target.expression)
    more = max(0, 5 * (degree - _PLAIN_DEGREE) // 2)
    with precision(BITS + more):
        return CertifiedMoments(
            sequences=zernike_sequences(
                target.expression, degree, exponent=size - more, budget=budget
            ),
            norm_squared=disk_integral(
                sp.Pow(target.expression, 2), exponent=2 * size, budget=budget
            ),
        )


def zernike_sequences(
    expression: sp.Expr, degree: int, *, exponent: int, budget: Budget
) -> tuple[tuple[flint.acb, ...], ...]:
    """The moments of a function of x1 and x2 up to a degree, at the precision in force.

    Args:
        expression: the function, analytic between straight kinks.
        degree: the highest.
        exponent: of the size of the function, as in ``cubature.monomial_integrals``.
        budget: of its evaluations.

    Raises:
        ValueError: as :func:`certified_moments`.
        OutOfBudgetError: the budget is spent.

    >>> x1, x2 = sp.symbols("x1 x2", real=True)
    >>> round(float(zernike_sequences(x1, 1, exponent=0, budget=Budget(99_999))[1][0].real), 9)
    0.5
    """
    c, s = gentle_turn(kink_lines(expression))
    integrals = monomial_integrals(
        turned(expression, (c, s)), degree, exponent=exponent, budget=budget
    )
    # Turned by alpha, the moment g_k is multiplied by exp(i k alpha).
    back = flint.acb(as_ball(c), as_ball(-s))
    sequences = [[flint.acb(0)] * (n + 1) for n in range(degree + 1)]
    for k in range(degree + 1):
        powers = [_power(integrals, j, k) for j in range((degree - k) // 2 + 1)]
        for n in range(k, degree + 1, 2):
            value = sum(
                (c * power for c, power in zip(_radial(n, k), powers, strict=False)),
                flint.acb(0),
            )
            moment = (n + 1) * value * back**k / flint.arb.pi()
            sequences[n][(n + k) // 2] = moment
            sequences[n][(n - k) // 2] = moment.conjugate()
    return tuple(tuple(sequence) for sequence in sequences)


def _radial(n: int, k: int) -> list[int]:
    """Coefficients of R_n^k(r) / r^k in powers of r^2, lowest first; R_n^k(1) = 1."""
    half = (n - k) // 2
    coefficients = [
        (-1) ** s
        * math.factorial(n - s)
        // (math.factorial(s) * math.factorial(half + k - s) * math.factorial(half - s))
        for s in range(half + 1)
    ]
    return coefficients[::-1]


_TURNS = ((1, 0), (0, -1), (-1, 0), (0, 1))  # (-i)^q


def _power(integrals: dict[tuple[int, int], flint.arb], j: int, k: int) -> flint.acb:
    """The integral of f (x1^2 + x2^2)^j (x1 - i x2)^k."""
    total = flint.acb(0)
    for p in range(j + 1):
        for q in range(k + 1):
            real, imaginary = _TURNS[q % 4]
            size = math.comb(j, p) * math.comb(k, q) * integrals[2 * (j - p) + k - q, 2 * p + q]
            total += flint.acb(real * size, imaginary * size)
    return total
