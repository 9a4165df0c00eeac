"""sum_j a_j L(z_j) y_j: gated linear units, with one activation (GLU, ReGLU, SwiGLU) or mixed."""

from expressivity.classes.neurons.record import MAPS, MIXTURES, Neuron

NEURON = Neuron(
    name="one_sided",
    title="L(z) y",
    latex=r"\psi(z_j)\,y_j",
    maps=2,
    mixtures=((0,),),
    expression=MIXTURES[0] * MAPS[1],
    source="arXiv:2605.26647, Type-II; N. Shazeer, arXiv:2002.05202",
)
