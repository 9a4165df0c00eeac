"""Tests, examples and pages see no records of the user's own cache."""

import os
from tempfile import TemporaryDirectory

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """A cache of its own for each process, removed at its end."""
    folder = TemporaryDirectory(prefix="expressivity-cache-")
    config.add_cleanup(folder.cleanup)
    os.environ["EXPRESSIVITY_CACHE"] = folder.name
