"""Fits of the classes by name to networks of their own.

Kinds: reference (a random network of the class is found again). Slow.
"""

import pytest
import torch

from expressivity.classes.catalogue import FAMILIES, FURTHER, width_step
from expressivity.classes.networks import evaluate
from expressivity.fitting import (
    Execution,
    LevenbergMarquardt,
    Samples,
    Stopping,
    VariableProjection,
    fit,
    make_problem,
    random_starts,
)
from expressivity.fitting.starts import random_start

torch.set_num_threads(1)

RESTARTS, NODES = 24, 96
FOUND = [name for name in FAMILIES if name in FURTHER and FAMILIES[name](2, 1).gate is None]
GATED = [name for name in FAMILIES if name in FURTHER and name not in FOUND]
FOUND_WIDE = (
    "elu", "selu", "mish", "prelu", "prelu-shared", "swish-beta", "xielu", "maxout-2", "maxout-3",
    "slaf", "polyrelu", "abu-affine", "abu-simplex",
)  # fmt: skip


def smallest_error(name: str, width: int, algorithm: type, *, iterations: int = 200) -> float:
    """Least relative error of fits to one network of the class, on nodes in [-1, 1]."""
    family = FAMILIES[name](width, 1)
    nodes_ND = torch.linspace(-1, 1, NODES, dtype=torch.float64)[:, None]
    teacher_P = random_start(family, seed=100, lane=0)
    values_NO = evaluate(family, teacher_P[None], nodes_ND)[0].mT
    weights_N = torch.full((NODES,), 2 / NODES, dtype=torch.float64)
    samples = Samples(nodes_ND=nodes_ND, weights_N=weights_N, values_NO=values_NO)
    problem = make_problem(family, samples, compiled=False)
    starts_LP = random_starts(family, seed=0, restarts=RESTARTS)
    result = fit(
        problem,
        algorithm(stopping=Stopping(iterations=iterations, error=1e-10)),
        starts_LP,
        execution=Execution(lane_chunk=RESTARTS, threads=1),
    )
    assert result.failed == 0
    return float(result.error_L.min())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "width"), [(n, 1) for n in FOUND] + [(n, 2) for n in FOUND_WIDE], ids=str
)
def test_a_network_of_the_class_is_found_again(name, width):
    errors = [smallest_error(name, width, a) for a in (VariableProjection, LevenbergMarquardt)]
    assert min(errors) < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("name", GATED)
def test_a_gated_network_is_found_to_1e_4(name):
    # Many gates of seven activations do nearly the same: a valley that 400 iterations do not end.
    error = smallest_error(name, width_step(name), VariableProjection, iterations=400)
    assert error < 1e-4
