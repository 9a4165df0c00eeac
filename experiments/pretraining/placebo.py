"""Gates that read another window: as many parameters as MoA, and nothing of its own input.

Shape letters: B windows, T positions, D coordinates.
"""

from torch import Tensor

from expressivity.classes.families import Family
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.initialisation import Initialisation
from expressivity.layers.neurons import Side


class ShiftedGates(FeedForward):
    """A gated layer on whole batches whose gates read the same position of another window.

    Args:
        family: of the layer; it has gates.
        shift: how many windows before its own, around the end of the batch.
        initialisation, device: see :class:`~expressivity.layers.FeedForward`.

    Raises:
        ValueError: a family without gates.
    """

    def __init__(
        self, family: Family, *, shift: int, initialisation: Initialisation, device: str
    ) -> None:
        if family.gate is None:
            raise ValueError(
                f"required: a family with gates for gates that read another window; got "
                f"{family.label}"
            )
        super().__init__(family, initialisation=initialisation, device=device)
        self.shift = shift

    def sides_at(self, x_TD: Tensor) -> list[Side]:
        """Gates of the inputs (B, T, D) of the windows before.

        >>> import torch
        >>> family = Family(neuron="type1", kind="moa", gate="tanh", width=8, dimension=4)
        >>> layer = ShiftedGates(family, shift=1, initialisation=Initialisation(), device="cpu")
        >>> x_BTD = torch.randn(3, 2, 4)
        >>> own, shifted = FeedForward.sides_at(layer, x_BTD)[0], layer.sides_at(x_BTD)[0]
        >>> bool((shifted.logits_TGC[1] == own.logits_TGC[0]).all())
        True
        """
        return super().sides_at(x_TD.roll(self.shift, 0))


def require_apart(windows: int, *, layers: int, shift: int) -> None:
    """Refuse batches in which a window comes back to its own gates by way of the others.

    The gates of layer n read what the windows up to n shifts before have left.

    Raises:
        ValueError: a batch that is too small.

    >>> require_apart(5, layers=4, shift=1)
    """
    if any(n * shift % windows == 0 for n in range(1, layers + 1)):
        raise ValueError(
            f"required: more windows in a batch than the {layers} layers whose gates read the one "
            f"{shift} before; got {windows}: choose a larger --batch or a smaller --accumulate"
        )
