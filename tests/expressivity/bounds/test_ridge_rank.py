"""The ridge-rank bound.

Reference: values of docs/theory.md, section 4. Property: from below in the degree, monotone in the
width. Soundness: nothing for members; below fits by sums of ridges.
"""

import math
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
import torch
from bounds_of import _relative_error, found, network, norms_of, user
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.bounds import (
    tail_bound,
    zernike_moments,
)
from expressivity.bounds.ridge_rank import moments_of
from expressivity.classes.activations import ACTIVATIONS
from expressivity.evidence import Evidence
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import t2, t4
from expressivity.targets.domains import domain_for
from expressivity.targets.quadrature import rule

torch.set_num_threads(1)
DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=20)


@pytest.mark.parametrize(
    ("target", "form", "values"),
    [
        (
            t2(),
            "type1",
            [0.43297, 0.05936, 0.03681, 0.00672, 0.00418, 0.00100, 0.00041, 0.00013],
        ),
        (t4(), "one_sided", [0.16148, 0.01588, 0.00232]),
    ],
)
def test_ridge_rank_reproduces_reference_values(target, form, values):
    for width, value in enumerate(values, 1):
        bound = found(target, network(form, width, 2), "ridge-rank")["l2"]
        assert bound.value == pytest.approx(value, abs=5.1e-6)
        assert bound.evidence is Evidence.CERTIFIED and not bound.every_width


def test_ridge_rank_converges_from_below_in_the_degree():
    quadrature = rule(domain_for(2), order=80, kinks=t2().kinks)
    values = t2().values(torch.tensor(quadrature.nodes_ND)).numpy()
    moments = moments_of(values, quadrature, 60)
    tails = [tail_bound(moments, width) / norms_of(t2()).l2 for width in range(1, 6)]
    assert tails == pytest.approx([0.43306, 0.05984, 0.03681, 0.00681, 0.00418], abs=5.1e-6)
    assert tail_bound(zernike_moments(t2()), 1) <= tails[0] * norms_of(t2()).l2


@pytest.mark.parametrize("form", ["type1", "one_sided"])
@pytest.mark.parametrize("width", [1, 3])
def test_ridge_rank_vanishes_for_members(form, width):
    generator = np.random.default_rng(width)
    names = ("relu", "tanh", "silu")
    x = sp.Matrix([*COORDINATES[:2], 1])
    expression = sp.Integer(0 if form == "one_sided" else 2)  # a constant is part of a ridge
    for j in range(width):
        w, v = (
            (sp.Matrix([[sp.Rational(int(n), 8) for n in generator.integers(-9, 10, 3)]]) * x)[0]
            for _ in range(2)
        )
        expression += ACTIVATIONS[names[j % 3]](w) * (v if form == "one_sided" else 1)
    target = user(expression, 2)
    per_neuron = 2 if form == "one_sided" else 1
    moments = zernike_moments(target)
    assert tail_bound(moments, per_neuron * width) < 1e-9
    assert not found(target, network(form, width, 2), "ridge-rank")
    assert tail_bound(moments, 0) == pytest.approx(norms_of(target).l2, rel=0.02)
    if width > 1:
        assert tail_bound(moments, 1) > 1e-4


def test_ridge_rank_is_below_fits_by_sums_of_ridges():
    """Many neurons for each direction: still one ridge for each, whatever its profile."""
    generator = np.random.default_rng(4)
    quadrature = rule(domain_for(2), order=30, kinks=t2().kinks)
    for width in (1, 2, 3, 4):
        bound = found(t2(), network("type1", width, 2), "ridge-rank")["l2"].value
        errors = []
        for _ in range(8):
            angles = generator.uniform(0, math.pi, width)
            along = quadrature.nodes_ND @ np.stack([np.cos(angles), np.sin(angles)])
            columns = np.concatenate(
                [np.polynomial.chebyshev.chebvander(ridge, 16) for ridge in along.T], axis=1
            )
            errors.append(_relative_error(t2(), quadrature, columns))
        assert bound <= min(errors) < 1.0


@given(
    lambda_=st.sampled_from([0.5, 1.0, 3.0, 8.0]),
    gate=st.sampled_from(["tanh", "sigmoid", "softmax"]),
)
@DETERMINISTIC
def test_ridge_rank_does_not_increase_with_the_width(lambda_, gate):
    moments = zernike_moments(t2(lambda_, gate))
    tails = [tail_bound(moments, rank) for rank in range(23)]
    assert all(a >= b for a, b in pairwise(tails))
    assert tails[21] == tails[22] == 0.0  # a degree of 20 says nothing about rank 21


def test_moments_of_a_ridge_are_geometric():
    """T_n maps U_n(x.theta) to exp(-i k theta): a ridge with moments in closed form."""
    direction = (sp.Rational(3, 5), sp.Rational(4, 5))
    t = sum(n * x for n, x in zip(direction, COORDINATES[:2], strict=True))
    moments = zernike_moments(user(sp.expand(16 * t**4 - 12 * t**2 + 1), 2), 5)  # U_4
    expected = np.exp(-1j * np.arange(-4, 5, 2) * math.atan2(4, 3))
    for degree, sequence in enumerate(moments.sequences):
        assert np.allclose(sequence, expected if degree == 4 else 0.0, atol=1e-12)
