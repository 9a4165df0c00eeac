"""How well norms and errors are known.

Kinds: soundness (a fuzz of functions with features that hide between nodes, and one of steep
networks: no norm and no error is further off than its estimate unless it is refused), reference
(closed forms), property (ordinary targets keep the fixed rules), negative (what no rule resolves
is refused, and an enclosure that disagrees is a doubt).
"""

import itertools
import math
import random

import flint
import pytest
import torch
from hidden_features import Function, integral, on_the_disk, on_the_interval

from expressivity.classes.families import Family
from expressivity.classes.gates import GATES
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import pack
from expressivity.evidence import Evidence
from expressivity.fitting import norms
from expressivity.fitting.errors import fit_samples, measure, measuring_grid
from expressivity.fitting.norms import plain_rule
from expressivity.targets.builtin import TARGETS, t1, t2
from expressivity.targets.user import user_target

torch.set_num_threads(1)


def wrong(text: str, truth: float) -> str | None:
    """A line about a norm that is further off than its estimate, and not refused."""
    norm = measuring_grid(user_target(text)).norm
    off = abs(norm.l2 / truth - 1)
    if norm.known and off > norm.relative_error + 1e-11:
        return f"{text}: off by {off:.1e}, estimated {norm.relative_error:.1e}"
    return None


def fuzzed(count: int, seed: int) -> list[str]:
    generator = random.Random(seed)
    cases = [(on_the_interval, on_the_disk)[k % 2](generator) for k in range(count)]
    return [line for line in (wrong(*case) for case in cases) if line is not None]


def test_no_norm_is_further_off_than_its_estimate():
    assert fuzzed(16, seed=0) == []


@pytest.mark.slow
def test_no_norm_of_two_hundred_is_further_off_than_its_estimate():
    assert fuzzed(200, seed=1) == []


def ridge_network(generator: random.Random, activation: str, direction: tuple[float, ...]):
    """A network of width 2 along one direction n, and its distance to n.x as text and number."""
    family = Family(
        kind=Kind.FIXED,
        neuron="type1",
        width=2,
        dimension=len(direction),
        dictionary=(activation,),
    )
    rows, heights, places = [], [], []
    for _ in range(2):
        steep, place = 10 ** generator.uniform(0, 4), generator.uniform(-0.9, 0.9)
        rows.append([*(steep * n for n in direction), -steep * place])
        heights.append(generator.uniform(-1, 1) / (steep if activation == "relu" else 1))
        places.append((steep, place))
    blocks = {
        name: torch.zeros(1, *shape, dtype=torch.float64) for name, shape in family.shapes.items()
    }
    blocks["w"], blocks["a"] = (
        torch.tensor(part, dtype=torch.float64).reshape(blocks[name].shape)
        for name, part in (("w", rows), ("a", heights))
    )
    blocks["scale0"][..., family.basis.index(activation)] = 1.0
    return family, pack(family, blocks)[0], list(zip(heights, places, strict=True))


def true_error(neurons, activation: str, disk: bool) -> float:
    """The relative l2 distance of the network to u, the coordinate along its direction."""
    cuts = sorted(place for _, (_, place) in neurons) if activation == "relu" else []
    ends = [-1.0, *cuts, 1.0]
    pieces: list[Function] = []
    for low, high in itertools.pairwise(ends):

        def error(u, middle=(low + high) / 2):
            total = -u
            for height, (steep, place) in neurons:
                z = steep * (u - place)
                if activation == "tanh":
                    total += height * z.tanh()
                elif middle > place:
                    total += height * z
            return total

        pieces.append(error)
    balls = [flint.arb(end) for end in ends]
    if not disk:
        squares: list[Function] = [lambda u, f=f: f(u) ** 2 for f in pieces]
        return math.sqrt(integral(squares, balls) / (2 / 3))
    with flint.ctx.workprec(128):
        balls = [ball.asin() for ball in balls]
    squares = [lambda t, f=f: 2 * f(t.sin()) ** 2 * t.cos() ** 2 for f in pieces]
    return math.sqrt(integral(squares, balls) / (math.pi / 4))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("direction", [(1.0,), (0.6, 0.8)], ids=["interval", "disk"])
def test_no_error_of_a_steep_network_is_further_off_than_its_estimate(activation, direction):
    generator = random.Random(0)
    target = user_target("x" if len(direction) == 1 else "3/5*x1+4/5*x2")
    grid = measuring_grid(target)
    resolved = 0
    for _ in range(8):
        family, theta_P, neurons = ridge_network(generator, activation, direction)
        errors = measure(family, theta_P, grid)
        truth = true_error(neurons, activation, len(direction) == 2)
        assert abs(errors.l2 - truth) <= max(1.0, truth) * errors.l2_estimate + 1e-11
        resolved += errors.l2_estimate <= 1e-6
    assert resolved >= 4


