"""Jump powers: what changes across a hyperplane is a polynomial in the distance from it.

docs/theory.md, section 9. ``jump_amplitude`` is about the first power alone.
"""

from collections.abc import Sequence
from itertools import combinations_with_replacement

import sympy as sp

from expressivity.classes.families import Family
from expressivity.classes.kinks import jump_degrees
from expressivity.symbolic.identities import differs
from expressivity.targets.bends import bends
from expressivity.targets.crossings import Crossing, crossings
from expressivity.targets.target import Target


def jump_powers_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no fixed or LA network is the target, at any width, or None.

    Across a hyperplane H a neuron with kink set H changes by the difference of its activation's
    pieces at the distance y from H, times its cofactor: over the seven by multiples of y and y^2.
    So the change of a network is a sum of y^m p_m with few m, p_m a polynomial along H whose
    degree is known, however the neurons cancel.

    It does not decide about gates, about pieces whose difference is no polynomial (ELU), nor
    about neurons that are no sum of functions of one map times polynomials of the others.

    >>> from expressivity.targets.user import user_target
    >>> jump_powers_obstruction(user_target("relu(x)*silu(x)"), Family(
    ...     kind="la", neuron="type1", width=9, dimension=1))
    'across x1 = 0 networks change by powers 1, 2 of the distance alone, expr changes otherwise'
    """
    allowed = jump_degrees(family)
    if allowed is None:
        return None
    powers = f"powers {', '.join(map(str, allowed))} of the distance alone"
    listed = powers if allowed else "no power of the distance"
    beyond = max(allowed, default=-1) + 1
    for crossing in crossings(target):
        across = f"across {crossing.level} = 0 networks change by"
        for power in range(beyond):
            coefficient = _coefficient(crossing, power)
            degree = allowed.get(power, -1)
            for along in combinations_with_replacement(crossing.tangents, degree + 1):
                if differs(_derivative(coefficient, along), sp.S.Zero):
                    if degree < 0:
                        return f"{across} {listed}, {target.name} changes otherwise"
                    return (
                        f"{across} power {power} of the distance times a polynomial of degree "
                        f"at most {degree} along it, {target.name} by another function"
                    )
        rest = sp.diff(crossing.above - crossing.below, crossing.pivot, beyond)
        if differs(rest, sp.S.Zero):
            return f"{across} {listed}, {target.name} changes otherwise"
    for bend in bends(target):
        if not set(bend.orders) <= set(allowed):
            across = f"on a line across {bend.level} = 0 networks change by"
            return f"{across} {listed}, {target.name} changes otherwise"
    return None


def _coefficient(crossing: Crossing, power: int) -> sp.Expr:
    """That of a power of the distance, times a nonzero number, in the tangents."""
    jump = crossing.above - crossing.below
    return crossing.on_plane(sp.diff(jump, crossing.pivot, power))


def _derivative(coefficient: sp.Expr, along: Sequence[sp.Symbol]) -> sp.Expr:
    return sp.diff(coefficient, *along) if along else coefficient
