"""The record of a neuron, and what follows from its expression alone."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sympy as sp
from torch import Tensor

from expressivity.symbolic.interpret import TORCH, compiled
from expressivity.symbolic.piecewise import by_conditions

MAX_MAPS = 8
MAPS: tuple[sp.Symbol, ...] = tuple(sp.Symbol(f"z{i + 1}", real=True) for i in range(MAX_MAPS))
"""The affine maps z1, z2, ... of x, as they stand in a record's expression."""
MIXTURES: tuple[sp.Symbol, ...] = tuple(sp.Symbol(f"s{i + 1}", real=True) for i in range(MAX_MAPS))
"""The mixtures s1, s2, ... of activations, as they stand in a record's expression."""


def parameter_symbol(name: str) -> sp.Symbol:
    """A parameter of a neuron, as it stands in a record's expression."""
    return sp.Symbol(name, real=True)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A number that a neuron learns and that it is not linear in.

    Attributes:
        name: its symbol is ``parameter_symbol(name)``.
        initial: where a layer starts it.
        spread: random starts of a fit are uniform between these.
    """

    name: str
    initial: float
    spread: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Partials:
    """A neuron's value and its partial derivatives; the numbers 0 and 1 stand for themselves.

    Attributes:
        value: of the neuron.
        maps, mixtures, parameters: derivatives by each of them, the others held.
    """

    value: Tensor
    maps: tuple[Tensor | int, ...]
    mixtures: tuple[Tensor | int, ...]
    parameters: tuple[Tensor | int, ...]


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One factor of a neuron: a mixture of activations, or an affine map itself.

    Attributes:
        mixture: which mixture, counted from 0; None for a map.
        maps: those that the mixture looks at, or the map.
    """

    mixture: int | None
    maps: tuple[int, ...]


TorchForm = Callable[[Sequence[Tensor], Sequence[Tensor], Sequence[Tensor]], Partials]
"""(maps, mixtures, parameters), broadcast against each other, to value and derivatives."""


@dataclass(frozen=True, kw_only=True)
class Neuron:
    """What one neuron computes of its affine maps z_i = w_i.x + b_i.

    Attributes:
        name: the ``form`` of commands and files.
        title: the neuron as one line of text.
        latex: the same for LaTeX.
        maps: number r of affine maps.
        mixtures: for each coefficient vector the maps that its activations look at: one map for
            sum_k c_k s_k(z_i), two for sum_kl c_kl s_k(z_i) s_l(z_j).
        expression: the neuron in ``MAPS[:maps]``, ``MIXTURES[:len(mixtures)]`` and its
            parameters. Abs, sign, Max and Min are kept as Piecewise.
        parameters: of each neuron, or of the layer.
        shared: whether all neurons of a layer share the parameters.
        torch_form: value and derivatives in torch, elementwise; at a kink a derivative is the
            one at the side where the condition fails. None: derived from the expression.
        source: where the neuron comes from.
        label: what prose calls it; by default the name with hyphens.
    """

    name: str
    title: str
    latex: str
    maps: int
    expression: sp.Expr
    mixtures: tuple[tuple[int, ...], ...] = ()
    parameters: tuple[Parameter, ...] = ()
    shared: bool = False
    torch_form: TorchForm | None = None
    source: str = ""
    label: str = ""

    def __post_init__(self) -> None:
        expression: Any = self.expression
        if isinstance(expression, sp.Expr):
            object.__setattr__(self, "expression", by_conditions(expression))
        if not self.label:
            object.__setattr__(self, "label", self.name.replace("_", "-"))

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The symbols of the expression: maps, mixtures, parameters."""
        own = tuple(parameter_symbol(parameter.name) for parameter in self.parameters)
        return MAPS[: self.maps] + MIXTURES[: len(self.mixtures)] + own

    @property
    def partials(self) -> TorchForm:
        """Value and derivatives in torch: the record's own form, or the derived one."""
        return self.torch_form or derived_form(self)

    @property
    def slopes(self) -> TorchForm:
        """Derivatives as ``partials`` gives them; a map may stand in for the value.

        For backward passes: a compiler that sees the value there keeps what it is made of.
        """
        return self.torch_form or derived_form(self, valued=False)

    def __call__(
        self,
        maps: Sequence[sp.Expr],
        mixtures: Sequence[sp.Expr] = (),
        parameters: Sequence[sp.Expr] = (),
    ) -> sp.Expr:
        """The symbolic value.

        >>> from expressivity.classes.neurons import NEURONS
        >>> NEURONS["one_sided"](MAPS[:2], [sp.tanh(MAPS[0])])
        z2*tanh(z1)
        """
        values = (*maps, *mixtures, *parameters)
        named: Any = dict(zip(self.symbols, values, strict=True))
        # On one side: sympy loops for ever over x1/2 - x2 <= -2*x1 + x2 + 1 in a Piecewise.
        relations: set[Any] = self.expression.atoms(sp.Rel)
        for relation in relations:
            level: Any = relation.lhs - relation.rhs
            named[relation] = relation.func(sp.expand(level.xreplace(named)), 0)
        return cast(sp.Expr, self.expression.xreplace(named))

    def vanishes_without(self, side: int) -> bool:
        """Whether the neuron is certainly 0 where this mixture is."""
        return self.expression.subs(MIXTURES[side], 0) == 0

    @property
    def factors(self) -> tuple[Factor, ...] | None:
        """The neuron as a product of different mixtures and maps, or None where it is none.

        Mixtures come first, in their order. Every map and every mixture occurs, and no map twice.

        >>> from expressivity.classes.neurons import NEURONS
        >>> for factor in NEURONS["one_sided"].factors:
        ...     print(factor)
        Factor(mixture=0, maps=(0,))
        Factor(mixture=None, maps=(1,))
        """
        product = set(sp.Mul.make_args(self.expression))
        mixed = MIXTURES[: len(self.mixtures)]
        plain = tuple(i for i in range(self.maps) if MAPS[i] in product)
        if product != {*mixed, *(MAPS[i] for i in plain)} or self.parameters:
            return None
        looked_at = [i for maps in self.mixtures for i in maps]
        if sorted([*looked_at, *plain]) != list(range(self.maps)):
            return None
        return (
            *(Factor(mixture=i, maps=maps) for i, maps in enumerate(self.mixtures)),
            *(Factor(mixture=None, maps=(i,)) for i in plain),
        )

    @property
    def slopes_depend_on(self) -> tuple[bool, ...]:
        """For each mixture whether some derivative of the neuron depends on it.

        >>> from expressivity.classes.neurons import NEURONS
        >>> [NEURONS[form].slopes_depend_on for form in ("type1", "one_sided", "two_sided")]
        [(False,), (True,), (True, True)]
        """
        slopes = [sp.diff(self.expression, symbol) for symbol in self.symbols]
        found = {symbol for slope in slopes for symbol in slope.free_symbols}
        return tuple(mixture in found for mixture in MIXTURES[: len(self.mixtures)])

    @property
    def products(self) -> int:
        """Multiplications that the expression writes: what it costs beside maps and mixtures.

        A part that it writes several times counts once; a change of sign is none.

        >>> from expressivity.classes.neurons import NEURONS
        >>> [NEURONS[form].products for form in ("type1", "one_sided", "two_sided", "quadratic")]
        [0, 1, 1, 0]
        """
        nodes: set[Any] = set(sp.preorder_traversal(self.expression))
        count = sum(sum(arg != -1 for arg in node.args) - 1 for node in nodes if node.is_Mul)
        powers = [abs(node.exp) for node in nodes if node.is_Pow and node.exp.is_Integer]
        return count + sum(max(int(power) - 1, 0) for power in powers)

    def __reduce__(self) -> tuple[Any, ...]:
        # The record holds functions, which cannot be pickled; its name can.
        return _registered, (self.name,)


