"""Bounds do not depend on the unit in which a target is measured.

Kinds: metamorphic (the same relative bound at every scale; certificates verify at each of them),
property (the size of a function is found to a factor of 2 or so), negative (a false claim is
rejected at every scale).
"""

from dataclasses import replace
from decimal import Decimal

import flint
import pytest
import sympy as sp
import torch

from expressivity.bounds import TargetNorms, lower_bounds
from expressivity.bounds.best_ridge import best_ridge_error
from expressivity.bounds.integrals.scale import binary_exponent, exponent_of, power_of_two
from expressivity.certificates.network_error import network_error, uniform_errors
from expressivity.certificates.writer import certify_class, digest, upper_certificate
from expressivity.checker import check_document
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import pack, unpack
from expressivity.fitting import random_starts
from expressivity.symbolic.parser import parse
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from expressivity.targets.translation import to_sympy
from expressivity.targets.user import user_target

torch.set_num_threads(1)

SCALES = ("1e-300", "1e-12", "1", "3e60", "1e300")
LA = Family(kind=Kind.LA, neuron="type1", width=1, dimension=2)
X1, X2 = COORDINATES[:2]


def scaled(scale: str, text: str) -> Target:
    return user_target(f"{scale}*({text})")


def times(exponent: int, text: str) -> Target:
    """2 ** exponent times an expression."""
    expression = parse(text)
    return Target(
        name="expr",
        expression=sp.Integer(2) ** exponent * to_sympy(expression),
        domain=domain_for(expression.dimension),
        source=text,
    )


def with_claim(document: dict, bound: str, factor: str) -> dict:
    """The certificate, its claim times a factor, sealed again."""
    claim = {**document[bound]["l2"]}
    claim["value"] = str(Decimal(claim["value"]) * Decimal(factor))
    changed = {**document, bound: {"l2": claim}}
    del changed["digest"]
    return {**changed, "digest": digest(changed)}


@pytest.mark.parametrize("shape", ["x1*x2", "tanh(2*x1)*relu(x2)", "sigmoid(x1)*relu(x2)"])
def test_lower_certificates_at_every_scale(shape):
    values: set[str] = set()
    for scale in SCALES:
        document = certify_class(scaled(scale, shape), LA, degree=8)
        assert document is not None
        values.add(document["lower_bound"]["l2"]["value"])
        assert check_document(document).outcome == "verified"
        false = with_claim(document, "lower_bound", "1.001")
        assert check_document(false).outcome == "rejected"
    assert len(values) == 1


def test_the_case_that_was_not_decided():
    for scale in ("1e-12", "1e-10", "1e60", "1e200"):
        document = certify_class(user_target(f"{scale}*x1*x2"), LA, degree=20)
        assert document is not None
        assert document["lower_bound"]["l2"]["value"] == "0.4999999999"


def test_searched_certificates_at_every_scale():
    values: set[str] = set()
    for scale in SCALES:
        document = certify_class(scaled(scale, "x1*x2"), LA, degree=6, search=True)
        assert document is not None
        assert check_document(document).outcome == "verified"
        values.add(document["lower_bound"]["l2"]["value"])
    assert len(values) == 1


def moved_network(exponent: int, text: str) -> tuple[Target, Family, torch.Tensor]:
    """2 ** exponent times a target and a network."""
    target = times(exponent, text)
    family = Family(
        kind=Kind.FIXED,
        neuron="type1",
        width=1,
        dimension=target.dimension,
        dictionary=("tanh",),
    )
    blocks = unpack(family, random_starts(family, seed=3, restarts=1))
    return target, family, pack(family, {**blocks, "a": blocks["a"] * 2.0**exponent})[0]


def test_certificates_of_networks_at_every_scale():
    values: set[str] = set()
    for exponent in (-900, 0, 700):
        target, family, theta_P = moved_network(exponent, "x*relu(x)")
        stated = replace(target, source=f"{2 ** max(exponent, 0)}*x*relu(x)")
        document = upper_certificate(
            stated, family, theta_P, network_error(target, family, theta_P)
        )
        values.add(document["upper_bound"]["l2"]["value"])
        if exponent < 0:  # 2 ** -900 is too long a literal: the next test is about small targets
            continue
        assert check_document(document).outcome == "verified"
        false = with_claim(document, "upper_bound", "0.9")
        assert check_document(false).outcome == "rejected"
    assert len(values) == 1


def test_small_networks_are_checked():
    text = "1e-290*x*relu(x)"
    target = user_target(text)
    family = moved_network(0, "x")[1]
    theta_P = moved_network(-964, "x")[2]
    document = upper_certificate(target, family, theta_P, network_error(target, family, theta_P))
    assert check_document(document).outcome == "verified"
    false = with_claim(document, "upper_bound", "0.9")
    assert check_document(false).outcome == "rejected"


@pytest.mark.slow
def test_errors_on_the_disk_at_every_scale():
    found: set[tuple[str, str, float]] = set()
    for exponent in (-900, 0, 700):
        target, family, theta_P = moved_network(exponent, "x1*x2")
        error = network_error(target, family, theta_P)
        errors = uniform_errors(target, family, theta_P)
        supremum, gradient = errors.supremum, errors.gradient
        absolute = float(f"{float(gradient.ball * power_of_two(-exponent)):.9g}")
        found.add((error.upper_decimal(), supremum.upper_decimal(2), absolute))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("relu2(x)+relu(-x)*exp(x)", Family(kind=Kind.FIXED, neuron="type1", width=1, dimension=1,
                                  dictionary=("relu",))),
        ("exp(x1)*x2", Family(kind=Kind.LA, neuron="type1", width=1, dimension=2,
                              dictionary=("id", "relu"))),
        ("tanh(2*x1)*relu(x2)", LA),
    ],
)  # fmt: skip
def test_bounds_of_every_method_at_every_scale(text, family):
    found: set[tuple] = set()
    for exponent in (-300, 0, 300):
        size = 2.0**exponent
        norms = TargetNorms(l2=0.7 * size, sup=1.3 * size)
        bounds = lower_bounds(times(exponent, text), family, norms=norms)
        assert bounds
        found.add(tuple((b.norm, float(f"{b.value:.12g}"), b.evidence, b.method)
                        for b in bounds if b.norm != "w1inf"))  # fmt: skip
    assert len(found) == 1


def test_numerical_ridges_at_every_scale():
    errors = [best_ridge_error(times(exponent, "x1*x2+x1**3"), 1) for exponent in (-900, 0, 900)]
    assert errors[0] == pytest.approx(errors[1], rel=1e-12)
    assert errors[2] == pytest.approx(errors[1], rel=1e-12)


def test_the_size_of_a_function():
    for expression, supremum in (
        (X1, 1.0),
        (sp.tanh(2 * X1) * sp.Piecewise((X2, X2 > 0), (0, True)), 0.67),
        (sp.exp(5 * X1), 148.4),
        (X1 * X2 / 1000, 4.8e-4),
    ):
        assert supremum <= 2.0 ** binary_exponent(expression) <= 2.2 * supremum
        assert binary_exponent(expression * sp.Integer(2) ** -2000) == (
            binary_exponent(expression) - 2000
        )
    assert binary_exponent(sp.S.Zero) == 0
    assert binary_exponent(sp.log(X1 - 5)) == 0
    for k in (-3000, 0, 5):
        assert exponent_of(power_of_two(k)) == k
        assert exponent_of((power_of_two(k) * flint.arb(1.25)).mid()) == k + 1
