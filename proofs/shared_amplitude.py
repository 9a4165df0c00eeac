"""L2, shared amplitudes (docs/theory.md, section 6, L2).

Let f be a type1 network of any width whose neurons fall into G groups, each with coefficients
c_k(x) of its own that are C^1: constants, or gates of the input. Let H be a hyperplane with unit
normal n. Off a finite union of sets of dimension at most d - 2 in H, the jump of n.grad f across
H is J_H(x) = sum_g A(H, g) kappa_g(x), where kappa_g = sum_k k_k c_k for the coefficients of group
g is the same function for every H, and A(H, g) is a number. So the jumps at any points p_1, p_2, ..
of any hyperplanes make a matrix of rank at most G.

T6, T7 and T7b are what this forbids; T7c, T8 and T10 rest on the amplitude of one hyperplane.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY, Activation
from expressivity.classes.facts import settle
from expressivity.classes.gates import GATES, is_analytic
from expressivity.classes.generic_neuron import (
    AFFINE_MAP,
    NORMAL,
    TANGENT,
    neuron_is_c1,
)
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import Z
from proofs.hypotheses import is_regular, regularity_step
from proofs.jump_lemma import (
    CASES,
    CLIP,
    SEVEN,
    X1,
    X2,
    crossing,
    kink_is_declared,
    kink_times_size,
    vanishes_once,
)

SOURCE = "docs/theory.md, section 6, L2"
COEFFICIENT = sp.Function("c")(NORMAL, TANGENT)
"""A coefficient, any C^1 function of the coordinates across and along H."""

_LARGEST = 2
"""Groups for which the rank of the jumps is expanded in symbols."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions on a class of networks.

    Attributes:
        dictionary: the activations s_k.
        coefficient: what multiplies s_k(w.x + b) in the neurons of one group.
        factor: what multiplies it in one neuron, with weights of its own.
        amplitude: the jump over kink and coefficient, as a function of the slope.
        gates: expressions in ``Z`` of gates that are allowed beside those of the program.
        more_groups: than are claimed.
    """

    dictionary: tuple[Activation, ...] = SEVEN
    coefficient: sp.Expr = COEFFICIENT
    factor: sp.Expr = sp.S.One
    amplitude: Callable[[sp.Expr], sp.Expr] = sp.Abs
    gates: tuple[sp.Expr, ...] = ()
    more_groups: int = 0


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order."""
    yield from amplitude_steps(setting)
    for groups in range(1, _LARGEST + 1):
        yield Step(
            statement=f"{groups} group{'s' * (groups > 1)}: the jumps at {groups + 1} points of "
            f"each of {groups + 1} hyperplanes, sum_g A(H, g) kappa_g(p), have determinant 0",
            source=SOURCE,
            check=lambda g=groups: jumps_are_dependent(g + setting.more_groups, g),
        )
    yield Step(
        statement="for any number G of groups they are a product of a matrix with G columns and "
        "one with G rows: of rank at most G",
        source="linear algebra",
    )


def amplitude_steps(setting: Setting) -> Iterator[Step]:
    """That J_H = sum_g A(H, g) kappa_g, for every hyperplane with the same kappa_g."""
    yield regularity_step([s.expression for s in setting.dictionary], SOURCE)
    yield Step(
        statement="the coefficients are C^1: constants, and gates with scales and biases of affine "
        "functions, for the sigmoid, tanh and softmax of the program",
        source=SOURCE,
        check=lambda: gates_are_smooth(setting.gates),
    )
    yield Step(
        statement="the kink set of a neuron is H, or meets H in dimension at most d - 2: on a line "
        "in H its argument p t + q vanishes at one point if p != 0, at none if p = 0, q != 0",
        source=SOURCE,
        check=vanishes_once,
    )
    for s in setting.dictionary:
        yield Step(
            statement=f"the kink of {s.name} is {s.kink}",
            source="docs/theory.md, section 1",
            check=lambda s=s: kink_is_declared(s),
        )
        yield Step(
            statement=f"c(x) {s.name}(w.x + b), c any C^1 function, is continuous across H and "
            "its normal derivative jumps by kink abs(slope) c on H if its kink set is H, and not "
            f"at all otherwise ({len(CASES)} cases of signs)",
            source=SOURCE,
            check=lambda s=s: jumps_by_coefficient(s, setting),
        )
    yield Step(
        statement="the jump is linear: a network of any width jumps across H by sum_g A(H, g) "
        "kappa_g, A(H, g) = sum of a_j abs(slope) over the neurons of group g with kink set H; "
        "kappa_g = sum_k k_k c_k does not depend on H. It is C^1 on all of H",
        source=SOURCE,
    )


def gates_are_smooth(more: Sequence[sp.Expr]) -> bool | None:
    """Whether the program's gates are real-analytic for the seven, and other forms C^1."""
    known = [is_analytic(GATES[name], len(FULL_DICTIONARY)) or None for name in GATE_NAMES]
    return settle([*known, *(is_smooth(form) for form in more)])


