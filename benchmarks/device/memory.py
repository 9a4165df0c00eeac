"""Peak memory of an accelerator."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import torch


@dataclass(kw_only=True)
class Peak:
    """Most memory that was held at once, in MiB; None on a CPU, which keeps no account."""

    mib: float | None = None


@contextmanager
def peak_memory(device: str) -> Generator[Peak]:
    """Account for what is allocated in a block, beyond what was held when it began.

    >>> with peak_memory("cpu") as peak:
    ...     kept = torch.zeros(10)
    >>> peak.mib is None
    True
    """
    found = Peak()
    if torch.device(device).type == "cpu":
        yield found
        return
    torch.accelerator.synchronize(device)
    torch.accelerator.reset_peak_memory_stats(device)
    before = torch.accelerator.memory_allocated(device)
    yield found
    torch.accelerator.synchronize(device)
    found.mib = (torch.accelerator.max_memory_allocated(device) - before) / 2**20
