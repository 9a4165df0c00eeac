"""The gradient error of one neuron without biases, by parts of the jump.

Reference: what is written is verified, more than the distance at the nearest slope is not, and much
more is rejected. Negative: altered fields, pruned intervals and other points are not verified.
"""

import copy
from functools import cache

import pytest
from certificates_by_hand import seal
from tampering import change, drop

from expressivity.certificates.jump_parity import covers, parity_certificate
from expressivity.checker import check_document
from expressivity.classes.families import Family
from expressivity.targets.builtin import t5, t5q

CASES = {
    "odd": (t5, "two_sided", "id,relu,silu,tanh", "0.0034"),
    "even": (t5q, "quadratic", "id,relu,silu,tanh", "0.0275"),
    "seven": (t5, "two_sided", "id,relu,relu2,leaky_relu,gelu,silu,tanh", "0.0005"),
    "powers": (t5, "two_sided", "id,relu", "0.0745"),
}


@cache
def genuine(name):
    target, form, dictionary, _ = CASES[name]
    family = Family(
        neuron=form, kind="la", width=1, dimension=2, bias=False, dictionary=dictionary
    )  # fmt: skip
    assert covers(family)
    return parity_certificate(target(), family)


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_is_verified_and_more_is_rejected(name):
    document = copy.deepcopy(genuine(name))
    assert check_document(document).outcome == "verified"
    document["lower_bound"]["w1inf"]["value"] = CASES[name][3]
    assert check_document(seal(document)).outcome in ("rejected", "not decided")
    document["lower_bound"]["w1inf"]["value"] = str(3 * float(CASES[name][3]))
    assert check_document(seal(document)).outcome == "rejected"


CLAIM, DATA = ("lower_bound", "w1inf"), ("data", "jump_parity")
TAMPERS = {
    "value raised": change(*CLAIM, "value", to="0.0034"),
    "another norm": change("lower_bound", to=lambda b: {"l2": b["w1inf"]}),
    "claim relative": change(*CLAIM, "relative", to=True),
    "the second schema": change("schema", to="expressivity.certificate/2"),
    "width 2": change("family", "width", to=2),
    "every width": change("family", "width", to=None),
    "biases": change("family", "bias", to=True),
    "two groups": change("family", "groups", to=2),
    "another form": change("family", "form", to="one_sided"),
    "more activations": change("family", "dictionary", to=lambda d: [*d, "relu2"]),
    "without tanh": change("family", "dictionary", to=["id", "relu", "silu"]),
    "a contained target": change("target", "expression", to="relu(x2)*tanh(3*x1)"),
    "a smooth target": change("target", "expression", to="x1*x2"),
    "a kink elsewhere": change("target", "expression", to="relu(x1)*x2**3"),
    "domain ball": change("domain", to="ball"),
    "the even part": change(*DATA, "odd", to=False),
    "a normal of 0": change(*DATA, "normal", to=["0x0p+0", "0x0p+0"]),
    "another normal": change(*DATA, "normal", to=["0x1p+0", "0x0p+0"]),
    "a point outside": change(*DATA, "reach", to=["0x1p+1", "0x0p+0", "0x1p+0"]),
    "a point at infinity": change(*DATA, "reach", to=["0x1p+0", "0x0p+0", "0x0p+0"]),
    "one interval": change(*DATA, to=lambda d: d | {
        "ends": d["ends"][:1], "points": [d["points"][0], d["points"][-1]]}),
    "every tenth interval": change(*DATA, to=lambda d: d | {
        "ends": d["ends"][9::10], "points": d["points"][9::10] + d["points"][-1:]}),
    "an interval without end": change(*DATA, to=lambda d: d | {
        "ends": d["ends"][:5], "points": [*d["points"][:5], d["points"][-1]]}),
    "ends fall": change(*DATA, "ends", to=lambda e: e[::-1]),
    "an end of 0": change(*DATA, "ends", to=lambda e: ["0x0p+0", *e[1:]]),
    "too few points": change(*DATA, "points", to=lambda p: [row[:-1] for row in p]),
    "points fall": change(*DATA, "points", to=lambda p: [row[::-1] for row in p]),
    "a point twice": change(*DATA, "points", to=lambda p: [[r[0], r[1], r[1]] for r in p]),
    "points beyond the end": change(*DATA, "points", to=lambda p: [[*r[:2], "0x9p-3"] for r in p]),
    "the first points everywhere": change(*DATA, "points", to=lambda p: [p[0]] * len(p)),
    "no points": change(*DATA, "points", to=[]),
    "a field more": change(*DATA, to=lambda d: d | {"rank": 1}),
    "no reach": drop(*DATA, "reach"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERS)
def test_forged_files_are_not_verified(name):
    document = copy.deepcopy(genuine("odd"))
    TAMPERS[name](document)
    assert check_document(seal(document)).outcome in ("rejected", "not decided")


@pytest.mark.parametrize("step", [30, 60, 90])
def test_of_an_even_part_many_intervals_are_needed(step):
    document = copy.deepcopy(genuine("even"))
    data = document["data"]["jump_parity"]
    data["ends"] = data["ends"][::step]
    data["points"] = [*data["points"][:-1:step], data["points"][-1]]
    data["points"] = data["points"][: len(data["ends"])] + data["points"][-1:]
    assert check_document(seal(document)).outcome in ("rejected", "not decided")
