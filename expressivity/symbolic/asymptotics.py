"""How fast functions of one variable grow, and tend to what they tend to (``tails.py``)."""

import sympy as sp

from expressivity.symbolic.tails import (
    FLAT,
    Expansion,
    T,
    decays,
    expansion,
    growth_sign,
    is_certainly_nonzero,
    polynomial_tail,
)


def growth_degree(function: sp.Expr, s: sp.Symbol) -> int | None:
    """The least k with function = O(abs(s)^k) for s -> +oo and for s -> -oo, or None.

    The zero polynomial far out counts as degree 0.

    >>> x = sp.Symbol("x", real=True)
    >>> growth_degree(x / (1 + sp.exp(-x)), x), growth_degree(sp.exp(x), x)
    (1, None)
    """
    ends = [_far_out(function, s, sign) for sign in (1, -1)]
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return None
    return max([0, *(int(end.degree()) for end in known if not end.is_zero)])


def exceeds_growth(function: sp.Expr, s: sp.Symbol, degree: int) -> bool:
    """Whether the function is certainly not O(abs(s)^degree) on the line.

    >>> x = sp.Symbol("x", real=True)
    >>> exceeds_growth(x * sp.tanh(x), x, 0), exceeds_growth(sp.tanh(x), x, 0)
    (True, False)
    """
    ends = [_far_out(function, s, sign) for sign in (1, -1)]
    terms = [term for end in ends if end is not None for term in end.terms()]
    return any(k > degree and is_certainly_nonzero(c) for (k,), c in terms)


def nearest_exponentials(found: Expansion) -> sp.Expr | None:
    """A sum of c(t) exp(p(t) + i q(t)), p and q affine, that is nearer than every exponential.

    In ``T``; None where none is shown to be.

    >>> x = sp.Symbol("x", real=True)
    >>> nearest_exponentials(expansion(x * sp.erf(x) + sp.exp(-x), x))
    t + exp(-t)
    >>> nearest_exponentials(expansion(sp.tanh(x), x)) is None
    True
    """
    if found.rest is not None and not _decays_fast(found.rest):
        return None
    near = {e: c for e, c in found.terms.items() if not _decays_fast(e[0])}
    if any(sp.diff(part, T).has(T) for exponent in near for part in exponent):
        return None
    return sp.Add(*[c * sp.exp(p + sp.I * q) for (p, q), c in near.items()])


def _decays_fast(exponent: sp.Expr) -> bool:
    """Whether exp of the polynomial decays faster than every exponential of t."""
    return growth_sign(exponent) < 0 and sp.Poly(exponent, T).degree() > 1


def has_exponentials(found: Expansion) -> bool:
    """Whether some exponential, growing, turning or decaying, certainly takes part.

    Such a function is not rational: less the rational function it would be, with the term that
    outgrows the others, it is not smaller than the error.

    >>> x = sp.Symbol("x", real=True)
    >>> [has_exponentials(expansion(f, x)) for f in (sp.exp(-x) + x, sp.sin(x), 1 / (1 + x**2))]
    [True, True, False]
    """
    return any(is_certainly_nonzero(c) for e, c in found.terms.items() if e != FLAT)


def rational_part(found: Expansion) -> sp.Expr | None:
    """The rational function, in ``T``, that a function is but for an exponentially small error.

    Two rational functions that differ by so little are one. None where no such error is shown.

    >>> x = sp.Symbol("x", real=True)
    >>> rational_part(expansion(sp.tanh(x) / (1 + x**2), x))
    1/(t**2 + 1)
    """
    small = found.rest is None or growth_sign(found.rest) < 0
    if not small or not all(decays(e) for e in found.terms if e != FLAT):
        return None
    return found.terms.get(FLAT, sp.S.Zero)


def _far_out(function: sp.Expr, s: sp.Symbol, sign: int) -> sp.Poly | None:
    found = expansion(function, s, sign)
    far = None if found is None else polynomial_tail(found)
    return None if far is None else sp.Poly(far, T)
