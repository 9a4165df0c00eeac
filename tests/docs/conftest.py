"""The generators of pages, and the command line as they read it."""

import importlib
import sys
from types import SimpleNamespace

import pytest
from pages import DOCS


@pytest.fixture(scope="module")
def generators():
    """The package docs/generators, which Sphinx finds because docs/conf.py says where it is."""
    sys.path.insert(0, str(DOCS))
    names = ("api", "atlas", "commands", "gallery", "theorems")
    modules = {name: importlib.import_module(f"generators.{name}") for name in names}
    yield SimpleNamespace(**modules, write_pages=importlib.import_module("generators").write_pages)
    sys.path.remove(str(DOCS))


@pytest.fixture(scope="module")
def program(generators):
    return generators.commands.program()
