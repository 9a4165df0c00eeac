"""Neurons of other records, for tests: registered while a test runs."""

from collections.abc import Iterator
from contextlib import contextmanager

import sympy as sp

from expressivity.classes.neurons import MAPS, NEURONS, Neuron, Parameter, parameter_symbol

_Z, _Y = MAPS[:2]


def _record(name: str, expression: sp.Expr, *, maps: int = 1, start: float | None = None) -> Neuron:
    own = () if start is None else (Parameter(name="p", initial=start, spread=(0.1, 2.0)),)
    return Neuron(
        name=name, title=name, latex=name, maps=maps, expression=expression, parameters=own
    )


_P = parameter_symbol("p")
RECORDS = tuple(
    _record(f"test_{name}", expression, maps=maps, start=start)
    for name, expression, maps, start in (
        ("maxout2", sp.Max(_Z, _Y), 2, None),
        ("maxout3", sp.Max(*MAPS[:3]), 3, None),
        ("prelu", sp.Piecewise((_Z, _Z > 0), (_P * _Z, True)), 1, 0.25),
        ("swish", _Z / (1 + sp.exp(-_P * _Z)), 1, 1.0),
        ("snake", _Z + sp.sin(_P * _Z) ** 2 / _P, 1, 1.0),
        ("bilinear", _Z * _Y, 2, None),
    )
)


@contextmanager
def registered(*records: Neuron) -> Iterator[None]:
    """The records have their names as long as this lasts."""
    for record in records:
        NEURONS.add(record.name, record)
    try:
        yield
    finally:
        for record in records:
            NEURONS._entries.pop(record.name)
