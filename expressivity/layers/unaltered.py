"""Layers of ours that compute what their family and their parameters say, and nothing else."""

from torch import Tensor, nn

from expressivity.layers.blocks import UnreadableError, require_plain
from expressivity.layers.feed_forward import FeedForward


def require_unaltered(layer: nn.Module) -> None:
    """Refuse a layer whose parameters do not say what it computes, before they are copied.

    A class derived from ``FeedForward`` may compute anything; so may wrapped maps (LoRA),
    parametrised or quantised ones and hooks. Parameters may also stand elsewhere (``meta``).

    Raises:
        ValueError: what is in the way.

    >>> from expressivity.classes.families import Family
    >>> layer = FeedForward(Family(kind="la", neuron="type1", width=4, dimension=2, outputs=2))
    >>> require_unaltered(layer)
    >>> layer.a = nn.Linear(4, 2)
    >>> require_unaltered(layer)
    Traceback (most recent call last):
    ValueError: required: a layer that computes what its family says; got one with a.bias: merge ...
    """
    if not isinstance(layer, FeedForward):
        raise ValueError(
            f"required: a FeedForward; got {type(layer).__name__}: replace_feedforward takes "
            "blocks of other people's models"
        )
    problem = _problem(layer)
    if problem is not None:
        raise ValueError(
            f"required: a layer that computes what its family says; got one {problem}: merge or "
            "take off what was added to it, or take it as it was before"
        )


def _problem(layer: FeedForward) -> str | None:
    if type(layer) is not FeedForward:
        return f"of the derived class {type(layer).__name__}"
    try:
        require_plain(layer, [""])
    except UnreadableError as error:
        return str(error)
    like = FeedForward(layer.family, initialisation=None, device="meta")
    expected, found = _tensors(like), _tensors(layer)
    for name in sorted(found.keys() ^ expected.keys()):
        return f"{'with' if name in found else 'without'} {name}"
    for name, shape in expected.items():
        if found[name] != shape:
            return f"with {name} of shape {found[name]} for {shape}"
    for (name, part), own in zip(layer.named_modules(), like.modules(), strict=True):
        if type(part) is not type(own):
            return f"whose {name} is {type(part).__name__}"
    return None


def _tensors(layer: nn.Module) -> dict[str, tuple[int, ...]]:
    held: list[tuple[str, Tensor]] = [*layer.named_parameters(), *layer.named_buffers()]
    return {name: tuple(tensor.shape) for name, tensor in held}
