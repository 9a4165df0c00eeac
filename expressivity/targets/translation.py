"""Expressions as users write them in symbols; ``writing.py`` goes the other way."""

from fractions import Fraction

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.symbolic.conditions import compose
from expressivity.symbolic.expressions import Expression, fold
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
