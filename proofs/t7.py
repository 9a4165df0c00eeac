"""T7, T7b: ReLU-gated linear units are not inside MoA, type1 (docs/theory.md, section 7, T7).

t7(x) = x3 ReLU(x1) + ReLU(x2), d = 3, is a one_sided ReLU network of width 2, and no type1 MoA
network of any width, with one group and any C^1 gates: the jumps x3 and 1 across {x1 = 0} and
{x2 = 0} are independent on the line in both. Without biases c, x3 ReLU(x1 - 1/2) + x1 ReLU(x2).

t7b(x) = (1 + x1) ReLU(x2) + ReLU(x1) + ReLU(x1 + x2 - 1/2) says the same for d = 2, where two lines
meet in a point. With the points p12, p13, p23 where two of three lines meet, jumps J_i = A_i kappa
obey J1(p12) J2(p23) J3(p13) = J2(p12) J3(p23) J1(p13).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from proofs import pencil, shared_amplitude
from proofs.networks import Network, with_rows
from proofs.pencil import X1, X2, X3, Plane, jumps_by

SOURCE = "docs/theory.md, section 7, T7"
_relu = ACTIVATIONS["relu"]
_HALF = sp.Rational(1, 2)


def reglu(*neurons: tuple[list[Any], list[Any]], bias: bool = True) -> Network:
    """The one_sided ReLU network sum_j ReLU(w_j.x + b_j) (v_j.x + c_j)."""
    (w, _), *_ = neurons
    family = Family(
        kind=Kind.FIXED,
        neuron="one_sided",
        dictionary=("relu",),
        width=len(neurons),
        dimension=len(w) - 1,
        bias=bias,
    )
    return with_rows(
        family,
        w=[w for w, _ in neurons],
        v=[v for _, v in neurons],
        a=[[1] * len(neurons)],
        scale0=[[int(name == "relu")] for name in family.basis],
    )


def steps(setting: pencil.Setting) -> Iterator[Step]:
    """The proof of T7 in reading order."""
    yield pencil.member_step(setting, "one_sided ReLU of width 2", SOURCE)
    yield from shared_amplitude.amplitude_steps(setting.lemma)
    yield from pencil.plane_steps(setting, SOURCE)
    first, second = setting.line
    along = [plane.jump.subs({X1: first, X2: second}) for plane in setting.planes]
    yield Step(
        statement=f"the jumps on L, {', '.join(map(str, along))}, are linearly independent on "
        "every interval: they are analytic, and their Wronskian does not vanish",
        source=SOURCE,
        check=lambda: pencil.are_independent(along),
    )


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Assumptions of T7b.

    Attributes:
        target: a function of x1 and x2.
        lines: three, across which it jumps.
        network: of the larger class, equal to the target.
        groups: of the smaller class.
        lemma: what the smaller class is, in the form of L2.
    """

    target: sp.Expr
    lines: tuple[Plane, Plane, Plane]
    network: Network
    groups: int = 1
    lemma: shared_amplitude.Setting = field(default_factory=shared_amplitude.Setting)

    def jump(self, line: int, other: int) -> sp.Expr:
        """The jump across a line where it meets another."""
        return self.lines[line].jump.subs(self.meeting(line, other))

    def meeting(self, line: int, other: int) -> dict[sp.Symbol, sp.Expr]:
        """Where two lines meet."""
        levels = [self.lines[line].level, self.lines[other].level]
        (found,) = sp.solve(levels, [X1, X2], dict=True)
        return found


def line_steps(setting: Lines) -> Iterator[Step]:
    """The proof of T7b in reading order."""
    yield Step(
        statement="the target is a network of one_sided ReLU of width 3",
        source=SOURCE,
        check=lambda: is_identity(setting.network.expression, setting.target),
    )
    yield from shared_amplitude.amplitude_steps(setting.lemma)
    yield Step(
        statement="for J_i = A_i kappa the products J1(p12) J2(p23) J3(p13) and J2(p12) J3(p23) "
        "J1(p13) are both A1 A2 A3 kappa(p12) kappa(p13) kappa(p23)",
        source="docs/theory.md, section 6, L2",
        check=lambda: cocycle_of_groups(setting.groups),
    )
    for line in setting.lines:
        yield Step(
            statement=f"the target is continuous across {line.level} = 0, and its normal "
            f"derivative jumps there by {line.jump} off its other kinks",
            source=SOURCE,
            check=lambda p=line: jumps_by(setting.target, p, setting.lines),
        )
    yield Step(
        statement="the lines meet two by two, in points of the open unit disk",
        source=SOURCE,
        check=lambda: meet_inside(setting),
    )
    yield Step(
        statement="the products of the target's jumps, limits along the lines, differ",
        source=SOURCE,
        check=lambda: products_differ(setting),
    )


