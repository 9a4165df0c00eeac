"""Between expressions as users write them and symbols."""

from fractions import Fraction
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.symbolic.conditions import compose
from expressivity.symbolic.constants import FUNCTIONS
from expressivity.symbolic.expressions import Expression, fold
from expressivity.symbolic.parser import parse
from expressivity.symbolic.piecewise import kink_levels
from expressivity.symbolic.plain_functions import PLAIN_FUNCTIONS
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.nesting import require_moderate


def to_sympy(expression: Expression) -> sp.Expr:
    """A parsed user expression in sympy, activations in their own symbolic form.

    Raises:
        ValueError: functions nested so that the formula would be too long (``nesting.py``).
    """
    require_moderate(expression.root, form_of)

    def number(value: Fraction) -> sp.Expr:
        return sp.Rational(value.numerator, value.denominator)

    def variable(index: int) -> sp.Expr:
        return COORDINATES[index]

    return fold(
        expression.root,
        number=number,
        variable=variable,
        add=lambda terms: sp.Add(*terms),
        multiply=lambda factors: sp.Mul(*factors),
        power=_power,
        call=lambda name, argument: compose(form_of(name), Z, argument),
    )


def _power(base: sp.Expr, exponent: Fraction) -> sp.Expr:
    return sp.Pow(base, sp.Rational(exponent.numerator, exponent.denominator))


def form_of(name: str) -> sp.Expr:
    """A function of the grammar in ``Z``."""
    return PLAIN_FUNCTIONS[name] if name in PLAIN_FUNCTIONS else ACTIVATIONS[name].expression


def to_text(expression: sp.Expr) -> str:
    """A sympy expression in the grammar of user expressions; ``to_sympy`` reads it back.

    Raises:
        ValueError: a part that the grammar lacks, or one that it would read otherwise.

    >>> from expressivity.targets.builtin import t2
    >>> to_text(t2().expression)
    'relu(x2)*tanh(2*x1)'
    """
    text = _text(expression)
    if to_sympy(parse(text)) != expression:
        raise ValueError(f"required: an expression of the grammar of user targets; got {text}")
    return text


def _text(node: Any) -> str:
    if node.is_Symbol:
        return str(node)
    if node.is_Rational:
        return str(node) if node.is_Integer and node >= 0 else f"({node})"
    if node.is_Add or node.is_Mul:
        parts = [_text(part) for part in node.args]
        return f"({' + '.join(parts)})" if node.is_Add else "*".join(parts)
    if node.is_Pow and node.exp.is_Rational:
        return f"({_text(node.base)})**{_text(node.exp)}"
    if isinstance(node, sp.Piecewise):
        return _call_of(node)
    name = type(node).__name__
    if name in ("exp", "sin", "cos", "tanh"):
        return f"{name}({_text(node.args[0])})"
    raise ValueError(f"required: an expression of the grammar of user targets; got {node}")


def _call_of(node: sp.Piecewise) -> str:
    """A Piecewise as a call of the function of the grammar that it is."""
    for level in kink_levels(node):
        for name in FUNCTIONS:
            if to_sympy(parse(f"{name}(x1)")).xreplace({COORDINATES[0]: level}) == node:
                return f"{name}({_text(level)})"
    raise ValueError(f"required: a Piecewise of the grammar's functions; got {node}")
