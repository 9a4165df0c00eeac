"""What is told of a search under way.

Kinds: property (generations are told with their lanes, iterations to an observer), metamorphic
(being watched changes no bit; a search that does not end when it has found goes through all).
"""

from threading import Lock

import pytest
import torch
from torch import Tensor

from benchmarks.recovery import problems, teacher_of
from expressivity.classes.catalogue import family_named
from expressivity.fitting import FitResult, LaneState, Problem
from expressivity.fitting.search import Search, search

LANES = 32
HOW = Search(generations=6, candidates=2)


@pytest.fixture(scope="module")
def both() -> tuple[Problem, Problem]:
    family = family_named("la", 1, 2)
    return problems(family, teacher_of(family, 2))


def generations_of(both: tuple[Problem, Problem], how: Search) -> list[FitResult]:
    told: list[tuple[int, FitResult]] = []
    search(*both, lanes=LANES, seed=0, how=how, on_generation=lambda *a: told.append(a))
    assert [number for number, _ in told] == list(range(len(told)))
    return [lanes for _, lanes in told]


def test_generations_are_told_the_best_lane_first(both):
    for lanes in generations_of(both, HOW):
        assert lanes.theta_LP.shape[0] == LANES
        assert lanes.best == 0
        numbers = torch.nan_to_num(lanes.error_L, nan=torch.inf)
        assert bool((numbers[1:] >= numbers[:-1]).all())


def test_a_search_ends_when_it_has_found_unless_it_goes_on(both):
    ending = generations_of(both, HOW)
    unending = generations_of(both, Search(generations=6, candidates=2, found=0.0))
    assert len(ending) < len(unending) == 7
    assert ending[-1].error_L[0] <= HOW.found < ending[0].error_L.max()
    for first, second in zip(ending, unending, strict=False):
        torch.testing.assert_close(first.theta_LP, second.theta_LP, rtol=0, atol=0)


def test_an_observer_sees_iterations_and_changes_no_bit(both):
    lock, seen = Lock(), []

    def observer(lanes_L: Tensor, state: LaneState) -> None:
        with lock:
            seen.append((lanes_L.shape[0], state.theta_LP.shape[0]))

    alone = search(*both, lanes=LANES, seed=1, how=HOW)
    watched = search(*both, lanes=LANES, seed=1, how=HOW, observer=observer)
    for name, value in vars(alone).items():
        torch.testing.assert_close(value, getattr(watched, name), rtol=0, atol=0, equal_nan=True)
    assert sum(live for live, _ in seen) > LANES * HOW.trial / 2
    assert all(0 < live <= held for live, held in seen)
