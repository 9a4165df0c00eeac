"""From one network to the next.

Kinds: property (genes cover what is learned, children differ from their parents in genes alone and
keep what is frozen), metamorphic (a grown network is the same function), negative (refusals).

Shape letters: L lanes, P packed parameters, G genes.
"""

from dataclasses import replace

import layer_records
import numpy as np
import pytest
import torch
from odd_neurons import ODD, odd_neurons

from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import PER_NEURON, Kind
from expressivity.classes.networks import evaluate, parameter_length, unpack
from expressivity.fitting.moves import children, genes, grown
from expressivity.fitting.problem import columns
from expressivity.fitting.starts import drawn
from expressivity.fitting.variable_projection import default_linear_block

CPU = torch.device("cpu")
every_record = layer_records.every_record


@pytest.fixture(autouse=True)
def records():
    with layer_records.registered():
        yield


def families(name: str, **changes) -> list[Family]:
    """Every kind, gate, constraint and grouping of a record, and the switches off."""
    found = list(layer_records.families(name, **{"dimension": 2} | changes))
    return found + [replace(family, bias=False) for family in found[:3]]


def stream(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def mask(family: Family, linear: str | None) -> torch.Tensor:
    """Learned parameters but those of one block."""
    mask_P = torch.zeros(parameter_length(family), dtype=torch.bool)
    return mask_P.index_fill(0, columns(family, linear, CPU).moved, True)


def learned_mask(family: Family) -> torch.Tensor:
    return mask(family, None)


@every_record
@pytest.mark.parametrize("width", [1, 4])
def test_genes_cover_what_is_learned_and_not_solved_for(name, width):
    for family in families(name):
        if width % family.group_count and family.groups != PER_NEURON:
            continue
        family = family.at_width(width)
        masks_GP, moved_P = genes(family), mask(family, default_linear_block(family))
        assert torch.equal(masks_GP.any(0), moved_P), family
        assert masks_GP.any(1).all()
        learned_P = learned_mask(family)
        for block, columns_P in unpack(family, (learned_P & ~moved_P)[None]).items():
            assert block in ("a", "scale0") or not columns_P.any()


def test_a_neuron_is_a_gene_with_all_that_is_its_own():
    family = Family(kind="la", neuron="one_sided", width=2, dimension=1, dictionary=("tanh",))
    for j, mask_P in enumerate(genes(family)[-2:]):
        blocks = unpack(family, mask_P[None])
        for name in ("w", "v"):
            assert blocks[name][0, j].all() and not blocks[name][0, 1 - j].any()
        assert not blocks["a"].any() and not blocks["scale0"].any()


@every_record
def test_children_keep_what_is_frozen(name):
    for family in families(name):
        parents_LP = drawn(family, stream(1), 3)
        born_LP = children(family, parents_LP, stream(), each=40)
        assert born_LP.shape == (120, parameter_length(family))
        changed_LP = born_LP != parents_LP.repeat_interleave(40, 0)
        frozen_P = ~learned_mask(family)
        assert not changed_LP[:, frozen_P].any(), family
        moved_P = genes(family).any(0)
        assert torch.equal(changed_LP.any(0), moved_P), family  # each moves in some child
        assert changed_LP.any(1).all()


def test_children_differ_in_one_to_three_genes_and_the_others_are_bit_equal():
    family = Family(kind="moa", neuron="two_sided", gate="tanh", width=3, dimension=2)
    parents_LP, masks_GP = drawn(family, stream(1), 4), genes(family)
    born_LP = children(family, parents_LP, stream(), each=50)
    changed_LP = born_LP != parents_LP.repeat_interleave(50, 0)
    within_LG = (masks_GP[None] & ~changed_LP[:, None]).sum(2) == 0
    for changed_P, within_G in zip(changed_LP, within_LG, strict=True):
        assert torch.equal(masks_GP[within_G].any(0), changed_P)
    # between the fewest genes that cover a change and a gene that lies in another
    assert int(within_LG.sum(1).min()) == 1


def test_some_gates_have_the_weights_of_another_and_some_maps_another_length():
    family = Family(kind="moa", neuron="type1", gate="tanh", width=1, dimension=2)
    parent_LP = drawn(family, stream(1), 1)
    own = {name: block[0] for name, block in unpack(family, parent_LP).items()}
    born = unpack(family, children(family, parent_LP, stream(), each=400))
    equal_LNN = (born["u0"][:, :, None] == own["u0"][None, None]).all(3)
    elsewhere_LN = equal_LNN.any(2) & ~equal_LNN.diagonal(dim1=1, dim2=2)
    assert 20 < int(elsewhere_LN.any(1).sum()) < 200
    before_R, after_LR = own["w"][0], born["w"][:, 0]
    length_L = after_LR.norm(dim=1) / before_R.norm()
    along_L = (after_LR - length_L[:, None] * before_R).norm(dim=1) < 1e-12 * length_L
    assert 0 < int((along_L & (length_L != 1)).sum()) < 100


def test_the_draw_decides_and_parents_are_left_alone():
    family = Family(kind="la", neuron="type1", width=2, dimension=2)
    parents_LP = drawn(family, stream(1), 4)
    before_LP = parents_LP.clone()
    first, again, other = (children(family, parents_LP, stream(seed), each=3) for seed in (0, 0, 1))
    assert torch.equal(parents_LP, before_LP)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_single_parent_has_children():
    family = Family(kind="la", neuron="type1", width=1, dimension=1, dictionary=("tanh",))
    assert children(family, drawn(family, stream(), 1), stream(), each=5).shape[0] == 5


def assert_grown(narrow: Family, wide: Family) -> None:
    theta_LP = drawn(narrow, stream(2), 3)
    before_LP = theta_LP.clone()
    wider_LP = grown(narrow, theta_LP, wide, stream(3))
    assert torch.equal(theta_LP, before_LP)
    assert wider_LP.shape == (3, parameter_length(wide))
    nodes_ND = torch.rand(40, narrow.dimension, dtype=torch.float64) * 2 - 1
    mine, theirs = (
        evaluate(family, lanes_LP, nodes_ND)
        for family, lanes_LP in ((wide, wider_LP), (narrow, theta_LP))
    )
    torch.testing.assert_close(
        mine, theirs, rtol=1e-13, atol=1e-13 * float(theirs.abs().max()), msg=str(narrow)
    )
    fresh_LP = drawn(wide, stream(4), 1)
    frozen_P = ~learned_mask(wide)
    assert torch.equal(wider_LP[:, frozen_P], fresh_LP[:, frozen_P].expand(3, -1))


@every_record
def test_a_grown_network_is_the_same_function(name):
    for narrow in families(name):
        for width in (4, 8):
            assert_grown(narrow, narrow.at_width(width))


@pytest.mark.parametrize("name", ODD)
def test_a_grown_network_of_an_odd_neuron_is_the_same_function(name):
    with odd_neurons() as odd:
        for groups in (1, 2, PER_NEURON) if odd[name].mixtures else (1,):
            kind = Kind.MOA if odd[name].mixtures else Kind.FIXED
            family = Family(
                kind=kind,
                neuron=name,
                width=2,
                dimension=2,
                outputs=2,
                groups=groups,
                dictionary=("relu", "tanh") if kind.mixes else (),
                gate=GateSpec(name="softmax") if kind.gated else None,
            )
            assert_grown(family, family.at_width(6))


def test_what_is_new_is_drawn_and_silent():
    narrow = Family(kind="la", neuron="type1", width=4, dimension=2, groups=2)
    theta_LP = drawn(narrow, stream(), 2)
    blocks = unpack(narrow.at_width(6), grown(narrow, theta_LP, narrow.at_width(6), stream(5)))
    old = unpack(narrow, theta_LP)
    places = [0, 1, 3, 4]  # groups grow at their ends
    assert torch.equal(blocks["w"][:, places], old["w"])
    assert torch.equal(blocks["a"][:, :, places], old["a"])
    assert (blocks["a"][:, :, [2, 5]] == 0).all()
    assert len(blocks["w"][:, [2, 5]].flatten(0, 1).unique(dim=0)) == 4


def test_refusals():
    narrow = Family(kind="la", neuron="type1", width=2, dimension=2)
    theta_LP = drawn(narrow, stream(), 1)
    for wide in (
        narrow.at_width(1),
        replace(narrow, width=3, dimension=1),
        replace(narrow, width=3, dictionary=("relu",)),
        replace(narrow, width=4, groups=2),
        replace(narrow, width=3, bias=False),
    ):
        with pytest.raises(ValueError, match=r"^required: a class at two widths[^\n]*$"):
            grown(narrow, theta_LP, wide, stream())
