"""T8-softmax: K1 kinked activations under softmax gates (docs/theory.md, section 8, T8).

One group, at most two activations with a kink. Across {x2 = 0} the gradient of a type1 network
jumps by two exponentials of affine functions over a positive function: one simple real zero at
most, and complex zeros that are evenly spaced. Neither tanh(lambda x1)^2, with a double zero, nor
tanh(lambda x1) + tanh(2 lambda x1) + tanh(3 lambda x1), with zeros that are not, is such a jump.
With three kinked activations the first is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.facts import settle
from expressivity.classes.gates import GATES
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import Z
from proofs.gate_poles import SOURCE as SECTION
from proofs.jump_lemma import SEVEN, X1, X2, crossing, positive
from proofs.t5 import LAMBDA
from proofs.t8 import SOFTMAX_MEMBER, jump_steps, tanh_sum

SOURCE = f"{SECTION}, T8"
_SOFTMAX = GATES["softmax"]
_relu = ACTIVATIONS["relu"]
_SQUARE = sp.tanh(LAMBDA * X1) ** 2 * _relu(X2)
_Q = sp.Symbol("q", positive=True)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        dictionary: the activations.
        groups: how many.
    """

    dictionary: tuple[Activation, ...] = SEVEN
    groups: int = 1

    @property
    def exponentials(self) -> int:
        """How many gates of a group take part in a jump."""
        return sum(s.kink != 0 for s in self.dictionary)


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order."""
    yield from jump_steps(setting.dictionary, (_SOFTMAX,))
    yield Step(
        statement=f"one group: here {setting.groups}",
        source=SOURCE,
        check=lambda: setting.groups == 1,
    )
    yield Step(
        statement=f"at most two activations have a kink: here {setting.exponentials}",
        source=SOURCE,
        check=lambda: setting.exponentials <= 2,
    )
    yield Step(
        statement="each gate is exp(z_k)/D, D the positive sum of the exp(z_i), the same for all "
        "k: J D = N = c1 exp(r1 t) + c2 exp(r2 t) on the line, constants and scales in c1, c2",
        source="docs/theory.md, section 1",
        check=lambda: is_exponential_over_sum(len(setting.dictionary)),
    )
    yield Step(
        statement="N' - r1 N = (r2 - r1) c2 exp(r2 t): where N is 0 and not 0 everywhere, r1 and "
        "r2 differ, c2 is not 0, and N' is not 0: the real zeros of J are simple",
        source="direct computation",
        check=zeros_are_simple,
    )
    yield from square_steps()
    yield from sum_steps()


def square_steps() -> Iterator[Step]:
    """The first target."""
    yield Step(
        statement="tanh(lambda x1)^2 ReLU(x2) jumps by tanh(lambda t)^2, whose zero at 0 is "
        "double, while it is not 0 everywhere: it is no J",
        source="direct computation",
        check=lambda: has_double_zero(crossing(_SQUARE).slope_jump),
    )


def sum_steps() -> Iterator[Step]:
    """The second target."""
    yield Step(
        statement="if r1 and r2 differ and c1, c2 are not 0, the zeros of N are evenly spaced, "
        "by 2 pi i/(r1 - r2); otherwise it has none, or is 0",
        source="exp has the period 2 pi i",
    )
    yield Step(
        statement="the jump T of (tanh(lambda x1) + tanh(2 lambda x1) + tanh(3 lambda x1)) "
        "ReLU(x2) is 0 at 0, and is, in q = exp(2 lambda t), a rational function: it has the "
        "period i pi/lambda",
        source="direct computation",
        check=lambda: is_sum_in_q(crossing(tanh_sum(3)).slope_jump),
    )
    yield Step(
        statement="were T = N/D, its zeros would be zeros of N, as D is entire: with 0 and "
        "i pi/lambda among evenly spaced zeros, t lambda/(i pi) is rational for each, "
        "and q a root of unity",
        source=SOURCE,
    )
    yield Step(
        statement="T is 0 where 3 q^2 - 2 q + 3 = 0: this polynomial is irreducible over the "
        "integers, primitive and not monic, so its roots are no algebraic integers, and no roots "
        "of unity: T is no J",
        source="Gauss's lemma; factorisation over the integers",
        check=has_zero_off_the_roots_of_unity,
    )


def is_exponential_over_sum(size: int) -> bool | None:
    """g_k times the sum of the exponentials is exp(z_k), and the sum is positive."""
    logits = [sp.Symbol(f"z{k}", real=True) for k in range(size)]
    total = sp.Add(*map(sp.exp, logits))
    found = (
        is_identity(_SOFTMAX.expression(logits, k) * total, sp.exp(logits[k])) for k in range(size)
    )
    return settle([bool(total.is_positive), *found])


def zeros_are_simple() -> bool:
    """The identity, c1, c2, r1, r2 symbolic."""
    c1, c2, r1, r2 = sp.symbols("c1 c2 r1 r2", real=True)
    n = c1 * sp.exp(r1 * Z) + c2 * sp.exp(r2 * Z)
    return sp.expand(sp.diff(n, Z) - r1 * n - (r2 - r1) * c2 * sp.exp(r2 * Z)) == 0


def has_double_zero(jump: sp.Expr) -> bool | None:
    """Value and slope are 0 at x1 = 0, and the second derivative is positive."""
    at_zero = [sp.diff(jump, X1, n).subs(X1, 0) for n in range(3)]
    if at_zero[0] != 0 or at_zero[1] != 0:
        return False
    return positive(sp.simplify(at_zero[2]))


def sum_in_q() -> sp.Expr:
    """The sum of (q^i - 1)/(q^i + 1), i = 1, 2, 3, in lowest terms."""
    return sp.cancel(sp.Add(*[(_Q**i - 1) / (_Q**i + 1) for i in (1, 2, 3)]))


def is_sum_in_q(jump: sp.Expr) -> bool | None:
    """The jump is this function of q = exp(2 lambda x1), and 0 at 0."""
    claimed = sum_in_q().subs(_Q, sp.exp(2 * LAMBDA * X1))
    return settle([is_identity(jump, claimed), jump.subs(X1, 0) == 0])


def has_zero_off_the_roots_of_unity() -> bool:
    """One irreducible factor of the numerator, none of the denominator's, is not monic."""
    numerator, denominator = sp.fraction(sum_in_q())
    _, factors = sp.factor_list(numerator, _Q)
    wanted = 3 * _Q**2 - 2 * _Q + 3
    chosen = [sp.Poly(factor, _Q) for factor, _ in factors if sp.expand(factor - wanted) == 0]
    return len(chosen) == 1 and (
        chosen[0].is_irreducible
        and sp.gcd_list(chosen[0].all_coeffs()) == 1
        and sp.gcd(wanted, denominator) == 1
    )


