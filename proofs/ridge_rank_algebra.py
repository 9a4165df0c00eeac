"""B4: the Hankel matrix of a ridge's Zernike moments has rank 1, of a one-sided neuron's rank 2.

Let g_k, k = -n, -n+2, .., n, be the moments of degree n of a function on the unit disk D, and let
H_n have p rows, n + 2 - p columns and entries g_{-n+2(r+c)}. For the sum of m ridges the matrix
M_p = [sqrt(pi/((n+1) mu_n)) H_n], p - 1 <= n <= N, mu_n = min(p, n+2-p), has rank at most m,
whatever the ridges, and norm(M_p(f))_F <= norm(f) for every f in L2(D). Hence

    norm(f - h)^2 >= sum over i > m of sigma_i(M_p(f))^2

for every type1 network h of width m, fixed or LA, with all biases; for one_sided ones with 2m in
place of m. Likewise for weights a_r, b_(n,c) >= 0 of rows and columns, as long as no moment counts
more than once. The steps about the disk are in ``zernike``.

Below, t = exp(-2 i theta); sequences are divided by their first power exp(i n theta).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import sympy as sp
from sympy.polys.domains import QQ
from sympy.polys.rings import ring

from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from proofs.slope_staircase import combined
from proofs.zernike import SOURCE, disk_steps

_ring, _t, _t2, _alpha, _beta = ring("t,t2,alpha,beta", QQ)

_WEIGHTED_DEGREE = 6

Sequence = Callable[[int, int], Any]
"""(n, j) to g_k, k = -n + 2j, 0 <= j <= n, an element of ``_ring``."""


def _ridge(n: int, j: int) -> Any:
    return _t**j


def _one_sided(n: int, j: int) -> Any:
    """alpha = gamma_n of the ridge, beta = -i Gamma_n of the derivative by the angle."""
    return (_alpha + _beta * (2 * j - n)) * _t**j


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        degree: largest n for the minors of Hankel matrices.
        disk_degree: largest n for the identities on the disk.
        ridge, one_sided: moments of one neuron of the two classes.
        columns, weight: of (n, p): columns of H_n, and mu_n.
    """

    degree: int = 12
    disk_degree: int = 20
    ridge: Sequence = _ridge
    one_sided: Sequence = _one_sided
    columns: Callable[[int, int], int] = lambda n, p: n + 2 - p
    weight: Callable[[int, int], int] = lambda n, p: min(p, n + 2 - p)


def steps(setting: Setting) -> Iterator[Step]:
    """The disk, the neurons, the Hankel matrices, the bound."""
    yield from disk_steps(setting.disk_degree)
    yield from _neuron_steps()
    yield from _hankel_steps(setting)
    yield Step(
        statement="The left vectors are the same for every n: the columns of M_p(h) lie in the sum "
        "of m (2m) lines, one (two) for each neuron, so rank M_p(h) <= m (2m)",
        source=SOURCE,
    )
    yield Step(
        statement="norm(M_p(f))_F^2 <= sum of pi/(n + 1) norm(g)^2 over n <= N <= norm(f)^2, as "
        "no moment occurs more than mu_n times (Bessel); a finite N only drops terms",
        source=SOURCE,
    )
    yield Step(
        statement="Weights: diag(a_r)^(1/2) H_n diag(b_(n,c))^(1/2), in place of H_n/mu_n^(1/2), "
        "has the squared norm sum over j of abs(g_j)^2 times the sum of a_r b_(n,c) over r + c = "
        f"j, for symbolic a and b, n <= {_WEIGHTED_DEGREE}, all p: norm(M_p(f))_F <= norm(f) where "
        "no such sum exceeds 1. The rank does not grow, left vectors still do not depend on n",
        source=SOURCE,
        check=lambda: all(_weights_count(setting, n, p) for n, p in _sizes(_WEIGHTED_DEGREE)),
    )
    yield Step(
        statement="M_p is linear, and no matrix of rank m is closer to M_p(f) than the root of the "
        "sum of its squared singular values beyond m, in the Frobenius norm",
        source="Eckart and Young 1936, doi:10.1007/BF02288367",
    )


