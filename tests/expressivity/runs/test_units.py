"""Running a list of units, in this process.

Kinds: property (every unit ends exactly once, whatever fails), soundness (what was stored before
a failure of the machine stays), negative (failures are recorded, not swallowed).
"""

import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.runs.units import Failure, InProcess, Outcome, Unit, attempt, run

DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=50)


@dataclass(frozen=True, kw_only=True)
class Plain(Unit):
    name: str

    @property
    def identity(self):
        return {"name": self.name}

    @property
    def label(self):
        return self.name

    @property
    def parts(self):
        return 3

    def run(self, on_progress=None):
        if on_progress is not None:
            for _ in range(self.parts):
                on_progress(1)
        return Outcome(record={"name": self.name})


@dataclass(frozen=True, kw_only=True)
class Scripted(Plain):
    """Fails as often as it is told to; a list, so that attempts can be counted."""

    failures: int
    attempts: list[int] = field(default_factory=list, compare=False, hash=False)

    def run(self, on_progress=None):
        self.attempts.append(1)
        if len(self.attempts) <= self.failures:
            raise ValueError(f"{self.name}\n  failed")
        return super().run(on_progress)


class Memory:
    """A shelf in memory that writes down everything it is told."""

    def __init__(self, *stored: Unit) -> None:
        self.stored = {unit.key: Outcome(record={}) for unit in stored}
        self.failed: dict[str, Failure] = {}
        self.order: list[str] = []

    def has(self, unit: Unit) -> bool:
        return unit.key in self.stored

    def save(self, unit: Unit, outcome: Outcome) -> None:
        assert unit.key not in self.stored
        self.stored[unit.key] = outcome
        self.order.append(unit.label)

    def fail(self, unit: Unit, failure: Failure) -> None:
        assert unit.key not in self.failed
        self.failed[unit.key] = failure


def names(units: Sequence[Unit]) -> list[str]:
    return [unit.label for unit in units]


def test_keys_depend_on_the_identity_alone():
    one = Scripted(name="a", failures=0)
    assert one.key == Scripted(name="a", failures=5).key == Plain(name="a").key
    assert one.key != Plain(name="b").key
    assert len(one.key) == 16 and set(one.key) <= set("0123456789abcdef")


def test_stored_units_are_skipped_and_equal_ones_run_once():
    first, second, twin = Plain(name="a"), Plain(name="b"), Scripted(name="b", failures=0)
    shelf, progress, there = Memory(first), [], []
    failed = run(
        [first, second, twin], shelf, on_progress=progress.append,
        on_unit=lambda unit: there.append(unit.label),
    )  # fmt: skip
    assert failed == []
    assert shelf.order == ["b"]
    assert there == ["a", "b"]
    assert sum(progress) == 2 * 3
    assert sorted(set(progress)) == [1, 3]  # at once for the stored unit, one by one for the other


def test_a_unit_that_fails_once_is_tried_again_after_the_others():
    units = [Scripted(name="a", failures=1), Scripted(name="b", failures=0)]
    shelf = Memory()
    assert run(units, shelf) == []
    assert shelf.order == ["b", "a"]
    assert [len(unit.attempts) for unit in units] == [2, 1]
    assert shelf.failed == {}


def test_a_unit_that_fails_twice_is_recorded_with_its_error():
    units = [Scripted(name="a", failures=2), Scripted(name="b", failures=0)]
    shelf = Memory()
    assert run(units, shelf) == [units[0]]
    assert len(units[0].attempts) == 2
    (failure,) = shelf.failed.values()
    assert failure.error == "ValueError: a failed"  # one line
    assert "Traceback" in failure.traceback
    assert shelf.order == ["b"]


@DETERMINISTIC
@given(failures=st.lists(st.integers(0, 3), max_size=8), stored=st.sets(st.integers(0, 7)))
def test_every_unit_is_stored_or_recorded_exactly_once(failures, stored):
    units = [Scripted(name=str(n), failures=count) for n, count in enumerate(failures)]
    shelf = Memory(*(unit for n, unit in enumerate(units) if n in stored))
    failed = run(units, shelf)
    for number, unit in enumerate(units):
        expected = 0 if number in stored else min(unit.failures + 1, 2)
        assert len(unit.attempts) == expected
        assert (unit.key in shelf.failed) == (unit in failed)
        assert (unit.key in shelf.stored) != (unit in failed)
    assert [unit.failures >= 2 for unit in failed] == [True] * len(failed)


def test_the_machine_failing_ends_the_run_and_the_executor():
    closed = []

    class Watched(InProcess):
        def outcomes(
            self, units: Sequence[Unit], on_progress
        ) -> Generator[tuple[Unit, Outcome | Failure]]:
            try:
                yield from super().outcomes(units, on_progress)
            finally:
                closed.append(True)

    class Full(Memory):
        def save(self, unit: Unit, outcome: Outcome) -> None:
            if self.stored:
                raise OSError(28, "No space left on device")
            super().save(unit, outcome)

    shelf = Full()
    with pytest.raises(OSError, match="No space left"):
        run([Plain(name="a"), Plain(name="b"), Plain(name="c")], shelf, Watched())
    assert shelf.order == ["a"]
    assert closed == [True]


def test_an_interruption_is_no_failure_of_the_unit():
    class Interrupted(Plain):
        def run(self, on_progress=None):
            raise KeyboardInterrupt

    shelf = Memory()
    with pytest.raises(KeyboardInterrupt):
        run([Plain(name="a"), Interrupted(name="b"), Plain(name="c")], shelf)
    assert shelf.order == ["a"] and shelf.failed == {}


def test_seconds_are_measured_here_and_units_of_one_process_take_turns():
    running, most = [], []

    class Slow(Plain):
        def run(self, on_progress=None):
            running.append(1)
            most.append(len(running))
            time.sleep(0.02)
            running.pop()
            return Outcome(record={}, seconds=99.0)

    found = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(attempt(Slow(name=str(n)))))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 4
    assert all(0.02 <= outcome.seconds < 99 for outcome in found)
