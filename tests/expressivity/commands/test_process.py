"""How a process ends: exit codes, signals, broken pipes.

Kinds: reference (the codes of docs/formats.md), negative (every way a command can go wrong is
one line and never code 1), soundness (the former signal handler and logger are restored).
"""

import logging
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest
import typer

from expressivity import output
from expressivity.commands import process
from expressivity.commands.process import TerminatedError, answered
from expressivity.output import notice
from expressivity.plugins import PluginError
from expressivity.time_limit import OutOfTimeError

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def raising(error: BaseException):
    def command() -> None:
        raise error

    return command


def noted(error: BaseException, note: str) -> BaseException:
    error.add_note(note)
    return error


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ValueError("required: a;\n got b"), 2, "required: a; got b"),
        (KeyboardInterrupt(), 4, "interrupted"),
        (noted(KeyboardInterrupt(), "all is stored"), 4, "interrupted; all is stored"),
        (noted(TerminatedError(), "all is stored"), 4, "terminated; all is stored"),
        (typer.Abort(), 4, "interrupted"),
        (AssertionError("a < b"), 4, "internal contradiction: a < b ("),
        (MemoryError(), 4, "the machine failed: MemoryError ("),
        (OSError(28, "No space left"), 4, "the machine failed: [Errno 28] No space left ("),
        (RuntimeError("torch"), 4, "the machine failed: torch ("),
        (OutOfTimeError("no end within 300 s"), 3, "not decided: no end within 300 s"),
        (KeyError("a"), 4, "unforeseen error: KeyError: 'a' (test_process.py, line "),
        (TypeError("a\nb"), 4, "unforeseen error: TypeError: a b ("),
        (GeneratorExit(), 4, "unforeseen error: GeneratorExit ("),
        (SystemExit(1), 1, None),
        (SystemExit("no"), 4, "required: an exit code from 0 to 4; the command gave 'no'"),
        (typer.Exit(2), 2, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_every_error_is_one_line_and_its_code(capsys, error, code, line):
    assert answered(raising(error)) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("" if line is None else f"expressivity: {line}")
    assert captured.err.count("\n") == (line is not None)


@pytest.mark.parametrize("error", [KeyError("a"), AssertionError("a < b"), PluginError("of x")])
def test_what_nobody_foresaw_leaves_a_log(capsys, monkeypatch, tmp_path, error):
    monkeypatch.setenv("EXPRESSIVITY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "argv", ["expressivity", "some", "a b"])
    assert answered(raising(error)) == 4
    (log,) = (tmp_path / "cache" / "errors").iterdir()
    told = capsys.readouterr().err
    assert told.endswith(f"; log: {log}\n") and told.count("\n") == 1
    text = log.read_text()
    assert "expressivity some 'a b'" in text and "Python 3." in text
    assert text.rstrip().endswith(str(error)) and "in command" in text


def test_a_log_that_cannot_be_written_is_not_told(capsys, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EXPRESSIVITY_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(process, "gettempdir", lambda: str(tmp_path))
    assert answered(raising(KeyError("a"))) == 4
    (log,) = tmp_path.glob("*.log")
    assert capsys.readouterr().err.endswith(f"; log: {log}\n")
    monkeypatch.setattr(process, "gettempdir", lambda: str(tmp_path / "file"))
    assert answered(raising(KeyError("a"))) == 4
    assert "log" not in capsys.readouterr().err


@pytest.mark.parametrize("error", [ValueError("a"), OSError(28, "full"), KeyboardInterrupt()])
def test_what_is_foreseen_leaves_none(monkeypatch, tmp_path, error):
    monkeypatch.setenv("EXPRESSIVITY_CACHE", str(tmp_path / "cache"))
    answered(raising(error))
    assert not (tmp_path / "cache").exists()


def test_sigterm_is_told_and_the_former_handler_comes_back(capsys):
    before = signal.getsignal(signal.SIGTERM)
    assert before is signal.SIG_DFL

    def command() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

    assert answered(command) == 4
    assert capsys.readouterr().err == "expressivity: terminated\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_handler_of_somebody_else_stays():
    def theirs(signum, frame) -> None: ...

    before = signal.signal(signal.SIGTERM, theirs)
    try:
        seen: list[object] = []
        answered(lambda: seen.append(signal.getsignal(signal.SIGTERM)))
        assert seen == [theirs]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_outside_the_main_thread_signals_are_left_alone(capsys):
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(answered(lambda: 3)))
    thread.start()
    thread.join()
    assert codes == [3]


def test_notices_are_lines_on_stderr_each_once(capsys, monkeypatch):
    monkeypatch.setattr(output, "_noticed", set())

    def command() -> None:
        for text in ("one\nline", "another", "one line"):
            notice(text)

    handlers = list(logging.getLogger("expressivity").handlers)
    assert answered(command) == 0
    assert capsys.readouterr().err == "expressivity: one line\nexpressivity: another\n"
    assert logging.getLogger("expressivity").handlers == handlers


@pytest.mark.filterwarnings("always")
def test_warnings_of_libraries_are_shown_to_those_who_ask(monkeypatch):
    def command() -> None:
        warnings.warn("for developers", UserWarning, stacklevel=1)

    seen: list[object] = []
    monkeypatch.setattr(warnings, "showwarning", lambda *message, **where: seen.append(message))
    for options in ([], ["default"]):
        monkeypatch.setattr(sys, "warnoptions", options)
        assert answered(command) == 0
        assert len(seen) == len(options)


def test_a_broken_standard_error_changes_no_code(monkeypatch):
    class Gone:
        def write(self, text: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    assert answered(raising(ValueError("required: a"))) == 2


@pytest.mark.slow
@pytest.mark.parametrize("options", [["--json"], []])
def test_a_reader_that_goes_away_is_no_finding_and_hears_no_more(options):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "expressivity", "list", "gates", *options],
            env=ENVIRONMENT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (4, "")


@pytest.mark.slow
def test_a_terminated_run_keeps_its_units_and_goes_on(tmp_path):
    command = [sys.executable, "-m", "expressivity", "separate", "t1", "--family", "fixed",
               "--restarts", "2", "--candidates", "1", "--out", "run"]  # fmt: skip
    environment = {**ENVIRONMENT, "PATH": ""}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    units = tmp_path / "run" / "units"
    limit = time.monotonic() + 300
    while not list(units.glob("*.parquet")):
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.02)
    process.terminate()
    out, err = process.communicate()
    assert (process.returncode, out) == (4, "")
    stored = len(list(units.glob("*.parquet")))
    assert err.endswith(
        f"expressivity: terminated; finished units in run: {stored}; "
        f"go on with: {shlex.join(['expressivity', *command[3:]])}\n"
    )
    assert "Traceback" not in err
    again = subprocess.run(
        [*command, "--json"], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert again.returncode == 0
    assert 1 <= stored < len(list(units.glob("*.parquet")))


@pytest.mark.parametrize("name", ["stdout", "stderr"])
@pytest.mark.parametrize(("error", "code"), [(ValueError("required: a"), 2), (KeyError("a"), 4)])
def test_a_closed_stream_changes_no_exit_code(monkeypatch, tmp_path, name, error, code):
    monkeypatch.setenv("EXPRESSIVITY_CACHE", str(tmp_path))
    monkeypatch.setattr(sys, name, None)
    assert answered(raising(error)) == code
    with getattr(sys, name) as nowhere:
        assert answered(lambda: nowhere.write("some") and None) == 0
