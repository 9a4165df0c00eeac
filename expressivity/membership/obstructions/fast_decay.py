"""Fast decay: networks of exponentials do not tend to their tails faster than exponentials do.

docs/theory.md, section 9.
"""

from typing import Any

from expressivity.classes.continuation import is_of_exponentials_on_lines
from expressivity.classes.families import Family
from expressivity.membership.obstructions.pole_order import on_lines
from expressivity.symbolic.asymptotics import nearest_exponentials
from expressivity.symbolic.identities import differs
from expressivity.symbolic.tails import T, expansion
from expressivity.targets.target import Target


def fast_decay_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network of the family is the target, at any width, or None.

    Where all pieces and gates are quotients of sums of polynomials times exponentials of affine
    forms, so is a network on a line, off its kinks. If it is a formula F of the target, and F - E
    decays faster than every exponential for a sum E of rational functions times exponentials, then
    a finite sum of polynomials times exponentials does, and is 0: F = E.

    >>> from expressivity.targets.user import user_target
    >>> fast_decay_obstruction(user_target("exp(-x**2)"), Family(
    ...     kind="fixed", neuron="type1", width=9, dimension=1, dictionary=("silu",)))
    'far out networks are quotients of exponentials, exp(-x1**2) tends to 0 faster'
    """
    if not is_of_exponentials_on_lines(family):
        return None
    for formula, variable, on_line in on_lines(target):
        for sign in (1, -1):
            found = expansion(on_line, variable, sign)
            near: Any = None if found is None else nearest_exponentials(found)
            if near is not None:
                near = near.subs(T, sign * variable)
                if differs(on_line, near):
                    return (
                        "far out networks are quotients of exponentials, "
                        f"{formula} tends to {near} faster"
                    )
    return None
