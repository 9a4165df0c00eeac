"""Certified distance to sums of one or two ridge functions on the unit disk, over all directions.

In the notation of docs/theory.md, section 4, B4: the degree-n part of a ridge with direction theta
is a multiple of e_n(theta) = (exp(-i k theta))_k, k = -n, -n+2, .., n, whatever its profile. Let
proj_n be the squared norm of the projection of the moments g_n on the span of the e_n(theta_j).
Every h = sum of m ridges has, for every N,

    norm(f - h)^2 >= E_N - max S,  E_N = sum_(n<=N) pi/(n+1) norm(g_n)^2,
                                   S = sum_(n<=N) pi/(n+1) proj_n(theta_1, .., theta_m).

m = 1 is the case h = 0, without D_n, of m = 2 with directions phi + h and phi - h. There the sum
and the difference of the two vectors are orthogonal, the difference may be divided by sin(h), and

    proj_n = C_n^2/A_n + D_n^2/B_n,
    C_n = sum_k g_k exp(i k phi) cos(k h),       A_n = sum_k cos(k h)^2,
    D_n = -i sum_k g_k exp(i k phi) V_k(h),      B_n = sum_k V_k(h)^2,  V_k = sin(k h)/sin(h),

all four trigonometric polynomials (D_0 absent) and real, g_(-k) being the conjugate of g_k. At
h = 0 the span is that of e_n and its derivative, the limit of coalescing directions. The span does
not change where a direction turns by pi or the two are swapped, so phi in [0, pi] and h in
[0, pi/4] are all pairs; there A_n and B_n stay away from 0.

S is maximised by branch and bound (R. E. Moore, R. B. Kearfott, M. J. Cloud, "Introduction to
Interval Analysis", SIAM 2009, doi:10.1137/1.9780898717716) with a centred form: on a box with
centre c and half widths r

    S <= S(c) + abs(S'(c)).r + r.H.r/2,  H the entries of S'' enclosed on the box,

with degrees for which this is no gain left out and bounded by their norm. This is done for the
function whose moments are the midpoints of the given balls; what the balls leave open comes off
the distance (triangle inequality). Ball arithmetic throughout; floats choose N, the box to split
and when to stop.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

import flint
import numpy as np
from numpy.typing import NDArray

from expressivity.bounds.best_ridge import best_ridge, residuals
from expressivity.bounds.integrals.scale import exponent_of, power_of_two

_bits = 128
_exact_bits = 4096  # more than any mantissa here
_negligible = 1e-12  # of the squared norm: floats cannot tell such a distance from 0
_truncation = 0.3  # share of the slack in the ratio that the choice of N may use

_Box = tuple[int, int, int, int]
"""(a, i, b, j): phi in pi [i, i + 1]/2^a and h in pi/4 [j, j + 1]/2^b; h = 0 where b < 0."""
_Jet = list[Any]
"""A value, its derivatives by phi and h, then by phi twice, by both, by h twice."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Searched:
    """What a search over directions has proved.

    Attributes:
        distance_squared: its lower end bounds the squared L2 distance from below, absolute;
            nothing is claimed where that end is not positive.
        best: angles of the best directions met (floating point, no claim).
        boxes: how many boxes were bounded.
        degree: the N of the truncation.
    """

    distance_squared: flint.arb
    best: tuple[float, ...]
    boxes: int
    degree: int


