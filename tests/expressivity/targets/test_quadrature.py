"""Quadrature over the interval, disk, ball and cube.

Kinds: reference (closed forms with Gamma functions; one-dimensional integrals in polar coordinates
by scipy; a published norm), property (hypothesis), metamorphic (rotation, reflection, order, seed).
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lines import derandomised, every_domain, line, planar, signed
from scipy.integrate import quad

from expressivity.targets.domains import Array, Domain, Hyperplane, domain_for, square
from expressivity.targets.quadrature import Rule, estimate_error, integrate, max_product_nodes, rule


def monomial_integral(domain: Domain, powers: tuple[int, ...]) -> float:
    if any(power % 2 for power in powers):
        return 0.0
    if domain.shape == "cube":
        return math.prod(2.0 / (power + 1) for power in powers)
    # Folland, American Mathematical Monthly 108 (2001) 446, doi:10.2307/2695802
    halves = [(power + 1) / 2 for power in powers]
    sphere = 2.0 * math.prod(math.gamma(h) for h in halves) / math.gamma(sum(halves))
    return sphere / (sum(powers) + len(powers))


def radius_of(domain: Domain, centre: Array, angle: float) -> float:
    """Distance from `centre` to the boundary in the direction `angle`."""
    direction = np.array([math.cos(angle), math.sin(angle)])
    if domain.shape == "ball":
        along = float(centre @ direction)
        return -along + math.sqrt(along**2 + 1.0 - float(centre @ centre))
    return min((math.copysign(1.0, d) - c) / d for c, d in zip(centre, direction, strict=True) if d)


def wedge_integral(domain: Domain, first: Hyperplane, second: Hyperplane) -> float:
    """Integral of relu(first) |second|, in polar coordinates around the crossing of the lines."""
    normals = np.array([first.normal, second.normal])
    centre = np.linalg.solve(normals, [first.offset, second.offset])
    toward, beside = (math.atan2(n[1], n[0]) for n in normals)

    def angular(angle: float) -> float:
        product = math.cos(angle - toward) * abs(math.cos(angle - beside))
        return product * radius_of(domain, centre, angle) ** 4 / 4

    corners = [math.atan2(y - centre[1], x - centre[0]) for x in (-1, 1) for y in (-1, 1)]
    low, high = toward - math.pi / 2, toward + math.pi / 2
    breaks = [beside + math.pi / 2, beside - math.pi / 2, *corners]
    inside = sorted(low + (b - low) % (2 * math.pi) for b in breaks)
    ends = [low, *(b for b in inside if b < high), high]
    pieces = [(a, b) for a, b in pairwise(ends) if b - a > 1e-12]
    return sum(quad(angular, a, b, epsabs=1e-13, epsrel=1e-12)[0] for a, b in pieces)


# reference


@pytest.mark.parametrize("domain", every_domain, ids=lambda d: f"{d.name}{d.dimension}")
def test_monomials_agree_with_the_closed_forms(domain: Domain) -> None:
    order = 20 if domain.dimension == 4 else 24
    nodes = rule(domain, order=order)
    for powers in [(0, 0, 0, 0), (2, 0, 0, 0), (4, 2, 0, 2), (0, 6, 2, 0), (1, 2, 0, 0), (3, 1, 4)]:
        own = (*powers, 0)[: domain.dimension]
        value = integrate(np.prod(nodes.nodes_ND**own, axis=1), nodes)
        assert value == pytest.approx(monomial_integral(domain, own), abs=1e-13)


def test_half_moments_with_the_splits_of_axis_aligned_kinks() -> None:
    domain = domain_for(3)
    kinks = [Hyperplane(normal=tuple(row), offset=0.0) for row in np.eye(3)]
    nodes = rule(domain, order=24, kinks=kinks)
    assert nodes.kind == "gauss"
    x = np.maximum(nodes.nodes_ND, 0.0)
    exact = monomial_integral(domain, (2, 2, 4)) / 8
    assert integrate(x[:, 0] ** 2 * x[:, 1] ** 2 * x[:, 2] ** 4, nodes) == pytest.approx(
        exact, abs=1e-14
    )
    # int over the octant of x1 x2 x3: 1/48
    assert integrate(np.prod(x, axis=1), nodes) == pytest.approx(1 / 48, abs=1e-14)


def test_squared_norm_of_the_gated_relu_on_the_disk() -> None:
    # Two independent float64 computations, docs/theory.md section 4, B4.
    kink = Hyperplane(normal=(0.0, 1.0), offset=0.0)
    nodes = rule(domain_for(2), order=32, kinks=[kink])
    x1, x2 = nodes.nodes_ND.T
    value = integrate(np.maximum(x2, 0.0) ** 2 * np.tanh(2.0 * x1) ** 2, nodes)
    assert abs(value - 0.1361322) < 5e-8


@pytest.mark.parametrize("domain", planar, ids=lambda d: d.name)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (line(0.9, 0.3), line(2.0, -0.2)),
        (line(0.9, 0.3), line(1.0, 0.35)),  # a narrow wedge
        (line(0.0, 0.25), line(0.4, 0.5)),
        (line(-2.0, -0.2), line(1.57, 0.1)),
    ],
)
def test_two_oblique_lines_that_cross_inside(
    domain: Domain, first: Hyperplane, second: Hyperplane
) -> None:
    nodes = rule(domain, order=24, kinks=[first, second])
    values = np.maximum(signed(nodes.nodes_ND, first), 0.0)
    values = values * np.abs(signed(nodes.nodes_ND, second))
    assert integrate(values, nodes) == pytest.approx(
        wedge_integral(domain, first, second), abs=1e-13
    )


@pytest.mark.parametrize("domain", planar, ids=lambda d: d.name)
def test_piecewise_analytic_integrand_converges_spectrally(domain: Domain) -> None:
    kinks = [line(0.9, 0.3), line(2.0, -0.2), line(-0.3, 0.6)]

    def at(order: int) -> float:
        nodes = rule(domain, order=order, kinks=kinks)
        a, b, c = (signed(nodes.nodes_ND, kink) for kink in kinks)
        smooth = np.exp(nodes.nodes_ND[:, 0]) * np.cos(2 * nodes.nodes_ND[:, 1])
        return integrate(smooth * np.abs(a) * np.where(b > 0, 1.0, -2.0) + np.abs(c), nodes)

    reference = at(48)
    assert abs(at(6) - reference) < 1e-5
    assert abs(at(20) - reference) < 1e-12


def test_missing_kinks_are_noticed() -> None:
    # The same integrand without its kink: the split is what makes the rule accurate.
    kink = line(0.9, 0.3)
    exact = math.acos(0.3) - 0.3 * math.sqrt(1 - 0.09)  # area of a circular segment

    def error(kinks: list[Hyperplane]) -> float:
        nodes = rule(domain_for(2), order=24, kinks=kinks)
        return abs(integrate((signed(nodes.nodes_ND, kink) > 0).astype(float), nodes) - exact)

    assert error([kink]) < 1e-13
    assert error([]) > 1e-5


@pytest.mark.parametrize(("domain", "order"), [(domain_for(3), 16), (square(3), 8)])
def test_half_space_volume_in_three_dimensions(domain: Domain, order: int) -> None:
    normal = np.array([1.0, 2.0, 2.0]) / 3.0
    kink = Hyperplane(normal=tuple(normal.tolist()), offset=0.5)
    nodes = rule(domain, order=order, kinks=[kink])
    value = integrate((signed(nodes.nodes_ND, kink) > 0).astype(float), nodes)
    if domain.shape == "ball":
        cap = math.pi * 0.25 * 2.5 / 3.0  # pi h^2 (3 - h) / 3 with h = 1/2
        assert value == pytest.approx(cap, abs=1e-5)  # algebraic: the cap ends like (x - x0)^(3/2)
    else:
        # {y1 + 2 y2 + 2 y3 > 3/2}: sum over the vertices v beyond the plane of
        # +- (n.v - t)^3 / (3! n1 n2 n3)
        corners = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T
        beyond = np.maximum(corners @ [1.0, 2.0, 2.0] - 1.5, 0.0) ** 3
        exact = float(np.prod(corners, axis=1) @ beyond) / 24.0
        assert value == pytest.approx(exact, abs=1e-13)


def test_ball_of_dimension_seven_falls_back_to_sobol() -> None:
    domain = domain_for(7)
    nodes = rule(domain, order=6, seed=3)
    assert (nodes.kind, nodes.size, nodes.batches) == ("sobol", 2**17, 8)
    assert np.all(domain.contains(nodes.nodes_ND))
    assert nodes.weights_N.sum() == pytest.approx(domain.volume, rel=1e-12)
    for powers in [(2, 0, 0, 0, 0, 0, 0), (0, 0, 2, 0, 0, 2, 0), (4, 0, 0, 0, 0, 0, 0)]:
        values = np.prod(nodes.nodes_ND**powers, axis=1)
        error = abs(integrate(values, nodes) - monomial_integral(domain, powers))
        estimate = estimate_error(values, nodes, values, nodes)
        assert 0.0 < estimate < 1e-3 * monomial_integral(domain, powers)
        assert error < 5 * estimate
    again, other = rule(domain, order=6, seed=3), rule(domain, order=6, seed=4)
    assert np.array_equal(nodes.nodes_ND, again.nodes_ND)
    assert not np.array_equal(nodes.nodes_ND, other.nodes_ND)


def test_cube_falls_back_to_sobol() -> None:
    nodes = rule(square(4), order=32)
    assert nodes.kind == "sobol"
    value = integrate(nodes.nodes_ND[:, 1] ** 2, nodes)
    assert value == pytest.approx(16 / 3, rel=1e-4)


def test_gauss_error_estimate_is_the_distance_of_two_rules() -> None:
    coarse, fine = (rule(domain_for(2), order=n) for n in (4, 16))
    values = [np.exp(3 * r.nodes_ND[:, 0]) for r in (coarse, fine)]
    expected = abs(integrate(values[0], coarse) - integrate(values[1], fine))
    assert expected > 1e-6
    assert estimate_error(values[0], coarse, values[1], fine) == expected


def test_sobol_error_estimate_is_the_standard_error_over_the_batches() -> None:
    nodes = Rule(
        nodes_ND=np.zeros((6, 3)), weights_N=np.full(6, 0.5), kind="sobol", order=1, batches=3
    )
    values = np.array([1.0, 1.0, 2.0, 2.0, 2.0, 4.0])  # the batches estimate 3, 6 and 9
    assert integrate(values, nodes) == 6.0
    assert estimate_error(values, nodes, values, nodes) == pytest.approx(3.0 / math.sqrt(3.0))


# property


@st.composite
def hyperplanes(draw: st.DrawFn, dimension: int) -> Hyperplane:
    if draw(st.booleans()):
        row = np.eye(dimension)[draw(st.integers(0, dimension - 1))]
    else:
        parts = st.floats(-1, 1, allow_subnormal=False)
        row = np.array(draw(st.lists(parts, min_size=dimension, max_size=dimension)))
        if np.linalg.norm(row) < 1e-3:
            row = np.ones(dimension)
    row = row / np.linalg.norm(row)
    offset = draw(st.sampled_from([0.0, 1.0, 0.5]) | st.floats(-1.2, 1.2))
    return Hyperplane(normal=tuple(row.tolist()), offset=offset)


def check_invariants(domain: Domain, nodes: Rule, kinks: list[Hyperplane]) -> None:
    assert np.all(nodes.weights_N > 0)
    assert np.all(domain.contains(nodes.nodes_ND))
    for kink in kinks:
        assert np.all(signed(nodes.nodes_ND, kink) != 0.0)
    assert nodes.weights_N.sum() == pytest.approx(domain.volume, rel=1e-11)


@pytest.mark.parametrize("domain", planar, ids=lambda d: d.name)
@given(kinks=st.lists(hyperplanes(2), max_size=4))
@example(kinks=[line(0.3, 0.4), line(0.3 + 1e-9, 0.4), line(0.3, 0.4)])
@example(kinks=[line(1e-11, 0.4), line(math.pi / 2 - 1e-13, 1 - 1e-15), line(0.0, 1.0)])
@example(kinks=[line(angle, 0.0) for angle in (0.0, 0.1, 0.7, 2.0)])
@derandomised
def test_invariants_for_any_lines(domain: Domain, kinks: list[Hyperplane]) -> None:
    check_invariants(domain, rule(domain, order=16, kinks=kinks), kinks)


@pytest.mark.parametrize("width", [1.2e-14, 3e-14, 1e-13])
def test_pieces_too_narrow_for_their_nodes_put_none_on_a_kink(width: float) -> None:
    kinks = [Hyperplane(normal=(1.0,), offset=offset) for offset in (0.7, 0.7 + width)]
    check_invariants(domain_for(1), rule(domain_for(1), order=80, kinks=kinks), kinks)


@pytest.mark.parametrize("domain", [domain_for(3), square(3)], ids=lambda d: d.name)
@given(kinks=st.lists(hyperplanes(3), max_size=2))
@derandomised
def test_invariants_for_any_planes(domain: Domain, kinks: list[Hyperplane]) -> None:
    nodes = rule(domain, order=10, kinks=kinks)
    assert nodes.size <= max_product_nodes
    check_invariants(domain, nodes, kinks)


@pytest.mark.parametrize("domain", [domain_for(1), square(1)], ids=lambda d: d.name)
@given(offsets=st.lists(st.floats(-1.5, 1.5), max_size=5))
@derandomised
def test_invariants_on_the_interval(domain: Domain, offsets: list[float]) -> None:
    kinks = [Hyperplane(normal=(1.0,), offset=offset) for offset in offsets]
    nodes = rule(domain, order=8, kinks=kinks)
    check_invariants(domain, nodes, kinks)
    for kink in kinks:
        exact = (1 - np.clip(kink.offset, -1, 1)) ** 2 / 2 - min(kink.offset + 1, 0.0) * 2
        values = np.maximum(signed(nodes.nodes_ND, kink), 0.0)
        assert integrate(values, nodes) == pytest.approx(exact, abs=1e-13)


def test_rules_are_read_only() -> None:
    nodes = rule(domain_for(2), order=4)
    with pytest.raises(ValueError, match="read-only"):
        nodes.nodes_ND[0, 0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        nodes.weights_N[0] = 0.0


# metamorphic


@pytest.mark.parametrize("turn", [0.3, 1.1, math.pi / 2, 2.5])
def test_rotating_integrand_and_kinks_leaves_the_disk_integral(turn: float) -> None:
    def at(angle: float) -> float:
        kinks = [line(0.9 + angle, 0.3), line(2.0 + angle, -0.2)]
        nodes = rule(domain_for(2), order=24, kinks=kinks)
        x = nodes.nodes_ND @ np.array([math.cos(angle), math.sin(angle)])
        a, b = (signed(nodes.nodes_ND, kink) for kink in kinks)
        return integrate(np.exp(x) * np.maximum(a, 0.0) * np.sign(b), nodes)

    assert at(turn) == pytest.approx(at(0.0), abs=1e-12)


@pytest.mark.parametrize("domain", [square(), domain_for(3), square(3)], ids=lambda d: d.name)
def test_permuting_the_coordinates_leaves_the_integral(domain: Domain) -> None:
    row = np.array([0.0, 0.6, 0.8])[-domain.dimension :]

    def at(shift: int) -> float:
        kink = Hyperplane(normal=tuple(np.roll(row, shift).tolist()), offset=0.2)
        nodes = rule(domain, order=16, kinks=[kink])
        last = np.roll(nodes.nodes_ND, -shift, axis=1)[:, -1]
        return integrate(np.abs(signed(nodes.nodes_ND, kink)) * np.exp(last), nodes)

    for shift in range(1, domain.dimension):
        assert at(shift) == pytest.approx(at(0), abs=1e-7 if domain.shape == "ball" else 1e-13)


@pytest.mark.parametrize("domain", planar, ids=lambda d: d.name)
def test_doubling_the_order_changes_nothing_once_converged(domain: Domain) -> None:
    kinks = [line(0.2, 0.1), line(1.3, -0.4)]
    coarse, fine = (rule(domain, order=n, kinks=kinks) for n in (20, 40))
    values = [
        np.prod([np.abs(signed(r.nodes_ND, k)) for k in kinks], axis=0) * np.cos(r.nodes_ND[:, 0])
        for r in (coarse, fine)
    ]
    assert estimate_error(values[0], coarse, values[1], fine) < 1e-13
    assert fine.size == 4 * coarse.size


def test_seed_and_repeated_or_flipped_kinks_leave_the_gauss_rule() -> None:
    kink, flipped = line(0.9, 0.3), line(0.9 + math.pi, -0.3)
    one = rule(domain_for(2), order=8, kinks=[kink])
    other = rule(domain_for(2), order=8, kinks=[kink, flipped, kink], seed=5)
    assert np.array_equal(one.nodes_ND, other.nodes_ND)
    assert np.array_equal(one.weights_N, other.weights_N)


def test_a_kink_outside_the_domain_leaves_the_rule() -> None:
    for domain, offset in ((domain_for(2), 1.05), (square(), 1.45)):
        plain = rule(domain, order=8)
        cut = rule(domain, order=8, kinks=[line(1.0, offset)])
        assert np.array_equal(plain.nodes_ND, cut.nodes_ND)


def test_lines_that_cross_outside_the_square_are_not_split_at_the_crossing() -> None:
    # Through (0.2, 3): 5 pieces in x1, of which 2 have a line across, so 7 pieces in all.
    kinks = [line(a, 0.2 * math.cos(a) + 3.0 * math.sin(a)) for a in (0.1, -0.1)]
    assert rule(square(), order=8, kinks=kinks).size == 7 * 8**2
