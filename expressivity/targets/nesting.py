"""How long the formula of an expression will be, before it is built.

An absolute value holds its argument twice and a sigmoid linear unit too, so that nesting doubles
the formula each time; a condition on an argument with kinks holds its sign case by case
(conditions.py). Both are counted on the tree as it was read.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from expressivity.symbolic.expressions import Node, fold
from expressivity.symbolic.symbols import Z

MAX_PARTS_OF_CALL = 20_000
"""Of one call with all it holds: sympy takes about a second for it."""
MAX_PARTS = 60_000
"""Of the whole; a flat sum that fills the longest text has fewer."""
MAX_NESTING_OF_NUMBER = 8
"""Functions inside one another, without a variable: sympy takes twice as long for each."""

Form = Callable[[str], sp.Expr]
"""A function of the grammar in ``Z``, by name."""


@dataclass(frozen=True, kw_only=True)
class _Length:
    """What a part of the tree becomes.

    Attributes:
        whole: parts of the formula, each as often as it occurs.
        piece: parts of the formula in one of its cases.
        varying, constant: cases in which that varies, and in which it does not, at most.
    """

    whole: int
    piece: int
    varying: int
    constant: int

    @property
    def cases(self) -> int:
        """In all."""
        return self.varying + self.constant


def require_moderate(root: Node, form: Form) -> None:
    """Refuse trees whose formulas would take sympy more than seconds.

    Raises:
        ValueError: more than ``MAX_PARTS_OF_CALL`` or ``MAX_PARTS`` parts, or a number with more
            than ``MAX_NESTING_OF_NUMBER`` functions inside one another.

    >>> from expressivity.symbolic.parser import parse
    >>> from expressivity.targets.translation import form_of
    >>> require_moderate(parse("abs(" * 20 + "x" + ")" * 20).root, form_of)
    Traceback (most recent call last):
    ValueError: required: functions nested so that each call stands for at most 20,000 parts; \
one of abs stands for 31,992: nest fewer activations and absolute values in each other
    """
    _require_shallow_numbers(root)

    def call(name: str, argument: _Length) -> _Length:
        found = _called(form(name), argument)
        if found.whole > MAX_PARTS_OF_CALL:
            raise ValueError(
                "required: functions nested so that each call stands for at most "
                f"{MAX_PARTS_OF_CALL:,} parts; one of {name} stands for {found.whole:,}: nest "
                "fewer activations and absolute values in each other"
            )
        return found

    size = fold(
        root,
        number=lambda _: _Length(whole=1, piece=1, varying=0, constant=1),
        variable=lambda _: _Length(whole=1, piece=1, varying=1, constant=0),
        add=_together,
        multiply=_together,
        power=lambda base, _: _Length(
            whole=base.whole + 2,
            piece=base.piece + 2,
            varying=base.varying,
            constant=base.constant,
        ),
        call=call,
    ).whole
    if size > MAX_PARTS:
        raise ValueError(
            f"required: an expression that stands for at most {MAX_PARTS:,} parts; got {size:,}, "
            "as activations hold their argument more than once: nest fewer of them in each other"
        )


def _require_shallow_numbers(root: Node) -> None:
    """Of each part: the functions inside one another where it is a number, None where it varies."""

    def together(parts: Sequence[int | None]) -> int | None:
        numbers = [part for part in parts if part is not None]
        return max(numbers) if len(numbers) == len(parts) else None

    def call(name: str, argument: int | None) -> int | None:
        if argument == MAX_NESTING_OF_NUMBER:
            raise ValueError(
                f"required: numbers with at most {MAX_NESTING_OF_NUMBER} functions inside one "
                f"another; got one with more, {name} the next: write its value"
            )
        return None if argument is None else argument + 1

    fold(
        root,
        number=lambda _: 0,
        variable=lambda _: None,
        add=together,
        multiply=together,
        power=lambda base, _: base,
        call=call,
    )


def _together(parts: Sequence[_Length]) -> _Length:
    constant = math.prod(part.constant for part in parts)
    return _Length(
        whole=1 + sum(part.whole for part in parts),
        piece=1 + sum(part.piece for part in parts),
        varying=math.prod(part.cases for part in parts) - constant,
        constant=constant,
    )


def _called(form: sp.Expr, argument: _Length) -> _Length:
    facts = _facts(form)
    signs = argument.whole if argument.cases == 1 else argument.cases * argument.piece
    return _Length(
        whole=facts.own + facts.copies * argument.whole + facts.conditions * signs,
        piece=facts.own + (1 if facts.conditions else facts.copies) * argument.piece,
        varying=facts.varying * argument.varying,
        constant=argument.constant + facts.constant * argument.varying,
    )


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """Of a form: its parts without ``Z``, how often it holds that, and kinds of its branches."""

    own: int
    copies: int
    conditions: int
    varying: int
    constant: int


@functools.cache
def _facts(form: sp.Expr) -> _Facts:
    parts: list[Any] = list(sp.preorder_traversal(form))
    conditions = sum(int(relation.count(Z)) for relation in form.atoms(Relational))
    if isinstance(form, sp.Piecewise) or not conditions:
        pairs: tuple[Any, ...] = form.args
        branches = [pair.args[0] for pair in pairs] if conditions else [form]
        varying = sum(bool(branch.free_symbols) for branch in branches)
        constant = len(branches) - varying
    else:  # choices inside a plug-in's form: as many cases as there are combinations
        varying = math.prod(len(part.args) for part in form.atoms(sp.Piecewise))
        constant = 0
    copies = parts.count(Z)
    return _Facts(
        own=len(parts) - copies,
        copies=copies - conditions,
        conditions=conditions,
        varying=varying,
        constant=constant,
    )
