"""Plain layers with one fixed activation, beside those of ``paper.py``."""

from collections.abc import Mapping

from expressivity.classes.catalogue.factory import FamilyFactory, family_of

FAMILIES: Mapping[str, FamilyFactory] = {
    name.replace("_", "-"): family_of("fixed", dictionary=(name,))
    for name in ("elu", "selu", "mish", "softplus", "gelu", "leaky_relu")
}
