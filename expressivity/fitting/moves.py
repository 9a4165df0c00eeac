"""From one network to the next: what a search changes in a lane, and lanes of a larger class.

A *gene* is what is drawn anew as a whole: a neuron with all its maps, one map of it, one gate,
the coefficients of a mixture, one side of a product; less what is frozen, or solved for in any
case (``default_linear_block``). A child is its parent with one to three genes
from elsewhere: from a new random start, from another parent, or its own: with noise, at another
length, or with one gate in the place of another. Which of these moves find what is there was
measured (docs/performance.md).

Shape letters: L lanes, P packed parameters, G genes, N gates, W weights of a gate.
"""

import functools

import numpy as np
import torch
from torch import Tensor

from expressivity.classes.families import Family, map_names
from expressivity.classes.networks import pack, parameter_length, unpack
from expressivity.fitting.problem import columns
from expressivity.fitting.starts import drawn
from expressivity.fitting.variable_projection import default_linear_block

_GENES = (0.5, 0.3, 0.2)
"""Probabilities that a child differs from its parent in one, two or three genes."""
_FROM_OTHERS = 0.3
_NOISY = 0.2
_EXCHANGED = 0.15
_LENGTHENED = 0.1
"""Probabilities that genes come from another parent, or are the parent's own: times log-normal
factors, with gates that are copies of each other, or at a random start's length; else they are
drawn anew."""
_NOISE = 0.3
"""Standard deviation of the factors' logarithms."""


@functools.lru_cache(maxsize=64)
def genes(family: Family) -> Tensor:
    """Masks of the genes over a packed lane, [G, P].

    >>> genes(Family(kind="moa", neuron="type1", gate="tanh", width=2, dimension=1)).sum(1).tolist()
    [2, 2, 2, 2, 2, 2, 2, 7, 2, 2]
    """
    length, width = parameter_length(family), family.width
    names = map_names(family.record.maps)
    places = torch.arange(length)[None]
    blocks = {name: block[0] for name, block in unpack(family, places).items()}
    neurons = [[blocks["a"][:, j]] for j in range(width)]
    found: list[list[Tensor]] = []
    for name, block in blocks.items():
        if name in names or (name == "p" and not family.record.shared):
            for neuron, row in zip(neurons, block, strict=True):
                neuron.append(row)
            if len(names) > 1 and name in names:
                found += [[row] for row in block]
        elif name == "p":
            found.append([block])
        elif name.startswith("u"):
            found += [[row] for row in block]
        elif name.startswith("scale"):
            found.append([block])
    if family.sides > 1:
        for side, maps in enumerate(family.record.mixtures):
            own = [*(names[i] for i in maps), f"u{side}", f"scale{side}"]
            found.append([blocks[name] for name in own if name in blocks])
    masks_GP = torch.zeros((len(found) + width, length), dtype=torch.bool)
    for mask_P, parts in zip(masks_GP, [*found, *neurons], strict=True):
        mask_P[torch.cat([part.flatten() for part in parts])] = True
    moved_P = torch.zeros(length, dtype=torch.bool)
    moved_P[columns(family, default_linear_block(family), places.device).moved] = True
    masks_GP &= moved_P
    return masks_GP[masks_GP.any(1)]


