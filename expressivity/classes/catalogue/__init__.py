"""Classes by name: a cluster a file, each a mapping from names to factories."""

from expressivity.classes.catalogue.factory import FamilyFactory, family_of
from expressivity.classes.catalogue.registry import (
    FAMILIES,
    FURTHER,
    family_named,
    require_factory,
)

__all__ = ["FAMILIES", "FURTHER", "FamilyFactory", "family_named", "family_of", "require_factory"]
