"""A layer's outputs by coefficient: it is their sum, each times its coefficient.

Shape letters: T tokens, D inputs, G groups, M neurons of one group, C coefficients (products of
one of each side) of one group, O outputs.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.neurons import Neuron
from expressivity.layers.feed_forward import FeedForward


def sizes(record: Neuron, dictionary: Sequence[str]) -> list[int]:
    """Coefficients of each side.

    >>> from expressivity.classes.neurons import NEURONS
    >>> [sizes(NEURONS[form], ("relu", "id")) for form in ("type1", "two_sided", "quadratic")]
    [[2], [2, 2], [4]]
    """
    return [len(dictionary) ** len(maps) for maps in record.mixtures]


def columns(layer: FeedForward, record: Neuron, dictionary: Sequence[str], x_TD: Tensor) -> Tensor:
    """What neurons of a record give with a layer's maps, for every single activation or product.

    Args:
        layer: whose maps w, v, .., a, parameters and groups they are.
        record: the layer's own or another with as many maps; no more than a product of its
            mixtures and maps, else its values do not sum up to the layer.
        dictionary: the activations.
        x_TD: the inputs.

    Returns:
        Outputs of each group alone, T x G x C x O, the product of the last side running fastest.
    """
    groups = layer.family.group_count
    maps_TGM = [linear(x_TD).unflatten(-1, (groups, -1)) for linear in layer.maps]
    own: list[Tensor] = []
    if layer.p is not None:
        own = list(layer.p.mT if record.shared else layer.p.mT.unflatten(-1, (groups, -1)))
    looked_at = {i for maps in record.mixtures for i in maps}
    activated = {
        i: [ACTIVATIONS[name].value_and_derivative(maps_TGM[i])[0] for name in dictionary]
        for i in looked_at
    }
    by_side = [
        [
            torch.stack(factors).prod(0)
            for factors in itertools.product(*(activated[i] for i in maps))
        ]
        for maps in record.mixtures
    ]
    a_OGM = layer.a.weight.unflatten(-1, (groups, -1))
    outputs = [
        torch.einsum("tgm,ogm->tgo", record.partials(maps_TGM, mixtures, own).value, a_OGM)
        for mixtures in itertools.product(*by_side)
    ]
    return torch.stack(outputs, 2)
