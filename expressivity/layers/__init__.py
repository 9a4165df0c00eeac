"""Feed-forward layers of every family, for models: see docs/layers.md."""

from expressivity.layers.auditing import Distance, LayerAudit, audit
from expressivity.layers.conversion import convert
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.hugging_face import replace_feedforward
from expressivity.layers.initialisation import Initialisation, Match, Mixture
from expressivity.layers.optimising import param_groups
from expressivity.layers.pretrained import from_pretrained
from expressivity.layers.report import Replaced, Report
from expressivity.layers.saved import rebuild

__all__ = [
    "Distance",
    "FeedForward",
    "Initialisation",
    "LayerAudit",
    "Match",
    "Mixture",
    "Replaced",
    "Report",
    "audit",
    "convert",
    "from_pretrained",
    "param_groups",
    "rebuild",
    "replace_feedforward",
]
