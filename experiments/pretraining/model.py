"""Decoder-only transformer over bytes: RMSNorm, rotary embedding, any feed-forward family.

Shape letters: B texts, T positions, D coordinates, H heads, E coordinates of a head, V tokens.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from experiments.pretraining.data import VOCABULARY
from experiments.pretraining.moe import Experts, MixtureOfExperts
from experiments.pretraining.placebo import ShiftedGates, require_apart
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.initialisation import Initialisation, Match, Mixture

_ROTARY_BASE = 10_000.0


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """A transformer.

    Attributes:
        layers: number of blocks.
        heads: of each attention; they divide the dimension into even parts.
        context: longest text.
        feed_forward: the family of every feed-forward layer, or of every expert; its dimension
            is the model's, and its outputs are as many.
        start: of the feed-forward layers; ``output_gain`` is multiplied by (2 layers)^(-1/2).
        experts: None for one feed-forward layer a block.
        tied: whether inputs and outputs share one embedding.
        gate_shift: 0, or how many windows of the batch before its own the gates read: a placebo.

    Raises:
        ValueError: sizes that do not fit together.
    """

    layers: int
    heads: int
    context: int
    feed_forward: Family
    start: Initialisation = field(default_factory=Initialisation)
    experts: Experts | None = None
    tied: bool = True
    gate_shift: int = 0

    def __post_init__(self) -> None:
        for name in ("layers", "heads", "context"):
            if getattr(self, name) < 1:
                raise ValueError(f"required: {name} of at least 1; got {getattr(self, name)}")
        if self.feed_forward.outputs != self.dimension:
            raise ValueError(
                f"required: feed-forward layers with as many outputs as inputs; got "
                f"{self.feed_forward.outputs} and {self.dimension}"
            )
        if self.dimension % (2 * self.heads):
            raise ValueError(
                f"required: a dimension divisible by twice the heads; got {self.dimension} "
                f"and {self.heads} heads"
            )
        if self.gate_shift < 0 or (self.gate_shift and self.experts is not None):
            raise ValueError(
                f"required: gate_shift of at least 0, and 0 with experts, whose tokens lie in no "
                f"windows; got {self.gate_shift}"
            )

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "ModelConfig":
        """From what ``asdict`` makes of one, also after a way through JSON.

        Raises:
            KeyError, TypeError, ValueError: it is none, or of another version.

        >>> from dataclasses import asdict
        >>> family = Family(kind="la", neuron="type1", width=8, dimension=4, outputs=4)
        >>> config = ModelConfig(layers=2, heads=2, context=16, feed_forward=family)
        >>> ModelConfig.from_json(asdict(config)) == config
        True
        """
        family, start, experts = (document[key] for key in ("feed_forward", "start", "experts"))
        gate = None if family["gate"] is None else GateSpec(**family["gate"])
        chosen = {"mixture": Mixture(start["mixture"]), "match": Match(start["match"])}
        parts = {
            "feed_forward": Family(**{**family, "gate": gate}),
            "start": Initialisation(**{**start, **chosen}),
            "experts": None if experts is None else Experts(**experts),
        }
        return cls(**{**document, **parts})

    @property
    def dimension(self) -> int:
        """Coordinates of the residual stream."""
        return self.feed_forward.dimension

    @property
    def parameter_count(self) -> int:
        """V D (2 if untied) + layers (4 D^2 + 2 D + feed-forward) + D, routers included."""
        return self._count(1 if self.experts is None else self.experts.count)

    @property
    def active_count(self) -> int:
        """The same, of the parameters that one token meets."""
        return self._count(1 if self.experts is None else self.experts.chosen)

    def _count(self, experts: int) -> int:
        d = self.dimension
        router = 0 if self.experts is None else d * self.experts.count
        block = 4 * d * d + 2 * d + router + experts * self.feed_forward.parameter_count
        return VOCABULARY * d * (1 if self.tied else 2) + self.layers * block + d


class Attention(nn.Module):
    """Causal attention with rotary positions."""

    def __init__(self, dimension: int, heads: int, device: str) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dimension, 3 * dimension, bias=False, device=device)
        self.out = nn.Linear(dimension, dimension, bias=False, device=device)

    def forward(self, x_BTD: Tensor, cos_TE: Tensor, sin_TE: Tensor) -> Tensor:
        """Outputs of the shape of the inputs."""
        parts = self.qkv(x_BTD).chunk(3, -1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        q, k = rotate(q, cos_TE, sin_TE), rotate(k, cos_TE, sin_TE)
        y_BHTE = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y_BHTE.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention and feed-forward, each after a norm and added to its input."""

    def __init__(self, config: ModelConfig, device: str) -> None:
        super().__init__()
        family, d = config.feed_forward, config.dimension
        gain = config.start.output_gain / math.sqrt(2 * config.layers)
        start = replace(config.start, output_gain=gain)
        self.attention_norm = nn.RMSNorm(d, device=device)
        self.attention = Attention(d, config.heads, device)
        self.feed_forward_norm = nn.RMSNorm(d, device=device)
        self.feed_forward: FeedForward | MixtureOfExperts
        if config.experts is not None:
            self.feed_forward = MixtureOfExperts(family, config.experts, start, device=device)
        elif config.gate_shift:
            self.feed_forward = ShiftedGates(
                family, shift=config.gate_shift, initialisation=start, device=device
            )
        else:
            self.feed_forward = FeedForward(family, initialisation=start, device=device)

    def forward(self, x_BTD: Tensor, cos_TE: Tensor, sin_TE: Tensor) -> tuple[Tensor, Tensor]:
        """The next state, and the load-balance loss (0 without experts)."""
        x_BTD = x_BTD + self.attention(self.attention_norm(x_BTD), cos_TE, sin_TE)
        y = self.feed_forward(self.feed_forward_norm(x_BTD))
        y_BTD, balance = y if isinstance(y, tuple) else (y, x_BTD.new_zeros(()))
        return x_BTD + y_BTD, balance


