"""Is the expressivity of a trained model's layers used? One audit as a unit of work.

Shape letters: W windows, T positions, V tokens.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from experiments.pretraining.data import Corpus, Text, windows_in_order
from experiments.pretraining.model import Transformer
from experiments.pretraining.trained import TrainedModel
from expressivity.layers.auditing import GROUPS, LayerAudit, audit
from expressivity.layers.constant import freeze
from expressivity.layers.streamed import jackknife
from expressivity.runs.units import OnProgress, Outcome, Unit

_TEXTS_AT_A_TIME = 32


@dataclass(frozen=True, kw_only=True)
class AuditUnit(Unit):
    """Audit every layer of a model on windows of a text, and its loss without gates.

    Attributes:
        trained: the model.
        corpus: the text; the part at its end of which ``validation`` tells is looked at.
        windows: how many, evenly spread and side by side.
        device: where it runs; no part of the identity.
    """

    trained: TrainedModel
    corpus: Corpus
    windows: int
    device: str = "cpu"

    @property
    def identity(self) -> dict[str, object]:
        """See :class:`~expressivity.runs.units.Unit`."""
        return {
            "unit": "audit",
            "checkpoint": self.trained.sha256,
            "text": self.corpus.sha256,
            "part": self.corpus.validation,
            "windows": self.windows,
        }

    @property
    def label(self) -> str:
        """The file of the model."""
        return f"audit of {self.trained.file.name}"

    @property
    def parts(self) -> int:
        """A part is a window."""
        return self.windows

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """Audit the layers, then evaluate the model with and without gates."""
        model = self.trained.model().to(self.device).eval()
        _, tokens_N = self.corpus.tokens()
        inputs, targets = (
            part_WT.to(self.device)
            for part_WT in windows_in_order(tokens_N, self.windows, self.trained.config.context)
        )
        rows = min(_TEXTS_AT_A_TIME, -(-self.windows // GROUPS))
        batches = list(zip(inputs.split(rows), targets.split(rows), strict=True))

        def forward(inputs_WT: Tensor) -> None:
            model.logits(inputs_WT)
            if on_progress is not None:
                on_progress(len(inputs_WT))

        layers = audit(model, [inputs_WT for inputs_WT, _ in batches], forward)
        return Outcome(record=self._record(layers, _Losses(model, batches)))

    def _record(self, layers: Mapping[str, LayerAudit], losses: "_Losses") -> dict[str, object]:
        gated = {name: found for name, found in layers.items() if found.family.gate is not None}
        changes = {
            "frozen": {name: found.means for name, found in gated.items()},
            "replaced": {name: found.nearest for name, found in gated.items()},
        }
        return {
            "recipe": self.trained.name,
            "parameters": self.trained.config.parameter_count,
            "windows": self.windows,
            "context": self.trained.config.context,
            "held_out": self.corpus.sha256 == self.trained.text,
            "loss": losses.whole,
            **{key: losses.change(chosen) for key, chosen in changes.items()},
            "layers": {
                name: {
                    **_shown(found),
                    **{
                        key: losses.change({name: chosen[name]} if name in gated else {})
                        for key, chosen in changes.items()
                    },
                }
                for name, found in layers.items()
            },
        }


def planned(trained: TrainedModel, text: Text, *, windows: int, device: str) -> AuditUnit:
    """The audit of a model on a text, which is still to be joined into a file.

    Of the text that the model was trained on, the part held out is looked at; else all of it.

    Raises:
        ValueError: fewer than one window is asked for, the text is shorter than one, or the gates
            read other windows than their own.
    """
    if trained.config.gate_shift:
        raise ValueError(
            f"required: gates that read their own window; those of {trained.file} read another: "
            f"audit a model without gate_shift"
        )
    if windows < 1:
        raise ValueError(f"required: at least one window; got --windows {windows}")
    held_out = text.sha256 == trained.text
    part = trained.validation if held_out else 1.0
    size, context = round(part * text.size), trained.config.context
    if size <= context:
        where = "held out of the text that the model was trained on" if held_out else "of text"
        raise ValueError(
            f"required: more than {context} bytes, one window of the model; got {size} {where}: "
            f"choose a longer text for --data"
        )
    return AuditUnit(
        trained=trained,
        corpus=Corpus(path=Path(), sha256=text.sha256, validation=part),
        windows=min(windows, (size - 1) // context),
        device=device,
    )


class _Losses:
    """Losses of a model, and of copies of it, on the same windows, in float64.

    Coefficients of the nearest LA layer may be large and cancel where activations are nearly
    dependent: in float32 it would be another layer.

    Args:
        model: as it is.
        batches: inputs and targets.
    """

    def __init__(self, model: Transformer, batches: Sequence[tuple[Tensor, Tensor]]) -> None:
        self._model, self._batches = copy.deepcopy(model).double(), batches
        self._plain_W = self._of(self._model)
        self.whole: float = self._plain_W.mean().item()

    def change(self, constants: Mapping[str, Sequence[Tensor]]) -> dict[str, float | None] | None:
        """By the layers named having constant coefficients; None where none is named.

        The standard error is that of the mean of paired differences, by the jackknife over the
        same groups of windows as everything else.
        """
        if not constants:
            return None
        more_W = self._of(freeze(self._model, constants)) - self._plain_W
        sizes = [len(inputs) for inputs, _ in self._batches]
        groups = min(GROUPS, len(sizes))
        place = torch.arange(len(sizes)) * groups // len(sizes)
        group_W = place.repeat_interleave(torch.tensor(sizes))
        left_out = [more_W[group_W != group].mean().item() for group in range(groups)]
        error = jackknife(left_out) if groups > 1 else None
        return {"value": more_W.mean().item(), "standard_error": error}

    @torch.no_grad()
    def _of(self, model: Any) -> Tensor:
        """Mean cross-entropy of each window, nats per byte, on the CPU."""
        found = [
            F.cross_entropy(model.logits(inputs)[0].mT, targets, reduction="none").mean(1)
            for inputs, targets in self._batches
        ]
        return torch.cat(found).cpu()


def _shown(found: LayerAudit) -> dict[str, object]:
    """A layer's audit as JSON."""
    la = None
    if found.la is not None and found.relaxed is not None:
        la = {**asdict(found.la), "relaxed": asdict(found.relaxed), "optimal": found.optimal}
    fixed = found.fixed and {**asdict(found.fixed), "activation": found.activation}
    return {
        "class": found.family.class_label,
        "family": found.family.json(),
        "tokens": found.tokens,
        "nearest_la": la,
        "nearest_fixed": fixed,
        "coefficients": [side_C.tolist() for side_C in found.nearest],
        "sides": [asdict(side) for side in found.gates],
    }
