"""Rigorous cubature: reference values, metamorphic invariances, negative cases (refusals)."""

import itertools
import math
from fractions import Fraction

import flint
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.bounds.integrals.cells import branch, cut
from expressivity.bounds.integrals.charts import BITS
from expressivity.bounds.integrals.cubature import (
    disk_integral,
    interval_integral,
    monomial_integrals,
)
from expressivity.bounds.integrals.lines import Line, gentle_turn, kink_lines, turned
from expressivity.symbolic.enclosure import precision
from expressivity.symbolic.parser import parse
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.translation import to_sympy

X1, X2 = COORDINATES[:2]
F = Fraction


def expression(text: str) -> sp.Expr:
    return to_sympy(parse(text))


@pytest.fixture(autouse=True)
def many_bits():
    with precision(BITS):
        yield


# --- cells --------------------------------------------------------------------------------------


def areas(lines: list[Line]) -> list[flint.arb]:
    """The integral of cos(theta) (upper - lower) by an integrator that knows no cells."""
    return [
        flint.acb.integral(
            lambda t, _, cell=cell: (
                t.cos()
                * (cell.upper.height(t.sin(), t.cos()) - cell.lower.height(t.sin(), t.cos()))
            ),
            cell.start,
            cell.end,
        ).real
        for cell in cut(lines)
    ]


small = st.integers(-8, 8).map(lambda n: F(n, 8))


@given(st.lists(st.tuples(small, small), max_size=3, unique=True))
@settings(deadline=None, derandomize=True, max_examples=30)
def test_cells_tile_the_disk(slopes_and_levels):
    lines = [Line(a=-slope, b=F(1), c=level) for slope, level in slopes_and_levels]
    if distinct_corners(lines):
        check_tiles(lines)
    else:
        with pytest.raises(ValueError, match="told"):
            cut(lines)


def distinct_corners(lines: list[Line]) -> bool:
    """Whether no two corners lie above each other without being the same algebraic number."""
    symbols = [(sp.Rational(-q.a), sp.Rational(q.c)) for q in lines]
    found: set[sp.Expr] = set()
    for slope, level in symbols:
        if 1 + slope**2 > level**2:
            root = sp.sqrt(1 + slope**2 - level**2)
            found |= {sp.radsimp((-slope * level + s * root) / (1 + slope**2)) for s in (-1, 1)}
    for (p, q), (r, s) in itertools.combinations(symbols, 2):
        if p != r:
            found.add((s - q) / (p - r))
    values = sorted(float(value) for value in found)
    return all(b - a > 1e-12 for a, b in itertools.pairwise(values))


def check_tiles(lines: list[Line]) -> None:
    pieces = areas(lines)
    assert all(piece > 0 for piece in pieces)
    assert sum(pieces, flint.arb(0)).overlaps(flint.arb.pi())


def test_nearly_coincident_lines_make_cells_of_their_own():
    lines = [
        Line(a=F(0), b=F(1), c=F(0)),
        Line(a=F(1, 10**17), b=F(13, 10), c=F(1, 10**18)),
    ]
    pieces = areas(lines)
    assert len(pieces) > 4
    assert min(float(piece) for piece in pieces) < 1e-16
    assert sum(pieces, flint.arb(0)).overlaps(flint.arb.pi())


def test_a_turn_leaves_no_line_steep():
    lines = kink_lines(expression("relu(x1)+relu(x2)+relu(x1+x2)"))
    turn = gentle_turn(lines)
    assert turn[0] ** 2 + turn[1] ** 2 == 1
    after = kink_lines(turned(expression("relu(x1)+relu(x2)+relu(x1+x2)"), turn))
    assert all(line.b != 0 for line in after)


