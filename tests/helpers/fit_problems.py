"""The algorithms, and a small problem that each of them solves.

Shape letters: L lanes, P packed parameters.
"""

import numpy as np
import pytest
import torch
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import evaluate, pack
from expressivity.fitting import (
    Adam,
    Algorithm,
    Execution,
    LevenbergMarquardt,
    Problem,
    Samples,
    Stopping,
    VariableProjection,
)
from expressivity.fitting.normal_equations import NormalProjection

ONE = Execution(threads=1)
CPU = torch.device("cpu")
ALGORITHMS = (LevenbergMarquardt, VariableProjection, NormalProjection, Adam)
every_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)
TANH = Family(kind=Kind.FIXED, neuron="type1", width=1, dimension=1, dictionary=("tanh",))
MIXED = Family(
    kind=Kind.MOA,
    neuron="type1",
    width=1,
    dimension=2,
    dictionary=("relu", "tanh"),
    gate=GateSpec(name="tanh"),
)


def truth() -> Tensor:
    """Packed lane of ``MIXED`` that is t2: tanh(2 x1) ReLU(x2)."""
    blocks = {name: torch.zeros(1, *shape) for name, shape in MIXED.shapes.items()}
    blocks["w"][0, 0, 1] = 1.0
    blocks["u0"][0, 0, 0] = 2.0
    blocks["u0"][0, 1, 1] = 0.7
    blocks["a"][:] = 1.0
    blocks["scale0"][0, 0] = 1.0
    return pack(MIXED, blocks).to(torch.float64)


def relative_residual(problem: Problem, samples: Samples, theta_P: np.ndarray) -> np.ndarray:
    """The weighted residual over the target's norm, from ``evaluate`` alone."""
    f_LON = evaluate(problem.family, torch.from_numpy(theta_P)[None], samples.nodes_ND)
    difference_NO = f_LON[0].mT - samples.values_NO
    norm = (samples.weights_N[:, None] * samples.values_NO**2).sum().sqrt()
    return (difference_NO * samples.weights_N[:, None].sqrt() / norm).flatten().numpy()


def configured(algorithm: type, **stopping: float) -> Algorithm:
    return algorithm(stopping=Stopping(**stopping))
