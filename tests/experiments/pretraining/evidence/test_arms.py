"""The arms: reference (counts), metamorphic (equal starts, windows apart), negative (refusals)."""

from dataclasses import replace

import pytest
import torch

from experiments.pretraining.data import batch
from experiments.pretraining.evidence.plan import (
    ARMS,
    COMPARISONS,
    DESCRIBED,
    TEXT_SHA256,
    Plan,
    evidence,
)
from experiments.pretraining.model import Transformer
from experiments.pretraining.placebo import require_apart
from experiments.pretraining.recipes import Mixing, Schedule
from expressivity.layers.feed_forward import FeedForward

WINDOWS, LAYERS = 6, 4


def model_of(arm: str, *, seed: int = 0) -> Transformer:
    """Four blocks as the plan's, narrow; gates as they could be after training."""
    config = evidence(ARMS[arm].mixing).model
    narrow = replace(ARMS[arm].mixing.family(12))
    model = Transformer(replace(config, heads=2, context=8, feed_forward=narrow), seed=seed)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".u0." in name or ".u1." in name:
                parameter.add_(torch.randn(parameter.shape, generator=generator))
    return model.double()


def tokens() -> torch.Tensor:
    return torch.randint(0, 256, (WINDOWS, 8), generator=torch.Generator().manual_seed(0))


def changed(window: int) -> torch.Tensor:
    found = tokens()
    found[window] = 255 - found[window]
    return found


def windows_that_differ(model: Transformer, window: int) -> set[int]:
    before, after = model.logits(tokens())[0], model.logits(changed(window))[0]
    return {n for n in range(WINDOWS) if not torch.equal(before[n], after[n])}


def gates(model: Transformer, layer: int, tokens_BT: torch.Tensor) -> torch.Tensor:
    """Coefficients (B, T, C) of the first side, as the forward pass has them."""
    found: list[torch.Tensor] = []
    feed_forward = model.blocks[layer].feed_forward
    assert isinstance(feed_forward, FeedForward)
    hook = feed_forward.register_forward_pre_hook(
        lambda module, inputs: found.append(module.coefficients(inputs[0])[0])
    )
    model.logits(tokens_BT)
    hook.remove()
    return found[0]


def test_the_arms_are_those_of_the_page():
    assert list(ARMS) == ["fixed", "la", "moa", "grouped", "placebo", "gain"]
    count = {name: evidence(arm.mixing).model.parameter_count for name, arm in ARMS.items()}
    assert count["placebo"] == count["moa"]
    assert count["fixed"] < count["la"] < count["grouped"] and count["la"] < count["moa"]
    # A layer of gain has one gate: weights of 128 inputs, bias, scale. Four layers.
    assert count["gain"] - count["fixed"] == 4 * (128 + 2)
    # Two sides of eight groups of two gates; MoA has two sides of seven.
    assert count["grouped"] - count["fixed"] == 4 * 2 * 8 * 2 * (128 + 2)
    assert count["moa"] - count["fixed"] == 4 * 2 * 7 * (128 + 2)
    for pair in COMPARISONS + DESCRIBED:
        assert set(pair) <= set(ARMS)


def test_the_placebo_is_moa_but_for_the_window_its_gates_read():
    moa, placebo = evidence(ARMS["moa"].mixing), evidence(ARMS["placebo"].mixing)
    assert placebo == replace(moa, model=replace(moa.model, gate_shift=1))
    one, other = model_of("moa"), model_of("placebo")
    assert one.state_dict().keys() == other.state_dict().keys()
    assert all(torch.equal(p, other.state_dict()[name]) for name, p in one.state_dict().items())


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_begins_as_the_same_function_with_the_same_weights(arm):
    """In float64, up to the rounding of scales that are stored in float32."""
    build = {
        name: Transformer(evidence(ARMS[name].mixing).model, seed=7) for name in ("fixed", arm)
    }
    fixed, model = (build[name].double() for name in ("fixed", arm))
    shared = fixed.state_dict()
    own = model.state_dict()
    assert shared.keys() <= own.keys()
    assert all(torch.equal(value, own[name]) for name, value in shared.items())
    inputs = torch.randint(0, 256, (5, 16), generator=torch.Generator().manual_seed(2))
    expected, found = fixed.logits(inputs)[0], model.logits(inputs)[0]
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


