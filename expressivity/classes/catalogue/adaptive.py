"""Neurons with parameters of their own, and maxout; the records name the papers."""

from collections.abc import Mapping

from expressivity.classes.catalogue.factory import FamilyFactory, family_of

_NEURONS = {
    "prelu": "prelu",
    "prelu-shared": "prelu_shared",
    "swish-beta": "swish",
    "snake": "snake",
    "xielu": "xielu",
    "apl": "apl",
    "pau": "pau",
    "maxout-2": "maxout2",
    "maxout-3": "maxout3",
}

FAMILIES: Mapping[str, FamilyFactory] = {
    name: family_of("fixed", neuron) for name, neuron in _NEURONS.items()
}
