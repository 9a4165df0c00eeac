"""Values with their two first derivatives, for functions that are written for balls.

What :mod:`evaluation` and :mod:`network` do with a ball they do with a jet, where the formula is
analytic: where the sign of a kink is known.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import acb, arb

from expressivity.checker.balls import Ball


@dataclass(frozen=True)
class Jet:
    """A function's value and derivatives by x1 and x2 at a point, or on a ball.

    >>> x, y = variables(arb(3), arb(2))
    >>> z = x * x * y
    >>> float(z.value), float(z.d1), float(z.d2)
    (18.0, 12.0, 9.0)
    """

    value: Ball
    d1: Ball
    d2: Ball

    def __add__(self, other: Ball) -> Jet:
        if isinstance(other, Jet):
            return Jet(self.value + other.value, self.d1 + other.d1, self.d2 + other.d2)
        nothing = other * 0  # NaN where the other is
        return Jet(self.value + other, self.d1 + nothing, self.d2 + nothing)

    __radd__ = __add__

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.d1, -self.d2)

    def __sub__(self, other: Ball) -> Jet:
        return self + (-other)

    def __rsub__(self, other: Ball) -> Jet:
        return -self + other

    def __mul__(self, other: Ball) -> Ball:
        if not isinstance(other, Jet):
            parts = [part * other for part in (self.value, self.d1, self.d2)]
            # What is multiplied by an exact 0 is a constant.
            return arb(0) if all(part.is_zero() for part in parts) else Jet(*parts)
        f, g = self.value, other.value
        return Jet(f * g, self.d1 * g + f * other.d1, self.d2 * g + f * other.d2)

    __rmul__ = __mul__

    def __truediv__(self, other: Ball) -> Ball:
        return self * (1 / other)

    def __rtruediv__(self, other: Ball) -> Ball:
        inverse = 1 / self.value
        return self._chain(inverse, -inverse * inverse) * other

    def _chain(self, value: Ball, slope: Ball) -> Jet:
        return Jet(value, slope * self.d1, slope * self.d2)

    def power(self, exponent: Ball) -> Jet:
        """A power of a positive number."""
        value = acb(self.value).pow(acb(exponent), analytic=True)
        return self._chain(value, exponent * value / self.value)

    def tanh(self) -> Jet:
        """tanh."""
        value = self.value.tanh()
        return self._chain(value, 1 - value * value)

    def exp(self) -> Jet:
        """exp."""
        value = self.value.exp()
        return self._chain(value, value)

    def sin(self) -> Jet:
        """sin."""
        return self._chain(self.value.sin(), self.value.cos())

    def cos(self) -> Jet:
        """cos."""
        return self._chain(self.value.cos(), -self.value.sin())

    def erf(self) -> Jet:
        """The error function."""
        slope = 2 * (-self.value * self.value).exp() / arb.pi().sqrt()
        return self._chain(self.value.erf(), slope)

    def is_zero(self) -> bool:
        """Never taken for a constant 0."""
        return False


def variables(x1: Ball, x2: Ball) -> tuple[Jet, Jet]:
    """The coordinates as jets."""
    return Jet(x1, arb(1), arb(0)), Jet(x2, arb(0), arb(1))


def gradient(value: Ball) -> tuple[Ball, Ball]:
    """The derivatives of what a function made of jets; of a constant 0, or NaN."""
    return (value.d1, value.d2) if isinstance(value, Jet) else (value * 0, value * 0)
