"""The free-knot bound.

Reference: docs/theory.md, section 4. Property: monotone in knots and jump. Soundness: below fits
with equal knots.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch
from bounds_of import _relative_error, found, is_just_below, network, user
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.bounds import (
    free_knots,
)
from expressivity.bounds.integrals.polynomial_pieces import split, sup_above
from expressivity.evidence import Evidence
from expressivity.symbolic.parser import parse
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import t1
from expressivity.targets.domains import domain_for
from expressivity.targets.quadrature import rule
from expressivity.targets.translation import to_sympy

torch.set_num_threads(1)
DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=20)


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 9])
def test_free_knots_of_t1(name, width):
    bounds = found(t1(), network("type1", width, 1, (name,)), "free-knot")
    exact = {
        "l2": sp.sqrt(sp.Rational(30, 31) / 180) / (width + 1) ** 2,
        "sup": sp.Rational(1, 16 * (width + 1) ** 2),
        "w1inf": sp.Rational(3, 4) if width == 1 else sp.Rational(1, width),
    }
    assert bounds.keys() == exact.keys()
    for norm, bound in bounds.items():
        assert is_just_below(bound.value, exact[norm])
        assert bound.evidence is Evidence.PROVED and not bound.every_width


@pytest.mark.parametrize("reach", [Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(7, 3)])
@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_slope_cost_is_the_formula_of_t1(reach, width):
    exact = reach / width if reach <= Fraction(width, 2) else (reach + Fraction(1, 2)) / (width + 1)
    assert free_knots.slope_cost(reach, Fraction(1, 2), width) == exact


@given(st.fractions(Fraction(1, 9), 4), st.fractions(0, 2), st.integers(0, 8))
@DETERMINISTIC
def test_slope_cost_falls_with_knots_and_grows_with_the_jump(reach, half_jump, knots):
    cost = free_knots.slope_cost(reach, half_jump, knots)
    assert free_knots.slope_cost(reach, half_jump, knots + 1) <= cost
    assert free_knots.slope_cost(reach, half_jump + 1, knots) >= cost


def test_free_knots_of_affine_networks_hold_at_every_width():
    bounds = found(t1(), network("type1", 5, 1, ("id",)), "free-knot")
    assert is_just_below(bounds["w1inf"].value, sp.Rational(3, 2))
    assert all(bound.every_width for bound in bounds.values())


@pytest.mark.parametrize(("text", "knots"), [("x**2", 1), ("relu(x-1/2) + relu2(x)", 0)])
def test_without_biases_the_only_knot_is_at_0(text, knots):
    narrow, wide = (network("type1", m, 1, ("relu",), bias=False) for m in (1, 9))
    bounds = found(user(text, 1), narrow, "free-knot")
    assert found(user(text, 1), wide, "free-knot") == bounds
    if knots:
        # Twice the least error of x^2 on a half, 1/180, of 2/5.
        assert is_just_below(bounds["l2"].value, sp.sqrt(sp.Rational(1, 36)))
        piece, number = free_knots.best_piece(user(text, 1), narrow)
        assert (piece.left, piece.right, number) == (-1, 1, 1)


def test_free_knots_use_any_interval_coefficient_and_mirror_image():
    family = network("type1", 2, 1, ("id", "relu"))
    mirrored = user("relu(-x)+relu2(-x)", 1)
    values = {n: b.value for n, b in found(t1(), family, "free-knot").items()}
    assert {n: b.value for n, b in found(mirrored, family, "free-knot").items()} == values
    shifted = user("3*relu2(x-0.5)-relu2(x-0.75)*3", 1)  # 3 (x - 1/2)^2 on a quarter, then affine
    bound = found(shifted, network("type1", 1, 1, ("relu",)), "free-knot")["w1inf"]
    assert is_just_below(bound.value, sp.Rational(3, 8))


def test_free_knots_relative_to_an_enclosed_norm_are_certified():
    target = user("relu2(x)+tanh(2*x)*relu(-x)", 1)
    bounds = found(target, network("type1", 2, 1, ("relu",)), "free-knot")
    kinds = {norm: bound.evidence for norm, bound in bounds.items()}
    assert kinds == {
        "l2": Evidence.CERTIFIED, "sup": Evidence.NUMERICAL, "w1inf": Evidence.PROVED
    }  # fmt: skip


def test_free_knots_are_below_fits_with_equal_knots():
    for width in (2, 4, 8):
        quadrature = rule(
            domain_for(1), order=40, kinks=user_kinks([j / width for j in range(width)])
        )
        x = quadrature.nodes_ND[:, 0]
        columns = np.maximum(x[:, None] - np.arange(width) / width, 0.0)
        bound = found(t1(), network("type1", width, 1, ("relu",)), "free-knot")["l2"]
        error = _relative_error(t1(), quadrature, columns)
        assert bound.value <= error < 4 * bound.value


def user_kinks(places):
    return [kink for place in places for kink in user(f"relu(x-{place!r})", 1).kinks]


def test_exact_sup_norm_is_above_and_tight():
    x = COORDINATES[0]
    pieces = split(to_sympy(parse("x**3-x/2+relu(x-0.5)")), x, sp.Integer(-1), sp.Integer(1))
    grid = np.linspace(-1, 1, 20001)
    values = np.abs(grid**3 - grid / 2 + np.maximum(grid - 0.5, 0))
    assert values.max() <= float(sup_above(pieces)) <= values.max() + 1e-12
    hill = split(x - x**3, x, sp.Integer(-1), sp.Integer(1))
    assert float(sup_above(hill)) == pytest.approx(2 / math.sqrt(27), abs=1e-15)