def test_a_spike_of_the_network_between_the_nodes_is_seen():
    # tanh(k (x - p)) - tanh(k (x - p - 1/k)): some 1e-5 wide, of height about 1
    steep, place = 1e5, 0.123456789
    family = Family(kind=Kind.FIXED, neuron="type1", width=2, dimension=1, dictionary=("tanh",))
    blocks = {
        name: torch.zeros(1, *shape, dtype=torch.float64) for name, shape in family.shapes.items()
    }
    rows = [[steep, -steep * place], [steep, -steep * place - 1]]
    blocks["w"] = torch.tensor(rows, dtype=torch.float64).reshape(blocks["w"].shape)
    blocks["a"] = torch.tensor([1.0, -1.0], dtype=torch.float64).reshape(blocks["a"].shape)
    blocks["scale0"][..., family.basis.index("tanh")] = 1.0
    target = user_target("1e-3*x")
    errors = measure(family, pack(family, blocks)[0], measuring_grid(target))
    # the integral of (tanh(z) - tanh(z - 1))^2 is 4 (coth(1) - 1), the cross term below 1e-3
    assert errors.l2**2 == pytest.approx(
        1 + 4 * (1 / math.tanh(1) - 1) / steep / (2e-6 / 3), rel=1e-3
    )
    assert errors.l2_estimate < 1e-6


RESOLVED = {
    "x+100*exp(-100000000*(x-0.6001)**2)": math.sqrt(
        2 / 3 + 120.02 * math.sqrt(math.pi) * 1e-4 + math.sqrt(math.pi / 2)
    ),
    "exp(-900*((x1-0.31)**2+(x2-0.17)**2))": math.sqrt(math.pi / 1800),
    "1/(1+1000000*x**2)": math.sqrt(1e-3 * (math.atan(1e3) + 1e3 / (1 + 1e6))),
    "sin(400*x)": math.sqrt(1 - math.sin(800) / 800),
    "sigmoid(1000*x)": math.sqrt(1 - 1e-3),
}


@pytest.mark.parametrize("text", RESOLVED)
def test_norms_of_hidden_features(text):
    norm = measuring_grid(user_target(text)).norm
    assert norm.known and norm.relative_error < 1e-6
    assert norm.l2 == pytest.approx(RESOLVED[text], rel=1e-6)


def test_the_supremum_of_a_peak_is_climbed_to():
    grid = measuring_grid(user_target("exp(-900*((x1-0.31)**2+(x2-0.17)**2))"))
    assert grid.sup == pytest.approx(1.0, abs=1e-9)


def test_fits_see_a_peak():
    target = user_target("x+100*exp(-100000000*(x-0.6001)**2)")
    samples = fit_samples(target, gradient=False)
    squared = float((samples.weights_N * samples.values_NO[:, 0] ** 2).sum())
    assert squared**0.5 == pytest.approx(measuring_grid(target).l2, rel=1e-3)
    assert len(samples.weights_N) < 4000
    assert len(fit_samples(target, gradient=False, coarse=True).weights_N) < 4000


@pytest.mark.parametrize("gate", list(GATES))
def test_steep_gates_are_resolved(gate):
    norm = measuring_grid(t2(800.0, gate)).norm
    assert norm.known and norm.relative_error < 1e-6


@pytest.mark.parametrize("target", [t1(), t2(), t2(8.0)], ids=["t1", "t2", "t2-8"])
def test_usual_targets_keep_the_fixed_rules(target):
    grid = measuring_grid(target)
    assert grid.nodes_ND.numpy().tobytes() == plain_rule(target, "fine").nodes_ND.tobytes()
    samples = fit_samples(target, gradient=False)
    assert samples.nodes_ND.numpy().tobytes() == plain_rule(target, "fit").nodes_ND.tobytes()
    assert grid.norm.evidence is Evidence.CERTIFIED


@pytest.mark.parametrize("lambda_", [0.5, 8.0])
@pytest.mark.parametrize("gate", list(GATES))
@pytest.mark.parametrize("name", list(TARGETS))
def test_norms_of_built_in_targets_are_known(name, gate, lambda_):
    norm = measuring_grid(TARGETS[name](lambda_, gate, 7)).norm
    assert norm.known and norm.relative_error < 1e-6


def test_what_no_rule_resolves_is_refused():
    norm = measuring_grid(user_target("x1+30*exp(-1000000*(x1+x2/3-0.20003)**2)")).norm
    assert not norm.known and norm.doubt is not None and norm.relative_error > 1e-6
    assert norm.json()["evidence"] == "unknown" and "\n" not in norm.doubt


def test_an_enclosure_that_disagrees_is_a_doubt(monkeypatch):
    target = user_target("exp(x)")
    squared = measuring_grid(target).l2 ** 2
    monkeypatch.setattr(norms, "enclosed_square", lambda _: flint.arb(1.001 * squared))
    found = norms.normed(target, squared, sup=math.e)
    assert found.doubt is not None and "ball arithmetic" in found.doubt
    monkeypatch.setattr(norms, "enclosed_square", lambda _: None)
    assert norms.normed(target, squared, sup=math.e).evidence is Evidence.NUMERICAL
