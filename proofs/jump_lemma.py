"""L1, the jump lemma (docs/theory.md, section 3).

Let H = {n.x = h} be a hyperplane, n a unit vector, and f a type1 LA network over activations
that are continuous, and real-analytic on either side of 0 up to 0. Off a finite union of sets of
dimension at most d - 2 in H, the jump of n.grad f across H is the constant sum_j a_j kappa
abs(s_j), over the neurons with w_j = s_j n, b_j = -s_j h, s_j != 0, and kappa = sum_k alpha_k k_k.

The neuron of this file is also that of T2 and T4, with other coefficients or a second factor.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY, Activation
from expressivity.classes.facts import settle
from expressivity.classes.generic_neuron import (
    AFFINE_MAP,
    NORMAL,
    TANGENT,
    NeuronJump,
    has_amplitude_of_degree,
    neuron_jumps,
)
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.piecewise import assume_sign
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.crossings import Crossing
from proofs.hypotheses import regularity_step

X1, X2 = COORDINATES[:2]
SOURCE = "docs/theory.md, section 3, L1"

SEVEN: tuple[Activation, ...] = tuple(ACTIVATIONS[name] for name in FULL_DICTIONARY)


@dataclass(frozen=True, kw_only=True)
class Neuron:
    """One generic neuron: sum_k coefficient_k s_k(w.x + b) times a second factor.

    Attributes:
        dictionary: the activations s_k.
        coefficients: one for each, constants in LA; with gates, functions of TANGENT.
        second: 1 for type1, affine for one_sided, in NORMAL and TANGENT.
    """

    dictionary: tuple[Activation, ...] = SEVEN
    coefficients: tuple[sp.Expr, ...] = sp.symbols("alpha1:8", real=True)
    second: sp.Expr = sp.S.One

    @property
    def mixture(self) -> sp.Expr:
        """sum_k coefficient_k s_k, in ``Z``."""
        pairs = zip(self.coefficients, self.dictionary, strict=True)
        return sp.Add(*[coefficient * s.expression for coefficient, s in pairs])

    @property
    def kappa(self) -> sp.Expr:
        """sum_k coefficient_k k_k, from the declared kinks."""
        pairs = zip(self.coefficients, self.dictionary, strict=True)
        return sp.Add(*[coefficient * s.kink for coefficient, s in pairs])

    def case(self, index: int) -> NeuronJump | None:
        """One sign case of the neuron's jumps across H."""
        jumps = neuron_jumps(self.mixture, self.second)
        return None if jumps is None else jumps[index]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions: the class by its generic neuron, and the jump claimed for kink set H.

    Attributes:
        neuron: of the class.
        amplitude: the jump over kappa, as a function of the slope s_j.
    """

    neuron: Neuron
    amplitude: Callable[[sp.Expr], sp.Expr] = sp.Abs


CASES = (
    "kink set H, slope s > 0 across H",
    "kink set H, slope -s < 0 across H",
    "kink set not H, at points of H where w.x + b > 0",
    "kink set not H, at points of H where w.x + b < 0",
    "w = 0 and b = 0",
)
"""The sign cases, in the order of ``neuron_jumps``."""


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order."""
    neuron = setting.neuron
    yield from generic_neuron_steps(neuron, 0, SOURCE)
    for activation in neuron.dictionary:
        yield Step(
            statement=f"the kink of {activation.name} is {activation.kink}",
            source="docs/theory.md, section 1",
            check=lambda s=activation: kink_is_declared(s),
        )
    for index, case in enumerate(CASES):
        size = "kappa s" if index < 2 else "0"
        yield Step(
            statement=f"{case}: the y-derivative jumps by {size}",
            source=SOURCE,
            check=lambda i=index: amplitude_is(neuron.case(i), neuron.kappa, setting.amplitude),
        )
    yield Step(
        statement="the jump is linear in f and the output weights a_j are constants: the "
        "network jumps by the sum of a_j times the jumps of its neurons",
        source=SOURCE,
    )


