"""Order of growth: what separates gelu from the other activations and from gates (C1b).

A function of order at most 1 is O(exp(abs(x)^(1 + eps))) for every eps > 0; erf(c x + b), c > 0,
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

_RATE, _GAP, _R = (sp.Symbol(name, positive=True) for name in ("c", "g", "r"))
_SHIFT, _OTHER_SHIFT = sp.symbols("b b1", real=True)
_SIGNS = (sp.Integer(1), sp.Integer(-1))


def growth(rate: sp.Expr, shift: sp.Expr) -> sp.Expr:
    """h(r), the logarithm of abs(exp(-z^2/2)) at z = rate x + shift, x = r exp(i pi/3)."""
    return rate**2 * _R**2 / 4 - rate * shift * _R / 2 - shift**2 / 2


def ray_steps() -> Iterator[Step]:
    """Growth of z erf(z/sqrt(2)), z = c x + b, c > 0, on the ray x = r exp(i pi/3)."""
    yield Step(
        statement="on the ray x = r exp(i pi/3): abs(exp(-z^2/2)) = exp(h), h = c^2 r^2/4 - "
        "b c r/2 - b^2/2, for z = c x + b",
        source="direct computation",
        check=growth_is_that_of_the_ray,
    )
    yield Step(
        statement="the derivative of erf(z/sqrt(2)) + sqrt(2/pi) exp(-z^2/2)/z is "
        "-sqrt(2/pi) exp(-z^2/2)/z^2",
        source="integration by parts",
        check=remainder_is_one_power_smaller,
    )
    yield Step(
        statement="its integral along the ray is negligible beside exp(h)/abs(z), as abs(z)/r "
        "tends to c and exp(h)/r^2 over the derivative of exp(h)/r, 1/(r h' - 1), to 0: "
        "z erf(z/sqrt(2)) is -sqrt(2/pi) exp(-z^2/2) up to a factor that tends to 1",
        source="exact limits, de l'Hospital",
        check=remainder_is_negligible,
    )
    yield Step(
        statement="among finitely many pairs (c, b) one grows most, that of the largest c and, "
        "for this c, of the least b: (h1 - h)/r^2 tends to (c1^2 - c^2)/4 < 0 for c1 < c, and "
        "(h1 - h)/r to -(b1 - b) c/2 < 0 for c1 = c, b1 > b; polynomial factors do not matter",
        source="exact limits",
        check=one_pair_dominates,
    )
    yield Step(
        statement="exp(h) outgrows every polynomial and exp(r^(3/2)): h/r^(3/2) is unbounded, "
        "while a function of order at most 1 is O(exp(r^(3/2)))",
        source="definition of the order of an entire function",
        check=lambda: sp.limit(growth(_RATE, _SHIFT) / _R ** sp.Rational(3, 2), _R, sp.oo) == sp.oo,
    )


def growth_is_that_of_the_ray() -> bool:
    """The real part of -z^2/2."""
    z = _RATE * _R * (1 + sp.sqrt(3) * sp.I) / 2 + _SHIFT
    real, _ = sp.expand(-(z**2) / 2).as_real_imag()
    return sp.expand(real - growth(_RATE, _SHIFT)) == 0


def remainder_is_one_power_smaller() -> bool:
    """The derivative of erf and of its leading term, at a complex z."""
    z = sp.Symbol("z")
    leading = sp.sqrt(2 / sp.pi) * sp.exp(-(z**2) / 2) / z
    slope = sp.diff(sp.erf(z / sp.sqrt(2)) + leading, z)
    return sp.expand(slope + leading / z) == 0


def remainder_is_negligible() -> bool:
    """abs(z)^2/r^2 tends to c^2, and 1/(r h' - 1) to 0."""
    h = growth(_RATE, _SHIFT)
    x, y = _RATE * _R / 2 + _SHIFT, _RATE * _R * sp.sqrt(3) / 2
    ratio = sp.exp(h) / _R**2 / sp.diff(sp.exp(h) / _R, _R)
    claimed = 1 / (_R * sp.diff(h, _R) - 1)
    return (
        sp.limit(sp.expand((x**2 + y**2) / _R**2), _R, sp.oo) == _RATE**2
        and sp.simplify(ratio - claimed) == 0
        and sp.limit(claimed, _R, sp.oo) == 0
    )


def one_pair_dominates() -> bool:
    """Both limits are negative, with c^2 = c1^2 + g and b1 = b + g, g > 0."""
    larger = sp.sqrt(_RATE**2 + _GAP)
    by_rate = growth(_RATE, _OTHER_SHIFT) - growth(larger, _SHIFT)
    by_shift = growth(_RATE, _SHIFT + _GAP) - growth(_RATE, _SHIFT)
    limits = [sp.limit(sp.expand(h / _R**n), _R, sp.oo) for h, n in ((by_rate, 2), (by_shift, 1))]
    return all(limit.is_negative for limit in limits)


def has_order_at_most_one(formula: sp.Expr) -> bool | None:
    """Whether a function of X1 is meromorphic of order at most 1.

    True for a rational function of X1 and of exponentials of affine functions of X1, False where
    :func:`grows_like_erf` shows order 2.
    """
    if _is_exponential(formula):
        return True
    return False if grows_like_erf(formula) else None


def grows_like_erf(formula: sp.Expr) -> bool:
    """Whether it is A + B erf(c X1 + b), c > 0, A and B of order at most 1, B not 0.

    If it had order at most 1, so had erf(c X1 + b), its difference to A over B.
    """
    erfs = [atom for atom in formula.atoms(sp.erf) if atom.has(X1)]
    if len(erfs) != 1 or not sp.expand(sp.diff(erfs[0].args[0], X1)).is_positive:
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
    """The same for s(w x + b) on a cell without its kink, w of either sign."""
    both = pieces(activation.expression)
    if both is None:
        return None
    arguments = [sign * _RATE * X1 + _SHIFT for sign in _SIGNS]
    values: list[Any] = [s.subs(Z, argument) for s in {*both} for argument in arguments]
    return settle(has_order_at_most_one(value) for value in values)


def is_gelu(activation: Activation) -> bool:
    """s(z) = z/2 + (z/2) erf(z/sqrt(2)), whose second term is the same at -z."""
    even = Z / 2 * sp.erf(Z / sp.sqrt(2))
    return (
        sp.expand(activation.expression - Z / 2 - even) == 0
        and sp.expand(even.subs(Z, -Z) - even) == 0
    )
