"""The look of figures.

Kinds: reference (dichromacies by the matrices of Machado, Oliveira and Fernandes 2009,
doi:10.1109/TVCG.2009.113; colour difference in CIE L*a*b*), property (scales), negative (a palette
that fails).
"""

import itertools

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from expressivity.classes.kinds import Kind
from expressivity.evidence import Evidence
from figures.style import ALARM, INK, RC, SOFT, STYLES, long_log, look_of

VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = TO_XYZ.sum(axis=1)
APART = 20.0
"""Differences from which colours of small marks are told apart at a glance."""


def linear(colour: str) -> np.ndarray:
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(linear_rgb: np.ndarray) -> np.ndarray:
    ratio = TO_XYZ @ np.clip(linear_rgb, 0, 1) / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one: str, other: str, vision: str) -> float:
    seen = [lab(VISION[vision] @ linear(colour)) for colour in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))


def contrast_to_white(colour: str) -> float:
    luminance = float(TO_XYZ[1] @ linear(colour))
    return 1.05 / (luminance + 0.05)


COLOURS = [look_of(kind).colour for kind in Kind]


@pytest.mark.parametrize("vision", VISION)
def test_kinds_are_told_apart_by_colour(vision):
    for one, other in itertools.combinations(COLOURS, 2):
        assert difference(one, other, vision) > APART


def test_the_test_of_colours_can_fail():
    assert difference("#8a7a2f", "#a86a3a", "normal") > APART > 0
    assert difference("#c24f3f", "#767a26", "deuteranopia") < APART


def test_a_reference_value_of_the_colour_space():
    np.testing.assert_allclose(lab(linear("#ff0000")), [53.24, 80.09, 67.20], atol=0.02)


@pytest.mark.parametrize("colour", [*COLOURS, INK, SOFT, ALARM])
def test_lines_stand_out_from_the_paper(colour):
    assert contrast_to_white(colour) >= 3.0  # WCAG 2.1, 1.4.11: graphical objects


def test_kinds_and_evidence_differ_without_colour():
    assert len({look_of(kind).marker for kind in Kind}) == len(list(Kind))
    assert len({str(STYLES[level]) for level in Evidence}) == len(list(Evidence))


def test_every_setting_of_the_style_exists():
    assert set(RC) <= set(mpl.rcParams)


def test_long_axis_keeps_order_and_shows_both_ends():
    axes = Figure().add_subplot()
    long_log(axes, 1e-4, most=10.0)
    values = np.array([1e-17, 1e-16, 1e-10, 1e-4, 1e-3, 1.0, 10.0])
    places = axes.yaxis.get_transform().transform(values)
    assert np.all(np.diff(places) > 0)
    decade_above, decade_below = places[4] - places[3], (places[3] - places[2]) / 6
    assert decade_above == pytest.approx(8 * decade_below)
    back = axes.yaxis.get_transform().inverted().transform(places)
    np.testing.assert_allclose(back, values)
    assert {1e-16, 1e-4, 1.0} <= set(axes.get_yticks())
