"""The fit core: one batched driver, algorithms as hooks, compiled programs."""

from expressivity.fit.adam import Adam
from expressivity.fit.driver import Execution, FitResult, fit, screened_starts
from expressivity.fit.levenberg_marquardt import LevenbergMarquardt
from expressivity.fit.problem import Problem, Samples, make_problem
from expressivity.fit.starts import random_starts
from expressivity.fit.state import Algorithm, LaneState, Status, Stopping
from expressivity.fit.variable_projection import VariableProjection

__all__ = [
    "Adam",
    "Algorithm",
    "Execution",
    "FitResult",
    "LaneState",
    "LevenbergMarquardt",
    "Problem",
    "Samples",
    "Status",
    "Stopping",
    "VariableProjection",
    "fit",
    "make_problem",
    "random_starts",
    "screened_starts",
]
