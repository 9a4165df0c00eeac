"""Tests of the time limit and of its use in membership.

Property: results and exceptions pass through, handlers and timers are given back. Negative: what
takes too long is stopped, however it is nested and whatever it catches; the guard of membership
ends in an error, a used-up budget in unknown; outside the main thread nothing is stopped.
"""

import math
import signal
import sys
import threading
import time

import pytest

from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.evidence import UNDECIDED, Verdict
from expressivity.membership import decide as membership
from expressivity.membership.decide import classify, decide
from expressivity.membership.obstructions import smoothness_obstruction
from expressivity.symbolic.budget import OutOfBudgetError
from expressivity.targets.builtin import t1, t2
from expressivity.time_limit import OutOfTimeError, within

SHORT, LONG = 0.05, 5.0


def spin(seconds=LONG):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pass
    return "done"


def stops(seconds, compute):
    """Whether the limit ended the computation, and promptly."""
    started = time.monotonic()
    with pytest.raises(OutOfTimeError):
        within(seconds, compute)
    return time.monotonic() - started < LONG / 2


@pytest.mark.parametrize("seconds", [1.0, 1e9, math.inf])
def test_results_and_exceptions_pass_through(seconds):
    assert within(seconds, lambda: None) is None
    with pytest.raises(ZeroDivisionError):
        within(seconds, lambda: 1 // 0)


@pytest.mark.parametrize("compute", [spin, lambda: time.sleep(LONG)])
def test_what_takes_too_long_is_stopped(compute):
    assert stops(SHORT, compute)


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan])
def test_no_time_is_not_begun(seconds):
    with pytest.raises(OutOfTimeError):
        within(seconds, lambda: pytest.fail("began"))


def test_an_inner_limit_leaves_the_outer_computation_alone():
    def outer():
        assert stops(SHORT, spin)
        return within(LONG, lambda: spin(2 * SHORT))

    assert within(LONG, outer) == "done"


def test_an_outer_limit_passes_through_the_handlers_of_an_inner_one():
    def outer():
        for _ in range(100):
            try:
                return within(LONG, spin)
            except (OutOfTimeError, ArithmeticError):
                pass
        return None

    assert stops(SHORT, outer)


def test_an_outer_limit_goes_on_after_an_inner_one():
    def outer():
        assert within(LONG, lambda: "quick") == "quick"
        return spin()

    assert stops(SHORT, outer)


def test_handlers_of_exceptions_do_not_swallow_the_alarm():
    def stubborn():
        while True:
            try:
                spin()
            except Exception:  # noqa: BLE001 - as found in other people's code
                continue

    assert stops(SHORT, stubborn)


def test_an_alarm_that_is_lost_in_a_destructor_rings_again_and_is_not_reported(monkeypatch):
    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda event: lost.append(event.exc_type.__name__))

    class Slow:
        def __del__(self):
            spin(10 * SHORT)

    def compute():
        Slow()
        return spin()

    assert stops(SHORT, compute)
    assert lost == []


def test_many_limits_that_end_as_the_computation_does():
    outcomes = set()
    for k in range(300):
        try:
            outcomes.add(within(1e-3, lambda: spin(1e-3)))
        except OutOfTimeError:
            outcomes.add(k >= 0)
    assert outcomes <= {"done", True}
    assert within(LONG, lambda: spin(2 * SHORT)) == "done"  # no alarm is left over


def test_handler_and_timer_are_given_back():
    heard = []
    before = signal.signal(signal.SIGALRM, lambda *_: heard.append(time.monotonic()))
    try:
        signal.setitimer(signal.ITIMER_REAL, 3 * SHORT)
        assert stops(SHORT, spin)
        assert heard == []
        spin(6 * SHORT)
        assert len(heard) == 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def test_other_threads_have_no_limit():
    found = []
    thread = threading.Thread(target=lambda: found.append(within(SHORT, lambda: spin(4 * SHORT))))
    thread.start()
    thread.join()
    assert found == ["done"]


# Membership


def slow_obstruction(target, family):
    spin()
    pytest.fail("not stopped")


LA = Family(kind=Kind.LA, neuron="type1", width=3, dimension=2)
RELU2 = Family(kind=Kind.FIXED, neuron="type1", width=3, dimension=1, dictionary=("relu2",))


def costly_obstruction(target, family):
    raise OutOfBudgetError


judges = pytest.mark.parametrize("judge", [decide, lambda *args: classify(*args).membership])


@judges
def test_the_guard_ends_in_an_error_and_no_verdict(monkeypatch, judge):
    monkeypatch.setattr(membership, "OBSTRUCTIONS", (slow_obstruction,))
    monkeypatch.setattr(membership, "GUARD_SECONDS", 1.0)
    with pytest.raises(OutOfTimeError, match="no end within 1 s"):
        judge(t2(), LA)


@judges
def test_a_used_up_budget_ends_in_unknown(monkeypatch, judge):
    monkeypatch.setattr(membership, "OBSTRUCTIONS", (costly_obstruction,))
    found = judge(t2(), LA)
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, "beyond the budget of costly")


@judges
def test_a_used_up_budget_leaves_the_others_their_say(monkeypatch, judge):
    monkeypatch.setattr(membership, "OBSTRUCTIONS", (costly_obstruction, smoothness_obstruction))
    assert judge(t1(), RELU2).verdict is Verdict.NON_MEMBER


def test_a_thread_of_its_own_says_the_same():
    """Budgets hold in every thread, where nothing could be interrupted."""
    questions = [(t1(), RELU2), (t2(), LA)]
    found = []
    thread = threading.Thread(target=lambda: found.extend(decide(*q) for q in questions))
    thread.start()
    thread.join()
    assert found == [decide(*q) for q in questions]


def test_nothing_late_is_the_usual_reason(monkeypatch):
    monkeypatch.setattr(membership, "OBSTRUCTIONS", ())
    assert decide(t2(), LA) == UNDECIDED


def test_other_exceptions_that_cannot_be_raised_are_reported(monkeypatch):
    class Breaks:
        def __del__(self):
            raise RuntimeError

    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: seen.append(lost.exc_type))
    within(10, Breaks)
    assert seen == [RuntimeError]
