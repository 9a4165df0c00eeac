"""sum_j a_j L(z_j) R(y_j): a product of two mixtures."""

from expressivity.classes.neurons.record import MIXTURES, Neuron

NEURON = Neuron(
    name="two_sided",
    title="L(z) R(y)",
    latex=r"\psi(z_j)\,\varphi(y_j)",
    maps=2,
    mixtures=((0,), (1,)),
    expression=MIXTURES[0] * MIXTURES[1],
    source="arXiv:2605.26647, Type-II",
)
