"""Settings of fits.

Kinds: property (when there are generations), negative (refusals in one line).
"""

import dataclasses

import pytest

from expressivity.fitting.limits import MAX_GENERATIONS
from expressivity.fitting.search import LEAST_LANES
from expressivity.separation.settings import GENERATIONS, OPTIMIZERS, Noise, Settings


def test_generations_where_a_search_can_be():
    assert Settings().generations == GENERATIONS > 0
    assert Settings(restarts=LEAST_LANES).generations == GENERATIONS
    assert Settings(restarts=LEAST_LANES - 1).generations == 0
    for optimizer in OPTIMIZERS:
        found = Settings(optimizer=optimizer).generations
        assert found == (GENERATIONS if optimizer == "varpro" else 0)
    assert Settings(noise=Noise(size=0.1, points=20)).generations == GENERATIONS
    for asked in (0, 1, MAX_GENERATIONS):
        assert Settings(generations=asked).generations == asked


def test_settings_of_a_settings_are_the_same():
    for settings in (Settings(), Settings(restarts=1), Settings(generations=3)):
        assert dataclasses.replace(settings) == settings
        assert Settings(**dataclasses.asdict(settings)) == settings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generations": -1}, "required: generations of at least 0; got -1"),
        ({"generations": 1.0}, "required: generations as a whole number; got 1.0"),
        ({"generations": True}, "required: generations as a whole number; got True"),
        ({"generations": MAX_GENERATIONS + 1}, "required: at most 65536 generations"),
        ({"generations": 5, "optimizer": "lm"}, "required: no generations with an optimizer"),
        ({"generations": 5, "optimizer": "adam"}, "required: no generations with an optimizer"),
        ({"generations": 5, "restarts": 3}, "required: at least 4 restarts with generations"),
    ],
)
def test_refusals(changes, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        Settings(**changes)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
