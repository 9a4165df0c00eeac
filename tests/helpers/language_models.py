"""Tiny models of ``transformers`` with layers of ours: converted ones, and one of a user's own."""

import torch
from architectures import ARCHITECTURES, Architecture, built
from blocks_by_hand import to_mixture
from torch import nn

from expressivity.classes.families import Family
from expressivity.layers import FeedForward, replace_feedforward

TOKENS = torch.arange(2, 14).reshape(2, 6)
FAMILY = Family(
    kind="moa", neuron="two_sided", width=12, dimension=8, outputs=8, gate="sigmoid", bias=False
)


def architecture(name: str) -> Architecture:
    return next(a for a in ARCHITECTURES if a.name == name)


def moved(model: nn.Module) -> nn.Module:
    """A model with random numbers added to all it has, so that no start is left."""
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model


def converted(transformers, name: str = "LlamaForCausalLM") -> nn.Module:
    model = built(architecture(name), transformers)
    replace_feedforward(model, family_of=to_mixture)
    return moved(model).eval()


def own_classes(transformers) -> tuple[type, type]:
    """Configuration and model of a user who builds on ``PreTrainedModel``."""

    class OwnConfig(transformers.PreTrainedConfig):
        model_type = "own"

        def __init__(self, family=None, dimension=8, **options):
            self.family = family
            self.dimension = dimension
            super().__init__(**options)

    class OwnModel(transformers.PreTrainedModel):
        config_class = OwnConfig

        def __init__(self, config):
            super().__init__(config)
            self.before = nn.Linear(config.dimension, config.dimension)
            family = Family.from_json(config.family, dimension=config.dimension)
            self.feed_forward = FeedForward(family)
            self.post_init()

        def _init_weights(self, module):
            if isinstance(module, FeedForward):
                module.reset_parameters()
            else:
                super()._init_weights(module)

        def forward(self, x):
            return self.feed_forward(self.before(x))

    return OwnConfig, OwnModel