def three_kinked_activations() -> bool | None:
    """Amplitudes 1, -1, 1 under weights exp(2 y), 2, exp(-2 y), y = lambda x1."""
    logits = [2 * LAMBDA * X1, sp.log(2), -2 * LAMBDA * X1]
    pairs = zip((1, -sp.S.Half, sp.Rational(1, 3)), _THREE, strict=True)
    network = sp.Add(*[
        scale * _SOFTMAX.expression(logits, k) * s(X2) for k, (scale, s) in enumerate(pairs)
    ])  # fmt: skip
    return is_identity(network, _SQUARE)


# The torch forms play no part in a proof.
_THREE = tuple(
    replace(_relu, name=f"{n} relu", expression=n * _relu.expression, kink=sp.Integer(n))
    for n in (1, 2, 3)
)

THEOREMS.add(
    "T8-softmax",
    Theorem(
        name="T8-softmax",
        title="Amplitudes of type1 MoA under softmax gates are few exponentials over a sum",
        statement="Neither tanh(lambda x1)^2 ReLU(x2) nor (tanh(lambda x1) + tanh(2 lambda x1) + "
        "tanh(3 lambda x1)) ReLU(x2) is a type1 MoA network with softmax gates and one group, of "
        "any width, over a dictionary in which at most two activations have a kink.",
        assumptions=(
            "scale, gate bias and hidden biases on or off; every d >= 2, any width",
            "any dictionary of the seven, of which relu and leaky_relu have a kink; one output",
            "an output bias and a residual path change nothing",
        ),
        setting=Setting(),
        steps=steps,
        mutations=(
            Mutation(
                name="three kinked activations: relu, 2 relu, 3 relu",
                setting=Setting(dictionary=_THREE),
                counterexample=Step(
                    statement="tanh(lambda x1)^2 ReLU(x2) is a network of width 1 over these: "
                    "logits 2 lambda x1, log 2, -2 lambda x1, scales 1, -1/2, 1/3",
                    source="substitution",
                    check=three_kinked_activations,
                ),
            ),
            Mutation(name="two groups", setting=Setting(groups=2), counterexample=SOFTMAX_MEMBER),
        ),
        source="docs/theory.md, section 8, T8; derived here",
    ),
)
