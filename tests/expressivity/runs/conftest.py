"""An empty run folder."""

import pytest
from outcomes_by_hand import open_folder

from expressivity.runs.folder import RunFolder


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return open_folder(tmp_path / "deep" / "run")
