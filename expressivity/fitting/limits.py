"""What a fit may ask for: counts, and memory, refused before anything is allocated.

The counts are the same on every machine. The memory is an estimate of what a fit is certain to
hold at once, compared with what the machine has, where that can be known.
"""

import functools
import os
from collections.abc import Mapping
from math import prod
from pathlib import Path

import torch

from expressivity.classes.families import Family
from expressivity.classes.modules import ModuleClass
from expressivity.classes.networks import parameter_length
from expressivity.fitting.problem import largest_block

MAX_SEED = 2**31
MAX_STARTS = 2**22
MAX_GENERATIONS = 2**16
MAX_POINTS = 2**20
MAX_PARAMETERS = 2**13
MAX_NUMBERS = 2**28
"""Weights in all random starts of a fit."""

NUMBER = 8
"""Bytes of a float64."""
ROW_COPIES = 3
"""Copies of a lane's rows that every evaluation holds at its height."""

_CGROUP = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def require_counts(
    *, seed: int, seeds: int, restarts: int, candidates: int, generations: int = 0
) -> None:
    """Refuse counts that are no whole numbers, or beyond what any machine is asked for.

    Raises:
        ValueError: what was required, what came, and the memory that it would take.

    >>> require_counts(seed=0, seeds=1, restarts=10**7, candidates=16)
    Traceback (most recent call last):
    ...
    ValueError: required: seeds * restarts * candidates of at most 4194304; got 1 * 10000000 * 16, \
which take 1.19 GiB for each weight of a network: choose smaller ones
    """
    counts = {"restarts": restarts, "candidates": candidates, "seed": seed, "seeds": seeds}
    counts["generations"] = generations
    for name, value in counts.items():
        least = 0 if name in ("seed", "generations") else 1
        if type(value) is not int:
            raise ValueError(f"required: {name} as a whole number; got {value!r}")
        if value < least:
            raise ValueError(f"required: {name} of at least {least}; got {value}")
    if generations > MAX_GENERATIONS:
        raise ValueError(
            f"required: at most {MAX_GENERATIONS} generations; got {generations}: choose fewer"
        )
    if seed + seeds > MAX_SEED:
        raise ValueError(f"required: seeds below {MAX_SEED}; got {seeds} from {seed} on")
    starts = seeds * restarts * candidates
    if starts > MAX_STARTS:
        raise ValueError(
            f"required: seeds * restarts * candidates of at most {MAX_STARTS}; got {seeds} * "
            f"{restarts} * {candidates}, which take {gib(starts * NUMBER)} for each weight of a "
            "network: choose smaller ones"
        )


def require_starts(family: Family | ModuleClass, starts: int) -> None:
    """Refuse networks and numbers of random starts that no machine is asked for.

    Raises:
        ValueError: as :func:`require_counts`.
    """
    length = parameter_length(family)
    if length > MAX_PARAMETERS:
        raise ValueError(
            f"required: a network of at most {MAX_PARAMETERS} weights, as least squares holds "
            f"their square, {gib(NUMBER * MAX_PARAMETERS**2)}; {_label(family)} has {length}, "
            f"whose square takes {gib(NUMBER * length**2)}: choose a smaller width"
        )
    if starts * length > MAX_NUMBERS:
        raise ValueError(
            f"required: at most {MAX_NUMBERS} weights in all random starts, "
            f"{gib(NUMBER * MAX_NUMBERS)}; {_label(family)} has {length} in each of {starts}, "
            f"{gib(NUMBER * starts * length)}: choose fewer restarts or candidates"
        )


def require_fit(
    family: Family | ModuleClass,
    *,
    starts: int,
    lanes: int,
    at_once: int,
    linear: str | None = None,
    node_rows: int = 1,
    device: str = "cpu",
) -> None:
    """Refuse a fit that the memory of this machine, or of the device, cannot hold.

    Args:
        family: what is fitted.
        starts: random starts, candidates included.
        lanes: starts that are fitted.
        at_once: lanes that run at the same time.
        linear: the block that the algorithm eliminates.
        node_rows: rows of a node: outputs, times 1 + d in the H1 norm.
        device: where the fit runs; starts and results are held on the CPU.

    Raises:
        ValueError: what it would take, and what there is.

    >>> family = Family(kind="la", neuron="type1", width=4, dimension=2)
    >>> require_fit(family, starts=512, lanes=32, at_once=32, linear="a")
    """
    require_starts(family, starts)
    length = parameter_length(family)
    rows = largest_block(family, node_rows, device) * node_rows
    eliminated = 0 if linear is None else prod(family.shapes[linear])
    working = at_once * lane_numbers(length, rows, eliminated) * NUMBER
    held = (starts + 3 * lanes) * length * NUMBER
    place = "cpu" if torch.device(device).type == "cpu" else device
    needs = {"cpu": held}
    needs[place] = needs.get(place, 0) + working
    require_memory(
        needs,
        f"{_label(family)} with {starts} random starts and {at_once} lanes at a time",
        "a smaller width" if working > held else "fewer restarts or candidates",
    )


def require_memory(needs: Mapping[str, int], what: str, advice: str) -> None:
    """Refuse what devices cannot hold; one whose memory is not known refuses nothing.

    Args:
        needs: bytes by device.
        what: the subject of the message.
        advice: what to choose instead.

    Raises:
        ValueError: what it would take, and what there is.

    >>> require_memory({"cpu": 2**60}, "it", "a smaller width")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: required: what fits in the ... GiB of memory of this machine; it takes 1.07e+09 \
GiB or more: choose a smaller width
    """
    for device, asked in needs.items():
        limit = memory_of(device)
        if limit is not None and asked > limit:
            owner = "this machine" if device == "cpu" else f"the device {device}"
            raise ValueError(
                f"required: what fits in the {gib(limit)} of memory of {owner}; {what} takes "
                f"{gib(asked)} or more: choose {advice}"
            )


def _label(family: Family | ModuleClass) -> str:
    return family.label if isinstance(family, Family) else family.name


def lane_numbers(parameters: int, rows: int, linear: int) -> int:
    """Numbers that one lane holds in an iteration, at least.

    There are two moments: when the rows of one node block are evaluated, in copies; and with an
    eliminated block of Q parameters when the columns of the others are projected, which holds
    Q^2 times their number beside the rows. Measured: docs/performance.md.

    >>> lane_numbers(60, 512, 8)
    92160
    """
    evaluated = ROW_COPIES * parameters * rows
    projected = parameters * rows + linear**2 * (parameters - linear)
    return max(evaluated, projected)


def gib(size: float) -> str:
    """Bytes as they are shown.

    >>> gib(2**31), gib(3 * 2**20)
    ('2 GiB', '0.00293 GiB')
    """
    return f"{size / 2**30:.3g} GiB"


@functools.cache
def memory_of(device: str) -> int | None:
    """Bytes of memory of a device, for ``cpu`` what this process may use; None if unknown.

    >>> (memory_of("cpu") or 2**30) > 2**20
    True
    """
    if torch.device(device).type == "cuda":
        found = torch.cuda.is_available()
        return torch.cuda.get_device_properties(device).total_memory if found else None
    if torch.device(device).type != "cpu":
        return None
    known = [size for size in (physical_memory(), *map(_group_limit, _CGROUP)) if size is not None]
    return min(known, default=None)


def physical_memory() -> int | None:
    """Bytes of memory of this machine, or None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # outside Linux
        return None


def _group_limit(file: Path) -> int | None:
    """What a container may use; without a limit the file says "max", or a number beyond any."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
