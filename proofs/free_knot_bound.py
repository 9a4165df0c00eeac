"""B3: t1 is a parabola on [0, 1], a network of width m over piecewise affine activations is not.

On an interval of length h the best affine approximation to a quadratic with leading coefficient
A has sup error abs(A) h^2/8 and squared L2 error A^2 h^5/180. Hence every network of width m,
biases on or off, misses t1 on a domain that contains [0, 1] by at least

    sup  1/(8 (m+1)^2),        L2  1/(sqrt(180) (m+1)^2).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.bounds.integrals.polynomial_pieces import integral, split
from expressivity.classes.activations import ACTIVATIONS
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.builtin import t1
from proofs.slope_staircase import combined, kinks

_SOURCE = "docs/theory.md, section 4, B3"
_X = COORDINATES[0]
WIDTH = sp.Symbol("m", integer=True, positive=True)

_h, _p, _q, _A = sp.symbols("h p q A", real=True)
_alpha, _beta, _u = sp.symbols("alpha beta u", real=True)
_SUP = _h**2 / 8
_SQUARE = _h**5 / 180


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        activations: of the class, expressions in ``Z``.
        target: in x1, considered on [0, 1].
        pieces: largest number of affine pieces at width ``WIDTH``.
    """

    activations: Mapping[str, sp.Expr]
    target: sp.Expr
    pieces: sp.Expr = WIDTH + 1


def steps(setting: Setting) -> Iterator[Step]:
    """One piece, then the number of pieces, then all of them together."""
    yield Step(
        statement="t1'' = 2 on (0, 1): a quadratic with leading coefficient 1",
        source=_SOURCE,
        check=lambda: _leading_one(setting.target),
    )
    yield Step(
        statement="Sup on [-h/2, h/2], e = A u^2 + alpha u + beta (target minus affine): 4 sup "
        "abs(e) >= abs(e(-h/2) - 2 e(0) + e(h/2)) = abs(A) h^2/2, whatever alpha, beta",
        source=_SOURCE,
        check=_second_difference,
        latex=r"4\sup|e|\ge|e(-\tfrac h2)-2e(0)+e(\tfrac h2)|=|A|h^2/2",
    )
    yield Step(
        statement="L2 on [-h/2, h/2]: the integral of e^2 is A^2 h^5/180 + h (beta + A h^2/12)^2 + "
        "alpha^2 h^3/12, least for alpha = 0 and beta = -A h^2/12",
        source=_SOURCE,
        check=_completed_squares,
        latex=r"\int e^2=\frac{A^2h^5}{180}+h\Bigl(\beta+\frac{Ah^2}{12}\Bigr)^2"
        r"+\frac{\alpha^2h^3}{12}",
    )
    yield Step(
        statement=f"m neurons are affine between their kinks, at most one for each: at most "
        f"{setting.pieces} pieces, whatever the weights and biases",
        source=_SOURCE,
        check=lambda: _counts_pieces(setting),
    )
    yield Step(
        statement="Sup: the pieces cover [0, 1], so one of them has length h >= 1/(m + 1) "
        "(pigeonhole), and h^2/8 increases with h: at least 1/(8 (m + 1)^2)",
        source=_SOURCE,
        check=lambda: is_identity(_SUP.subs(_h, 1 / (WIDTH + 1)), 1 / (8 * (WIDTH + 1) ** 2)),
    )
    yield Step(
        statement="h^5 lies above its tangent at s: h^5 - s^5 - 5 s^4 (h - s) = (h - s)^2 (h^3 + "
        "2 h^2 s + 3 h s^2 + 4 s^3) >= 0 for h, s >= 0",
        source="Jensen's inequality, here as an identity",
        check=_tangent,
    )
    yield Step(
        statement="L2: summing over k = m + 1 pieces (some perhaps of length 0) with sum h_i = 1 "
        "and s = 1/k, sum h_i^5 >= 5 s^4 - 4 k s^5 = 1/(m + 1)^4",
        source=_SOURCE,
        check=_summed,
    )
    yield Step(
        statement="so the squared L2 error is at least 1/(180 (m + 1)^4); errors on [0, 1] are "
        "errors on the domain",
        source=_SOURCE,
    )


def _leading_one(target: sp.Expr) -> bool | None:
    x = sp.Symbol("x", positive=True)
    return is_identity(sp.diff(target.subs(_X, x), x, 2), sp.Integer(2))


def _error() -> sp.Expr:
    return _A * _u**2 + _alpha * _u + _beta


def _second_difference() -> bool | None:
    left, middle, right = (_error().subs(_u, place) for place in (-_h / 2, 0, _h / 2))
    return combined(
        is_identity(left - 2 * middle + right, _A * _h**2 / 2),
        is_identity(_A * _h**2 / 2 / 4, _A * _SUP),
    )


def _completed_squares() -> bool | None:
    found = sp.integrate(sp.expand(_error() ** 2), (_u, -_h / 2, _h / 2))
    squares = _h * (_beta + _A * _h**2 / 12) ** 2 + _alpha**2 * _h**3 / 12
    return is_identity(found, _A**2 * _SQUARE + squares)


