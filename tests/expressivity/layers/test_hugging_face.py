"""Feed-forward blocks of Hugging Face models, replaced.

Kinds: property (models keep their outputs in both modes), negative (kinds of models whose outputs
would change are refused). The same kinds with small modules made by hand are in
``test_replacement``; these need the package transformers, and tiny models of it without downloads.
"""

import pytest
import torch
from blocks_by_hand import to_mixture
from torch import nn

from expressivity.layers import FeedForward, replace_feedforward

torch.set_num_threads(1)


@pytest.fixture
def transformers():
    return pytest.importorskip("transformers", reason="needs the extra hf")


def llama(transformers, **changes):
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=50,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        **changes,
    )
    return transformers.LlamaForCausalLM(config).eval()


def gpt2(transformers, activation):
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=50,
        n_positions=32,
        n_embd=16,
        n_layer=2,
        n_head=2,
        activation_function=activation,
    )
    model = transformers.GPT2LMHeadModel(config).eval()
    for block in model.transformer.h:
        nn.init.normal_(block.mlp.c_proj.bias)
        nn.init.normal_(block.mlp.c_fc.bias)
    return model


def logits(model) -> torch.Tensor:
    tokens = torch.arange(12).reshape(2, 6)
    return model(tokens).logits


@pytest.mark.parametrize("family_of", [lambda fixed: fixed, to_mixture])
def test_replaced_models_keep_their_function(transformers, family_of):
    models = [
        llama(transformers),
        llama(transformers, mlp_bias=True),
        gpt2(transformers, "gelu"),
        gpt2(transformers, "relu"),
    ]
    for model in models:
        expected = logits(model)
        assert len(replace_feedforward(model, family_of=family_of).replaced) == 2
        torch.testing.assert_close(logits(model), expected, rtol=0, atol=1e-5)
        logits(model).sum().backward()
        layers = [m for m in model.modules() if isinstance(m, FeedForward)]
        assert len(layers) == 2
        assert all(p.grad is not None for layer in layers for p in layer.parameters())


def test_an_activation_of_another_name_is_refused_or_accepted_by_name(transformers):
    model = gpt2(transformers, "gelu_fast")
    expected = logits(model)
    with pytest.raises(ValueError, match="got gelu_fast") as caught:
        replace_feedforward(model, family_of=to_mixture)
    assert "\n" not in str(caught.value)
    assert torch.equal(logits(model), expected)
    replace_feedforward(model, family_of=to_mixture, substitute={"gelu_fast": "gelu"})
    difference = (logits(model) - expected).abs().max()
    assert 1e-6 < difference < 1e-2


@pytest.mark.parametrize("name", ["gelu_new", "gelu_accurate", "gelu_pytorch_tanh", "quick_gelu"])
def test_approximations_of_gelu_are_functions_of_their_own(transformers, name):
    model = gpt2(transformers, name)
    keep(model, 2)
    block = model.transformer.h[0].mlp.feed_forward
    assert block.family.dictionary[-1] == ("quick_gelu" if name == "quick_gelu" else "gelu_tanh")


SIZES = {
    "vocab_size": 32,
    "hidden_size": 16,
    "intermediate_size": 24,
    "moe_intermediate_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "pad_token_id": 0,
}


def tiny(transformers, name, **changes):
    """A model by the name of its class, or a skip where this version has none."""
    kind = getattr(transformers, name, None)
    if kind is None:
        pytest.skip(f"transformers {transformers.__version__} has no {name}")
    torch.manual_seed(0)
    model = kind(kind.config_class(**{**SIZES, **changes})).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=parameter.shape[-1] ** -0.5)
    return model


def both_modes(model) -> list[torch.Tensor]:
    """Outputs in training and in evaluation mode, from the same random numbers."""
    found: list[torch.Tensor] = []
    for training in (True, False):
        torch.manual_seed(1)
        if model.main_input_name == "pixel_values":
            size = model.config.image_size
            argument = torch.randn(2, 3, size, size)
        else:
            argument = torch.arange(12).reshape(2, 6)
        with torch.no_grad():
            found.append(model.train(training)(argument)[0])
    return found


