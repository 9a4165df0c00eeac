"""Executors that run units outside this process: local processes, or a Dask cluster.

Both hand a unit to a worker whole, by pickle, and get its outcome back the same way: workers are
trusted as far as this program is. Workers never write; the process that runs the list does.
A worker runs one unit at a time. If it dies, the unit it was at has failed once, the others are
not touched, and a new worker takes its place.
"""

import logging
import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

import torch
from safetensors.torch import load, save

from expressivity.fitting import compilation
from expressivity.output import without_warnings
from expressivity.runs.units import Failure, OnProgress, Outcome, Unit, attempt

_Submit = Callable[[Unit], "Future[Outcome | Failure]"]


def _as_they_finish(
    units: Sequence[Unit], submit: _Submit, room: Callable[[], int], on_progress: OnProgress
) -> Generator[tuple[Unit, Outcome | Failure]]:
    """Outcomes of units of which at most ``room()`` are under way, so that memory stays flat."""
    waiting = iter(units)
    running: dict[Future[Outcome | Failure], Unit] = {}
    try:
        while True:
            for unit in islice(waiting, max(0, room() - len(running))):
                running[submit(unit)] = unit
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                unit = running.pop(future)
                outcome = _result(future)
                on_progress(unit.parts)
                yield unit, outcome
    finally:
        for future in running:
            future.cancel()


def _result(future: "Future[Outcome | Failure]") -> Outcome | Failure:
    if future.cancelled():
        raise ConnectionError(_GONE)
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, Exception):
        raise error
    # What the executor itself reports: a worker that was killed, a unit that cannot travel.
    return Failure(error=f"the worker failed: {type(error).__name__}: {error}")


_GONE = "the scheduler is gone; finished units are stored: start both again"


