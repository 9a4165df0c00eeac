"""How a layer starts: choices, and the numbers they lead to.

For inputs of mean square 1, as a root-mean-square norm gives, pre-activations are normal with
standard deviation ``input_gain``, and a fixed layer's outputs have variance
``output_gain^2 E[s(z)^2]`` (times ``input_gain^2`` with a second factor). A mixture starts with
the variance of the fixed layer of the reference activation: ``type1`` as fixed type1, the other
forms as fixed one_sided (SwiGLU for silu).

Letters: K activations, C coefficients of one side, S samples of gates.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES
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
        match: ``coefficients``: learned scales, or where there are none the output weights;
            ``output``: the output weights; ``none``: coefficients of 1, or for gates without a
            learned scale whatever the gates are at 0.
        input_gain, output_gain: standard deviations of w, v and a, times the root of the number
            of their columns.
        gate_std: standard deviation of gate logits over tokens and gates; 0 starts all tokens
            with the same gates.

    Raises:
        ValueError: a gain that is not positive, a negative gate_std, an unknown name.
    """

    reference: str = "silu"
    mixture: Mixture = Mixture.UNIFORM
    match: Match = Match.COEFFICIENTS
    input_gain: float = 1.0
    output_gain: float = 1.0
    gate_std: float = 0.0

    def __post_init__(self) -> None:
        ACTIVATIONS[self.reference]
        for name in ("input_gain", "output_gain"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"required: a positive {name}; got {getattr(self, name)}")
        if not 0 <= self.gate_std < math.inf:
            raise ValueError(f"required: gate_std of at least 0; got {self.gate_std}")


@dataclass(frozen=True, kw_only=True)
class SideStart:
    """The start of one side's gates.

    Attributes:
        scale_C: learned scales, or coefficients of a learned activation.
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
        None where docs/theory.md, section 2, has no map.

    >>> from expressivity.classes.families import Kind
    >>> from expressivity.classes.gates import GateSpec
    >>> family = Family(kind=Kind.MOA, neuron="type1", width=1, dimension=1,
    ...                 dictionary=("relu", "tanh"), gate=GateSpec(name="sigmoid"))
    >>> side_start(family, [1.0, -3.0]).scale_C.tolist()
    [2.0, -6.0]
    """
    alpha = torch.tensor(coefficients, dtype=torch.float64)
    if family.gate is None:
        return SideStart(scale_C=alpha, bias_C=torch.zeros_like(alpha), factor=1.0)
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


def starts(family: Family, choices: Initialisation) -> list[SideStart]:
    """The start of every side of a mixture.

    Raises:
        ValueError: the reference is not in the dictionary, or gates that cannot start so.
    """
    # On the CPU, whatever device is the default: of ``meta`` there would be no numbers.
    with torch.device("cpu"):
        patterns = _patterns(family, choices)
        goals = _goals(family, choices)
        return [_start(family, choices, p, g) for p, g in zip(patterns, goals, strict=True)]


def _start(family: Family, choices: Initialisation, pattern: list[float], goal: float) -> SideStart:
    start = side_start(family, pattern, fold=choices.match is Match.COEFFICIENTS)
    if start is None:
        assert family.gate is not None
        if choices.mixture is Mixture.REFERENCE:
            raise ValueError(
                f"required: gates that can select {choices.reference}; got {family.gate.name} "
                f"with scale {family.gate.scale} and bias {family.gate.bias}: turn both on"
            )
        if choices.gate_std == 0:
            raise ValueError(
                f"required: gate_std above 0 where gates vanish at 0; got {family.gate.name} "
                "gates without bias and gate_std 0: set gate_std or turn the bias on"
            )
        ones = torch.ones(len(pattern), dtype=torch.float64)
        start = SideStart(scale_C=ones, bias_C=torch.zeros_like(ones), factor=1.0)
    if choices.match is Match.NONE:
        return SideStart(scale_C=start.scale_C, bias_C=start.bias_C, factor=1.0)
    ratio = math.sqrt(goal / _mean_square(family, choices, start))
    learned = family.gate is None or family.gate.scale
    if choices.match is Match.COEFFICIENTS and learned:
        scale_C = start.scale_C * ratio
        return SideStart(scale_C=scale_C, bias_C=start.bias_C, factor=start.factor)
    return SideStart(scale_C=start.scale_C, bias_C=start.bias_C, factor=start.factor * ratio)


def _patterns(family: Family, choices: Initialisation) -> list[list[float]]:
    names = family.dictionary
    if choices.mixture is Mixture.UNIFORM:
        size = len(names)
        return [[1.0] * (size**2 if family.neuron == "quadratic" else size)] * family.sides
    needed = [choices.reference]
    if family.neuron in ("two_sided", "quadratic"):
        needed.append("id")
    units: list[list[float]] = []
    for name in needed:
        if name not in names:
            raise ValueError(
                f"required: {name} in the dictionary to start as the reference layer; got "
                f"{','.join(names)}: add it, or start with the uniform mixture"
            )
        units.append([float(name == other) for other in names])
    if family.neuron == "quadratic":
        return [[left * right for left in units[0] for right in units[1]]]
    return units


def _goals(family: Family, choices: Initialisation) -> list[float]:
    """Mean square of each side's factor in the reference layer."""
    reference = _moments((choices.reference,), choices.input_gain)[0][0]
    right = choices.input_gain**2
    if family.neuron == "quadratic":
        return [reference * right]
    return [reference, right][: family.sides]


def _mean_square(family: Family, choices: Initialisation, start: SideStart) -> float:
    """E[(sum_C c s)^2] with gates at random logits; exact for gate_std 0."""
    moments_KK = torch.tensor(_moments(family.dictionary, choices.input_gain), dtype=torch.float64)
    if family.neuron == "quadratic":
        moments_KK = torch.kron(moments_KK, moments_KK)
    samples = 1 if family.gate is None or choices.gate_std == 0 else 2**14
    c_SC = start.scale_C.expand(samples, -1)
    if family.gate is not None:
        generator = torch.Generator().manual_seed(0)
        normal_SC = torch.randn(c_SC.shape, generator=generator, dtype=torch.float64)
        logits_SC = start.bias_C + choices.gate_std * normal_SC
        c_SC = c_SC * GATES[family.gate.name].value(logits_SC[..., None])[..., 0]
    second_CC = c_SC.mT @ c_SC / samples
    return start.factor**2 * float((second_CC * moments_KK).sum())


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
