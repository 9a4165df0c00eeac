"""Norms of targets and errors.

Kinds: reference (closed forms; scipy's adaptive quadrature), soundness (one-sided gradients at
kinks see the jumps that networks have there), property (rules agree; splitting changes nothing;
known norms are known), negative (targets without a norm, or with one that quadrature misses).
"""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.integrate
import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import pack, unpack
from expressivity.fitting import random_starts
from expressivity.fitting.errors import fit_samples, l2_errors, measure, measuring_grid, snapped
from expressivity.symbolic.parser import parse
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import FURTHER, TARGETS, t1, t2, t3, t4, t5q
from expressivity.targets.domains import domain_for, square
from expressivity.targets.intervals import bracket, squares
from expressivity.targets.target import Target
from expressivity.targets.translation import to_sympy

torch.set_num_threads(1)

LA1 = Family(kind=Kind.LA, neuron="type1", width=1, dimension=1, dictionary=("id", "relu", "relu2"))
MOA2 = Family(
    kind=Kind.MOA,
    neuron="type1",
    width=1,
    dimension=2,
    dictionary=("id", "relu"),
    gate=GateSpec(name="tanh"),
)

BUILT_IN = {
    **{name: factory(2.0, "tanh", 7) for name, factory in ((n, TARGETS[n]) for n in TARGETS)},
    **{f"t2-{gate}": t2(gate=gate) for gate in GATES},
}


def packed(family: Family, **blocks: list) -> Tensor:
    """One packed lane; blocks that are not given are zero."""
    full = {
        name: torch.tensor(blocks[name], dtype=torch.float64).reshape(1, *shape)
        if name in blocks
        else torch.zeros(1, *shape, dtype=torch.float64)
        for name, shape in family.shapes.items()
    }
    return pack(family, full)[0]


def t1_network(*, weight=1.0, bias=0.0, a=1.0, linear=0.0) -> Tensor:
    """a (linear id + ReLU + ReLU^2)(weight x + bias)."""
    return packed(LA1, w=[weight, bias], a=[a], scale0=[linear, 1.0, 1.0])


def t2_network(*, a=1.0, w=(0.0, 1.0, 0.0), linear=0.0) -> Tensor:
    """a tanh(2 x1) (linear id + ReLU)(w.x)."""
    return packed(MOA2, w=w, u0=[[2.0, 0.0, 0.0]] * 2, a=[a], scale0=[linear, 1.0])


def test_the_target_itself_has_no_error():
    for family, theta_P, target in ((LA1, t1_network(), t1()), (MOA2, t2_network(), t2())):
        errors = measure(family, theta_P, measuring_grid(target))
        assert errors.l2 < 1e-15
        assert errors.sup < 1e-15
        assert errors.w1inf < 1e-14


@pytest.mark.parametrize("excess", [1e-3, -1.0, 7.0])
def test_a_multiple_of_the_target(excess):
    # the error is the excess times the target: |t1'| is largest at 1, where it is 1 + 2
    errors = measure(LA1, t1_network(a=1 + excess), measuring_grid(t1()))
    assert errors.l2 == pytest.approx(abs(excess), rel=1e-12)
    assert errors.sup == pytest.approx(abs(excess), rel=1e-12)
    assert errors.w1inf == pytest.approx(3 * abs(excess), rel=1e-4)


def test_a_linear_error_on_the_interval():
    # error c x: |c x|_2 = c sqrt(2/3), |t1|_2 = sqrt(31/30), sup 2, slope c
    c = 1e-2
    grid = measuring_grid(t1())
    errors = measure(LA1, t1_network(linear=c), grid)
    assert grid.l2 == pytest.approx(math.sqrt(31 / 30), rel=1e-14)
    assert errors.l2 == pytest.approx(c * math.sqrt(2 / 3) / math.sqrt(31 / 30), rel=1e-12)
    # the last node is short of the boundary: suprema over nodes are estimates from below
    assert errors.sup == pytest.approx(c / 2, rel=1e-4)
    assert errors.w1inf == pytest.approx(c, rel=1e-12)


def test_a_known_error_on_the_disk():
    # error e tanh(2 x1) x2 against tanh(2 x1) ReLU(x2): twice the area, so sqrt(2) e in l2
    e = 1e-3
    grid = measuring_grid(t2())
    errors = measure(MOA2, t2_network(linear=e), grid)
    assert errors.l2 == pytest.approx(math.sqrt(2) * e, rel=1e-12)
    assert errors.sup == pytest.approx(e, rel=1e-12)
    # |grad|^2 = (2 x2 sech^2(2 x1))^2 + tanh^2(2 x1) is largest at x1 = 0, x2 = 1
    assert errors.w1inf == pytest.approx(2 * e, rel=1e-2)
    assert errors.w1inf <= 2 * e


