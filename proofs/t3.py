"""T3 and T3b: LA is not contained in fixed, one_sided (docs/theory.md, section 3, T3).

T3 (second-factor biases c off): t3(x) = (ReLU(x) + ReLU^2(x)) x is a one_sided LA network of
width 1 and no one_sided fixed network of any finite width, hidden biases b on or off.

T3b (all biases on): t3b(x) = (ReLU(x) + ReLU^2(x)) (x + 1) likewise. With c on, t3 is itself
fixed: t3 = ReLU^2(x) (x + 1).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.generic_neuron import AFFINE_FACTOR, LINE
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.piecewise import assume_sign
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.targets.builtin import t3, t3b
from expressivity.targets.target import Target
from proofs.networks import fixed_network
from proofs.smoothness_classes import SEVEN, Classes, class_steps, joined
from proofs.t1 import RELU_AND_SQUARE, X, member_step

SOURCE = "docs/theory.md, section 3, T3"

LINEAR_FACTOR = AFFINE_FACTOR.coeff(LINE, 1) * LINE
"""The second factor v x of a neuron whose bias c is off."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        classes: the dictionary of the fixed class.
        second: second factor of a generic neuron, in LINE.
        target: the function.
        member: second factor of the LA neuron that is the target, in x1.
        mixture: its coefficients.
    """

    classes: Classes
    second: sp.Expr
    target: Target
    member: sp.Expr
    mixture: Mapping[str, sp.Expr]


def quotient_steps(setting: Setting) -> Iterator[Step]:
    """T3: division by x, then T1."""
    target = setting.target
    quotient = replace(target, name=f"{target.name}/x", expression=_over_x(target.expression))
    yield member_step(setting.mixture, target.expression, setting.member, SOURCE)
    yield Step(
        statement=f"a s(w x + b) times the second factor {setting.second} is x times the type1 "
        "neuron (a v) s(w x + b), whatever s is",
        source=SOURCE,
        check=lambda: _is_x_times_a_neuron(setting.second),
    )
    yield Step(
        statement="the target is x times a function that is continuous at 0",
        source=SOURCE,
        check=lambda: _is_x_times_continuous(target.expression, quotient.expression),
    )
    yield Step(
        statement="if the target were such a network, both sides over x would agree for x != 0, "
        "hence everywhere by continuity: the quotient would be a fixed type1 network",
        source=SOURCE,
    )
    yield from class_steps(setting.classes, quotient, sp.S.One, SOURCE)


def direct_steps(setting: Setting) -> Iterator[Step]:
    """T3b: degree for the piecewise affine activations, C^1 for the others."""
    yield member_step(setting.mixture, setting.target.expression, setting.member, SOURCE)
    yield from class_steps(setting.classes, setting.target, setting.second, SOURCE)


def _sides(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """The formulas for x > 0 and x < 0 of a function whose one kink is 0."""
    return assume_sign(expression, X, 1), assume_sign(expression, X, -1)


def _over_x(expression: sp.Expr) -> sp.Expr:
    right, left = (sp.cancel(side / X) for side in _sides(expression))
    return sp.Piecewise((right, X > 0), (left, True))


def _is_x_times_a_neuron(second: sp.Expr) -> bool:
    a, w, b, v = sp.symbols("a w b v", real=True)
    value = sp.Function("s")(w * LINE + b)
    return sp.expand(a * value * second - LINE * (a * v) * value) == 0


def _is_x_times_continuous(expression: sp.Expr, quotient: sp.Expr) -> bool | None:
    right, left = (side.subs(X, 0) for side in _sides(quotient))
    claims = (is_identity(expression, X * quotient), is_identity(right, left))
    if False in claims:
        return False
    return None if None in claims else True


_RELU = ACTIVATIONS["relu"](X)
_T3 = Setting(classes=SEVEN, second=LINEAR_FACTOR, target=t3(), member=X, mixture=RELU_AND_SQUARE)
_T3B = Setting(
    classes=Classes(affine=SEVEN.affine, smooth=(*SEVEN.smooth, *SEVEN.analytic)),
    second=AFFINE_FACTOR,
    target=t3b(),
    member=X + 1,
    mixture=RELU_AND_SQUARE,
)


def _is_fixed(activation: str, second: tuple[int, int], target: sp.Expr) -> Step:
    """Target = s(x) (v x + c), as a network of the program."""
    v, c = second
    return Step(
        statement=f"the target is the fixed network {activation}(x) ({v} x + {c})",
        source="direct computation",
        check=lambda: is_identity(fixed_network(activation, [(1, 1, second)]), target),
    )


def _without_the_square(setting: Setting, second: tuple[int, int]) -> Mutation:
    expression = _RELU * setting.member
    return Mutation(
        name=f"{setting.target.name} without the square",
        setting=replace(
            setting,
            target=replace(setting.target, expression=expression),
            mixture={"relu": sp.S.One},
        ),
        counterexample=_is_fixed("relu", second, expression),
    )


def _with_joined(setting: Setting) -> Mutation:
    activation = joined()
    classes = setting.classes
    return Mutation(
        name="a dictionary that contains ReLU + ReLU^2 as one activation",
        setting=replace(setting, classes=replace(classes, affine=(*classes.affine, activation))),
        counterexample=Step(
            statement=f"{setting.target.name} is this activation times {setting.member}",
            source="direct computation",
            check=lambda: is_identity(activation(X) * setting.member, setting.target.expression),
        ),
    )


_COMMON = (
    "d = 1, one output, no output bias",
    "the fixed class is the union over id, relu, relu2, leaky_relu, gelu, silu, tanh",
    "any finite width, hidden biases b on or off",
)

THEOREMS.add(
    "T3",
    Theorem(
        name="T3",
        title="LA is not contained in fixed, one_sided, second-factor biases off",
        statement="t3(x) = (ReLU(x) + ReLU^2(x)) x is a one_sided LA network of width 1 and, "
        "over the seven activations and without biases c, no one_sided fixed network of any "
        "finite width.",
        assumptions=(*_COMMON, "biases c of the second factor off"),
        setting=_T3,
        steps=quotient_steps,
        mutations=(
            Mutation(
                name="biases c on",
                setting=replace(_T3, second=AFFINE_FACTOR),
                counterexample=_is_fixed("relu2", (1, 1), t3().expression),
            ),
            _without_the_square(_T3, (1, 0)),
            _with_joined(_T3),
        ),
        source=SOURCE,
    ),
)

THEOREMS.add(
    "T3b",
    Theorem(
        name="T3b",
        title="LA is not contained in fixed, one_sided",
        statement="t3b(x) = (ReLU(x) + ReLU^2(x)) (x + 1) is a one_sided LA network of width 1 "
        "and, over the seven activations, no one_sided fixed network of any finite width.",
        assumptions=(*_COMMON, "biases c of the second factor on or off"),
        setting=_T3B,
        steps=direct_steps,
        mutations=(
            Mutation(
                name="t3 in place of t3b",
                setting=replace(_T3B, target=t3(), member=X),
                counterexample=_is_fixed("relu2", (1, 1), t3().expression),
            ),
            _without_the_square(_T3B, (1, 1)),
            _with_joined(_T3B),
        ),
        source=SOURCE,
    ),
)
