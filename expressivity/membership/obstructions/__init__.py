"""Properties that a class has and a target may lack: one file each.

An obstruction takes a target and a family and returns a reason why the target is no network of
the family, or None where it does not apply. All reasons are exact; None decides nothing.
"""

from collections.abc import Callable

from expressivity.classes.families import Family
from expressivity.membership.obstructions.branch_points import branch_points_obstruction
from expressivity.membership.obstructions.fast_decay import fast_decay_obstruction
from expressivity.membership.obstructions.gate_lines import gate_lines_obstruction
from expressivity.membership.obstructions.growth import growth_obstruction
from expressivity.membership.obstructions.homogeneity import homogeneity_obstruction
from expressivity.membership.obstructions.jump_amplitude import jump_amplitude_obstruction
from expressivity.membership.obstructions.jump_powers import jump_powers_obstruction
from expressivity.membership.obstructions.parity import parity_obstruction
from expressivity.membership.obstructions.pole_order import pole_order_obstruction
from expressivity.membership.obstructions.rational import rational_obstruction
from expressivity.membership.obstructions.shared_amplitude import shared_amplitude_obstruction
from expressivity.membership.obstructions.sign_definite import sign_definite_obstruction
from expressivity.membership.obstructions.smoothness import smoothness_obstruction
from expressivity.membership.obstructions.tail_coefficients import tail_coefficients_obstruction
from expressivity.membership.obstructions.vanishing_order import vanishing_order_obstruction
from expressivity.targets.target import Target

Obstruction = Callable[[Target, Family], str | None]

OBSTRUCTIONS: tuple[Obstruction, ...] = (
    smoothness_obstruction,
    homogeneity_obstruction,
    parity_obstruction,
    jump_amplitude_obstruction,
    shared_amplitude_obstruction,
    gate_lines_obstruction,
    pole_order_obstruction,
    branch_points_obstruction,
    sign_definite_obstruction,
    vanishing_order_obstruction,
    jump_powers_obstruction,
    growth_obstruction,
    fast_decay_obstruction,
    tail_coefficients_obstruction,
    rational_obstruction,
)
"""In the order in which they are tried, cheapest first."""

__all__ = [
    "OBSTRUCTIONS",
    "Obstruction",
    "branch_points_obstruction",
    "fast_decay_obstruction",
    "gate_lines_obstruction",
    "growth_obstruction",
    "homogeneity_obstruction",
    "jump_amplitude_obstruction",
    "jump_powers_obstruction",
    "parity_obstruction",
    "pole_order_obstruction",
    "rational_obstruction",
    "shared_amplitude_obstruction",
    "sign_definite_obstruction",
    "smoothness_obstruction",
    "tail_coefficients_obstruction",
    "vanishing_order_obstruction",
]
