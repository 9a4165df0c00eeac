"""A benchmark that is taken up again.

Kinds: property (what is kept is not measured again, what was asked otherwise is), negative (a
process that fails keeps nothing).
"""

import json
from pathlib import Path

import pytest

from benchmarks.run import PEERS, ProcessFailedError, kept, parse


def counting(folder: Path, answer: str) -> list[str]:
    """A command that leaves a mark each time it runs."""
    mark = folder / "marks"
    return ["-c", f"open({str(mark)!r}, 'a').write('x'); print({answer!r})"]


def test_what_is_kept_is_not_measured_again(tmp_path):
    command, path = counting(tmp_path, '{"a": 1}'), tmp_path / "peer-0.json"
    first = kept(path, command)
    assert first[0] == {"a": 1} and first[1] > 1
    assert kept(path, command) == first
    assert (tmp_path / "marks").read_text() == "x"
    assert json.loads(path.read_text())["command"] == command


def test_another_command_is_measured(tmp_path):
    path = tmp_path / "peer-0.json"
    kept(path, counting(tmp_path, '{"a": 1}'))
    assert kept(path, counting(tmp_path, '{"a": 2}'))[0] == {"a": 2}
    assert (tmp_path / "marks").read_text() == "xx"


def test_a_process_that_fails_keeps_nothing(tmp_path):
    with pytest.raises(ProcessFailedError, match="no such thing"):
        kept(tmp_path / "peer-0.json", ["-c", "raise SystemExit('no such thing')"])
    assert list(tmp_path.iterdir()) == []


def test_the_base_is_what_the_main_job_does():
    options = parse([])
    assert options.base == options.peers[0] == "ours_search"
    assert PEERS["ours_varpro_compiled"].command == (
        "-m", "benchmarks.ours", "varpro", "compiled",
    )  # fmt: skip
