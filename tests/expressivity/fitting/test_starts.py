"""Random starts.

Kinds: metamorphic (a lane depends on seed, number and family alone), property (hyperplanes
through the ball, frozen blocks), negative (refusals).
"""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.networks import parameter_length, unpack
from expressivity.fitting.starts import frozen_coefficients, random_start, random_starts

DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=30)

MOA = Family(kind=Kind.MOA, neuron="two_sided", width=3, dimension=2, gate=GateSpec(name="softmax"))


@DETERMINISTIC
@given(seed=st.integers(0, 2**40), lane=st.integers(0, 2**20))
def test_a_lane_depends_on_seed_and_number_alone(seed, lane):
    alone = random_start(MOA, seed=seed, lane=lane)
    assert alone.dtype == torch.float64
    assert alone.shape == (parameter_length(MOA),)
    assert torch.isfinite(alone).all()
    torch.manual_seed(lane)  # the global generator has no part in it
    among = random_starts(MOA, seed=seed, restarts=3, first=max(lane - 1, 0))
    assert torch.equal(among[min(lane, 1)], alone)


def test_more_restarts_extend_fewer(each_family):
    many = random_starts(each_family, seed=7, restarts=6)
    assert torch.equal(many[:2], random_starts(each_family, seed=7, restarts=2))
    assert torch.equal(many[2:], random_starts(each_family, seed=7, restarts=4, first=2))


def test_lanes_and_seeds_differ(each_family):
    lanes = torch.cat([random_starts(each_family, seed=seed, restarts=3) for seed in (0, 1)])
    assert len(lanes.unique(dim=0)) == 6


def kink_distances(block_LME: torch.Tensor) -> torch.Tensor:
    """Distance of each hyperplane w.x + b = 0 from the origin."""
    return block_LME[..., -1].abs() / torch.linalg.vector_norm(block_LME[..., :-1], dim=-1)


@pytest.mark.parametrize("dimension", [1, 2])
def test_kinks_pass_through_the_unit_ball(dimension, each_family):
    family = replace(each_family, dimension=dimension)
    blocks = unpack(family, random_starts(family, seed=0, restarts=50))
    for name, block in blocks.items():
        if name in "wv" or name.startswith("u"):
            assert (kink_distances(block) < 1).all()
            assert (torch.linalg.vector_norm(block[..., :-1], dim=-1) > 0.1).all()
            assert (block[..., -1] != 0).all()


def test_kinks_meet_the_ball_beyond_the_plane():
    # the point that a hyperplane passes through is drawn from a cube
    family = replace(MOA, dimension=6)
    w_LME = unpack(family, random_starts(family, seed=0, restarts=100))["w"]
    assert kink_distances(w_LME).quantile(0.99) < 1


def test_switches_freeze_their_blocks():
    switched = replace(MOA, bias=False, gate=GateSpec(name="tanh", bias=False, scale=False))
    starts_LP = random_starts(switched, seed=0, restarts=5)
    for name, block in unpack(switched, starts_LP).items():
        frozen = switched.frozen(name)
        if frozen is not None:
            value = 1.0 if name.startswith("scale") else 0.0
            assert (block[..., frozen] == value).all()
    learned = sum(len(starts_LP[:, i].unique()) > 1 for i in range(starts_LP.shape[1]))
    assert learned == switched.parameter_count


@pytest.mark.parametrize("form", ["type1", "one_sided"])
@pytest.mark.parametrize("name", ["id", "gelu", "tanh"])
def test_fixed_coefficients_are_one_hot(name, form):
    family = Family(kind=Kind.FIXED, neuron=form, width=2, dimension=1, dictionary=(name,))
    scale_LK = unpack(family, random_starts(family, seed=0, restarts=3))["scale0"]
    expected = [float(other == name) for other in family.basis]
    assert scale_LK.tolist() == [expected] * 3
    coefficients = frozen_coefficients(family)
    assert coefficients is not None
    assert coefficients.tolist() == expected


def test_coefficients_that_are_not_learned_are_ones_or_one_hot():
    assert frozen_coefficients(MOA).tolist() == [1]
    fixed = replace(MOA, neuron="type1", kind=Kind.FIXED, gate=None, dictionary=("silu",))
    assert frozen_coefficients(fixed).tolist() == [0, 0, 0, 0, 0, 1, 0]


def test_refusals():
    with pytest.raises(ValueError, match="seed and lane of at least 0; got -1, 0"):
        random_start(MOA, seed=-1, lane=0)
    with pytest.raises(ValueError, match="got 0, -2"):
        random_start(MOA, seed=0, lane=-2)
    with pytest.raises(ValueError, match="at least 1 restart; got 0"):
        random_starts(MOA, seed=0, restarts=0)
