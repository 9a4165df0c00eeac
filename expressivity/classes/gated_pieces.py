"""What a network with gates is where none of its neurons changes its formula.

Over activations that are polynomials on either side of 0, such a network is there a sum of gates
times polynomials: c_1(x) p_1(x) + c_2(x) p_2(x) + .., whatever the width, since all neurons of a
group share their gates. A gate that is a function of one affine function u.x of the input makes
each c_i(x) p_i(x) a sum of derivatives of ridges in one direction (docs/theory.md, section 4, B8).
"""

from dataclasses import replace
from itertools import product

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, acts_alone, look_one_way
from expressivity.classes.generic_neuron import neuron_degree
from expressivity.classes.kinds import Kind
from expressivity.classes.properties import change_planes, gates_are_analytic
from expressivity.classes.terms import AFFINE, degree_in, is_free, products


def gated_planes(family: Family) -> int | None:
    """``change_planes`` of one neuron with gates, which change nothing themselves, or None.

    >>> gated_planes(Family(neuron="quadratic", kind="moa", gate="tanh", dictionary="relu",
    ...     width=3, dimension=2))
    2
    """
    if family.gate is None or not gates_are_analytic(family):
        return None
    return change_planes(replace(family, kind=Kind.LA, gate=None))


def gated_piece_rank(family: Family) -> int | None:
    """Hankel rank that no gated network exceeds on a disk that none of its planes cuts, or None.

    Each gate counts 1 for every degree of what it multiplies, 0 among them; gates that are
    functions of the same affine function count once. None for products of two gates, and for gates
    that look at several logits.

    >>> [gated_piece_rank(Family(neuron="type1", kind="moa", gate="tanh", dictionary=names, width=3,
    ...     dimension=2)) for names in ("relu", "relu2", "id,relu", "id,tanh")]
    [2, 3, 4, None]
    >>> [gated_piece_rank(Family(neuron=form, kind="moa", gate="softmax", dictionary="id,relu",
    ...     width=3, dimension=2)) for form in ("type1", "one_sided", "two_sided", "quadratic")]
    [2, 3, None, None]
    """
    if family.gate is None or gated_planes(family) is None:
        return None
    gate, rank = GATES[family.gate.name], 0
    for side in range(family.sides):
        degrees = _degrees(family, side)
        if degrees is None:
            return None
        if look_one_way(gate, len(degrees)):
            rank += 1 + max(degrees)
        elif acts_alone(gate, len(degrees)):
            rank += sum(1 + degree for degree in degrees)
        else:
            return None
    return family.group_count * rank


def _degrees(family: Family, side: int) -> list[int] | None:
    """Of the polynomials that the gates of one mixture multiply, one by one."""
    cofactors: list[int] = []
    for term in products(family.record) or ():
        degree = degree_in(term.cofactor, AFFINE, is_free)
        if len(term.sides) != 1 or degree is None:
            return None
        cofactors += [degree] if term.sides == (side,) else []
    pieces = [neuron_degree(ACTIVATIONS[name].expression) for name in family.dictionary]
    known = [degree for degree in pieces if degree is not None]
    if not cofactors or len(known) < len(pieces):
        return None
    factors = len(family.record.mixtures[side])
    return [max(cofactors) + sum(chosen) for chosen in product(known, repeat=factors)]
