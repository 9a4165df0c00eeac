"""Learned and gated classes of ``paper.py`` with coefficients for each neuron, or for each half.

D. N. Medeiros, "PolyGLU: state-conditional activation routing in transformer feed-forward
networks", 2026, arXiv:2603.13347, routes each neuron among activations by the input; the gates here
are those of arXiv:2605.26647. Two groups take even widths; other numbers of groups:
``family_of(.., groups=3)``.
"""

from collections.abc import Mapping

from expressivity.classes.catalogue.factory import FamilyFactory, family_of

FAMILIES: Mapping[str, FamilyFactory] = {
    "la-neuron": family_of("la", groups="neuron"),
    **{
        f"moa-{gate}-neuron": family_of("moa", gate=gate, groups="neuron")
        for gate in ("sigmoid", "tanh", "softmax")
    },
    **{
        f"moa-{gate}-2-groups": family_of("moa", gate=gate, groups=2)
        for gate in ("sigmoid", "tanh", "softmax")
    },
    "la-one-sided-neuron": family_of("la", "one_sided", groups="neuron"),
    "moa-one-sided-neuron": family_of("moa", "one_sided", gate="tanh", groups="neuron"),
    "la-two-sided-neuron": family_of("la", "two_sided", groups="neuron"),
    "moa-two-sided-neuron": family_of("moa", "two_sided", gate="tanh", groups="neuron"),
    "la-quadratic-neuron": family_of("la", "quadratic", groups="neuron"),
    "moa-quadratic-neuron": family_of("moa", "quadratic", gate="tanh", groups="neuron"),
}
