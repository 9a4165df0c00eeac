"""Charts and the rules that adapt in them.

Kinds: property (a chart and its inverse; cells add up to the domain), reference (closed forms),
negative (other dimensions, functions that are not finite, a budget that does not suffice).
"""

import math

import numpy as np
import pytest

from expressivity.targets.adaptive import adapt
from expressivity.targets.cells import Probes
from expressivity.targets.charts import Chart
from expressivity.targets.domains import Hyperplane, domain_for, square

OBLIQUE = Hyperplane(normal=(0.6, 0.8), offset=0.1)
UPRIGHT = Hyperplane(normal=(1.0, 0.0), offset=-0.3)
CHARTS = {
    "interval": Chart(domain_for(1), [Hyperplane(normal=(1.0,), offset=0.25)]),
    "disk": Chart(domain_for(2), [OBLIQUE, UPRIGHT]),
    "square": Chart(square(), [OBLIQUE]),
    "ball": Chart(domain_for(3), [Hyperplane(normal=(0.0, 0.6, 0.8), offset=0.2)]),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_undone_by_locating(name):
    chart, generator = CHARTS[name], np.random.default_rng(0)
    unit_ND = generator.uniform(0.05, 0.95, size=(200, chart.domain.dimension))
    piece_ND = chart.pieces[generator.integers(len(chart.pieces), size=200)]
    nodes_ND, jacobian_N = chart.nodes(piece_ND, unit_ND)
    kept_N = jacobian_N > 1e-6
    assert kept_N.mean() > 0.9 and chart.domain.contains(nodes_ND).all()
    found_ND, again_ND = chart.locate(nodes_ND[kept_N])
    np.testing.assert_array_equal(found_ND, piece_ND[kept_N])
    np.testing.assert_allclose(again_ND, unit_ND[kept_N], atol=1e-8)


@pytest.mark.parametrize("name", CHARTS)
def test_cells_add_up_to_the_domain(name):
    chart = CHARTS[name]
    # a plane off the centre of the ball touches its slices: convergence there is algebraic
    tolerance = 1e-6 if chart.domain.dimension <= 2 else 1e-3
    found = adapt(lambda x: np.ones(len(x)), chart, tolerance=tolerance, most=200_000)
    assert found.resolved
    assert found.squared == pytest.approx(chart.domain.volume, rel=2 * tolerance)
    assert found.rule().weights_N.sum() == pytest.approx(chart.domain.volume, rel=2 * tolerance)


def test_a_bend_that_is_no_line_is_found_by_halving():
    found = adapt(
        lambda x: np.abs((x**2).sum(axis=1) - 0.5),
        Chart(domain_for(2), []),
        tolerance=1e-6,
        most=400_000,
    )
    assert found.resolved
    assert found.squared == pytest.approx(math.pi / 12, rel=2e-6)


def test_probes_show_a_peak_that_nodes_miss():
    def peak(x):
        return 1.0 + 100 * np.exp(-1e10 * (x[:, 0] - 0.123) ** 2)

    chart = Chart(domain_for(1), [])
    exact = 2 + 200 * math.sqrt(math.pi / 1e10) + 1e4 * math.sqrt(math.pi / 2e10)
    blind = adapt(peak, chart, tolerance=1e-7, most=10**5)
    assert blind.squared == pytest.approx(2, rel=1e-6)
    probes = Probes(points_PD=np.array([[0.123003]]), volumes_P=np.array([1e-5]))
    seeing = adapt(peak, chart, tolerance=1e-7, most=10**5, probes=probes)
    assert seeing.squared == pytest.approx(exact, rel=1e-6) and seeing.largest > 90


def test_a_layer_at_the_end_of_a_piece_is_seen():
    chart = Chart(domain_for(1), [Hyperplane(normal=(1.0,), offset=0.0)])
    found = adapt(lambda x: np.tanh(3000 * x[:, 0]), chart, tolerance=1e-8, most=10**5)
    assert found.squared == pytest.approx(2 - 2 * math.tanh(3000) / 3000, rel=1e-7)


def test_a_budget_that_does_not_suffice_leaves_a_doubt():
    found = adapt(
        lambda x: np.sin(1e5 * x[:, 0]), Chart(domain_for(1), []), tolerance=1e-7, most=5000
    )
    assert not found.resolved and found.values <= 6000
    assert found.norm_error() > 1e-7


def test_what_cannot_be_adapted_to_is_refused():
    with pytest.raises(ValueError, match="dimension 1, 2, 3; got 4"):
        adapt(lambda x: x[:, 0], Chart(domain_for(4), []), tolerance=1e-6, most=10**5)
    with pytest.raises(ValueError, match="finite"), np.errstate(invalid="ignore"):
        adapt(lambda x: np.sqrt(x[:, 0]), Chart(domain_for(1), []), tolerance=1e-6, most=10**5)
