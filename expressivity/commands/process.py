"""How a process of this program ends: an exit code of docs/formats.md, and one line on why."""

import logging
import os
import shlex
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir, mkstemp
from types import FrameType
from typing import NoReturn

import typer

import expressivity
from expressivity.output import ExitCode, cache_folder, without_warnings
from expressivity.plugins import PluginError, reason
from expressivity.time_limit import OutOfTimeError


class TerminatedError(KeyboardInterrupt):
    """SIGTERM, which ends a command in the same way as Ctrl-C does."""


def answered(command: Callable[[], object]) -> int:
    """Run a command; returns its exit code, whatever happens in it.

    Args:
        command: returns an exit code or None for 0, or raises.
    """
    _open_streams()
    with _notices_on_stderr(), without_warnings(), _terminations_raised():
        code = _answered(command)
        try:
            sys.stdout.flush()
        except OSError as error:
            _leave_stdout()
            return _machine_failed(error)
        return code


def _open_streams() -> None:
    """What would be written to a stream that was closed beforehand, as by >&-, goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def _answered(command: Callable[[], object]) -> int:
    try:
        return _exit_code(command())
    except typer.Exit as stop:
        return _exit_code(stop.exit_code)
    except typer.TyperException as error:
        message = error.format_message().rstrip(".")
        # Without a command the help has been shown instead, and there is no message.
        return _fail(f"{message}: see --help", ExitCode.UNUSABLE) if message else ExitCode.UNUSABLE
    except ValueError as error:
        return _fail(str(error), ExitCode.UNUSABLE)
    except OutOfTimeError as error:
        return _fail(f"not decided: {error}", ExitCode.UNDECIDED)
    except (KeyboardInterrupt, typer.Abort) as stop:
        how = "terminated" if isinstance(stop, TerminatedError) else "interrupted"
        return _fail("; ".join([how, *getattr(stop, "__notes__", ())]), ExitCode.BROKEN)
    except AssertionError as error:
        return _unforeseen(f"internal contradiction: {error} ({_origin(error)})", error)
    except PluginError as error:
        return _unforeseen(str(error), error)
    except SystemExit as stop:
        if (pipe := _broken_pipe(stop)) is not None:  # how rich and typer answer one
            return _machine_failed(pipe)
        return _exit_code(stop.code)
    except (OSError, RuntimeError, MemoryError) as error:
        if (pipe := _broken_pipe(error)) is not None:
            _leave_stdout()
        return _machine_failed(pipe or error)
    except BaseException as error:  # noqa: BLE001 (no crash may look like a finding)
        return _unforeseen(f"unforeseen error: {reason(error)} ({_origin(error)})", error)


def _exit_code(value: object) -> int:
    """A command's answer, which for those of plug-ins may be anything."""
    if value is None:
        return ExitCode.AS_EXPECTED
    if isinstance(value, int) and not isinstance(value, bool) and value in list(ExitCode):
        return int(value)
    codes = f"{min(ExitCode):d} to {max(ExitCode):d}"
    return _fail(f"required: an exit code from {codes}; the command gave {value!r}", 4)


def _fail(message: str, code: int) -> int:
    line = " ".join(message.split())
    # Whoever reads standard error may have gone as well: the exit code is the same.
    with suppress(OSError, ValueError):
        sys.stderr.write(f"expressivity: {line}\n")
        sys.stderr.flush()
    return code


def _machine_failed(error: BaseException) -> int:
    if isinstance(error, BrokenPipeError):  # whoever reads has gone, and wants to hear no more
        return ExitCode.BROKEN
    told = f"the machine failed: {str(error) or type(error).__name__} ({_origin(error)})"
    return _fail(told, ExitCode.BROKEN)


def _unforeseen(message: str, error: BaseException) -> int:
    log = _logged(error)
    return _fail(message if log is None else f"{message}; log: {log}", ExitCode.BROKEN)


def _logged(error: BaseException) -> Path | None:
    """A file with what is needed to report an error, in the user's cache or else in /tmp."""
    lines = (
        f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        f"expressivity {expressivity.__version__}, Python {sys.version.split()[0]}, {sys.platform}",
        shlex.join(sys.argv),
        "",
        "".join(traceback.format_exception(error)),
    )
    for folder in (cache_folder() / "errors", Path(gettempdir())):
        with suppress(OSError, RuntimeError):
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = mkstemp(prefix="expressivity-", suffix=".log", dir=folder)
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                file.write("\n".join(lines))
            return Path(name)
    return None


def _origin(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "no frame"


def _broken_pipe(error: BaseException | None) -> BrokenPipeError | None:
    while error is not None and not isinstance(error, BrokenPipeError):
        error = error.__cause__ or error.__context__
    return error


def _leave_stdout() -> None:
    """Let what is still buffered go nowhere: Python would complain about it at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _notices_on_stderr() -> Generator[None]:
    log = logging.getLogger("expressivity")
    passed_on = log.propagate
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("expressivity: %(message)s"))
    log.addHandler(handler)
    log.propagate = False  # else a plug-in that logs has every notice shown twice
    try:
        yield
    finally:
        log.propagate = passed_on
        log.removeHandler(handler)


@contextmanager
def _terminations_raised() -> Generator[None]:
    """SIGTERM as an exception in the main thread, unless it is handled or ignored already."""
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    raise TerminatedError
