"""The registry of neurons, with the records of this package."""

from expressivity.classes.neurons import (
    apl,
    maxout,
    one_sided,
    pau,
    prelu,
    quadratic,
    snake,
    swish,
    two_sided,
    type1,
    xielu,
)
from expressivity.classes.neurons.record import Neuron
from expressivity.classes.neurons.soundness import require_sound
from expressivity.registry import Registry

_PAPER = (type1.NEURON, one_sided.NEURON, two_sided.NEURON, quadratic.NEURON)

NEURONS: Registry[Neuron] = Registry("form", group="expressivity.neurons", check=require_sound)
for _record in (
    *_PAPER,
    maxout.MAXOUT2,
    maxout.MAXOUT3,
    swish.NEURON,
    snake.NEURON,
    xielu.NEURON,
    prelu.PRELU,
    prelu.PRELU_SHARED,
    apl.NEURON,
    pau.NEURON,
):
    NEURONS.add(_record.name, _record, tested=True)

FORMS: tuple[str, ...] = tuple(record.name for record in _PAPER)
"""The neurons of arXiv:2605.26647."""
