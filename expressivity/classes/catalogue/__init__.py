"""Classes by name: a cluster a file, each a mapping from names to factories."""

from expressivity.classes.catalogue.asked import (
    class_named,
    exists_in,
    families_of,
    in_order,
    is_kind,
    kind_of,
)
from expressivity.classes.catalogue.factory import FamilyFactory, family_of
from expressivity.classes.catalogue.registry import (
    FAMILIES,
    FURTHER,
    family_named,
    plain_neurons,
    require_factory,
    width_step,
)

__all__ = [
    "FAMILIES",
    "FURTHER",
    "FamilyFactory",
    "class_named",
    "exists_in",
    "families_of",
    "family_named",
    "family_of",
    "in_order",
    "is_kind",
    "kind_of",
    "plain_neurons",
    "require_factory",
    "width_step",
]
