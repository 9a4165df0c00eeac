"""Converted models in the hands of transformers, accelerate and peft.

Kinds: metamorphic (resumed is uninterrupted, checkpointed is plain, merged is adapted), property
(what is generated before and after a conversion).
"""

import copy

import pytest
import torch
from architectures import built
from blocks_by_hand import to_mixture
from language_models import FAMILY, TOKENS, architecture, converted
from torch.utils.checkpoint import checkpoint

from expressivity.layers import FeedForward, from_pretrained, param_groups, replace_feedforward

torch.set_num_threads(1)

# accelerate pins memory without a device.
pytestmark = pytest.mark.filterwarnings("ignore:.pin_memory. argument is set as true")


@pytest.fixture
def transformers():
    found = pytest.importorskip("transformers", minversion="5", reason="needs the extra hf")
    found.logging.disable_progress_bar()
    return found


@pytest.fixture
def peft():
    return pytest.importorskip("peft", reason="needs the extra hf")


def gradients(model) -> dict[str, torch.Tensor]:
    model.zero_grad()
    model.train()(input_ids=TOKENS, labels=TOKENS).loss.backward()
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def test_a_checkpointed_layer_is_the_layer():
    layer, x = FeedForward(FAMILY), torch.randn(5, 8)
    expected = torch.autograd.grad(layer(x).square().sum(), list(layer.parameters()))
    again = checkpoint(layer, x, use_reentrant=False).square().sum()
    found = torch.autograd.grad(again, list(layer.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_gradient_checkpointing(transformers):
    model = converted(transformers)
    calls = []
    layer = model.model.layers[0].mlp.feed_forward
    layer.register_forward_pre_hook(lambda *_: calls.append(torch.is_grad_enabled()))
    expected = gradients(model)
    assert len(calls) == 1
    # The name since 5.20.
    old = model.gradient_checkpointing_enable
    getattr(model, "activation_checkpointing_enable", old)()
    found = gradients(model)
    assert len(calls) == 3
    assert found.keys() == expected.keys() == dict(model.named_parameters()).keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_generation_is_what_it_was(transformers):
    model = built(architecture("LlamaForCausalLM"), transformers).eval()
    options = {"max_new_tokens": 12, "pad_token_id": 0, "eos_token_id": None}
    greedy = {**options, "do_sample": False}
    plain = model.generate(TOKENS, **greedy)
    torch.manual_seed(0)
    drawn = model.generate(TOKENS, do_sample=True, **options)
    replace_feedforward(model, family_of=to_mixture)
    assert torch.equal(model.generate(TOKENS, **greedy), plain)
    assert torch.equal(model.generate(TOKENS, **greedy, use_cache=False), plain)
    torch.manual_seed(0)
    assert torch.equal(model.generate(TOKENS, do_sample=True, **options), drawn)


def trainer(transformers, model, folder, **options):
    """Four steps of two windows, saved after each second."""
    arguments = transformers.TrainingArguments(
        output_dir=str(folder), max_steps=4, per_device_train_batch_size=2, save_steps=2,
        use_cpu=True, report_to=[], seed=3, disable_tqdm=True, logging_steps=1, **options,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(5)
    windows = torch.randint(2, 32, (16, 6), generator=generator)
    optimizer = torch.optim.AdamW(param_groups(model, 1e-2))
    return transformers.Trainer(
        model=model,
        args=arguments,
        train_dataset=[{"input_ids": window, "labels": window} for window in windows],
        optimizers=(optimizer, None),
    )


@pytest.mark.slow
def test_a_resumed_trainer_ends_where_an_uninterrupted_one_does(transformers, tmp_path):
    start = converted(transformers)
    whole = copy.deepcopy(start)
    done = trainer(transformers, whole, tmp_path)
    done.train()
    rates = {g["name"]: g["initial_lr"] for g in done.optimizer.param_groups}
    assert rates == {"gates": pytest.approx(3e-3), "matrices": 1e-2, "others": 1e-2}
    resumed = copy.deepcopy(start)
    trainer(transformers, resumed, tmp_path).train(str(tmp_path / "checkpoint-2"))
    loaded = from_pretrained(transformers.AutoModelForCausalLM, tmp_path / "checkpoint-4")
    for name, value in whole.state_dict().items():
        assert not torch.equal(value, start.state_dict()[name])
        assert torch.equal(value, resumed.state_dict()[name])
        assert torch.equal(value, loaded.state_dict()[name])


def lora(peft, model):
    """Adapters on the three maps of every layer, by their names, that change what it computes."""
    pattern = r".*\.feed_forward\.(w|v|a)"
    torch.manual_seed(1)
    config = peft.LoraConfig(r=2, target_modules=pattern, init_lora_weights=False)
    return peft.get_peft_model(model, config)


def test_low_rank_adapters_by_name(transformers, peft, tmp_path):
    model = converted(transformers)
    plain = model(TOKENS).logits
    adapted = lora(peft, model).eval()
    names = {n.split(".feed_forward.")[1] for n, p in adapted.named_parameters() if p.requires_grad}
    assert names == {f"{m}.lora_{side}.default.weight" for m in "wva" for side in "AB"}
    expected = adapted(TOKENS).logits
    assert (expected - plain).abs().max() > 0.1
    assert len(gradients(adapted)) == 12
    adapted.save_pretrained(tmp_path)
    again = peft.PeftModel.from_pretrained(converted(transformers), tmp_path).eval()
    assert torch.equal(again(TOKENS).logits, expected)
    with adapted.disable_adapter():
        assert torch.equal(adapted.eval()(TOKENS).logits, plain)
    merged = adapted.merge_and_unload()
    torch.testing.assert_close(merged(TOKENS).logits, expected, rtol=0, atol=1e-5)
    assert type(merged.model.layers[0].mlp.feed_forward.w) is torch.nn.Linear


@pytest.mark.slow
def test_a_trainer_of_adapters_leaves_the_rest(transformers, peft, tmp_path):
    adapted = lora(peft, converted(transformers))
    before = copy.deepcopy(adapted.state_dict())
    trainer(transformers, adapted, tmp_path).train()
    for name, value in adapted.state_dict().items():
        assert torch.equal(value, before[name]) == ("lora" not in name)