def _registered(name: str) -> Neuron:
    from expressivity.classes.neurons.registry import NEURONS

    return NEURONS[name]


@functools.lru_cache(maxsize=256)
def derived_form(neuron: Neuron, *, valued: bool = True) -> TorchForm:
    """Value (else the first map in its place) and partial derivatives, from the expression.

    >>> import torch
    >>> from expressivity.classes.neurons import NEURONS
    >>> y, s = torch.tensor([3.0]), torch.tensor([2.0])
    >>> found = derived_form(NEURONS["one_sided"])([s, y], [s], [])
    >>> found.value.item(), found.maps[0], found.maps[1].item(), found.mixtures[0].item()
    (6.0, 0, 2.0, 3.0)
    """
    symbols = neuron.symbols
    ends = (neuron.maps, neuron.maps + len(neuron.mixtures), len(symbols))
    value = _tensor_function(neuron.expression, symbols)
    slopes = [_tensor_function(sp.diff(neuron.expression, symbol), symbols) for symbol in symbols]

    def form(
        maps: Sequence[Tensor], mixtures: Sequence[Tensor], parameters: Sequence[Tensor]
    ) -> Partials:
        values = (*maps, *mixtures, *parameters)
        partial = [slope if isinstance(slope, int) else slope(*values) for slope in slopes]
        assert not isinstance(value, int)
        return Partials(
            value=value(*values) if valued else maps[0],
            maps=tuple(partial[: ends[0]]),
            mixtures=tuple(partial[ends[0] : ends[1]]),
            parameters=tuple(partial[ends[1] : ends[2]]),
        )

    return form


def _tensor_function(
    expression: sp.Expr, symbols: Sequence[sp.Symbol]
) -> Callable[..., Tensor] | int:
    if expression in (sp.S.Zero, sp.S.One):
        return int(expression)
    run = compiled(expression, symbols, TORCH)
    if expression.free_symbols:
        return run

    def constant(*values: Tensor) -> Tensor:
        return values[0] * 0 + run(*values)

    return constant