def test_a_displaced_kink_shows_the_full_jump():
    # between 0 and 1e-16 the network's slope is 0 and the target's is 1, however short that is
    grid = measuring_grid(t1())
    for bias in (-1e-16, 1e-16):
        off_P = t1_network(bias=bias)
        errors = measure(LA1, off_P, grid)
        assert errors.l2 < 1e-15
        assert errors.w1inf == pytest.approx(1.0, abs=1e-12)
        assert torch.equal(snapped(LA1, off_P, grid), t1_network())
        assert measure(LA1, snapped(LA1, off_P, grid), grid).w1inf < 1e-14


def test_a_tilted_kink_shows_the_full_jump():
    # kink along x2 = 1e-16 x1: t2's gradient jumps by tanh(2 x1), up to tanh 2 at the ends
    grid = measuring_grid(t2())
    for tilt in (-1e-16, 1e-16):
        off_P = t2_network(w=(tilt, 1.0, 0.0))
        assert measure(MOA2, off_P, grid).w1inf == pytest.approx(math.tanh(2.0), rel=1e-6)
        repaired_P = snapped(MOA2, off_P, grid)
        assert torch.equal(repaired_P, t2_network())
        assert measure(MOA2, repaired_P, grid).w1inf < 1e-14


def test_a_kink_off_the_origin_is_seen_from_both_sides():
    x = COORDINATES[0]
    shifted = sp.Piecewise((x - sp.Rational(1, 3), x - sp.Rational(1, 3) > 0), (0, True))
    target = Target(name="expr", expression=shifted, domain=domain_for(1), source="test")
    grid = measuring_grid(target)
    below, above = grid.sides_ND[:, 0].tolist()
    assert below < 1 / 3 < above
    assert above - below < 1e-14
    assert grid.side_gradients_ND.flatten().tolist() == [0.0, 1.0]
    # a smooth network misses the jump on one side by at least half of it
    flat_P = packed(LA1, w=[1.0, 0.0], a=[1.0], scale0=[0.5, 0.0, 0.0])
    assert measure(LA1, flat_P, grid).w1inf == pytest.approx(0.5, rel=1e-12)


def test_snapping_keeps_what_it_cannot_improve():
    x = COORDINATES[0]
    tiny = sp.Rational(1, 10**11)
    steps = sp.Piecewise((x - tiny, x - tiny > 0), (0, True))
    target = Target(name="expr", expression=steps, domain=domain_for(1), source="test")
    exact_P = packed(LA1, w=[1.0, -1e-11], a=[1.0], scale0=[0.0, 1.0, 0.0])
    grid = measuring_grid(target)
    assert torch.equal(snapped(LA1, exact_P, grid), exact_P)
    # a bias that is small but not negligible stays, whatever the error
    for bias in (1e-5, 1e-9):
        theta_P = t1_network(bias=bias)
        assert torch.equal(snapped(LA1, theta_P, measuring_grid(t1())), theta_P)


def test_snapping_tidies_both_maps():
    family = replace(LA1, neuron="one_sided", bias=False)
    theta_P = packed(family, w=[1.0, 0.0], v=[1.0, 1e-17], a=[1.0], scale0=[0.0, 1.0, 1.0])
    blocks = unpack(family, snapped(family, theta_P, measuring_grid(t3()))[None])
    assert blocks["v"].tolist() == [[[1.0, 0.0]]]


