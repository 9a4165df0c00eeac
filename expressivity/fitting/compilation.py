"""Who hears that programs are being compiled, in this process or in one of its workers.

A first compilation takes a minute on a busy machine, in which no lane ends and no step is done.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

Listener = Callable[[bool], None]
"""Is called with True where a compilation begins and with False where one ends."""

_LISTENERS: list[Listener] = []


@contextmanager
def heard_by(listener: Listener) -> Generator[None]:
    """Tell a listener of every compilation meanwhile.

    >>> heard = []
    >>> with heard_by(heard.append):
    ...     tell(begins=True)
    >>> tell(begins=False)
    >>> heard
    [True]
    """
    _LISTENERS.append(listener)
    try:
        yield
    finally:
        _LISTENERS.remove(listener)


def tell(*, begins: bool) -> None:
    """Say to all who listen that a compilation begins, or that it has ended."""
    for listener in tuple(_LISTENERS):
        listener(begins)


def watch() -> None:
    """Have torch say so, of every program that it compiles until the next ``torch.compiler.reset``.

    To be called before the first of them; it imports the compiler.
    """
    from torch._dynamo.callback import callback_handler

    if _begins not in callback_handler.start_callbacks:
        callback_handler.register_start_callback(_begins)
        callback_handler.register_end_callback(_ends)


def _begins(_: Any) -> None:
    tell(begins=True)


def _ends(_: Any) -> None:
    tell(begins=False)
