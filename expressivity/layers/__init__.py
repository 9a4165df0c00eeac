"""Feed-forward layers of every family, for models: see docs/layers.md."""

from expressivity.layers.conversion import convert
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.hugging_face import replace_feedforward
from expressivity.layers.initialisation import Initialisation, Match, Mixture

__all__ = [
    "FeedForward",
    "Initialisation",
    "Match",
    "Mixture",
    "convert",
    "replace_feedforward",
]
