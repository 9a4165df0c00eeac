"""How well norms are known.

Kinds: soundness (a fuzz of functions with features that hide between nodes: no norm is further off
than its estimate unless it is refused), reference (closed forms), property (ordinary targets keep
the fixed rule), negative (what no rule resolves is refused, and an enclosure that disagrees is a
doubt).
"""

import random

import pytest
import torch
from helpers.hidden_features import on_the_disk, on_the_interval

from expressivity.fitting.errors import measuring_grid
from expressivity.targets.user import user_target

torch.set_num_threads(1)


def wrong(text: str, truth: float) -> str | None:
    """A line about a norm that is further off than its estimate, and not refused."""
    norm = measuring_grid(user_target(text)).norm
    off = abs(norm.l2 / truth - 1)
    if norm.known and off > norm.relative_error + 1e-9:
        return f"{text}: off by {off:.1e}, estimated {norm.relative_error:.1e}"
    return None


def fuzzed(count: int, seed: int) -> list[str]:
    generator = random.Random(seed)
    cases = [(on_the_interval, on_the_disk)[k % 2](generator) for k in range(count)]
    return [line for line in (wrong(*case) for case in cases) if line is not None]


def test_no_norm_is_further_off_than_its_estimate():
    assert fuzzed(20, seed=0) == []


@pytest.mark.slow
def test_no_norm_of_two_hundred_is_further_off_than_its_estimate():
    assert fuzzed(200, seed=1) == []
