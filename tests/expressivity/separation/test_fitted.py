"""All lanes of a fit.

Kinds: metamorphic (a wider network is at least as good as the narrower one that it starts from),
property (what a search is asked for, which seed and rule its lanes are of).
"""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from default_ladder import user_target
from search_problems import errors

from expressivity.classes.catalogue import family_named
from expressivity.fitting import Status, make_problem
from expressivity.fitting.errors import fit_samples
from expressivity.separation import fitted
from expressivity.separation.asked import Request
from expressivity.separation.fitted import restarted, searched
from expressivity.separation.ladder import make_ladder
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit, run_unit

TARGET = user_target("sin(3*x1)*cos(2*x2)")
FEW = Settings(restarts=4, candidates=1, generations=1)
CLASSES = ("la", "moa-tanh", "la-one-sided", "moa-two-sided", "gelu", "maxout2", "prelu-shared",
           "abu-simplex", "moa-tanh-neuron")  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def least(result) -> float:
    return float(torch.nan_to_num(result.error_L, nan=torch.inf).min())


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name.startswith("moa-t") else ())
        for name in CLASSES
    ],
)
def test_a_wider_network_is_at_least_as_good(name):
    found = [
        least(
            searched(
                TARGET,
                family_named(name, width, 2),
                FEW,
                sought=False,
                narrower=tuple(range(1, width)),
                compiled=False,
            )
        )
        for width in (1, 2, 3)
    ]
    for narrow, wide in itertools.pairwise(found):
        assert wide <= narrow * (1 + 1e-9)
    assert found[2] < found[0]


def test_each_seed_grows_from_its_own():
    settings = dataclasses.replace(FEW, seeds=2)
    family = family_named("la", 2, 2)
    options = {"sought": False, "compiled": False}
    below = searched(TARGET, family.at_width(1), settings, **options)
    both = searched(TARGET, family, settings, narrower=(1,), **options)
    assert both.error_L.shape == below.error_L.shape == (8,)
    for seed in (0, 1):
        lanes = slice(4 * seed, 4 * seed + 4)
        assert both.error_L[lanes].min() <= below.error_L[lanes].min() * (1 + 1e-9)
    # the first seed has the bits that it has alone
    alone = searched(TARGET, family, FEW, narrower=(1,), **options)
    assert torch.equal(both.theta_LP[:4], alone.theta_LP)


def test_a_ladder_names_what_is_narrower():
    request = Request(kinds=("la",), form="type1", dictionary=("relu",), widths=(1, 2, 4))
    for settings, expected in (
        (FEW, [(), (1,), (1, 2)]),
        (dataclasses.replace(FEW, generations=0), [(), (), ()]),
    ):
        units = make_ladder(request, settings, [TARGET]).units
        assert [unit.narrower for unit in units] == expected


def test_the_errors_of_a_ladder_do_not_rise():
    request = Request(kinds=("la",), form="one_sided", dictionary=("relu", "tanh"), widths=(1, 2))
    units = make_ladder(request, FEW, [TARGET]).units
    lanes = [run_unit(unit)[1] for unit in units]
    narrow, wide = (min(each.fit_error) for each in lanes)
    assert wide <= narrow * (1 + 1e-9)
    assert [len(each.l2) for each in lanes] == [4, 4]


def test_what_is_sought_goes_on_and_what_is_not_settles(monkeypatch):
    asked = []

    def recording(*problems, how, **options):
        asked.append(how)
        return fitted.restarted(
            TARGET, family, dataclasses.replace(FEW, generations=0), compiled=False
        )

    family = family_named("tanh", 1, 2)
    monkeypatch.setattr(fitted, "search", recording)
    settings = dataclasses.replace(FEW, generations=7, seed=123)
    for sought in (True, False):
        searched(TARGET, family, settings, sought=sought, compiled=False)
    assert [how.generations for how in asked] == [7, 7]
    assert asked[0].populations is None and asked[1].populations == 1
    assert asked[1].patience < asked[0].patience


def test_no_generations_are_restarts_as_before():
    family = family_named("la", 1, 2)
    plain = dataclasses.replace(FEW, generations=0)
    _, lanes = run_unit(FitUnit(target=TARGET, family=family, settings=plain))
    expected = restarted(TARGET, family, plain, compiled=False)
    assert torch.equal(lanes.theta, expected.theta_LP)
    assert Status.GIVEN_UP not in lanes.status


def test_a_search_ends_on_the_rule_of_restarts():
    family = family_named("la", 1, 2)
    result = searched(TARGET, family, FEW, sought=False, compiled=False)
    samples = fit_samples(TARGET, gradient=False)
    coarse = fit_samples(TARGET, gradient=False, coarse=True)
    assert samples.nodes_ND.shape[0] > coarse.nodes_ND.shape[0]
    problem = make_problem(family, samples, compiled=False)
    np.testing.assert_allclose(result.error_L, errors(problem, samples, result), rtol=1e-9)
    assert result.best == 0
