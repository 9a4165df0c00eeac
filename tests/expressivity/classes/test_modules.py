"""A user's own module as a class.

Kinds: reference (the Jacobian against that of the same network as a family), end to end (a fit),
property (declared verdicts carry ``declared``), negative (what is no module, or claims nothing).
"""

import pytest
import torch
from torch import nn

from expressivity.classes.catalogue import FAMILIES, family_named, family_of, require_factory
from expressivity.classes.modules import Declared, ModuleClass, ModuleFamily
from expressivity.classes.networks import coordinates, network_function
from expressivity.classes.structure import Structure
from expressivity.commands.names import listing
from expressivity.evidence import Evidence, Verdict
from expressivity.fitting import (
    Execution,
    LevenbergMarquardt,
    Samples,
    Stopping,
    VariableProjection,
    fit,
    make_problem,
    random_starts,
    screened_starts,
)
from expressivity.membership.decide import decide
from expressivity.targets.user import user_target

torch.set_num_threads(1)


def tanh_layer(width: int, dimension: int) -> nn.Module:
    return nn.Sequential(nn.Linear(dimension, width), nn.Tanh(), nn.Linear(width, 1, bias=False))


PLAIN = ModuleFamily(name="own", factory=tanh_layer)


def declared(**facts) -> ModuleClass:
    return ModuleFamily(name="own", factory=tanh_layer, facts=Declared(**facts))(2, 2)


def teacher(family: ModuleClass, count: int = 64) -> Samples:
    draw = torch.Generator().manual_seed(3)
    nodes_ND = 2 * torch.rand(count, 2, dtype=torch.float64, generator=draw) - 1
    values_NO = family.module(seed=11)(nodes_ND).detach()
    weights_N = torch.full((count,), 1 / count, dtype=torch.float64)
    return Samples(nodes_ND=nodes_ND, weights_N=weights_N, values_NO=values_NO)


def test_values_and_jacobian_are_those_of_the_same_family():
    module, family = PLAIN(3, 2), family_of("fixed", dictionary=("tanh",))(3, 2)
    theta_LP = random_starts(module, seed=1, restarts=2)
    assert list(module.shapes.items()) == [
        ("0.weight", (3, 2)), ("0.bias", (3,)), ("2.weight", (1, 3))
    ]  # fmt: skip
    weight, bias, a = (theta_LP[:, :6].reshape(2, 3, 2), theta_LP[:, 6:9], theta_LP[:, 9:, None].mT)
    one_hot = torch.tensor([float(name == "tanh") for name in family.basis], dtype=torch.float64)
    x_EN = coordinates(torch.linspace(-1, 1, 32, dtype=torch.float64).reshape(16, 2))
    own_f, own_rows = module.network()(x_EN, (weight, bias, a))
    f, rows = network_function(Structure.of(family))(
        x_EN, (torch.cat([weight, bias[..., None]], 2), a, one_hot.expand(2, -1))
    )
    torch.testing.assert_close(own_f, f, rtol=1e-13, atol=1e-14)
    w_LMEON = rows[0].unflatten(1, (3, 3))
    torch.testing.assert_close(own_rows[0], w_LMEON[:, :, :2].flatten(1, 2), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(own_rows[1], w_LMEON[:, :, 2], rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(own_rows[2], rows[1], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_module_learns_from_itself(threads):
    family = PLAIN(2, 2)
    problem = make_problem(family, teacher(family))
    starts_LP = screened_starts(problem, LevenbergMarquardt(), seed=0, restarts=8, candidates=2)
    algorithm = LevenbergMarquardt(stopping=Stopping(iterations=150, error=1e-10))
    execution = Execution(lane_chunk=4, threads=threads)
    result = fit(problem, algorithm, starts_LP, execution=execution)
    assert result.failed == 0
    assert result.error_L.min() < 1e-9


def test_a_start_depends_on_seed_and_lane_alone():
    family = PLAIN(2, 2)
    before = torch.random.get_rng_state()
    one, many = random_starts(family, seed=4, restarts=1), random_starts(family, seed=4, restarts=3)
    assert torch.equal(one, many[:1])
    assert not torch.equal(many[0], many[1])
    assert not torch.equal(one, random_starts(family, seed=5, restarts=1))
    assert torch.equal(before, torch.random.get_rng_state())


def test_without_facts_membership_is_unknown():
    for text in ("relu(x1) + x2", "x1*x2", "abs(x1 - x2)"):
        assert decide(user_target(text), PLAIN(2, 2)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("facts", "text", "reason"),
    [
        ({"analytic": True}, "relu(x1) + x2", "declared to be real-analytic, and expr changes"),
        ({"smoothness": 1}, "abs(x1)*x2", "declared to be C^1, and the gradient of expr jumps"),
        ({"smoothness": 2}, "relu2(x1)*x2", "C^2, and a derivative of order 2 of expr jumps"),
        ({"degree": 2}, "x1**3 + x2", "a polynomial of degree at most 2, and expr equals"),
    ],
)
def test_declared_facts_exclude_and_say_so(facts, text, reason):
    found = decide(user_target(text), declared(**facts))
    assert (found.verdict, found.evidence) == (Verdict.NON_MEMBER, Evidence.DECLARED)
    assert reason in found.reason
    assert not found.evidence.rigorous


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"analytic": True}, "tanh(x1)*x2"),
        ({"smoothness": 1}, "relu2(x1)*x2"),
        ({"smoothness": 0}, "relu(x1)*x2"),
        ({"degree": 3}, "x1**3 + relu(x2)"),
    ],
)
def test_facts_that_the_target_has_decide_nothing(facts, text):
    assert decide(user_target(text), declared(**facts)).verdict is Verdict.UNKNOWN


def test_bad_declarations_and_factories_are_refused():
    with pytest.raises(ValueError, match="required: smoothness as a number from 0 on"):
        Declared(smoothness=-1)
    with pytest.raises(ValueError, match="required: analytic True or None; got False"):
        Declared(analytic=False)
    no_module = ModuleFamily(name="own", factory=lambda width, dimension: 3)
    with pytest.raises(ValueError, match="it raised ValueError at width 2"):
        require_factory(no_module)
    wrong = ModuleFamily(name="own", factory=lambda width, dimension: nn.Linear(dimension, 2))
    with pytest.raises(
        ValueError, match=r"values of shape \(3, 1\) of own at 3 nodes; got \(3, 2\)"
    ):
        wrong(2, 2)
    with pytest.raises(ValueError, match="required: one output and dimension 1"):
        decide(user_target("x"), PLAIN(2, 2))
    problem = make_problem(PLAIN(2, 2), teacher(PLAIN(2, 2)))
    with pytest.raises(ValueError, match="got the module own: fit it with LevenbergMarquardt"):
        fit(problem, VariableProjection(), random_starts(PLAIN(2, 2), seed=0, restarts=1))


def test_a_module_is_registered_and_listed_beside_families():
    FAMILIES.add("own", PLAIN)
    try:
        assert listing("families")["own"] == "a module of its own; declared: nothing"
        with pytest.raises(ValueError, match="a class described by a neuron; got the module own"):
            family_named("own", 2, 2)
    finally:
        FAMILIES._entries.pop("own")
