"""How a layer starts: choices, and the numbers they lead to.

For inputs of mean square 1, as a root-mean-square norm gives, pre-activations are normal with
standard deviation ``input_gain``, and a layer's outputs have variance ``output_gain^2 E[N^2]``,
N the neuron: ``E[s(z)^2]`` for fixed type1, times ``input_gain^2`` with a second factor. A mixture
starts with the variance of the layer whose first activation is the reference and whose others are
id: ``type1`` as fixed type1, the paper's other forms as fixed one_sided (SwiGLU for silu).

Letters: K activations, C coefficients of one side of a group, S samples.
"""

import functools
import itertools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.fields import as_member
from expressivity.classes.gates import GATES
from expressivity.classes.kinds import Constraint
from expressivity.classes.mixing import constrained
from expressivity.classes.weights import constant_gate


class Mixture(StrEnum):
    """Coefficients at the start, up to a factor."""

    UNIFORM = "uniform"
    REFERENCE = "reference"


class Match(StrEnum):
    """Which weights take the factor that makes the output variance the reference's."""

    COEFFICIENTS = "coefficients"
    OUTPUT = "output"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Initialisation:
    """Choices of a layer's start. Biases of hidden neurons start at 0.

    Attributes:
        reference: activation of the fixed layer whose output variance is matched.
        mixture: ``uniform``, all coefficients equal; ``reference``, the function of the fixed
            reference layer itself (in two_sided the second factor is id).
        match: ``coefficients``: learned scales, or where there are none, or where the neuron is
            no product of its mixtures and maps, the output weights; ``output``: the output
            weights; ``none``: coefficients of 1, or for gates without a learned scale whatever
            the gates are at 0.
        input_gain, output_gain: standard deviations of w, v and a, times the root of the number
            of their columns.
        gate_std: standard deviation of gate logits over tokens and gates; 0 starts all tokens
            with the same gates.

    ``mixture`` and ``match`` may be given by name.

    Raises:
        ValueError: a gain that is not positive, a negative gate_std, an unknown name.

    >>> Initialisation(mixture="reference").mixture is Mixture.REFERENCE
    True
    """

    reference: str = "silu"
    mixture: Mixture = Mixture.UNIFORM
    match: Match = Match.COEFFICIENTS
    input_gain: float = 1.0
    output_gain: float = 1.0
    gate_std: float = 0.0

    if TYPE_CHECKING:  # what may be given; the fields say what is kept

        def __init__(
            self,
            *,
            reference: str = "silu",
            mixture: Mixture | str = Mixture.UNIFORM,
            match: Match | str = Match.COEFFICIENTS,
            input_gain: float = 1.0,
            output_gain: float = 1.0,
            gate_std: float = 0.0,
        ) -> None: ...

    def __post_init__(self) -> None:
        ACTIVATIONS[self.reference]
        for name, choices in (("mixture", Mixture), ("match", Match)):
            object.__setattr__(self, name, as_member(choices, name, getattr(self, name)))
        for name in ("input_gain", "output_gain"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"required: a positive {name}; got {getattr(self, name)}")
        if not 0 <= self.gate_std < math.inf:
            raise ValueError(f"required: gate_std of at least 0; got {self.gate_std}")


@dataclass(frozen=True, kw_only=True)
class SideStart:
    """The start of one side's gates in one group.

    Attributes:
        scale_C: learned scales, or coefficients of a learned activation; of a constrained one
            the numbers that ``constrained`` makes them of.
        bias_C: of the gates.
        factor: what the output weights are multiplied by.
    """

    scale_C: Tensor
    bias_C: Tensor
    factor: float


def side_start(
    family: Family, coefficients: Sequence[float], *, fold: bool = False
) -> SideStart | None:
    """Scales, gate biases and output factor that give constant coefficients.

    Args:
        family: la or moa.
        coefficients: C numbers.
        fold: move the factor into the scales where those are learned.

    Returns:
        None where docs/theory.md, section 2, has no map, or no multiple of the coefficients obeys
        the constraint.

    >>> from expressivity.classes.kinds import Kind
    >>> from expressivity.classes.gates import GateSpec
    >>> family = Family(kind=Kind.MOA, neuron="type1", width=1, dimension=1,
    ...                 dictionary=("relu", "tanh"), gate=GateSpec(name="sigmoid"))
    >>> side_start(family, [1.0, -3.0]).scale_C.tolist()
    [2.0, -6.0]
    """
    alpha = torch.tensor(coefficients, dtype=torch.float64)
    if family.gate is None:
        return _learned_start(alpha, family.constraint)
    gate = constant_gate([sp.Rational(a) for a in coefficients], family.gate)
    if gate is None:
        return None
    scale_C, bias_C = (
        torch.tensor([float(sp.N(entry, 30)) for entry in entries], dtype=torch.float64)
        for entries in (gate.scales, gate.biases)
    )
    factor = float(gate.factor)
    if fold and family.gate.scale:
        scale_C, factor = scale_C * factor, 1.0
    return SideStart(scale_C=scale_C, bias_C=bias_C, factor=factor)


