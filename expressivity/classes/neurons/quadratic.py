"""sum_j a_j Q(z_j, y_j): one mixture of the products of two activations."""

from expressivity.classes.neurons.record import MIXTURES, Neuron

NEURON = Neuron(
    name="quadratic",
    title="Q(z, y)",
    latex=r"\Psi(z_j,y_j)",
    maps=2,
    mixtures=((0, 1),),
    expression=MIXTURES[0],
    source="arXiv:2605.26647, Type-II",
)
