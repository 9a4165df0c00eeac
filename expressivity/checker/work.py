"""How much work the checker allows itself for one bound: operations, counted and not timed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from expressivity.checker.findings import UndecidedError

# Operations on balls before giving up: a minute or so.
MAX_WORK = 60_000_000
STEP = MAX_WORK // 100  # of which progress is told

Tell = Callable[[int], None]
_TELL: ContextVar[Tell] = ContextVar("_TELL", default=lambda steps: None)


@contextmanager
def telling(tell: Tell) -> Generator[None]:
    """Have every ``STEP`` operations told, in numbers of steps.

    >>> told = []
    >>> with telling(told.append):
    ...     Work().spend(2 * STEP)
    >>> told
    [2]
    """
    token = _TELL.set(tell)
    try:
        yield
    finally:
        _TELL.reset(token)


@dataclass
class Work:
    """The operations of one part of a verification."""

    done: int = 0

    def spend(self, operations: int) -> None:
        """Count operations, and give up when they are too many.

        >>> try:
        ...     Work().spend(MAX_WORK + 1)
        ... except UndecidedError as error:
        ...     print(error)
        the work allowed for one certificate is spent
        """
        before = self.done
        self.done += operations
        if steps := self.done // STEP - before // STEP:
            _TELL.get()(steps)
        if self.done > MAX_WORK:
            raise UndecidedError("the work allowed for one certificate is spent")
