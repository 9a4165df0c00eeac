"""Order of growth: what separates gelu from the other activations and from gates (C1b).

A function of order at most 1 is O(exp(abs(x)^(1 + eps))) for every eps > 0; erf(c x), c > 0,
has order 2. docs/theory.md, section 2, C1 (b); W. K. Hayman, "Meromorphic Functions", 1964.
"""

from collections.abc import Iterator
from typing import Any

import sympy as sp

from expressivity.classes.activations import Activation
from expressivity.classes.facts import pieces, settle
from expressivity.symbolic.identities import differs
from expressivity.symbolic.proof import Step
from expressivity.symbolic.symbols import Z
from proofs.constant_gates import X1

_RATE, _OTHER, _Y = (sp.Symbol(name, positive=True) for name in ("c", "c1", "y"))


def imaginary_axis_steps() -> Iterator[Step]:
    """Growth of F_gelu at x = i y, y > 0."""
    yield Step(
        statement="at x = iy: erf(c i y/sqrt(2)) = i erfi(c y/sqrt(2)); both are 0 at 0, and have "
        "the same derivative",
        source="definition of erfi",
        check=erf_on_the_imaginary_axis,
    )
    yield Step(
        statement="erfi(z) z exp(-z^2) tends to 1/sqrt(pi) as z grows: erfi(c y/sqrt(2)) is "
        "sqrt(2/pi) exp(c^2 y^2/2)/(c y), up to a factor that tends to 1",
        source="exact limit",
        latex=r"\lim_{z\to\infty} z e^{-z^2}\,\mathrm{erfi}(z) = 1/\sqrt{\pi}",
        check=lambda: (
            sp.limit(sp.erfi(_Y) * _Y * sp.exp(-(_Y**2)), _Y, sp.oo) == 1 / sp.sqrt(sp.pi)
        ),
    )
    yield Step(
        statement="for 0 < c1 < c the term of c1, and A x/2, are negligible: "
        "(c/c1) exp((c1^2 - c^2) y^2/2) and y exp(-c^2 y^2/2) tend to 0",
        source="exact limits",
        check=smaller_rates_are_negligible,
    )
    yield Step(
        statement="exp(c^2 y^2/2) outgrows exp(y^(3/2)): c^2 y^2/2 over y^(3/2) is unbounded, "
        "while a function of order at most 1 is O(exp(y^(3/2)))",
        source="definition of the order of an entire function",
        check=lambda: sp.limit(_RATE**2 * _Y**2 / 2 / _Y ** sp.Rational(3, 2), _Y, sp.oo) == sp.oo,
    )


def erf_on_the_imaginary_axis() -> bool:
    """Values at 0 and derivatives in y agree."""
    left = sp.erf(sp.I * _RATE * _Y / sp.sqrt(2))
    right = sp.I * sp.erfi(_RATE * _Y / sp.sqrt(2))
    slopes = sp.expand(sp.diff(left, _Y) - sp.diff(right, _Y))
    return slopes == 0 and left.subs(_Y, 0) == right.subs(_Y, 0) == 0


def has_order_at_most_one(formula: sp.Expr) -> bool | None:
    """Whether a function of X1 is meromorphic of order at most 1.

    True for a rational function of X1 and of exponentials of affine functions of X1, False where
    :func:`grows_like_erf` shows order 2.
    """
    if _is_exponential(formula):
        return True
    return False if grows_like_erf(formula) else None


def grows_like_erf(formula: sp.Expr) -> bool:
    """Whether it is A + B erf(c X1), c > 0, A and B of order at most 1, B not 0.

    If it had order at most 1, so had erf(c X1), its difference to A over B.
    """
    erfs = [atom for atom in formula.atoms(sp.erf) if atom.has(X1)]
    if len(erfs) != 1 or not sp.expand(erfs[0].args[0] / X1).is_positive:
        return False
    e = sp.Dummy()
    affine = sp.expand(formula.xreplace({erfs[0]: e}))
    slope = sp.diff(affine, e)
    parts = (slope, affine.subs(e, 0))
    return not slope.has(e) and all(map(_is_exponential, parts)) and differs(slope, sp.S.Zero)


def _is_exponential(formula: sp.Expr) -> bool:
    exponential: Any = formula.replace(sp.tanh, lambda u: 1 - 2 / (sp.exp(2 * u) + 1))
    atoms = {atom for atom in exponential.atoms(sp.exp) if atom.has(X1)}
    if any(sp.diff(atom.args[0], X1, 2) != 0 for atom in atoms):
        return False
    rational = exponential.xreplace({atom: sp.Dummy() for atom in atoms})
    names = [s for s in rational.free_symbols if s == X1 or isinstance(s, sp.Dummy)]
    return bool(rational.is_rational_function(*names))


def activation_has_order_at_most_one(activation: Activation) -> bool | None:
    """The same for s(w x) on x > 0, w of either sign."""
    both = pieces(activation.expression)
    if both is None:
        return None
    values = (both[0].subs(Z, _RATE * X1), both[1].subs(Z, -_RATE * X1))
    return settle(has_order_at_most_one(value) for value in values)


def is_gelu(activation: Activation) -> bool:
    """s(w x) = w x/2 + abs(w) (x/2) erf(abs(w) x/sqrt(2)) for both signs of w."""
    part = _RATE * X1 / 2 * sp.erf(_RATE * X1 / sp.sqrt(2))
    return all(sp.expand(activation(w * X1) - (w * X1 / 2 + part)) == 0 for w in (_RATE, -_RATE))


def smaller_rates_are_negligible() -> bool:
    """Both limits, with c^2 = c1^2 + g, g > 0."""
    gap = sp.Symbol("g", positive=True)
    rate = sp.sqrt(_OTHER**2 + gap)
    exponent = sp.expand((_OTHER**2 - rate**2) * _Y**2 / 2)
    term = rate / _OTHER * sp.exp(exponent)
    linear = _Y * sp.exp(-(_RATE**2) * _Y**2 / 2)
    return all(sp.limit(value, _Y, sp.oo) == 0 for value in (term, linear))