def children(family: Family, parents_LP: Tensor, draw: np.random.Generator, *, each: int) -> Tensor:
    """Lanes that differ from their parents in one to three genes: ``each`` of every parent."""
    masks_GP = genes(family)
    lanes = parents_LP.shape[0] * each
    own_LP = parents_LP.repeat_interleave(each, 0)
    new_LP = drawn(family, draw, lanes)
    # The genes with the largest of independent keys are a uniform choice without repetition.
    order_LG = torch.from_numpy(draw.random((lanes, masks_GP.shape[0])).argsort(1))
    count_L = torch.from_numpy(1 + draw.choice(len(_GENES), size=lanes, p=_GENES))
    mask_LP = torch.zeros_like(own_LP, dtype=torch.bool)
    for place in range(min(len(_GENES), masks_GP.shape[0])):
        mask_LP |= masks_GP[order_LG[:, place]] & (count_L > place)[:, None]
    count = parents_LP.shape[0]
    further_L = torch.from_numpy(draw.integers(1, max(2, count), lanes))
    others_LP = parents_LP[(torch.arange(lanes) // each + further_L) % count]
    factor_LP = torch.from_numpy(np.exp(_NOISE * draw.standard_normal(own_LP.shape)))
    sources = (
        (_NOISY, own_LP * factor_LP),
        (_EXCHANGED, _exchanged(family, own_LP, new_LP, draw)),
        (_LENGTHENED, own_LP * _lengths(new_LP, masks_GP, order_LG)
         / _lengths(own_LP, masks_GP, order_LG).clamp(min=torch.finfo(own_LP.dtype).tiny)),
        (_FROM_OTHERS if count > 1 else 0.0, others_LP),
    )  # fmt: skip
    kind_L1 = torch.from_numpy(draw.random(lanes))[:, None]
    source_LP, share = new_LP, 0.0
    for probability, other_LP in sources:
        chosen_L1 = (kind_L1 >= share) & (kind_L1 < share + probability)
        source_LP = torch.where(chosen_L1, other_LP, source_LP)
        share += probability
    return torch.where(mask_LP, source_LP, own_LP)


def _exchanged(family: Family, own_LP: Tensor, new_LP: Tensor, draw: np.random.Generator) -> Tensor:
    """New lanes, but every gate has the weights of another gate of the lane's own."""
    gates_NW = _gates(family)
    if len(gates_NW) < 2:
        return new_LP
    further_LN = torch.from_numpy(draw.integers(1, len(gates_NW), (len(own_LP), len(gates_NW))))
    picked_LN = (torch.arange(len(gates_NW)) + further_LN) % len(gates_NW)
    weights_LP = own_LP.gather(1, gates_NW[picked_LN].flatten(1))
    return new_LP.index_copy(1, gates_NW.flatten(), weights_LP)


def _gates(family: Family) -> Tensor:
    """Places of every gate's weights in a packed lane, [N, W]; none where weights are no rows."""
    length = parameter_length(family)
    blocks = unpack(family, torch.arange(length)[None]).items()
    gates = [block[0] for name, block in blocks if name.startswith("u")]
    return torch.cat(gates) if gates else torch.zeros((0, length), dtype=torch.int64)


def _lengths(theta_LP: Tensor, masks_GP: Tensor, order_LG: Tensor) -> Tensor:
    """For each parameter the norm of the gene that it may be replaced with, 1 for others."""
    length_LP = torch.ones_like(theta_LP)
    for place in range(min(len(_GENES), masks_GP.shape[0])):
        mask_LP = masks_GP[order_LG[:, place]]
        norm_L1 = torch.where(mask_LP, theta_LP, 0.0).norm(dim=1, keepdim=True)
        length_LP = torch.where(mask_LP, norm_L1, length_LP)
    return length_LP


def grown(narrow: Family, theta_LP: Tensor, wide: Family, draw: np.random.Generator) -> Tensor:
    """Networks of a narrower class as lanes of a wider one: the same functions.

    The neurons that are new are drawn at random, and their output weights are 0.

    Args:
        narrow: the class of ``theta_LP``.
        theta_LP: packed lanes.
        wide: the same class at a larger width; groups grow at their ends.
        draw: what the new neurons come from.

    Raises:
        ValueError: classes that differ in more than their width, or a smaller width.

    >>> small, large = (Family(kind="la", neuron="type1", width=m, dimension=1) for m in (1, 2))
    >>> theta = torch.ones(1, 10, dtype=torch.float64)
    >>> unpack(large, grown(small, theta, large, np.random.default_rng(0)))["a"].tolist()
    [[[1.0, 0.0]]]
    """
    if narrow.at_width(wide.width) != wide or wide.width < narrow.width:
        raise ValueError(
            f"required: a class at two widths, the narrower first; got {narrow.label} and "
            f"{wide.label}"
        )
    old, new = unpack(narrow, theta_LP), unpack(wide, drawn(wide, draw, theta_LP.shape[0]))
    groups = narrow.group_count if narrow.group_count == wide.group_count else 1
    per_neuron = {*map_names(narrow.record.maps), "p"} - ({"p"} if narrow.record.shared else set())
    for name, block in new.items():
        if name in per_neuron or name == "a":
            axis = 2 if name == "a" else 1
            inside, room = (b.unflatten(axis, (groups, -1)) for b in (old[name], block))
            if name == "a":
                room.zero_()
            room.narrow(axis + 1, 0, inside.shape[axis + 1]).copy_(inside)
        else:  # coefficients and gates, group after group, of which per-neuron ones grow
            block.narrow(1, 0, old[name].shape[1]).copy_(old[name])
    return pack(wide, new)
