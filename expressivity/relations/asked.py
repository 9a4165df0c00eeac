"""The question that two classes ask: what is in the one, and not in the other."""

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.relations.discover import BUDGET, Question
from expressivity.relations.sides import common_dimensions, side


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
        ValueError: as :func:`sides.side`, :func:`sides.common_dimensions` and :class:`Question`.

    >>> question("la", "fixed").dimensions
    (1, 2, 3)
    """
    one, two = (side(each, GateSpec(name=gate), dimension) for each in (larger, smaller))
    common = common_dimensions(one, two)
    return Question(
        larger=one.families[common[0]],
        smaller=two.families[common[0]],
        dimensions=common if dimension is None else (dimension,),
        budget=budget,
    )
