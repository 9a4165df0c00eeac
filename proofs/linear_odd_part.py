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
_y, _s = sp.symbols("y s", positive=True)
_I, _J, _Q = sp.symbols("I J Q", positive=True)
_profile = sp.tanh(_rate * _X1)
_antiderivative = _X1 - _profile / _rate


def t2_steps() -> Iterator[Step]:
    """The distance of the odd part of t2 to the linear functions."""
    yield Step(
        statement="The odd part of t2 is tanh(lambda x1) abs(x2)/2",
        source=SOURCE,
        check=_odd_part,
    )
    yield Step(
        statement="It is odd in x1 and even in x2: of x1, x2, which are orthogonal, only x1 has an "
        "inner product with it",
        source=SOURCE,
        check=lambda: bool(_profile.subs(_X1, -_X1) == -_profile),
    )
    yield Step(
        statement="Square: integrating over x2 first, norm^2 = (1 - tanh(lambda)/lambda)/3, the "
        "inner product with x1 is I/2, norm(x1)^2 = 4/3; dist^2 is as stated",
        source=SOURCE,
        check=_square,
    )
    yield Step(
        statement="Disk: abs(x2) <= s = sqrt(1 - x1^2) gives norm^2 = Q/6, inner product J/2, "
        "norm(x1)^2 = pi/4, norm(t2)^2 = Q/3; dist^2 is as stated",
        source=SOURCE,
        check=_disk,
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


def _half() -> sp.Expr:
    """The odd part of t2 is tanh(lambda x1) abs(x2)/2; for x2 = y > 0 the second factor."""
    return ACTIVATIONS["relu"](_y) / 2


def _odd_part() -> bool | None:
    expression = _profile * ACTIVATIONS["relu"](_X2)
    odd = (expression - expression.subs({_X1: -_X1, _X2: -_X2}, simultaneous=True)) / 2
    claims = [is_identity(odd.subs(_X2, sign * _y), _profile * _half()) for sign in (1, -1)]
    return combined(*claims, is_identity(expression.subs(_rate, 2), t2().expression))


def _over_x2(power: int) -> sp.Expr:
    return 2 * sp.integrate(_half() ** power, (_y, 0, _s))


def _square() -> bool | None:
    norm = _over_x2(2).subs(_s, 1) * 2 * _antiderivative.subs(_X1, 1)
    mixed = _over_x2(1).subs(_s, 1) * _I
    linear = sp.integrate(_X1**2, (_X1, -1, 1), (_X2, -1, 1))
    claimed = (1 - sp.tanh(_rate) / _rate) / 3 - 3 * _I**2 / 16
    return combined(
        is_identity(sp.diff(_antiderivative, _X1), _profile**2),
        is_identity(norm - mixed**2 / linear, claimed),
    )


def _disk() -> bool | None:
    angle = sp.Symbol("phi", real=True)
    linear = sp.integrate(_y**3, (_y, 0, 1)) * sp.integrate(
        sp.cos(angle) ** 2, (angle, 0, 2 * sp.pi)
    )
    norm, mixed = _over_x2(2) / _s**3 * _Q, _over_x2(1) / _s**2 * _J
    full = sp.integrate(_y**2, (_y, 0, _s)) / _s**3 * _Q
    return combined(
        is_identity(norm - mixed**2 / linear, _Q / 6 - _J**2 / sp.pi),
        is_identity(full, _Q / 3),
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