def test_branches_agree_with_the_expression_inside_every_cell():
    function = expression("relu(x1+2*x2-1/3)*abs(x2)+leaky_relu(x1)")
    lines = kink_lines(function)
    assert len(lines) == 3
    function = turned(function, gentle_turn(lines))
    for cell in cut(kink_lines(function)):
        point = cell.interior()
        formula = branch(function, point)
        assert not formula.has(sp.Piecewise)
        at = {symbol: sp.Float(str(float(value)), 30) for symbol, value in point.items()}
        assert abs(formula.subs(at) - function.subs(at)) < 1e-14


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("relu(x1**2-x2)", "straight lines"),
        ("relu(x1*x2)", "straight lines"),
        ("1/(x1-1.00000000001)+x2", "pole"),
        ("exp(x2)*(x1+1)**(1/3)", "branch point"),
    ],
)
def test_what_cannot_be_enclosed_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        disk_integral(expression(text))


# --- integrals ----------------------------------------------------------------------------------


def test_monomials_of_a_half_disk():
    found = monomial_integrals(sp.Piecewise((sp.Integer(1), X2 > 0), (0, True)), 5)
    for a, b in itertools.product(range(6), repeat=2):
        if a + b > 5:
            continue
        exact = (
            0
            if a % 2
            else math.gamma((a + 1) / 2) * math.gamma((b + 1) / 2) / 2 / math.gamma((a + b + 4) / 2)
        )
        assert float(found[a, b]) == pytest.approx(exact, abs=1e-15)
        assert float(found[a, b].rad()) < 1e-30


def chord_integral(integrand) -> flint.arb:
    """Integral over theta of a function with x1 = sin(theta), by another integrator."""
    half_pi = flint.arb.pi() / 2
    return flint.acb.integral(lambda t, _: integrand(t.sin(), t.cos()), -half_pi, half_pi).real


@pytest.mark.parametrize("sharpness", [1, 2, 8])
def test_norm_of_t2_agrees_with_a_one_dimensional_integral(sharpness):
    found = disk_integral(expression(f"(tanh({sharpness}*x1)*relu(x2))**2"))
    # integral of x2^2 over 0 < x2 < cos is cos^3 / 3
    other = chord_integral(lambda s, c: (sharpness * s).tanh() ** 2 * c**4 / 3)
    assert found.overlaps(other)
    assert found.rad() < 1e-30 and other.rad() < 1e-20


def test_integrals_do_not_depend_on_the_orientation():
    function = expression("tanh(2*x1)*relu(x2)*exp(x2)+relu(x1-x2/2+1/4)**2")
    straight = disk_integral(function)
    for turn in ((F(3, 5), F(4, 5)), (F(5, 13), F(-12, 13)), (F(-1), F(0))):
        assert disk_integral(turned(function, turn)).overlaps(straight)


def test_a_sum_integrates_to_the_sum():
    one, other = expression("gelu(3*x1-x2)"), expression("silu(x1+5*x2)*relu(x1)")
    apart = disk_integral(one) + disk_integral(other)
    assert disk_integral(one + other).overlaps(apart)
    assert apart.rad() < 1e-30


def test_fractional_powers_away_from_their_branch_point():
    found = disk_integral(expression("(x1+3/2)**(4/3)"))
    other = chord_integral(lambda s, c: 2 * c**2 * ((s + flint.acb(1.5)).log() * 4 / 3).exp())
    assert found.overlaps(other) and found.rad() < 1e-30 and other.rad() < 1e-20


def test_integrals_on_the_interval():
    assert interval_integral(expression("(relu(x)+relu(x)**2)**2")).overlaps(
        flint.arb(1) / 3 + flint.arb(1) / 2 + flint.arb(1) / 5
    )
    found = interval_integral(expression("abs(x-1/3)*exp(x)"))
    x = sp.Symbol("x")
    third = sp.Rational(1, 3)
    exact = sp.integrate((third - x) * sp.exp(x), (x, -1, third)) + sp.integrate(
        (x - third) * sp.exp(x), (x, third, 1)
    )
    assert float(found) == pytest.approx(float(exact), abs=1e-14)
