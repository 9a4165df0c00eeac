"""Jump amplitude: along a hyperplane, the gradient of a network jumps by simple functions.

docs/theory.md, L1, T2 and T4: by a constant for LA networks of type1, by an affine function for
one_sided; section 6: by an analytic function for MoA, and by a continuous one for products.
"""

from itertools import combinations_with_replacement

import sympy as sp

from expressivity.classes.amplitudes import Amplitude, amplitude
from expressivity.classes.families import Family
from expressivity.symbolic.identities import differs
from expressivity.symbolic.points import is_zero
from expressivity.targets.crossings import Edge, crossings, edges
from expressivity.targets.target import Target

_AMPLITUDES = {0: "constant", 1: "affine"}


def jump_amplitude_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network of the family is the target, at any width, or None.

    Off a set of lower dimension the jump of the normal derivative across a hyperplane H is

    1. a polynomial along H whose degree the neuron shows, without gates and other profiles: the
       target's jump is analytic along H, so it would be such a polynomial everywhere on H;
    2. real-analytic along H, without other profiles: where another kink of the target's crosses
       H, its jumps on the two sides would be one function;
    3. continuous along H: the two jumps would be equal on that crossing.

    All networks are continuous, so a target that is one is continuous across H, and its gradient
    jumps along the normal alone: its slope jump may be asked without a check of that.

    It does not decide about classes for which :func:`amplitude` shows nothing. For d = 1, H is a
    point.

    >>> from expressivity.targets.builtin import t2
    >>> jump_amplitude_obstruction(
    ...     t2(), Family(kind="la", neuron="type1", width=9, dimension=2))
    'the gradient jump of every network is constant along x2 = 0, that of t2 is not'
    """
    known = amplitude(family)
    if known is None or target.dimension < 2:
        return None
    found = _excess(target, known.degree) if known.is_polynomial else None
    return found or _broken(target, known)


def _excess(target: Target, degree: int) -> str | None:
    for crossing in crossings(target):
        for along in combinations_with_replacement(crossing.tangents, degree + 1):
            if differs(sp.diff(crossing.slope_jump, *along), sp.S.Zero):
                shape = _AMPLITUDES.get(degree, f"a polynomial of degree {degree}")
                return (
                    f"the gradient jump of every network is {shape} "
                    f"along {crossing.level} = 0, that of {target.name} is not"
                )
    return None


def _broken(target: Target, known: Amplitude) -> str | None:
    for edge in edges(target):
        if is_broken(edge, analytic=known.is_analytic):
            shape = "real-analytic" if known.is_analytic else "continuous"
            return (
                f"the gradient jump of every network is {shape} along {edge.above.level} = 0, "
                f"that of {target.name} changes where {edge.other} = 0"
            )
    return None


def is_broken(edge: Edge, *, analytic: bool) -> bool:
    """Whether the jumps on the two sides of an edge are certainly not one analytic function.

    Or, where ``analytic`` is off, certainly not equal at the edge's point.

    >>> from expressivity.targets.user import user_target
    >>> edge, _ = edges(user_target("relu(x1)*relu(x2)"))
    >>> is_broken(edge, analytic=True), is_broken(edge, analytic=False)
    (True, False)
    """
    above, below = edge.above.slope_jump, edge.below.slope_jump
    if analytic:
        return differs(above, below)
    return is_zero((above - below).subs(list(edge.above.point))) is False
