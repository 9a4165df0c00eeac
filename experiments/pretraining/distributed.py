"""One process or several (``torchrun``): shares of a batch, sums, whole tensors.

Every process goes through the same steps; batches are drawn alike everywhere and each process
takes its rows, so that the batch does not depend on how many there are.
"""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from expressivity.runs.units import Failure, OnProgress, Outcome, Unit, attempt

_ACCELERATOR, _CPU = "nccl", "gloo"


class Sharding(StrEnum):
    """``ddp``: every process holds the model; ``fsdp``: each holds a part (FSDP2)."""

    DDP = "ddp"
    FSDP = "fsdp"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a process stands among the others.

    Attributes:
        rank, size: its number, and how many there are.
        sharding: how they share the model.
        device: of this process.
    """

    rank: int = 0
    size: int = 1
    sharding: Sharding = Sharding.DDP
    device: str = "cpu"

    @property
    def writes(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0

    def share(self, rows: Tensor) -> Tensor:
        """This process's part of the first axis, on its device.

        Raises:
            ValueError: the processes do not divide it.

        >>> Place(rank=1, size=2).share(torch.arange(4)).tolist()
        [2, 3]
        """
        each, rest = divmod(len(rows), self.size)
        if rest:
            raise ValueError(
                f"required: batches and windows that {self.size} processes divide; got "
                f"{len(rows)} rows: change --batch"
            )
        return rows[self.rank * each : (self.rank + 1) * each].to(self.device)

    def wrap(self, model: nn.Module, blocks: Sequence[nn.Module]) -> nn.Module:
        """The model for the forward pass; ``model`` itself keeps its parameters' names."""
        if self.size == 1:
            return model
        if self.sharding is Sharding.FSDP:
            from torch.distributed.fsdp import fully_shard  # a second to import, as sharded tensors

            for block in blocks:
                fully_shard(block)
            # The root too gives whole parameters back after every forward pass: an evaluation has
            # no backward pass after which it would.
            fully_shard(model, reshard_after_forward=True)
            return model
        return DistributedDataParallel(model)

    def synchronize(self, wrapped: nn.Module, last: bool) -> None:
        """Say before a part of a batch whether gradients are to be summed after it."""
        if isinstance(wrapped, DistributedDataParallel):
            wrapped.require_backward_grad_sync = last
        elif self.size > 1:
            any_model: Any = wrapped
            any_model.set_requires_gradient_sync(last)

    def mean(self, value: Tensor) -> Tensor:
        """Mean over the processes."""
        if self.size > 1:
            dist.all_reduce(value)
            value = value / self.size
        return value

    def barrier(self) -> None:
        """Wait for the others."""
        if self.size > 1:
            dist.barrier()


ALONE = Place()


def whole(tensor: Tensor) -> Tensor:
    """A tensor of this process, gathered where it is sharded."""
    from torch.distributed.tensor import DTensor

    full = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
    return full.detach().cpu().contiguous()


def like(full: Tensor, place: Tensor) -> Tensor:
    """The inverse of :func:`whole`: the part of a whole tensor that belongs where another is."""
    from torch.distributed.tensor import DTensor, distribute_tensor

    full = full.to(place.device)
    if isinstance(place, DTensor) and full.ndim:
        return distribute_tensor(full, place.device_mesh, place.placements)
    return full


def process_count() -> int:
    """How many processes ``torchrun`` has started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def joined(sharding: Sharding) -> Generator[Place]:
    """This process among those that ``torchrun`` has started."""
    size = process_count()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if size == 1:
        yield Place(device=device, sharding=sharding)
        return
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    dist.init_process_group(_CPU if device == "cpu" else _ACCELERATOR)
    try:
        yield Place(rank=dist.get_rank(), size=size, sharding=sharding, device=device)
        # Who left while another is at a last sum would take it down on the way out.
        dist.barrier()
    finally:
        dist.destroy_process_group()


@dataclass(frozen=True, kw_only=True)
class Together:
    """The executor of the process that writes: it calls the others for every unit.

    The others are in :func:`follow` with the same units.
    """

    units: Sequence[Unit]
    place: Place

    def outcomes(
        self, units: Sequence[Unit], on_progress: OnProgress
    ) -> Generator[tuple[Unit, Outcome | Failure]]:
        """See :class:`~expressivity.runs.units.Executor`."""
        for unit in units:
            _call([other.key for other in self.units].index(unit.key), self.place)
            yield unit, attempt(unit, on_progress)


def dismiss(place: Place) -> None:
    """Tell the others that there is nothing more to do."""
    _call(-1, place)


def follow(units: Sequence[Unit], place: Place) -> None:
    """Take part in whatever the process that writes begins, until it dismisses."""
    while (index := _call(-1, place)) >= 0:
        attempt(units[index])


def _call(index: int, place: Place) -> int:
    number = torch.tensor(index, device=place.device)
    dist.broadcast(number, 0)
    return int(number)
