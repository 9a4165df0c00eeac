"""How an atlas searches for a target that separates two classes: by ``discover``."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from expressivity.classes.families import Family
from expressivity.relations.atlas_units import Found, Search

_DISCOVER = "expressivity.relations.discover"


def search_in_use() -> Search | None:
    """The search, or None where this version has none."""
    return by_discovery if find_spec(_DISCOVER) else None


def by_discovery(
    larger: Family, smaller: Family, *, dimensions: Sequence[int], budget: int
) -> Found | None:
    """The simplest network of a class that is proved not to be in the other, or None."""
    discover = cast(Search, import_module(_DISCOVER).discover)
    return discover(larger, smaller, dimensions=dimensions, budget=budget)
