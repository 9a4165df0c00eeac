"""All lower bounds that apply to a class and a target."""

from collections.abc import Callable

from expressivity.bounds import (
    amplitude_edge,
    flattening,
    free_knots,
    gradient_jump,
    jump_parity,
    parity,
    ridge_rank,
    shared_amplitude,
    uncut_boxes,
    uncut_disks,
)
from expressivity.bounds.bound import Bound, TargetNorms
from expressivity.classes.families import Family
from expressivity.targets.target import Target

Mechanism = Callable[[Target, Family, TargetNorms], tuple[Bound, ...]]

MECHANISMS: tuple[Mechanism, ...] = (
    gradient_jump.bounds,
    amplitude_edge.bounds,
    shared_amplitude.bounds,
    jump_parity.bounds,
    parity.bounds,
    free_knots.bounds,
    ridge_rank.bounds,
    flattening.bounds,
    uncut_boxes.bounds,
    uncut_disks.bounds,
)


def lower_bounds(target: Target, family: Family, *, norms: TargetNorms) -> tuple[Bound, ...]:
    """Every bound of docs/theory.md, sections 4 and 6, that applies to this class and this target.

    The width of the family matters only to bounds with ``every_width`` False. A target that the
    class contains gets none.

    Raises:
        ValueError: target and family have different dimensions.

    >>> from expressivity.classes.kinds import Kind
    >>> from expressivity.targets.builtin import t1
    >>> family = Family(
    ...     kind=Kind.FIXED, neuron="type1", width=4, dimension=1, dictionary=("silu",)
    ... )
    >>> [bound] = lower_bounds(t1(), family, norms=TargetNorms(l2=1.0, sup=2.0))
    >>> bound.norm, round(bound.value, 12), bound.method, str(bound.evidence)
    ('w1inf', 0.5, 'gradient-jump', 'proved')
    """
    if target.dimension != family.dimension:
        raise ValueError(
            f"required: a family of the target's dimension {target.dimension}; "
            f"got {family.dimension}"
        )
    return tuple(bound for mechanism in MECHANISMS for bound in mechanism(target, family, norms))
