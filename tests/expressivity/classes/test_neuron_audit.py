"""The audit of neurons, and of plug-ins that jump at 0.

Kinds: reference (every neuron of one map against ball arithmetic over the whole range), negative
(a torch form that jumps at 0, cancels or overflows is found).
"""

from dataclasses import replace

import pytest
import sympy as sp
import torch

from expressivity.classes.activations import Activation, require_sound
from expressivity.classes.audit import (
    DTYPES,
    THRESHOLD,
    Finding,
    Line,
    Reference,
    grid,
    on_a_line,
)
from expressivity.classes.neurons import NEURONS
from expressivity.classes.neurons.record import Neuron, Partials
from expressivity.classes.neurons.soundness import require_sound as require_sound_neuron
from expressivity.symbolic.symbols import Z

torch.set_num_threads(1)

ON_A_LINE = [name for name in NEURONS if on_a_line(NEURONS[name]) is not None]
ALPHA_P = ALPHA_N = sp.Rational(4, 5)
EPS = -1e-6  # of the public code


def audit(line: Activation, z: torch.Tensor) -> dict[str, Finding]:
    found = Reference.of(line, z).compare(line.value_and_derivative(z), mode="eager")
    return {finding.quantity: finding for finding in found}


def test_neurons_of_one_map_are_audited():
    assert ON_A_LINE == ["swish", "snake", "xielu", "prelu", "prelu_shared", "apl", "pau"]


@pytest.mark.parametrize("name", ON_A_LINE)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_torch_forms_agree_with_ball_arithmetic_over_the_whole_range(name, dtype):
    line = on_a_line(NEURONS[name])
    assert line is not None
    for finding in audit(line, grid(dtype, logarithmic=60, dense=241)).values():
        assert finding.not_enclosed == 0
        assert finding.worst <= THRESHOLD, finding


def public_xielu(z: torch.Tensor, alpha_p, alpha_n) -> tuple[torch.Tensor, torch.Tensor]:
    """As in the authors' published code: the exponential's argument is at most -1e-6."""
    clipped = torch.clamp(z, max=EPS)
    value = torch.where(
        z > 0, alpha_p * z * z + z / 2, (torch.expm1(clipped) - z) * alpha_n + z / 2
    )
    return value, torch.where(z > 0, 2 * alpha_p * z + 0.5, alpha_n * torch.expm1(z) + 0.5)


def test_a_jump_at_0_of_a_plugins_activation_is_found():
    left = ALPHA_N * (sp.exp(Z) - 1 - Z) + Z / 2
    plugin = Activation(
        name="my_xielu",
        title="xIELU",
        expression=sp.Piecewise((ALPHA_P * Z**2 + Z / 2, Z > 0), (left, True)),
        value_and_derivative=lambda z: public_xielu(z, 0.8, 0.8),
        kink=sp.Integer(0),
        piece_degree=None,
        homogeneous_degree=None,
        odd_span=None,
        even_span=None,
    )
    require_sound(plugin)  # registration looks away from 0, and lets a slip of 1e-6 pass
    found = audit(plugin, grid(torch.float64, logarithmic=60, dense=241))
    assert not found["value"].ok
    assert -1e-6 < found["value"].argument <= 0
    assert found["value"].worst > 1e15
    assert found["derivative"].ok


def test_a_jump_at_0_of_a_plugins_neuron_is_found():
    record = NEURONS["xielu"]

    def jumping(maps, mixtures, parameters) -> Partials:
        exact = record.partials(maps, mixtures, parameters)
        alpha_p, alpha_n = torch.log1p(parameters[0].exp()), 0.5 + torch.log1p(parameters[1].exp())
        return replace(exact, value=public_xielu(maps[0], alpha_p, alpha_n)[0])

    plugin = replace(record, name="my_xielu", torch_form=jumping)
    require_sound_neuron(plugin)
    line = on_a_line(plugin)
    assert line is not None
    found = audit(line, grid(torch.float64, logarithmic=60, dense=241))
    assert not found["value"].ok
    assert -1e-6 < found["value"].argument <= 0


def broken(name: str) -> Line:
    """The record without its hand-written form."""
    line = on_a_line(replace(NEURONS[name], torch_form=None))
    assert line is not None
    return line


@pytest.mark.parametrize("name", ["pau", "xielu"])
def test_derived_forms_that_cancel_or_overflow_are_found(name):
    found = audit(broken(name), grid(torch.float64, logarithmic=60, dense=241))
    assert not all(finding.ok for finding in found.values())


def test_a_neuron_of_two_maps_or_with_mixtures_is_no_line():
    record: Neuron = NEURONS["maxout2"]
    assert on_a_line(record) is None
    assert on_a_line(NEURONS["type1"]) is None
