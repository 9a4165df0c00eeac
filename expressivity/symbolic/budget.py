"""How much work a question may cost, counted and not timed.

Exact algebra can take long. What bounds it here are counts that depend on the question alone:
nodes of expressions, terms of polynomials, cells, candidates. So the same question ends the same
way on every machine, under every load and in every thread. Each question has a budget of its own;
what a cache already knows costs nothing and changes nothing, since nobody shares its budget.
"""

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

MAX_EXPANDED = 3000
STEP = 10_000  # of which progress is told

_TELL: ContextVar[Callable[[int], None]] = ContextVar("_TELL", default=lambda steps: None)


@contextmanager
def telling(tell: Callable[[int], None]) -> Generator[None]:
    """Have budgets that begin inside tell of every ``STEP`` steps, in numbers of these.

    >>> told = []
    >>> with telling(told.append):
    ...     Budget(100_000).spend(25_000)
    >>> told
    [3]
    """
    token = _TELL.set(tell)
    try:
        yield
    finally:
        _TELL.reset(token)


class OutOfBudgetError(Exception):
    """A question costs more than its budget; nothing is decided."""


@dataclass
class Budget:
    """Steps that are left for one question.

    >>> budget = Budget(10)
    >>> budget.spend(7)
    >>> try:
    ...     budget.spend(7)
    ... except OutOfBudgetError:
    ...     budget.left
    -4
    """

    left: int
    tell: Callable[[int], None] = field(default_factory=lambda: _TELL.get(), compare=False)

    def spend(self, steps: int = 1) -> None:
        """Take so many steps from what is left.

        Raises:
            OutOfBudgetError: there are not so many.
        """
        before = self.left
        self.left -= steps
        if told := before // STEP - self.left // STEP:
            self.tell(told)
        if self.left < 0:
            raise OutOfBudgetError


def expanded_terms(expression: Any) -> int:
    """A bound for the number of terms that the expression has once it is multiplied out.

    Arguments of functions count as well: the largest of them is a lower limit.

    >>> x, y = sp.symbols("x y")
    >>> expanded_terms((x + y) ** 3 * (x + 1))
    8
    """
    known: dict[Any, int] = {}

    def count(node: Any) -> int:
        if node not in known:
            inner = [count(part) for part in node.args]
            if node.is_Add:
                known[node] = sum(inner)
            elif node.is_Mul:
                known[node] = math.prod(inner)
            elif node.is_Pow and node.exp.is_Integer:
                power = abs(int(node.exp))  # monomials of this degree in so many terms
                known[node] = math.comb(inner[0] + power - 1, power)
            else:
                known[node] = max(inner, default=1)
        return known[node]

    return count(expression)


def expanded(expression: sp.Expr) -> sp.Expr:
    """The expression multiplied out, where that leaves at most ``MAX_EXPANDED`` terms.

    Raises:
        OutOfBudgetError: there might be more.

    >>> x = sp.Symbol("x")
    >>> expanded((x + 1) ** 2)
    x**2 + 2*x + 1
    """
    if expanded_terms(expression) > MAX_EXPANDED:
        raise OutOfBudgetError
    return sp.expand(expression)


def tree_size(expression: Any) -> int:
    """Nodes of an expression written out as a tree; parts that it shares count each time.

    >>> x = sp.Symbol("x")
    >>> tree_size((x + 1) * sp.exp(x + 1))
    8
    """
    known: dict[Any, int] = {}

    def count(node: Any) -> int:
        if node not in known:
            known[node] = 1 + sum(count(part) for part in node.args)
        return known[node]

    return count(expression)


def nesting(expression: Any) -> int:
    """How many functions stand inside one another, at most.

    >>> x = sp.Symbol("x")
    >>> nesting(sp.exp(-sp.exp(x) - 1) + sp.tanh(x) * sp.sin(x))
    2
    """
    known: dict[Any, int] = {}

    def count(node: Any) -> int:
        if node not in known:
            known[node] = int(node.is_Function) + max(map(count, node.args), default=0)
        return known[node]

    return count(expression)
