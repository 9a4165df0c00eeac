"""Levenberg-Marquardt.

Kinds: reference (scipy.optimize.least_squares), metamorphic (units of the parameters).
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.optimize
import torch
from fit_problems import CPU, ONE, TANH, relative_residual
from torch import Tensor

from expressivity.fitting import (
    LevenbergMarquardt,
    Problem,
    Stopping,
    VariableProjection,
    fit,
    make_problem,
    random_starts,
)
from expressivity.fitting.gauss_newton import DampedGaussNewton, Linearisation
from expressivity.fitting.problem import columns
from expressivity.targets.builtin import t1


@pytest.mark.parametrize("algorithm", [LevenbergMarquardt, VariableProjection])
def test_the_end_is_the_one_of_scipy(algorithm, sampled):
    samples = sampled(t1(), 12)
    # near a tanh, so that the minimum is a point and not the end of a valley at infinity
    x_NO = samples.nodes_ND
    samples = replace(samples, values_NO=torch.tanh(3 * x_NO - 0.5) + 0.3 * x_NO**2)
    problem = make_problem(TANH, samples, compiled=False)
    starts_LP = random_starts(TANH, seed=5, restarts=4)
    stopping = Stopping(iterations=400, progress=1e-9, patience=50)
    result = fit(problem, algorithm(stopping=stopping), starts_LP, execution=ONE)
    moved = columns(TANH, None, CPU).moved.numpy()
    for error, start_P in zip(result.error_L.tolist(), starts_LP.numpy(), strict=True):
        theta_P = start_P.copy()

        def residual(x: np.ndarray, theta_P: np.ndarray = theta_P) -> np.ndarray:
            theta_P[moved] = x
            return relative_residual(problem, samples, theta_P)

        solution = scipy.optimize.least_squares(
            residual, start_P[moved], method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15
        )
        assert error == pytest.approx(np.sqrt(2 * solution.cost), rel=1e-7)


@dataclass(frozen=True, kw_only=True)
class InUnits(DampedGaussNewton):
    """Levenberg-Marquardt on Rosenbrock's residual, parameters measured in other units."""

    units: tuple[float, float]

    def moved(self, problem: Problem) -> Tensor:
        """Both parameters."""
        return torch.tensor([0, 1])

    def linearise(self, problem: Problem, theta_LP: Tensor) -> Linearisation:
        """Residual (10 (y - x^2), 1 - x) and its Jacobian in the units."""
        unit_P = theta_LP.new_tensor(self.units)
        x_L, y_L = (theta_LP * unit_P).unbind(1)
        zero_L, one_L = torch.zeros_like(x_L), torch.ones_like(x_L)
        jacobian = [torch.stack([-20 * x_L, -one_L]), torch.stack([10 * one_L, zero_L])]
        residual = torch.stack([10 * (y_L - x_L**2), 1 - x_L])
        columns_CRL = [c * u for c, u in zip(jacobian, self.units, strict=True)]
        model_LCR = torch.stack([*columns_CRL, residual]).permute(2, 0, 1)
        return Linearisation(
            theta_LP=theta_LP,
            error_L=torch.linalg.vector_norm(residual, dim=0),
            model_LCR=torch.nn.functional.pad(model_LCR, (0, 6)),
        )


@pytest.mark.parametrize("units", [(2.0**10, 2.0**-7), (1e-6, 3e4)])
def test_the_path_does_not_depend_on_the_units_of_parameters(units, random_samples):
    problem = make_problem(TANH, random_samples(4, 1), compiled=False)  # carries no information
    start_LP = torch.tensor([[-1.2, 1.0], [0.3, -0.8]], dtype=torch.float64)
    stopping = Stopping(iterations=60, patience=60, error=1e-9)
    plain, scaled = (
        InUnits(units=(1.0, 1.0), stopping=stopping),
        InUnits(units=units, stopping=stopping),
    )
    unit_P = torch.tensor(units, dtype=torch.float64)
    mine, other = plain.start(problem, start_LP), scaled.start(problem, start_LP / unit_P)
    for _ in range(25):
        mine, other = plain.step(problem, mine), scaled.step(problem, other)
        torch.testing.assert_close(other.theta_LP * unit_P, mine.theta_LP, rtol=1e-8, atol=1e-9)
        torch.testing.assert_close(other.damping_L, mine.damping_L, rtol=1e-6, atol=0.0)
    assert mine.error_L.max() < 1e-9
