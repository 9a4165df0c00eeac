"""Errors at all points, of values and of gradients, and groups of neurons.

Reference: errors that are known. Negative: claims that are too small, and tampered files.
"""

import math

import numpy as np
import pytest
from certificates_by_hand import ALL, claim, exact_network, seal, upper_certificate
from flint import acb, arb
from tampering import change, drop

from expressivity.checker import check_document
from expressivity.checker.jets import variables

LINE = {"kind": "la", "gate": None, "dictionary": ["id"]}
"""x1 + x2/2 against x1 (1 + 1/8) + x2/2: the error is x1/8, its gradient 1/8."""


def pointwise(sup=None, w1inf=None, network=None, text="x1+x2/2", **of):
    network = network or {"w": [[1.125, 0.5, 0]], "a": [1], "scale0": [1]}
    document = upper_certificate("1", network, text, **(of or LINE))
    document["schema"] = "expressivity.certificate/3"
    if sup is not None:
        document["upper_bound"]["sup"] = claim(sup, "network-error")["l2"]
        document["data"]["place"] = ["0x1p-1", "0x0p+0"]  # where t is 1/2
    if w1inf is not None:
        found = claim(w1inf, "network-error")["l2"] | {"relative": False}
        document["upper_bound"]["w1inf"] = found
    return seal(document)


@pytest.mark.parametrize(
    ("claims", "outcome"),
    [
        ({"sup": "0.26"}, "verified"),
        ({"sup": "0.245"}, "rejected"),
        ({"w1inf": "0.1251"}, "verified"),
        ({"w1inf": "0.1249"}, "rejected"),
        ({"sup": "0.26", "w1inf": "0.1249"}, "rejected"),
    ],
)
def test_errors_that_are_known(claims, outcome):
    assert check_document(pointwise(**claims)).outcome == outcome


def test_errors_near_rounding_are_verified():
    network = exact_network(2 + 1e-13, 1 + 1e-13)
    network["w"] = [[0.25, 1, 0]]
    text = "tanh(2*x1)*relu(x2+x1/4)"
    document = pointwise("1e-11", "1e-11", network, text, kind="moa")
    assert check_document(document).outcome == "verified"
    document = pointwise("1e-14", None, network, text, kind="moa")
    assert check_document(document).outcome == "rejected"


@pytest.mark.slow
def test_a_kink_beside_that_of_the_target_costs_its_jump():
    network = exact_network(2 + 1e-13, 1 + 1e-13)
    network["w"] = [[1 / 3, 1, 0]]  # a float beside 1/3
    text = "tanh(2*x1)*relu(x2+x1/3)"
    document = pointwise("1e-11", None, network, text, kind="moa")
    assert check_document(document).outcome == "verified"
    document = pointwise("1e-11", "1e-11", network, text, kind="moa")
    assert check_document(document).outcome == "rejected"


def test_a_place_where_the_target_is_0_decides_nothing():
    document = pointwise("0.26")
    document["data"]["place"] = ["0x0p+0", "0x0p+0"]
    assert check_document(seal(document)).outcome == "not decided"


def test_an_irrational_kink_is_not_decided():
    network = {"w": [[1, 2**0.5, 0]], "a": [1], "scale0": [0, 1, 0, 0, 0, 0, 0]}
    document = pointwise("1", None, network, "relu(x1+2**0.5*x2)", kind="la", gate=None)
    answer = check_document(document)
    assert (answer.outcome, "irrational" in answer.reason) == ("not decided", True)


TAMPERS = {
    "the second schema": change("schema", to="expressivity.certificate/2"),
    "no place": drop("data", "place"),
    "a place outside": change("data", "place", to=["0x1p+0", "0x1p-1"]),
    "a place of three": change("data", "place", to=["0x0p+0"] * 3),
    "an absolute sup": change("upper_bound", "sup", "relative", to=False),
    "a relative gradient": change("upper_bound", "w1inf", "relative", to=True),
    "another method": change("upper_bound", "sup", "method", to="ridge-rank"),
    "no l2": drop("upper_bound", "l2"),
    "another norm": change("upper_bound", to=lambda b: b | {"h1": b["sup"]}),
    "three groups": change("family", "groups", to=3),
    "groups 0": change("family", "groups", to=0),
    "groups true": change("family", "groups", to=True),
    "groups all": change("family", "groups", to="all"),
}


@pytest.mark.parametrize("name", TAMPERS)
def test_tampered_files_are_rejected(name):
    document = pointwise("0.26", "0.1251")
    TAMPERS[name](document)
    answer = check_document(seal(document))
    assert answer.outcome == "rejected" and "digest" not in answer.reason


@pytest.mark.parametrize("groups", [2, "neuron"])
def test_groups_have_coefficients_of_their_own(groups):
    # relu(x1) + tanh(x2), by one activation for each neuron.
    one, other = np.zeros(7), np.zeros(7)
    one[ALL.index("relu")], other[ALL.index("tanh")] = 1, 1
    network = {"w": [[1, 0, 0], [0, 1, 0]], "a": [1, 1], "scale0": [*one, *other]}
    of = {"kind": "la", "gate": None, "width": 2}
    document = pointwise(None, None, network, "relu(x1)+tanh(x2)", **of)
    document["family"]["groups"] = groups
    document["upper_bound"]["l2"]["value"] = "1e-20"
    assert check_document(seal(document)).outcome == "verified"
    network["scale0"] = [*other, *one]
    document["data"]["network"]["scale0"] = upper_certificate("1", network)["data"]["network"][
        "scale0"
    ]
    assert check_document(seal(document)).outcome == "rejected"


def test_jets_have_the_derivatives_of_finite_differences():
    def f(x, y, m):
        return m.exp(x * y) * m.sin(x) / (2 + m.cos(y)) + m.tanh(3 * x - y) - 1 / (3 - x) + m.erf(y)

    class Of:
        exp, sin, cos, tanh, erf = (
            staticmethod(lambda z, name=name: getattr(z, name)())
            for name in ("exp", "sin", "cos", "tanh", "erf")
        )

    jet = f(*variables(arb(0.25), acb(0.5)), Of)
    step = 1e-5
    by_x = (f(0.25 + step, 0.5, math) - f(0.25 - step, 0.5, math)) / (2 * step)
    by_y = (f(0.25, 0.5 + step, math) - f(0.25, 0.5 - step, math)) / (2 * step)
    assert float(jet.d1.real) == pytest.approx(by_x, rel=1e-8)
    assert float(jet.d2.real) == pytest.approx(by_y, rel=1e-8)
    assert not (arb.nan() + jet).d1.is_finite()
