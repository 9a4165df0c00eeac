"""Branch points: functions that continue meromorphically along lines are no logarithms.

docs/theory.md, section 9.
"""

import sympy as sp

from expressivity.classes.continuation import is_meromorphic_on_lines
from expressivity.classes.families import Family
from expressivity.classes.poles import simple_pole
from expressivity.membership.obstructions.pole_order import on_lines
from expressivity.targets.target import Target


def branch_points_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network of the family is the target, at any width, or None.

    Along a line a network is, on an interval without kinks, a finite sum of products of gates,
    activations and polynomials at affine arguments. Where all of them continue to meromorphic
    functions, so does the sum, and the residues of its derivative are 0. A formula of the
    target's, real-analytic on the whole space, whose derivative has a simple pole is none.

    It looks at formulas with logarithms alone; those of others have no such derivative.

    >>> from expressivity.targets.user import user_target
    >>> branch_points_obstruction(user_target("softplus(x)"), Family(
    ...     kind="fixed", neuron="type1", width=9, dimension=1, dictionary=("silu",)))
    'off their kinks networks are meromorphic on lines, log(exp(x1) + 1) branches at x1 = I*pi'
    """
    if not is_meromorphic_on_lines(family):
        return None
    for formula, variable, on_line in on_lines(target):
        if not on_line.has(sp.log):
            continue
        pole = simple_pole(sp.diff(on_line, variable), variable)
        if pole is not None:
            return (
                "off their kinks networks are meromorphic on lines, "
                f"{formula} branches at {variable} = {pole}"
            )
    return None