def cocycle_of_groups(groups: int) -> bool | None:
    """The identity between the products for jumps sum_g A(i, g) kappa_g(p), in symbols."""

    def jump(line: int, point: str) -> sp.Expr:
        terms: list[Any] = [
            sp.Symbol(f"A{line}_{g}", real=True) * sp.Symbol(f"kappa{g}_{point}", real=True)
            for g in range(groups)
        ]
        return sp.Add(*terms)

    left = jump(1, "12") * jump(2, "23") * jump(3, "13")
    right = jump(2, "12") * jump(3, "23") * jump(1, "13")
    return is_identity(sp.expand(left), sp.expand(right))


def meet_inside(setting: Lines) -> bool:
    """Whether each two lines meet in a point of the open unit disk, and the three differ."""
    points = [setting.meeting(*pair) for pair in ((0, 1), (0, 2), (1, 2))]
    inside = all(point[X1] ** 2 + point[X2] ** 2 < 1 for point in points)
    return bool(inside) and len({(point[X1], point[X2]) for point in points}) == 3


def products_differ(setting: Lines) -> bool | None:
    """Whether J1(p12) J2(p23) J3(p13) and J2(p12) J3(p23) J1(p13) are different numbers."""
    left = setting.jump(0, 1) * setting.jump(1, 2) * setting.jump(2, 0)
    right = setting.jump(1, 0) * setting.jump(2, 1) * setting.jump(0, 2)
    same = is_identity(left, right)
    return None if same is None else not same


def _planes(*pairs: tuple[sp.Expr, sp.Expr]) -> tuple[Plane, ...]:
    return tuple(Plane(level=level, jump=jump) for level, jump in pairs)


_T7 = pencil.Setting(
    target=X3 * _relu(X1) + _relu(X2),
    planes=_planes((X1, X3), (X2, sp.S.One)),
    network=reglu(([1, 0, 0, 0], [0, 0, 1, 0]), ([0, 1, 0, 0], [0, 0, 0, 1])),
)
_T7_UNBIASED_FACTORS = pencil.Setting(
    target=X3 * _relu(X1 - _HALF) + X1 * _relu(X2),
    planes=_planes((X1 - _HALF, X3), (X2, X1)),
    line=(_HALF, sp.S.Zero),
    network=reglu(([1, 0, 0, -_HALF], [0, 0, 1, 0]), ([0, 1, 0, 0], [1, 0, 0, 0])),
)
_EQUAL = replace(
    _T7,
    target=X3 * _relu(X1) + X3 * _relu(X2),
    planes=_planes((X1, X3), (X2, X3)),
    network=reglu(([1, 0, 0, 0], [0, 0, 1, 0]), ([0, 1, 0, 0], [0, 0, 1, 0])),
)
_PLAIN = replace(
    _T7,
    target=_relu(X1) + _relu(X2),
    planes=_planes((X1, sp.S.One), (X2, sp.S.One)),
    network=reglu(([1, 0, 0, 0], [0, 0, 0, 1]), ([0, 1, 0, 0], [0, 0, 0, 1])),
)


def _shared(coefficient: sp.Expr, *levels: sp.Expr) -> sp.Expr:
    """The type1 network of one group over ReLU with this coefficient, a_j = 1."""
    return sp.Add(*[coefficient * _relu(level) for level in levels])


_LEVELS = (X2, X1, X1 + X2 - _HALF)


def _three(first: sp.Expr, second: sp.Expr, third: sp.Expr) -> Lines:
    """Three gated linear units with kinks on the three lines; factors affine in x1."""
    factors = (first, second, third)
    rows = ([0, 1, 0], [1, 0, 0], [1, 1, -_HALF])
    rates = [[sp.diff(f, X1), 0, f.subs(X1, 0)] for f in factors]
    lengths = (sp.S.One, sp.S.One, sp.sqrt(2))
    lines = _planes(*[(z, n * f) for z, n, f in zip(_LEVELS, lengths, factors, strict=True)])
    first_line, second_line, third_line = lines
    return Lines(
        target=sp.Add(*[f * _relu(z) for z, f in zip(_LEVELS, factors, strict=True)]),
        lines=(first_line, second_line, third_line),
        network=reglu(*zip(rows, rates, strict=True)),
    )


