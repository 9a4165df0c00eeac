"""T1: LA is not contained in fixed, type1 (arXiv:2605.26647, Theorem 4.1; docs/theory.md, T1).

t1(x) = ReLU(x) + ReLU^2(x), d = 1, is an LA network of width 1, and no fixed network of any
finite width over any one of the seven activations, hidden biases on or off.

Every activation is in one of three classes of functions that neurons belong to, that finite sums
keep, and that lack t1. T3 runs the same steps with a second factor.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.builtin import t1
from expressivity.targets.target import Target
from proofs.networks import fixed_network
from proofs.smoothness_classes import SEVEN, Classes, class_steps, joined

X = COORDINATES[0]
SOURCE = "docs/theory.md, section 3, T1"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        classes: the dictionary of the fixed class.
        target: the function.
        mixture: the coefficients of the LA neuron of width 1 that is the target.
    """

    classes: Classes
    target: Target
    mixture: Mapping[str, sp.Expr]


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order."""
    yield member_step(setting.mixture, setting.target.expression, sp.S.One, SOURCE)
    yield from class_steps(setting.classes, setting.target, sp.S.One, SOURCE)


def member_step(
    mixture: Mapping[str, sp.Expr], target: sp.Expr, second: sp.Expr, source: str
) -> Step:
    """The target is the LA neuron with w = 1, b = 0 and a = 1, times the second factor."""
    neuron = sp.Add(*[c * ACTIVATIONS[name](X) for name, c in mixture.items()]) * second
    formula = " + ".join(f"{'' if c == 1 else f'{c} '}{name}(x)" for name, c in mixture.items())
    factor = "" if second == 1 else f", times {second}"
    return Step(
        statement=f"the target is the LA neuron {formula}{factor}",
        source=source,
        check=lambda: is_identity(neuron, target),
    )


RELU_AND_SQUARE = {"relu": sp.S.One, "relu2": sp.S.One}


_SETTING = Setting(classes=SEVEN, target=t1(), mixture=RELU_AND_SQUARE)
_JOINED = joined()
_SLOPE = ACTIVATIONS["leaky_relu"](sp.S.NegativeOne) * -1
_ID_AND_LEAKY = X + ACTIVATIONS["leaky_relu"](X)

_MUTATIONS = (
    Mutation(
        name="t1 without the square",
        setting=replace(
            _SETTING,
            target=replace(t1(), expression=ACTIVATIONS["relu"](X)),
            mixture={"relu": sp.S.One},
        ),
        counterexample=Step(
            statement="ReLU(x) is the fixed network with activation relu, w = 1, b = 0",
            source="direct computation",
            check=lambda: is_identity(
                fixed_network("relu", [(1, 1, None)]), ACTIVATIONS["relu"](X)
            ),
        ),
    ),
    Mutation(
        name="Id in place of ReLU^2: LeakyReLU(x) + x",
        setting=replace(
            _SETTING,
            target=replace(t1(), expression=_ID_AND_LEAKY),
            mixture={"leaky_relu": sp.S.One, "id": sp.S.One},
        ),
        counterexample=Step(
            statement="LeakyReLU(x) + x is (2 - eta c) LeakyReLU(x) - c LeakyReLU(-x), "
            "c = 1/(1 + eta)",
            source="direct computation",
            check=lambda: is_identity(
                fixed_network(
                    "leaky_relu",
                    [(2 - _SLOPE / (1 + _SLOPE), 1, None), (-1 / (1 + _SLOPE), -1, None)],
                ),
                _ID_AND_LEAKY,
            ),
        ),
    ),
    Mutation(
        name="a dictionary that contains ReLU + ReLU^2 as one activation",
        setting=replace(_SETTING, classes=replace(SEVEN, affine=(*SEVEN.affine, _JOINED))),
        counterexample=Step(
            statement="t1 is the fixed network with this activation, w = 1, b = 0",
            source="direct computation",
            check=lambda: is_identity(_JOINED(X), t1().expression),
        ),
    ),
    Mutation(
        name="the same activation, taken for C^1",
        setting=replace(_SETTING, classes=replace(SEVEN, smooth=(*SEVEN.smooth, _JOINED))),
        counterexample=Step(
            statement="t1 is the fixed network with this activation, w = 1, b = 0",
            source="direct computation",
            check=lambda: is_identity(_JOINED(X), t1().expression),
        ),
    ),
)

THEOREMS.add(
    "T1",
    Theorem(
        name="T1",
        title="LA is not contained in fixed, type1",
        statement="t1(x) = ReLU(x) + ReLU^2(x) is an LA network of width 1 and, over the seven "
        "activations, no fixed network of any finite width.",
        assumptions=(
            "d = 1, one output, no output bias",
            "the fixed class is the union over id, relu, relu2, leaky_relu, gelu, silu, tanh",
            "any finite width, hidden biases on or off",
        ),
        setting=_SETTING,
        steps=steps,
        mutations=_MUTATIONS,
        source="arXiv:2605.26647, Theorem 4.1; the proof is ours",
    ),
)
