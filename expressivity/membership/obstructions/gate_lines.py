"""Gates along a line: what a gradient jump made of gates can be on a line in its hyperplane.

docs/theory.md, section 6: bounded gates, gates with one lattice of poles, shares of exponentials.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import sympy as sp

from expressivity.classes import gates
from expressivity.classes.amplitudes import Amplitude, amplitude, amplitude_growth, gates_are
from expressivity.classes.families import Family
from expressivity.classes.poles import tanh_lattices
from expressivity.membership.obstructions.pole_order import lines_of
from expressivity.membership.obstructions.shared_amplitude import kinks_of
from expressivity.symbolic.asymptotics import exceeds_growth
from expressivity.symbolic.identities import differs
from expressivity.symbolic.points import ball_sign, is_zero
from expressivity.targets.target import Target

_PLACES = tuple(sp.Rational(n, 4) for n in range(-16, 17))


def gate_lines_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network of the family is the target, at any width, or None.

    On an open part of a hyperplane H the jump of a network's gradient equals a function that is
    real-analytic on all of H: the sum of products of :func:`amplitude`, each profile by its
    formula there. The target's jump is that function on every line in H, where

    1. it grows at most like the polynomials and profiles in it, if the gates are bounded;
    2. it has poles on at most so many lattices as gates take part, with any polynomial weights, if
       each gate is a + b tanh(c h + d) of its logit h and there are no other profiles: 1 and
       tanh(omega t + beta) of different lattices are linearly independent over the polynomials;
    3. it is a positive function times a sum of so many exponentials as gates take part, if all
       are shares of one softmax: it has fewer real zeros than these, counted with multiplicity,
       or is 0.

    >>> from expressivity.targets.user import user_target
    >>> gate_lines_obstruction(
    ...     user_target("x1*relu(x2)"),
    ...     Family(kind="moa", neuron="type1", width=9, dimension=2, gate="softmax", groups=3))
    'gradient jumps are O(1) along lines in x2 = 0, that of expr is not'
    """
    known = amplitude(family)
    if known is None or target.dimension < 2:
        return None
    for argument in (_growth, _lattices, _zeros):
        reason = argument(target, family, known)
        if reason is not None:
            return reason
    return None


def _growth(target: Target, family: Family, known: Amplitude) -> str | None:
    del known
    degree = amplitude_growth(family)
    for place, line, t in () if degree is None else _lines(target):
        if exceeds_growth(line, t, degree or 0):
            order = f"O({t}^{degree})" if degree else "O(1)"
            return (
                f"gradient jumps are {order} along lines in {place}, that of {target.name} is not"
            )
    return None


def _lattices(target: Target, family: Family, known: Amplitude) -> str | None:
    if known.gates != 1 or known.kinked is None or not gates_are(family, gates.have_one_lattice):
        return None
    for place, line, t in _lines(target):
        lattices = tanh_lattices(line, t)
        if lattices is not None and len(lattices) > known.kinked:
            return (
                f"gradient jumps have poles on at most {known.kinked} lattices along lines in "
                f"{place}, that of {target.name} has them on {len(lattices)}"
            )
    return None


def _zeros(target: Target, family: Family, known: Amplitude) -> str | None:
    one = known.gates == 1 and known.shared == 1 and known.degree == 0 and known.kinked
    if not one or not gates_are(family, gates.are_shares):
        return None
    for place, line, t in _lines(target):
        if _has_zeros(line, t, one):
            return (
                f"gradient jumps have at most {one - 1} zeros along lines in {place}, "
                f"that of {target.name} has more"
            )
    return None


def _lines(target: Target) -> Iterator[tuple[str, sp.Expr, sp.Symbol]]:
    """Hyperplane, jump and variable of the coordinate lines through the target's crossings."""
    for crossing in kinks_of(target):
        for variable, line in lines_of(crossing):
            yield f"{crossing.level} = 0", line, variable


def _has_zeros(line: sp.Expr, t: sp.Symbol, count: int) -> bool:
    """Whether an analytic function is not 0, but has certainly so many zeros."""
    if not differs(line, sp.S.Zero):
        return False
    values = [sp.sympify(line.subs(t, place)) for place in _PLACES]
    signs = [sign for sign in (ball_sign(value, {}) for value in values) if sign is not None]
    if sum(a != b for a, b in pairwise(signs)) >= count:
        return True
    slopes: list[Any] = [sp.diff(line, t, k) for k in range(count)]
    zeros = (p for p, value in zip(_PLACES, values, strict=True) if is_zero(value) is True)
    return any(all(is_zero(slope.subs(t, p)) is True for slope in slopes) for p in zeros)
