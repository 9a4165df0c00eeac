"""Which fits go on to their last generation, and what they begin with.

Kinds: property (only a network that is there and that no noise hides is sought to the end; the
errors of a narrower search that are compared are those of the full rule).
"""

import dataclasses

import pytest

from expressivity.classes.gates import GateSpec
from expressivity.fitting import Stopping, VariableProjection, fit
from expressivity.separation import fitted
from expressivity.separation import unit as units
from expressivity.separation.asked import Request
from expressivity.separation.fitted import restarted
from expressivity.separation.settings import Noise, Settings
from expressivity.separation.unit import FitUnit, run_unit
from expressivity.targets.builtin import t1, t5


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


def test_a_wider_search_begins_with_what_the_narrower_one_has_finished():
    target = t5()
    family = Request(gate=GateSpec(name="tanh")).one("la", target, width=2)
    settings = Settings(restarts=8, candidates=1, generations=1)
    given_LP = fitted._grown(target, family, settings, False, (1,), False, 0)
    narrow = fitted.searched(
        target, family.at_width(1), settings, sought=False, narrower=(), compiled=False
    )
    full = fitted._problem(target, family, settings, compiled=False)
    begun = fit(full, VariableProjection(stopping=Stopping(iterations=1)), given_LP)
    assert float(begun.error_L[0]) <= float(narrow.error_L[0]) * (1 + 1e-9)
