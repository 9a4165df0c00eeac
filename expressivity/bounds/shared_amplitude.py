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
from dataclasses import dataclass
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
from expressivity.symbolic.points import Point
from expressivity.targets.crossings import Edge
from expressivity.targets.flats import common_part
from expressivity.targets.target import Target

_HALVINGS = 60
_CYCLES = (3, 4)
_MAX_PATTERNS = 32
_MAX_CYCLES = 2000

Interval = tuple[flint.arb, flint.arb]


def bounds(target: Target, family: Family, norms: TargetNorms) -> tuple[Bound, ...]:
    """The bound of a class with shared gates, at most one, in w1inf; no norm is used.

    >>> from expressivity.targets.user import user_target
    >>> family = Family(neuron="type1", kind="moa", gate="tanh", width=4, dimension=3)
    >>> reglu = user_target("x3*relu(x1)+relu(x2)")
    >>> [round(b.value, 6) for b in bounds(reglu, family, TargetNorms(l2=1.0, sup=1.0))]
    [0.5]
    """
    del norms
    proof = best_proof(target, family)
    value = 0.0 if proof is None else proof.value
    return at_every_width("w1inf", value, Evidence.CERTIFIED, "shared-amplitude")


@dataclass(frozen=True, kw_only=True)
class SharedJumps:
    """What a bound rests on: jumps along hyperplanes at points of two of them.

    Attributes:
        points: of a pencil, those that have a weight; of a cycle, p_i.
        edges: for each point the edges whose jumps are taken there, where the other level is
            positive: of all hyperplanes of a pencil, or of the i-th and the next of a cycle.
        weights: mu of a pencil, for each choice of signs, the first of which is 1; None for a
            cycle.
        value: of the bound, rounded down.
    """

    points: tuple[Point, ...]
    edges: tuple[tuple[Edge, ...], ...]
    weights: tuple[tuple[Fraction, ...], ...] | None
    value: float


def best_proof(target: Target, family: Family) -> SharedJumps | None:
    """The data of the largest bound that is found; None where there is none."""
    known = amplitude(family)
    if known is None or known.gates != 1 or known.degree or not known.shared:
        return None
    found: list[SharedJumps] = []
    with flint.ctx.workprec(precision):
        found += [_by_pencil(pencil) for pencil in _pencils(target, known.shared)]
        if known.shared == 1:
            found += [_by_cycle(cycle) for cycle in islice(_cycles(target), _MAX_CYCLES)]
    best = max(found, key=lambda proof: proof.value, default=None)
    return best if best is not None and best.value > 0 else None


@dataclass(frozen=True, kw_only=True)
class _Pencil:
    """Jumps J_i(p) of all hyperplanes, a row for each point."""

    points: tuple[Point, ...]
    edges: tuple[Edge, ...]
    jumps: list[list[flint.arb]]


def _by_pencil(pencil: _Pencil) -> SharedJumps:
    value, weights = _least_combination(pencil.jumps)
    kept = [k for k in range(len(pencil.points)) if any(row[k] for row in weights)]
    return SharedJumps(
        points=tuple(pencil.points[k] for k in kept),
        edges=(pencil.edges,) * len(kept),
        weights=tuple(tuple(row[k] for k in kept) for row in weights),
        value=value / 2,
    )


def _by_cycle(pairs: Sequence["_Pair"]) -> SharedJumps:
    ahead, behind = zip(*(pair.jumps for pair in pairs), strict=True)
    return SharedJumps(
        points=tuple(dict(pair.edges[0].above.point) for pair in pairs),
        edges=tuple(pair.edges for pair in pairs),
        weights=None,
        value=_least_shift(ahead, behind) / 2,
    )


def _pencils(target: Target, number: int) -> Iterator[_Pencil]:
    """Jumps at points of a common part, for each pencil of so many hyperplanes and one more."""
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
        kept = [(p, r) for p, r in zip(points, complete, strict=True) if len(r) == len(known)]
        if kept:
            yield _Pencil(
                points=tuple(point for point, _ in kept),
                edges=tuple(known),
                jumps=[row for _, row in kept],
            )


def _least_combination(
    jumps: Sequence[Sequence[flint.arb]],
) -> tuple[float, list[list[Fraction]]]:
    """A float at or below min_c max_p abs(sum_i c_i J_i(p)) / sum_i abs(c_i), and its weights mu.

    Args:
        jumps: J_i(p), a row for each point p.
    """
    count, least = len(jumps[0]), None
    chosen: list[list[Fraction]] = []
    for rest in product((1, -1), repeat=count - 1):
        signs = (1, *rest)  # c and -c are one case
        weights = _proposal(jumps, signs)
        chosen.append(weights)
        total = sum((abs(w) for w in weights), Fraction(0))
        if not total:
            return 0.0, []
        for i, sign in enumerate(signs):
            terms = (as_ball(w) * row[i] for w, row in zip(weights, jumps, strict=True) if w)
            proved = sign * sum(terms, flint.arb(0))
            bound = lower_float(proved / as_ball(total))
            least = bound if least is None else min(least, bound)
    return max(least or 0.0, 0.0), chosen


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


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """Two hyperplanes at a point of both: J_i(p) and J_(i+1)(p)."""

    edges: tuple[Edge, Edge]
    jumps: tuple[flint.arb, flint.arb]


def _cycles(target: Target) -> Iterator[list[_Pair]]:
    """J_i(p_i) and J_(i+1)(p_i) along cycles of hyperplanes that meet one by one; triples first."""
    pairs = _pairs(target)
    levels = list(dict.fromkeys(level for level, _ in pairs))
    for length in _CYCLES:
        for chosen in combinations(levels, length):
            for rest in permutations(chosen[1:]):
                steps = list(zip((chosen[0], *rest), (*rest, chosen[0]), strict=True))
                if str(rest[0]) < str(rest[-1]) and all(step in pairs for step in steps):
                    yield [pairs[step] for step in steps]


def _pairs(target: Target) -> dict[tuple[sp.Expr, sp.Expr], _Pair]:
    """The jumps along two hyperplanes at a point of both, where both are known."""
    edges = {(edge.above.level, edge.other): edge for edge in usable_edges(target)}
    found: dict[tuple[sp.Expr, sp.Expr], _Pair] = {}
    for (level, other), here in edges.items():
        there = edges.get((other, level))
        if there is None:
            continue
        point = dict(here.above.point)
        first, second = (unit_jumps(edge, [point], target)[0][0] for edge in (here, there))
        if first is not None and second is not None:
            found[level, other] = _Pair(edges=(here, there), jumps=(first, second))
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
