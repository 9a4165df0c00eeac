"""A finished run of T1."""

import sys
from pathlib import Path
from typing import Any

import pytest
from command_lines import T1

from expressivity import cli


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-names", action="store_true", help="write commands/names.json from the registries"
    )


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "run"


@pytest.fixture(scope="module")
def t1_folder(tmp_path_factory) -> Path:
    """A finished run that tests read back."""
    folder = tmp_path_factory.mktemp("t1") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["expressivity", *T1, "--out", str(folder)])
        assert cli.main() == 0
    return folder


@pytest.fixture
def t1_run(call, t1_folder) -> Any:
    answer = call(*T1, "--json", "--out", t1_folder)
    assert (answer.code, answer.err) == (0, "")
    return answer
