"""The whole benchmark: ``python -m benchmarks.run`` (see README.md beside this file).

Every peer runs in a process of its own, one after another. Standard library only, see table.py.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.table import Outcome, Row, core_markdown, growth_markdown, outcome, peers_markdown

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
PARTS = ("peers", "core", "growth")
TAIL = 30  # lines of a failed process that are shown


@dataclass(frozen=True, kw_only=True)
class Peer:
    """How a peer is started; ``sequential`` ones take their number of restarts apart."""

    command: tuple[str, ...]
    sequential: bool = False
    quick: tuple[str, ...] = ()


def _script(name: str, *, sequential: bool = False, quick: tuple[str, ...] = ()) -> Peer:
    path = str(ROOT / "benchmarks" / "peers" / f"{name}.py")
    return Peer(command=(path,), sequential=sequential, quick=quick)


def _ours(*algorithm: str, quick: tuple[str, ...] = ()) -> Peer:
    return Peer(command=("-m", "benchmarks.ours", *algorithm), quick=quick)


PEERS: dict[str, Peer] = {
    "ours_search": _ours("search"),
    "ours_screened": _ours("screened"),
    "ours_varpro": _ours("varpro"),
    "ours_lm": _ours("lm"),
    "ours_search_compiled": _ours("search", "compiled"),
    "ours_varpro_compiled": _ours("varpro", "compiled"),
    "ours_adam": _ours("adam", quick=("--steps", "300")),
    "torch_adam": _script("torch_adam", sequential=True, quick=("--steps", "300")),
    "torch_lbfgs": _script("torch_lbfgs", sequential=True, quick=("--steps", "50")),
    "jax_adam": _script("jax_adam", quick=("--steps", "300")),
    "optimistix_lm": _script("optimistix_lm"),
    "pykan_lbfgs": _script("pykan_lbfgs", quick=("--steps", "3")),
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command line."""

    seeds: int
    restarts: int
    torch_restarts: int
    threads: int
    peers: tuple[str, ...]
    base: str
    parts: tuple[str, ...]
    quick: bool
    out: Path | None
    keep: Path | None


class ProcessFailedError(RuntimeError):
    """A process of the benchmark ended badly; the message is the end of what it said."""


def run_process(command: list[str], cache: Path) -> tuple[str, float]:
    """Standard output of a Python process and its peak memory in MiB.

    Raises:
        ProcessFailedError: another exit status than 0.
    """
    # A fresh cache, or the second run would not compile and its cold time would mean nothing.
    environment = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(cache)}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            [sys.executable, *command], stdout=out, stderr=err, cwd=ROOT, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)  # the only wait that tells one child's memory
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            said = err.read().decode(errors="replace").splitlines()[-TAIL:]
            raise ProcessFailedError(
                "\n".join([f"{' '.join(command)}: exit {process.returncode}", *said])
            )
        return out.read().decode(), usage.ru_maxrss / 1024


def run_peer(
    name: str, problem: Path, seed: int, options: Options, folder: Path
) -> tuple[dict[str, Any], Outcome]:
    """One peer on one seed."""
    peer = PEERS[name]
    restarts = options.torch_restarts if peer.sequential else options.restarts
    arguments = ["--problem", str(problem), "--seed", str(seed), "--threads", str(options.threads)]
    arguments += ["--restarts", str(restarts)]
    if options.quick:
        arguments += peer.quick
    document, peak_mib = kept(folder / f"{name}-{seed}.json", [*peer.command, *arguments])
    return document, outcome(document, peak_mib)


def kept(path: Path, command: list[str]) -> tuple[dict[str, Any], float]:
    """The document that a command printed, and its peak memory: from the file, or into it.

    Raises:
        ProcessFailedError: the process ended badly; then nothing is kept.
    """
    if path.is_file():
        before = json.loads(path.read_text())
        if before["command"] == command:
            return before["document"], before["peak_mib"]
    with tempfile.TemporaryDirectory() as cache:
        text, peak_mib = run_process(command, Path(cache))
    document = json.loads(text)
    new = {"command": command, "peak_mib": peak_mib, "document": document}
    part = path.with_suffix(".part")  # a kill leaves no half of a file
    part.write_text(json.dumps(new))
    part.replace(path)
    return document, peak_mib


