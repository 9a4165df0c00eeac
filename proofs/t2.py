"""T2: MoA is not contained in LA, type1 (arXiv:2605.26647, Theorem 4.2; docs/theory.md, T2).

With tanh gates, t2(x) = tanh(lambda x1) ReLU(x2), d = 2, lambda > 0, is an MoA network of width
1, scale and gate bias off or on, and no LA network of any finite width: along {x2 = 0} the
gradient of an LA network jumps by a constant (L1), and that of t2 by tanh(lambda x1).

The same with the other gates: t2_g(x) = g_relu(lambda x1) ReLU(x2) for sigmoid and softmax with
scale; without scale, the network with the same u and w and all seven activations.

T4 runs the same steps with form one_sided.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.gates import GateSpec
from expressivity.symbolic.proof import THEOREMS, Step, Theorem
from proofs.gated_separation import (
    LAMBDA,
    RELU,
    SOURCE,
    K,
    Setting,
    constant_gate_mutation,
    gated_mutation,
    one_hot,
    steps,
    two_sided_mutation,
)
from proofs.jump_lemma import X1, X2, positive

_ETA = 1 - ACTIVATIONS["leaky_relu"].kink
_EXP, _SIGMOID = sp.exp(LAMBDA * X1), 1 / (1 + sp.exp(-LAMBDA * X1))


def _scaled(gate: GateSpec, profile: sp.Expr) -> Setting:
    return Setting(
        gate=gate,
        scales=one_hot(RELU),
        target=profile * ACTIVATIONS["relu"](X2),
        amplitude=profile,
    )


def _unscaled(gate: str, amplitude: sp.Expr, values: tuple[sp.Expr, sp.Expr]) -> Setting:
    """Values: of the gate of ReLU and of the others."""
    mixed = [values[k != RELU] * ACTIVATIONS[name](X2) for k, name in enumerate(FULL_DICTIONARY)]
    return Setting(
        gate=GateSpec(name=gate, scale=False, bias=False),
        scales=(sp.S.One,) * K,
        target=sp.Add(*mixed),
        amplitude=amplitude,
    )


def _every_size() -> bool | None:
    k = sp.Symbol("k", positive=True)  # K - 1, any positive number
    profile = _EXP / (_EXP + k)
    slope: Any = sp.factor(sp.diff(profile, X1).subs(X1, 0))
    return positive(slope)


def softmax_steps(setting: Setting) -> Iterator[Step]:
    """The proof for K = 7, and the amplitude for every K >= 2."""
    yield from steps(setting)
    yield Step(
        statement="for every K >= 2 the amplitude exp(lambda x1)/(exp(lambda x1) + K - 1) is "
        "not constant: its derivative at 0 is positive",
        source=SOURCE,
        check=_every_size,
    )


TANH = replace(
    _scaled(GateSpec(name="tanh", scale=False, bias=False), sp.tanh(LAMBDA * X1)),
    scales=(sp.S.One,) * K,  # tanh(0) = 0: no scale is needed to switch the other gates off
)
_SIGMOID_SCALED = _scaled(GateSpec(name="sigmoid", bias=False), _SIGMOID)
_SOFTMAX_SCALED = _scaled(GateSpec(name="softmax", bias=False), _EXP / (_EXP + K - 1))
_SIGMOID_PLAIN = _unscaled("sigmoid", _SIGMOID + (1 - _ETA) / 2, (_SIGMOID, sp.S.Half))
_SOFTMAX_PLAIN = _unscaled(
    "softmax",
    (_EXP + 1 - _ETA) / (_EXP + K - 1),
    (_EXP / (_EXP + K - 1), 1 / (_EXP + K - 1)),
)

ASSUMPTIONS = (
    "d = 2, one output, no output bias, any lambda > 0",
    "the dictionary is id, relu, relu2, leaky_relu, gelu, silu, tanh",
    "gate biases off or on (they are 0 in the network given)",
    "LA networks of any finite width, any coefficients, hidden biases on or off",
)


@dataclass(frozen=True, kw_only=True)
class _Variant:
    name: str
    gates: str
    function: str
    setting: Setting
    steps: Callable[[Setting], Iterator[Step]] = steps
    shift: tuple[sp.Expr | None, ...] = ()


_VARIANTS = (
    _Variant(
        name="T2",
        gates="tanh gates, scale off or on",
        function="tanh(lambda x1) ReLU(x2)",
        setting=TANH,
        shift=(None,),
    ),
    _Variant(
        name="T2-sigmoid",
        gates="sigmoid gates, scale on",
        function="sigmoid(lambda x1) ReLU(x2)",
        setting=_SIGMOID_SCALED,
        shift=(sp.S.Zero,),
    ),
    _Variant(
        name="T2-softmax",
        gates="softmax gates, scale on",
        function="exp(lambda x1)/(exp(lambda x1) + 6) ReLU(x2)",
        setting=_SOFTMAX_SCALED,
        steps=softmax_steps,
        shift=(sp.log(K - 1),),
    ),
    _Variant(
        name="T2-sigmoid-unscaled",
        gates="sigmoid gates, scale off",
        function="sigmoid(lambda x1) ReLU(x2) + (sum of the other six activations at x2)/2",
        setting=_SIGMOID_PLAIN,
    ),
    _Variant(
        name="T2-softmax-unscaled",
        gates="softmax gates, scale off",
        function="(exp(lambda x1) ReLU(x2) + sum of the other six activations at x2)"
        "/(exp(lambda x1) + 6)",
        setting=_SOFTMAX_PLAIN,
    ),
)

for _variant in _VARIANTS:
    THEOREMS.add(
        _variant.name,
        Theorem(
            name=_variant.name,
            title=f"MoA is not contained in LA, type1, {_variant.gates}",
            statement=f"t(x) = {_variant.function} is a type1 MoA network of width 1 with "
            f"{_variant.gates}, and no type1 LA network of any finite width.",
            assumptions=ASSUMPTIONS,
            setting=_variant.setting,
            steps=_variant.steps,
            mutations=(
                constant_gate_mutation(_variant.setting),
                gated_mutation(_variant.setting),
                *(two_sided_mutation(_variant.setting, shift) for shift in _variant.shift),
            ),
            source="arXiv:2605.26647, Theorem 4.2; the proof is ours"
            if _variant.setting is TANH
            else SOURCE,
        ),
    )
