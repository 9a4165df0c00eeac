"""B2: without biases a class lies in a space V that does not depend on the width.

On a domain that is symmetric under x -> -x, even and odd functions are orthogonal in L2, so
dist(t, V)^2 is the sum of the squared distances of the two parts of t. On [-1, 1], with the
activation's V by its odd and even part, dist(t1, V)^2 (type1) and dist(t3, V)^2 (one_sided) are

    id 251/480, 857/2520    relu, leaky_relu 1/80, 1/252    relu2 1/48, 1/180
    tanh 31/60, 71/210      silu, gelu 1/160, 1/504

and LA over id, relu, leaky_relu, gelu, silu misses t2 by at least the square root of

    square [-1, 1]^2    (1 - tanh(lambda)/lambda)/3 - 3 I^2/16
    unit disk           Q/6 - J^2/pi, where norm(t2)^2 = Q/3

with I, J, Q the integrals over [-1, 1] of x tanh(lambda x), x tanh(lambda x) (1 - x^2) and
tanh(lambda x)^2 (1 - x^2)^(3/2). The steps about t2 are in ``linear_odd_part``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.bounds.integrals.polynomial_pieces import square_distance
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import lies_in_span
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.builtin import t1, t3
from expressivity.targets.target import Target
from proofs.linear_odd_part import SOURCE, t2_steps
from proofs.slope_staircase import combined

_X1 = COORDINATES[0]
_x, _w = sp.symbols("x w", positive=True)

Span = tuple[sp.Expr, ...] | None
"""Functions of ``Z`` that span a part of V, or None where V has every such function."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One activation with the spaces and squared distances claimed for it.

    Attributes:
        expression: the activation, in ``Z``.
        odd, even: the two parts of V for type1.
        type1, one_sided: dist(t1, V)^2 and dist(t3, V)^2.
    """

    expression: sp.Expr
    odd: Span
    even: Span
    type1: sp.Rational
    one_sided: sp.Rational


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        rows: the activations of the table, by name.
        linear: the dictionary of the LA class compared with t2, expressions in ``Z``.
        hidden_bias, output_bias: added to w x and to the network, for some w and for all.
    """

    rows: dict[str, Row]
    linear: dict[str, sp.Expr]
    hidden_bias: sp.Expr = sp.S.Zero
    output_bias: sp.Expr = sp.S.Zero


def steps(setting: Setting) -> Iterator[Step]:
    """Orthogonality, the table, then t2."""
    f, g = sp.Function("f"), sp.Function("g")
    product = (f(_x) + f(-_x)) * (g(_x) - g(-_x))
    yield Step(
        statement="On a symmetric domain even and odd functions are orthogonal: their product is "
        "odd",
        source=SOURCE,
        check=lambda: bool(sp.expand(product + product.subs(_x, -_x, simultaneous=True)) == 0),
    )
    for target, value in ((t1(), sp.Rational(31, 30)), (t3(), sp.Rational(71, 105))):
        yield Step(
            statement=f"norm({target.name})^2 = {value} on [-1, 1]",
            source=SOURCE,
            check=lambda t=target, v=value: bool(_square_distance(t, (), ()) == v),
        )
    yield Step(
        statement="V is a linear space: a network, at any width, lies in V if its neurons and its "
        "output bias do; an LA class over several activations lies in the sum of their V",
        source=SOURCE,
    )
    for name, row in setting.rows.items():
        yield from _row_steps(name, row, setting)
    yield Step(
        statement="t2, each activation of the dictionary: the odd part of s(w.x) is linear, as "
        "s(z) - s(-z) is a multiple of z = w.x for z > 0 and z < 0",
        source=SOURCE,
        check=lambda: combined(*[
            _neuron_in(s, sp.S.One, (Z,), None, setting) for s in setting.linear.values()
        ]),
    )  # fmt: skip
    yield from t2_steps()


def _row_steps(name: str, row: Row, setting: Setting) -> Iterator[Step]:
    factors = (("type1", sp.S.One, row.odd, row.even, t1(), row.type1),)
    swapped = ("one_sided", Z, _times_z(row.even), _times_z(row.odd), t3(), row.one_sided)
    for form, factor, odd, even, target, value in (*factors, swapped):
        spans = f"odd part {_shown(odd, 'odd')}, even part {_shown(even, 'even')}"
        yield Step(
            statement=f"{name}, {form}: neurons lie in V ({spans}), for w > 0, w < 0 and w = 0",
            source=SOURCE,
            check=lambda q=factor, o=odd, e=even: _neuron_in(row.expression, q, o, e, setting),
        )
        yield Step(
            statement=f"{name}: dist({target.name}, V)^2 = {value}",
            source=SOURCE,
            check=lambda t=target, o=odd, e=even, v=value: bool(_square_distance(t, o, e) == v),
        )


def _neuron_in(
    activation: sp.Expr, factor: sp.Expr, odd: Span, even: Span, setting: Setting
) -> bool | None:
    """Whether both parts of s(w x + b) factor(x) + c lie in V, by their values on x > 0."""
    answers: list[bool | None] = []
    for rate in (_w, -_w, sp.S.Zero):
        here, there = (
            activation.subs(Z, rate * point + setting.hidden_bias) * factor.subs(Z, point)
            + setting.output_bias
            for point in (_x, -_x)
        )
        answers.append(lies_in_span((here - there) / 2, _x, odd))
        answers.append(lies_in_span((here + there) / 2, _x, even))
    return combined(*answers)


