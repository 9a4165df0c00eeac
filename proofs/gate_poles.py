"""Poles of gates along a line (docs/theory.md, section 8): shared by T8 and T11.

A gate is looked at as a record, so that a mutation can take one that is not registered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import settle
from expressivity.classes.gates import Gate
from expressivity.membership.obstructions.pole_order import has_simple_poles, higher_pole
from expressivity.symbolic.proof import Step
from expressivity.symbolic.symbols import Z
from proofs.t5 import affine_arguments_keep_order

SOURCE = "docs/theory.md, section 8"


def gate_steps(gates: Sequence[Gate], size: int) -> Iterator[Step]:
    """On a line every one of ``size`` gates of a kind continues with simple poles."""
    for gate in gates:
        yield Step(
            statement=f"{gate.name} gates: each depends on its own logit alone, which is "
            "omega t + e on a line, and continues from either side of 0 to a meromorphic function "
            "of the logit whose poles are simple",
            source="docs/theory.md, section 1",
            check=lambda g=gate: has_simple_poles_on_lines(g, size),
        )
    yield Step(
        statement="an affine argument omega t + e, omega != 0, keeps the order of a pole; for "
        "omega = 0 the gate is constant on the line; a scale only multiplies",
        source=SOURCE,
        check=affine_arguments_keep_order,
    )


def profile(gate: Gate, size: int) -> sp.Expr | None:
    """The one function of ``Z`` that each of the gates is of its own logit; None where not."""
    logits = [sp.Symbol(f"h{k}", real=True) for k in range(size)]
    forms = {gate.expression(logits, k).subs(logits[k], Z) for k in range(size)}
    form = forms.pop()
    return form if not forms and form.free_symbols <= {Z} else None


def has_simple_poles_on_lines(gate: Gate, size: int) -> bool | None:
    """Whether the gates continue with simple poles along every line; False: one does not.

    >>> from expressivity.classes.gates import GATES
    >>> [has_simple_poles_on_lines(GATES[name], 3) for name in ("sigmoid", "tanh", "softmax")]
    [True, True, False]
    """
    own = profile(gate, size)
    if own is not None:
        # Only the expression takes part in the check.
        return has_simple_poles(replace(ACTIVATIONS["tanh"], name=gate.name, expression=own))
    values = [gate.expression(_tried(size), k) for k in range(size)]
    return False if any(higher_pole(value, Z) is not None for value in values) else None


def _tried(size: int) -> list[sp.Expr]:
    """Logits on a line, 2 z, -2 z and constants: exponentials that add up to 4 cosh(z)^2."""
    if size < 3:
        return [2 * Z] * size
    return [2 * Z, *[sp.log(sp.Rational(2, size - 2))] * (size - 2), -2 * Z]


def products_have_order(factors: int) -> bool:
    """Whether products of so many functions with simple poles, and their sums, have this order.

    h^n times a sum of two products of r/h + f, the f symbolic and bounded near h = 0, is bounded.
    """
    h = sp.Symbol("h")
    products = [
        sp.Mul(*[sp.Symbol(f"r{i}_{k}") / h + sp.Symbol(f"f{i}_{k}") for k in range(factors)])
        for i in range(2)
    ]
    return settle(sp.expand(h**factors * p).is_polynomial(h) for p in products) is True


def pole_has_order_above(
    function: sp.Expr, variable: sp.Symbol, pole: sp.Expr, bound: int
) -> bool | None:
    """Whether a meromorphic function has a pole of order bound + 1 there; False: at most bound.

    >>> x = sp.Symbol("x", real=True)
    >>> [pole_has_order_above(sp.tanh(x) ** 2, x, sp.I * sp.pi / 2, n) for n in (1, 2)]
    [True, False]
    """
    h = sp.Symbol("h")
    exponential = function.replace(sp.tanh, lambda u: 1 - 2 / (sp.exp(2 * u) + 1))
    near = exponential.subs(variable, pole + h)
    for order, answer in ((bound, False), (bound + 1, True)):
        limit = sp.limit(h**order * near, h, 0)
        if limit.is_finite and (answer is False or limit.is_nonzero):
            return answer
    return None
