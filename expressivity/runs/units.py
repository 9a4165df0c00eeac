"""Work units: what an experiment is cut into, and how a list of them is brought to its end.

A unit is a description. What it computes depends on the description alone, not on where, when
or beside what it runs, so units can be stored under a hash of it, skipped once stored, and run
by any executor (``executors.py``) with the same bits as a result.
"""

import functools
import hashlib
import json
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Protocol

from torch import Tensor

OnProgress = Callable[[int], None]
"""Called with the number of a unit's parts that have just been finished."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a unit came to.

    Attributes:
        record: the summary, JSON without NaN or infinity.
        lanes: columns of equal length, a row for each restart, seed or step.
        tensors: weights by name, on the CPU.
        seconds: what it took; no part of the result.
    """

    record: dict[str, object]
    lanes: dict[str, list[int] | list[float]] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a unit has no outcome: one line, and the traceback where there is one."""

    error: str
    traceback: str = ""


class Unit(ABC):
    """One piece of work, of seconds to minutes; subclasses are frozen dataclasses.

    Units travel to other processes by pickle, so a subclass lives at the top of its module.
    """

    @property
    @abstractmethod
    def identity(self) -> dict[str, object]:
        """Everything the outcome depends on, as JSON."""

    @property
    @abstractmethod
    def label(self) -> str:
        """A few words for progress bars and messages."""

    @property
    def parts(self) -> int:
        """How much progress the unit reports in all."""
        return 1

    @property
    def chain(self) -> str:
        """Equal for units that use what others of them have computed, if it is still in memory.

        An executor may run a chain in one process, in the order that its units came.
        """
        return self.key

    @abstractmethod
    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """Compute the outcome."""

    @functools.cached_property
    def key(self) -> str:
        """A short name for files: a hash of the identity."""
        return key_of(self.identity)


def key_of(identity: object) -> str:
    """The key of the unit of an identity, as JSON or as read back from it."""
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


_ONE_AT_A_TIME = threading.Lock()  # torch's thread count and flint's precision are per process


def attempt(unit: Unit, on_progress: OnProgress | None = None) -> Outcome | Failure:
    """Run a unit in this process; whatever goes wrong inside it is a failure of that unit."""
    with _ONE_AT_A_TIME:
        started = time.perf_counter()
        try:
            outcome = unit.run(on_progress)
        except Exception as error:  # noqa: BLE001 (the others go on)
            message = f"{type(error).__name__}: {error}"
            return Failure(error=" ".join(message.split()), traceback=traceback.format_exc())
        return replace(outcome, seconds=time.perf_counter() - started)


class Shelf(Protocol):
    """Where finished units are kept; ``store.RunFolder`` is one."""

    def has(self, unit: Unit) -> bool:
        """Whether the unit's outcome is there and undamaged."""
        ...

    def save(self, unit: Unit, outcome: Outcome) -> None:
        """Keep an outcome, all or nothing."""
        ...

    def fail(self, unit: Unit, failure: Failure) -> None:
        """Note that a unit has failed for good."""
        ...


class Executor(Protocol):
    """Where units run; see ``executors.py``."""

    def outcomes(
        self, units: Sequence[Unit], on_progress: OnProgress
    ) -> Generator[tuple[Unit, Outcome | Failure]]:
        """Every unit with what it came to, each once, in the order they finish."""
        ...


class InProcess:
    """One unit after another, here."""

    def outcomes(
        self, units: Sequence[Unit], on_progress: OnProgress
    ) -> Generator[tuple[Unit, Outcome | Failure]]:
        """See :class:`Executor`."""
        for unit in units:
            yield unit, attempt(unit, on_progress)


def run(
    units: Sequence[Unit],
    shelf: Shelf,
    executor: Executor | None = None,
    *,
    on_progress: OnProgress = lambda count: None,
    on_unit: Callable[[Unit], None] = lambda unit: None,
) -> list[Unit]:
    """Bring every unit to its end: skip what is stored, store each as it finishes.

    A unit that fails is tried once more after the others, then noted as failed.

    Args:
        units: in any order; of several with the same key one is run.
        shelf: where they are kept.
        executor: where they run; by default in this process.
        on_progress: hears of finished parts, of stored units too.
        on_unit: hears of each unit that is there.

    Returns:
        The units that failed.

    Raises:
        OSError: an outcome could not be stored; those stored before are safe.
    """
    executor = executor or InProcess()
    pending: list[Unit] = []
    for unit in {unit.key: unit for unit in units}.values():
        if shelf.has(unit):
            on_progress(unit.parts)
            on_unit(unit)
        else:
            pending.append(unit)
    failures: dict[str, tuple[Unit, Failure]] = {}
    for _attempt in range(2):
        failures = {}
        with closing(executor.outcomes(pending, on_progress)) as outcomes:
            for unit, outcome in outcomes:
                if isinstance(outcome, Failure):
                    failures[unit.key] = unit, outcome
                else:
                    shelf.save(unit, outcome)
                    on_unit(unit)
        pending = [unit for unit, _ in failures.values()]
    for unit, failure in failures.values():
        shelf.fail(unit, failure)
    return pending