def search(
    moments: Sequence[Sequence[flint.acb]],
    width: int,
    *,
    ratio: float = 1.03,
    boxes: int = 100_000,
) -> Searched:
    """Lower bound on the squared L2(disk) distance of f to all sums of ``width`` ridges.

    Ends when the distance at the best directions met, computed from all the given moments, is at
    most ``ratio`` times the proved one, or when ``boxes`` boxes are spent; what is returned then
    is proved too, only weaker. A distance below 1e-6 of the norm is not pursued.

    Args:
        moments: for each degree n from 0 on the n + 1 Zernike moments of a real function,
            k = -n, -n+2, .., n, as balls that contain them.
        width: 1 or 2.
        ratio: above 1.
        boxes: at least 1.

    Raises:
        ValueError: another width, ratio or number of boxes; moments of another shape, not
            finite, or not conjugate symmetric.

    >>> i, zero = flint.acb(0, 0.25), flint.acb(0)
    >>> saddle = [[zero], [zero, zero], [i, zero, -i]]  # x1 x2, whose squared norm is pi/24
    >>> share = search(saddle, 1, ratio=1.001).distance_squared * 24 / flint.arb.pi()
    >>> bool(0.332 < share.lower() < 1 / 3)
    True
    """
    if width not in (1, 2):
        raise ValueError(f"required: width 1 or 2; got {width}; use the ridge-rank bound instead")
    if not ratio > 1.0 or boxes < 1:
        raise ValueError(f"required: a ratio above 1 and a box; got {ratio} and {boxes}")
    _check(moments)
    size = _binary_exponent(moments)
    moments = [[_scaled(g, -size) for g in row] for row in moments]
    floats = [np.array([complex(g) for g in row]) for row in moments]
    with flint.ctx.workprec(_bits):
        start = best_ridge(floats, width, 0.0).directions
        degree = _degree(floats, start, 1.0 - _truncation * (1.0 - ratio**-2))
        rows = [[g.mid() for g in row] for row in moments[: degree + 1]]
        series = _Series(moments=rows, degree=degree, width=width)
        best, upper, spent = _branch_and_bound(series, floats, start, ratio, boxes)
        squared = (series.total - upper).lower()
        if squared > 0:
            off = [[g - g.mid() for g in row] for row in moments[: degree + 1]]
            distance = (squared.sqrt() - sum(_norms(off), flint.arb(0)).upper().sqrt()).lower()
            squared = distance * distance if distance > 0 else flint.arb(0)
        squared = _scaled(squared, 2 * size)
        return Searched(distance_squared=squared, best=best, boxes=spent, degree=degree)


def _binary_exponent(moments: Sequence[Sequence[flint.acb]]) -> int:
    """log2 of the largest moment, rounded up: the search is about shares of squares, in floats."""
    largest = flint.arb(0)
    for row in moments:
        for g in row:
            largest = largest.max(g.abs_upper())
    return exponent_of(largest.abs_upper()) if largest > 0 else 0


def _scaled(number: Any, exponent: int) -> Any:
    """number * 2 ** exponent, exact."""
    with flint.ctx.workprec(_exact_bits):
        return number * power_of_two(exponent)


def _check(moments: Sequence[Sequence[flint.acb]]) -> None:
    if not moments or any(len(row) != n + 1 for n, row in enumerate(moments)):
        shape = [len(row) for row in moments]
        raise ValueError(f"required: n + 1 moments for degree n = 0, 1, ..; got {shape}")
    for n, row in enumerate(moments):
        if not all(g.is_finite() for g in row):
            raise ValueError(f"required: finite moments; got {row} in degree {n}")
        if not all(a.overlaps(b.conjugate()) for a, b in zip(row, reversed(row), strict=True)):
            raise ValueError(f"required: moments of a real function; got {row} in degree {n}")


def _degree(
    floats: Sequence[NDArray[np.complex128]], directions: Sequence[float], share: float
) -> int:
    """The smallest N that keeps this share of the squared distance, about."""
    width, last = len(directions), len(floats) - 1
    kept = np.cumsum(residuals(floats, directions))
    wanted = share * float(kept[-1])
    for n in range(int(np.argmax(kept >= wanted)), last):
        # The truncated problem may have better directions.
        if best_ridge(floats[: n + 1], width, 0.0).distance ** 2 >= wanted:
            return n
    return last


