"""Fits of the main job run uncompiled."""

import pytest

from expressivity.separation import unit as separation


@pytest.fixture
def eager(monkeypatch):
    monkeypatch.setattr(separation, "compiler_available", lambda: False)
