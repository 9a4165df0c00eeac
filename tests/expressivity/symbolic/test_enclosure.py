"""Enclosures: outward decimals (property), precision that is scoped, weakest evidence."""

from decimal import Decimal
from fractions import Fraction

import flint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.evidence import Evidence
from expressivity.symbolic.enclosure import Enclosure, exact_fraction, precision


@given(st.fractions(min_value=-1000, max_value=1000), st.integers(-40, 40), st.integers(1, 12))
@settings(deadline=None, derandomize=True, max_examples=50)
def test_decimals_enclose_the_number(number, exponent, digits):
    number *= Fraction(10) ** exponent
    ball = flint.arb(flint.fmpq(number.numerator, number.denominator))
    lower = Decimal(Enclosure(ball).lower_decimal(digits))
    upper = Decimal(Enclosure(ball).upper_decimal(digits))
    assert Fraction(lower) <= number <= Fraction(upper)
    spread = abs(number) * Fraction(10) ** (1 - digits) + abs(number) / 2**40
    assert Fraction(upper) - Fraction(lower) <= 2 * spread


def test_a_decimal_is_not_rounded_through_a_float():
    with precision(200):
        third = Enclosure(flint.arb(1)) / Enclosure(flint.arb(3))
        assert third.lower_decimal(40) == "0." + "3" * 40
        assert third.upper_decimal(40) == "0." + "3" * 39 + "4"


def test_precision_is_scoped():
    before = flint.ctx.prec
    with precision(777):
        assert flint.ctx.prec == 777
    assert flint.ctx.prec == before


def test_square_root_of_a_ball_around_zero_starts_at_zero():
    root = Enclosure(flint.arb(0, 1e-20)).sqrt()
    assert Decimal(root.lower_decimal()) <= 0
    assert 1e-10 <= float(root.upper_decimal()) < 1.01e-10


def test_evidence_is_the_weakest():
    numerical = Enclosure(flint.arb(1), Evidence.NUMERICAL)
    certified = Enclosure(flint.arb(2))
    assert (certified / certified).sqrt().evidence is Evidence.CERTIFIED
    assert (certified / numerical).evidence is Evidence.NUMERICAL
    assert (numerical / certified).sqrt().evidence is Evidence.NUMERICAL


def test_what_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="exact finite number"):
        Enclosure(flint.arb("nan")).lower_decimal()
    with pytest.raises(ValueError, match="exact finite number"):
        exact_fraction(flint.arb(0, 1))
