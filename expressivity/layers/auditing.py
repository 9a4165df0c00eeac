"""Is the expressivity of trained layers used? How far they are from LA and from fixed layers.

A layer with the maps w, v, .. and a computes sum_c c(x) B_c(x), where the columns B_c(x) are the
outputs of the layer with coefficient 1 for one activation (or one product of them) and 0 for the
others. An LA layer with the same maps has numbers in place of the c(x), so the nearest one is
found by least squares over tokens. With one mixture (type1, one_sided, quadratic) the problem is
linear and its solution exact. With two mixtures (two_sided) the numbers are products, and
``relaxed`` is what is left when they may be any: no LA layer with these maps is nearer.
(docs/layers.md)

Shape letters: T tokens, D inputs, G groups, M neurons of one group, O outputs, N rows: outputs of
tokens, C coefficients, F activations of a fixed layer.
"""

import copy
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from expressivity.classes.families import Family
from expressivity.classes.neurons import NEURONS, Neuron
from expressivity.classes.specialisation import fixed_form
from expressivity.layers.columns import columns, sizes
from expressivity.layers.feed_forward import FeedForward
from expressivity.layers.gate_statistics import GateStatistics, gate_statistics
from expressivity.layers.streamed import (
    Rows,
    alternate,
    jackknife,
    least_squares,
    nearest_product,
)
from expressivity.layers.unaltered import require_unaltered

GROUPS = 32
"""Of consecutive batches, which the standard errors leave out one after another."""
MOST_COEFFICIENTS = 512
_BLOCK = 2**21
"""Numbers in the tensors of one block of tokens: 16 MiB each."""
_SAME = 1e-9
"""Distances that differ by less are the same: relative to the layer's outputs."""


@dataclass(frozen=True, kw_only=True)
class Distance:
    """How far a layer is from another, in outputs over tokens.

    Attributes:
        value: root of the mean squared difference, over that of the layer's own outputs.
        standard_error: of the value, by the jackknife over groups of batches; None with one.
    """

    value: float
    standard_error: float | None


@dataclass(frozen=True, kw_only=True)
class LayerAudit:
    """What a layer was seen to do. Every number is numerical, in float64.

    Attributes:
        family: of the layer.
        tokens: that it got.
        la: to the nearest LA layer with the same maps that was found; None, like the next two,
            where all outputs are 0.
        relaxed: to the nearest one with any coefficients for products of activations; no LA
            layer is nearer. With one mixture it is ``la``.
        fixed: to the nearest fixed layer with the same maps, times any number; None too where
            the neuron has no fixed layer.
        activation: of that fixed layer; None without any.
        nearest: coefficients of that LA layer, one tensor a side, group after group.
        means: the layer's own coefficients, means over tokens.
        gates: statistics of its coefficients, one for each side; none of a fixed layer.
    """

    family: Family
    tokens: int
    la: Distance | None
    relaxed: Distance | None
    fixed: Distance | None
    activation: str | None
    nearest: tuple[Tensor, ...]
    means: tuple[Tensor, ...]
    gates: tuple[GateStatistics, ...]

    @property
    def optimal(self) -> bool | None:
        """Whether no LA layer with the same maps is nearer than ``la``; None: not known."""
        if self.la is None or self.relaxed is None:
            return None
        return True if self.la.value - self.relaxed.value <= _SAME else None


@torch.no_grad()
def audit(
    model: nn.Module,
    batches: Sequence[Any],
    run: Callable[[Any], object] | None = None,
) -> dict[str, LayerAudit]:
    """Audit every ``FeedForward`` of a model on the tokens that batches bring it.

    Layers are evaluated in float64 from their weights, on the device of their inputs; the model
    runs as it is. Outputs are not kept, only triangular factors of the size of the coefficients,
    and the coefficients themselves. A layer that gets no token is left out.

    Args:
        model: a model with layers of ours, or one layer.
        batches: inputs; at most 32 groups of consecutive ones are taken as independent for
            standard errors.
        run: called with each batch, which may then be anything; by default the model.

    Returns:
        Audits by the layers' names.

    Raises:
        ValueError: no batches; no layers of ours, or one that computes something else than its
            family (a derived class, wrapped maps, hooks); a neuron that is no product of its
            mixtures and maps; more than 512 coefficients; outputs that are not finite.

    >>> family = Family(kind="la", neuron="type1", width=8, dimension=4, outputs=4)
    >>> found = audit(FeedForward(family), [torch.randn(16, 4) for _ in range(4)])[""]
    >>> found.la.value < 1e-12, found.fixed.value > 1e-3
    (True, True)
    """
    if isinstance(batches, Tensor):
        raise ValueError("required: a list of batches; got one tensor: write [batch]")
    if not batches:
        raise ValueError("required: at least one batch of inputs; got none")
    observers = {name: _Observer(layer) for name, layer in _layers(model).items()}
    group = 0
    with watched(model, lambda name, layer, x: observers[name].see(group, x)):
        for number, batch in enumerate(batches):
            group = number * min(GROUPS, len(batches)) // len(batches)
            (run or model)(batch)
    return {name: observer.result() for name, observer in observers.items() if observer.tokens}