class Transformer(nn.Module):
    """Bytes to the loss of predicting the next ones.

    Args:
        config: what it is.
        seed: each weight depends on the seed and its own name, so that models of different
            families begin with equal weights wherever both have them.
        device: of the weights; ``meta`` holds none.

    >>> from expressivity.classes.kinds import Kind
    >>> family = Family(kind=Kind.LA, neuron="type1", width=8, dimension=4, outputs=4)
    >>> config = ModelConfig(layers=2, heads=2, context=16, feed_forward=family)
    >>> model = Transformer(config, seed=0)
    >>> model.logits(torch.zeros(1, 5, dtype=torch.int64))[0].shape
    torch.Size([1, 5, 256])
    """

    def __init__(self, config: ModelConfig, *, seed: int = 0, device: str = "cpu") -> None:
        super().__init__()
        self.config = config
        d = config.dimension
        with torch.random.fork_rng(devices=()):
            self.embedding = nn.Embedding(VOCABULARY, d, device=device)
            self.blocks = nn.ModuleList(Block(config, device) for _ in range(config.layers))
            self.norm = nn.RMSNorm(d, device=device)
            self.head: nn.Linear | None = None
            if not config.tied:
                self.head = nn.Linear(d, VOCABULARY, bias=False, device=device)
            _start(self, config, seed)
        self.cos_TE: Tensor
        self.sin_TE: Tensor
        cos_TE, sin_TE = angles(config.context, d // config.heads)
        self.register_buffer("cos_TE", cos_TE.to(device), persistent=False)
        self.register_buffer("sin_TE", sin_TE.to(device), persistent=False)

    def logits(self, tokens_BT: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, T, V) of the next tokens, and the mean load-balance loss of the blocks."""
        length, shift = tokens_BT.shape[-1], self.config.gate_shift
        if shift:
            require_apart(len(tokens_BT), layers=self.config.layers, shift=shift)
        cos_TE, sin_TE = self.cos_TE[:length], self.sin_TE[:length]
        x_BTD = self.embedding(tokens_BT)
        balances: list[Tensor] = []
        for block in self.blocks:
            x_BTD, balance = block(x_BTD, cos_TE, sin_TE)
            balances.append(balance)
        x_BTD = self.norm(x_BTD)
        weight_VD = self.embedding.weight if self.head is None else self.head.weight
        return F.linear(x_BTD, weight_VD), torch.stack(balances).mean()

    def forward(self, tokens_BT: Tensor, targets_BT: Tensor) -> tuple[Tensor, Tensor]:
        """Mean cross-entropy in nats per byte, and the load-balance loss."""
        logits_BTV, balance = self.logits(tokens_BT)
        loss = F.cross_entropy(logits_BTV.flatten(0, 1).float(), targets_BT.flatten())
        return loss, balance


def angles(context: int, size: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines (T, E) of the rotary embedding, arXiv:2104.09864."""
    frequency_F = _ROTARY_BASE ** (-torch.arange(0, size, 2) / size)
    angle_TE = (torch.arange(context)[:, None] * frequency_F).repeat(1, 2)
    return angle_TE.cos(), angle_TE.sin()


def rotate(x_BHTE: Tensor, cos_TE: Tensor, sin_TE: Tensor) -> Tensor:
    """Turn coordinate pairs (e, e + E/2) by the angles of their positions."""
    left, right = x_BHTE.chunk(2, -1)
    turned = x_BHTE * cos_TE + torch.cat((-right, left), -1) * sin_TE
    return turned.to(x_BHTE.dtype)


@torch.no_grad()
def _start(model: Transformer, config: ModelConfig, seed: int) -> None:
    """Weights normal with variance 1/D, what is added to the stream 2 layers times smaller."""
    std = config.dimension**-0.5
    for name, module in model.named_modules():
        digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
        torch.manual_seed(int.from_bytes(digest[:7], "big"))
        if isinstance(module, FeedForward):
            module.reset_parameters()
        elif isinstance(module, Attention):
            nn.init.normal_(module.qkv.weight, std=std)
            nn.init.normal_(module.out.weight, std=std / math.sqrt(2 * config.layers))
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=std)
        elif isinstance(module, MixtureOfExperts):
            nn.init.normal_(module.router.weight, std=std)
    if model.head is not None:
        nn.init.normal_(model.head.weight, std=std)