def test_l2_is_that_of_adaptive_quadrature():
    # one smooth network against t2, over the half disks x2 > 0 and x2 < 0
    family = Family(kind=Kind.FIXED, neuron="type1", width=2, dimension=2, dictionary=("tanh",))
    theta_P = random_starts(family, seed=1, restarts=1)[0]
    blocks = {name: b[0].numpy() for name, b in unpack(family, theta_P[None]).items()}
    (w1, w2), (a1, a2) = blocks["w"].tolist(), blocks["a"][0].tolist()

    def network(x: float, y: float) -> float:
        first = math.tanh(w1[0] * x + w1[1] * y + w1[2])
        return a1 * first + a2 * math.tanh(w2[0] * x + w2[1] * y + w2[2])

    def target(x: float, y: float) -> float:
        return math.tanh(2 * x) * max(y, 0.0)

    def integral(*, of_target: bool) -> float:
        def integrand(y: float, x: float) -> float:
            value = target(x, y)
            return (value if of_target else network(x, y) - value) ** 2

        def edge(x: float) -> float:
            return math.sqrt(1 - x * x)

        total = 0.0
        for low, high in ((lambda x: 0.0, edge), (lambda x: -edge(x), lambda x: 0.0)):
            total += scipy.integrate.dblquad(integrand, -1, 1, low, high, epsabs=1e-9)[0]
        return total

    squared, norm = integral(of_target=False), integral(of_target=True)
    grid = measuring_grid(t2())
    assert grid.l2 == pytest.approx(math.sqrt(norm), rel=1e-8)
    expected = math.sqrt(squared / norm)
    assert measure(family, theta_P, grid).l2 == pytest.approx(expected, rel=1e-8)
    assert float(l2_errors(family, theta_P[None], grid)[0]) == pytest.approx(expected, rel=1e-8)


def test_l2_errors_do_not_depend_on_company():
    grid = measuring_grid(t1())
    theta_LP = random_starts(LA1, seed=0, restarts=11)
    together_L = l2_errors(LA1, theta_LP, grid)
    for lane in range(11):
        alone = l2_errors(LA1, theta_LP[lane : lane + 1], grid)[0]
        assert float(alone) == pytest.approx(float(together_L[lane]), rel=1e-14)
        measured = measure(LA1, theta_LP[lane], grid).l2
        assert measured == pytest.approx(float(together_L[lane]), rel=1e-12)


@pytest.mark.parametrize("name", list(BUILT_IN))
def test_rules_agree_on_built_in_targets(name):
    target = BUILT_IN[name]
    grid = measuring_grid(target)
    assert 0 <= grid.rule_error < (1e-13 if target.dimension == 1 else 1e-5)
    assert grid.json()["relative_rule_error"] == grid.rule_error
    assert grid.json()["fine_nodes"] == len(grid.weights_N) > grid.fit_nodes
    assert float(grid.weights_N.sum()) == pytest.approx(
        target.domain.volume, rel=1e-12 if target.dimension < 3 else 1e-10
    )
    assert grid.sup >= float(grid.values_N.abs().max())
    samples = fit_samples(target, gradient=True)
    assert samples.nodes_ND.shape[0] == grid.fit_nodes
    coarse = float((samples.weights_N * samples.values_NO[:, 0] ** 2).sum())
    assert abs(coarse / grid.l2**2 - 1) == pytest.approx(grid.rule_error, abs=1e-14)
    assert fit_samples(target, gradient=False).gradients_NOD is None


def closed_norms() -> list[tuple[Target, float]]:
    """Squared l2 norms that have a closed form."""
    # on the line x1 = sin(phi) of the disk, the integral of ReLU(x2)^2 is cos(phi)^3 / 3
    nodes, weights = np.polynomial.legendre.leggauss(400)
    phi, weight = nodes * np.pi / 2, weights * np.pi / 2

    def line(square: np.ndarray) -> float:
        return float((weight * square * np.cos(phi) ** 4).sum() / 3)

    s = np.sin(phi)
    return [
        (t1(), 31 / 30),
        # (x^2 + x^3)^2 on [0, 1]
        (t3(), 1 / 5 + 1 / 3 + 1 / 7),
        (t2(), line(np.tanh(2 * s) ** 2)),
        (t2(8.0), line(np.tanh(8 * s) ** 2)),
        (t4(), line((np.tanh(2 * s) * s) ** 2)),
        (t5q(), line(np.tanh(2 * s) ** 4)),
    ]


@pytest.mark.parametrize(
    ("target", "expected"), closed_norms(), ids=lambda v: getattr(v, "name", "")
)
def test_norms_of_targets(target, expected):
    # the poles of tanh come closer to the disk as lambda grows
    tolerance = 1e-8 if target.lambda_ == 8 else 1e-12
    assert measuring_grid(target).l2 ** 2 == pytest.approx(expected, rel=tolerance)