def refuse(model, message, **options):
    before = both_modes(model)
    parts = [*model.modules(), *model.parameters()]
    with pytest.raises(ValueError, match=message) as caught:
        replace_feedforward(model, family_of=to_mixture, **options)
    assert "\n" not in str(caught.value)
    assert all(a is b for a, b in zip(parts, [*model.modules(), *model.parameters()], strict=True))
    assert all(torch.equal(a, b) for a, b in zip(before, both_modes(model), strict=True))


def keep(model, count, **options):
    before = both_modes(model)
    assert len(replace_feedforward(model, family_of=to_mixture, **options).replaced) == count
    for found, expected in zip(both_modes(model), before, strict=True):
        assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


SPARSE = {"activation_sparsity_pattern": [0.95, 0.0], "num_kv_shared_layers": 0}
GEMMA3N = {"vocab_size_per_layer_input": 32, "hidden_size_per_layer_input": 4, "laurel_rank": 2}
ATTENTION = {"layer_types": ["sliding_attention", "full_attention"]}


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("BitNetForCausalLM", {}, r"layers.0.mlp .BitNetMLP. .* down_proj\(ffn_sub_norm"),
        (
            "DogeForCausalLM",
            {"is_moe": True, "num_experts": 4, "num_keys": 2, "num_experts_per_tok": 2},
            "layers.0.mlp .DogeCDMoE. that computes .*router_gate",
        ),
        (
            "Gemma3nForCausalLM",
            {**SPARSE, **GEMMA3N, **ATTENTION, "hidden_activation": "silu"},
            "layers.0.mlp .Gemma3nTextMLP. that computes ",
        ),
    ],
)
def test_models_that_compute_something_else(transformers, name, changes, message):
    refuse(tiny(transformers, name, **changes), message)


@pytest.mark.parametrize("p", [0.0, 0.1])
def test_dropout_between_the_maps(transformers, p):
    module = pytest.importorskip("transformers.models.t5gemma.modeling_t5gemma")
    config = transformers.T5GemmaModuleConfig(**SIZES, dropout_rate=p, hidden_activation="silu")
    model = llama(transformers)
    model.model.layers[1].mlp = module.T5GemmaMLP(config)
    keep(model, 2)


def test_the_config_is_not_believed(transformers):
    keep(tiny(transformers, "Dinov2Model", use_swiglu_ffn=True, image_size=28, patch_size=14), 2)
    model = llama(transformers)
    for layer in model.model.layers:
        layer.mlp.act_fn = nn.Tanh()
    keep(model, 2)
    model = llama(transformers)
    model.config.hidden_act = "relu"
    keep(model, 2)


@pytest.mark.parametrize("name", ["Gemma2ForCausalLM", "Gemma3ForCausalLM"])
def test_names_of_activations_that_the_config_hides(transformers, name):
    keep(tiny(transformers, name, **ATTENTION, hidden_activation="silu"), 2)
    refuse(tiny(transformers, name, **ATTENTION), "for 'None'", substitute={"None": "relu"})
    keep(tiny(transformers, name, **ATTENTION), 2)


def test_gelu_that_only_says_so(transformers):
    model = llama(transformers, hidden_act="gelu")
    mlp = model.model.layers[1].mlp
    mlp.act_fn.act = lambda z: nn.functional.gelu(z, approximate="tanh")
    refuse(model, "layers.1.mlp .LlamaMLP. that is not one_sided gelu .*: outputs differ by up to")


@pytest.mark.parametrize("inner", [16, 24])
def test_gpt_bigcode_keeps_its_weights_the_other_way(transformers, inner):
    config = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_inner": inner, "n_positions": 32}
    keep(
        tiny(transformers, "GPTBigCodeForCausalLM", **config, activation_function="gelu"),
        2,
    )


class Adapted(nn.Linear):
    """A linear map and a low-rank one, as LoRA adds."""

    def forward(self, x):
        return super().forward(x) + x.sum(-1, keepdim=True)


