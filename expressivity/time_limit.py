"""A last guard of real time around exact algebra, which offers no point to ask it to stop.

No verdict depends on time: work is bounded by counts (``budget.py``), and what runs into this guard
all the same is an error that the caller reports as one.

:func:`within` interrupts by the POSIX signal SIGALRM. Python delivers signals to the main thread
alone, so there, and only there, limits hold; in any other thread, in workers of a thread pool for
instance, and on systems without the signal, a computation runs to its end. Whoever needs a bound
there bounds the work, or runs a process of its own.

An interrupted computation decides nothing, and what it had half done is void: caches keep only
finished results. sympy may go on to take a fact that it was about to settle for not known.
"""

import functools
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

_T = TypeVar("_T")

_AGAIN = 1.0  # an exception raised during a destructor is lost: the alarm rings until it is heard
_LONGEST = 86400.0


class OutOfTimeError(Exception):
    """A computation took longer than it was given; nothing is decided."""


class _Limit:
    """One call of :func:`within`, told apart by identity."""

    def __init__(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds


class _Alarm(BaseException):
    """What interrupts; no Exception, so that code which handles those lets it pass."""

    def __init__(self, limit: _Limit) -> None:
        self.limit = limit


_open: tuple[_Limit, ...] = ()  # outermost first; of the main thread


def within(seconds: float, compute: Callable[[], _T]) -> _T:
    """The result of a computation, unless it takes too long.

    Calls may nest: the limit that ends first counts, and each ends its own computation. In the
    main thread only (see the module); elsewhere there is no limit.

    Args:
        seconds: of real time. Infinity is no limit; 0 or less leaves no time to begin.
        compute: is interrupted at any point between two instructions of Python, never inside
            one call of a compiled library.

    Raises:
        OutOfTimeError: it takes longer.

    >>> within(60, lambda: 1 + 1)
    2
    >>> try:
    ...     within(0.01, lambda: time.sleep(5))
    ... except OutOfTimeError:
    ...     "too slow"
    'too slow'
    """
    if not seconds > 0:
        raise OutOfTimeError(f"no time to begin: {seconds:g} s")
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        return compute()
    if _open:
        return _limited(seconds, compute)
    # Whoever uses the same signal, a test runner for instance, gets back handler and timer.
    handler, started = signal.getsignal(signal.SIGALRM) or signal.SIG_DFL, time.monotonic()
    delay, interval = signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, _ring)
    report = sys.unraisablehook
    sys.unraisablehook = functools.partial(_report_others, report)
    try:
        return _limited(seconds, compute)
    finally:
        sys.unraisablehook = report
        signal.signal(signal.SIGALRM, handler)
        if delay:
            left = max(delay - (time.monotonic() - started), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, left, interval)


def interrupts(error: BaseException) -> bool:
    """Whether an exception is how a limit ends its computation: whoever catches it lets it pass."""
    return isinstance(error, _Alarm)


def _report_others(report: Callable[[Any], Any], lost: Any) -> None:
    """What Python calls with an exception that it could not raise; a lost alarm rings again."""
    if not isinstance(lost.exc_value, _Alarm):
        report(lost)


def _limited(seconds: float, compute: Callable[[], Any]) -> Any:
    outer, limit = _open, _Limit(seconds)
    try:
        try:
            _set_limits((*outer, limit))
            return compute()
        finally:
            _set_limits(outer)
    except _Alarm as alarm:
        if alarm.limit is not limit:
            raise
        _set_limits(outer)  # once more: it may have rung just before the other call
    raise OutOfTimeError(f"no end within {seconds:g} s, the guard against endless questions")


def _set_limits(limits: tuple[_Limit, ...]) -> None:
    global _open
    _open = limits
    soonest = min((limit.deadline for limit in limits), default=None)
    if soonest is None:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    else:
        delay = min(max(soonest - time.monotonic(), 1e-6), _LONGEST)
        signal.setitimer(signal.ITIMER_REAL, delay, _AGAIN)


def _ring(signum: int, frame: FrameType | None) -> None:
    now = time.monotonic()
    for limit in _open:  # the outermost that has passed: it ends the ones inside as well
        if limit.deadline <= now:
            raise _Alarm(limit)
    if _open:
        _set_limits(_open)
