"""The tree of an expression such as ``tanh(2*x1)*relu(x2)``.

Every backend (symbols, tensors, balls, floats) interprets a tree through the one function `fold`.
The certificate checker trusts this module, so it imports the standard library alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

T = TypeVar("T")


class ExpressionError(ValueError):
    """A refused expression; the message is one line: what was required, what came, what to do."""


@dataclass(frozen=True, kw_only=True)
class Number:
    """An exact rational number: ``0.1`` is 1/10, not its nearest float."""

    value: Fraction


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A coordinate of the input, counted from 0: both ``x`` and ``x1`` have index 0."""

    index: int


@dataclass(frozen=True, kw_only=True)
class Sum:
    """Two or more terms, added from left to right."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Product:
    """Two or more factors, multiplied from left to right.

    ``a/b`` is ``Product(a, Power(b, -1))`` and ``-a`` is ``Product(Number(-1), a)``, except that a
    signed literal is one `Number`.
    """

    factors: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Power:
    """A base to a literal rational exponent of absolute value at most 64."""

    base: Node
    exponent: Fraction


@dataclass(frozen=True, kw_only=True)
class Call:
    """A named function of one argument."""

    name: str
    argument: Node


Node = Number | Variable | Sum | Product | Power | Call


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A parsed expression of ``dimension`` real variables, with the text it came from."""

    text: str
    root: Node
    dimension: int


def fold(
    node: Node,
    *,
    number: Callable[[Fraction], T],
    variable: Callable[[int], T],
    add: Callable[[Sequence[T]], T],
    multiply: Callable[[Sequence[T]], T],
    power: Callable[[T, Fraction], T],
    call: Callable[[str, T], T],
) -> T:
    """Interpret a tree bottom-up: one callback per kind of node, given its children's results.

    Operands come in the order of the text. It does not recurse, whatever the depth of the tree, and
    raises only what the callbacks raise.

    >>> import math
    >>> from expressivity.symbolic.parser import parse
    >>> fold(
    ...     parse("3*x1 + x2**2").root,
    ...     number=float,
    ...     variable=[1.0, 2.0].__getitem__,
    ...     add=sum,
    ...     multiply=math.prod,
    ...     power=lambda base, exponent: base ** float(exponent),
    ...     call=lambda name, argument: getattr(math, name)(argument),
    ... )
    7.0
    """
    pending: list[tuple[Node, bool]] = [(node, False)]
    results: list[T] = []
    while pending:
        current, children_done = pending.pop()
        children = _children(current)
        if children and not children_done:
            pending.append((current, True))
            pending.extend((child, False) for child in reversed(children))
            continue
        operands = results[len(results) - len(children) :]
        del results[len(results) - len(children) :]
        match current:
            case Number():
                results.append(number(current.value))
            case Variable():
                results.append(variable(current.index))
            case Sum():
                results.append(add(operands))
            case Product():
                results.append(multiply(operands))
            case Power():
                results.append(power(operands[0], current.exponent))
            case Call():
                results.append(call(current.name, operands[0]))
    (result,) = results
    return result


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Number() | Variable():
            return ()
        case Sum():
            return node.terms
        case Product():
            return node.factors
        case Power():
            return (node.base,)
        case Call():
            return (node.argument,)
