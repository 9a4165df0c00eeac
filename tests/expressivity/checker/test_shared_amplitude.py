"""Bounds of the gradient error by shared amplitudes.

Reference: the figures of docs/theory.md, section 6, are verified, and slightly more is rejected.
Negative: altered fields are rejected; what cannot be enclosed is not decided.
"""

import copy
from fractions import Fraction
from functools import cache

import pytest
from certificates_by_hand import seal
from tampering import assert_rejected, change, drop

from expressivity.certificates.shared_jumps import jump_certificate
from expressivity.checker import check_document
from expressivity.checker.findings import UndecidedError
from expressivity.checker.jumps import Limit
from expressivity.checker.slopes import unit_jump
from expressivity.classes.families import Family
from expressivity.symbolic.parser import parse
from expressivity.targets.builtin import t2, t6, t7, t7b
from expressivity.targets.user import user_target

THREE = "relu(x1)*tanh(x3)+relu(x2)*tanh(2*x3)+tanh(x3)**2*relu(x1+x2)"
TARGETS = {
    "t7": (t7, 1, 0.5),
    "t7b": (t7b, 1, 0.04000940),
    "t6": (t6, 1, 0.0434159),
    "t6 slow": (lambda: t6(1.0), 1, 0.0255045),
    "sigmoid": (lambda: t6(2.0, "sigmoid"), 1, 0.0375353),
    "two groups": (lambda: user_target(THREE), 2, 0.0255045),
    "four variables": (lambda: user_target("x3*relu(x1)+relu(x2)*x4"), 1, 0.25),
}


@cache
def genuine(name):
    target, groups, _ = TARGETS[name]
    function = target()
    family = Family(
        neuron="type1", kind="moa", gate="tanh", width=groups, groups=groups,
        dimension=function.dimension,
    )  # fmt: skip
    return jump_certificate(function, family)


@pytest.mark.parametrize("name", TARGETS)
def test_the_figures_are_verified_and_more_is_rejected(name):
    document, figure = copy.deepcopy(genuine(name)), TARGETS[name][2]
    assert float(document["lower_bound"]["w1inf"]["value"]) == pytest.approx(figure, rel=2e-4)
    assert document["family"]["width"] is None
    assert check_document(document).outcome == "verified"
    document["lower_bound"]["w1inf"]["value"] = f"{figure * 1.001:.9f}"
    assert check_document(seal(document)).outcome == "rejected"


def test_where_no_data_are_found_there_is_no_certificate():
    family = Family(neuron="type1", kind="moa", gate="tanh", width=1, dimension=2)
    assert jump_certificate(t2(), family) is None
    la = Family(neuron="type1", kind="la", width=1, dimension=2)
    with pytest.raises(ValueError, match="moa in type1"):
        jump_certificate(t2(), la)


CLAIM, DATA = ("lower_bound", "w1inf"), ("data", "shared_amplitude")
TAMPERS = {
    "value raised": change(*CLAIM, "value", to="0.51"),
    "another norm": change("lower_bound", to=lambda b: {"l2": b["w1inf"]}),
    "two norms": change("lower_bound", to=lambda b: b | {"l2": b["w1inf"]}),
    "claim relative": change(*CLAIM, "relative", to=True),
    "the second schema": change("schema", to="expressivity.certificate/2"),
    "a width": change("family", "width", to=4),
    "another form": change("family", "form", to="one_sided"),
    "two groups": change("family", "groups", to=2),
    "a contained target": change("target", "expression", to="tanh(x3)*(relu(x1)+relu(x2))"),
    "a smooth target": change("target", "expression", to="x1*x2*x3"),
    "domain disk": change("domain", to="disk"),
    "one plane": change(*DATA, "planes", to=lambda p: p[:1]),
    "a plane twice": change(*DATA, "planes", to=lambda p: [p[0], p[0]]),
    "a plane twice, scaled": change(*DATA, "planes", to=lambda p: [p[0], ["-0x1p+1", *p[0][1:]]]),
    "a plane moved": change(*DATA, "planes", 0, 3, to="0x1p-3"),
    "an empty plane": change(*DATA, "planes", 0, 0, to="0x0p+0"),
    "a point off the planes": change(*DATA, "points", 0, 1, to="0x1p-4"),
    "a point outside the ball": change(*DATA, "points", 0, 2, to="-0x3p+0"),
    "a point at infinity": change(*DATA, "points", 0, 3, to="0x0p+0"),
    "no points": change(*DATA, "points", to=[]),
    "a direction off its plane": change(*DATA, "directions", 0, 0, 0, to="0x1p+0"),
    "a direction out of the ball": change(*DATA, "directions", 0, 0, 2, to="-0x1p+0"),
    "no direction": change(*DATA, "directions", 0, 0, to=["0x0p+0"] * 3),
    "no weights": change(*DATA, "weights", to=lambda w: [["0x0p+0"] * len(r) for r in w]),
    "weights for one choice of signs": change(*DATA, "weights", to=lambda w: w[:1]),
    "as a cycle": change(*DATA, "weights", to=None),
    "a field less": drop(*DATA, "directions"),
}


@pytest.mark.parametrize("name", TAMPERS)
def test_forged_files_are_rejected(name):
    document = copy.deepcopy(genuine("t7"))
    TAMPERS[name](document)
    assert_rejected(document)


@pytest.mark.parametrize(
    "text", ["relu(x1*x3)+relu(x2)", "x3*relu(x1)+relu(x2)+1/x1", "relu(x1)*x3+relu(x2)+x3**(1/2)"]
)
def test_what_cannot_be_enclosed_is_not_decided(text):
    document = copy.deepcopy(genuine("t7"))
    document["target"]["expression"] = text
    assert check_document(seal(document)).outcome == "not decided"


@pytest.mark.parametrize(
    ("text", "plane", "point", "direction", "jump"),
    [
        ("x2*relu(x1)", (1, 0, 0), (0, 1), (0, -1), 1),
        ("relu(2*x1-x2)", (2, -1, 0), (0, 0), (1, 2), 5**0.5),
        ("abs(x1)*exp(x2)", (-3, 0, 0), (0, 0), (0, 1), 2),
        ("leaky_relu(-x1)", (1, 0, 0), (0, 0), (0, 1), 0.99),
        ("relu(x1)*relu(x2)", (1, 0, 0), (0, 0), (0, 1), 0),
        ("relu2(x1)+silu(x1)*gelu(x2)+sigmoid(x1)", (1, 0, 0), (0, 0), (0, 1), 0),
    ],
)
def test_unit_jumps(text, plane, point, direction, jump):
    assert float(unit_jump(parse(text).root, limit(plane, point, direction))) == pytest.approx(
        jump, abs=1e-12
    )


def limit(plane, point, direction):
    plane, point, direction = (tuple(map(Fraction, v)) for v in (plane, point, direction))
    return Limit(plane=plane, point=point, direction=direction)


def test_a_kink_that_is_no_plane_is_not_decided():
    with pytest.raises(UndecidedError):
        unit_jump(parse("relu(x1+relu(x2))").root, limit((1, 0, 0), (0, 0), (0, -1)))