def _counts_pieces(setting: Setting) -> bool | None:
    answers: list[bool | None] = []
    for activation in setting.activations.values():
        answers.append(is_identity(sp.diff(activation, Z, 2), sp.S.Zero))
        most = WIDTH * len(kinks(activation)) + 1
        answers.append(sp.expand(setting.pieces - most).is_nonnegative)
    # The bound is for m + 1 pieces: no more than that may occur.
    answers.append(sp.expand(WIDTH + 1 - setting.pieces).is_nonnegative)
    return combined(*answers)


def _tangent() -> bool | None:
    h, s = sp.symbols("h s", nonnegative=True)
    factor = h**3 + 2 * h**2 * s + 3 * h * s**2 + 4 * s**3
    difference = h**5 - s**5 - 5 * s**4 * (h - s)
    return combined(
        is_identity(difference, (h - s) ** 2 * factor), ((h - s) ** 2 * factor).is_nonnegative
    )


def _summed() -> bool | None:
    k = WIDTH + 1
    tangents = 5 * (1 / k) ** 4 - 4 * k * (1 / k) ** 5
    squared = sp.S.One / (180 * k**4)
    return combined(
        is_identity(tangents, 1 / k**4),
        is_identity(squared, (1 / (sp.sqrt(180) * k**2)) ** 2),
        is_identity(_SQUARE.subs(_h, 1) * tangents, squared),
    )


def beats(network: sp.Expr, width: int) -> bool | None:
    """Whether a piecewise affine function in x1 undercuts both bounds for t1 on [0, 1].

    The sup error is read off the ends and the vertex of the parabola of each piece.

    >>> beats(_X, 1)
    False
    """
    zero, one = sp.S.Zero, sp.S.One
    error = t1().expression - network
    found = split(error, _X, zero, one)
    square = integral(split(error**2, _X, zero, one))
    if found is None or square is None or any(piece.polynomial is None for piece in found):
        return None
    sup = zero
    for piece in found:
        slope = piece.polynomial.diff()
        stationary = [] if slope.is_ground else slope.ground_roots()
        inside = [root for root in stationary if piece.left < root < piece.right]
        places = (piece.left, piece.right, *inside)
        sup = max(sup, *[abs(piece.polynomial.eval(place)) for place in places])
    k = sp.Integer(width + 1)
    return bool(sup < 1 / (8 * k**2) and square < 1 / (180 * k**4))


_SETTING = Setting(
    activations={name: ACTIVATIONS[name].expression for name in ("id", "relu", "leaky_relu")},
    target=t1().expression,
)
_relu, _relu2 = ACTIVATIONS["relu"], ACTIVATIONS["relu2"]
_third = sp.Rational(1, 3)

# Three pieces in one neuron: the chords of x + x^2 on the thirds of [0, 1], shifted.
_STAIRS = (
    sp.Rational(4, 3) * Z
    + 2 * _third * (_relu(Z - _third) + _relu(Z - 2 * _third))
    - sp.Rational(1, 60)
)
_PARABOLA = _relu2(_X + sp.Rational(1, 2)) - _relu2(sp.Rational(1, 2))


_MUTATIONS = (
    Mutation(
        name="one kink more than neurons: m + 2 pieces",
        setting=replace(_SETTING, pieces=WIDTH + 2),
        counterexample=Step(
            statement="three pieces, with slopes 4/3, 2, 8/3, undercut both bounds for m = 1",
            source=_SOURCE,
            check=lambda: beats(_STAIRS.subs(Z, _X), 1),
        ),
    ),
    Mutation(
        name="a piecewise affine activation with two kinks",
        setting=replace(_SETTING, activations={**_SETTING.activations, "stairs": _STAIRS}),
        counterexample=Step(
            statement="one neuron with slopes 4/3, 2, 8/3 undercuts both bounds for m = 1",
            source=_SOURCE,
            check=lambda: beats(_STAIRS.subs(Z, _X), 1),
        ),
    ),
    Mutation(
        name="relu2 in the class",
        setting=replace(_SETTING, activations={**_SETTING.activations, "relu2": _relu2(Z)}),
        counterexample=Step(
            statement="relu2(x + 1/2) - relu2(1/2) = x + x^2 on [0, 1], m = 2",
            source=_SOURCE,
            check=lambda: beats(_PARABOLA, 2),
        ),
    ),
    Mutation(
        name="t1 without the square",
        setting=replace(_SETTING, target=_relu(_X)),
        counterexample=Step(
            statement="relu(x) is a network of width 1: error 0",
            source=_SOURCE,
            check=lambda: is_identity(_SETTING.activations["relu"].subs(Z, _X), _relu(_X)),
        ),
    ),
)

THEOREMS.add(
    "B3",
    Theorem(
        name="B3",
        title="Free knots bound piecewise affine classes from below on a parabola",
        statement="Every network of width m, fixed or LA type1 over id, relu, leaky_relu, misses "
        "t1 on a domain that contains [0, 1] by at least 1/(8 (m+1)^2) in sup and by at least "
        "1/(sqrt(180) (m+1)^2) in L2.",
        assumptions=(
            "hidden biases on or off, also an output bias",
            "every activation is piecewise affine with at most one kink",
            "the domain contains [0, 1], with Lebesgue measure",
        ),
        setting=_SETTING,
        steps=steps,
        mutations=_MUTATIONS,
        source=_SOURCE,
    ),
)
