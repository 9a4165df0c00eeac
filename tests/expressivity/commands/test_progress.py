"""What is told of the progress of a command.

Kinds: reference (lines in a log), negative (nothing where nothing is wanted).
"""

import re
import time

import pytest

from expressivity.commands import progress
from expressivity.commands.progress import tally, tell

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "


def work(*, quiet: bool) -> None:
    with tally("units", 3, quiet=quiet) as done:
        done.update(2)
        done.update(label="t1 la type1 m=1")


def test_a_log_gets_lines_with_the_time(capsys, monkeypatch):
    monkeypatch.setattr(progress, "EVERY", 0.0)
    work(quiet=False)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(
        f"{TIME}2 of 3 done; units\n{TIME}2 of 3 done; t1 la type1 m=1\n", captured.err
    )


def test_a_short_command_writes_none(capsys):
    assert progress.EVERY >= 10
    work(quiet=False)
    assert capsys.readouterr() == ("", "")


def test_a_log_says_that_it_compiles_while_nothing_is_done(capsys, monkeypatch):
    monkeypatch.setattr(progress, "EVERY", 0.01)
    lines: list[str] = []
    with tally("units", 3, quiet=False) as done:
        done.compiling(True)
        done.compiling(True)  # in another worker
        done.compiling(False)
        ended = time.monotonic() + 30
        while len(lines) < 3 and time.monotonic() < ended:
            lines += capsys.readouterr().err.splitlines()
        done.compiling(False)
    assert len(lines) >= 3
    assert all(re.fullmatch(f"{TIME}0 of 3 done; units: compiling", line) for line in lines)


def test_what_is_compiled_is_no_longer_said_to_be(capsys, monkeypatch):
    monkeypatch.setattr(progress, "EVERY", 0.0)
    with tally("units", 3, quiet=False) as done:
        done.update(label="t1 la")
        done._compilations = 1  # without the thread, which would tell as often as it can
        done.update()
        done.compiling(False)
    said = [line.split(";")[1] for line in capsys.readouterr().err.splitlines()]
    assert said == [" t1 la", " t1 la: compiling", " t1 la"]


def test_a_command_may_say_how_often(capsys):
    with tally("units", quiet=False, every=0.0) as done:
        done.update(2)
    assert capsys.readouterr().err.endswith("2 done; units\n")
    assert progress.SOON <= 5


@pytest.mark.parametrize("quiet", [True, False])
def test_a_terminal_gets_a_bar_and_a_quiet_command_nothing(capsys, monkeypatch, quiet):
    monkeypatch.setattr(progress, "EVERY", 0.0)
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal
    work(quiet=quiet)
    told = capsys.readouterr().err
    assert ("units" in told) == (not quiet)
    assert not re.search(TIME, told)


def test_a_message_has_the_time_in_a_log_alone(capsys, monkeypatch):
    tell("figures [and] report")
    assert re.fullmatch(rf"{TIME}figures \[and\] report\n", capsys.readouterr().err)
    monkeypatch.setenv("FORCE_COLOR", "1")
    tell("figures")
    assert not re.search(TIME, capsys.readouterr().err)
