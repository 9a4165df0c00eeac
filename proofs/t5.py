"""T5 and T5q: MoA is not contained in LA, two_sided and quadratic (docs/theory.md, section 3).

t5(x) = tanh(lambda x1)^2 x1 ReLU(x2) is a two_sided MoA network of width 1, and
t5q(x) = tanh(lambda x1)^2 ReLU(x2) a quadratic one, both with tanh gates. Neither is a two_sided
or quadratic LA network of any finite width: across H = {x2 = 0} the gradient of such a network
jumps by a function with simple poles, and those of the targets have double poles.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY, Activation
from expressivity.classes.facts import settle
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.weights import Weights, network_expression
from expressivity.membership.obstructions.pole_order import (
    common_kink_leaves_no_jump,
    has_simple_poles,
    higher_pole,
    jump_is_other_factor,
    vanishes_at_zero,
)
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.builtin import t5, t5q
from expressivity.targets.crossings import Crossing, crossings
from expressivity.targets.target import Target

X1, X2 = COORDINATES[:2]
LAMBDA = sp.Symbol("lambda", positive=True)
SOURCE = "docs/theory.md, section 3, T5"
SEVEN = tuple(ACTIVATIONS[name] for name in FULL_DICTIONARY)
TANH = GateSpec(name="tanh", scale=False, bias=False)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        dictionary: the activations of the LA class.
        target: a function with parameter LAMBDA.
        family, weights: a MoA network of width 1 that is the target.
    """

    dictionary: tuple[Activation, ...]
    target: Target
    family: Family
    weights: Weights


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order."""
    yield Step(
        statement=f"the target is a {setting.family.neuron} MoA network of width 1",
        source=SOURCE,
        check=lambda: is_identity(
            network_expression(setting.family, setting.weights), setting.target.expression
        ),
    )
    yield from generic_neuron_steps(setting.dictionary)
    yield from closure_steps(setting.dictionary)
    yield from target_steps(setting.target)


def generic_neuron_steps(dictionary: tuple[Activation, ...]) -> Iterator[Step]:
    """How one term a alpha_k s_k(w.x + b) beta_l s_l(v.x + c) jumps across H."""
    for s in dictionary:
        yield Step(
            statement=f"{s.name}(w.x + b) g(v.x + c), g any C^1 function: the x2-derivative jumps "
            "across H by kink abs(w2) g(v1 x1 + c) if the kink set of the first factor is H "
            "(w1 = b = 0, both signs of w2), and does not jump otherwise",
            source=SOURCE,
            check=lambda s=s: jump_is_other_factor(s),
        )
    yield Step(
        statement="both factors have the kink set H: each pair of activations, each sign of w2 "
        "and of v2, jumps by 0",
        source=SOURCE,
        check=lambda: settle(
            common_kink_leaves_no_jump(s, t) for s, t in product(dictionary, repeat=2)
        ),
    )
    yield Step(
        statement="every activation is 0 at 0, from both sides",
        source="docs/theory.md, section 1",
        check=lambda: settle(vanishes_at_zero(s) for s in dictionary),
    )
    yield Step(
        statement="a factor with another kink set is C^1 near all points of H but those of its "
        "kink set, at most one: there the last three steps apply, in either order of the factors",
        source=SOURCE,
    )


def closure_steps(dictionary: tuple[Activation, ...]) -> Iterator[Step]:
    """The jump of a network has simple poles."""
    for s in dictionary:
        yield Step(
            statement=f"{s.name}: on either side of 0 it continues to a meromorphic function "
            "whose poles are simple",
            source="docs/theory.md, section 1",
            check=lambda s=s: has_simple_poles(s),
        )
    yield Step(
        statement="an affine argument omega x1 + beta, omega != 0, keeps the order of a pole: "
        "r/(u - p) becomes r/(omega (x1 - (p - beta)/omega)); for omega = 0 the term is constant",
        source=SOURCE,
        check=affine_arguments_keep_order,
    )
    yield Step(
        statement="a linear combination of functions with at most a simple pole at h = 0 has at "
        "most a simple pole there: h^2 times it tends to 0",
        source=SOURCE,
        check=simple_poles_are_closed,
    )
    yield Step(
        statement="hence the jump of a network, two_sided (gamma_kl = alpha_k beta_l) or "
        "quadratic, of any width is on an interval of H free of kinks of its finitely many "
        "terms the restriction of a meromorphic function whose poles are simple",
        source=SOURCE,
    )


def target_steps(target: Target) -> Iterator[Step]:
    """The target lacks it."""
    yield Step(
        statement="the target is continuous across H and real-analytic on either side",
        source=SOURCE,
        check=lambda: _across(target, lambda c: is_identity(c.value_jump, sp.S.Zero)),
    )
    yield Step(
        statement="its x2-derivative jumps across H by a meromorphic function of x1 with a pole "
        "of order 2 or more, at i pi/(2 lambda)",
        source=SOURCE,
        latex=r"\lim_{x_1\to i\pi/(2\lambda)} (x_1 - i\pi/(2\lambda))^2 A(x_1) \neq 0",
        check=lambda: _across(target, _has_double_pole),
    )
    yield Step(
        statement="two meromorphic functions that agree on an interval agree everywhere "
        "(identity theorem), poles and their orders included: no network is the target",
        source="complex analysis",
    )


def affine_arguments_keep_order() -> bool:
    """The principal part of a simple pole at p, at an affine argument."""
    r, p, beta, u = sp.symbols("r p beta u")
    omega = sp.Symbol("omega", real=True, nonzero=True)
    moved = (r / (u - p)).subs(u, omega * X1 + beta)
    return sp.cancel(moved - r / (omega * (X1 - (p - beta) / omega))) == 0


def simple_poles_are_closed() -> bool:
    """h^2 (C1 (r1/h + f1) + C2 (r2/h + f2)) -> 0, the f symbolic and bounded near h = 0."""
    h = sp.Symbol("h")
    c1, c2, r1, r2, f1, f2 = sp.symbols("C1 C2 r1 r2 f1 f2")
    combined = sp.expand(h**2 * (c1 * (r1 / h + f1) + c2 * (r2 / h + f2)))
    return combined.is_polynomial(h) and combined.subs(h, 0) == 0


def _across(target: Target, check: Any) -> bool | None:
    """The check at the target's crossing of H."""
    found = [c for c in crossings(target) if c.level == X2]
    return check(found[0]) if len(found) == 1 else None


