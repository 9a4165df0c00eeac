"""The shapes of neurons that linear algebra can recognise and inclusions map, read off factors.

A neuron of any name has one of them, or none; then nothing that rests on shapes applies to it.
"""

from enum import StrEnum

from expressivity.classes.neurons import Factor, Neuron


class Shape(StrEnum):
    """How often a neuron mixes activations, and of what: z and y are different affine maps."""

    MIXTURE = "psi(z)"
    GATED = "psi(z) y"
    PRODUCT = "psi(z) phi(y)"
    PAIRS = "sum_kl gamma_kl s_k(z) s_l(y)"


def shape_of(neuron: Neuron) -> Shape | None:
    """The shape of a neuron.

    >>> from expressivity.classes.neurons import NEURONS
    >>> print(shape_of(NEURONS["one_sided"]))
    psi(z) y
    """
    return _SHAPES.get(tuple(map(_size, neuron.factors or ())))


def map_places(neuron: Neuron) -> tuple[int, ...]:
    """Which maps of a neuron that has a shape are z and y.

    >>> from expressivity.classes.neurons import NEURONS
    >>> map_places(NEURONS["quadratic"])
    (0, 1)
    """
    return tuple(i for factor in neuron.factors or () for i in factor.maps)


def _size(factor: Factor) -> int:
    """How many activations its terms multiply; 0 for a map."""
    return 0 if factor.mixture is None else len(factor.maps)


_SHAPES: dict[tuple[int, ...], Shape] = {
    (1,): Shape.MIXTURE,
    (1, 0): Shape.GATED,
    (1, 1): Shape.PRODUCT,
    (2,): Shape.PAIRS,
}