def test_a_square_is_another_domain():
    expression = COORDINATES[0] * COORDINATES[1]
    target = Target(name="expr", expression=expression, domain=square(), source="test")
    assert measuring_grid(target).l2 ** 2 == pytest.approx(4 / 9, rel=1e-13)
    assert measuring_grid(target).sides_ND.shape == (0, 2)
    nothing_P = packed(MOA2)
    errors = measure(MOA2, nothing_P, measuring_grid(target))
    assert (errors.l2, errors.sup) == (pytest.approx(1.0), pytest.approx(1.0))
    assert errors.w1inf == pytest.approx(math.sqrt(2), rel=1e-2)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (sp.Integer(0), "expr vanishes"),
        (sp.exp(1000 * COORDINATES[0]), "finite"),
        (sp.exp(400 * COORDINATES[0]), "finite"),
    ],
    ids=str,
)
def test_targets_without_a_norm_are_refused(expression, reason):
    target = Target(name="expr", expression=expression, domain=domain_for(1), source="test")
    with pytest.raises(ValueError, match=reason):
        measuring_grid(target)


def from_text(text: str) -> Target:
    expression = parse(text)
    return Target(
        name="expr",
        expression=to_sympy(expression),
        domain=domain_for(expression.dimension),
        source=text,
    )


ORDINARY = (
    "x", "exp(x)-x**5", "abs(abs(x)-1/2)", "sin(20*x)*relu(x-1/3)", "1/(1+25*x**2)",
    "sigmoid(40*x)", "x1*x2", "sin(10*x1)*cos(9*x2)", "relu(sin(20*x1)*x2)", "x2**20",
    "exp(-(x1**2+x2**2))*x1**3-x2**5+x1*x2", "relu(x1**2+x2**2-1/4)", "1/(1+4*(x1**2+x2**2))",
    "abs(x1+x2)**0.5*tanh(3*x1-x2)", "relu(x1)*x2+1e100*x1", "x1*x2*x3", "sin(x1+x2)*relu(x3-x1)",
    "x1*x2*relu(x3+x4)", "x1*x2+x3*x4*x5",
)  # fmt: skip


SPIKES = (
    "x+100*exp(-100000000*(x-0.6001)**2)",
    "x+3*exp(-1000000*(x+0.2003)**2)",
    "1/(1+1000000*x**2)",
    "sin(400*x)",
    "exp(-900*((x1-0.31)**2+(x2-0.17)**2))",
    "1/((1/2500+(x1-0.3)**2)*(1/2500+(x2-0.2)**2))",
    "x1+100*exp(-100000*((x1-0.6001)**2+(x2-0.1)**2))",
    "x1+100*exp(-100000000*((x1-0.6001)**2+(x2-0.1)**2))",
    "x1+30*exp(-1000000*(x1+x2/3-0.20003)**2)",
    "x1*x2*x3+100*exp(-10000*((x1-0.31)**2+x2**2+(x3+0.2)**2))",
)


_BRACKET = {(False, 1): 1.08, (False, 2): 1.08, (True, 1): 1.08, (True, 2): 1.1, (True, 3): 2}
"""Ends of a bracket, one over the other, by whether the target is a further one and dimension."""


@pytest.mark.parametrize("name", list(BUILT_IN))
def test_brackets_hold_the_norm_and_are_narrow(name):
    target = BUILT_IN[name]
    grid = measuring_grid(target)
    found = bracket(target)
    assert found is not None
    least, greatest = found.least, found.greatest
    assert least < grid.l2**2 < greatest < _BRACKET[name in FURTHER, target.dimension] * least
    assert found.peak <= 1.01 * grid.sup


@pytest.mark.parametrize("text", [*ORDINARY[:16], *SPIKES[:4]])
def test_boxes_hold_the_values(text):
    # soundness of the interval arithmetic: values at points of boxes lie within their bounds
    target = from_text(text)
    generator = torch.Generator().manual_seed(0)
    low_BD = 2 * torch.rand((300, target.dimension), generator=generator, dtype=torch.float64) - 1
    size_BD = 10 ** (-4 * torch.rand(low_BD.shape, generator=generator, dtype=torch.float64))
    low_BD, high_BD = low_BD * 0.9, (low_BD * 0.9 + size_BD).clamp(max=0.95)
    cube = replace(target, domain=replace(target.domain, shape="cube"))
    bounds = squares(cube, low_BD, high_BD)
    for _ in range(5):
        share_BD = torch.rand(low_BD.shape, generator=generator, dtype=torch.float64)
        square_B = target.values(low_BD + share_BD * (high_BD - low_BD)) ** 2
        slack_B = 1e-9 * (1 + square_B)
        assert (square_B >= bounds.least_B - slack_B).all()
        assert (square_B <= bounds.greatest_B + slack_B).all()
