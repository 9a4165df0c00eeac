"""Lower bounds on the interval by free knots.

Reference: the figures of docs/theory.md, B3. Soundness: no spline with free knots comes closer.
Negative: altered fields are rejected; what is not seen to be quadratic is not decided.
"""

import copy
import math

import numpy as np
import pytest
from certificates_by_hand import seal
from tampering import assert_rejected, change, drop

from expressivity.certificates.free_knots import free_knot_certificate
from expressivity.checker import check_document
from expressivity.classes.families import Family
from expressivity.targets.builtin import t1
from expressivity.targets.user import user_target


def family(width, **of):
    of = {"kind": "fixed", "dictionary": "relu"} | of
    return Family(neuron="type1", width=width, dimension=1, **of)


def genuine(width=3, **of):
    return free_knot_certificate(t1(), family(width, **of))


@pytest.mark.parametrize(
    ("width", "of", "pieces"),
    [
        (1, {}, 2),
        (4, {}, 5),
        (300, {}, 301),
        (3, {"kind": "la", "dictionary": ("id", "relu", "leaky_relu")}, 4),
        (5, {"dictionary": "id"}, 1),
        (2, {"bias": False}, 1),
    ],
)
def test_the_figures_of_the_theory(width, of, pieces):
    document = genuine(width, **of)
    value = float(document["lower_bound"]["l2"]["value"])
    assert value == pytest.approx(1 / (180**0.5 * pieces**2) / (31 / 30) ** 0.5)
    assert check_document(document).outcome == "verified"


def test_ends_that_are_not_dyadic_and_other_pieces():
    target = user_target("relu(1/3-x)**2*3+relu(x-1/3)**3")
    document = free_knot_certificate(target, family(2))
    assert check_document(document).outcome == "verified"
    document["lower_bound"]["l2"]["value"] = (
        f"{float(document['lower_bound']['l2']['value']) * 1.0001:.9f}"
    )
    assert check_document(seal(document)).outcome == "rejected"


def test_without_data_there_is_no_certificate():
    assert free_knot_certificate(user_target("exp(x)"), family(1)) is None
    for of in ({"dictionary": "relu2"}, {"kind": "moa", "gate": "tanh"}):
        with pytest.raises(ValueError, match="piecewise affine"):
            genuine(1, **of)


def test_no_spline_with_so_many_knots_comes_closer():
    g, w = np.polynomial.legendre.leggauss(400)
    x = np.concatenate([(g - 1) / 2, (g + 1) / 2])
    root = np.sqrt(np.concatenate([w, w]) / 2)
    t = np.maximum(x, 0) + np.maximum(x, 0) ** 2
    draw = np.random.default_rng(1)
    value = float(genuine(3)["lower_bound"]["l2"]["value"])
    best = math.inf
    for _ in range(300):
        knots = np.sort(draw.uniform(-0.1, 1, 3))
        columns = np.stack([np.ones_like(x), x, *(np.maximum(x - k, 0) for k in knots)], 1)
        fit = np.linalg.lstsq(columns * root[:, None], t * root, rcond=None)[0]
        best = min(best, np.linalg.norm((columns @ fit - t) * root) / (31 / 30) ** 0.5)
    assert value <= best < 6 * value


CLAIM, DATA = ("lower_bound", "l2"), ("data", "free_knot")
TAMPERS = {
    "value raised": change(*CLAIM, "value", to="0.0046"),
    "the second schema": change("schema", to="expressivity.certificate/2"),
    "another activation": change(
        "family", to=lambda f: f | {"activation": "relu2", "dictionary": ["relu2"]}
    ),
    "another form": change("family", "form", to="one_sided"),
    "a larger width": change("family", "width", to=4),
    "no width": change("family", "width", to=None),
    "a straight target": change("target", "expression", to="2*relu(x)"),
    "a weaker target": change("target", "expression", to="relu(x)+relu(x)**2/2"),
    "a kink inside": change(*DATA, "interval", 0, to="-0x1p-3"),
    "backwards": change(*DATA, "interval", to=lambda i: i[::-1]),
    "empty": change(*DATA, "interval", to=lambda i: [i[0], i[0]]),
    "too far": change(*DATA, "interval", 1, to="0x1p+1"),
    "a shorter interval": change(*DATA, "interval", 1, to="0x7p-3"),
    "one end": change(*DATA, "interval", to=lambda i: i[:1]),
    "a field less": drop(*DATA, "interval"),
}


@pytest.mark.parametrize("name", TAMPERS)
def test_forged_files_are_rejected(name):
    document = copy.deepcopy(genuine())
    TAMPERS[name](document)
    assert_rejected(document)


@pytest.mark.parametrize("text", ["relu(x)+relu(x)**3", "exp(x)", "x**2+tanh(x)", "abs(x**2-1/4)"])
def test_what_is_not_seen_to_be_quadratic_is_not_decided(text):
    document = copy.deepcopy(genuine())
    document["target"]["expression"] = text
    assert check_document(seal(document)).outcome == "not decided"
