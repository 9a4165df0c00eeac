"""One run by hand and its page."""

from pathlib import Path

import explorer_run
import pytest

from expressivity.runs.folder import Run, read_run
from figures.explorer import atlas, scenes
from figures.explorer.page import page, write_page


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Run:
    return read_run(explorer_run.made(tmp_path_factory.mktemp("explorer") / "run"))


@pytest.fixture(scope="session")
def data(run) -> dict:
    return scenes.data(run)


@pytest.fixture(scope="session")
def file(run, data, tmp_path_factory) -> Path:
    """The page, with the stored atlas."""
    place = tmp_path_factory.mktemp("page") / "explorer.html"
    write_page(place, page(run, data, atlas.data(atlas.STORED)))
    return place
