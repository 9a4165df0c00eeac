"""How fast functions of one variable grow that are polynomials far out (``tails.py``)."""

import sympy as sp

from expressivity.symbolic.tails import T, expansion, is_certainly_nonzero, polynomial_tail


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


def _far_out(function: sp.Expr, s: sp.Symbol, sign: int) -> sp.Poly | None:
    found = expansion(function, s, sign)
    far = None if found is None else polynomial_tail(found)
    return None if far is None else sp.Poly(far, T)
