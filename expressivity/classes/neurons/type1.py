"""sum_j a_j L(z_j): the plain layer, Type-I of arXiv:2605.26647."""

from expressivity.classes.neurons.record import MIXTURES, Neuron

NEURON = Neuron(
    name="type1",
    label="Type-I",
    title="L(z)",
    latex=r"\psi(z_j)",
    maps=1,
    mixtures=((0,),),
    expression=MIXTURES[0],
    source="arXiv:2605.26647, Type-I",
)