def _has_double_pole(crossing: Crossing) -> bool | None:
    """Whether the jump has a pole of order 2 at i pi/(2 lambda); False: all poles are simple."""
    amplitude = crossing.slope_jump
    if higher_pole(amplitude, X1) == sp.I * sp.pi / (2 * LAMBDA):
        return True
    profile = replace(ACTIVATIONS["tanh"], expression=amplitude.subs(X1, Z / LAMBDA))
    return False if has_simple_poles(profile) else None


def gated(
    form: str, gates: dict[str, tuple[int, sp.Expr]], second: sp.Expr, gate: GateSpec = TANH
) -> tuple[Family, Weights]:
    """The MoA network of width 1 with w = e2, v = second e1 and full dictionary.

    Args:
        form: two_sided or quadratic.
        gates: block name to the index of the one gate that is not 0 and its logit, in X1.
        second: the slope of the second argument.
        gate: without scale; with bias where a logit has a constant.
    """
    family = Family(kind=Kind.MOA, neuron=form, width=1, dimension=2, gate=gate)
    blocks: dict[str, sp.ImmutableMatrix] = {
        "w": sp.ImmutableMatrix([[0, 1, 0]]),
        "v": sp.ImmutableMatrix([[second, 0, 0]]),
        "a": sp.ImmutableMatrix([[1]]),
    }
    for name, (index, logit) in gates.items():
        slope = sp.diff(logit, X1)
        row = [slope, 0, sp.expand(logit - slope * X1)]
        rows = [row if k == index else [0, 0, 0] for k in range(family.coefficients)]
        blocks[name] = sp.ImmutableMatrix(rows)
    for side in range(family.sides):
        blocks[f"scale{side}"] = sp.ImmutableMatrix([1] * family.coefficients)
    return family, Weights(blocks=blocks)


def setting_of(target: Target, expression: sp.Expr, network: tuple[Family, Weights]) -> Setting:
    """The full dictionary and a target with symbolic lambda."""
    family, weights = network
    return Setting(
        dictionary=SEVEN,
        target=replace(target, expression=expression),
        family=family,
        weights=weights,
    )


def extended(name: str, expression: sp.Expr) -> tuple[Activation, ...]:
    """The full dictionary and one more analytic activation."""
    # The torch form plays no part in a proof.
    return (*SEVEN, replace(ACTIVATIONS["tanh"], name=name, title=name, expression=expression))


def _equals(statement: str, left: sp.Expr, right: sp.Expr) -> Step:
    return Step(statement=statement, source="substitution", check=lambda: is_identity(left, right))


_ID, _RELU, _SILU, _TANH = (FULL_DICTIONARY.index(name) for name in ("id", "relu", "silu", "tanh"))
_PAIR = _RELU * len(FULL_DICTIONARY) + _TANH
_relu, _silu = ACTIVATIONS["relu"], ACTIVATIONS["silu"]
_LOGIT = LAMBDA * X1
_ONE = sp.atanh(sp.Rational(1, 2))
_BIASED = GateSpec(name="tanh", scale=False, bias=True)