@contextmanager
def watched(model: nn.Module, see: Callable[[str, FeedForward, Tensor], None]) -> Generator[None]:
    """While the context is open, ``see`` gets every input of every layer of ours, by its name.

    Raises:
        ValueError: the model has none.
    """

    def hook_of(name: str) -> Callable[..., None]:
        def hook(layer: nn.Module, inputs: tuple[Tensor, ...], named: Mapping[str, Any]) -> None:
            assert isinstance(layer, FeedForward)
            see(name, layer, inputs[0] if inputs else named["x_TD"])

        return hook

    hooks = [
        layer.register_forward_pre_hook(hook_of(name), with_kwargs=True)
        for name, layer in _layers(model).items()
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _layers(model: nn.Module) -> dict[str, FeedForward]:
    found = {name: part for name, part in model.named_modules() if isinstance(part, FeedForward)}
    if not found:
        raise ValueError(
            f"required: a model with layers of expressivity.layers.FeedForward; got "
            f"{type(model).__name__} without any"
        )
    return found


class _Observer:
    """Takes in the tokens of one layer.

    The columns of its rows: C of LA, F of fixed layers, and last the layer's own outputs.
    """

    def __init__(self, layer: FeedForward) -> None:
        family, record = layer.family, layer.family.record
        if layer.soft_clamp is not None:
            raise ValueError(
                f"required: layers that are sums over their coefficients for an audit; got "
                f"soft_clamp {layer.soft_clamp}: set it to None on a copy of the model"
            )
        require_unaltered(layer)
        if record.mixtures and record.factors is None:
            raise ValueError(
                f"required: neurons that are products of their mixtures and maps for an audit; got "
                f"{family.neuron}"
            )
        self.layer = copy.deepcopy(layer).double()
        self.sizes = sizes(record, family.dictionary)
        self.count = family.group_count * math.prod(self.sizes)
        if self.count > MOST_COEFFICIENTS:
            raise ValueError(
                f"required: at most {MOST_COEFFICIENTS} coefficients (of products, of all groups) "
                f"for an audit; got {self.count} in {family.label}"
            )
        form = fixed_form(family.neuron)
        self.fixed = None if form is None else NEURONS[form]
        self.names = _activations(family, self.fixed)
        self.rows = Rows(self.count + len(self.names) + 1, GROUPS)
        self.coefficients: list[list[Tensor]] = [[] for _ in self.sizes if family.mixes]
        self.tokens = 0

    def see(self, group: int, x: Tensor) -> None:
        """Take in the inputs of one call."""
        family = self.layer.family
        x_TD = x.detach().reshape(-1, family.dimension).double()
        self.layer.to(x_TD.device)
        numbers = (self.count + len(self.names) + 1) * family.outputs
        numbers += 2 * max(self.sizes, default=1) * family.width
        with torch.autocast(x_TD.device.type, enabled=False):
            for part_TD in x_TD.split(max(1, _BLOCK // numbers)):
                self.rows.add(group, self._rows(part_TD))
                own = self.layer.coefficients(part_TD)
                for held, c_TC in zip(self.coefficients, own, strict=True):
                    held.append(c_TC.cpu())
        self.tokens += len(x_TD)

    def _rows(self, x_TD: Tensor) -> Tensor:
        family = self.layer.family
        la_TGCO = columns(self.layer, family.record, family.dictionary, x_TD)
        found = [la_TGCO.flatten(1, 2)]
        if self.fixed is not None:
            # One activation for all groups.
            found.append(columns(self.layer, self.fixed, family.dictionary, x_TD).sum(1))
        # Not ``layer(x)``: hooks of the model came along with the copy.
        found.append(self.layer.forward(x_TD)[:, None])
        return torch.cat(found, 1).mT.flatten(0, 1)

    def result(self) -> LayerAudit:
        """What the tokens so far say."""
        coefficients = [torch.cat(parts) for parts in self.coefficients]
        means = [c_TC.mean(0) for c_TC in coefficients]
        R, without = self.rows.factor(), self.rows.factors_without()
        groups = self.layer.family.group_count
        start = [mean_C.unflatten(0, (groups, -1)) for mean_C in means]
        nearest = nearest_product(*self._problem(R), self.sizes, [start] if start else [])

        def distance(residual: Callable[[Tensor], float]) -> Distance | None:
            length = _length(R)
            if length == 0:
                return None
            error = jackknife([residual(less) / (_length(less) or 1.0) for less in without])
            return Distance(value=residual(R) / length, standard_error=error)

        def to_la(R: Tensor) -> float:
            A_NC, b_N = self._problem(R)
            A_NGx = A_NC.unflatten(1, (groups, *self.sizes))
            return alternate(A_NGx, b_N, nearest.sides).residual

        relaxed = distance(lambda R: least_squares(*self._problem(R))[0])
        return LayerAudit(
            family=self.layer.family,
            tokens=self.tokens,
            la=relaxed if len(self.sizes) < 2 else distance(to_la),
            relaxed=relaxed,
            fixed=distance(lambda R: min(self._to_fixed(R))) if self.names else None,
            activation=self._nearest_activation(R),
            nearest=tuple(side_GC.flatten() for side_GC in nearest.sides),
            means=tuple(means),
            gates=tuple(map(gate_statistics, coefficients)),
        )

    def _problem(self, R: Tensor) -> tuple[Tensor, Tensor]:
        return R[:, : self.count], R[:, -1]

    def _to_fixed(self, R: Tensor) -> list[float]:
        """To each fixed layer, times any number."""
        return [least_squares(f_N[:, None], R[:, -1])[0] for f_N in R[:, self.count : -1].T]

    def _nearest_activation(self, R: Tensor) -> str | None:
        residuals = self._to_fixed(R)
        return self.names[residuals.index(min(residuals))] if residuals else None


def _length(R: Tensor) -> float:
    """Of the layer's outputs."""
    return float(torch.linalg.vector_norm(R[:, -1]))


def _activations(family: Family, fixed: Neuron | None) -> Sequence[str | None]:
    """Of the fixed layers that the family is compared with; a neuron may do without."""
    if fixed is None:
        return ()
    return family.dictionary if fixed.mixtures else (None,)
