"""The registry of neurons, with the records of this package."""

from expressivity.classes.neurons import one_sided, quadratic, two_sided, type1
from expressivity.classes.neurons.record import Neuron
from expressivity.classes.neurons.soundness import require_sound
from expressivity.registry import Registry

NEURONS: Registry[Neuron] = Registry("form", group="expressivity.neurons", check=require_sound)
for _record in (type1.NEURON, one_sided.NEURON, two_sided.NEURON, quadratic.NEURON):
    NEURONS.add(_record.name, _record, tested=True)

FORMS: tuple[str, ...] = tuple(NEURONS)
