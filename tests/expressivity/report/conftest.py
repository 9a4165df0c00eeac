"""An ordinary run, and reports without other packages' sections."""

import sys

import pytest
import sample_run as sample
from report_page import LIBRARY

from expressivity.registry import Registry
from expressivity.report import SECTIONS
from expressivity.runs.folder import Run, read_run


@pytest.fixture(autouse=True)
def library_sections_alone(monkeypatch):
    """Other packages' sections have tests of their own."""
    registry: Registry = Registry("report section")
    for name in LIBRARY:
        registry.add(name, SECTIONS[name])
    monkeypatch.setattr(sys.modules["expressivity.report.section"], "SECTIONS", registry)
    return registry


@pytest.fixture
def run(tmp_path) -> Run:
    return read_run(sample.ordinary(tmp_path / "run"))
