"""T10: maxout of three maps is in no class of the four forms (docs/theory.md, section 7, T10).

t10(x) = max(0, x1, x2), d = 2, is a maxout neuron of three maps. No type1, one_sided, two_sided or
quadratic network is equal to it, fixed, LA or MoA with C^1 gates, of any width and groups: across
{x1 = 0} the gradient of such a network jumps by a continuous function of x2, that of t10 by 1 for
x2 < 0 and by 0 for x2 > 0. About 0 the gradients differ by 1/4 at least.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import is_continuous, settle
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS, NEURONS
from expressivity.classes.terms import AFFINE, degree_in, is_free, products
from expressivity.membership.obstructions.pole_order import (
    common_kink_leaves_no_jump,
    vanishes_at_zero,
)
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.piecewise import by_conditions
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import Z
from expressivity.targets.builtin import t10
from proofs import shared_amplitude
from proofs.jump_lemma import X1, X2
from proofs.networks import network

SOURCE = "docs/theory.md, section 7, T10"
_relu = ACTIVATIONS["relu"]
_P, _Q = sp.symbols("p q", positive=True)
_QUARTER = sp.Rational(1, 4)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        target: a function of x1 and x2.
        forms: of the neurons of the smaller classes, all with the same coefficients.
        lemma: activations and coefficients of the smaller classes, in the form of L2.
        bound: by which gradients differ at least.
    """

    target: sp.Expr = field(default_factory=lambda: t10().expression)
    forms: tuple[str, ...] = FORMS
    lemma: shared_amplitude.Setting = field(default_factory=shared_amplitude.Setting)
    bound: sp.Expr = field(default=_QUARTER)


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order."""
    yield Step(
        statement="the target is max(0, x1, x2), a maxout network of width 1 with three maps",
        source=SOURCE,
        check=lambda: is_identity(by_conditions(_maxout()), setting.target),
    )
    yield from amplitude_steps(setting)
    yield from target_steps(setting)


def amplitude_steps(setting: Setting) -> Iterator[Step]:
    """That the gradient of a network jumps by a continuous function."""
    dictionary = setting.lemma.dictionary
    yield Step(
        statement=f"a neuron of the forms {', '.join(setting.forms)} is a sum of products of a "
        "coefficient, at most two activations of affine maps, and at most one affine map more",
        source="docs/theory.md, section 1",
        check=lambda: settle(has_two_factors(form) for form in setting.forms),
    )
    yield from shared_amplitude.amplitude_steps(setting.lemma)
    yield Step(
        statement="in these steps c may hold the other factor too, times an affine map, near all "
        "points of H but those where it kinks, at most one on a line in H",
        source=SOURCE,
    )
    yield Step(
        statement="two activations whose kink sets are both H: both are 0 on H, and their product "
        "has no gradient jump there, for each pair and each sign of the slopes",
        source=SOURCE,
        check=lambda: settle(
            [
                *(vanishes_at_zero(s) for s in dictionary),
                *(common_kink_leaves_no_jump(s, t) for s, t in product(dictionary, repeat=2)),
            ]
        ),
    )
    yield Step(
        statement="every activation is continuous",
        source="docs/theory.md, section 1",
        check=lambda: settle(is_continuous(s.expression) for s in dictionary),
    )
    yield Step(
        statement="so off finitely many points of H = {x1 = 0} the gradient of a network jumps by "
        "A(x2), a finite sum of continuous functions of x2: coefficients, activations of affine "
        "functions, affine functions",
        source=SOURCE,
    )


def target_steps(setting: Setting) -> Iterator[Step]:
    """That the target's does not, and what follows."""
    for sign, jump in ((-1, sp.S.One), (1, sp.S.Zero)):
        side = "<" if sign < 0 else ">"
        yield Step(
            statement=f"for x2 {side} 0 the target is continuous across H, and its x1-derivative "
            f"jumps by {jump}",
            source=SOURCE,
            check=lambda sign=sign, jump=jump: jumps_by(setting.target, sign, jump),
        )
    yield Step(
        statement="a network equal to the target about 0 would have A = 1 for x2 < 0 and A = 0 for "
        "x2 > 0, almost everywhere on an interval: no continuous function",
        source=SOURCE,
    )
    yield Step(
        statement="for any network f the gradient of f - target jumps by A - 1 and by A, as close "
        "to abs(A(0) - 1) and abs(A(0)) as one likes near 0; a jump is at most twice the essential "
        "supremum of the gradient's norm",
        source="docs/theory.md, section 4, B1",
    )
    yield Step(
        statement=f"max(abs(a - 1), abs(a))/2 >= {setting.bound} for every real a, so that about 0 "
        f"ess sup abs(grad(f - target)) >= {setting.bound}",
        source=SOURCE,
        check=lambda: larger_distance_is_at_least(2 * setting.bound),
    )


def _maxout() -> sp.Expr:
    """The maxout network of the program with maps 0, x1 and x2."""
    family = Family(kind=Kind.FIXED, neuron="maxout3", dictionary=(), width=1, dimension=2)
    return network(family, w=[[0, 0, 0]], v=[[1, 0, 0]], w3=[[0, 1, 0]], a=[[1]])


