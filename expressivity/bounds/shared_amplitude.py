"""B5: jumps that share few functions (docs/theory.md, section 6): bounds against MoA.

Across kink hyperplanes H_i of the target the gradient of every network of the class jumps by
combinations, with numbers as weights, of the same F functions of x. With D the essential supremum
of the gradient error, these jumps differ from the target's J_i, by unit normals, by at most 2 D.

Pencil. Let F + 1 of the H_i have a common part L of codimension 2. Some numbers c, not all 0,
annihilate the jumps of the network on L, so abs(sum_i c_i J_i) is at most 2 D sum_i abs(c_i) there:
2 D is at least the minimum over c of sup_L abs(sum c_i J_i) / sum abs(c_i). For the signs s_i of c,
weights mu on points of L bound it from below: the minimum over i of s_i sum_p mu_p J_i(p), divided
by sum_p abs(mu_p). A linear program in floats proposes mu, balls evaluate what it proves.

Cycle, F = 1. Along a cycle of hyperplanes with points p_i on the i-th and the next, the products
of the network's jumps of H_i at p_i and of H_(i+1) at p_i agree. They lie in the products of the
intervals J - 2 D .. J + 2 D; where these are disjoint for a number in place of 2 D, it is smaller.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, islice, permutations, product
from typing import Any

import flint
import sympy as sp

from expressivity.bounds.bound import Bound, TargetNorms, at_every_width, precision
from expressivity.bounds.unit_jumps import common_points, unit_jumps, usable_edges
from expressivity.classes.amplitudes import amplitude
from expressivity.classes.families import Family
from expressivity.evidence import Evidence
from expressivity.symbolic.enclosure import as_ball
from expressivity.symbolic.interpret import lower_float
from expressivity.targets.flats import common_part
from expressivity.targets.target import Target

_HALVINGS = 60
_CYCLES = (3, 4)
_MAX_PATTERNS = 32
_MAX_CYCLES = 2000

Interval = tuple[flint.arb, flint.arb]
Cycle = tuple[tuple[flint.arb, ...], tuple[flint.arb, ...]]


def bounds(target: Target, family: Family, norms: TargetNorms) -> tuple[Bound, ...]:
    """The bound of a class with shared gates, at most one, in w1inf; no norm is used.

    >>> from expressivity.targets.user import user_target
    >>> family = Family(neuron="type1", kind="moa", gate="tanh", width=4, dimension=3)
    >>> reglu = user_target("x3*relu(x1)+relu(x2)")
    >>> [round(b.value, 6) for b in bounds(reglu, family, TargetNorms(l2=1.0, sup=1.0))]
    [0.5]
    """
    del norms
    known = amplitude(family)
    if known is None or known.gates != 1 or known.degree or not known.shared:
        return ()
    value = 0.0
    with flint.ctx.workprec(precision):
        for jumps in _pencils(target, known.shared):
            value = max(value, _least_combination(jumps) / 2)
        if known.shared == 1:
            for ahead, behind in islice(_cycles(target), _MAX_CYCLES):
                value = max(value, _least_shift(ahead, behind) / 2)
    return at_every_width("w1inf", value, Evidence.CERTIFIED, "shared-amplitude")


def _pencils(target: Target, number: int) -> Iterator[list[list[flint.arb]]]:
    """J_i at points of a common part, for each pencil of so many hyperplanes and one more."""
    met = usable_edges(target)
    if 2**number > _MAX_PATTERNS:
        return
    levels = list(dict.fromkeys(edge.above.level for edge in met))
    for chosen in combinations(levels, number + 1):
        flat = common_part(chosen, target.coordinates)
        if flat is None or flat.codimension != 2 or not flat.tangents:
            continue
        members = [
            next((e for e in met if e.above.level == g and e.other in chosen), None) for g in chosen
        ]
        known = [edge for edge in members if edge is not None]
        if len(known) < len(members):
            continue
        points = common_points(known[0], target)
        columns = [unit_jumps(edge, points, target) for edge in known]
        rows = [[column[k][0] for column in columns] for k in range(len(points))]
        complete = [[j for j in row if j is not None] for row in rows]
        kept = [row for row in complete if len(row) == len(known)]
        if kept:
            yield kept


def _least_combination(jumps: Sequence[Sequence[flint.arb]]) -> float:
    """A float at or below min_c max_p abs(sum_i c_i J_i(p)) / sum_i abs(c_i).

    Args:
        jumps: J_i(p), a row for each point p.
    """
    count, least = len(jumps[0]), None
    for rest in product((1, -1), repeat=count - 1):
        signs = (1, *rest)  # c and -c are one case
        weights = _proposal(jumps, signs)
        total = sum((abs(w) for w in weights), Fraction(0))
        if not total:
            return 0.0
        for i, sign in enumerate(signs):
            terms = (as_ball(w) * row[i] for w, row in zip(weights, jumps, strict=True) if w)
            proved = sign * sum(terms, flint.arb(0))
            bound = lower_float(proved / as_ball(total))
            least = bound if least is None else min(least, bound)
    return max(least or 0.0, 0.0)


def _proposal(jumps: Sequence[Sequence[flint.arb]], signs: Sequence[int]) -> list[Fraction]:
    """Weights mu that make the least of s_i sum_p mu_p J_i(p) large, sum_p abs(mu_p) = 1."""
    import numpy as np
    from scipy.optimize import linprog

    values_PI = np.array([[float(j.mid()) for j in row] for row in jumps])
    signed_IP = (values_PI * np.array(signs)).T
    points = len(jumps)
    rows = np.hstack([-signed_IP, signed_IP, np.ones((len(signs), 1))])
    total = np.ones((1, 2 * points + 1))
    total[0, -1] = 0.0
    found: Any = linprog(
        np.append(np.zeros(2 * points), -1.0),
        A_ub=np.vstack([rows, total]),
        b_ub=np.append(np.zeros(len(signs)), 1.0),
        bounds=[(0, None)] * (2 * points) + [(None, None)],
    )
    if found.x is None:
        return [Fraction(0)] * points
    return [
        Fraction(float(p)) - Fraction(float(q))
        for p, q in zip(found.x[:points], found.x[points:-1], strict=True)
    ]


def _cycles(target: Target) -> Iterator[Cycle]:
    """J_i(p_i) and J_(i+1)(p_i) along cycles of hyperplanes that meet one by one; triples first."""
    pairs = _pairs(target)
    levels = list(dict.fromkeys(level for level, _ in pairs))
    for length in _CYCLES:
        for chosen in combinations(levels, length):
            for rest in permutations(chosen[1:]):
                steps = list(zip((chosen[0], *rest), (*rest, chosen[0]), strict=True))
                if str(rest[0]) < str(rest[-1]) and all(step in pairs for step in steps):
                    ahead, behind = zip(*(pairs[step] for step in steps), strict=True)
                    yield ahead, behind


def _pairs(target: Target) -> dict[tuple[sp.Expr, sp.Expr], tuple[flint.arb, flint.arb]]:
    """The jumps along two hyperplanes at a point of both, where both are known."""
    edges = {(edge.above.level, edge.other): edge for edge in usable_edges(target)}
    found: dict[tuple[sp.Expr, sp.Expr], tuple[flint.arb, flint.arb]] = {}
    for (level, other), here in edges.items():
        there = edges.get((other, level))
        if there is None:
            continue
        point = dict(here.above.point)
        first, second = (unit_jumps(edge, [point], target)[0][0] for edge in (here, there))
        if first is not None and second is not None:
            found[level, other] = first, second
    return found


def _least_shift(ahead: Sequence[flint.arb], behind: Sequence[flint.arb]) -> float:
    """A d, as large as bisection finds, for which the products of J - d .. J + d are disjoint."""
    low, high = 0.0, max(float(abs(j).upper()) for j in (*ahead, *behind))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        one, other = (_range(values, flint.arb(middle)) for values in (ahead, behind))
        if one[1] < other[0] or other[1] < one[0]:
            low = middle
        else:
            high = middle
    return low


def _range(values: Sequence[flint.arb], shift: flint.arb) -> Interval:
    """Ends of the product of the intervals J - shift .. J + shift."""
    low = high = flint.arb(1)
    for value in values:
        ends = [a * b for a in (low, high) for b in (value - shift, value + shift)]
        low, high = ends[0], ends[0]
        for end in ends[1:]:
            low, high = low.min(end), high.max(end)
    return low, high
