"""Which fits go on to their last generation.

Kinds: property (only a network that is there and that no noise hides is sought to the end).
"""

import dataclasses

import pytest

from expressivity.classes.gates import GateSpec
from expressivity.separation import unit as units
from expressivity.separation.asked import Request
from expressivity.separation.fitted import restarted
from expressivity.separation.settings import Noise, Settings
from expressivity.separation.unit import FitUnit, run_unit
from expressivity.targets.builtin import t1


@pytest.mark.parametrize(
    ("kind", "noise", "sought"),
    [
        ("la", None, True),
        ("la", Noise(size=0.0, points=64), True),
        ("la", Noise(size=0.1, points=64), False),
        ("relu", None, False),
    ],
)
def test_what_is_there_and_not_hidden_by_noise_is_sought(monkeypatch, kind, noise, sought):
    target, asked = t1(), []
    family = Request(gate=GateSpec(name="tanh")).one(kind, target, width=1)
    settings = Settings(restarts=4, candidates=1, noise=noise)

    def searched(target, family, settings, *, sought, narrower, compiled):
        asked.append(sought)
        plain = dataclasses.replace(settings, generations=0)
        return restarted(target, family, plain, compiled=compiled)

    monkeypatch.setattr(units, "searched", searched)
    run_unit(FitUnit(target=target, family=family, settings=settings))
    assert asked == [sought]