def run_peers(options: Options, folder: Path) -> tuple[list[Row], list[dict[str, Any]]]:
    """All peers on all seeds, the seeds outside: drift of the machine hits the peers alike."""
    documents: dict[str, dict[str, Any]] = {}
    outcomes: dict[str, list[Outcome]] = {name: [] for name in options.peers}
    for seed in range(options.seeds):
        problem = folder / f"problem-{seed}.npz"
        command = ["-m", "benchmarks.problem", str(problem), "--seed", str(seed)]
        run_process([*command, "--restarts", str(options.restarts)], folder)
        for name in options.peers:
            try:
                documents[name], result = run_peer(name, problem, seed, options, folder)
            except ProcessFailedError as error:
                say(f"seed {seed}  {name:14s} FAILED: {error}")
                continue
            outcomes[name].append(result)
            say(f"seed {seed}  {name:14s} best {result.best:.1e}  median {result.median:.1e}  "
                f"cold {result.cold:.1f} s  warm {result.warm:.2f} s")  # fmt: skip
    rows = [
        Row(
            peer=name,
            restarts=documents[name]["restarts"] if name in documents else 0,
            # a peer that failed on one seed has no median over the seeds
            outcomes=tuple(found) if len(found) == options.seeds else (),
        )
        for name, found in outcomes.items()
    ]
    facts = ("version", "mode", "restarts", "iterations", "threads")
    details = [
        {
            "peer": name,
            **{fact: documents[name][fact] for fact in facts if name in documents},
            "seeds": [result.json() for result in found],
        }
        for name, found in outcomes.items()
    ]
    return rows, details


def say(line: str) -> None:
    """Progress, beside the results."""
    print(line, file=sys.stderr, flush=True)


def environment() -> dict[str, Any]:
    """What the figures depend on, apart from the versions that each peer gives."""
    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    return {"cpu": cpu, "cores": os.cpu_count(), "python": platform.python_version()}


def parse(argv: list[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--seeds", type=int, help="seeds 0 .. n - 1 (default 5, quick 1)")
    parser.add_argument("--restarts", type=int, help="of each fit (default 64, quick 8)")
    parser.add_argument("--torch-restarts", type=int, help="of the loops (default 64, quick 2)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=tuple(PEERS), metavar="PEER",
                        help=f"of {', '.join(PEERS)}")  # fmt: skip
    parser.add_argument("--base", choices=PEERS, default="ours_search", metavar="PEER",
                        help="that ratios are relative to (default ours_search)")  # fmt: skip
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, metavar="PART",
                        help=f"of {', '.join(PARTS)}")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="a small run, to see that it works")
    parser.add_argument("--out", type=Path, help="FILE.json; the tables go to FILE.md beside it "
                        "(default benchmarks/results.json; quick: printed only)")  # fmt: skip
    parser.add_argument(
        "--keep",
        type=Path,
        help="folder for problems and documents; what is in it is not measured again",
    )
    read = parser.parse_args(argv)
    read.seeds = read.seeds or (1 if read.quick else 5)
    read.restarts = read.restarts or (8 if read.quick else 64)
    read.torch_restarts = read.torch_restarts or (2 if read.quick else 64)
    read.torch_restarts = min(read.torch_restarts, read.restarts)
    if min(read.seeds, read.restarts, read.torch_restarts, read.threads) < 1:
        parser.error("--seeds, --restarts, --torch-restarts and --threads must be at least 1")
    if read.out is None and not read.quick:
        read.out = RESULTS
    return Options(**vars(read) | {"peers": tuple(read.peers), "parts": tuple(read.parts)})


def benchmark(options: Options, folder: Path) -> tuple[dict[str, Any], str, bool]:
    """Run the parts; the JSON document, the Markdown text, and whether everything ran."""
    where = environment()
    document: dict[str, Any] = {"schema": "expressivity.bench/1", "environment": where}
    sizes = ("seeds", "restarts", "torch_restarts", "threads", "quick")
    document["settings"] = {name: getattr(options, name) for name in sizes}
    complete = True
    text = [
        "# Benchmark",
        f"{where['cpu']}, {options.threads} threads of {where['cores']} cores; "
        f"t2 with lambda = 2, {options.restarts} restarts, {options.seeds} seed(s), medians.",
    ]
    if "peers" in options.parts:
        rows, document["peers"] = run_peers(options, folder)
        complete = all(row.outcomes for row in rows)
        text += ["## Peers", peers_markdown(rows, options.base)]
    quick = ["--quick"] if options.quick else []
    titles = {"core": ("## Compiled core", core_markdown), "growth": ("## Growth", growth_markdown)}
    for part, (title, render) in titles.items():
        if part in options.parts:
            say(part)
            try:
                command = ["-m", f"benchmarks.{part}", *quick]
                document[part], _ = kept(folder / f"{part}.json", command)
            except ProcessFailedError as error:
                say(f"{part} FAILED: {error}")
                complete = False
                continue
            text += [title, render(document[part])]
    return document, "\n\n".join(text) + "\n", complete


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            document, text, complete = benchmark(options, folder)
        except ProcessFailedError as error:  # there is no problem for the peers
            sys.exit(str(error).splitlines()[-1])
    print(text)
    if options.out is not None:
        options.out.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n")
        options.out.with_suffix(".md").write_text(text)
    sys.exit(0 if complete else 1)


if __name__ == "__main__":
    main()
