"""Fixtures of several test files."""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator

import pytest

from expressivity import cli


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked ``cuda`` are skipped without a device."""
    marked = [item for item in items if item.get_closest_marker("cuda")]
    if marked:
        import torch  # most runs of a few tests need no device, and no torch to ask for one

        if not torch.cuda.is_available():
            for item in marked:
                item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a command returned and wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict:
        """The one JSON document on standard output."""
        return json.loads(self.out, parse_constant=pytest.fail)


@pytest.fixture
def call(monkeypatch, capsys, tmp_path) -> Callable[..., Answer]:
    """Runs a command in process, in an empty working directory."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)

    def run(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["expressivity", *map(str, arguments)])
        code = cli.main()
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


@pytest.fixture
def untried() -> Iterator[None]:
    """The C++ compiler is tried again, now and after the test."""
    from expressivity.fitting.program import compiler_problem  # most tests need no torch

    compiler_problem.cache_clear()
    yield
    compiler_problem.cache_clear()
