"""Properties that a class has and a target may lack: one file each.

An obstruction takes a target and a family and returns a reason why the target is no network of
the family, or None where it does not apply. All reasons are exact; None decides nothing.
"""

from collections.abc import Callable

from expressivity.families import Family
from expressivity.obstructions.jump_amplitude import jump_amplitude_obstruction
from expressivity.obstructions.pole_order import pole_order_obstruction
from expressivity.obstructions.sign_definite import sign_definite_obstruction
from expressivity.obstructions.smoothness import smoothness_obstruction
from expressivity.targets import Target

Obstruction = Callable[[Target, Family], str | None]

OBSTRUCTIONS: tuple[Obstruction, ...] = (
    smoothness_obstruction,
    jump_amplitude_obstruction,
    pole_order_obstruction,
    sign_definite_obstruction,
)
"""In the order in which they are tried, cheapest first."""

__all__ = [
    "OBSTRUCTIONS",
    "Obstruction",
    "jump_amplitude_obstruction",
    "pole_order_obstruction",
    "sign_definite_obstruction",
    "smoothness_obstruction",
]
