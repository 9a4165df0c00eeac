"""Lower bounds on the ball of R^3.

Reference: what the program writes is verified, at every width where it writes anything. Soundness:
just above what the data show, claims are rejected, and random data prove no more than the truth.
Negative: altered fields are rejected; what cannot be enclosed is not decided.
"""

import copy
import random
from fractions import Fraction
from functools import cache

import pytest
from certificates_by_hand import seal
from tampering import assert_rejected, change, drop

from expressivity.certificates.writer import certify_class
from expressivity.checker import check_document
from expressivity.classes.families import Family
from expressivity.targets.builtin import t6, t7
from expressivity.targets.user import user_target


def family(width, form="type1"):
    return Family(neuron=form, kind="la", width=width, dimension=3)


@cache
def genuine(name="t7", width=2):
    return certify_class({"t6": t6, "t7": t7}[name](), family(width), degree=6)


@pytest.mark.parametrize(
    ("name", "width", "least"),
    [
        ("t7", 1, 0.205),
        ("t7", 2, 0.140),
        pytest.param("t6", 1, 0.365, marks=pytest.mark.slow),
        pytest.param("t6", 2, 0.171, marks=pytest.mark.slow),
        pytest.param("t6", 3, 0.097, marks=pytest.mark.slow),
    ],
)
def test_what_is_written_is_verified(name, width, least):
    document = genuine(name, width)
    assert float(document["lower_bound"]["l2"]["value"]) >= least
    answer = check_document(document)
    assert answer.outcome == "verified", answer.reason


@pytest.mark.parametrize(
    ("text", "form", "width"),
    [
        ("x1*relu(x3-1/3)+x2", "type1", 1),
        ("relu(x2)*relu(x1)+abs(x1)*x3", "type1", 4),
        pytest.param("exp(x1)*relu2(x3)+x2*leaky_relu(x1+1/2)", "type1", 3, marks=pytest.mark.slow),
        pytest.param("x3*tanh(x2)*relu(x1)", "one_sided", 1, marks=pytest.mark.slow),
    ],
)
def test_other_targets_axes_and_forms(text, form, width):
    document = certify_class(user_target(text), family(width, form), degree=6)
    answer = check_document(document)
    assert answer.outcome == "verified", answer.reason


DATA, VALUE = ("data", "catalecticant"), ("lower_bound", "l2", "value")
TAMPERS = {
    "value raised": change(*VALUE, to="0.1416"),
    "another schema": change("schema", to="expressivity.certificate/2"),
    "another method": change("lower_bound", "l2", "method", to="ridge-rank"),
    "domain disk": change("domain", to="disk"),
    "domain interval": change("domain", to="interval"),
    "two variables": change("target", "expression", to="x1*relu(x2)"),
    "an affine target": change("target", "expression", to="x1+x2+x3"),
    "another width": change("family", "width", to=1),
    "another form": change("family", "form", to="one_sided"),
    "gates": change(
        "family",
        to=lambda f: f | {"kind": "moa", "gate": {"name": "tanh", "scale": True, "bias": True}},
    ),
    "a rank below the width": change(*DATA, "rank", to=1),
    "a degree too high": change(*DATA, "degree", to=21),
    "one degree more": change(*DATA, "degree", to=7),
    "rows of another degree": change(*DATA, "row_degree", to=2),
    "rows of degree 0": change(*DATA, "row_degree", to=0),
    "a weight of 0": change(*DATA, "row_weights", 0, to=0),
    "a weight below 0": change(*DATA, "column_weights", 2, 1, to=-5),
    "a weight missing": change(*DATA, "column_weights", 2, to=[1]),
    "a block missing": change(*DATA, "column_weights", to=lambda b: b[:-1]),
    "no shift": change(*DATA, "shift", to="0x0p+0"),
    "shift below 0": change(*DATA, "shift", to="-0x1p-9"),
    "no factor": change(*DATA, "factor", to=[[], [], []]),
    "a factor of other rows": change(*DATA, "factor", to=[[], []]),
    "a field more": change(*DATA, "rows", to=3),
    "a field less": drop(*DATA, "shift"),
    "an upper bound too": change("upper_bound", to=lambda _: {
        "l2": {"value": "0.5", "evidence": "certified", "method": "network-error", "relative": True}
    }),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERS)
def test_forged_files_are_rejected(name):
    document = copy.deepcopy(genuine())
    TAMPERS[name](document)
    assert_rejected(document)


def test_random_weights_and_hints_prove_no_more_than_is_true():
    """t7 is a limit of three ridges, so that nothing above 0 may ever be verified at width 3."""
    draw = random.Random(2)
    plain = certify_class(user_target("x3*abs(x1)+relu(x2)+x1*x2*x3"), family(3), degree=5)
    for _ in range(6):
        document = copy.deepcopy(plain)
        document["target"]["expression"] = t7().formula.replace("^", "**")
        data = document["data"]["catalecticant"]
        data["row_weights"] = [draw.randrange(1, 10**6) for _ in data["row_weights"]]
        data["column_weights"] = [
            [draw.randrange(1, 10**6) for _ in block] for block in data["column_weights"]
        ]
        data["shift"] = draw.choice(["0x1p-40", "0x1p-12", "0x1p-5"])
        document["lower_bound"]["l2"]["value"] = draw.choice(["1e-12", "1e-6", "0.001", "0.1"])
        assert check_document(seal(document)).outcome == "rejected"


@pytest.mark.parametrize(
    "text",
    [
        "relu(x1-x2)*x3",
        "tanh(x1*x2)*x3",
        "tanh((x1-x2)*(x1-2*x2))+x3",
        "relu(x1-1/2)*relu(x2-1/2)*x3",
        "x1**9*x2**9*x3**9",
    ],
)
def test_what_cannot_be_enclosed_is_not_decided(text):
    document = copy.deepcopy(genuine())
    document["target"]["expression"] = text
    answer = check_document(seal(document))
    assert answer.outcome == "not decided", answer.reason


def test_a_claim_is_verified_up_to_what_the_data_show():
    document = copy.deepcopy(genuine())
    value = Fraction(document["lower_bound"]["l2"]["value"])
    for factor, outcome in ((Fraction(99, 100), "verified"), (Fraction(101, 100), "rejected")):
        document["lower_bound"]["l2"]["value"] = f"{float(value * factor):.9f}"
        assert check_document(seal(document)).outcome == outcome
