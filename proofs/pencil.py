"""Planes through one line: setting, steps and mutations that T6 and T7 share.

Off lower-dimensional sets the target jumps across the plane i by J_i. All planes contain the line
L, along which the J_i extend to functions of one coordinate. A type1 network with G groups jumps
across each by a number A(i, g) times the same kappa_g, summed over g (L2): of G + 1 such functions
on L some combination vanishes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from expressivity.classes.facts import settle
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.piecewise import assume_sign, split_level
from expressivity.symbolic.proof import Step
from expressivity.symbolic.symbols import COORDINATES
from proofs import shared_amplitude
from proofs.networks import Network

X1, X2, X3 = COORDINATES[:3]
T = X3
"""The coordinate along the line L = {x1 = x2 = 0}, or a parallel to it."""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """A plane that contains L, and how the target jumps across it.

    Attributes:
        level: affine in x1 and x2; the plane is level = 0.
        jump: of the normal derivative, unit normal, at almost all points of the plane.
    """

    level: sp.Expr
    jump: sp.Expr

    @property
    def normal(self) -> tuple[sp.Expr, sp.Expr]:
        """A normal, of any length."""
        return sp.diff(self.level, X1), sp.diff(self.level, X2)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        target: a function of x1, x2, x3.
        planes: across which it jumps.
        line: x1 and x2 on L.
        network: of the larger class, equal to the target.
        groups: of the smaller class.
        lemma: what the smaller class is, in the form of L2.
    """

    target: sp.Expr
    planes: tuple[Plane, ...]
    line: tuple[sp.Expr, sp.Expr] = (sp.S.Zero, sp.S.Zero)
    network: Network
    groups: int = 1
    lemma: shared_amplitude.Setting = field(default_factory=shared_amplitude.Setting)


def member_step(setting: Setting, larger: str, source: str) -> Step:
    """The target is in the larger class."""
    return Step(
        statement=f"the target is a network of {larger}",
        source=source,
        check=lambda: is_identity(setting.network.expression, setting.target),
    )


def plane_steps(setting: Setting, source: str) -> Iterator[Step]:
    """How the target jumps, and what a network of the smaller class equal to it would have to do.

    What is left is that the jumps are linearly independent on every interval of L.
    """
    for plane in setting.planes:
        yield Step(
            statement=f"the target is continuous across {plane.level} = 0, and its normal "
            f"derivative jumps there by {plane.jump} off its other kinks",
            source=source,
            check=lambda p=plane: jumps_by(setting.target, p, setting.planes),
        )
    first, second = setting.line
    yield Step(
        statement=f"the {len(setting.planes)} planes differ, contain L = {{x1 = {first}, x2 = "
        f"{second}}}, and are more than the groups, {setting.groups}",
        source=source,
        check=lambda: are_a_pencil(setting),
    )
    yield Step(
        statement="a network equal to the target would jump by sum_g A(i, g) kappa_g across the "
        "plane i, on L too, where both are limits along the plane. There are more planes than "
        "groups: a combination of the rows A(i, .), not trivial, is 0, and so is that of the jumps",
        source="docs/theory.md, section 6, L2",
    )


def jumps_by(target: sp.Expr, plane: Plane, planes: Sequence[Plane]) -> bool | None:
    """Whether the target jumps by this across the plane, whichever side of the others it is on."""
    others = [other.level for other in planes if other is not plane]
    answers: list[bool | None] = []
    for side in range(2 ** len(others)):
        formulas: list[Any] = []
        for sign in (1, -1):
            formula = _beyond(target, plane.level, sign)
            for place, level in enumerate(others):
                formula = _beyond(formula, level, 1 if side >> place & 1 else -1)
            formulas.append(formula)
        difference = formulas[0] - formulas[1]
        pivot = X1 if sp.diff(plane.level, X1) != 0 else X2
        (on_plane,) = sp.solve(plane.level, pivot)
        length = sp.sqrt(sp.Add(*[n**2 for n in plane.normal]))
        slope = sp.Add(
            *[sp.diff(difference, x) * n for x, n in zip((X1, X2), plane.normal, strict=True)]
        )
        answers += [
            is_identity(difference.subs(pivot, on_plane), sp.S.Zero),
            is_identity((slope / length).subs(pivot, on_plane), plane.jump.subs(pivot, on_plane)),
        ]
    return settle(answers)


def _beyond(expression: sp.Expr, level: sp.Expr, sign: int) -> sp.Expr:
    """The expression on one side of a plane."""
    known, orientation = split_level(sp.Gt(level, 0))
    return assume_sign(expression, known, sign * orientation)


def are_a_pencil(setting: Setting) -> bool:
    """Whether the planes contain the line, are not parallel, and are more than the groups."""
    on_line = dict(zip((X1, X2), setting.line, strict=True))
    through = all(sp.expand(plane.level.subs(on_line)) == 0 for plane in setting.planes)
    normals = [plane.normal for plane in setting.planes]
    apart = all(
        sp.Matrix([one, other]).det() != 0
        for place, one in enumerate(normals)
        for other in normals[:place]
    )
    return through and apart and len(setting.planes) > setting.groups


def are_independent(jumps: Sequence[sp.Expr]) -> bool | None:
    """Whether functions of ``T`` are linearly independent on every interval.

    They are analytic, and their Wronskian is not 0 at some point; False where the Wronskian, or
    their number, shows that they are not (one function: 0).
    """
    size = len(jumps)
    rows = sp.Matrix(size, size, lambda i, n: sp.diff(jumps[i], T, n))
    vanishes = is_identity(rows.det(method="berkowitz"), sp.S.Zero)
    return None if vanishes is None else not vanishes