def _learned_start(alpha_C: Tensor, constraint: Constraint) -> SideStart | None:
    factor = 1.0 if constraint is Constraint.FREE else float(alpha_C.sum())
    if math.isclose(factor, 1, rel_tol=1e-12):  # coefficients that obey, but for rounding
        factor = 1.0
    if factor == 0:
        return None
    scale_C = alpha_C if factor == 1 else alpha_C / factor
    if constraint is Constraint.SIMPLEX:
        if bool((scale_C < 0).any()):
            return None
        scale_C = scale_C.sqrt()
    return SideStart(scale_C=scale_C, bias_C=torch.zeros_like(alpha_C), factor=factor)


def starts(family: Family, choices: Initialisation) -> list[SideStart]:
    """The start of every side of a mixture, the same for all groups.

    Raises:
        ValueError: the reference is not in the dictionary, or gates that cannot start so.
    """
    # On the CPU, whatever device is the default: of ``meta`` there would be no numbers.
    with torch.device("cpu"):
        return [_start(family, choices, side) for side in range(family.sides)]


def output_factor(family: Family, choices: Initialisation, sides: Sequence[SideStart]) -> float:
    """What the output weights are multiplied by; 1 for a layer without mixtures.

    Where the neuron is a product of its mixtures and maps, each side was matched alone. Else the
    mean squares of whole neurons are sampled, always at the same numbers.

    Raises:
        ValueError: a neuron without variance, here or in the reference layer.
    """
    if not sides or choices.match is Match.NONE or family.record.factors is not None:
        return math.prod(side.factor for side in sides)
    with torch.device("cpu"):
        names = tuple(dict.fromkeys((choices.reference, "id")))
        units = [_unit(names, _roles(family, choices, side)) for side in range(family.sides)]
        unit_S1C = [torch.tensor([unit], dtype=torch.float64) for unit in units]
        goal = _sampled(family, choices, names, unit_S1C)
        c_SC = [_coefficients(family, choices, side, _SAMPLES) for side in sides]
        found = _sampled(family, choices, family.dictionary, c_SC)
    if not (0 < goal < math.inf and 0 < found < math.inf):
        raise ValueError(
            f"required: neurons with a variance at the start; got mean squares {goal:g} in the "
            f"reference layer and {found:g} in this one: choose match none"
        )
    return math.sqrt(goal / found)


def _start(family: Family, choices: Initialisation, side: int) -> SideStart:
    pattern = _pattern(family, choices, side)
    scalable = family.record.vanishes_without(side)
    fold = choices.match is Match.COEFFICIENTS or not scalable
    start = side_start(family, pattern, fold=fold)
    selects = start is not None and (scalable or start.factor == 1)
    if family.gate is not None and choices.mixture is Mixture.REFERENCE and not selects:
        raise ValueError(
            f"required: gates that can select {choices.reference}; got {family.gate.name} "
            f"with scale {family.gate.scale} and bias {family.gate.bias}: turn both on"
        )
    if start is None:
        assert family.gate is not None
        if choices.gate_std == 0:
            raise ValueError(
                f"required: gate_std above 0 where gates vanish at 0; got {family.gate.name} "
                "gates without bias and gate_std 0: set gate_std or turn the bias on"
            )
        ones = torch.ones(len(pattern), dtype=torch.float64)
        start = SideStart(scale_C=ones, bias_C=torch.zeros_like(ones), factor=1.0)
    if choices.match is Match.NONE:
        return replace(start, factor=1.0)
    if family.record.factors is None:
        return start
    ratio = math.sqrt(_goal(family, choices, side) / _mean_square(family, choices, side, start))
    if choices.match is Match.COEFFICIENTS and _scales_are_free(family):
        return replace(start, scale_C=start.scale_C * ratio)
    return replace(start, factor=start.factor * ratio)


def _scales_are_free(family: Family) -> bool:
    learned = family.gate is None or family.gate.scale
    return learned and family.constraint is Constraint.FREE


