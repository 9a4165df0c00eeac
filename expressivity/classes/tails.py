"""How networks continue far out on a line: by tails, up to an exponentially small error.

On a part of a line without kinks a network is a sum of products of pieces, each real-analytic on
the whole line (``facts.pieces``), and so is the sum. Where every piece has a tail at either end
(``symbolic/tails.py``) the sum has one, whatever the weights are (docs/theory.md, section 9).
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from expressivity.classes import gates
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.amplitudes import gates_are, profile_terms
from expressivity.classes.facts import pieces
from expressivity.classes.families import Family
from expressivity.classes.gates import Gate
from expressivity.classes.terms import AFFINE, degree_in, is_analytic_choice, products
from expressivity.symbolic.symbols import Z
from expressivity.symbolic.tails import T, expansion, tail


@dataclass(frozen=True, kw_only=True)
class Tails:
    """Bounds for functions that have a tail at both ends of every line.

    Attributes:
        degree: of the polynomials, at most.
        difference: degree of the difference of the two polynomials, at most; -1 where they are the
            same polynomial.
        exponentials: whether exponentials of any rates may take part, the same coefficients or
            others at the two ends; ``difference`` then claims nothing.
    """

    degree: int
    difference: int
    exponentials: bool = False

    def __mul__(self, other: "Tails") -> "Tails":
        """Of products: p q - p' q' = (p - p') q + p' (q - q')."""
        mixed = [
            a.difference + b.degree for a, b in ((self, other), (other, self)) if a.difference >= 0
        ]
        return Tails(
            degree=self.degree + other.degree,
            difference=max(mixed, default=-1),
            exponentials=self.exponentials or other.exponentials,
        )


def network_tails(family: Family) -> Tails | None:
    """Of every network of the family, continued from a part of a line without kinks, or None.

    >>> network_tails(Family(neuron="type1", kind="la", width=1, dimension=1))
    Tails(degree=2, difference=1, exponentials=False)
    """
    terms = products(family.record)
    if terms is None or (family.gate is not None and not gates_are(family, has_limits)):
        return None
    own = [activation_tails(ACTIVATIONS[name].expression) for name in family.dictionary]
    known = [tails for tails in own if tails is not None]
    if len(known) < len(own):
        return None
    if any(tails.exponentials for tails in known) and (
        family.gate is not None or any(len(term.maps) > 1 for term in terms)
    ):
        return None  # an exponential times a small error may be large
    found: list[Tails] = []
    for term in terms:
        degree = degree_in(term.cofactor, AFFINE, is_analytic_choice)
        if degree is None:
            return None
        tails = Tails(degree=degree, difference=-1)
        for _ in term.maps:
            tails *= _union(known)
        if family.gate is not None and term.mixtures:
            tails *= Tails(degree=0, difference=0)  # the numbers at the two ends differ
        found.append(tails)
    return _union(found)


def ridge_tail_degree(family: Family) -> int | None:
    """The degree of the tails of neurons, where each is a function of one map; None if not known.

    Without gates and products; exponentials may take part.

    >>> [ridge_tail_degree(Family(neuron=form, kind="la", width=1, dimension=2))
    ...     for form in ("type1", "one_sided")]
    [2, None]
    """
    terms, tails = profile_terms(family), network_tails(family)
    if terms is None or tails is None or family.gate is not None:
        return None
    ridges = all(len(term.profiles) <= 1 and term.degree == 0 for term in terms)
    return tails.degree if ridges else None


@functools.lru_cache(maxsize=256)
def activation_tails(expression: sp.Expr) -> Tails | None:
    """Of both pieces at every affine argument, a constant one included; None if not known.

    >>> from expressivity.classes.activations import ACTIVATIONS
    >>> activation_tails(ACTIVATIONS["relu2"].expression)
    Tails(degree=2, difference=-1, exponentials=False)
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
    right, left = (None if end is None else tail(end) for end in ends)
    if right is None or left is None:
        return None
    degree = max(map(_degree, (*right.values(), *left.values())), default=0)
    flat, mirrored = (end.get(sp.S.Zero, sp.S.Zero) for end in (right, left))
    gap: Any = sp.expand(flat - mirrored.subs(T, -T))
    return Tails(
        degree=degree,
        difference=-1 if gap == 0 else _degree(gap),
        exponentials=not {*right, *left} <= {sp.S.Zero},
    )


def _degree(polynomial: sp.Expr) -> int:
    return 0 if polynomial == 0 else int(sp.Poly(polynomial, T).degree())


def _union(tails: Iterable[Tails]) -> Tails:
    """Of sums."""
    listed = [Tails(degree=0, difference=-1), *tails]
    return Tails(
        degree=max(t.degree for t in listed),
        difference=max(t.difference for t in listed),
        exponentials=any(t.exponentials for t in listed),
    )


@functools.lru_cache(maxsize=256)
def has_limits(gate: Gate, size: int) -> bool:
    """Whether gates at affine logits certainly tend to numbers on every line, exponentially fast.

    In E_k = exp(h_k) each is a quotient of polynomials, all coefficients below are positive, and
    every monomial above is one of those below. Such a gate is real-analytic, too.

    >>> from expressivity.classes.gates import GATES
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
