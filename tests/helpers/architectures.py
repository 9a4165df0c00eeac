"""Tiny random models of ``transformers``, one an architecture, without downloads."""

import inspect
from dataclasses import dataclass, field

import torch

TEXT = {
    "vocab_size": 32,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "pad_token_id": 0,
    "max_position_embeddings": 32,
}
BERT = {k: v for k, v in TEXT.items() if k not in ("num_key_value_heads", "head_dim")}
TWO_SIDES = {
    "vocab_size": 32,
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 24,
    "pad_token_id": 0,
    "decoder_start_token_id": 0,
    "max_position_embeddings": 32,
}
T5 = {
    "vocab_size": 32,
    "d_model": 16,
    "d_kv": 8,
    "d_ff": 24,
    "num_layers": 2,
    "num_heads": 2,
    "dropout_rate": 0.1,
    "pad_token_id": 0,
    "decoder_start_token_id": 0,
}
IMAGE = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 8,
    "patch_size": 4,
}
SOUND = BERT | {
    "conv_dim": [16, 16],
    "conv_stride": [5, 2],
    "conv_kernel": [10, 3],
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
    "mask_time_prob": 0.0,
    "layerdrop": 0.0,
}
GPT = {
    "vocab_size": 32,
    "n_embd": 16,
    "n_layer": 2,
    "n_head": 2,
    "n_positions": 32,
}
EXPERTS = TEXT | {
    "num_experts": 4,
    "num_local_experts": 4,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 8,
    "shared_expert_intermediate_size": 8,
}
LATENT = {
    "q_lora_rank": 8,
    "kv_lora_rank": 8,
    "qk_rope_head_dim": 4,
    "qk_nope_head_dim": 4,
    "v_head_dim": 8,
    "first_k_dense_replace": 1,
    "n_group": 1,
    "topk_group": 1,
    "head_dim": 4,
    "num_key_value_heads": 2,
}
CLIP_TEXT = {**BERT, "max_position_embeddings": 16}


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A model and what becomes of its blocks.

    Attributes:
        name: of the class in ``transformers``.
        config: of its configuration.
        places: how many blocks are replaced; 0 where the model is refused.
        refusal: what the refusal says, as a pattern.
        fast: whether the fast tests have it.
    """

    name: str
    config: dict = field(default_factory=dict)
    places: int = 0
    refusal: str = ""
    fast: bool = False


def kept(name, config, places=2, fast=False, **changes) -> Architecture:
    return Architecture(name=name, config={**config, **changes}, places=places, fast=fast)


def refused(name, config, refusal, fast=False, **changes) -> Architecture:
    return Architecture(name=name, config={**config, **changes}, refusal=refusal, fast=fast)


ARCHITECTURES = (
    # Three maps, a product
    kept("LlamaForCausalLM", TEXT, fast=True),
    kept("MistralForCausalLM", TEXT),
    kept("Qwen2ForCausalLM", TEXT),
    kept("Qwen3ForCausalLM", TEXT),
    kept("Gemma2ForCausalLM", TEXT),
    kept("GemmaForCausalLM", TEXT),
    kept("OlmoForCausalLM", TEXT),
    kept("Olmo2ForCausalLM", TEXT),
    kept("CohereForCausalLM", TEXT),
    kept("StableLmForCausalLM", TEXT),
    kept("GraniteForCausalLM", TEXT),
    kept("HeliumForCausalLM", TEXT),
    kept("SmolLM3ForCausalLM", TEXT),
    kept("SeedOssForCausalLM", TEXT, residual_dropout=0.1, fast=True),
    kept("GteModel", TEXT, hidden_dropout_prob=0.1),
    kept("RecurrentGemmaForCausalLM", TEXT, lru_width=16,
         attention_window_size=8, block_types=["recurrent", "attention"]),
    kept("Lfm2ForCausalLM", TEXT, layer_types=["full_attention"] * 2, block_ff_dim=24),
    # Two maps fused
    kept("Phi3ForCausalLM", TEXT, fast=True),
    kept("GlmForCausalLM", TEXT),
    kept("Glm4ForCausalLM", TEXT),
    kept("ModernBertModel", BERT, mlp_dropout=0.1),
    # Two maps, a chain
    kept("GPT2LMHeadModel", GPT, fast=True),
    kept("GPTBigCodeForCausalLM", GPT, n_inner=24),
    kept("GPTNeoForCausalLM", TEXT, num_layers=2, num_heads=2, window_size=8,
         attention_types=[[["global", "local"], 1]]),
    kept("GPTNeoXForCausalLM", BERT, fast=True),
    kept("GPTJForCausalLM", GPT, rotary_dim=4),
    kept("CodeGenForCausalLM", GPT | {"n_head": 4}, rotary_dim=4),
    kept("FalconForCausalLM", BERT, ffn_hidden_size=24),
    kept("PhiForCausalLM", TEXT),
    kept("PersimmonForCausalLM", TEXT),
    kept("Starcoder2ForCausalLM", TEXT, residual_dropout=0.1),
    kept("ArceeForCausalLM", TEXT),
    kept("NemotronForCausalLM", TEXT),
    kept("DistilBertModel", BERT, dim=16, n_layers=2, n_heads=2, hidden_dim=24),
    # T5: dropout between the maps, questions for dtypes
    kept("T5ForConditionalGeneration", T5, 4, fast=True),
    kept("MT5ForConditionalGeneration", T5, 4, feed_forward_proj="gated-silu"),
    kept("UMT5ForConditionalGeneration", T5, 4, feed_forward_proj="gated-silu"),
    # Parts that stand in a layer
    kept("BertModel", BERT, fast=True),
    kept("RobertaModel", BERT),
    kept("ElectraModel", BERT, embedding_size=16),
    kept("MPNetModel", BERT),
    kept("CamembertModel", BERT),
    kept("XLMRobertaModel", BERT),
    kept("AlbertModel", BERT, 1, embedding_size=16),
    kept("MptForCausalLM", {}, vocab_size=32, d_model=16, n_layers=2, n_heads=2, max_seq_len=32),
    kept("OPTForCausalLM", BERT, ffn_dim=24, word_embed_proj_dim=16),
    kept("XGLMModel", TWO_SIDES, ffn_dim=24, num_layers=2, attention_heads=2),
    kept("BartModel", TWO_SIDES, 4),
    kept("MarianModel", TWO_SIDES, 4),
    kept("M2M100Model", TWO_SIDES, 4),
    kept("PegasusModel", TWO_SIDES, 4, activation_function="relu"),
    kept("WhisperModel", TWO_SIDES, 4, num_mel_bins=8, max_source_positions=8,
         max_target_positions=32, bos_token_id=1, eos_token_id=1, fast=True),
    # Images and sounds
    kept("ViTModel", IMAGE, fast=True),
    kept("ViTMAEModel", IMAGE),
    kept("ViTMSNModel", IMAGE),
    kept("DeiTModel", IMAGE),
    kept("BeitModel", IMAGE),
    kept("Data2VecVisionModel", IMAGE),
    kept("Dinov2Model", IMAGE),
    kept("Dinov2WithRegistersModel", IMAGE, use_swiglu_ffn=True),
    kept("SiglipVisionModel", IMAGE, 3),
    kept("Idefics3VisionTransformer", IMAGE),
    kept("CLIPModel", {}, 4, True, text_config=CLIP_TEXT, vision_config=IMAGE, projection_dim=8),
    kept("Wav2Vec2Model", SOUND),
    kept("HubertModel", SOUND),
    # Packed experts, and the dense and shared blocks beside them
    kept("MixtralForCausalLM", EXPERTS, 8, fast=True),
    kept("Qwen2MoeForCausalLM", EXPERTS, 10),
    kept("Qwen3MoeForCausalLM", EXPERTS, 8),
    kept("OlmoeForCausalLM", EXPERTS, 8),
    kept("DeepseekV3ForCausalLM", EXPERTS | LATENT, 6),
    kept("JambaForCausalLM", TEXT, 3, num_experts=2, mamba_d_state=4, mamba_dt_rank=4,
         attn_layer_period=2, attn_layer_offset=1, use_mamba_kernels=False),
    # Refused
    refused("ApertusForCausalLM", TEXT, "got xielu in model.layers.0.mlp"),
    refused("BitNetForCausalLM", TEXT, r"layers.0.mlp .BitNetMLP. .*ffn_sub_norm", fast=True),
    refused("FalconH1ForCausalLM", TEXT, r"layers.0.feed_forward .* \* 1.0\)", mamba_d_ssm=16,
            mamba_n_heads=2, mamba_d_state=4, mamba_d_head=8, mamba_n_groups=1),
    refused("BloomForCausalLM", GPT, r"transformer.h.0.mlp .BloomMLP. .*alone"),
    refused("DebertaV2Model", BERT, "left as they are: encoder.layer.0.intermediate"),
    refused("GptOssForCausalLM", EXPERTS, "left as they are: model.layers.0.mlp"),
)  # fmt: skip


def built(architecture: Architecture, transformers) -> torch.nn.Module:
    kind = getattr(transformers, architecture.name)
    torch.manual_seed(0)
    model = kind(kind.config_class(**architecture.config))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=parameter[0].numel() ** -0.5)
    return model


def outputs(model: torch.nn.Module, training: bool) -> list[torch.Tensor]:
    """All floating-point outputs, at random inputs of the kinds that the model takes."""
    generator = torch.Generator().manual_seed(1)
    tokens = torch.arange(2, 14).reshape(2, 6)
    possible = {
        "input_ids": tokens,
        "decoder_input_ids": tokens,
        "pixel_values": torch.randn(2, 3, 8, 8, generator=generator),
        "input_features": torch.randn(2, 8, 16, generator=generator),
        "input_values": torch.randn(2, 400, generator=generator),
    }
    named = inspect.signature(model.forward).parameters
    given = {name: value for name, value in possible.items() if name in named}
    torch.manual_seed(2)
    with torch.no_grad():
        return list(_tensors(model.train(training)(**given)))


def _tensors(value):
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        yield value
    elif isinstance(value, dict | tuple | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _tensors(part)
