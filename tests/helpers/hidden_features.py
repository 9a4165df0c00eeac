"""Random narrow, oscillating, steep and kinked functions with norms that are known otherwise.

Their squares are integrated by Arb from formulas written here in balls, or have closed forms;
nothing of the library takes part.
"""

import math
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint

Ball = Any
Function = Callable[[Ball], Ball]
Profile = tuple[str, list[Function], list[flint.arb]]
"""A text in u, the same in balls from piece to piece, and where these meet."""


def _decimal(value: float) -> tuple[str, flint.arb]:
    """A number as text, and exactly what the text says."""
    text = f"{value:.12f}"
    exact = Fraction(text)
    return f"({text})", flint.arb(flint.fmpq(exact.numerator, exact.denominator))


def profile(generator: random.Random) -> Profile:
    """One function of one variable."""
    place_text, place = _decimal(generator.uniform(-0.95, 0.95))
    width = 10 ** generator.uniform(-4, 0)
    steep_text, steep = _decimal(1 / width)
    waves_text, waves = _decimal(10 ** generator.uniform(0, 3))
    height_text, height = _decimal(10 ** generator.uniform(-2, 2))
    z = f"{steep_text}*(u-{place_text})"
    third = flint.arb(1) / 3
    one_piece: list[tuple[str, Function]] = [
        (f"exp(-({z})**2)", lambda u: (-((steep * (u - place)) ** 2)).exp()),
        (f"1/(1+({z})**2)", lambda u: 1 / (1 + (steep * (u - place)) ** 2)),
        (f"sin({waves_text}*u)", lambda u: (waves * u).sin()),
        (f"u**3+cos({waves_text}*u)", lambda u: u**3 + (waves * u).cos()),
        (f"tanh({z})", lambda u: (steep * (u - place)).tanh()),
        (
            f"u+{height_text}*exp(-({z})**2)",
            lambda u: u + height * (-((steep * (u - place)) ** 2)).exp(),
        ),
        (
            f"1+{height_text}/(1+({z})**2)+sin(5*u)",
            lambda u: 1 + height / (1 + (steep * (u - place)) ** 2) + (5 * u).sin(),
        ),
    ]
    profiles: list[Profile] = [(text, [function], []) for text, function in one_piece]
    bent: list[Function] = [lambda u: place - u + third, lambda u: u - place + third]
    profiles.append((f"abs(u-{place_text})+1/3", bent, [place]))
    return generator.choice(profiles)


def integral(functions: list[Function], cuts: list[flint.arb]) -> float:
    """The integral over neighbouring pieces, each with its own function, by Arb."""
    with flint.ctx.workprec(128):
        total = flint.acb(0)
        for function, low, high in zip(functions, cuts, cuts[1:], strict=False):
            total += flint.acb.integral(
                lambda u, _, function=function: function(u), low, high,
                rel_tol=2.0**-50, abs_tol=2.0**-90, eval_limit=10_000_000,
            )  # fmt: skip
        assert total.real.rel_accuracy_bits() > 35
        return float(total.real)


def on_the_interval(generator: random.Random) -> tuple[str, float]:
    """Text of a target on [-1, 1], and its norm."""
    text, functions, bends = profile(generator)
    squares: list[Function] = [lambda u, f=f: f(u) ** 2 for f in functions]
    squared = integral(squares, [flint.arb(-1), *bends, flint.arb(1)])
    return text.replace("u", "x"), math.sqrt(squared)


def on_the_disk(generator: random.Random) -> tuple[str, float]:
    """The same on the unit disk: a peak with a linear part, a ridge, or a half ridge."""
    kind = generator.choice(["peak", "ridge", "half"])
    if kind == "peak":
        return _peak(generator)
    text, functions, bends = profile(generator)
    with flint.ctx.workprec(128):
        half = flint.arb.pi() / 2
        cuts = [-half, *(bend.asin() for bend in bends), half]
    if kind == "half":  # relu(x2) g(x1): on x1 = sin(t), cos(t)^3 / 3 is left of relu(x2)^2
        squares: list[Function] = [
            lambda t, f=f: f(t.sin()) ** 2 * t.cos() ** 4 / 3 for f in functions
        ]
        return f"relu(x2)*({text.replace('u', 'x1')})", math.sqrt(integral(squares, cuts))
    squares = [lambda t, f=f: 2 * f(t.sin()) ** 2 * t.cos() ** 2 for f in functions]
    c, s = generator.choice([("4/5", "-3/5"), ("3/5", "4/5"), ("5/13", "-12/13")])
    return text.replace("u", f"({c}*x1+{s}*x2)"), math.sqrt(integral(squares, cuts))


def _peak(generator: random.Random) -> tuple[str, float]:
    """b x1 + h exp(-c |x - p|^2), which is 1e-18 at the boundary."""
    p1, p2 = generator.uniform(-0.5, 0.5), generator.uniform(-0.5, 0.5)
    c = 10 ** generator.uniform(2.7, 6)
    b, h = generator.choice([0.0, 1.0]), 10 ** generator.uniform(-1, 2)
    numbers = [_decimal(value) for value in (p1, p2, c, b, h)]
    (p1_text, _), (p2_text, _), (c_text, _), (b_text, _), (h_text, _) = numbers
    text = f"{b_text}*x1+{h_text}*exp(-{c_text}*((x1-{p1_text})**2+(x2-{p2_text})**2))"
    cross = 2 * b * h * p1 * math.pi / c
    return text, math.sqrt(b * b * math.pi / 4 + cross + h * h * math.pi / (2 * c))
