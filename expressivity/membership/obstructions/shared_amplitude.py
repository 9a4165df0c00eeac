"""Shared amplitude: the gradient jumps along all hyperplanes are made of few functions.

docs/theory.md, section 6, L2. With one vector of gates for all neurons of a group the jump along
every hyperplane is, up to polynomial weights, a combination of the same few functions of x. Two
kinks of a target that meet then know of each other.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations, combinations_with_replacement, islice, permutations
from typing import Any

import flint
import sympy as sp

from expressivity.classes.amplitudes import amplitude
from expressivity.classes.families import Family
from expressivity.symbolic.identities import differs
from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.points import Point, ball_sign, is_zero, spread_points
from expressivity.targets.crossings import Crossing, crossings
from expressivity.targets.flats import Flat, common_part
from expressivity.targets.target import Target

_PRECISION = 256
_MAX_FUNCTIONS = 40  # in one determinant
_MAX_PENCILS = 64
_MAX_CYCLES = 1000
_CYCLES = (3, 4)


def shared_amplitude_obstruction(target: Target, family: Family) -> str | None:
    """A reason why no network of a family with shared gates is the target, at any width, or None.

    Let F functions be shared, with weights of degree q (:func:`amplitude`). The jump of a network
    along a hyperplane H is real-analytic on H, and so is each formula of the target's jump: as they
    agree on an open part of H, they agree on H. No point need lie in the domain.

    1. *Pencil.* On the common part L of F + 1 hyperplanes, of dimension at least 1, the jumps are
       J_i = sum_f P_if k_f with polynomials P_if of degree at most q. Some r rows and r columns
       of P, r at most F, have a minor that is not the zero polynomial while all larger ones are;
       expanding the determinants of these and one more row by that row gives polynomials c_i of
       degree at most r q, not all zero, with sum_i c_i P_if = 0 for every f: sum_i c_i J_i = 0 on
       L. So the functions t^a J_i, abs(a) at most F q, are linearly dependent. A determinant
       of their values at points of L that is not 0 excludes this.
    2. *Cycle,* F = 1 and q = 0: J_H = A_H k. Along a cycle of hyperplanes with points p_i on the
       i-th and the next, the products of J_i(p_i) and of J_(i+1)(p_i) agree.
    3. *Zero,* F = 1 and q = 0: where J_H(p) = 0 and another jump at p is not, A_H = 0.

    The slope jumps along the pivots will do: they differ from those along unit normals by a factor
    for each hyperplane, which c_i takes up and which occurs once in both products.

    >>> from expressivity.targets.user import user_target
    >>> shared_amplitude_obstruction(
    ...     user_target("x3*relu(x1)+relu(x2)"),
    ...     Family(kind="moa", neuron="type1", width=9, dimension=3, gate="sigmoid"))
    'all gradient jumps share 1 function, those of expr along x1 = 0 and x2 = 0 are independent'
    """
    known = amplitude(family)
    if known is None or known.gates == 0 or known.shared is None or target.dimension < 2:
        return None
    kinks = kinks_of(target)
    number, degree = known.shared, known.degree
    found = _independent(kinks, target, number, number * degree)
    if found is not None:
        share = f"{number} function" + "s" * (number != 1)
        names = " and ".join(f"{c.level} = 0" for c in found)
        return (
            f"all gradient jumps share {share}, those of {target.name} along {names} "
            "are independent"
        )
    if (number, degree) == (1, 0):
        found = _contradiction(kinks, target)
        if found is not None:
            names = ", ".join(f"{c.level} = 0" for c in found)
            return (
                f"all gradient jumps are multiples of 1 function, those of {target.name} "
                f"along {names} are not, where they meet"
            )
    return None


def kinks_of(target: Target) -> tuple[Crossing, ...]:
    """The crossings where the gradient of the target certainly jumps."""
    return tuple(c for c in crossings(target) if differs(c.slope_jump, sp.S.Zero))


def _independent(
    kinks: Sequence[Crossing], target: Target, number: int, degree: int
) -> tuple[Crossing, ...] | None:
    """So many kinks and one more whose jumps, with weights of this degree, are independent."""
    if number >= len(kinks):
        return None
    for count, chosen in enumerate(combinations(kinks, number + 1)):
        if count >= _MAX_PENCILS:
            return None
        flat = common_part([c.level for c in chosen], target.coordinates)
        if flat is not None and flat.tangents and _are_independent(chosen, flat, degree):
            return chosen
    return None


def _are_independent(chosen: Sequence[Crossing], flat: Flat, degree: int) -> bool:
    """Whether no polynomials c_i of this degree, not all 0, have sum_i c_i J_i = 0 on the flat."""
    functions: list[sp.Expr] = []
    for c in chosen:
        jump = flat.restrict(c.slope_jump)
        for total in range(degree + 1):
            monomials = combinations_with_replacement(flat.tangents, total)
            functions += [sp.Mul(jump, *powers) for powers in monomials]
    if len(functions) > _MAX_FUNCTIONS:
        return False
    points = _rational_points(flat.tangents, len(functions))
    with flint.ctx.workprec(_PRECISION):
        try:
            rows = [[_value(f, point) for f in functions] for point in points]
        except (ValueError, ZeroDivisionError):
            return False
        determinant: Any = flint.arb_mat(rows).det()
        return bool(determinant.is_finite() and not determinant.contains(0))


def _value(function: sp.Expr, point: Point) -> flint.arb:
    values = {s: flint.arb(flint.fmpq(int(v.p), int(v.q))) for s, v in point.items()}
    return flint.arb(interpret(function, values, BALL))


def _rational_points(symbols: Sequence[sp.Symbol], count: int) -> list[Point]:
    """Different points of moderate size and both signs, those of ``spread_points`` scaled."""
    spread = list(spread_points(symbols))
    found: list[Point] = []
    for k in range(count):
        base = spread[k % len(spread)]
        size = _size(k // len(spread))
        found.append({s: v * size for s, v in base.items()})
    return found


def _size(turn: int) -> Any:
    """1, 3/4, 3/5, ..: sizes that repeat no point."""
    return sp.Rational(3, 3 + turn)


def _contradiction(kinks: Sequence[Crossing], target: Target) -> Sequence[Crossing] | None:
    """Kinks that meet and whose jumps are not multiples of one function of x."""
    for one, other in permutations(kinks, 2):
        point = _meeting(one, other, target)
        if point is not None:
            zero = is_zero(_at(one, point)) is True
            if zero and is_zero(_at(other, point)) is False:
                return one, other
    cycles = (cycle for length in _CYCLES for cycle in _cycles(kinks, length))
    for cycle in islice(cycles, _MAX_CYCLES):
        ahead, behind = sp.S.One, sp.S.One
        for here, there in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
            point = _meeting(here, there, target)
            if point is None:
                break
            ahead, behind = ahead * _at(here, point), behind * _at(there, point)
        else:
            if ball_sign(ahead - behind, {}) is not None:
                return cycle
    return None


def _cycles(kinks: Sequence[Crossing], length: int) -> Iterator[tuple[Crossing, ...]]:
    """Each once: the first kink leads, and one of the two directions is taken."""
    for chosen in combinations(range(len(kinks)), length):
        for rest in permutations(chosen[1:]):
            if rest[0] < rest[-1]:
                yield tuple(kinks[k] for k in (chosen[0], *rest))


def _meeting(one: Crossing, other: Crossing, target: Target) -> Point | None:
    """A point on both hyperplanes, or None."""
    return _first_point(one.level, other.level, target.coordinates)


@lru_cache(maxsize=1024)
def _first_point(one: sp.Expr, other: sp.Expr, coordinates: tuple[sp.Symbol, ...]) -> Point | None:
    flat = common_part([one, other], coordinates)
    if flat is None or flat.codimension < 2:
        return None
    return flat.point([sp.Rational(1, 3 + 2 * k) for k in range(len(flat.tangents))])


def _at(crossing: Crossing, point: Point) -> sp.Expr:
    return sp.sympify(crossing.slope_jump.subs(list(point.items())))
