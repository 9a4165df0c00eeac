"""Functions with kinks, of arguments that are never negative: there they have none."""

from collections.abc import Sequence
from fractions import Fraction

from expressivity.symbolic.expressions import (
    Call,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Variable,
    fold,
)

_Signed = tuple[Node, bool]
"""A node, and whether its value is seen to be 0 or more wherever it is defined."""

_NEVER_NEGATIVE = ("abs", "relu", "relu2", "exp", "sigmoid")
_IDLE = ("abs", "relu", "leaky_relu")
"""What changes nothing that is 0 or more."""


def without_idle_kinks(root: Node) -> Node:
    """The same function: abs, relu and leaky_relu of what is never negative are left out.

    relu2 of it is its square.

    >>> from expressivity.symbolic.parser import parse
    >>> without_idle_kinks(parse("abs(abs(x))").root) == parse("abs(x)").root
    True
    """
    return fold(
        root,
        number=lambda value: (Number(value=value), value >= 0),
        variable=lambda index: (Variable(index=index), False),
        add=_sum,
        multiply=_product,
        power=_power,
        call=_call,
    )[0]


def _sum(terms: Sequence[_Signed]) -> _Signed:
    return Sum(terms=tuple(node for node, _ in terms)), all(sign for _, sign in terms)


def _product(factors: Sequence[_Signed]) -> _Signed:
    return Product(factors=tuple(node for node, _ in factors)), all(sign for _, sign in factors)


def _power(base: _Signed, exponent: Fraction) -> _Signed:
    node, sign = base
    return Power(base=node, exponent=exponent), sign or exponent % 2 == 0


def _call(name: str, argument: _Signed) -> _Signed:
    node, sign = argument
    if sign and name in _IDLE:
        return argument
    if sign and name == "relu2":
        return Power(base=node, exponent=Fraction(2)), True
    return Call(name=name, argument=node), name in _NEVER_NEGATIVE or (name == "id" and sign)
