"""The part of B2 about t2: the distance of its odd part to the linear functions.

The odd part of t2 is tanh(lambda x1) abs(x2)/2. Its theorem is registered by ``parity_bound``.
"""

from collections.abc import Iterator, Sequence

import flint
import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import Step
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import t2
from proofs.slope_staircase import combined

SOURCE = "docs/theory.md, section 4, B2"
_X1, _X2 = COORDINATES[:2]
_rate = sp.Symbol("lambda", positive=True)


def t2_steps() -> Iterator[Step]:
    """The distance of the odd part of t2 to the linear functions."""
    y, s = sp.symbols("y s", positive=True)
    I_, J, Q = sp.symbols("I J Q", positive=True)
    half = ACTIVATIONS["relu"](y) / 2  # the odd part of t2 is tanh(lambda x1) abs(x2)/2
    profile = sp.tanh(_rate * _X1)
    antiderivative = _X1 - profile / _rate

    def odd_part() -> bool | None:
        expression = profile * ACTIVATIONS["relu"](_X2)
        odd = (expression - expression.subs({_X1: -_X1, _X2: -_X2}, simultaneous=True)) / 2
        claims = [is_identity(odd.subs(_X2, sign * y), profile * half) for sign in (1, -1)]
        return combined(*claims, is_identity(expression.subs(_rate, 2), t2().expression))

    def over_x2(power: int) -> sp.Expr:
        return 2 * sp.integrate(half**power, (y, 0, s))

    def square() -> bool | None:
        norm = over_x2(2).subs(s, 1) * 2 * antiderivative.subs(_X1, 1)
        mixed = over_x2(1).subs(s, 1) * I_
        linear = sp.integrate(_X1**2, (_X1, -1, 1), (_X2, -1, 1))
        claimed = (1 - sp.tanh(_rate) / _rate) / 3 - 3 * I_**2 / 16
        return combined(
            is_identity(sp.diff(antiderivative, _X1), profile**2),
            is_identity(norm - mixed**2 / linear, claimed),
        )

    def disk() -> bool | None:
        angle = sp.Symbol("phi", real=True)
        linear = sp.integrate(y**3, (y, 0, 1)) * sp.integrate(
            sp.cos(angle) ** 2, (angle, 0, 2 * sp.pi)
        )
        norm, mixed = over_x2(2) / s**3 * Q, over_x2(1) / s**2 * J
        full = sp.integrate(y**2, (y, 0, s)) / s**3 * Q
        return combined(
            is_identity(norm - mixed**2 / linear, Q / 6 - J**2 / sp.pi),
            is_identity(full, Q / 3),
        )

    yield Step(
        statement="The odd part of t2 is tanh(lambda x1) abs(x2)/2",
        source=SOURCE,
        check=odd_part,
    )
    yield Step(
        statement="It is odd in x1 and even in x2: of x1, x2, which are orthogonal, only x1 has an "
        "inner product with it",
        source=SOURCE,
        check=lambda: bool(profile.subs(_X1, -_X1) == -profile),
    )
    yield Step(
        statement="Square: integrating over x2 first, norm^2 = (1 - tanh(lambda)/lambda)/3, the "
        "inner product with x1 is I/2, norm(x1)^2 = 4/3; dist^2 is as stated",
        source=SOURCE,
        check=square,
    )
    yield Step(
        statement="Disk: abs(x2) <= s = sqrt(1 - x1^2) gives norm^2 = Q/6, inner product J/2, "
        "norm(x1)^2 = pi/4, norm(t2)^2 = Q/3; dist^2 is as stated",
        source=SOURCE,
        check=disk,
    )
    for rate, *decimals in _TABLE:
        yield Step(
            statement=f"lambda = {rate}: {', '.join(decimals)} (square, disk, disk relative), to "
            "the digits shown, by ball arithmetic",
            source=SOURCE,
            check=lambda r=rate, d=decimals: _decimals_agree(r, d),
        )


_TABLE = (
    (1, "0.0201632", "0.0086983", "0.40645"),
    (2, "0.0474799", "0.0255469", "0.43320"),
    (4, "0.0812699", "0.0534211", "0.47366"),
)


def _decimals_agree(rate: int, decimals: Sequence[str]) -> bool | None:
    """Whether balls for the three numbers lie within half a unit of the last decimal."""
    with flint.ctx.workprec(128):
        one, right = flint.acb(1), flint.acb.pi() / 2
        I_ = flint.acb.integral(lambda z, _: z * (rate * z).tanh(), -one, one).real
        J = flint.acb.integral(lambda z, _: z * (rate * z).tanh() * (1 - z * z), -one, one).real
        # x = sin(u) makes the integrand of Q smooth at the ends
        Q = flint.acb.integral(
            lambda u, _: (rate * u.sin()).tanh() ** 2 * u.cos() ** 4, -right, right
        ).real
        square = (1 - flint.arb(rate).tanh() / rate) / 3 - 3 * I_**2 / 16
        disk = Q / 6 - J**2 / flint.arb.pi()
        values = (square, disk, (disk / (Q / 3)).sqrt())
        agree = []
        for value, decimal in zip(values, decimals, strict=True):
            digits = decimal.partition(".")[2]
            scaled = value * 10 ** len(digits) - int(digits)
            agree.append(True if abs(scaled) < flint.arb(0.5) else None)
        return combined(*agree)