_T5 = setting_of(
    t5(),
    sp.tanh(_LOGIT) ** 2 * X1 * _relu(X2),
    gated("two_sided", {"u0": (_RELU, _LOGIT), "u1": (_ID, _LOGIT)}, sp.S.One),
)
_T5Q = setting_of(
    t5q(),
    sp.tanh(_LOGIT) ** 2 * _relu(X2),
    gated("quadratic", {"u0": (_PAIR, _LOGIT)}, LAMBDA),
)

_ONE_GATE = setting_of(
    t5(),
    sp.tanh(_LOGIT) * X1 * _relu(X2) / 2,
    gated("two_sided", {"u0": (_RELU, _LOGIT), "u1": (_ID, _ONE)}, sp.S.One, _BIASED),
)
_NO_GATE = setting_of(
    t5(),
    X1 * _relu(X2) / 4,
    gated("two_sided", {"u0": (_RELU, _ONE), "u1": (_ID, _ONE)}, sp.S.One, _BIASED),
)
_NO_GATE_Q = setting_of(
    t5q(),
    sp.tanh(_LOGIT) * _relu(X2) / 2,
    gated("quadratic", {"u0": (_PAIR, _ONE)}, LAMBDA, _BIASED),
)

_T5_MUTATIONS = (
    Mutation(
        name="an activation with a pole of order 2: z tanh(z)^2",
        setting=replace(_T5, dictionary=extended("z tanh^2", Z * sp.tanh(Z) ** 2)),
        counterexample=_equals(
            "t5 = ReLU(x2) s(lambda x1)/lambda with s(z) = z tanh(z)^2: two_sided LA, width 1",
            _relu(X2) * (Z * sp.tanh(Z) ** 2).subs(Z, _LOGIT) / LAMBDA,
            _T5.target.expression,
        ),
    ),
    Mutation(
        name="one constant gate: the other one leaves x1 tanh(lambda x1) ReLU(x2)/2",
        setting=_ONE_GATE,
        counterexample=_equals(
            "it is ReLU(x2) (SiLU(2 lambda x1)/lambda - 2 lambda x1/(2 lambda))/2: two_sided LA, "
            "width 1, beta = (e_SiLU - e_Id/2)/lambda, v = 2 lambda e1",
            _relu(X2) * (_silu(2 * _LOGIT) - _LOGIT) / (2 * LAMBDA),
            _ONE_GATE.target.expression,
        ),
    ),
    Mutation(
        name="constant gates instead of tanh(lambda x1)",
        setting=_NO_GATE,
        counterexample=_equals(
            "x1 ReLU(x2)/4 is a two_sided LA network of width 1",
            _relu(X2) * ACTIVATIONS["id"](X1) / 4,
            _NO_GATE.target.expression,
        ),
    ),
)

_T5Q_MUTATIONS = (
    Mutation(
        name="an activation with a pole of order 2: tanh(z)^2",
        setting=replace(_T5Q, dictionary=extended("tanh^2", sp.tanh(Z) ** 2)),
        counterexample=_equals(
            "t5q = ReLU(x2) s(lambda x1), s(z) = tanh(z)^2: two_sided and quadratic LA, width 1",
            _relu(X2) * (sp.tanh(Z) ** 2).subs(Z, _LOGIT),
            _T5Q.target.expression,
        ),
    ),
    Mutation(
        name="a constant gate instead of tanh(lambda x1)",
        setting=_NO_GATE_Q,
        counterexample=_equals(
            "ReLU(x2) tanh(lambda x1)/2 is a two_sided and quadratic LA network of width 1",
            _relu(X2) * ACTIVATIONS["tanh"](_LOGIT) / 2,
            _NO_GATE_Q.target.expression,
        ),
    ),
)

_ASSUMPTIONS = (
    "d = 2, lambda > 0, one output, no output bias; any finite width, hidden biases on or off",
    "LA over any of id, relu, relu2, leaky_relu, gelu, silu, tanh, any coefficients",
    "the MoA network has width 1, tanh gates without scale and bias, no hidden biases",
)

THEOREMS.add(
    "T5",
    Theorem(
        name="T5",
        title="MoA is not contained in LA, two_sided",
        statement="t5(x) = tanh(lambda x1)^2 x1 ReLU(x2) is a two_sided MoA network of width 1 "
        "and no two_sided or quadratic LA network of any finite width.",
        assumptions=_ASSUMPTIONS,
        setting=_T5,
        steps=steps,
        mutations=_T5_MUTATIONS,
        source="docs/theory.md, section 3, T5; derived here",
    ),
)
THEOREMS.add(
    "T5q",
    Theorem(
        name="T5q",
        title="MoA is not contained in LA, quadratic",
        statement="t5q(x) = tanh(lambda x1)^2 ReLU(x2) is a quadratic MoA network of width 1 and "
        "no two_sided or quadratic LA network of any finite width.",
        assumptions=_ASSUMPTIONS,
        setting=_T5Q,
        steps=steps,
        mutations=_T5Q_MUTATIONS,
        source="docs/theory.md, section 3, T5q; derived here",
    ),
)
