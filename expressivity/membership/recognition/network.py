"""Networks that a search found, and what families with groups and constraints make of them.

A network with one vector of free coefficients for all neurons has a copy of it in every group; a
constraint divides the vector by its sum and multiplies ``a`` by it. Networks with a vector each are
one network with a group for each of them. Idle neurons, with a = 0, fill up what is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.families import Family, map_names
from expressivity.classes.kinds import PER_NEURON, Constraint
from expressivity.classes.weights import Weights, defect
from expressivity.symbolic.identities import is_identity


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """A family of a definite width and weights in it whose function is the expression."""

    family: Family
    weights: Weights


@dataclass(frozen=True, kw_only=True)
class _Chunk:
    """Neurons of one group: rows of a part."""

    part: Weights
    rows: tuple[int, ...]


def one_group(family: Family) -> Family:
    """The family in which one vector of free coefficients belongs to all neurons, of width 1."""
    return replace(family, width=1, groups=1, constraint=Constraint.FREE)


def joined(parts: Sequence[Recognition], family: Family, width: int | None) -> Recognition | None:
    """The sum of networks of ``one_group``, as a network of the family with groups for each.

    Args:
        parts: at least one.
        family: its width does not matter.
        width: of the result; the least possible where it is None.

    Returns:
        None where there are more parts than groups, too many neurons, or coefficients that cannot
        be scaled into the constraint.
    """
    scaled = [_constrained(part, family) for part in parts]
    known = [weights for weights in scaled if weights is not None]
    if len(known) < len(scaled):
        return None
    counts = [part.family.width for part in parts]
    if family.groups == PER_NEURON:
        share, groups = 1, sum(counts) if width is None else width
    else:
        groups = int(family.groups)
        share = _least_share(counts, groups) if width is None else width // groups
    chunks = [
        _Chunk(part=weights, rows=tuple(range(first, min(first + share, count))))
        for weights, count in zip(known, counts, strict=True)
        for first in range(0, count, max(share, 1))
    ]
    if share < 1 or len(chunks) > groups:
        return None
    chunks += [_Chunk(part=known[0], rows=())] * (groups - len(chunks))
    sized = replace(family, width=groups * share)
    blocks = {name: _stacked(sized, name, chunks, share) for name in sized.shapes}
    weights = Weights(blocks=blocks)
    return Recognition(family=sized, weights=weights) if defect(sized, weights) is None else None


def _least_share(counts: Sequence[int], groups: int) -> int:
    """Neurons of each group such that every part has groups of its own; 0 for too few groups."""
    if len(counts) > groups:
        return 0
    return next(s for s in range(1, max(counts) + 1) if sum(-(-n // s) for n in counts) <= groups)


def _stacked(family: Family, name: str, chunks: Sequence[_Chunk], share: int) -> sp.ImmutableMatrix:
    """One block of all groups: rows or columns of neurons, or the vectors of each group."""
    of_neurons = name in (*map_names(family.record.maps), "a")
    pieces: list[sp.Matrix] = []
    for chunk in chunks:
        block = sp.Matrix(chunk.part[name])
        if of_neurons:
            block = block.T if name == "a" else block
            kept = block.extract(list(chunk.rows), list(range(block.cols)))
            block = kept.col_join(sp.zeros(share - len(chunk.rows), block.cols))
        pieces.append(block)
    stacked = sp.Matrix.vstack(*pieces)
    return sp.ImmutableMatrix(stacked.T if name == "a" else stacked)


def _constrained(found: Recognition, family: Family) -> Weights | None:
    """The same function by coefficients that obey the family's constraint, or None."""
    blocks = dict(found.weights.blocks)
    if family.constraint is Constraint.FREE:
        return found.weights
    silent = not any(blocks["a"].flat())
    for side in range(family.sides):
        vector = sp.Matrix(blocks[f"scale{side}"])
        total = sp.S.One
        if silent:
            vector = sp.eye(vector.rows)[:, :1]
        else:
            total = sp.Add(*vector.flat())
            if is_identity(total, sp.S.Zero) is not False:
                return None
        blocks[f"scale{side}"] = sp.ImmutableMatrix(vector / total)
        blocks["a"] = sp.ImmutableMatrix(sp.Matrix(blocks["a"]) * total)
    return Weights(blocks=blocks)
