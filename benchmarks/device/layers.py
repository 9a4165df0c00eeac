"""MoA layers against fixed ones in bfloat16, beside the paper's ratios."""

from collections.abc import Iterator

import torch

from benchmarks.device.memory import peak_memory
from benchmarks.device.parts import Row
from expressivity.layers.overhead import PAPER_MEMORY, measure

WIDTHS = (1024, 2048, 4096)
FORMS = ("type1", "two_sided")
TOKENS, ROUNDS = 16384, 20


def rows(device: str, *, dry_run: bool) -> Iterator[Row]:
    """A row for each width and layer."""
    for width in (16,) if dry_run else WIDTHS:
        with peak_memory(device) as peak:
            found = list(
                measure(
                    width=width,
                    mode="eager" if dry_run else "compiled",
                    forms=FORMS,
                    learned=False,
                    tokens=8 if dry_run else TOKENS,
                    rounds=1 if dry_run else ROUNDS,
                    device=device,
                    dtype=torch.bfloat16,
                )
            )
        for overhead in found:
            paper = overhead.paper_time
            yield {
                "form": overhead.form,
                "layer": str(overhead.kind),
                "mode": overhead.mode,
                "width": width,
                "tokens": overhead.tokens,
                "milliseconds": overhead.milliseconds,
                "time": overhead.time_ratio,
                "paper's time": paper,
                "saved": overhead.saved_memory_ratio,
                "paper's memory": None if paper is None else PAPER_MEMORY,
                "peak MiB": peak.mib,
            }