def is_smooth(form: sp.Expr) -> bool | None:
    """Whether a gate of one logit, in ``Z``, is C^1; False where exact limits show a kink.

    >>> is_smooth(sp.tanh(Z)), is_smooth(sp.Max(Z, 0))
    (True, False)
    """
    known = neuron_is_c1(form)
    return False if known is None and is_regular(form) is False else known


def jumps_by_coefficient(s: Activation, setting: Setting) -> bool | None:
    """Whether c s(w.x + b) jumps by kink abs(slope) c where its kink set is H, and else by 0."""
    whole = setting.coefficient * setting.factor
    return kink_times_size(s, whole, setting.coefficient, setting.amplitude)


def jumps_are_dependent(groups: int, claimed: int) -> bool | None:
    """Whether all minors of size ``claimed`` + 1 of A kappa are 0, A of ``groups`` columns."""
    size = claimed + 1
    a = sp.Matrix(size, groups, lambda i, g: sp.Symbol(f"A{i}_{g}", real=True))
    kappa = sp.Matrix(groups, size, lambda g, p: sp.Symbol(f"kappa{g}_{p}", real=True))
    return is_identity(sp.expand((a * kappa).det(method="berkowitz")), sp.S.Zero)


GATE_NAMES = ("sigmoid", "tanh", "softmax")
_RELU, _TANH = ACTIVATIONS["relu"], ACTIVATIONS["tanh"]
_SETTING = Setting()


def equality(statement: str, left: sp.Expr, right: sp.Expr) -> Step:
    """Counterexample: two functions that are equal."""
    return Step(
        statement=statement, source="direct computation", check=lambda: is_identity(left, right)
    )


_MUTATIONS = (
    Mutation(
        name="a second factor v.x + c of each neuron's own (one_sided)",
        setting=replace(_SETTING, factor=AFFINE_MAP),
        counterexample=Step(
            statement="x1 ReLU(x2) + ReLU(x2 - 1) jumps by x1 and by 1: the determinant of the "
            "jumps at x1 = 0, 1 is -1",
            source="direct computation",
            check=lambda: bool(
                sp.Matrix([[crossing(X1 * _RELU(X2)).slope_jump.subs(X1, v), 1] for v in (0, 1)])
                .det() == -1
            ),
        ),
    ),
    Mutation(
        name="an activation with a second kink",
        setting=replace(_SETTING, dictionary=(CLIP,)),
        counterexample=equality(
            "clip(x2 + 1) jumps by -1 across x2 = 0, where its argument is not 0",
            crossing(CLIP(X2 + 1)).slope_jump,
            sp.S.NegativeOne,
        ),
    ),
    Mutation(
        name="a gate with a kink: max(z, 0)",
        setting=replace(_SETTING, gates=(sp.Max(Z, 0),)),
        counterexample=equality(
            "over tanh alone, which has no kink, max(x2, 0) tanh(x1) jumps by tanh(x1)",
            crossing(_RELU(X2) * _TANH(X1)).slope_jump,
            sp.tanh(X1),
        ),
    ),
    Mutation(
        name="slopes with their sign instead of abs(s_j)",
        setting=replace(_SETTING, amplitude=lambda slope: slope),
        counterexample=equality(
            "tanh(x1) ReLU(-x2) jumps by tanh(x1), not by -tanh(x1)",
            crossing(_TANH(X1) * _RELU(-X2)).slope_jump,
            sp.tanh(X1),
        ),
    ),
    Mutation(
        name="one group more than is claimed",
        setting=replace(_SETTING, more_groups=1),
        counterexample=Step(
            statement="two groups: jumps tanh(1), tanh(2) and tanh(2), tanh(4) at two points of "
            "two hyperplanes have determinant tanh(1) tanh(4) - tanh(2)^2 != 0",
            source="balls",
            check=lambda: is_identity(
                sp.tanh(1) * sp.tanh(4) - sp.tanh(2) ** 2, sp.S.Zero
            ) is False,
        ),
    ),
)  # fmt: skip

THEOREMS.add(
    "L2",
    Theorem(
        name="L2",
        title="Neurons that share coefficients share one amplitude",
        statement="Across a hyperplane H the normal derivative of a type1 network with G groups of "
        "C^1 coefficients jumps by sum_g A(H, g) kappa_g, with the same functions kappa_g for "
        "every H; jumps at points of hyperplanes make a matrix of rank at most G.",
        assumptions=(
            "the activations are continuous, and real-analytic on either side of 0 up to 0: C^1 "
            "from each side, with a kink nowhere but at 0",
            "coefficients are C^1 functions of x, shared by the neurons of a group; any gates that "
            "are, any scales",
            "any width, dimension and hidden biases",
        ),
        setting=_SETTING,
        steps=steps,
        mutations=_MUTATIONS,
        source=SOURCE,
    ),
)
