"""How near sums of ridges can come whose directions lie in given arcs: lower bounds.

docs/theory.md, section 4, "Search over directions". In degree n, what is orthogonal to the ridges
of directions theta_1, .., theta_m are the multiples T Q of T = prod_j sin(theta - theta_j), so that
for every choice of the Q

    distance^2 >= sum_n pi/(n+1) (2 <f_n, T Q_n> - norm(T Q_n)^2).

The right-hand side is concave in T, and T is affine in each of the points exp(i theta_j). An arc
lies in the triangle of its ends and the meeting point of its tangents there: over a box of arcs the
right-hand side is least at one of 3^m corners. Directions that coalesce are as good as any others.
For neurons with a factor that is affine in the other map, T has the squares of the sines, affine in
exp(2 i theta_j).

For a mixture of the corners (weights that add up to 1) the best Q solves a Toeplitz system, whose
leading sections serve all degrees. The mixture is moved towards the corners where the bound is low,
a few times. All of this is floating point and no more than a choice; :meth:`Bounds.certain`
encloses the bound for the Q that were chosen.

Arrays: B boxes, M directions, C corners, K coefficients of T, N degrees, J coefficients of Q.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import flint
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]
Whole = NDArray[np.int64]

_rounds = 6  # of moving the mixture
_step = 0.5  # of it, towards
_heat = 0.15  # times the mean of the corners above their least, in exponents
_ridge = 1e-13  # relative; the system may be singular to rounding where many directions meet


class Boxes(NamedTuple):
    """The angles pi [place, place + 1]/2^level of each direction."""

    level_BM: Whole
    place_BM: Whole

    def of(self, chosen: Any) -> "Boxes":
        """Some of them, by indices or a mask."""
        return Boxes(self.level_BM[chosen], self.place_BM[chosen])

    @property
    def centre_BM(self) -> Floats:
        """The angles in the middle."""
        return np.pi * (self.place_BM + 0.5) / np.exp2(self.level_BM)


@dataclass(frozen=True, kw_only=True, eq=False)
class Bounds:
    """Of a function with the given Zernike moments, which are exact: balls of radius 0.

    Attributes:
        moments: for n = 0, 1, .. the n + 1 moments, k = -n, -n+2, .., n.
        multiplicity: 1 for ridges, 2 where T has squares.
    """

    moments: Sequence[Sequence[flint.acb]]
    multiplicity: int

    def lower(self, boxes: Boxes, enough: float = math.inf) -> tuple[Floats, Complex]:
        """Bounds on the squared distance, never below 0, and the Q they belong to.

        Args:
            boxes: arcs of less than half a turn, times the multiplicity.
            enough: no better bound is looked for above this one.

        Returns:
            B numbers, and B x N x J coefficients, in floating point.
        """
        corners_BCK, squares_BCK = self._corners(_points(boxes, self.multiplicity))
        weights_BC = np.tile(_ends(boxes.level_BM.shape[1]), (len(boxes.level_BM), 1))
        best_B = np.zeros(len(weights_BC))
        best_BNJ = np.zeros((len(weights_BC), *self._shape(corners_BCK.shape[-1])), complex)
        on = np.arange(len(weights_BC))
        for _ in range(_rounds + 1):
            value_BC, q_BNJ = self._step(corners_BCK[on], squares_BCK[on], weights_BC[on])
            least_B = value_BC.min(axis=-1)
            better = least_B > best_B[on]
            best_B[on[better]], best_BNJ[on[better]] = least_B[better], q_BNJ[better]
            above_BC = value_BC - least_B[:, None]
            scale_B = _heat * above_BC.mean(axis=-1) + np.finfo(float).tiny
            towards_BC = np.exp(-above_BC / scale_B[:, None])
            towards_BC /= towards_BC.sum(axis=-1, keepdims=True)
            weights_BC[on] += _step * (towards_BC - weights_BC[on])
            on = on[best_B[on] < enough]
            if not len(on):
                break
        return best_B, best_BNJ

    def at(self, directions_BM: Floats) -> Floats:
        """The squared distance to sums of ridges in these directions, in floating point."""
        points_BM1 = np.exp(1j * self.multiplicity * directions_BM)[..., None]
        corners_BCK, squares_BCK = self._corners(points_BM1)
        value_BC, _ = self._step(corners_BCK, squares_BCK, np.ones((len(directions_BM), 1)))
        return value_BC[:, 0]

    def certain(self, boxes: Boxes, q_BNJ: Complex) -> list[flint.arb]:
        """The bounds that these Q give, in ball arithmetic."""
        sides = zip(boxes.level_BM.tolist(), boxes.place_BM.tolist(), strict=True)
        return [
            self._certain(list(zip(*side, strict=True)), q)
            for side, q in zip(sides, q_BNJ, strict=True)
        ]

    # --- floating point

    def _shape(self, terms: int) -> tuple[int, int]:
        """N and J."""
        count = max(len(self.moments) - terms + 1, 0)
        return count, count

    @cached_property
    def _scaled_NI(self) -> Complex:
        """Rows f_n of the moments times sqrt(pi/(n+1)), padded with 0."""
        size = len(self.moments)
        scaled_NI = np.zeros((size, size), complex)
        for n, row in enumerate(self.moments):
            scaled_NI[n, : n + 1] = [math.sqrt(math.pi / (n + 1)) * complex(g) for g in row]
        return scaled_NI

    def _corners(self, points_BMA: Complex) -> tuple[Complex, Complex]:
        """T at every choice of a point for each direction, and the coefficients of its square."""
        corners_BCK = np.ones((len(points_BMA), 1, 1), complex)
        for side in range(points_BMA.shape[1]):
            factors_BAF = np.stack(_factor(points_BMA[:, side], self.multiplicity), axis=-1)
            corners_BCK = _times(corners_BCK[:, :, None], factors_BAF[:, None]).reshape(
                len(points_BMA), -1, corners_BCK.shape[-1] + factors_BAF.shape[-1] - 1
            )
        return corners_BCK, _shifted_products(np.conj(corners_BCK), corners_BCK)

    def _step(
        self, corners_BCK: Complex, squares_BCK: Complex, weights_BC: Floats
    ) -> tuple[Floats, Complex]:
        """The bound at every corner for the Q that are best for a mixture of them."""
        terms = corners_BCK.shape[-1]
        count, size = self._shape(terms)
        mean_BK = np.einsum("bc,bck->bk", weights_BC, corners_BCK)
        square_BK = np.einsum("bc,bck->bk", weights_BC, squares_BCK)
        q_BNJ = np.zeros((len(corners_BCK), count, size), complex)
        linear_BK = np.zeros((len(corners_BCK), terms), complex)
        if count:
            f_NI = self._scaled_NI[terms - 1 :]
            windows_NJK = np.lib.stride_tricks.sliding_window_view(f_NI, terms, axis=1)
            right_BNJ = np.einsum("njk,bk->bnj", windows_NJK, np.conj(mean_BK))
            q_BNJ = _solve(square_BK, right_BNJ)
            linear_BK = np.einsum("bnj,njk->bk", np.conj(q_BNJ), windows_NJK)
        weight_BK = np.zeros((len(corners_BCK), terms), complex)
        for shift in range(min(terms, size)):
            pairs = q_BNJ[:, :, : size - shift] * np.conj(q_BNJ[:, :, shift:])
            weight_BK[:, shift] = (1 if shift == 0 else 2) * pairs.sum(axis=(1, 2))
        values_BC = 2 * np.einsum("bck,bk->bc", np.conj(corners_BCK), linear_BK)
        return (values_BC - np.einsum("bck,bk->bc", squares_BCK, weight_BK)).real, q_BNJ

    # --- ball arithmetic

    def _certain(self, sides: list[tuple[int, int]], q_NJ: Complex) -> flint.arb:
        corners = [[flint.acb(1)]]
        for level, place in sides:
            factors = [
                _factor(u, self.multiplicity) for u in _ball_points(level, place, self.multiplicity)
            ]
            corners = [_ball_times(corner, factor) for corner in corners for factor in factors]
        terms = len(corners[0])
        linear, weight = self._moments_of(q_NJ, terms)
        matrix = flint.acb_mat(corners)
        toeplitz = flint.acb_mat(
            [
                [weight[i - j] if i >= j else weight[j - i].conjugate() for j in range(terms)]
                for i in range(terms)
            ]
        )
        least = flint.arb.pos_inf()
        for corner, row in zip(corners, (matrix * toeplitz).tolist(), strict=True):
            value = flint.acb(0)
            for t, h, s in zip(corner, linear, row, strict=True):
                value += t.conjugate() * (2 * h - s)
            least = least.min(value.real.lower())
        return least

    def _moments_of(self, q_NJ: Complex, terms: int) -> tuple[list[Any], list[Any]]:
        """sum_j conj(Q_j) f_(j+k) and sum_j Q_j conj(Q_(j+k)), k = 0, .., over all degrees."""
        linear, weight = [flint.acb(0)] * terms, [flint.acb(0)] * terms
        for n, row in enumerate(q_NJ.tolist(), terms - 1):
            count = n + 2 - terms
            # The floats are exact; they belong to moments times sqrt(pi/(n+1)).
            share = (flint.arb.pi() / (n + 1)).sqrt()
            q = flint.acb_mat([[flint.acb(z.real, z.imag) for z in row[:count]]])
            bars = q.conjugate().tolist()[0] + [flint.acb(0)] * (terms - 1)
            f = self.moments[n]
            windows = flint.acb_mat([[f[j + k] for k in range(terms)] for j in range(count)])
            shifts = flint.acb_mat([bars[j : j + terms] for j in range(count)])
            for k, z in enumerate((q.conjugate() * windows).tolist()[0]):
                linear[k] += share * z
            for k, z in enumerate((q * shifts).tolist()[0]):
                weight[k] += z
        return linear, weight


def _factor(u: Any, multiplicity: int) -> tuple[Any, ...]:
    """Coefficients of 2i sin(theta - alpha), u = exp(i alpha), or 4 sin^2, u = exp(2 i alpha)."""
    bar = u.conjugate()
    return (-u, bar) if multiplicity == 1 else (-u, 2 + 0 * u, -bar)


def _points(boxes: Boxes, multiplicity: int) -> Complex:
    """The triangles around the arcs, shape B x M x 3."""
    half_BM = multiplicity * np.pi / np.exp2(boxes.level_BM + 1)
    middle_BM = np.exp(1j * multiplicity * boxes.centre_BM)
    turn_BM = np.exp(1j * half_BM)
    tips_BM = middle_BM / np.cos(half_BM)
    points = middle_BM * np.conj(turn_BM), middle_BM * turn_BM, tips_BM
    return np.stack(points, axis=-1).astype(np.complex128)


def _ball_points(level: int, place: int, multiplicity: int) -> list[flint.acb]:
    """The same in ball arithmetic, for one arc."""
    unit = multiplicity * flint.arb.pi() / flint.arb(2) ** (level + 1)

    def turned(times: int) -> flint.acb:
        sine, cosine = (unit * times).sin_cos()
        return flint.acb(cosine, sine)

    return [turned(2 * place), turned(2 * place + 2), turned(2 * place + 1) / unit.cos()]


def _ends(directions: int) -> Floats:
    """The mixture of the corners that are made of ends of arcs, in equal parts."""
    weights = np.ones(1)
    for _ in range(directions):
        weights = np.outer(weights, [0.5, 0.5, 0.0]).ravel()
    return weights


def _times(p: Complex, q: Complex) -> Complex:
    """Products of polynomials along the last axis."""
    shape = np.broadcast_shapes(p.shape[:-1], q.shape[:-1])
    product = np.zeros((*shape, p.shape[-1] + q.shape[-1] - 1), complex)
    for i in range(q.shape[-1]):
        product[..., i : i + p.shape[-1]] += p * q[..., i : i + 1]
    return product


def _ball_times(p: list[Any], q: Sequence[Any]) -> list[Any]:
    product = [flint.acb(0)] * (len(p) + len(q) - 1)
    for i, x in enumerate(p):
        for j, y in enumerate(q):
            product[i + j] += x * y
    return product


def _shifted_products(p: Complex, q: Complex) -> Complex:
    """sum_l p_l q_(l+k) for k = 0, 1, .., along the last axis."""
    size = p.shape[-1]
    return np.stack([np.sum(p[..., : size - k] * q[..., k:], axis=-1) for k in range(size)], -1)


def _solve(square_BK: Complex, right_BNJ: Complex) -> Complex:
    """Solutions with the leading section of row n's size of one Hermitian Toeplitz matrix.

    Below its diagonal the matrix has the square's coefficients. A Cholesky factor of all of it
    contains those of the leading sections.
    """
    size, terms = right_BNJ.shape[-1], square_BK.shape[-1]
    matrix_BJJ = np.zeros((len(square_BK), size, size), complex)
    for k in range(min(terms, size)):
        place = np.arange(size - k)
        # Only the lower triangle is read.
        matrix_BJJ[:, place + k, place] = square_BK[:, k, None] * (1 + _ridge * (k == 0))
    lower_BJJ = np.linalg.cholesky(matrix_BJJ)
    y_BNJ = np.zeros_like(right_BNJ)
    for j in range(size):
        past = np.einsum("bi,bni->bn", lower_BJJ[:, j, :j], y_BNJ[..., :j])
        y_BNJ[..., j] = (right_BNJ[..., j] - past) / lower_BJJ[:, j, j, None]
    y_BNJ *= np.tri(size)
    for j in reversed(range(size)):
        past = np.einsum("bi,bni->bn", np.conj(lower_BJJ[:, j + 1 :, j]), y_BNJ[..., j + 1 :])
        y_BNJ[..., j] = (y_BNJ[..., j] - past) / lower_BJJ[:, j, j, None]
    return y_BNJ
