"""A registry of made-up theorems."""

import pytest
from theorems_by_hand import CAUGHT, theorem

from expressivity.registry import Registry
from expressivity.symbolic import proof as schema
from expressivity.symbolic.proof import Theorem


@pytest.fixture
def registered(monkeypatch):
    def put(*theorems):
        registry: Registry[Theorem] = Registry("theorem")
        for entry in theorems:
            registry.add(entry.name, entry)
        monkeypatch.setattr(schema, "THEOREMS", registry)

    put(theorem("A", True, *CAUGHT), theorem("B", True, *CAUGHT))
    return put
