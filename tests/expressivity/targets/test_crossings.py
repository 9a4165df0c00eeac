"""Crossings and edges of targets.

Reference: formulas worked out by hand. Soundness: the formulas agree with the target's own values
next to the point, on the side they are for. Negative: what is not known is left out.
"""

import pytest
import sympy as sp

from expressivity.symbolic.interpret import BALL, interpret
from expressivity.symbolic.points import ball_sign, exact_form, is_zero
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.crossings import crossings, edges, formula_near, planes
from expressivity.targets.domains import domain_for, square
from expressivity.targets.flats import common_part, is_inside, points_in
from expressivity.targets.target import Target
from expressivity.targets.user import user_target

X1, X2, X3 = COORDINATES[:3]


def as_target(expression, dimension):
    return Target(name="expr", expression=expression, domain=domain_for(dimension), source="test")


def test_nested_kinks_are_found():
    found = crossings(user_target("abs(abs(x)-1/2)"))
    places = {c.point[0][1]: (c.above, c.below) for c in found}
    half = sp.Rational(1, 2)
    assert places == {
        -half: (X1 + half, -X1 - half), half: (X1 - half, half - X1), 0: (half - X1, half + X1),
    }  # fmt: skip


def test_conditions_that_hold_a_piecewise_are_decided_case_by_case():
    inner = sp.Piecewise((X1, X1 > 0), (-X1, True))
    condition = sp.Gt(inner - sp.Rational(1, 2), 0, evaluate=False)
    expression = sp.Piecewise((inner, condition), (sp.Rational(1, 2), True), evaluate=False)
    assert {str(level) for level in planes(as_target(expression, 1))} == {
        "x1", "2*x1 - 1", "2*x1 + 1",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["(x**2)**0.5", "abs(x)"])
def test_absolute_values_are_kinks_however_they_are_written(text):
    (crossing,) = crossings(user_target(text))
    assert crossing.slope_jump == 2


def test_irrational_planes_have_exact_points():
    (crossing,) = crossings(user_target("relu(x-2**0.5/2)"))
    assert crossing.point == ((X1, sp.sqrt(2) / 2),) and crossing.slope_jump == 1
    (oblique,) = crossings(user_target("relu(2**0.5*x1-x2)+relu(2*x1-2**0.5*x2)"))
    assert is_zero(oblique.level.subs(dict(oblique.point))) is True
    assert is_zero(oblique.slope_jump - sp.sqrt(2) - 2) is True


def test_several_planes_through_one_point():
    found = {
        (e.above.level, e.other): (e.above.slope_jump, e.below.slope_jump)
        for e in edges(as_target(sp.Max(0, X1, X2), 2))
    }
    assert found == {
        (X1, X2): (0, 1), (X2, X1): (0, 1), (X1 - X2, X1): (1, 0),
        (X1 - X2, X2): (1, 0), (X1, X1 - X2): (1, 0), (X2, X1 - X2): (0, 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        ("relu(x1-relu(x2))+relu(x2)", 2),
        ("abs(relu(x1)-relu(x2))*tanh(x1)+relu(x1+x2-1/3)", 2),
        ("relu(2**0.5*x1-x2)*relu(3**0.5*x1-x2-1/10)", 2),
        ("relu(x3)*x1+relu(x1)*relu(x2-1/9)", 3),
    ],
)
def test_formulas_agree_with_the_target_beside_the_edge(text, dimension):
    target = user_target(text)
    assert target.dimension == dimension
    met = edges(target)
    assert met
    for edge in met:
        for crossing, far in ((edge.above, 1), (edge.below, -1)):
            point = dict(crossing.point)
            assert is_inside(point, target.domain)
            assert all(is_zero(g.subs(point)) is True for g in (crossing.level, edge.other))
            for formula, near in ((crossing.above, 1), (crossing.below, -1)):
                beside = _beside(crossing.level, edge.other, point, near, far)
                values = {x: interpret(v, {}, BALL) for x, v in beside.items()}
                claimed = interpret(formula, values, BALL)
                assert (interpret(target.expression, values, BALL) - claimed).contains(0)
                assert ball_sign(crossing.level, beside) == near
                assert ball_sign(edge.other, beside) == far


def _beside(level, other, point, near, far):
    """The point moved to other = far/1000, and by far less to the wanted side of the level."""
    a, b = sp.symbols("a b")
    g, h = (sp.Matrix([sp.diff(f, x) for x in point]) for f in (level, other))
    moves = a * g + b * h
    small = sp.Rational(1, 10**6)
    (solved,) = sp.linsolve(
        [(g.T * moves)[0] - near * small, (h.T * moves)[0] - far * sp.Rational(1, 1000)], a, b
    )
    shift = moves.subs(dict(zip((a, b), solved, strict=True)))
    return {x: sp.expand(v + s) for (x, v), s in zip(point.items(), shift, strict=True)}


def test_parallel_planes_and_planes_that_meet_outside_have_no_edge():
    assert not edges(user_target("relu(x1)+relu(x1-1/2)+0*x2"))
    assert not edges(user_target("relu(x1-9/10)+relu(x2-9/10)"))
    assert not edges(user_target("relu(x)"))


def test_a_level_that_is_not_affine_is_no_plane():
    assert planes(user_target("relu(x1*x2-1/10)")) == ()


def test_an_undecided_level_leaves_the_formula_open():
    ramp = sp.Piecewise((X1, X1 * X2 > 0), (0, True))
    assert formula_near(ramp, {X1: sp.S.Zero, X2: sp.S.One}, ((X1, 1),)) is None


def test_the_unit_normal_is_in_the_stretch():
    (crossing,) = crossings(user_target("relu(3*x1+4*x2)"))
    assert abs(crossing.slope_jump * crossing.stretch) == 5


def test_flats():
    flat = common_part([X1 - X2, X2 - X3, X1 - X3], (X1, X2, X3))
    assert flat is not None and flat.codimension == 2 and flat.tangents == (X3,)
    assert common_part([X1, X1 - 1], (X1, X2)) is None
    assert common_part([X1 * X2], (X1, X2)) is None
    wide = common_part([X1 + X2 / 10 - sp.Rational(21, 20)], (X1, X2))
    assert wide is not None
    assert all(is_inside(p, square()) for p in points_in(wide, square()))
    assert next(points_in(wide, square()), None) is not None


def test_exact_numbers():
    assert is_zero(sp.sqrt(2) * sp.sqrt(3) - sp.sqrt(6)) is True
    assert is_zero(sp.pi - sp.Rational(355, 113)) is False
    assert exact_form(sp.sqrt(2) * X1 - sp.pi, (X1,)) == (sp.sqrt(2), -sp.pi)
    assert exact_form(X1**2, (X1,)) is None
    assert exact_form(sp.I * X1, (X1,)) is None
