"""``expressivity overhead``."""

from dataclasses import dataclass

import torch
from rich.box import SIMPLE_HEAD
from rich.table import Table

from expressivity.commands.console import console, print_table, table_console
from expressivity.layers.overhead import PAPER_MEMORY, Overhead, measure, modes, require_room
from expressivity.output import ExitCode, write_json

_WIDEST = 2**14
_ROUNDS = {"eager": 3, "compiled": 7}


@dataclass(frozen=True, kw_only=True)
class Options:
    """Arguments as they were typed."""

    widths: tuple[str, ...] | None


def run(options: Options, *, as_json: bool) -> int:
    """Measure layers and print their overhead.

    Raises:
        ValueError: widths that are not positive whole numbers, or whose layers memory cannot hold.
    """
    asked = ("512", "1024") if options.widths is None else options.widths
    widths = [_width(text) for text in asked or ("",)]
    for width in widths:
        require_room(width)
    messages = console(stderr=True)
    found: list[Overhead] = []
    for width in widths:
        for mode in modes():
            with messages.status(f"width {width}, {mode}"):
                found += measure(width=width, mode=mode, rounds=_ROUNDS[mode])
    if as_json:
        results = [overhead.json() for overhead in found]
        write_json({"schema": "expressivity.overhead/1", "results": results})
    else:
        _show(found)
    return ExitCode.AS_EXPECTED


def _width(text: str) -> int:
    # Beyond it the weights of one layer alone, and their gradients, are some ten GiB.
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 0 < int(text) <= _WIDEST):
        raise ValueError(
            f"required: widths as positive whole numbers of at most {_WIDEST}; got {text!r}"
        )
    return int(text)


def _show(found: list[Overhead]) -> None:
    plain = table_console()
    table = Table(
        "form", "kind", "mode", "width", "ms", "time", "memory", "paper: time", "memory",
        box=SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    for overhead in found:
        paper = overhead.paper_time
        table.add_row(
            overhead.form,
            overhead.kind,
            overhead.mode,
            str(overhead.width),
            f"{overhead.milliseconds:.1f}",
            f"{overhead.time_ratio:.3f}x",
            f"{overhead.saved_memory_ratio:.4f}x",
            "" if paper is None else f"{paper:.2f}x",
            "" if paper is None else f"{PAPER_MEMORY:.2f}x",
        )
    print_table(table)
    plain.print(
        f"Forward and backward of {found[0].tokens} tokens, float32, {torch.get_num_threads()} "
        "threads, against fixed silu of the same form (two_sided: fixed one_sided, SwiGLU). "
        "Memory: bytes kept for the backward pass, parameters excluded. The paper's figures "
        "(arXiv:2605.26647) are from other hardware."
    )
    if "compiled" not in modes():
        plain.print("skipped: compiled: no C++ compiler found; install g++ or clang++")
