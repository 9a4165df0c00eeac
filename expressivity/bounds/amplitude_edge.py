"""A kink that crosses another one: the gradient's jump breaks off (docs/theory.md, section 6).

Along a hyperplane H the jump of the normal derivative of a network is continuous, whatever its
width, if the records of neuron, activations and gates show it (``classes.amplitudes``). Let the
target's jump tend to J+ and to J- at a point of H, from the two sides of another kink. With D the
essential supremum of the gradient error, the jumps of network and target differ by at most 2 D,
on both sides: abs(J+ - J-) is at most 4 D.
"""

import flint

from expressivity.bounds.bound import Bound, TargetNorms, at_every_width, precision
from expressivity.bounds.unit_jumps import common_points, unit_jumps, usable_edges
from expressivity.classes.amplitudes import amplitude
from expressivity.classes.families import Family
from expressivity.evidence import Evidence
from expressivity.symbolic.interpret import lower_float
from expressivity.targets.target import Target


def bounds(target: Target, family: Family, norms: TargetNorms) -> tuple[Bound, ...]:
    """The bound of a class, at most one, in the norm w1inf; no norm is used.

    >>> from expressivity.targets.user import user_target
    >>> family = Family(neuron="quadratic", kind="moa", gate="tanh", width=4, dimension=2)
    >>> maxout = user_target("relu(x1-relu(x2))+relu(x2)")
    >>> [round(b.value, 6) for b in bounds(maxout, family, TargetNorms(l2=1.0, sup=1.0))]
    [0.353553]
    """
    del norms
    if target.dimension < 2 or amplitude(family) is None:
        return ()
    value = 0.0
    with flint.ctx.workprec(precision):
        for edge in usable_edges(target):
            if edge.above.slope_jump == edge.below.slope_jump:
                continue
            for above, below in unit_jumps(edge, common_points(edge, target), target):
                if above is not None and below is not None:
                    value = max(value, lower_float(abs(above - below) / 4))
    return at_every_width("w1inf", value, Evidence.PROVED, "amplitude-edge")