def _norms(rows: Sequence[Sequence[flint.acb]]) -> list[Any]:
    """The squared norm of each degree, from the moments with k >= 0, which the search uses."""
    norms: list[Any] = []
    for n, row in enumerate(rows):
        halves = [(row[(n + k) // 2], 2 if k else 1) for k in range(n % 2, n + 1, 2)]
        square = sum((g.real * g.real + g.imag * g.imag) * weight for g, weight in halves)
        norms.append(flint.arb.pi() / (n + 1) * square)
    return norms


# --- branch and bound


def _branch_and_bound(
    series: "_Series",
    floats: Sequence[NDArray[np.complex128]],
    best: tuple[float, ...],
    ratio: float,
    boxes: int,
) -> tuple[tuple[float, ...], Any, int]:
    """The best directions met, an upper bound on S over all of them, and the boxes it took."""
    root: _Box = (0, 0, 0 if series.width == 2 else -1, 0)
    order = count()  # decides ties, balls cannot
    upper, _ = series.bound(root)
    queue: list[tuple[float, int, Any, _Box]] = [(-float(upper), next(order), upper, root)]
    total, spent = float(series.total), 1
    distance = float(np.sum(residuals(floats, best)))
    target = distance / ratio**2
    while spent + 2 <= boxes and total + queue[0][0] < target and distance > _negligible * total:
        _, _, parent, box = heapq.heappop(queue)
        for half in _halves(box):
            upper, middle = series.bound(half)
            upper = upper.min(parent)
            heapq.heappush(queue, (-float(upper), next(order), upper, half))
            spent += 1
            if total - middle < target:  # the start was not the best, or N is small
                met = _directions(half)
                there = float(np.sum(residuals(floats, met)))
                best, distance = min((best, distance), (met, there), key=lambda pair: pair[1])
                target = min(distance / ratio**2, (total - middle) / ratio)
    return best, _largest(entry[2] for entry in queue), spent


def _largest(points: Iterable[Any]) -> Any:
    largest = flint.arb.neg_inf()
    for point in points:
        largest = largest.max(point)
    return largest


def _halves(box: _Box) -> tuple[_Box, _Box]:
    """The box cut across its longer side."""
    a, i, b, j = box
    if b < 0 or a <= b + 2:
        return (a + 1, 2 * i, b, j), (a + 1, 2 * i + 1, b, j)
    return (a, i, b + 1, 2 * j), (a, i, b + 1, 2 * j + 1)


def _directions(box: _Box) -> tuple[float, ...]:
    """Those of its centre."""
    a, i, b, j = box
    phi = (2 * i + 1) * math.pi / 2 ** (a + 1)
    if b < 0:
        return (phi,)
    h = (2 * j + 1) * math.pi / 2 ** (b + 3)
    return phi + h, phi - h


# --- S in ball arithmetic


@dataclass(frozen=True, kw_only=True, eq=False)
class _Series:
    """S up to a degree.

    A term is C_n (n = 0, 1, ..) or, for width 2, D_n (n = 1, 2, ..), in this order. Each is a sum
    over j of a function of phi times cos(j h): all of them are one matrix product.
    """

    moments: Sequence[Sequence[flint.acb]]
    degree: int
    width: int
    tables: dict[tuple[str, int, int], tuple[Any, Any]] = field(default_factory=dict[Any, Any])

    @cached_property
    def norms(self) -> list[Any]:
        """The squared norm of each f_n."""
        return _norms(self.moments)

    @cached_property
    def total(self) -> Any:
        """E_N."""
        return sum(self.norms, flint.arb(0))

    def bound(self, box: _Box) -> tuple[Any, float]:
        """An upper bound on S over the box, and about S at its centre."""
        a, i, b, j = box
        side = flint.arb.pi() / 2**a, flint.arb.pi() / 2 ** (b + 2) if b >= 0 else flint.arb(0)
        radius = side[0] / 2, side[1] / 2
        phis = self._table("phi", a, i, side[0], self._coefficients)
        hs = self._table("h", b, j, side[1], self._cosines)
        first, second, rest, middle = [flint.arb(0)] * 3, [flint.arb(0)] * 3, flint.arb(0), 0.0
        jets = (self._jets(*pair) for pair in zip(phis, hs, strict=True))
        for norm, at_centre, on_box in zip(self.norms, *jets, strict=True):
            middle += float(at_centre[0])
            if float(at_centre[0] + _curvature(on_box[3:], radius)) < float(norm):
                first = [x + y for x, y in zip(first, at_centre[:3], strict=True)]
                second = [x + y for x, y in zip(second, on_box[3:], strict=True)]
            else:  # also where an enclosure is not finite
                rest += norm
        slope = first[1].abs_upper() * radius[0] + first[2].abs_upper() * radius[1]
        return (first[0] + slope + _curvature(second, radius) + rest).upper(), middle

    def _table(
        self, name: str, level: int, place: int, side: Any, make: Callable[[Any], Any]
    ) -> tuple[Any, Any]:
        """What ``make`` gives at the centre and on the whole of an interval."""
        key = (name, level, place)
        if key not in self.tables:
            centre = side * (2 * place + 1) / 2
            self.tables[key] = make(centre), make(flint.arb(centre, side / 2))
        return self.tables[key]

    def _coefficients(self, phi: Any) -> Any:
        """Three rows for a term: the coefficients of cos(j h) and two derivatives by phi."""
        powers = [flint.acb(*reversed((phi * k).sin_cos())) for k in range(self.degree + 1)]
        sums: list[list[Any]] = []
        differences: list[list[Any]] = []
        for n in range(self.degree + 1):
            g = {k: self.moments[n][(n + k) // 2] * powers[k] for k in range(n % 2, n + 1, 2)}
            for _ in range(3):
                even, odd = ([flint.arb(0)] * (self.degree + 1) for _ in range(2))
                total = flint.arb(0)
                for k in range(n, -1, -2):
                    even[k] = g[k].real * (2 if k else 1)
                    if k:  # V_k = 2 cos((k-1) h) + 2 cos((k-3) h) + .., ending in 1 if k is odd
                        total += 2 * g[k].imag
                        odd[k - 1] = total * (2 if k > 1 else 1)
                sums.append(even)
                differences.append(odd)
                g = {k: z * flint.acb(0, k) for k, z in g.items()}
        return flint.arb_mat(sums + differences[3:] if self.width == 2 else sums)

    def _cosines(self, h: Any) -> tuple[Any, list[_Jet]]:
        """The columns cos(j h) and two derivatives, and 1/A_n, 1/B_n, each with two."""
        columns: list[_Jet] = []
        for j in range(self.degree + 1):
            sine, cosine = (h * j).sin_cos()
            columns.append([cosine, -j * sine, -j * j * cosine])
        zero, one = [flint.arb(0)] * 3, [flint.arb(1), flint.arb(0), flint.arb(0)]
        a: list[_Jet] = []
        b: list[_Jet] = []
        v: list[_Jet] = []
        for n, cosines in enumerate(columns):
            twice = _times(2, _square(cosines))
            a.append(_plus(a[n - 2], twice) if n > 1 else (twice if n else one))
            v.append(_plus(v[n - 2], _times(2, columns[n - 1])) if n > 1 else (one if n else zero))
            b.append(_plus(b[n - 2] if n > 1 else zero, _times(2, _square(v[n]))))
        return flint.arb_mat(columns), [_inverse(x) for x in (a + b[1:])]

    def _jets(self, coefficients: Any, halves: tuple[Any, list[_Jet]]) -> list[_Jet]:
        """pi/(n+1) proj_n with its derivatives, for each degree."""
        columns, inverses = halves
        x = (coefficients * columns).entries()  # the derivative p by phi, q by h at 9 t + 3 p + q
        jets = [[flint.arb(0)] * 6 for _ in range(self.degree + 1)]
        for t in range(len(x) // 9):
            n = t if t <= self.degree else t - self.degree
            c, c_h, c_hh, c_p, c_ph, _, c_pp, _, _ = x[9 * t : 9 * t + 9]
            w, w_h, w_hh = inverses[t]
            square, cross = c * c, 2 * c * c_h
            jet = [
                square * w,
                2 * c * c_p * w,
                cross * w + square * w_h,
                2 * (c_p * c_p + c * c_pp) * w,
                2 * ((c_p * c_h + c * c_ph) * w + c * c_p * w_h),
                2 * (c_h * c_h + c * c_hh) * w + 2 * cross * w_h + square * w_hh,
            ]
            jets[n] = _plus(jets[n], jet)
        return [_times(flint.arb.pi() / (n + 1), jet) for n, jet in enumerate(jets)]


def _curvature(second: Sequence[Any], radius: tuple[Any, Any]) -> Any:
    """An upper bound on r.H.r/2 over abs(r) <= radius, not below 0."""
    (pp, ph, hh), (r, s) = second, radius
    zero = flint.arb(0)
    squares = pp.upper().max(zero) * r * r + hh.upper().max(zero) * s * s
    return squares / 2 + ph.abs_upper() * r * s


def _plus(x: _Jet, y: _Jet) -> _Jet:
    return [a + b for a, b in zip(x, y, strict=True)]


def _times(factor: Any, x: _Jet) -> _Jet:
    return [factor * a for a in x]


def _square(x: _Jet) -> _Jet:
    """Of a function of h alone, as the two below."""
    value, first, second = x
    return [value * value, 2 * value * first, 2 * (first * first + value * second)]


def _inverse(x: _Jet) -> _Jet:
    value, first, second = x
    w = 1 / value
    return [w, -first * w * w, (2 * first * first * w - second) * w * w]