def _square_distance(target: Target, odd: Span, even: Span) -> sp.Expr | None:
    """dist(t, V)^2 on [-1, 1] from the orthogonal projection; None where it is not one."""
    here, there = (target.expression.subs(_X1, point) for point in (_x, -_x))
    total: sp.Expr = sp.S.Zero
    for part, span in (((here - there) / 2, odd), ((here + there) / 2, even)):
        if span is None:
            continue
        basis = [function.subs(Z, _x) for function in span]
        residual = part
        if basis:
            gram = sp.Matrix([[_inner(g, h) for h in basis] for g in basis])
            if gram.det() == 0:
                return None
            weights = gram.LUsolve(sp.Matrix([_inner(part, g) for g in basis]))
            residual -= sp.Add(*[c * g for c, g in zip(weights, basis, strict=True)])
        if any(_inner(residual, g) != 0 for g in basis):
            return None
        total += _inner(residual, residual)
    return total


def _inner(f: sp.Expr, g: sp.Expr) -> sp.Expr:
    """Integral over [-1, 1] of a product of parts of equal parity, polynomials on x > 0."""
    return 2 * sp.Poly(sp.expand(f * g), _x).integrate().eval(1)


def _times_z(span: Span) -> Span:
    return None if span is None else tuple(function * Z for function in span)


def _shown(span: Span, parity: str) -> str:
    if span is None:
        return f"any {parity} function"
    return f"in span{{{', '.join(str(f).replace('z', 'x') for f in span)}}}" if span else "0"


def _relu(z: sp.Expr) -> sp.Expr:
    return ACTIVATIONS["relu"](z)


def _row(name: str, type1: str, one_sided: str) -> Row:
    activation = ACTIVATIONS[name]
    return Row(
        expression=activation.expression,
        odd=activation.odd_span,
        even=activation.even_span,
        type1=sp.Rational(type1),
        one_sided=sp.Rational(one_sided),
    )


_SETTING = Setting(
    rows={
        "id": _row("id", "251/480", "857/2520"),
        "relu": _row("relu", "1/80", "1/252"),
        "leaky_relu": _row("leaky_relu", "1/80", "1/252"),
        "relu2": _row("relu2", "1/48", "1/180"),
        "tanh": _row("tanh", "31/60", "71/210"),
        "silu": _row("silu", "1/160", "1/504"),
        "gelu": _row("gelu", "1/160", "1/504"),
    },
    linear={
        name: ACTIVATIONS[name].expression for name in ("id", "relu", "leaky_relu", "gelu", "silu")
    },
)
_BOTH = replace(_SETTING.rows["relu"], expression=_relu(Z) + ACTIVATIONS["relu2"](Z))


def _closer(*networks: sp.Expr) -> bool | None:
    """Whether combinations of relu networks come closer to t1 than 1/80 (squared)."""
    found = square_distance(t1().expression, networks, _X1, sp.Integer(-1), sp.Integer(1))
    return None if found is None else bool(found < _SETTING.rows["relu"].type1)


THEOREMS.add(
    "B2",
    Theorem(
        name="B2",
        title="Parity and homogeneity bound the L2 error of classes without biases from below",
        statement="Without hidden and output biases, at every width, networks over one activation "
        "lie in V, with dist(t1, V)^2 and dist(t3, V)^2 on [-1, 1] as in the table; LA networks "
        "over id, relu, leaky_relu, gelu, silu have a linear odd part, and their squared distance "
        "to t2 is at least (1 - tanh(lambda)/lambda)/3 - 3 I^2/16 on the square and Q/6 - J^2/pi "
        "on the disk.",
        assumptions=(
            "hidden biases b, c and the output bias are off",
            "the domain is symmetric under x -> -x, with Lebesgue measure",
            "type1 for t1 and t2, one_sided for t3; lambda > 0",
        ),
        setting=_SETTING,
        steps=steps,
        mutations=(
            Mutation(
                name="an output bias",
                setting=replace(_SETTING, output_bias=sp.Symbol("c0", real=True)),
                counterexample=Step(
                    statement="combinations of relu(x), relu(-x) and 1 come closer to t1 than 1/80",
                    source=SOURCE,
                    check=lambda: _closer(_relu(_X1), _relu(-_X1), sp.S.One),
                ),
            ),
            Mutation(
                name="hidden biases",
                setting=replace(_SETTING, hidden_bias=sp.Symbol("b", real=True)),
                counterexample=Step(
                    statement="combinations of relu(x) and relu(x - 1/2) come closer to t1 than "
                    "1/80",
                    source=SOURCE,
                    check=lambda: _closer(_relu(_X1), _relu(_X1 - sp.Rational(1, 2))),
                ),
            ),
            Mutation(
                name="relu + relu2 as one activation in the row of relu",
                setting=replace(_SETTING, rows={**_SETTING.rows, "relu": _BOTH}),
                counterexample=Step(
                    statement="t1 is a network of width 1 over it: distance 0",
                    source="docs/theory.md, T1",
                    check=lambda: _closer(_BOTH.expression.subs(Z, _X1)),
                ),
            ),
        ),
        source=SOURCE,
    ),
)
