"""T7c: one gated linear unit is beyond MoA of any number of groups (docs/theory.md, section 7).

x1 ReLU(x2), d = 2, is a one_sided ReLU network of width 1, and no type1 MoA network with tanh,
sigmoid or softmax gates, of any width, scales and number of groups: such a network jumps across
{x2 = 0} by a bounded real-analytic function of x1 (L2), and x1 is not bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.facts import settle
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES
from expressivity.classes.kinds import Kind
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.piecewise import formula_where
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import Z
from proofs import shared_amplitude
from proofs.hypotheses import is_regular
from proofs.jump_lemma import X1, X2, crossing
from proofs.networks import Network, with_rows
from proofs.shared_amplitude import GATE_NAMES
from proofs.t7 import reglu

SOURCE = "docs/theory.md, section 7, T7c"
_relu = ACTIVATIONS["relu"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        target: a function of x1 and x2.
        amplitude: by which its gradient jumps across x2 = 0.
        network: of one gated linear unit.
        lemma: what the smaller class is, in the form of L2, with further gates in ``Z``.
    """

    target: sp.Expr = field(default_factory=lambda: X1 * _relu(X2))
    amplitude: sp.Expr = X1
    network: Network = field(default_factory=lambda: reglu(([0, 1, 0], [1, 0, 0])))
    lemma: shared_amplitude.Setting = field(default_factory=shared_amplitude.Setting)


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order."""
    yield Step(
        statement="the target is a one_sided ReLU network of width 1",
        source=SOURCE,
        check=lambda: is_identity(setting.network.expression, setting.target),
    )
    yield from shared_amplitude.amplitude_steps(setting.lemma)
    yield Step(
        statement="every gate is a real-analytic function of the logits with values in [-1, 1]",
        source=SOURCE,
        check=lambda: settle(
            [*map(is_bounded, GATE_NAMES), *map(is_bounded_form, setting.lemma.gates)]
        ),
    )
    yield Step(
        statement="so kappa_g is real-analytic on the plane, and bounded by sum_k abs(k_k scale_k)",
        source=SOURCE,
    )
    yield Step(
        statement=f"the target is continuous across x2 = 0, and jumps there by {setting.amplitude}",
        source=SOURCE,
        check=lambda: settle(
            (
                is_identity(crossing(setting.target).value_jump, sp.S.Zero),
                is_identity(crossing(setting.target).slope_jump, setting.amplitude),
            )
        ),
    )
    yield Step(
        statement="the jump is not bounded on the whole line",
        source=SOURCE,
        check=lambda: is_unbounded(setting.amplitude),
    )
    yield Step(
        statement="a network equal to the target about a point of x2 = 0 would jump by it on an "
        "interval of x1; sum_g A_g kappa_g(x1, 0) is real-analytic on the whole line, and so is "
        "the jump: they agree everywhere (identity theorem), a bounded and an unbounded function",
        source=SOURCE,
    )


def is_unbounded(jump: sp.Expr) -> bool | None:
    """Whether a continuous function of x1 is not bounded; False where both its limits are numbers.

    >>> [is_unbounded(jump) for jump in (X1, sp.exp(-X1), sp.tanh(X1), sp.sin(X1))]
    [True, True, False, None]
    """
    limits = [sp.limit(jump, X1, end) for end in (sp.oo, -sp.oo)]
    if any(limit.is_infinite for limit in limits):
        return True
    return False if all(limit.is_number and limit.is_finite for limit in limits) else None


def is_bounded(gate: str) -> bool | None:
    """Whether a gate of the program has values in [-1, 1], by its form in E_k = exp(logit k)."""
    form = GATES[gate].expression
    size = len(FULL_DICTIONARY)
    powers = sp.symbols(f"E0:{size}", positive=True)
    logits = [sp.log(e) for e in powers]
    known: list[bool | None] = [shared_amplitude.gates_are_smooth(())]
    for k in range(size):
        value = sp.cancel(form(logits, k).rewrite(sp.exp))
        # Positive terms over positive terms: sympy's assumptions tell the sign.
        known += [
            sp.factor(sp.cancel(1 - value)).is_positive,
            sp.factor(sp.cancel(1 + value)).is_positive,
        ]
    return settle(known)


def is_bounded_form(form: sp.Expr) -> bool | None:
    """Of a gate of one logit, in ``Z``: False where a limit or a kink shows the contrary."""
    if is_regular(form) is False or any(
        sp.limit(form, Z, end).is_infinite for end in (sp.oo, -sp.oo)
    ):
        return False
    return None


_SETTING = Setting()
_GATED = Setting(
    target=sp.tanh(X1) * _relu(X2),
    amplitude=sp.tanh(X1),
    network=with_rows(
        Family(kind=Kind.LA, neuron="two_sided", dictionary=("relu", "tanh"), width=1, dimension=2),
        w=[[0, 1, 0]],
        v=[[1, 0, 0]],
        a=[[1]],
        scale0=[[1], [0]],
        scale1=[[0], [1]],
    ),
)
_CLIP = sp.Piecewise((1, Z > 1), (Z, Z > -1), (-1, True))


def _on_the_disk() -> bool | None:
    """g(x1) = x1 where x1 - 1 < 0 < x1 + 1."""
    inside = formula_where(_CLIP, {Z - 1: -1, Z + 1: 1}.get)
    return None if inside is None else is_identity(inside, Z)


THEOREMS.add(
    "T7c",
    Theorem(
        name="T7c",
        title="One gated linear unit with ReLU is beyond type1 MoA of any number of groups",
        statement="t7c(x) = x1 ReLU(x2) is a one_sided ReLU network of width 1, and no type1 MoA "
        "network with tanh, sigmoid or softmax gates, of any width, scales and number of groups.",
        assumptions=(
            "d = 2, one output; a domain that contains an open set about a point of x2 = 0",
            "the smaller class: hidden biases, gate biases and scales on or off, over the seven",
        ),
        setting=_SETTING,
        steps=steps,
        mutations=(
            Mutation(
                name="a factor tanh(x1) instead of x1",
                setting=_GATED,
                counterexample=Step(
                    statement="tanh(x1) ReLU(x2) is type1 MoA of width 1 with tanh gates (T2)",
                    source="docs/theory.md, section 3, T2",
                    check=lambda: is_identity(
                        GATES["tanh"].expression([X1], 0) * _relu(X2), _GATED.target
                    ),
                ),
            ),
            Mutation(
                name="a gate without bounds: g(z) = z",
                setting=replace(_SETTING, lemma=replace(_SETTING.lemma, gates=(Z,))),
                counterexample=Step(
                    statement="with the gate g(x1) of ReLU, x1 ReLU(x2) is type1 MoA of width 1",
                    source="direct computation",
                    check=lambda: is_identity(Z.subs(Z, X1) * _relu(X2), _SETTING.target),
                ),
            ),
            Mutation(
                name="a bounded gate that is not analytic: g(z) = max(-1, min(z, 1))",
                setting=replace(_SETTING, lemma=replace(_SETTING.lemma, gates=(_CLIP,))),
                counterexample=Step(
                    statement="on the unit disk g(x1) = x1: x1 ReLU(x2) is type1 MoA of width 1",
                    source="direct computation",
                    check=_on_the_disk,
                ),
            ),
        ),
        source=SOURCE,
    ),
)
