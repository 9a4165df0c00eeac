"""Executors outside this process.

Kinds: metamorphic (any executor gives the bits of any other), soundness (killed workers and
killed coordinators lose nothing and leave nothing running), negative (units that cannot travel,
schedulers that do not answer). Processes are real; units cost nothing.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cheap_units
import pytest

from expressivity.runs.executors import Processes, cluster
from expressivity.runs.units import Failure, InProcess, run

HELPERS = Path(cheap_units.__file__).parent

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(HELPERS), "OMP_NUM_THREADS": "1"}


@pytest.fixture
def marks(tmp_path) -> Path:
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


def eventually(check: Callable[[], object], seconds: float = 60.0) -> None:
    limit = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < limit, "it never came about"
        time.sleep(0.02)


def finished(path: Path) -> int:
    return len(list((path / "units").glob("*.parquet")))


def in_process(path: Path, count: int) -> dict:
    folder = cheap_units.open_folder(path, count)
    assert run(cheap_units.make(count), folder, InProcess()) == []
    return cheap_units.content(path)


def alive_in_session(session: int) -> list[str]:
    """Command lines of the processes of a session that are no zombies."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] not in "ZX":
                found.append((stat.parent / "cmdline").read_text())
        except OSError:
            continue
    return found


def start(path: Path, count: int, seconds: float, workers: int, marks: Path) -> subprocess.Popen:
    """A coordinator in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "import cheap_units; cheap_units.main()",
         str(path), str(count), str(seconds), str(workers), str(marks)],
        env=ENVIRONMENT, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


# --- local processes -----------------------------------------------------------------------------


def test_processes_give_the_same_bits_whatever_happens_to_them(tmp_path, marks):
    expected = in_process(tmp_path / "here", 12)
    units = cheap_units.make(
        12, 0.01, marks, _3="kills at first", _5="fails at first", _6="is told to end", _9="kills"
    )
    units[7] = cheap_units.Rooted(number=7)
    units[8] = cheap_units.Unreadable(number=8)
    folder, progress = cheap_units.open_folder(tmp_path / "there", 12), []
    failed = run(units, folder, Processes(2), on_progress=progress.append)
    assert sorted(unit.number for unit in failed) == [7, 8, 9]
    found = cheap_units.content(folder.path)
    assert found == {key: value for key, value in expected.items() if key in found}
    assert set(expected) - set(found) == {unit.key for unit in failed}
    tries = [len(cheap_units.attempts(str(marks), number)) for number in range(12)]
    assert tries == [1, 1, 1, 2, 1, 2, 1, 0, 0, 2, 1, 1]
    notes = " ".join(path.read_text() for path in (folder.path / "failures").iterdir())
    assert "the unit cannot be sent" in notes and "the unit cannot be read" in notes
    assert "the worker process died (exit code -9)" in notes
    assert "ImportError: this unit cannot be read back" in notes
    assert multiprocessing.active_children() == []
    # Three failed twice, two once, every other unit ended at once.
    assert sum(progress) == sum(unit.parts for unit in (*units, *failed, units[3], units[5]))


def test_a_chain_runs_in_one_process_in_its_order():
    units = [cheap_units.Chained(number=number) for number in (0, 3, 4, 1, 9, 2, 5)]
    found = {unit.number: outcome.record for unit, outcome in Processes(2).outcomes(units, print)}
    for chain in ((0, 1, 2), (3, 4, 5)):
        assert len({found[number]["process"] for number in chain}) == 1
        started = [found[number]["at"] for number in chain]
        assert started == sorted(started)
    assert set(found) == {unit.number for unit in units}
    assert os.getpid() not in {record["process"] for record in found.values()}


def test_a_chain_goes_on_after_a_worker_has_died(marks):
    manner = {1: "kills at first"}
    units = [
        cheap_units.Chained(number=number, marks=str(marks), manner=manner.get(number, "well"))
        for number in range(3)
    ]
    found = {unit.number: outcome for unit, outcome in Processes(2).outcomes(units, print)}
    assert [isinstance(found[number], Failure) for number in range(3)] == [False, True, False]
    assert multiprocessing.active_children() == []


def test_stopping_early_ends_the_workers_in_the_middle_of_their_units(marks):
    units = cheap_units.make(2, 0.0, marks)
    units[1] = cheap_units.Cheap(number=1, seconds=600, marks=str(marks))
    outcomes = Processes(2).outcomes(units, lambda parts: None)
    unit, outcome = next(outcomes)
    assert unit.number == 0 and not isinstance(outcome, Failure)
    eventually(lambda: cheap_units.attempts(str(marks), 1))
    started = time.monotonic()
    outcomes.close()
    assert time.monotonic() - started < 60
    assert multiprocessing.active_children() == []


def test_nothing_to_do_starts_nothing():
    assert list(Processes(2).outcomes([], lambda parts: None)) == []
    with pytest.raises(ValueError, match="required: at least one worker; got 0"):
        Processes(0)
    with pytest.raises(ValueError, match=r"required: at most \d+ workers, 16 for each core; got"):
        Processes(10**9)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_killed_coordinator_leaves_no_process_and_a_rerun_continues(tmp_path, marks, workers):
    count, path = 12, tmp_path / "run"
    killed = start(path, count, 0.2, workers, marks)
    eventually(lambda: finished(path) >= 3)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    eventually(lambda: not alive_in_session(killed.pid))
    before = finished(path)
    assert 3 <= before < count
    tried = len(list(marks.iterdir()))
    assert tried <= before + max(workers, 1)
    folder = cheap_units.open_folder(path, count)
    assert run(cheap_units.make(count, 0.0, marks), folder) == []
    assert folder.skipped == before
    assert len(list(marks.iterdir())) == tried + count - before  # none lost, none done twice
    assert cheap_units.content(path) == in_process(tmp_path / "undisturbed", count)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_kills_at_many_moments(tmp_path, marks, workers):
    count, path, kills = 24, tmp_path / "run", 0
    while True:
        process = start(path, count, 0.15, workers, marks)
        try:
            process.wait(1.2**kills)  # the first ones fall into start-up
            break
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.communicate()
        eventually(lambda session=process.pid: not alive_in_session(session))
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert kills >= 2
    assert cheap_units.content(path) == in_process(tmp_path / "undisturbed", count)


def test_an_interrupt_reaches_the_coordinator_alone_and_ends_all(tmp_path, marks):
    process = start(tmp_path / "run", 40, 0.2, 2, marks)
    eventually(lambda: finished(tmp_path / "run") >= 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, errors = process.communicate(timeout=60)
    assert errors.count("Traceback") == 1 and errors.rstrip().endswith("KeyboardInterrupt")
    eventually(lambda: not alive_in_session(process.pid))
    assert finished(tmp_path / "run") >= 2


@pytest.mark.slow
def test_a_worker_killed_from_outside_loses_nothing(tmp_path, marks):
    expected = in_process(tmp_path / "here", 10)
    folder, victims = cheap_units.open_folder(tmp_path / "there", 10), []

    def kill_one(unit) -> None:
        if not victims:
            victims.append(multiprocessing.active_children()[0].pid)
            os.kill(victims[0], signal.SIGKILL)

    units = cheap_units.make(10, 0.1, marks)
    assert run(units, folder, Processes(2), on_unit=kill_one) == []
    assert victims
    assert cheap_units.content(folder.path) == expected
    assert multiprocessing.active_children() == []


# --- a Dask cluster ------------------------------------------------------------------------------


def nothing_answers(address: str) -> str:
    started = time.monotonic()
    with (
        pytest.raises(ValueError, match="required: the address of a running Dask") as caught,
        cluster(address, timeout=1.0),
    ):
        pass
    assert time.monotonic() - started < 30
    assert "\n" not in str(caught.value) and address in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["tcp://127.0.0.1:9", "127.0.0.1:9", "tcp://no-such-host.invalid:8786", "nonsense://x:1",
     "tcp://127.0.0.1:notaport", "tcp://127.0.0.1:99999999", "x"],
)  # fmt: skip
def test_a_scheduler_that_does_not_answer_is_refused(address):
    nothing_answers(address)


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ValueError, match=r"pip install 'expressivity\[distributed\]'"),
        cluster("x"),
    ):
        pass


@pytest.fixture
def local_cluster(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
        local_directory=str(tmp_path / "dask"), silence_logs=50,
    ) as local:  # fmt: skip
        yield local


def test_dask_gives_the_same_bits_with_a_worker_killed_on_the_way(tmp_path, marks, local_cluster):
    expected = in_process(tmp_path / "here", 16)
    folder, victims = cheap_units.open_folder(tmp_path / "there", 16), []

    def kill_one(unit) -> None:
        if len(victims) < 1:
            victims.append(next(iter(local_cluster.workers.values())).pid)
            os.kill(victims[0], signal.SIGKILL)

    saved, plain = [], folder.save
    folder.save = lambda unit, outcome: (saved.append(unit.number), plain(unit, outcome))
    units = cheap_units.make(16, 0.1, marks, _5="fails at first")
    with cluster(local_cluster.scheduler_address) as executor:
        assert executor.workers == 2
        assert run(units, folder, executor, on_unit=kill_one) == []
    assert victims
    assert cheap_units.content(folder.path) == expected
    assert sorted(saved) == list(range(16))  # none lost, none stored twice


@pytest.mark.slow
def test_a_scheduler_that_goes_away_ends_the_run(tmp_path, marks):
    distributed = pytest.importorskip("distributed")
    dask = pytest.importorskip("dask")
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        local = distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None,
            local_directory=str(tmp_path / "dask"), silence_logs=50,
        )  # fmt: skip
        folder = cheap_units.open_folder(tmp_path / "run", 8)
        ending: list[threading.Thread] = []

        def end(unit) -> None:
            if not ending:
                ending.append(threading.Thread(target=local.close))
                ending[0].start()

        with (
            pytest.raises(ConnectionError, match="the scheduler is gone"),
            cluster(local.scheduler_address) as executor,
        ):
            run(cheap_units.make(8, 0.3, marks), folder, executor, on_unit=end)
        ending[0].join()
    assert 1 <= finished(folder.path) < 8
