"""Fits of the classes by name to networks of their own.

Kinds: reference (a random network of the class is found again to 1e-8). Slow.
"""

import pytest
import torch

from expressivity.classes.catalogue import FAMILIES, FURTHER
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

WIDTH, RESTARTS, NODES = 1, 24, 96
LEARNED = [name for name in FAMILIES if name in FURTHER]


def smallest_error(name: str, algorithm: type, seed: int = 0) -> float:
    """Least relative error of fits to one network of the class, on nodes in [-1, 1]."""
    family = FAMILIES[name](WIDTH, 1)
    nodes_ND = torch.linspace(-1, 1, NODES, dtype=torch.float64)[:, None]
    teacher_P = random_start(family, seed=100 + seed, lane=0)
    values_NO = evaluate(family, teacher_P[None], nodes_ND)[0].mT
    weights_N = torch.full((NODES,), 2 / NODES, dtype=torch.float64)
    samples = Samples(nodes_ND=nodes_ND, weights_N=weights_N, values_NO=values_NO)
    problem = make_problem(family, samples, compiled=False)
    starts_LP = random_starts(family, seed=seed, restarts=RESTARTS)
    result = fit(
        problem,
        algorithm(stopping=Stopping(iterations=200, error=1e-10)),
        starts_LP,
        execution=Execution(lane_chunk=RESTARTS, threads=1),
    )
    assert result.failed == 0
    return float(result.error_L.min())


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNED)
def test_a_network_of_the_class_is_found_again(name):
    assert (
        min(smallest_error(name, VariableProjection), smallest_error(name, LevenbergMarquardt))
        < 1e-8
    )