class _Worker:
    """One local process, started when first needed and again after it has died."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._running: tuple[Any, Connection] | None = None
        self._stopped = False
        self._changing = threading.Lock()

    def __call__(self, unit: Unit) -> Outcome | Failure:
        pipe = self._pipe()
        if pipe is None:
            return Failure(error="stopped")
        try:
            pipe.send(unit)
        except (OSError, EOFError):
            return self._died()
        except Exception as error:  # noqa: BLE001 (a user's unit decides what pickle raises)
            return Failure(error=f"the unit cannot be sent: {type(error).__name__}: {error}")
        try:
            outcome, tensors = _answer(pipe)
        except (OSError, EOFError):
            return self._died()
        return replace(outcome, tensors=load(tensors)) if tensors else outcome

    def stop(self) -> None:
        """Kill the process, whatever it is at, and start no other."""
        with self._changing:
            self._stopped = True
            if self._running is not None:
                self._running[0].kill()

    def close(self) -> None:
        """Clear away a process that has ended."""
        if self._running is not None:
            process, pipe = self._running
            self._running = None
            process.join()
            pipe.close()

    def _pipe(self) -> Connection | None:
        with self._changing:
            if self._stopped:
                return None
            if self._running is None:
                context = get_context("spawn")  # a fork would copy torch's threads half alive
                here, there = context.Pipe()
                process = context.Process(target=_serve, args=(there, self._threads))
                process.start()
                there.close()  # so that the end of the process is the end of the pipe
                self._running = process, here
            return self._running[1]

    def _died(self) -> Failure:
        with self._changing:
            assert self._running is not None
            process, _ = self._running
            process.kill()  # where the pipe alone has broken
            self.close()
            return Failure(error=f"the worker process died (exit code {process.exitcode})")


def _answer(pipe: Connection) -> tuple[Outcome | Failure, bytes]:
    """What a worker sends in the end; until then it says when it compiles."""
    compiling = False
    try:
        while isinstance(answer := pipe.recv(), bool):
            compiling = answer
            compilation.tell(begins=answer)
    finally:
        if compiling:
            compilation.tell(begins=False)
    return answer


def _serve(pipe: Connection, threads: int) -> None:
    """What a worker process does: units in, outcomes out, until either end is gone."""
    torch.set_num_threads(threads)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            with without_warnings(), compilation.heard_by(pipe.send):
                outcome = attempt(pipe.recv())
        except EOFError:
            return
        except Exception as error:  # noqa: BLE001 (what a user's unit cannot be read back with)
            outcome = Failure(error=f"the unit cannot be read: {type(error).__name__}: {error}")
        # Tensors as bytes: torch would pass them through shared memory, which may be small.
        if isinstance(outcome, Outcome) and outcome.tensors:
            pipe.send((replace(outcome, tensors={}), save(outcome.tensors)))
        else:
            pipe.send((outcome, b""))


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # in the middle of a unit, which nobody waits for


MOST = 16
"""Workers for each core: every one holds a program of its own in memory."""


def require_workers(workers: int) -> None:
    """Refuse a number of workers that is none, before anything is made for them.

    Raises:
        ValueError: fewer than one worker, or more than the cores are good for.

    >>> require_workers(1)
    """
    if workers < 1:
        raise ValueError(f"required: at least one worker; got {workers}")
    most = MOST * len(os.sched_getaffinity(0))
    if workers > most:
        raise ValueError(
            f"required: at most {most} workers, {MOST} for each core; got {workers}: choose fewer"
        )


class Processes:
    """Worker processes on this machine, which share its cores.

    Raises:
        ValueError: as :func:`require_workers`.
    """

    def __init__(self, workers: int) -> None:
        require_workers(workers)
        self._workers = workers

    def outcomes(
        self, units: Sequence[Unit], on_progress: OnProgress
    ) -> Generator[tuple[Unit, Outcome | Failure]]:
        """See :class:`~expressivity.runs.units.Executor`."""
        chains = deque(_chains(units))
        count = min(self._workers, len(chains))
        if not count:
            return
        threads = max(1, len(os.sched_getaffinity(0)) // count)
        workers = [_Worker(threads) for _ in range(count)]
        finished: SimpleQueue[_Ended | BaseException] = SimpleQueue()
        closing = threading.Event()

        def serve(worker: _Worker) -> None:
            try:
                while chains:
                    for unit in _next(chains):
                        stored = threading.Event()
                        finished.put((unit, worker(unit), stored))
                        # A kill costs each worker one unit, not what it finished meanwhile.
                        while not (stored.wait(0.1) or closing.is_set()):
                            pass
            except BaseException as error:  # noqa: BLE001 (raised where outcomes are waited for)
                finished.put(error)

        # Workers inherit the signal mask of the thread that starts them: Ctrl-C and SIGTERM, which
        # may be sent to all, are for this process alone. Starting the tracker would lift the mask,
        # so it is started here.
        resource_tracker.ensure_running()
        try:
            with ThreadPoolExecutor(count, initializer=_block_interrupts) as pool:
                try:
                    for worker in workers:
                        pool.submit(serve, worker)
                    for _ in units:
                        ended = finished.get()
                        if isinstance(ended, BaseException):
                            raise ended
                        unit, outcome, stored = ended
                        on_progress(unit.parts)
                        yield unit, outcome
                        stored.set()
                finally:
                    chains.clear()
                    closing.set()
                    for worker in workers:
                        worker.stop()
        finally:
            for worker in workers:
                worker.close()


_Ended = tuple[Unit, Outcome | Failure, threading.Event]
"""A unit, what it came to, and what is set once that is stored."""


def _chains(units: Sequence[Unit]) -> list[list[Unit]]:
    """Units by their chains, in the order they came."""
    found: dict[str, list[Unit]] = {}
    for unit in units:
        found.setdefault(unit.chain, []).append(unit)
    return list(found.values())


def _next(chains: "deque[list[Unit]]") -> list[Unit]:
    try:
        return chains.popleft()
    except IndexError:  # another thread was quicker
        return []


def _block_interrupts() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})


class Cluster:
    """The workers of a running Dask cluster; made by :func:`cluster`."""

    _AHEAD = 2  # units sent to a worker before it asks: it does not wait for the next one

    def __init__(self, client: Any) -> None:
        self._client = client

    def outcomes(
        self, units: Sequence[Unit], on_progress: OnProgress
    ) -> Generator[tuple[Unit, Outcome | Failure]]:
        """See :class:`~expressivity.runs.units.Executor`."""
        # Not pure: the same unit may be tried again after a failure.
        with self._client.get_executor(pure=False) as executor:
            yield from _as_they_finish(
                units, lambda unit: executor.submit(attempt, unit), self._room, on_progress
            )

    @property
    def workers(self) -> int:
        """How many there are now; a cluster may grow while it works.

        Raises:
            ConnectionError: the scheduler does not answer any more.
        """
        try:
            return len(self._client.nthreads())
        except OSError as error:
            raise ConnectionError(_GONE) from error

    def _room(self) -> int:
        return self._AHEAD * max(1, self.workers)


@contextmanager
def cluster(address: str, *, timeout: float = 10.0) -> Generator[Cluster]:
    """Connect to the scheduler of a Dask cluster.

    Args:
        address: as ``tcp://host:8786``.
        timeout: seconds to wait for an answer.

    Raises:
        ValueError: Dask is not installed, or nothing answers at the address.
    """
    try:
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port
    except ImportError as error:
        raise ValueError(
            "required: the extra `distributed` for --scheduler; Dask is not installed: "
            "pip install 'expressivity[distributed]'"
        ) from error
    try:
        # A client that finds nobody leaves a thread behind, which complains later.
        socket.create_connection(get_address_host_port(address), timeout).close()
        client: Any = Client(address, timeout=timeout, set_as_default=False)
    except (OSError, ValueError, OverflowError) as error:  # TimeoutError is an OSError
        raise ValueError(
            f"required: the address of a running Dask scheduler, as tcp://host:8786; "
            f"{address} does not answer: start one with `dask scheduler`"
        ) from error
    with _silenced("distributed"), client:
        yield Cluster(client)


@contextmanager
def _silenced(package: str) -> Generator[None]:
    """Without log messages of a package, which tells of a lost scheduler in tracebacks."""
    every = {package, *logging.root.manager.loggerDict}
    loggers = [logging.getLogger(name) for name in every if f"{name}.".startswith(f"{package}.")]
    before = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in before:
            logger.setLevel(level)
