"""Experts of a mixture that are packed into one tensor, as a list of blocks.

``transformers`` keeps the weights of all experts in two tensors. Unpacked, each expert is a module
of its own, which is read, replaced and compared like any other block. That the list computes what
the packed module does is checked by running both.

Shape letters: E experts, T tokens, K experts of a token, D inputs, M neurons.
"""

import copy
import inspect
import itertools
from typing import Any, cast

import torch
from torch import Tensor, nn

from expressivity.layers.agreement import LAYER_TOLERANCE, undisturbed
from expressivity.layers.blocks import UnreadableError, require_plain
from expressivity.layers.trial import copied

_PACKED = {"gate_up_proj", "down_proj"}


class Expert(nn.Module):
    """One expert: ``a(s(w(x)) * v(x))``."""

    def __init__(self, gate_up: Tensor, down: Tensor, activation: nn.Module, train: bool) -> None:
        super().__init__()
        w, v = gate_up.chunk(2)
        self.w, self.v, self.a = (_linear(weight, train) for weight in (w, v, down))
        self.activation = activation

    def __deepcopy__(self, memo: dict[int, Any]) -> "Expert":
        """With numbers of its own; torch would copy those of all experts, whose tensor it is."""
        gate_up = torch.cat([self.w.weight, self.v.weight])
        activation = copy.deepcopy(self.activation, memo)
        down, train = self.a.weight.clone(), self.a.weight.requires_grad
        return Expert(gate_up, down, activation, train).train(self.training)

    def forward(self, x_TD: Tensor) -> Tensor:
        """Outputs T x D."""
        return self.a(self.activation(self.w(x_TD)) * self.v(x_TD))


def _linear(weight: Tensor, train: bool) -> nn.Linear:
    """A linear map whose weight is a part of another tensor, not a copy."""
    outputs, inputs = weight.shape
    made = nn.Linear(inputs, outputs, bias=False, device="meta")
    made.weight = nn.Parameter(weight.detach(), requires_grad=train)
    return made


class Experts(nn.ModuleList):
    """Experts in a list, called as the packed module is."""

    def forward(self, x_TD: Tensor, index_TK: Tensor, weights_TK: Tensor) -> Tensor:
        """Sums over the experts of each token, times their weights, T x D.

        Args:
            x_TD: the tokens.
            index_TK: their experts; numbers that no expert has count as none.
            weights_TK: of their experts.
        """
        y_TD = torch.zeros_like(x_TD)
        for number, expert in enumerate(self):
            token, place = torch.where(index_TK == number)
            if len(token):
                value = expert(x_TD[token]) * weights_TK[token, place, None]
                y_TD.index_add_(0, token, value.to(y_TD.dtype))
        return y_TD


def unpacked(module: nn.Module) -> Experts | None:
    """The list of a packed module's experts, which share its numbers; None for other modules."""
    held = dict(module.named_parameters(recurse=False))
    activations = list(module.children())
    if set(held) != _PACKED or len(activations) != 1 or len(list(module.buffers())):
        return None
    up_EMD, down_EDM = (held[name] for name in ("gate_up_proj", "down_proj"))
    if up_EMD.ndim != 3 or down_EDM.ndim != 3:
        return None
    experts, outputs, inputs = up_EMD.shape
    if down_EDM.shape != (experts, inputs, outputs // 2) or outputs % 2:
        return None
    train = up_EMD.requires_grad or down_EDM.requires_grad
    pairs = zip(up_EMD.unbind(0), down_EDM.unbind(0), strict=True)
    made = [Expert(up, down, copied(activations[0]), train) for up, down in pairs]
    return Experts(made).train(module.training)


def unpack(module: nn.Module) -> Experts | None:
    """The same, compared with the module: in both modes, as it is and in float32.

    Raises:
        UnreadableError: what is in the way, or that they do not agree.
    """
    listed = unpacked(module)
    if listed is None:
        return None
    if len(inspect.signature(module.forward).parameters) != 3:
        raise UnreadableError("whose experts are not called with tokens, their experts and weights")
    require_plain(module, [""])
    up, down = (cast(nn.Parameter, getattr(module, name)) for name in ("gate_up_proj", "down_proj"))
    if (up.dtype, up.device, up.requires_grad) != (down.dtype, down.device, down.requires_grad):
        raise UnreadableError(
            "whose two tensors differ in dtype, device or whether they are trained"
        )
    # Not in float64, which grouped products of matrices do not know. What the list computes is
    # what its blocks do, and those are compared in float64 one by one.
    # In float32 also at tokens so large that a limit shows.
    cpu = torch.device("cpu")
    for dtype, device, sizes in (
        (up.dtype, up.device, 3),
        (torch.float32, cpu, 3),
        (torch.float32, cpu, 17),
    ):
        before, after = (copied(part).to(device, dtype) for part in (module, listed))
        problem = _difference(before, cast(Experts, after), len(listed), up.shape[2], sizes)
        if problem is not None:
            raise UnreadableError(f"that is no list of its experts: {problem}")
    return listed


def _difference(
    before: nn.Module, after: Experts, count: int, width: int, sizes: int
) -> str | None:
    """Where packed experts and a list of them differ, at tokens of sizes 2^-5 to 2^sizes."""
    first = cast(nn.Linear, cast(Any, after[0]).w).weight
    generator = torch.Generator("cpu").manual_seed(0)
    tokens, chosen = 8 * count, min(2, count)
    x_TD = torch.randn(tokens, width, generator=generator, device="cpu")
    z_TM = x_TD @ first.detach().to("cpu", torch.float32).mT
    size = z_TM.square().mean().sqrt().clamp(min=1e-6)
    x_TD *= torch.logspace(-5, sizes, tokens, base=2, device="cpu")[:, None] / size
    # Every expert gets tokens of all sizes; then one gets all tokens, which shows a capacity.
    index_TK = (torch.arange(tokens)[:, None] + torch.arange(chosen)) % count
    one_TK = torch.zeros(tokens, 1, dtype=torch.long, device="cpu")
    weights_TK = torch.rand(tokens, chosen, generator=generator, device="cpu")
    limit = LAYER_TOLERANCE[first.dtype]
    for training, taken_TK in itertools.product((True, False), (index_TK, one_TK)):
        given = (
            x_TD.to(first),
            taken_TK.to(first.device),
            weights_TK[:, : taken_TK.shape[1]].to(first),
        )
        try:
            with undisturbed(first.device):
                theirs, ours = (part.train(training)(*given) for part in (before, after))
        except Exception as error:  # noqa: BLE001 - of someone else's forward, whatever it does
            return f"it cannot be run alone ({type(error).__name__})"
        if not isinstance(theirs, Tensor) or theirs.shape != ours.shape:
            return "its outputs have another shape"
        if (theirs.dtype, theirs.requires_grad) != (ours.dtype, ours.requires_grad):
            return "its outputs have another dtype, or are cut from their gradients"
        largest_T1 = theirs.detach().abs().amax(-1, keepdim=True)
        if not bool(((ours - theirs).detach().abs() <= limit * largest_T1).all()):
            return f"outputs differ in {'training' if training else 'evaluation'} mode"
    return None
