"""Classes of arXiv:2605.26647: fixed, LA and MoA in its four forms."""

from collections.abc import Mapping

from expressivity.classes.catalogue.factory import FamilyFactory, family_of

FAMILIES: Mapping[str, FamilyFactory] = {
    **{name: family_of("fixed", dictionary=(name,)) for name in ("relu", "relu2", "silu", "tanh")},
    "la": family_of("la"),
    **{f"moa-{gate}": family_of("moa", gate=gate) for gate in ("sigmoid", "tanh", "softmax")},
    "glu-silu": family_of("fixed", "one_sided", dictionary=("silu",)),
    "la-one-sided": family_of("la", "one_sided"),
    "moa-one-sided": family_of("moa", "one_sided", gate="tanh"),
    "la-two-sided": family_of("la", "two_sided"),
    "moa-two-sided": family_of("moa", "two_sided", gate="tanh"),
    "la-quadratic": family_of("la", "quadratic"),
    "moa-quadratic": family_of("moa", "quadratic", gate="tanh"),
}