def test_another_seed_has_other_weights():
    one, other = (Transformer(evidence(ARMS["moa"].mixing).model, seed=seed) for seed in (1, 2))
    assert not torch.equal(one.embedding.weight, other.embedding.weight)


def test_windows_do_not_meet_but_in_the_placebo():
    for arm in ARMS:
        model, reached = model_of(arm), LAYERS + 1 if arm == "placebo" else 1
        for window in (0, 4):
            expected = {(window + n) % WINDOWS for n in range(reached)}
            assert windows_that_differ(model, window) == expected, arm


def test_gates_of_the_placebo_read_the_window_before_and_never_their_own():
    model = model_of("placebo")
    for layer in range(LAYERS):
        before = gates(model, layer, tokens())
        for window in range(WINDOWS):
            after = gates(model, layer, changed(window))
            moved = {n for n in range(WINDOWS) if not torch.equal(before[n], after[n])}
            assert moved == {(window + n) % WINDOWS for n in range(1, layer + 2)}
            assert window not in moved


def test_gates_of_moa_read_their_own_window():
    model = model_of("moa")
    before, after = gates(model, 0, tokens()), gates(model, 0, changed(2))
    assert [torch.equal(before[n], after[n]) for n in range(WINDOWS)] == [
        n != 2 for n in range(WINDOWS)
    ]


def test_the_gates_of_the_placebo_look_at_the_same_position():
    """Causal: a later position of the partner changes no earlier gate."""
    model = model_of("placebo")
    later = tokens()
    later[0, 5:] = 255 - later[0, 5:]
    before, after = gates(model, 0, tokens())[1], gates(model, 0, later)[1]
    assert torch.equal(before[:5], after[:5])
    assert not torch.equal(before[5], after[5])


def test_a_batch_in_which_a_window_comes_back_to_itself_is_refused():
    with pytest.raises(ValueError, match="more windows in a batch than the 4 layers"):
        model_of("placebo").logits(tokens()[:4])
    with pytest.raises(ValueError, match="the one 2 before; got 6"):
        require_apart(6, layers=3, shift=2)
    require_apart(WINDOWS, layers=LAYERS, shift=1)


def test_gates_that_are_not_there_cannot_be_shifted():
    with pytest.raises(ValueError, match="a family with gates"):
        Transformer(evidence(replace(ARMS["la"].mixing, gate_shift=1)).model)
    with pytest.raises(ValueError, match="gate_shift of at least 0"):
        evidence(Mixing(gate_shift=-1))


def test_the_runs_of_a_seed_share_batches_and_text(corpus):
    units = Plan().final(Schedule.COSINE, dict.fromkeys(ARMS, 2e-3), 2, corpus)
    by_seed = {seed: [u for u in units if u.place[3] == seed] for seed in (3001, 3002)}
    for seed, group in by_seed.items():
        assert [unit.arm for unit in group] == list(ARMS)
        assert {unit.recipe.training.seed for unit in group} == {seed}
        assert len({unit.recipe.training for unit in group}) == 1
        assert len({unit.corpus for unit in group}) == 1
    data, _ = corpus.tokens()
    one, same = (batch(data, seed=3001, step=0, size=4, context=8)[0] for _ in range(2))
    other = batch(data, seed=3002, step=0, size=4, context=8)[0]
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_stages_have_the_runs_of_the_page_and_seeds_of_their_own(corpus):
    plan = Plan()
    screening, pilot = plan.screening(corpus), plan.pilot(Schedule.WSD, corpus)
    final = plan.final(Schedule.WSD, dict.fromkeys(ARMS, 3e-3), 16, corpus)
    assert [len(units) for units in (screening, pilot, final)] == [16, 36, 96]
    assert len({u.place for u in screening} & {u.place for u in pilot}) == 8
    chosen = {unit.place[3] for unit in (*screening, *pilot)}
    assert chosen.isdisjoint({unit.place[3] for unit in final})
    training = final[0].recipe.training
    assert (training.steps, training.windows) == (400, 2048)
    assert len({unit.key for unit in (*screening, *pilot, *final)}) == 16 + 36 + 96 - 8


def test_another_text_is_refused(monkeypatch):
    from experiments.pretraining.evidence import plan

    assert plan.planned_text().sha256 == TEXT_SHA256
    monkeypatch.setattr(plan, "TEXT_SHA256", "0" * 64)
    with pytest.raises(ValueError, match=r"sympy 1\.14\.0, the text of the plan; got"):
        plan.planned_text()
