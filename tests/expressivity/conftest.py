"""A place for packages that tests install."""

from pathlib import Path

import pytest

from expressivity import output


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """Notices of other tests do not count."""
    monkeypatch.setattr(output, "_noticed", set())


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder
