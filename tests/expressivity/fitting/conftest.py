"""Problems that the tests of the fit core share.

``each_family`` in a test's arguments runs it for every kind, form and gate.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import FIXED_FORMS, Kind
from expressivity.classes.neurons import FORMS
from expressivity.fitting import Samples
from expressivity.targets.quadrature import rule
from expressivity.targets.target import Target


def families(*, width: int, dimension: int) -> list[Family]:
    """One family for every kind, form and gate, over a dictionary that is linearly dependent."""
    dictionary = ("id", "relu", "leaky_relu", "tanh")
    sizes = {"width": width, "dimension": dimension}
    found: list[Family] = []
    for form in FORMS:
        if form in FIXED_FORMS:
            found.append(Family(kind=Kind.FIXED, neuron=form, dictionary=("gelu",), **sizes))
        found.append(Family(kind=Kind.LA, neuron=form, dictionary=dictionary, **sizes))
        found += [
            Family(
                kind=Kind.MOA,
                neuron=form,
                gate=GateSpec(name=g),
                dictionary=dictionary[1:],
                **sizes,
            )
            for g in GATES
        ]
    return found


def _label(family: Family) -> str:
    gate = "" if family.gate is None else f"-{family.gate.name}"
    return f"{family.kind}-{family.neuron}{gate}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise ``each_family``."""
    if "each_family" in metafunc.fixturenames:
        metafunc.parametrize("each_family", families(width=2, dimension=2), ids=_label)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Sums inside one lane on one thread, whatever the machine."""
    torch.set_num_threads(1)


def _sampled(target: Target, order: int, *, gradient: bool = False) -> Samples:
    points = rule(target.domain, order=order, kinks=target.kinks)
    nodes_ND = torch.from_numpy(np.array(points.nodes_ND))
    gradients_NOD = target.gradients(nodes_ND)[:, None] if gradient else None
    return Samples(
        nodes_ND=nodes_ND,
        weights_N=torch.from_numpy(np.array(points.weights_N)),
        values_NO=target.values(nodes_ND)[:, None],
        gradients_NOD=gradients_NOD,
    )


@pytest.fixture(scope="session")
def sampled() -> Callable[..., Samples]:
    """(target, Gauss points per piece, gradient=False) -> the target on a coarse rule."""
    return _sampled


@pytest.fixture(scope="session")
def random_samples() -> Callable[..., Samples]:
    """(nodes, dimension, outputs) -> smooth values on random nodes, gradients left out."""

    def build(nodes: int, dimension: int, outputs: int = 1) -> Samples:
        generator = torch.Generator().manual_seed(nodes)

        def uniform(*shape: int) -> Tensor:
            return 2 * torch.rand(shape, dtype=torch.float64, generator=generator) - 1

        nodes_ND = uniform(nodes, dimension)
        weights_N = 1.5 + uniform(nodes)
        waves_NO = torch.sin(2 * nodes_ND @ uniform(dimension, outputs)) + nodes_ND[:, :1] ** 2
        return Samples(nodes_ND=nodes_ND, weights_N=weights_N, values_NO=waves_NO)

    return build
