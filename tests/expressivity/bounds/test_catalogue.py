"""All mechanisms together.

Metamorphic: invariant under scaling and reflection. Negative: classes outside a theorem get
nothing from it, bad arguments are refused.
"""

import math

import pytest
import sympy as sp
import torch
from bounds_of import found, network, norms_of, user

from expressivity import bounds as package
from expressivity.bounds import (
    Bound,
    TargetNorms,
    best,
    lower_bounds,
    tail_bound,
    zernike_moments,
)
from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS
from expressivity.evidence import Evidence
from expressivity.targets.builtin import FURTHER, TARGETS, t1, t2, t3, t3b, t4, t5, t5q

torch.set_num_threads(1)


@pytest.mark.parametrize("target", [t1(), t2(), t3(), t4()], ids=lambda target: target.name)
@pytest.mark.parametrize("bias", [True, False])
def test_relative_bounds_are_invariant_under_scaling_and_reflection(target, bias):
    minus = {x: -x for x in target.coordinates}
    for dictionary in (("relu",), ("silu",), ("id", "relu", "gelu")):
        family = network(target.form, 2, target.dimension, dictionary, bias=bias)
        base = lower_bounds(target, family, norms=norms_of(target))
        for factor, expression in (
            (sp.Rational(-7, 3), target.expression),
            (sp.Integer(1), target.expression.xreplace(minus)),
        ):
            other = user(factor * expression, target.dimension)
            changed = lower_bounds(other, family, norms=norms_of(other))
            assert [(b.norm, b.method, b.evidence) for b in changed] == [
                (b.norm, b.method, b.evidence) for b in base
            ]
            for a, b in zip(base, changed, strict=True):
                scale = float(abs(factor)) if a.norm == "w1inf" else 1.0
                assert b.value == pytest.approx(scale * a.value, rel=1e-8)


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in FURTHER])
@pytest.mark.parametrize("bias", [True, False])
def test_nothing_is_claimed_for_mixtures(name, bias):
    target = TARGETS[name](2.0, "tanh", 7)
    gate = GateSpec(name="tanh", scale=True, bias=True)
    for form in FORMS:
        for dictionary in (("silu",), ("id", "relu", "tanh"), FULL_DICTIONARY):
            family = Family(
                kind=Kind.MOA,
                neuron=form,
                width=1,
                dimension=target.dimension,
                dictionary=dictionary,
                gate=gate,
                bias=bias,
            )
            assert lower_bounds(target, family, norms=norms_of(target)) == ()


@pytest.mark.parametrize("form", ["two_sided", "quadratic"])
@pytest.mark.parametrize("target", [t2(), t4(), t5(), t5q()], ids=lambda target: target.name)
def test_nothing_is_claimed_for_products_of_kinked_activations(form, target):
    family = network(form, 1, 2, ("id", "relu", "tanh"))
    assert lower_bounds(target, family, norms=norms_of(target)) == ()


def test_nothing_is_claimed_for_a_member():
    for target, form, bias in (
        (t1(), "type1", True),
        (t1(), "type1", False),
        (t3(), "one_sided", False),
        (t3b(), "one_sided", True),
        (user("relu(x1-2*x2+0.5)", 2), "type1", True),
    ):
        family = network(form, 1, target.dimension, bias=bias)
        assert lower_bounds(target, family, norms=norms_of(target)) == ()


def test_parity_needs_biases_off():
    for target in (t1(), t2(), t3()):
        for name in FULL_DICTIONARY:
            assert not found(target, network(target.form, 2, target.dimension, (name,)), "parity")


def test_best_takes_the_largest_and_then_the_strongest():
    def bound(value: float, evidence: Evidence, norm: str = "l2") -> Bound:
        return Bound(norm=norm, value=value, evidence=evidence, method="parity", every_width=True)

    weak, strong = bound(0.5, Evidence.NUMERICAL), bound(0.5, Evidence.PROVED)
    assert best([weak, strong, bound(0.4, Evidence.PROVED)], "l2") is strong
    assert best([strong, weak], "l2") is strong
    assert best([bound(0.6, Evidence.NUMERICAL), strong], "l2").value == 0.6
    assert best([strong], "sup") is None


def test_bad_arguments_are_refused_in_one_line():
    norms = TargetNorms(l2=1.0, sup=1.0)
    with pytest.raises(ValueError, match=r"^required: .* dimension 2; got 1$"):
        lower_bounds(t2(), network("type1", 1, 1), norms=norms)
    for value in (0.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="positive finite l2 norm"):
            TargetNorms(l2=value, sup=1.0)
    with pytest.raises(ValueError, match="unit disk"):
        zernike_moments(user("x1*x2", 2, cube=True))
    with pytest.raises(ValueError, match="rank of at least 0"):
        tail_bound(zernike_moments(t2()), -1)
    assert not found(user("x1*x2", 2, cube=True), network("type1", 1, 2), "ridge-rank")


def test_public_names_exist():
    assert all(hasattr(package, name) for name in package.__all__)
