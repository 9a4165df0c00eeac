"""Classes by name: a cluster a file, each a mapping from names to factories."""

from expressivity.classes.catalogue.factory import FamilyFactory, family_of
from expressivity.classes.catalogue.registry import FAMILIES, FURTHER, require_factory

__all__ = ["FAMILIES", "FURTHER", "FamilyFactory", "family_of", "require_factory"]
