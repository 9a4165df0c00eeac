"""B1: where a target's gradient jumps, the gradient of every network of a class misses it.

Let H be a hyperplane, J the jump of the normal derivative of e = f - t across a piece of H inside
the domain. Then ess sup abs(grad e) >= sup abs(J)/2 over the piece. Hence, at every width and
with biases, on a domain that contains the segment abs(x1) <= R of x2 = 0 (d = 2) or [-R, R]:

    t2, LA type1                  tanh(lambda R)/2;  for a gate g: (g(lambda R) - g(-lambda R))/4
    t4, LA one_sided              R tanh(lambda R)/4
    t1, C^1 activations           1/2
    t1, piecewise affine ones     R/m if R <= m/2, (R + 1/2)/(m + 1) otherwise, type1 of width m

Every activation is continuous, C^1 on either side of 0 up to 0, and kinks at 0 alone: without
continuity the derivative of s(z) y may jump although s has kink 0.

The steps of the last line are in ``slope_staircase``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.gates import GATES
from expressivity.classes.generic_neuron import (
    AFFINE_MAP,
    SLOPE,
    TANGENT,
    has_amplitude_of_degree,
    neuron_jumps,
)
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets import builtin as targets
from expressivity.targets.target import Target
from proofs.hypotheses import REGULAR, regularity_step
from proofs.slope_staircase import (
    SOURCE,
    TWO_KINKS,
    combined,
    staircase_steps,
    two_kinks_do_better,
)

_X1, _X2 = COORDINATES[:2]
_rate, _reach = sp.symbols("lambda R", positive=True)
_relu = ACTIVATIONS["relu"]

# The jumps along x2 = 0, as functions of x1 = TANGENT.
_T2_JUMP = sp.tanh(_rate * TANGENT)
_T4_JUMP = TANGENT * sp.tanh(_rate * TANGENT)

Dictionary = Mapping[str, sp.Expr]
"""Activations by name, as expressions in ``Z``."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The four classes.

    Attributes:
        dictionary: of the two LA classes.
        t2_second, t4_second: second factor of a neuron of the classes compared with t2 and t4.
        smooth, affine: activations of the two classes compared with t1.
    """

    dictionary: Dictionary
    t2_second: sp.Expr
    t4_second: sp.Expr
    smooth: Dictionary
    affine: Dictionary


def steps(setting: Setting) -> Iterator[Step]:
    """The argument for a jump, then t2, t4 and t1."""
    activations = {**setting.dictionary, **setting.smooth, **setting.affine}
    yield regularity_step(activations.values(), SOURCE)
    yield from _jump_steps()
    yield from _t2_steps(setting)
    yield from _t4_steps(setting)
    yield Step(
        statement="The derivative of a neuron over each C^1 activation, type1 or one_sided, jumps "
        "nowhere, and that of t1 by 1 at 0 (below): the error is at least 1/2",
        source=SOURCE,
        check=lambda: _c1(setting.smooth),
    )
    yield from staircase_steps(setting.affine)


def _jump_steps() -> Iterator[Step]:
    a, b, g1, g2, n1, n2 = sp.symbols("a b g1 g2 n1 n2", real=True)
    lagrange = (g1**2 + g2**2) * (n1**2 + n2**2) - (g1 * n1 + g2 * n2) ** 2
    yield Step(
        statement="2 a^2 + 2 b^2 = (a - b)^2 + (a + b)^2, hence 4 max(a^2, b^2) >= (a - b)^2: of "
        "two numbers that differ by J one has absolute value at least abs(J)/2",
        source=SOURCE,
        check=lambda: is_identity(2 * a**2 + 2 * b**2 - (a - b) ** 2, (a + b) ** 2),
        latex=r"4\max(a^2,b^2)\ge 2a^2+2b^2=(a-b)^2+(a+b)^2\ge (a-b)^2",
    )
    yield Step(
        statement="abs(n.g) <= abs(g) for a unit vector n: in the plane of the two, abs(g)^2 "
        "abs(n)^2 - (n.g)^2 is a square",
        source="Lagrange's identity",
        check=lambda: is_identity(lagrange, (g1 * n2 - g2 * n1) ** 2),
    )
    yield Step(
        statement="With a, b the limits of n.grad e on the two sides of a point of H (off a set "
        "of lower dimension): on sets of positive measure near the point the derivative is as "
        "close to a and to b as we like, so ess sup abs(grad e) >= sup abs(J)/2",
        source=SOURCE,
    )


def _class_steps(dictionary: Dictionary, second: sp.Expr, degree: int) -> Iterator[Step]:
    shape = ("constant", "affine")[degree]

    def check() -> bool | None:
        found = [neuron_jumps(s, second) for s in dictionary.values()]
        return combined(*(
            answer
            for jumps in found
            for answer in ((None,) if jumps is None else
                           [has_amplitude_of_degree(jump, degree) for jump in jumps])
        ))  # fmt: skip

    yield Step(
        statement=f"A neuron of the class, over each activation and in every sign case, is "
        f"continuous across x2 = 0 and its normal derivative jumps by a function {shape} along it",
        source="docs/theory.md, L1",
        check=check,
    )
    yield Step(
        statement=f"LA networks are finite combinations of such neurons, and sums of functions "
        f"{shape} along x2 = 0 are {shape}, at every width",
        source="docs/theory.md, L1",
    )


def _t2_steps(setting: Setting) -> Iterator[Step]:
    constant = sp.Symbol("C", real=True)
    J = constant - _T2_JUMP
    slope = 4 * _rate / (sp.exp(_rate * TANGENT) + sp.exp(-_rate * TANGENT)) ** 2

    yield from _class_steps(setting.dictionary, setting.t2_second, 0)
    yield Step(
        statement="t2 = tanh(lambda x1) relu(x2) jumps by tanh(lambda x1)",
        source=SOURCE,
        check=lambda: _jumps_by(_T2_JUMP, targets.t2()),
    )
    yield Step(
        statement="J = C - tanh(lambda x1) changes by 2 tanh(lambda R) from R to -R, so sup abs(J) "
        ">= tanh(lambda R) for every C: the error is at least tanh(lambda R)/2",
        source=SOURCE,
        check=lambda: is_identity((_at(J, -_reach) - _at(J, _reach)) / 2, _at(_T2_JUMP, _reach)),
    )
    yield Step(
        statement="tanh(lambda x1) is odd and increases: C = 0 attains it, constants give no more",
        source=SOURCE,
        check=lambda: combined(
            is_identity(_at(_T2_JUMP, -TANGENT), -_T2_JUMP),
            is_identity(sp.diff(_T2_JUMP, TANGENT), slope),
            slope.is_positive,
        ),
    )
    yield Step(
        statement="For t2_g = g(lambda x1) relu(x2), g the sigmoid or the softmax component with "
        "K >= 2, J changes by g(lambda R) - g(-lambda R) > 0: at least a quarter of it",
        source=SOURCE,
        check=_gates,
    )


def _gates() -> bool | None:
    u, spare = sp.Symbol("u", positive=True), sp.Symbol("k", nonnegative=True)
    sigmoid = GATES["sigmoid"].expression([Z], 0)
    softmax = sp.exp(Z) / (sp.exp(Z) + spare + 1)  # K = k + 2, the other logits 0
    both = sp.Mul(*[sp.exp(v) + spare + 1 for v in (u, -u)])
    halves = sp.exp(u / 2) + sp.exp(-u / 2)
    changes = (
        (sigmoid, 2 * sp.sinh(u / 2) / halves),
        (softmax, 2 * (spare + 1) * sp.sinh(u) / both),
    )
    seven = GATES["softmax"].expression([Z] + [sp.S.Zero] * 6, 0)
    answers = [is_identity(softmax.subs(spare, 5), seven)]
    for gate, change in changes:
        found = gate.subs(Z, u) - gate.subs(Z, -u)
        answers += [is_identity(found, change.rewrite(sp.exp)), change.is_positive]
        answers.append(_jumps_by(gate.subs(Z, _rate * TANGENT)))
    return combined(*answers)


def _t4_steps(setting: Setting) -> Iterator[Step]:
    slope, constant = sp.symbols("A C", real=True)
    x = sp.Symbol("x", positive=True)
    J = slope * TANGENT + constant - _T4_JUMP
    middle = 2 * _at(J, sp.S.Zero) - _at(J, -_reach) - _at(J, _reach)
    rise = 4 * _rate * x / (sp.exp(_rate * x) + sp.exp(-_rate * x)) ** 2 + sp.tanh(_rate * x)

    yield from _class_steps(setting.dictionary, setting.t4_second, 1)
    yield Step(
        statement="t4 = x1 tanh(lambda x1) relu(x2) jumps by x1 tanh(lambda x1)",
        source=SOURCE,
        check=lambda: _jumps_by(_T4_JUMP, targets.t4()),
    )
    yield Step(
        statement="For J = A x1 + C - x1 tanh(lambda x1), 4 sup abs(J) >= 2 J(0) - J(-R) - J(R) = "
        "2 R tanh(lambda R), whatever A and C: the error is at least R tanh(lambda R)/4",
        source=SOURCE,
        check=lambda: is_identity(middle, 2 * _at(_T4_JUMP, _reach)),
        latex=r"4\sup|J|\ge 2J(0)-J(-R)-J(R)=2R\tanh(\lambda R)",
    )
    yield Step(
        statement="The jump is even, 0 at 0 and increases on x1 > 0: A = 0, C = R tanh(lambda R)/2 "
        "attain it (equioscillation at -R, 0, R), affine functions give no more",
        source=SOURCE,
        check=lambda: combined(
            is_identity(_at(_T4_JUMP, -TANGENT), _T4_JUMP),
            is_identity(sp.diff(_at(_T4_JUMP, x), x), rise),
            rise.is_positive,
        ),
    )


def _at(function: sp.Expr, place: sp.Expr) -> sp.Expr:
    return function.subs(TANGENT, place)


def _jumps_by(amplitude: sp.Expr, target: Target | None = None) -> bool | None:
    """Whether amplitude(x1) relu(x2) jumps by the amplitude; for lambda = 2 it is the target."""
    jumps = neuron_jumps(_relu.expression, amplitude)
    if jumps is None:
        return None
    answer = is_identity(jumps[0].gradient.subs(SLOPE, 1), amplitude)
    if target is None:
        return answer
    formula = _at(amplitude, _X1).subs(_rate, 2) * _relu(_X2)
    return combined(answer, is_identity(formula, target.expression))


def _c1(dictionary: Dictionary) -> bool | None:
    """Whether no type1 or one_sided neuron over the dictionary jumps, in value or derivative."""
    seconds = (sp.S.One, AFFINE_MAP)
    found = [neuron_jumps(s, second) for s in dictionary.values() for second in seconds]
    return combined(*(
        None if jump is None else is_identity(part, sp.S.Zero)
        for jumps in found
        for jump in jumps or (None,)
        for part in ((jump.value, jump.gradient) if jump else (None,))
    ))  # fmt: skip


def _step_does_better() -> bool | None:
    """On either side of 0 the slope of f - t1 is affine, and small at 0 and at the end."""
    error = _STEP.subs(Z, _X1) * sp.Rational(5, 4) * _X1 - targets.t1().expression
    x, reach = sp.Symbol("x", positive=True), sp.Rational(1, 4)
    slopes = [sp.diff(error.subs(_X1, side), x) for side in (x, -x)]
    ends = [slope.subs(x, place) for slope in slopes for place in (0, reach)]
    return combined(
        *[is_identity(sp.diff(slope, x, 2), sp.S.Zero) for slope in slopes],
        all(bool(abs(end) <= reach) for end in ends),
    )


def _named(*names: str) -> Dictionary:
    return {name: ACTIVATIONS[name].expression for name in names}


_SETTING = Setting(
    dictionary=_named(*FULL_DICTIONARY),
    t2_second=sp.S.One,
    t4_second=AFFINE_MAP,
    smooth=_named("relu2", "gelu", "silu", "tanh"),
    affine=_named("id", "relu", "leaky_relu"),
)
_STEP = sp.Piecewise((sp.S.One, Z > 0), (sp.S.Zero, True))
_silu, _T1 = ACTIVATIONS["silu"], _relu(Z) + ACTIVATIONS["relu2"](Z)
_Y = AFFINE_MAP

_MUTATIONS = (
    Mutation(
        name="LA two_sided with tanh instead of type1",
        setting=replace(_SETTING, t2_second=sp.tanh(_Y)),
        counterexample=Step(
            statement="t2 = relu(x2) tanh(lambda x1) is a two_sided LA network of width 1",
            source="docs/theory.md, T4",
            check=lambda: is_identity(_relu(_X2) * sp.tanh(2 * _X1), targets.t2().expression),
        ),
    ),
    Mutation(
        name="LA two_sided with id and silu instead of one_sided",
        setting=replace(_SETTING, t4_second=sp.Symbol("beta", real=True) * _Y + _silu(_Y)),
        counterexample=Step(
            statement="t4 = relu(x2) (silu(2 lambda x1)/lambda - x1) is a two_sided LA network",
            source="docs/theory.md, T4",
            check=lambda: is_identity(
                _relu(_X2) * (_silu(4 * _X1) / 2 - _X1), targets.t4().expression
            ),
        ),
    ),
    Mutation(
        name="relu + relu2 as one activation of the C^1 class",
        setting=replace(_SETTING, smooth={**_SETTING.smooth, "relu+relu2": _T1}),
        counterexample=Step(
            statement="t1 is a network of width 1 over it: error 0",
            source="docs/theory.md, T1",
            check=lambda: is_identity(_T1.subs(Z, _X1), targets.t1().expression),
        ),
    ),
    Mutation(
        name="an activation of kink 0 that is not continuous, in the C^1 class: 1 for z > 0",
        setting=replace(_SETTING, smooth={**_SETTING.smooth, "step": _STEP}),
        counterexample=Step(
            statement="f = s(x) 5 x/4, one_sided of width 1, is 5/4 relu(x): f' misses t1' on "
            "[-1/4, 1/4] by at most 1/4, less than 1/2",
            source=SOURCE,
            check=_step_does_better,
        ),
    ),
    Mutation(
        name="a piecewise affine activation with two kinks",
        setting=replace(_SETTING, affine={**_SETTING.affine, "two_kinks": TWO_KINKS}),
        counterexample=Step(
            statement="s = 3/2 relu(z) + relu(z - 1) misses t1' by 1/2 with f = s(2x)/2 on "
            "[-1, 1], by less than 3/4, the bound for width 1",
            source=SOURCE,
            check=two_kinks_do_better,
        ),
    ),
)

THEOREMS.add(
    "B1",
    Theorem(
        name="B1",
        title="A gradient jump that a class lacks bounds its error in W^{1,infinity} from below",
        statement="ess sup abs(grad(f - t)) >= sup abs(J)/2; every LA type1 network misses t2 by "
        "at least tanh(lambda R)/2, every LA one_sided network t4 by R tanh(lambda R)/4, every "
        "type1 or one_sided network of C^1 activations t1 by 1/2, and every type1 network of m >= "
        "1 piecewise affine ones t1 by R/m if R <= m/2 and by (R + 1/2)/(m + 1) otherwise.",
        assumptions=(
            "lambda, R > 0; the domain contains the segment abs(x1) <= R, x2 = 0 (t2, t4), or is "
            "[-R, R] (t1), with both sides of almost every point",
            "hidden biases on or off; t2, t4 and the C^1 activations at every width",
            f"every activation is {REGULAR}",
        ),
        setting=_SETTING,
        steps=steps,
        mutations=_MUTATIONS,
        source=SOURCE,
    ),
)
