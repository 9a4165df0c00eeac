"""How a layer comes by its coefficients, and in which of these ways a neuron exists."""

from enum import StrEnum

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.neurons import FORMS, NEURONS, Neuron


class Kind(StrEnum):
    """How a layer chooses its activation.

    >>> [(kind.prose, kind.mixes, kind.learned, kind.gated) for kind in Kind]
    [('fixed', False, False, False), ('LA', True, True, False), ('MoA', True, False, True)]
    """

    FIXED = "fixed"
    LA = "la"
    MOA = "moa"

    @property
    def prose(self) -> str:
        """As prose writes it."""
        return {Kind.FIXED: "fixed", Kind.LA: "LA", Kind.MOA: "MoA"}[self]

    @property
    def mixes(self) -> bool:
        """Whether there are coefficients."""
        return self is not Kind.FIXED

    @property
    def learned(self) -> bool:
        """Whether the coefficients are numbers, the same at every input."""
        return self is Kind.LA

    @property
    def gated(self) -> bool:
        """Whether the coefficients depend on the input."""
        return self is Kind.MOA

    @property
    def rank(self) -> int:
        """Its place in the hierarchy, smallest first."""
        return list(Kind).index(self)


class Constraint(StrEnum):
    """Where the coefficients of a learned activation may lie (M. Manessi, A. Rozza, 2018).

    ``free``: anywhere; ``affine``: their sum is 1; ``simplex``: they are not negative either.
    """

    FREE = "free"
    AFFINE = "affine"
    SIMPLEX = "simplex"


PER_NEURON = "neuron"
"""As many groups as neurons."""


def kinds_of(neuron: Neuron) -> tuple[Kind, ...]:
    """The kinds that a neuron exists in.

    >>> [str(kind) for kind in kinds_of(NEURONS["two_sided"])]
    ['la', 'moa']
    """
    if not neuron.mixtures:
        return (Kind.FIXED,)
    single = len(neuron.mixtures) == 1 and len(neuron.mixtures[0]) == 1
    return tuple(Kind) if single else (Kind.LA, Kind.MOA)


FIXED_FORMS = tuple(name for name in FORMS if Kind.FIXED in kinds_of(NEURONS[name]))


def default_dictionary(neuron: str) -> tuple[str, ...]:
    """The full dictionary; for products of two mixtures, the four activations T4 and T5 need.

    The 49 products of seven activations are nearly dependent on a bounded domain, and random
    starts then stop between 1e-6 and 1e-5.

    >>> default_dictionary("quadratic"), default_dictionary("type1") == FULL_DICTIONARY
    (('id', 'relu', 'silu', 'tanh'), True)
    """
    factors = sum(len(maps) for maps in NEURONS[neuron].mixtures)
    if factors == 0:
        return ()
    return FULL_DICTIONARY if factors == 1 else ("id", "relu", "silu", "tanh")
