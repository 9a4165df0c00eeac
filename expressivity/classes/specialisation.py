"""Which neurons another neuron becomes when some of its activations are id.

L(z) R(y) with R = id is L(z) y, and a mixture of products holds every product of two mixtures:
docs/theory.md, section 2. Everything is read from the records.
"""

from expressivity.classes.kinds import Kind, kinds_of
from expressivity.classes.neurons import NEURONS, Neuron

Specialisation = tuple[tuple[int | None, ...], ...]
"""For each mixture of the general neuron the factors whose product it becomes, one or two:
numbers of mixtures of the special neuron, and None for an affine map, the mixture id."""


def specialisation(general: Neuron, special: Neuron) -> Specialisation | None:
    """How one neuron becomes another, or None where its record does not show that it does.

    >>> specialisation(NEURONS["two_sided"], NEURONS["one_sided"])
    ((0,), (None,))
    >>> specialisation(NEURONS["quadratic"], NEURONS["two_sided"])
    ((0, 1),)
    >>> specialisation(NEURONS["one_sided"], NEURONS["two_sided"]) is None
    True
    """
    if _equal(general, special):
        return tuple((k,) for k in range(len(general.mixtures)))
    if general.factors is None or special.factors is None:
        return None
    held = {factor.maps: factor.mixture for factor in special.factors}
    found: list[tuple[int | None, ...]] = []
    for factor in general.factors:
        places = [factor.maps] if factor.maps in held else [(i,) for i in factor.maps]
        if not all(place in held for place in places):
            return None
        parts = tuple(held[place] for place in places)
        if factor.mixture is not None:
            found.append(parts)
        elif parts != (None,):
            return None
    return tuple(found) if general.maps == special.maps else None


def fixed_form(form: str) -> str | None:
    """The form of the fixed layer that a form is compared with, or None.

    Its own where it exists with one activation or without any, else the first that it becomes.

    >>> [fixed_form(form) for form in ("type1", "one_sided", "two_sided", "quadratic")]
    ['type1', 'one_sided', 'one_sided', 'one_sided']
    """
    for name in (form, *NEURONS):
        record = NEURONS[name]
        if Kind.FIXED in kinds_of(record) and specialisation(NEURONS[form], record) is not None:
            return name
    return None


def _equal(general: Neuron, special: Neuron) -> bool:
    """Whether records differ in nothing but names and who shares the parameters."""
    shared = ("maps", "mixtures", "expression", "parameters")
    same = all(getattr(general, name) == getattr(special, name) for name in shared)
    return same and (special.shared or not general.shared)