_T7B = _three(1 + X1, sp.S.One, sp.S.One)
_ALL_EQUAL = _three(1 + X1, 1 + X1, 1 + X1)
_ALL_PLAIN = _three(sp.S.One, sp.S.One, sp.S.One)

_GROUPS = "coefficients C^1 and shared by all neurons; hidden biases on or off, over the seven"

for _name, _setting, _formula in (
    ("T7", _T7, "x3 ReLU(x1) + ReLU(x2)"),
    ("T7-factors-without-bias", _T7_UNBIASED_FACTORS, "x3 ReLU(x1 - 1/2) + x1 ReLU(x2)"),
):
    THEOREMS.add(
        _name,
        Theorem(
            name=_name,
            title="Gated linear units with ReLU are not contained in MoA, type1",
            statement=f"t7(x) = {_formula} is a one_sided ReLU network of width 2, and no type1 "
            "MoA network of any width, with one group and any C^1 gates.",
            assumptions=(
                "d = 3, one output; a domain that contains an open set about a point of L",
                f"the smaller class: {_GROUPS}",
            ),
            setting=_setting,
            steps=steps,
            mutations=(
                Mutation(
                    name="one factor for both neurons: x3",
                    setting=_EQUAL,
                    counterexample=shared_amplitude.equality(
                        "x3 is one C^1 coefficient of ReLU, shared by two neurons: type1, width 2",
                        _EQUAL.target,
                        _shared(X3, X1, X2),
                    ),
                ),
                Mutation(
                    name="factors 1",
                    setting=_PLAIN,
                    counterexample=shared_amplitude.equality(
                        "ReLU(x1) + ReLU(x2) is fixed, type1",
                        _PLAIN.target,
                        _shared(sp.S.One, X1, X2),
                    ),
                ),
                Mutation(
                    name="two groups in the smaller class",
                    setting=replace(_setting, groups=2),
                    counterexample=shared_amplitude.equality(
                        "each term is a type1 network with one C^1 coefficient of its own",
                        _setting.target,
                        sp.Add(*[_shared(p.jump, p.level) for p in _setting.planes]),
                    ),
                ),
            ),
            source=SOURCE,
        ),
    )

THEOREMS.add(
    "T7b",
    Theorem(
        name="T7b",
        title="Gated linear units with ReLU are not contained in MoA, type1, in the plane",
        statement="t7b(x) = (1 + x1) ReLU(x2) + ReLU(x1) + ReLU(x1 + x2 - 1/2) is a one_sided ReLU "
        "network of width 3, and no type1 MoA network of any width, with one group and any C^1 "
        "gates.",
        assumptions=(
            "d = 2, one output; a domain that contains open sets about (0, 0), (1/2, 0), (0, 1/2)",
            f"the smaller class: {_GROUPS}",
        ),
        setting=_T7B,
        steps=line_steps,
        mutations=(
            Mutation(
                name="one factor for all neurons: 1 + x1",
                setting=_ALL_EQUAL,
                counterexample=shared_amplitude.equality(
                    "1 + x1 is one C^1 coefficient of ReLU, shared by all: type1, width 3",
                    _ALL_EQUAL.target,
                    _shared(1 + X1, *_LEVELS),
                ),
            ),
            Mutation(
                name="factors 1",
                setting=_ALL_PLAIN,
                counterexample=shared_amplitude.equality(
                    "a sum of three ReLU is fixed, type1",
                    _ALL_PLAIN.target,
                    _shared(sp.S.One, *_LEVELS),
                ),
            ),
            Mutation(
                name="two groups in the smaller class",
                setting=replace(_T7B, groups=2),
                counterexample=shared_amplitude.equality(
                    "coefficients 1 + x1 of one group and 1 of the other: type1, width 3",
                    _T7B.target,
                    _shared(1 + X1, X2) + _shared(sp.S.One, *_LEVELS[1:]),
                ),
            ),
        ),
        source=SOURCE,
    ),
)