def _neuron_steps() -> Iterator[Step]:
    theta, x, y, v, u = sp.symbols("theta x y v u", real=True)
    k, gamma = sp.symbols("k Gamma")
    G = sp.Function("G")
    along = x * sp.cos(theta) + y * sp.sin(theta)
    across = -x * sp.sin(theta) + y * sp.cos(theta)
    parts = (v * sp.cos(theta) + u * sp.sin(theta), -v * sp.sin(theta) + u * sp.cos(theta))

    def split() -> bool | None:
        return is_identity(parts[0] * along + parts[1] * across, v * x + u * y)

    def chain() -> bool:
        argument = sp.Symbol("s")
        slope = sp.diff(G(argument), argument).subs(argument, along).doit()
        return bool(sp.expand(sp.diff(G(along), theta) - slope * across) == 0)

    def moments() -> bool:
        moment = gamma * sp.exp(-sp.I * k * theta)
        return bool(sp.expand(sp.diff(moment, theta) + sp.I * k * moment) == 0)

    yield Step(
        statement="A type1 neuron is a ridge in the direction theta of w (w = 0: a constant, a "
        "ridge in every direction), whatever the activation; a constant added to it is one too",
        source=SOURCE,
    )
    yield Step(
        statement="v.x = v1 x.theta + v2 x.theta' with v1 = v.theta, v2 = v.theta'",
        source=SOURCE,
        check=split,
    )
    yield Step(
        statement="d/dtheta G(x.theta) = G'(x.theta) x.theta': a one_sided neuron g(w.x + b) "
        "(v.x + c) is a ridge plus v2 times a derivative of a ridge by its angle (w = 0: affine, a "
        "ridge)",
        source=SOURCE,
        check=chain,
    )
    yield Step(
        statement="The moments Gamma_n exp(-i k theta) have the derivatives -i k Gamma_n exp(-i k "
        "theta): a one_sided neuron has moments (alpha + beta k) exp(-i k theta)",
        source=SOURCE,
        check=moments,
    )


def _hankel_steps(setting: Setting) -> Iterator[Step]:
    top = setting.degree
    yield Step(
        statement=f"In H_n, n <= {top}, all p: entries are moments, and none occurs more than "
        "mu_n times",
        source=SOURCE,
        check=lambda: all(_counts_agree(setting, n, p) for n, p in _sizes(top)),
    )
    yield Step(
        statement=f"Ridge: all 2 x 2 minors of H_n vanish for symbolic theta, n <= {top}, all p",
        source=SOURCE,
        check=lambda: all(_minors_vanish(setting, setting.ridge, 2, n, p) for n, p in _sizes(top)),
    )
    yield Step(
        statement="One-sided neuron: all 3 x 3 minors of H_n vanish for symbolic theta, alpha, "
        f"beta, n <= {top}, all p",
        source=SOURCE,
        check=lambda: all(
            _minors_vanish(setting, setting.one_sided, 3, n, p) for n, p in _sizes(top)
        ),
    )
    yield Step(
        statement="For every n: exp(-i k theta) = exp(-2 i r theta) exp(i (n - 2c) theta) for k = "
        "-n + 2(r + c), and (alpha + beta k) exp(-i k theta) is exp(-2 i r theta) times a function "
        "of c plus r exp(-2 i r theta) times one: left vectors (exp(-2 i r theta)), (r exp(..))",
        source=SOURCE,
        check=_factorised,
    )


def _sizes(degree: int) -> Iterator[tuple[int, int]]:
    return ((n, p) for n in range(degree + 1) for p in range(1, n + 2))


def _hankel(setting: Setting, moments: Sequence, n: int, p: int) -> list[list[Any]]:
    """H_n with zeros where there is no moment."""
    return [
        [moments(n, r + c) if r + c <= n else _ring.zero for c in range(setting.columns(n, p))]
        for r in range(p)
    ]


def _counts_agree(setting: Setting, n: int, p: int) -> bool:
    places = [r + c for r in range(p) for c in range(setting.columns(n, p))]
    return max(places) <= n and all(places.count(j) <= setting.weight(n, p) for j in range(n + 1))


def _weights_count(setting: Setting, n: int, p: int) -> bool:
    columns = setting.columns(n, p)
    names = [f"a{r}" for r in range(p)], [f"b{c}" for c in range(columns)]
    squares = [f"g{j}" for j in range(n + 1)]  # abs(g_j)^2
    _, *all_ = ring([*names[0], *names[1], *squares], QQ)
    a, b, g = all_[:p], all_[p : p + columns], all_[p + columns :]
    if max(r + c for r in range(p) for c in range(columns)) > n:
        return False
    norm = sum(a[r] * b[c] * g[r + c] for r in range(p) for c in range(columns))
    sums = [sum(a[r] * b[j - r] for r in range(p) if 0 <= j - r < columns) for j in range(n + 1)]
    return bool(norm == sum(g[j] * sums[j] for j in range(n + 1)))


def _minors_vanish(setting: Setting, moments: Sequence, size: int, n: int, p: int) -> bool:
    H = _hankel(setting, moments, n, p)
    return all(
        _determinant([[H[r][c] for c in columns] for r in rows]) == 0
        for rows in combinations(range(p), size)
        for columns in combinations(range(setting.columns(n, p)), size)
    )


def _determinant(M: list[list[Any]]) -> Any:
    """By the first row; the matrices have at most three."""
    if len(M) == 1:
        return M[0][0]
    minors = ([row[:c] + row[c + 1 :] for row in M[1:]] for c in range(len(M)))
    return sum(
        ((-1) ** c * M[0][c] * _determinant(minor) for c, minor in enumerate(minors)), _ring.zero
    )


