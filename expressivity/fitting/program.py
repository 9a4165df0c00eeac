"""Compiled programs: one per network structure, shared by every size and every thread.

``torch.compile`` keeps its graphs on the code object of a function and stops after eight, so
each structure gets a code object of its own. Lanes, neurons, outputs, nodes and coordinates
are dynamic sizes: one graph serves all widths above 1 and all dimensions; with gradient rows,
all widths above 1 and one dimension.

Shape letters: L lanes, S rows of a program = P parameters + 3, padded, R = O N sample rows (in
the H1 norm O (1+d) N), O outputs, N nodes, E = d + 1 coordinates.
"""

import ctypes
import functools
import logging
import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import threading
import time
import types
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from expressivity.classes.networks import NetworkFunction, network_function, with_gradient
from expressivity.classes.structure import Structure
from expressivity.fitting.compilation import watch
from expressivity.fitting.linear_algebra import padding

Program = Callable[[Tensor, Tensor, Tensor, tuple[Tensor, ...]], Tensor]
"""(x_EN, scale_R, target_R, parameter blocks) -> rows_LSR: the Jacobian's P rows, then the
residual, the target and at least one row of zeros, all times the scale; S is a multiple of
``ALIGN``. A least-squares matrix with any columns and any padding is one gather of these rows."""

_log = logging.getLogger(__name__)
COMPILE_OPTIONS: dict[str, Any] = {
    "cpp.threads": 1,
    "cpp.enable_loop_tail_vec": False,
    "cpp.vec_isa_ok": True,
}
"""One thread inside a program: the driver's threads split lanes, never one lane's sums. Node
blocks have no tail (``problem.NODE_ALIGN``); its vectorised code would double the C++ work. The
processor's own flags choose the vector instructions; trial builds that ask the C++ compiler as
well would add several seconds to the first compilation."""

_build_lock = threading.Lock()
_compile_lock = threading.Lock()


@dataclass
class CompileClock:
    """Seconds spent in first calls of compiled programs, per process."""

    seconds: float = 0.0
    seen: set[tuple[object, ...]] = field(default_factory=set[tuple[object, ...]])


CLOCK = CompileClock()


_TRIAL = """#include <Python.h>
#include <cmath>
#include <omp.h>
extern "C" double trial(double x) { return omp_get_max_threads() * std::exp(x); }
"""
_TRIAL_SECONDS = 30.0


def compiler_available() -> bool:
    """Whether torch.compile can build CPU code: it needs a C++ compiler that works."""
    return compiler_problem() is None


@functools.cache
def compiler_problem() -> str | None:
    """Why code for the CPU cannot be built, in a few words; None where it can.

    The compiler is the one that torch takes, ``CXX`` of the environment or else g++. It is tried
    once in a process, on a program with the headers that torch's own programs have, whose library
    must load.
    """
    missing = missing_compiler()
    if missing:
        return missing
    name = os.environ.get("CXX", "g++")
    command = shutil.which(name)
    assert command is not None
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "trial.cpp"
        library = source.with_suffix(".so")
        source.write_text(_TRIAL)
        options = ["-shared", "-fPIC", "-fopenmp", f"-I{sysconfig.get_path('include')}"]
        try:
            code = _run_to_end([command, str(source), *options, "-o", str(library)])
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"the C++ compiler {name} does not run ({type(error).__name__})"
        if code != 0 or not library.is_file():
            return f"the C++ compiler {name} does not compile a small program"
        try:
            ctypes.CDLL(str(library))
        except OSError:
            return f"what the C++ compiler {name} builds cannot be loaded"
    return None


def missing_compiler() -> str | None:
    """That there is no C++ compiler of the name torch looks for, or None; nothing is run."""
    name = os.environ.get("CXX", "g++")
    if shutil.which(name) is not None:
        return None
    return "no C++ compiler found" + (f": {name} is none" if "CXX" in os.environ else "")


def _run_to_end(command: list[str]) -> int:
    """Exit code of a command; one that takes too long is killed with all that it has started."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(_TRIAL_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def rows_function(
    structure: Structure, *, gradient: bool, by: tuple[str, ...] | None = None
) -> Program:
    """The program of a structure, uncompiled; with ``by``, for those blocks alone."""
    network = network_function(structure, by=by)
    return rows_of(with_gradient(network) if gradient else network)


def rows_of(network: NetworkFunction) -> Program:
    """The program of a network function."""

    def rows(x_EN: Tensor, scale_R: Tensor, target_R: Tensor, blocks: tuple[Tensor, ...]) -> Tensor:
        f_LON, groups = network(x_EN, blocks)
        f_L1R = f_LON.flatten(1)[:, None]
        target_L1R = target_R.expand_as(f_L1R)
        jacobian = [group.flatten(2) for group in groups]
        lanes, _, samples = f_L1R.shape
        # Two rows of zeros or more: one would be a size of its own to the compiler.
        zeros = 2 + padding(sum(group.shape[1] for group in groups) + 4)
        zeros_LZR = f_L1R.new_zeros((lanes, zeros, samples))
        return torch.cat([*jacobian, f_L1R - target_L1R, target_L1R, zeros_LZR], 1) * scale_R

    return rows


def program(
    structure: Structure, *, gradient: bool, compiled: bool, by: tuple[str, ...] | None = None
) -> Program:
    """The program of a structure, compiled or eager, with or without gradient rows.

    With ``by``, the Jacobian by blocks that the network is linear in alone.
    """
    with _build_lock:  # a cache alone would let two threads build two
        return _build(structure, gradient, compiled, by)


@functools.cache
def _build(
    structure: Structure, gradient: bool, compiled: bool, by: tuple[str, ...] | None
) -> Program:
    function = rows_function(structure, gradient=gradient, by=by)
    if not compiled:
        return function
    label = (
        structure.label
        + ("_gradient" if gradient else "")
        + "".join(f"_{name}" for name in by or ())
    )
    plain = cast(types.FunctionType, function)
    own_code = plain.__code__.replace(co_name=label)
    own = types.FunctionType(
        own_code, plain.__globals__, label, plain.__defaults__, plain.__closure__
    )
    watch()
    optimised = torch.compile(own, fullgraph=True, options=COMPILE_OPTIONS)
    return _warmed(cast(Program, optimised), label)


def _warmed(function: Program, label: str) -> Program:
    """Serialise the first call for each pattern of sizes 1 (those compile), and time it."""

    def call(x_EN: Tensor, scale_R: Tensor, target_R: Tensor, blocks: tuple[Tensor, ...]) -> Tensor:
        ones = tuple(size == 1 for block in blocks for size in block.shape)
        key = (label, x_EN.dtype, x_EN.device, ones)
        if key in CLOCK.seen:
            return function(x_EN, scale_R, target_R, blocks)
        with _compile_lock, warnings.catch_warnings():
            # Third-party deprecations inside the compiler are not the user's business.
            warnings.simplefilter("ignore")
            started = time.perf_counter()
            _mark_sizes(x_EN, scale_R, target_R, *blocks)
            result = function(x_EN, scale_R, target_R, blocks)
            seconds = time.perf_counter() - started
            if key not in CLOCK.seen:
                CLOCK.seconds += seconds
                CLOCK.seen.add(key)
                _log.debug("compiled %s in %.1f s", label, seconds)
        return result

    return call


def _mark_sizes(*tensors: Tensor) -> None:
    mark = cast(Callable[[Tensor, int], None], torch._dynamo.maybe_mark_dynamic)  # pyright: ignore[reportPrivateUsage]
    for tensor in tensors:
        for axis, size in enumerate(tensor.shape):
            if size > 1:
                mark(tensor, axis)
