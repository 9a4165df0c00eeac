"""How networks continue far out on a line: polynomials up to an exponentially small error.

On a part of a line without kinks a network is a sum of products of pieces, each real-analytic on
the whole line (``facts.pieces``), and so is the sum. Where every piece has a polynomial tail at
either end (``symbolic/tails.py``) the sum has one, whatever the weights are (docs/theory.md,
section 9).
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from expressivity.classes import gates
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import pieces
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, Gate
from expressivity.classes.terms import AFFINE, degree_in, is_analytic_choice, products
from expressivity.symbolic.symbols import Z
from expressivity.symbolic.tails import T, expansion, polynomial_tail


@dataclass(frozen=True, kw_only=True)
class Tails:
    """Bounds for functions that have a polynomial tail at both ends of every line.

    Attributes:
        degree: of the two polynomials, at most.
        difference: degree of their difference, at most; -1 where they are the same polynomial.
    """

    degree: int
    difference: int

    def __mul__(self, other: "Tails") -> "Tails":
        """Of products: p q - p' q' = (p - p') q + p' (q - q')."""
        mixed = [
            a.difference + b.degree for a, b in ((self, other), (other, self)) if a.difference >= 0
        ]
        return Tails(degree=self.degree + other.degree, difference=max(mixed, default=-1))


def network_tails(family: Family) -> Tails | None:
    """Of every network of the family, continued from a part of a line without kinks, or None.

    >>> network_tails(Family(neuron="type1", kind="la", width=1, dimension=1))
    Tails(degree=2, difference=1)
    """
    terms = products(family.record)
    if terms is None or (family.gate is not None and not _gates_have_limits(family)):
        return None
    own = [activation_tails(ACTIVATIONS[name].expression) for name in family.dictionary]
    known = [tails for tails in own if tails is not None]
    if len(known) < len(own):
        return None
    found: list[Tails] = []
    for term in terms:
        degree = degree_in(term.cofactor, AFFINE, is_analytic_choice)
        if degree is None:
            return None
        tails = Tails(degree=degree, difference=-1)
        for _ in term.maps:
            tails *= _union(known)
        if family.gate is not None and term.mixtures:
            tails *= Tails(degree=0, difference=0)
        found.append(tails)
    return _union(found)


@functools.lru_cache(maxsize=256)
def activation_tails(expression: sp.Expr) -> Tails | None:
    """Of both pieces at every affine argument, a constant one included; None if not known.

    >>> from expressivity.classes.activations import ACTIVATIONS
    >>> [activation_tails(ACTIVATIONS[name].expression) for name in ("relu2", "silu")]
    [Tails(degree=2, difference=-1), Tails(degree=1, difference=1)]
    """
    found: list[Tails] = []
    for piece in pieces(expression) or (None,):
        tails = None if piece is None else _tails_of(piece)
        if tails is None:
            return None
        found.append(tails)
    return _union(found)


def _tails_of(piece: sp.Expr) -> Tails | None:
    ends = [expansion(piece, Z, sign) for sign in (1, -1)]
    right, left = (None if end is None else polynomial_tail(end) for end in ends)
    if right is None or left is None:
        return None
    difference: Any = sp.expand(right - left.subs(T, -T))
    same = difference == 0
    return Tails(
        degree=max(_degree(right), _degree(left)),
        difference=-1 if same else _degree(difference),
    )


def _degree(polynomial: sp.Expr) -> int:
    return 0 if polynomial == 0 else int(sp.Poly(polynomial, T).degree())


def _union(tails: Iterable[Tails]) -> Tails:
    """Of sums."""
    listed = [Tails(degree=0, difference=-1), *tails]
    return Tails(degree=max(t.degree for t in listed), difference=max(t.difference for t in listed))


def _gates_have_limits(family: Family) -> bool:
    assert family.gate is not None
    gate = GATES[family.gate.name]
    return all(has_limits(gate, family.size(side)) for side in range(family.sides))


@functools.lru_cache(maxsize=256)
def has_limits(gate: Gate, size: int) -> bool:
    """Whether gates at affine logits certainly tend to numbers on every line, exponentially fast.

    In E_k = exp(h_k) each is a quotient of polynomials, all coefficients below are positive, and
    every monomial above is one of those below. Such a gate is real-analytic, too.

    >>> has_limits(GATES["tanh"], 1), has_limits(GATES["softmax"], 3)
    (True, True)
    """
    exponentials = [sp.Symbol(f"E{k}", positive=True) for k in range(size)]
    logits = [sp.Symbol(f"h{k}", real=True) for k in range(size)]
    by_logarithms: Any = {h: sp.log(e) for h, e in zip(logits, exponentials, strict=True)}
    for k in range(size):
        form: Any = gates.gate_of(gate, logits, k).rewrite(sp.exp).xreplace(by_logarithms)
        above, below = sp.fraction(sp.together(form))
        if not (above.is_polynomial(*exponentials) and below.is_polynomial(*exponentials)):
            return False
        numerator, denominator = (sp.Poly(part, *exponentials) for part in (above, below))
        if not all(c.is_Rational and c > 0 for c in denominator.coeffs()):
            return False
        if not set(numerator.monoms()) <= set(denominator.monoms()) and above != 0:
            return False
    return True