def test_wrapped_maps_and_hooks(transformers):
    for name in ("gate_proj", "up_proj", "down_proj"):
        model = llama(transformers)
        mlp = model.model.layers[1].mlp
        adapted = Adapted(*reversed(getattr(mlp, name).weight.shape), bias=False)
        setattr(mlp, name, adapted)
        refuse(model, f"layers.1.mlp .LlamaMLP. whose {name} is Adapted")
    model = llama(transformers)
    model.model.layers[1].mlp.register_forward_hook(lambda block, inputs, output: 2 * output)
    refuse(model, "layers.1.mlp .LlamaMLP. with hooks")


@pytest.mark.parametrize("name", ["gate_proj", "up_proj", "down_proj"])
def test_low_rank_adapters_on_a_map_are_refused(transformers, name):
    peft = pytest.importorskip("peft", reason="needs the extra hf")
    config = peft.LoraConfig(r=2, target_modules=[name], init_lora_weights=False)
    model = peft.get_peft_model(llama(transformers), config)
    before = logits(model)
    with pytest.raises(ValueError, match=f"layers.0.mlp .LlamaMLP. whose {name} is Linear, not"):
        replace_feedforward(model, family_of=to_mixture)
    assert torch.equal(logits(model), before)


def test_low_rank_adapters_elsewhere_stay(transformers):
    peft = pytest.importorskip("peft", reason="needs the extra hf")
    config = peft.LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    model = peft.get_peft_model(llama(transformers), config)
    before = logits(model)
    replace_feedforward(model, family_of=to_mixture)
    torch.testing.assert_close(logits(model), before, rtol=0, atol=1e-5)
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trained and all("lora" in name for name in trained)


def test_frozen_blocks_stay_frozen(transformers):
    model = llama(transformers)
    model.model.layers[0].requires_grad_(False)
    keep(model, 2)
    frozen, trained = (layer.mlp for layer in model.model.layers)
    assert not any(p.requires_grad for p in frozen.parameters())
    assert all(p.requires_grad for p in trained.parameters())


def test_one_mlp_for_two_layers(transformers):
    model = llama(transformers)
    model.model.layers[1].mlp = model.model.layers[0].mlp
    keep(model, 1)
    assert model.model.layers[1].mlp is model.model.layers[0].mlp
    assert isinstance(model.model.layers[0].mlp.feed_forward, FeedForward)


MIXTURES = {"num_experts": 4, "n_routed_experts": 4, "num_experts_per_tok": 2}
LATENT = {"q_lora_rank": 8, "kv_lora_rank": 8, "qk_rope_head_dim": 4, "qk_nope_head_dim": 4}
DEEPSEEK = {**LATENT, "v_head_dim": 8, "first_k_dense_replace": 1, "n_group": 1, "topk_group": 1}


@pytest.mark.parametrize(
    ("name", "changes", "count"),
    [
        ("Qwen2MoeForCausalLM", {"shared_expert_intermediate_size": 8}, 2),
        ("DeepseekV3ForCausalLM", {**DEEPSEEK, "head_dim": 4, "num_key_value_heads": 2}, 2),
    ],
)
def test_packed_experts_may_be_left(transformers, name, changes, count):
    model = tiny(transformers, name, **{**MIXTURES, **changes})
    experts = model.model.layers[1].mlp.experts
    keep(model, count, leave=("*.experts",))
    assert model.model.layers[1].mlp.experts is experts
    keep(model, 4 * sum(hasattr(layer.mlp, "experts") for layer in model.model.layers))
    assert all(isinstance(e.feed_forward, FeedForward) for e in model.model.layers[1].mlp.experts)


def test_models_that_cannot_be_replaced(transformers):
    model = llama(transformers)
    for layer in model.model.layers:
        layer.mlp = nn.Identity()
    with pytest.raises(ValueError, match="LlamaForCausalLM with none"):
        replace_feedforward(model, family_of=to_mixture)
