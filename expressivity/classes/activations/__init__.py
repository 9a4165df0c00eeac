"""Activations: one frozen record each."""

from expressivity.classes.activations.record import Activation, stack_dictionary
from expressivity.classes.activations.registry import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.activations.soundness import require_sound

__all__ = ["ACTIVATIONS", "FULL_DICTIONARY", "Activation", "require_sound", "stack_dictionary"]
