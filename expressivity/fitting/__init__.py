"""The fit core: one batched driver, algorithms as hooks, compiled programs."""

from expressivity.fitting.adam import Adam
from expressivity.fitting.driver import Execution, FitResult, fit
from expressivity.fitting.levenberg_marquardt import LevenbergMarquardt
from expressivity.fitting.problem import Problem, Samples, make_problem
from expressivity.fitting.screening import screened_starts
from expressivity.fitting.search import Search, search
from expressivity.fitting.starts import random_starts
from expressivity.fitting.state import Algorithm, LaneState, Status, Stopping
from expressivity.fitting.variable_projection import VariableProjection

__all__ = [
    "Adam",
    "Algorithm",
    "Execution",
    "FitResult",
    "LaneState",
    "LevenbergMarquardt",
    "Problem",
    "Samples",
    "Search",
    "Status",
    "Stopping",
    "VariableProjection",
    "fit",
    "make_problem",
    "random_starts",
    "screened_starts",
    "search",
]