def _factorised() -> bool | None:
    n, r, c = sp.symbols("n r c", integer=True, nonnegative=True)
    theta, alpha, beta = sp.symbols("theta alpha beta")
    k = -n + 2 * (r + c)
    row, column = sp.exp(-2 * sp.I * r * theta), sp.exp(sp.I * (n - 2 * c) * theta)
    entry = sp.exp(-sp.I * sp.expand(k) * theta)
    first = (alpha + beta * (2 * c - n)) * column
    second = 2 * beta * column
    differences = (
        entry - row * column,
        (alpha + beta * k) * entry - row * first - r * row * second,
    )
    return combined(*[
        True if sp.expand(sp.powsimp(sp.expand(d))) == 0 else None for d in differences
    ])  # fmt: skip


_SETTING = Setting()


def _padded(n: int, p: int) -> int:
    return n + 3 - p


def _two_ridges(n: int, j: int) -> Any:
    return _t**j + _t2**j


def _padding_excludes_a_ridge() -> bool:
    """The ridge 2 x1 = U_1(x1), theta = 0, t = 1: H_1 with p = 2."""
    H = _hankel(replace(_SETTING, columns=_padded), _ridge, 1, 2)
    return bool(_determinant(H).evaluate(_t, 1) != 0)


def _two_ridges_have_rank_2() -> bool:
    """U_2(x1) + U_2(x2): t = 1 and t = -1, H_2 with p = 2."""
    minor = _determinant(_hankel(_SETTING, _two_ridges, 2, 2))
    return bool(minor.evaluate([(_t, 1), (_t2, -1)]) != 0)


def _weight_one_overshoots() -> bool:
    """f = 2 r^2 - 1 with moments (0, 1, 0): f - U_2(x1)/3 is smaller than the bound for m = 1."""
    r, phi = sp.symbols("r phi", positive=True)
    f = 2 * r**2 - 1

    def integral(function: sp.Expr) -> sp.Expr:
        angular = sp.integrate(sp.expand(function * r), (phi, 0, 2 * sp.pi))
        return sp.integrate(sp.expand(angular), (r, 0, 1))

    ridge = (4 * (r * sp.cos(phi)) ** 2 - 1) / 3
    modes = (sp.cos(2 * phi) * r**2, sp.sin(2 * phi) * r**2, f)
    g = [sp.simplify(3 * integral(f * mode) / sp.pi) for mode in modes]
    H = sp.Matrix([[g[0], g[2]], [g[2], g[0]]])
    squares = [sp.pi / 3 * value for value in (H * H.T).eigenvals()]
    return bool(g[1] == 0 and sp.simplify(integral((f - ridge) ** 2) - min(squares)).is_negative)


_MUTATIONS = (
    Mutation(
        name="padding with zeros: one column more",
        setting=replace(_SETTING, columns=_padded),
        counterexample=Step(
            statement="the padded H_1 of the ridge x1 has rank 2: its bound for m = 1 is positive",
            source=SOURCE,
            check=_padding_excludes_a_ridge,
        ),
    ),
    Mutation(
        name="mu_n = 1",
        setting=replace(_SETTING, weight=lambda n, p: 1),
        counterexample=Step(
            statement="norm(2 r^2 - 1 - U_2(x1)/3)^2 = 2 pi/9, below the bound pi/3 for one ridge",
            source=SOURCE,
            check=_weight_one_overshoots,
        ),
    ),
    Mutation(
        name="a sum of two ridges as one neuron",
        setting=replace(_SETTING, ridge=_two_ridges),
        counterexample=Step(
            statement="H_2 of U_2(x1) + U_2(x2) has rank 2: its bound for m = 1 is positive",
            source=SOURCE,
            check=_two_ridges_have_rank_2,
        ),
    ),
)

THEOREMS.add(
    "B4",
    Theorem(
        name="B4",
        title="The rank of Zernike moments bounds sums of ridges from below",
        statement="For every type1 network h of width m on the unit disk, fixed or LA, norm(f - "
        "h)^2 is at least the sum of the squared singular values of M_p(f) beyond the m-th, for "
        "every p and N; for one_sided networks beyond the 2m-th. So for weighted rows and columns.",
        assumptions=(
            "d = 2, the unit disk with Lebesgue measure; f and every s(w.x + b) of h in L2, as "
            "with any continuous activations",
            "any coefficients (also one set for each neuron), biases, output bias",
            "m < p <= N + 1",
            "weights of rows and columns at least 0, under which no moment counts more than once",
        ),
        setting=_SETTING,
        steps=steps,
        mutations=_MUTATIONS,
        source=SOURCE,
    ),
)
