"""The question that two names of classes ask."""

from expressivity.classes.catalogue import families_of
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.relations.discover import BUDGET, Question

DIMENSIONS = (1, 2, 3)
"""Tried in turn where none is asked for."""
_WIDTH = 2  # of no consequence; classes of two groups have no smaller one


def class_named(name: str, gate: str = "tanh") -> tuple[Family, ...]:
    """The class of a name of ``--family``: one family, or those whose union it is.

    ``la``, ``moa`` and ``fixed`` have the form type1, the default dictionary, and ``moa`` this
    gate with both switches on; ``fixed`` is the union over the dictionary. Width and dimension are
    of no consequence.

    Raises:
        ValueError: an unknown name, or a user's own module, whose neurons are not described.

    >>> [family.label for family in class_named("moa-softmax")]
    ['moa softmax type1 m=2']
    """
    return families_of(name, "type1", width=_WIDTH, dimension=1, gate=GateSpec(name=gate))


def question(
    larger: str | Family,
    smaller: str | Family,
    *,
    dimension: int | None = None,
    gate: str = "tanh",
    budget: int = BUDGET,
) -> Question:
    """The question of two classes by their names.

    Raises:
        ValueError: as :func:`class_named` and :class:`Question`, or a dimension below 1.

    >>> question("la", "fixed").dimensions
    (1, 2, 3)
    """
    if dimension is not None and dimension < 1:
        raise ValueError(f"required: a dimension of at least 1; got {dimension}")
    return Question(
        larger=(larger,) if isinstance(larger, Family) else class_named(larger, gate),
        smaller=(smaller,) if isinstance(smaller, Family) else class_named(smaller, gate),
        dimensions=DIMENSIONS if dimension is None else (dimension,),
        budget=budget,
    )
