"""Neurons that no one would publish, and some that are: each breaks a rule one might assume."""

import contextlib
from collections.abc import Iterator
from typing import Any

import sympy as sp
from odd_plugins import registered

from expressivity.classes.neurons import MAPS, MIXTURES, NEURONS, Neuron, Parameter
from expressivity.classes.neurons import parameter_symbol as p

Z1, Z2, Z3 = MAPS[:3]
S1, S2 = MIXTURES[:2]


def neuron(
    name: str, expression: Any, *, maps: int = 1, mixtures: Any = (), own: str = ""
) -> Neuron:
    """A record with parameters by their names, separated by spaces."""
    return Neuron(
        name=name,
        title=name,
        latex=name,
        maps=maps,
        mixtures=mixtures,
        expression=sp.sympify(expression),
        parameters=tuple(
            Parameter(name=each, initial=0.5, spread=(0.25, 2.0)) for each in own.split()
        ),
    )


_ONE = ((0,),)

ODD: dict[str, Neuron] = {
    record.name: record
    for record in (
        neuron("maximum2", sp.Max(Z1, Z2), maps=2),
        neuron("maximum3", sp.Max(Z1, Z2, Z3), maps=3),
        neuron("slopes", sp.Piecewise((Z1, Z1 > 0), (p("t") * Z1, True)), own="t"),
        neuron("sine", Z1 + sp.sin(p("y") * Z1) ** 2 / p("y"), own="y"),
        neuron("level", sp.Max(0, Z1) + p("c") * sp.Max(0, p("b") - Z1), own="c b"),
        neuron("switch", sp.Piecewise((Z1, p("q") > 1), (sp.Abs(Z1), True)), own="q"),
        neuron("scaled", p("s") * S1, mixtures=_ONE, own="s"),
        neuron("residual", S1 + Z1, mixtures=_ONE),
        neuron("side_branch", S1 + sp.Abs(Z2), maps=2, mixtures=_ONE),
        neuron("own_gate", S1 * Z1, mixtures=_ONE),
        neuron("kink_gate", S1 * sp.Abs(Z2), maps=2, mixtures=_ONE),
        neuron("square_gate", S1 * Z2**2, maps=2, mixtures=_ONE),
        neuron("shifted_gate", S1 * (1 + Z2), maps=2, mixtures=_ONE),
        neuron("chosen", sp.Piecewise((S1, Z1 > 0), (0, True)), mixtures=_ONE),
        neuron("chosen_by_other", sp.Piecewise((S1, Z2 > 0), (0, True)), maps=2, mixtures=_ONE),
        neuron("same_map_twice", S1 * S2, mixtures=((0,), (0,))),
        neuron("product_and_one", S1 * S2 + S1, maps=2, mixtures=((0,), (1,))),
        neuron("product_and_map", S1 * S2 * Z3, maps=3, mixtures=((0,), (1,))),
        neuron("bilinear", Z1 * Z2, maps=2),
        neuron("gated_by_kink", sp.Max(Z1, 0) * Z2, maps=2),
    )
}


@contextlib.contextmanager
def odd_neurons() -> Iterator[dict[str, Neuron]]:
    """All of them, through the checks of registration, while the block runs."""
    with contextlib.ExitStack() as stack:
        for record in ODD.values():
            stack.enter_context(registered(NEURONS, record))
        yield ODD
