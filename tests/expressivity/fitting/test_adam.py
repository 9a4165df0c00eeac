"""Adam.

Kinds: reference (torch.optim.Adam), property (frozen parameters stay).
"""

from dataclasses import replace

import numpy as np
import torch
from fit_problems import ALGORITHMS, CPU, MIXED, ONE

from expressivity.classes.gates import GateSpec
from expressivity.classes.networks import evaluate
from expressivity.fitting import (
    Adam,
    Status,
    Stopping,
    fit,
    make_problem,
    random_starts,
)
from expressivity.fitting.problem import columns
from expressivity.targets.builtin import t2


def test_adam_is_torch_optim_adam(sampled):
    samples = sampled(t2(), 6)
    problem = make_problem(MIXED, samples, compiled=False)
    steps, rate = 12, 0.03
    algorithm = Adam(rate=rate, stopping=Stopping(iterations=steps, patience=steps + 1))
    starts_LP = random_starts(MIXED, seed=2, restarts=3)
    state = algorithm.start(problem, starts_LP)
    theta_LP = starts_LP.clone().requires_grad_()
    optimizer = torch.optim.Adam([theta_LP], lr=rate)
    norm = (samples.weights_N * samples.values_NO[:, 0] ** 2).sum()
    for step in range(steps):
        state = algorithm.step(problem, state)
        optimizer.param_groups[0]["lr"] = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
        optimizer.zero_grad()
        difference_LN = evaluate(MIXED, theta_LP, samples.nodes_ND)[:, 0] - samples.values_NO[:, 0]
        ((samples.weights_N * difference_LN**2).sum() / norm).backward()
        optimizer.step()
        torch.testing.assert_close(state.theta_LP, theta_LP.detach(), rtol=1e-9, atol=1e-11)
    assert (state.status_L == Status.ITERATION_LIMIT).all()


def test_adam_leaves_frozen_parameters(sampled):
    family = replace(MIXED, bias=False, gate=GateSpec(name="tanh", scale=False, bias=False))
    problem = make_problem(family, sampled(t2(), 6), compiled=False)
    starts_LP = random_starts(family, seed=2, restarts=3)
    stopping = Stopping(iterations=5)
    for algorithm in ALGORITHMS:
        theta_LP = fit(problem, algorithm(stopping=stopping), starts_LP, execution=ONE).theta_LP
        changed = {i for i in range(starts_LP.shape[1]) if (theta_LP != starts_LP)[:, i].any()}
        assert changed == set(columns(family, None, CPU).moved.tolist())
