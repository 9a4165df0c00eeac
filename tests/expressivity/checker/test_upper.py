"""Upper bounds that are genuine.

Reference: exact networks are verified, errors agree with float64. Soundness: a claim is verified
above the error and rejected below it.
"""

import math

import numpy as np
import pytest
from certificates_by_hand import exact_network, upper_certificate

from expressivity.checker import (
    check_document,
)


@pytest.mark.parametrize("value", ["1e-12", "1e-20"])
def test_the_exact_network_is_verified(value):
    assert check_document(upper_certificate(value, exact_network())).outcome == "verified"


def test_a_claim_is_verified_above_the_error_and_rejected_below():
    for perturbed in (exact_network(slope=2 + 1e-9), exact_network(scale=1 + 1e-9)):
        assert check_document(upper_certificate("2e-9", perturbed)).outcome == "verified"
        assert check_document(upper_certificate("1e-10", perturbed)).outcome == "rejected"


def test_a_scaled_network_has_the_relative_error_of_its_scale():
    # h = (1 + 2^-20) t: the relative error is 2^-20 = 9.5367431640625e-7 exactly.
    network = exact_network(scale=1 + 2.0**-20)
    assert check_document(upper_certificate("9.5367432e-7", network)).outcome == "verified"
    assert check_document(upper_certificate("9.5367431e-7", network)).outcome == "rejected"
    assert check_document(upper_certificate("9.5367431640625e-7", network)).outcome == "not decided"


@pytest.mark.parametrize(
    "row",
    [
        (1e-17, 1.3, 2e-18),
        (0.0, 0.9, -1e-300),
        pytest.param((-3e-9, 1.0, 0.0), marks=pytest.mark.slow),
        pytest.param((1e-16, 2.0, 1e-16), marks=pytest.mark.slow),
    ],
)
def test_displaced_kinks_give_thin_cells(row):
    rng = np.random.default_rng(0)
    network = exact_network(scale=1 / row[1])
    network["w"] = [row]
    network["u0"] = np.where(network["u0"] == 0, rng.normal(size=(7, 3)), network["u0"])
    network["u0"][1, 1:] = 1e-17
    network["scale0"] = network["scale0"] + rng.normal(size=7) * 1e-17
    claims = ("1e-8", "1e-10") if row[0] == -3e-9 else ("3e-16", "1e-18")
    outcomes = [check_document(upper_certificate(value, network)).outcome for value in claims]
    assert outcomes == ["verified", "rejected"]


QUICK = {("type1", "softmax"), ("one_sided", "sigmoid"), ("two_sided", "tanh")}


@pytest.mark.parametrize(
    ("form", "gate"),
    [
        (form, gate) if (form, gate) in QUICK else pytest.param(form, gate, marks=pytest.mark.slow)
        for form in ("type1", "one_sided", "two_sided", "quadratic")
        for gate in (None, "sigmoid", "tanh", "softmax")
    ],
)
def test_network_errors_agree_with_float64(form, gate):
    rng = np.random.default_rng(3)
    dictionary = ["gelu", "relu", "silu"]
    count = 9 if form == "quadratic" else 3
    sides = 2 if form == "two_sided" else 1
    weights = {"w": rng.normal(size=(2, 3)), "a": rng.normal(size=2)}
    weights |= {} if form == "type1" else {"v": rng.normal(size=(2, 3))}
    weights |= {f"scale{side}": rng.normal(size=count) for side in range(sides)}
    if gate is not None:
        weights |= {f"u{side}": rng.normal(size=(count, 3)) for side in range(sides)}

    rule, rule_weights = np.polynomial.legendre.leggauss(200)
    x1, s = np.meshgrid(rule, rule)
    x2 = s * np.sqrt(1 - x1**2)
    measure = np.outer(rule_weights, rule_weights) * np.sqrt(1 - x1**2)
    x = np.stack([x1, x2, np.ones_like(x1)])

    def act(z):
        gelu = z * (1 + np.vectorize(math.erf)(z / math.sqrt(2))) / 2
        return np.stack([gelu, np.maximum(z, 0), z / (1 + np.exp(-z))])

    def mix(side):
        scale = weights[f"scale{side}"][:, None, None] * np.ones_like(x1)
        if gate is None:
            return scale
        z = np.tensordot(weights[f"u{side}"], x, 1)
        values = {"sigmoid": 1 / (1 + np.exp(-z)), "tanh": np.tanh(z)}
        return scale * values.get(gate, np.exp(z) / np.exp(z).sum(0))

    h = 0
    for j in range(2):
        left = act(np.tensordot(weights["w"][j], x, 1))
        y = np.tensordot(weights["v"][j], x, 1) if "v" in weights else np.ones_like(x1)
        if form == "quadratic":
            both = (left[:, None] * act(y)[None]).reshape(9, *x1.shape)
            h = h + weights["a"][j] * (mix(0) * both).sum(0)
            continue
        factor = (mix(1) * act(y)).sum(0) if form == "two_sided" else y
        h = h + weights["a"][j] * (mix(0) * left).sum(0) * factor
    t = x1 + 1
    error = math.sqrt(((t - h) ** 2 * measure).sum() / (t**2 * measure).sum())

    of = {"kind": "moa", "gate": {"name": gate, "scale": True, "bias": True}}
    of = of if gate else {"kind": "la", "gate": None}
    of |= {"form": form, "width": 2, "dictionary": dictionary}
    for factor, outcome in ((1 + 1e-4, "verified"), (1 - 1e-4, "rejected")):
        value = f"{error * factor:.9f}"
        document = upper_certificate(value, weights, expression="x1 + 1 + 0*x2", **of)
        assert check_document(document).outcome == outcome


@pytest.mark.parametrize(
    ("scale", "value", "outcome"),
    [(1.0, "1e-20", "verified"), (1 + 1e-6, "1e-6", "verified"), (1 + 1e-6, "1e-7", "rejected")],
)
def test_the_interval(scale, value, outcome):
    network = {"w": [[1, 0]], "a": [1], "scale0": [0, scale, 1, 0, 0, 0, 0]}
    of = {"kind": "la", "gate": None}
    document = upper_certificate(value, network, "relu(x)+relu(x)**2", "interval", **of)
    assert check_document(document).outcome == outcome
