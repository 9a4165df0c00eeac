"""How far a long command is: a bar on a terminal, lines with the time elsewhere.

Lines come at most every ``EVERY`` seconds, or as often as a command says, so that a short command
writes none into a log.
"""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from expressivity.commands.console import console

EVERY, SOON = 30.0, 5.0
"""Seconds between lines, in general and where work ends in minutes."""
_BARS: list[Console] = []
"""Where bars are being drawn."""


class Tally:
    """What is done of one piece of work; see :func:`tally`."""

    def __init__(
        self, bar: Progress, name: str, total: int | None, *, logged: bool, every: float
    ) -> None:
        self._bar = bar
        self._task = bar.add_task(name, total=total)
        self._label = name
        self._logged, self._every = logged, every
        self._told = time.monotonic()
        self._compilations = 0
        self._changing = threading.Lock()
        self._compiled = threading.Event()

    def update(self, done: int = 0, *, label: str | None = None, total: int | None = None) -> None:
        """Count what is done since, say what is at work, or how much there is in all."""
        self._label = label or self._label
        shown = f"{self._label}: compiling" if self._compilations else self._label
        self._bar.update(self._task, advance=done, description=shown, total=total)
        now = time.monotonic()
        if self._logged and now - self._told >= self._every:
            self._told = now
            task = self._bar.tasks[0]
            of = "" if task.total is None else f" of {task.total:g}"
            tell(f"{task.completed:g}{of} done; {task.description}")

    def compiling(self, begins: bool) -> None:
        """Say that a program is being compiled, here or in a worker, or no longer.

        Meanwhile nothing is done, and a log gets its lines all the same.
        """
        with self._changing:
            self._compilations += 1 if begins else -1
            if not self._compilations:
                self._compiled.set()
            elif begins and self._compilations == 1:
                self._compiled = threading.Event()
                if self._logged:
                    waiting = self._compiled
                    threading.Thread(
                        target=self._keep_telling, args=(waiting,), daemon=True
                    ).start()
        self.update()

    def _keep_telling(self, compiled: threading.Event) -> None:
        while not compiled.wait(self._every):
            self.update()


@contextmanager
def tally(
    name: str, total: int | None = None, *, quiet: bool, every: float | None = None
) -> Generator[Tally]:
    """Tell on standard error how far some work is.

    Args:
        name: of its parts.
        total: how many there are, if that is known.
        quiet: tell nothing.
        every: so many seconds between lines; None for ``EVERY``.
    """
    messages = console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    hidden = quiet or not messages.is_terminal
    with Progress(*columns, console=messages, disable=hidden, transient=True) as bar:
        _BARS.append(messages)
        try:
            logged, often = hidden and not quiet, EVERY if every is None else every
            yield Tally(bar, name, total, logged=logged, every=often)
        finally:
            _BARS.remove(messages)


def tell(text: str) -> None:
    """One line on standard error, above a bar, and after the time where that is no terminal."""
    messages = _BARS[-1] if _BARS else console(stderr=True)
    at = "" if messages.is_terminal else f"{datetime.now().isoformat(' ', 'seconds')} "
    messages.print(f"{at}{text}", soft_wrap=True)