def generic_neuron_steps(neuron: Neuron, degree: int, source: str) -> Iterator[Step]:
    """That networks jump across H by a polynomial of this degree along H, for every width."""
    name = ("constant", "affine")[degree]
    yield Step(
        statement="take coordinates y = n.x - h across H = {n.x = h} and t along a line in H; "
        "restricted to the plane of the two, a neuron is one of the same class with d = 2 and "
        "argument r y + p t + q, and what is constant or affine along all lines of H is so on H",
        source=source,
    )
    yield regularity_step([s.expression for s in neuron.dictionary], source)
    yield Step(
        statement="if p != 0 the argument vanishes at one point of the line, and if p = 0, "
        "q != 0 at none; otherwise its kink set is H or the argument is 0 everywhere",
        source=source,
        check=vanishes_once,
    )
    for index, case in enumerate(CASES):
        yield Step(
            statement=f"{case}: the neuron is continuous, and its y-derivative jumps by "
            f"{'a' if degree == 0 else 'an'} {name} function of t",
            source=source,
            check=lambda i=index: case_has_degree(neuron.case(i), degree),
        )
    yield Step(
        statement=f"finite sums keep it: the jump is linear, a sum of {name} functions is "
        f"{name}, and a finite union of sets of dimension at most d - 2 is one",
        source=source,
    )


def vanishes_once() -> bool:
    """p t + q = 0 has one solution t for p != 0, and none for p = 0, q != 0."""
    p, q = sp.symbols("p q", real=True, nonzero=True)
    shift = sp.Symbol("q0", real=True)
    return sp.solve(p * TANGENT + shift, TANGENT) == [-shift / p] and q.is_zero is False


def case_has_degree(jump: NeuronJump | None, degree: int) -> bool | None:
    """The property that the obstruction uses, or None where the neuron is not known."""
    return None if jump is None else has_amplitude_of_degree(jump, degree)


def kink_is_declared(activation: Activation) -> bool | None:
    """The declared kink is s'(0+) - s'(0-), by exact limits from both sides."""
    if activation.kink is None:
        return None
    h = sp.Symbol("h", positive=True)
    slope = sp.diff(activation.expression, Z)
    right, left = (sp.limit(slope.subs(Z, side * h), h, 0) for side in (1, -1))
    return is_identity(right - left, activation.kink)


def amplitude_is(
    jump: NeuronJump | None, kappa: sp.Expr, amplitude: Callable[[sp.Expr], sp.Expr]
) -> bool | None:
    """The gradient jumps by kappa amplitude(slope) for kink set H, and not at all otherwise."""
    if jump is None:
        return None
    claimed = sp.S.Zero if jump.slope is None else kappa * amplitude(jump.slope)
    return is_identity(jump.gradient, claimed)


def kink_times_size(
    activation: Activation,
    factor: sp.Expr,
    claimed: sp.Expr | None = None,
    amplitude: Callable[[sp.Expr], sp.Expr] = sp.Abs,
) -> bool | None:
    """Whether the y-derivative of a neuron s(w.x + b) times a smooth factor jumps as declared.

    By kink times amplitude(slope) times the claimed factor on H for kink set H, and not at all
    otherwise; the value does not jump. Factors are in NORMAL and TANGENT, with undefined functions
    for all smooth ones; claimed is by default the factor itself.
    """
    jumps = neuron_jumps(activation.expression, factor)
    if jumps is None or activation.kink is None:
        return None
    whole = activation.kink * (factor if claimed is None else claimed).subs(NORMAL, 0)
    sizes = [0 if jump.slope is None else amplitude(jump.slope) for jump in jumps]
    errors = [jump.gradient - size * whole for jump, size in zip(jumps, sizes, strict=True)]
    return settle(_vanishes(error) for error in (*errors, *(jump.value for jump in jumps)))


def _vanishes(error: sp.Expr) -> bool | None:
    """Whether it is 0 for all smooth functions in it; False where it is not for one choice."""
    if sp.expand(error) == 0:
        return True
    chosen: Any = error.replace(
        lambda node: isinstance(node, AppliedUndef),
        lambda node: sp.Add(2, *[(1 + 2 * n) * x for n, x in enumerate(node.args)]),
    ).doit()
    return False if is_identity(chosen, sp.S.Zero) is False else None


