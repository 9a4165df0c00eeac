"""The search as a peer.

Kinds: property (it ends with its time, not before), reference (a record by hand).
"""

import math
from itertools import pairwise

import numpy as np
import torch

from benchmarks.ours_search import SearchRecorder, coarse_problem, search_trajectory, searched
from benchmarks.problem import FAMILY, TARGET
from expressivity.fitting import FitResult, make_problem, random_starts
from expressivity.fitting.errors import fit_samples, l2_errors, measuring_grid


def test_a_record_by_hand():
    starts_RP = random_starts(FAMILY, seed=0, restarts=3)
    errors_R = l2_errors(FAMILY, starts_RP, measuring_grid(TARGET)).numpy()
    worst, middle, best = starts_RP[torch.from_numpy(errors_R.argsort()[::-1].copy())]
    ordered_R = np.sort(errors_R)
    recorder = SearchRecorder(limit=1.0)
    # from two threads: the later one first, and an iterate that is no progress
    recorder.lanes += [(0.3, best), (0.1, middle), (0.2, worst)]
    recorder.generations.append((0.25, torch.stack([worst, middle, worst])))
    found = search_trajectory(recorder, 3)
    assert found.seconds == [0.1, 0.25, 0.3]
    np.testing.assert_array_equal(found.errors[0], [ordered_R[1], np.nan, np.nan])
    np.testing.assert_array_equal(found.errors[1], ordered_R[[1, 2, 2]])
    np.testing.assert_array_equal(found.errors[2], ordered_R[[0, 2, 2]])


def test_a_search_ends_with_the_generation_after_its_time():
    problem = make_problem(FAMILY, fit_samples(TARGET, gradient=False), compiled=False)
    recorder = searched(problem, coarse_problem(compiled=False), seed=0, restarts=8, limit=0.0)
    assert len(recorder.generations) == 1
    found = search_trajectory(recorder, 8)
    assert found.seconds == sorted(found.seconds) and found.errors[-1].shape == (8,)
    assert np.isfinite(found.errors[-1]).all()
    for before, after in pairwise(found.errors):
        assert not (after > before).any()  # NaN compares as False: a place that nobody had


def test_a_search_goes_on_before_its_time_is_up():
    recorder = SearchRecorder(limit=math.inf)
    lanes_LP = random_starts(FAMILY, seed=0, restarts=2)
    none_L = torch.zeros(2)
    for generation in range(3):
        recorder.generated(
            generation,
            FitResult(theta_LP=lanes_LP, error_L=none_L, status_L=none_L, iterations_L=none_L),
        )
    assert len(recorder.generations) == 3
