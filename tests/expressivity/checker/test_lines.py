"""Kinks in any direction, with rational or irrational coefficients.

Soundness: a line that stands for an irrational one has its signs outside the band, and what the
band may change is within the enclosure. Reference: integrals that are known.
"""

import math
from fractions import Fraction

import flint
import pytest
from certificates_by_hand import certificate, claim, family, to_hex

from expressivity.checker import check_document, integrals, lines
from expressivity.checker.balls import PRECISION
from expressivity.checker.cells import disk_cells
from expressivity.checker.evaluation import Function, compile_target
from expressivity.symbolic.parser import parse


def compiled(text):
    function = Function(root=parse(text).root)
    return function, compile_target(function)


def integral(text, dimension=2, goal="1e-30"):
    with flint.ctx.workprec(PRECISION):
        function, target = compiled(text)
        return integrals.integrate(function, target, dimension, flint.arb(goal))


def test_rational_kinks_are_exact_and_irrational_ones_have_neighbours():
    function, _ = compiled("relu(2*x1 - x2/3 + 1) + abs(2**0.5*x1 + sin(1)*x2 - exp(-1))")
    exact, near = function.lines
    assert exact == (Fraction(2), Fraction(-1, 3), Fraction(1)) and function.neighbours == [near]
    truth = [math.sqrt(2), math.sin(1), -math.exp(-1)]
    assert [float(c) for c in near] == pytest.approx([c / truth[0] for c in truth], rel=1e-15)
    # sqrt 2 from above and below by rationals: 2 q^2 against 1.
    function, _ = compiled("relu(x1 - 2**0.5*x2)")
    ((c1, c2, _),) = function.neighbours
    assert abs(2 * c1**2 - c2**2) < 4 * lines.BAND


@pytest.mark.parametrize(
    "text",
    ["relu(x1*x2)", "relu(x1**2 - x2)", "abs(tanh(x1))", "relu(2**0.5*x1*x2)"],
)
def test_what_is_not_affine_has_no_line(text):
    function, _ = compiled(text)
    assert function.lines == [] and len(function.bent) == 1


def test_constants_and_a_slope_that_vanishes():
    function, target = compiled("abs(2**0.5 - 2)*x1 + relu((2**0.5*2**0.5 - 2)*x1 + x2)")
    with flint.ctx.workprec(PRECISION):
        value = target((flint.arb(1), flint.arb(0.5)), None, False)
        assert value.real.overlaps(2 - flint.arb(2).sqrt() + flint.arb(0.5))
    assert function.neighbours == [(Fraction(0), Fraction(1), Fraction(0))]
    # A form of no certain direction has no line; its sign is seen where a ball excludes 0.
    function, target = compiled("relu((2**0.5*2**0.5 - 2)*x1 + 1) + x2")
    assert function.lines == []
    assert target((flint.arb(1), flint.arb(0)), None, False).real.overlaps(flint.arb(1))


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        # Of relu along any unit vector over half the disk: 2/3.
        ("relu((x1 + x2)/2**0.5)", 2, 2 / 3),
        ("relu(3*x1/5 - 4*x2/5)", 2, 2 / 3),
        ("abs(x1*3**0.5/2 + x2/2)", 2, 4 / 3),
        ("relu(x - 2**0.5/2)", 1, (1 - 2**0.5 / 2) ** 2 / 2),
        ("relu((x1 + x2)/2**0.5)*relu((x1 - x2)/2**0.5)", 2, 1 / 8),
    ],
)
def test_integrals_that_are_known(text, dimension, value):
    found = integral(text, dimension)
    assert float(found) == pytest.approx(value, rel=1e-14)
    assert float(found.rad()) < 1e-25


@pytest.mark.parametrize(
    ("text", "dimension"), [("relu(2**0.5*x1 - x2/3)*exp(x1)", 2), ("relu(x-3**0.5/3)", 1)]
)
def test_the_band_beside_a_neighbour_counts(monkeypatch, text, dimension):
    sharp = integral(text, dimension)
    monkeypatch.setattr(lines, "_GRID", 12)
    monkeypatch.setattr(integrals, "BAND", Fraction(1, 1 << 9))
    function, _ = compiled(text)
    assert function.neighbours[0][1] in (0, round(-(2**-0.5) / 3 * 2**12) * Fraction(1, 2**12))
    coarse = integral(text, dimension)
    assert sharp in coarse and 1e-8 < float(coarse.rad()) < 0.2
    # Without it the wrong lines would give a wrong integral.
    monkeypatch.setattr(integrals, "_over_bands", lambda *_: flint.arb(0))
    assert not integral(text, dimension).overlaps(sharp)


def test_kinks_outside_are_known_as_such():
    function, _ = compiled("relu(x1 + x2 - 2**0.5) + relu(x1 - 3/2) + relu(x2) + abs(3*x1 - 5*x2)")
    assert len(function.lines) == 4
    assert function.ignored[-1] == (Fraction(1), Fraction(0), Fraction(-3, 2))
    # x1 + x2 = sqrt 2 touches the circle: inside or not, nothing is lost.
    assert len(function.ignored) in (1, 2)


@pytest.mark.parametrize(("extra", "dimension"), [("", 1), (" + x2", 2)])
def test_a_kink_that_enters_the_domain_by_less_than_its_neighbour_tells_counts(extra, dimension):
    # The neighbour of the kink is x1 = -1. Beyond the kink the target is large, no network is.
    steep = "2**60" + "*2**60" * 15
    text = (
        f"x1{extra} + {steep}*relu(-x1 - 1 + 2**0.5*2**(-62)*2**(-62)*2**(-62)*2**(-62)*2**(-62))"
    )
    function, _ = compiled(text)
    (line,) = function.neighbours
    assert line[-1] == line[0] and function.unclear == [line] and not function.ignored
    weights = {"w": [[1, *[1] * (dimension - 1), 0]], "a": [1], "scale0": [1]}
    document = certificate(
        text,
        ("interval", "disk")[dimension - 1],
        family(kind="fixed", dictionary=["id"]),
        upper=claim("1e-20", "network-error"),
        network=to_hex(weights),
    )
    assert check_document(document).outcome == "not decided"


def test_lines_outside_the_disk_make_no_cells():
    # They meet each other at places of x1 inside.
    outside = [
        (Fraction(s * k), Fraction(1), Fraction(k + 1)) for k in range(1, 100) for s in (1, -1)
    ]
    through = (Fraction(1), Fraction(2), Fraction(0))
    found, strips = disk_cells([*outside, through])
    assert [len(cell.signs) for cell in found] == [199] * 4 and len(strips) == 2
    assert all(cell.signs[:-1] == [1] * 198 for cell in found)