def crossing(expression: sp.Expr) -> Crossing:
    """The crossing of {x2 = 0} by a function with no other kink, parameters allowed."""
    above, below = (assume_sign(expression, X2, sign) for sign in (1, -1))
    return Crossing(
        level=X2, point=((X1, sp.Integer(0)), (X2, sp.Integer(0))), above=above, below=below
    )


def positive(number: sp.Expr) -> bool | None:
    """Whether a number with positive parameters is positive, by sympy's assumptions."""
    if number.is_positive:
        return True
    return False if number.is_nonpositive else None


_RELU = ACTIVATIONS["relu"]
CLIP = replace(
    _RELU,
    name="clip",
    title="ReLU(z) - ReLU(z - 1)",
    expression=_RELU(Z) - _RELU(Z - 1),
    value_and_derivative=lambda z: (z.clamp(0, 1), ((z > 0) & (z <= 1)).to(z.dtype)),
)

_SETTING = Setting(neuron=Neuron())

_MUTATIONS = (
    Mutation(
        name="a second factor v.x + c (one_sided)",
        setting=replace(_SETTING, neuron=replace(_SETTING.neuron, second=AFFINE_MAP)),
        counterexample=Step(
            statement="x1 ReLU(x2) jumps by x1 along x2 = 0",
            source="direct computation",
            check=lambda: is_identity(crossing(X1 * _RELU(X2)).slope_jump, X1),
        ),
    ),
    Mutation(
        name="coefficients that are gates",
        setting=replace(
            _SETTING, neuron=replace(_SETTING.neuron, coefficients=(sp.tanh(TANGENT),) * 7)
        ),
        counterexample=Step(
            statement="tanh(x1) ReLU(x2) jumps by 0 at x1 = 0 and by tanh(1) > 0 at x1 = 1",
            source="direct computation",
            check=lambda: _differs(crossing(sp.tanh(X1) * _RELU(X2)).slope_jump),
        ),
    ),
    Mutation(
        name="slopes with their sign instead of abs(s_j)",
        setting=replace(_SETTING, amplitude=lambda slope: slope),
        counterexample=Step(
            statement="ReLU(-x2) jumps by 1, not by -1",
            source="direct computation",
            check=lambda: is_identity(crossing(_RELU(-X2)).slope_jump, sp.S.One),
        ),
    ),
    Mutation(
        name="an activation with a second kink",
        setting=Setting(
            neuron=Neuron(dictionary=(CLIP,), coefficients=(sp.Symbol("alpha", real=True),))
        ),
        counterexample=Step(
            statement="clip(x2 + 1) jumps by -1 across x2 = 0, where its argument is not 0",
            source="direct computation",
            check=lambda: is_identity(crossing(CLIP(X2 + 1)).slope_jump, sp.S.NegativeOne),
        ),
    ),
)


def _differs(jump: sp.Expr) -> bool | None:
    start = is_identity(jump.subs(X1, 0), sp.S.Zero)
    return start and positive(jump.subs(X1, 1))


THEOREMS.add(
    "L1",
    Theorem(
        name="L1",
        title="Gradients of LA networks jump by constants",
        statement="Across a hyperplane H the normal derivative of a type1 LA network of any "
        "width jumps by sum_j a_j kappa abs(s_j), over the neurons whose kink set is H, at all "
        "points of H off a finite union of sets of dimension at most d - 2.",
        assumptions=(
            "the activations are continuous, and real-analytic on either side of 0 up to 0: C^1 "
            "from each side, with a kink nowhere but at 0",
            "coefficients alpha_k are constants shared by all neurons, any real numbers",
            "any width, dimension and hidden biases",
        ),
        setting=_SETTING,
        steps=steps,
        mutations=_MUTATIONS,
        source="docs/theory.md, section 3, L1",
    ),
)