def _roles(family: Family, choices: Initialisation, side: int) -> list[str]:
    """The activations of one side of the reference layer: itself, then id everywhere."""
    roles = ["id"] * len(family.record.mixtures[side])
    return [choices.reference, *roles[1:]] if side == 0 else roles


def _unit(names: Sequence[str], roles: Sequence[str]) -> list[float]:
    """Coefficients that select one activation, or a product of two."""
    units = [[float(name == other) for other in names] for name in roles]
    return [math.prod(parts) for parts in itertools.product(*units)]


def _pattern(family: Family, choices: Initialisation, side: int) -> list[float]:
    if choices.mixture is Mixture.UNIFORM:
        return [1.0] * family.size(side)
    roles = _roles(family, choices, side)
    for name in roles:
        if name not in family.dictionary:
            raise ValueError(
                f"required: {name} in the dictionary to start as the reference layer; got "
                f"{','.join(family.dictionary)}: add it, or start with the uniform mixture"
            )
    return _unit(family.dictionary, roles)


def _goal(family: Family, choices: Initialisation, side: int) -> float:
    """Mean square of one side's factor in the reference layer."""
    parts = [choices.input_gain**2] * len(family.record.mixtures[side])
    if side == 0:
        parts[0] = _moments((choices.reference,), choices.input_gain)[0][0]
    return math.prod(parts)


def _mean_square(family: Family, choices: Initialisation, side: int, start: SideStart) -> float:
    """E[(sum_C c s)^2] with gates at random logits; exact for gate_std 0."""
    moments_KK = torch.tensor(_moments(family.dictionary, choices.input_gain), dtype=torch.float64)
    if len(family.record.mixtures[side]) > 1:
        moments_KK = torch.kron(moments_KK, moments_KK)
    c_SC = _coefficients(family, choices, start, 2**14)
    second_CC = c_SC.mT @ c_SC / len(c_SC)
    return start.factor**2 * float((second_CC * moments_KK).sum())


def _coefficients(
    family: Family, choices: Initialisation, start: SideStart, samples: int
) -> Tensor:
    """Coefficients at random logits, S x C; of one row where they do not depend on these."""
    samples = 1 if family.gate is None or choices.gate_std == 0 else samples
    c_SC = constrained(start.scale_C[None, None], family.constraint)[0].expand(samples, -1)
    if family.gate is None:
        return c_SC
    generator = torch.Generator().manual_seed(0)
    normal_SC = torch.randn(c_SC.shape, generator=generator, dtype=torch.float64)
    logits_SC = start.bias_C + choices.gate_std * normal_SC
    return c_SC * GATES[family.gate.name].value(logits_SC[..., None])[..., 0]


_SAMPLES = 2**16


def _sampled(
    family: Family, choices: Initialisation, names: Sequence[str], c_SC: Sequence[Tensor]
) -> float:
    """E[N^2] over normal pre-activations, of neurons with these coefficients, sampled."""
    record = family.record
    generator = torch.Generator().manual_seed(1)
    shape = (record.maps, _SAMPLES)
    z_RS = choices.input_gain * torch.randn(shape, generator=generator, dtype=torch.float64)
    mixtures: list[Tensor] = []
    for looked_at, side_SC in zip(record.mixtures, c_SC, strict=True):
        parts = [
            [ACTIVATIONS[name].value_and_derivative(z_RS[i])[0] for name in names]
            for i in looked_at
        ]
        products = [functools.reduce(operator.mul, each) for each in itertools.product(*parts)]
        mixtures.append((side_SC * torch.stack(products, -1)).sum(-1))
    own = [torch.tensor(float(p.initial), dtype=torch.float64) for p in record.parameters]
    return float(record.partials(list(z_RS), mixtures, own).value.square().mean())


@functools.cache
def _moments(names: tuple[str, ...], gain: float) -> list[list[float]]:
    """E[s_k(z) s_l(z)] for normal z of this standard deviation, to some 1e-6, as K x K.

    Numbers: a tensor that was kept could be one without any (device meta, fake tensors).
    """
    normal_N = torch.linspace(-12, 12, 24001, dtype=torch.float64)  # has a node at the kinks
    density_N = torch.exp(-0.5 * normal_N**2)
    z_N = gain * normal_N
    s_KN = torch.stack([ACTIVATIONS[name].value_and_derivative(z_N)[0] for name in names])
    return ((s_KN * density_N) @ s_KN.mT / density_N.sum()).tolist()
