"""Neurons: one frozen record each, and everything a layer does follows from it.

A record says how many affine maps z_1, ..., z_r a neuron has, which of them its mixtures of
activations look at, and what the neuron makes of the maps, the mixtures and its own parameters,
as one sympy expression (docs/theory.md, section 1). Values, derivatives, parameter counts,
weights, layers and the facts that obstructions and bounds rest on are read from the record.
"""

from expressivity.classes.neurons.record import (
    MAPS,
    MIXTURES,
    Factor,
    Neuron,
    Parameter,
    parameter_symbol,
)
from expressivity.classes.neurons.registry import FORMS, NEURONS

__all__ = [
    "FORMS",
    "MAPS",
    "MIXTURES",
    "NEURONS",
    "Factor",
    "Neuron",
    "Parameter",
    "parameter_symbol",
]