def has_two_factors(form: str) -> bool | None:
    """Whether a neuron is such a sum, by its record; None where that is not seen."""
    terms = products(NEURONS[form])
    if terms is None:
        return None
    degrees = [degree_in(term.cofactor, AFFINE, is_free) for term in terms]
    known = all(degree is not None and degree <= 1 for degree in degrees)
    return True if known and all(len(term.maps) <= 2 for term in terms) else None


def jumps_by(target: sp.Expr, sign: int, jump: sp.Expr) -> bool | None:
    """Whether the target has this jump across x1 = 0 at x2 = sign p, for every p > 0.

    Its formulas at x1 = h and x1 = -h, x2 = sign p, 0 < h < p, are linear in h.
    """
    h, p = _P, _P + _Q  # so that 0 < h < p
    right, left = (target.subs({X1: side * h, X2: sign * p}, simultaneous=True) for side in (1, -1))
    known = [sp.expand(side) for side in (right, left)]
    if any(side.atoms(sp.Piecewise) for side in known):
        return None
    # With q = p - h: the limits at h = 0 along x2 = sign p, and the slopes there.
    at = [side.subs(_Q, _Q - _P) for side in known]
    values = is_identity(sp.expand(at[0]).subs(_P, 0), sp.expand(at[1]).subs(_P, 0))
    slopes = sp.diff(sp.expand(at[0]), _P) + sp.diff(sp.expand(at[1]), _P)
    return settle((values, is_identity(slopes, jump)))


def larger_distance_is_at_least(distance: sp.Expr) -> bool:
    """Whether max(abs(a - 1), abs(a)) >= distance for all real a: at a = 1/2 it is 1/2, its least.

    As abs(a - 1) + abs(a) >= abs((a - 1) - a) = 1, one of the two is at least 1/2.
    """
    a = sp.Symbol("a", real=True)
    half = abs(sp.expand((a - 1) - a)) / 2
    return bool(distance <= half)


_SETTING = Setting()
_STEP = sp.Piecewise((1, Z > 0), (0, True))
_JUMPING = replace(_relu, name="step", title="step", expression=_STEP, kink=sp.S.Zero)


def _switched() -> sp.Expr:
    """[x1 > x2] ReLU(x1) + [x2 >= x1] ReLU(x2)."""
    first = sp.Piecewise((1, X1 - X2 > 0), (0, True))
    return first * _relu(X1) + (1 - first) * _relu(X2)


_PLAIN: Any = by_conditions(sp.Max(X1, 0))

THEOREMS.add(
    "T10",
    Theorem(
        name="T10",
        title="Maxout of three maps is in no class of the four forms",
        statement="t10(x) = max(0, x1, x2) is no type1, one_sided, two_sided or quadratic network, "
        "fixed, LA or MoA with C^1 gates, of any width and number of groups; near 0 the gradient "
        "of every such network differs from that of t10 by at least 1/4.",
        assumptions=(
            "d = 2, one output; a domain that contains an open set about 0",
            "the networks: coefficients constant or C^1 functions of x, shared or not, hidden "
            "biases on or off, over the seven",
        ),
        setting=_SETTING,
        steps=steps,
        mutations=(
            Mutation(
                name="two maps: max(0, x1)",
                setting=replace(_SETTING, target=_PLAIN),
                counterexample=shared_amplitude.equality(
                    "max(0, x1) is ReLU(x1): fixed, type1", _relu(X1), _PLAIN
                ),
            ),
            Mutation(
                name="a gate that is not continuous: 1 for z > 0, else 0",
                setting=replace(_SETTING, lemma=replace(_SETTING.lemma, gates=(_STEP,))),
                counterexample=shared_amplitude.equality(
                    "with gates g(x1 - x2) and 1 - g(x1 - x2) of ReLU in two groups, the target is "
                    "type1 of width 2",
                    _switched(),
                    _SETTING.target,
                ),
            ),
            Mutation(
                name="an activation that is not continuous: 1 for z > 0, else 0",
                setting=replace(
                    _SETTING,
                    lemma=replace(
                        _SETTING.lemma, dictionary=(*_SETTING.lemma.dictionary, _JUMPING)
                    ),
                ),
                counterexample=shared_amplitude.equality(
                    "the target is ReLU(x2) + step(x1 - x2) (ReLU(x1) - ReLU(x2)): three products "
                    "of two activations",
                    _relu(X2) + _STEP.subs(Z, X1 - X2) * (_relu(X1) - _relu(X2)),
                    _SETTING.target,
                ),
            ),
            Mutation(
                name="a bound of 3/4",
                setting=replace(_SETTING, bound=sp.Rational(3, 4)),
                counterexample=Step(
                    statement="the affine network (x1 + x2)/2 has gradient (1/2, 1/2): at distance "
                    "sqrt(1/2) < 3/4 from (0, 0), (1, 0) and (0, 1)",
                    source="direct computation",
                    check=lambda: bool(sp.sqrt(sp.Rational(1, 2)) < sp.Rational(3, 4)),
                ),
            ),
        ),
        source=SOURCE,
    ),
)
