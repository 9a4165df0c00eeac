"""Kinks in any direction and functions of any size.

Metamorphic: what is only rotated or multiplied has the same bound, to the last digit. Soundness:
the independent checker verifies each certificate.
"""

import pytest

from expressivity.certificates.writer import certify_class
from expressivity.checker import check_document
from expressivity.classes.families import Family
from expressivity.targets.user import user_target

TILTED = "tanh(3*x1-x2)*relu(x1+x2)"
STRAIGHT = "tanh(2*x1)*relu(x2)"
TURNS = [(4, 3, 5), (3, 4, 5), (-4, 3, 5), (12, 5, 13), (5, -12, 13), (8, 15, 17), (7, 24, 25)]
TURNS += [(-21, 20, 29), (9, 40, 41)]
SHIFTS = ["0", "1/3", "-1/5", "7/10", "-3/4"]


def turned(c, s, d):
    return f"tanh(2*(({c})*x1-({s})*x2)/({d}))*relu((({s})*x1+({c})*x2)/({d}))"


def verified(text, width=1, degree=20, **more):
    family = Family(kind="la", neuron="type1", width=width, dimension=2)
    document = certify_class(user_target(text), family, degree=degree, **more)
    assert document is not None
    assert check_document(document).outcome == "verified"
    return document["lower_bound"]["l2"]["value"]


def test_an_oblique_kink_is_certified_and_verified():
    assert float(verified(TILTED, degree=10)) > 0.28532


def test_a_rotated_target_has_the_same_bound():
    texts = [STRAIGHT, turned(4, 3, 5), turned(1, 1, "2**0.5")]
    assert len({verified(text, degree=5) for text in texts}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "tanh(x1)*relu(x1+x2)*abs(x1-2*x2+1/3)",
        "tanh(x1)*relu(3**0.5*x1-x2)*abs(x1+x2/2**0.5-1/5)",
        "relu(x1-exp(-1))*x2",
        "relu(x1+x2)*relu(x1-x2)+abs(x1+5*x2)*x1+relu(7*x1-x2-1/2)",
    ],
)
def test_kinks_in_several_directions_and_with_irrational_data(text):
    assert float(verified(text, degree=5)) > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("width", [1, 2])
def test_a_family_of_tilted_and_shifted_targets(width):
    straight = verified(STRAIGHT, width)
    assert {verified(turned(*turn), width) for turn in TURNS} == {straight}
    assert verified(turned(1, 1, "2**0.5"), width) == straight
    for shift in SHIFTS:
        assert float(verified(f"tanh(3*x1-x2)*relu(x1+x2+({shift}))", width)) > 0.02
        assert float(verified(f"tanh(x1+2*x2)*relu(2*x1-x2+({shift}))", width)) > 0.02


@pytest.mark.slow
def test_every_fiftieth_decade_has_one_value():
    scales = [f"1e{k}" for k in range(-300, 301, 50)] + ["3e-7", "7"]
    for search in (False, True):
        values = {verified(f"{scale}*x1*x2", search=search) for scale in scales}
        assert len(values) == 1
    assert len({verified(f"{scale}*{TILTED}", degree=5) for scale in scales[::4]}) == 1
