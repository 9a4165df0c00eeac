"""Whether a class finds its own random networks again, from very many starts at once."""

import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from benchmarks.device.memory import peak_memory
from benchmarks.device.parts import Row, finite
from experiments.teachers import REACHED, Teacher
from expressivity.classes.catalogue import family_named
from expressivity.classes.families import Family
from expressivity.classes.networks import evaluate
from expressivity.classes.weights import start_from
from expressivity.fitting import (
    Execution,
    FitResult,
    Problem,
    Samples,
    Stopping,
    VariableProjection,
    fit,
    make_problem,
    random_starts,
)
from expressivity.targets.domains import domain_for
from expressivity.targets.quadrature import Rule, rule

LANES = 16384
CHUNK = 4096
"""Lanes at a time on a device: uncompiled programs are bound by the number of their kernels."""
ITERATIONS = 100
TEACHERS = 4
_ORDER, _FINE_ORDER = 16, 32
CLASSES = (("moa-tanh", 1), ("la", 4), ("moa-tanh", 2), ("moa-two-sided", 1), ("moa-quadratic", 1))
"""Names as in ``--family``, and widths."""


def searched(problem: Problem, *, seed: int, lanes: int, iterations: int) -> FitResult:
    """All the lanes that are tried: today plain random starts, each fitted to its end."""
    starts_LP = random_starts(problem.family, seed=seed, restarts=lanes)
    algorithm = VariableProjection(stopping=Stopping(iterations=iterations))
    execution = Execution.for_device(problem.x_BEN.device.type)
    if problem.x_BEN.device.type != "cpu":
        execution = replace(execution, lane_chunk=CHUNK)
    return fit(problem, algorithm, starts_LP, execution=execution)


def taught(family: Family, theta_P: Tensor, order: int) -> Samples:
    """A network on a Gauss rule of the disk."""
    points: Rule = rule(domain_for(family.dimension), order=order, outer_order=order)
    nodes_ND = torch.tensor(points.nodes_ND)
    return Samples(
        nodes_ND=nodes_ND,
        weights_N=torch.tensor(points.weights_N),
        values_NO=evaluate(family, theta_P[None], nodes_ND)[0].mT,
    )


def relative_error(family: Family, theta_P: Tensor, samples: Samples) -> float:
    """Relative l2 error of one network."""
    difference_NO = evaluate(family, theta_P[None], samples.nodes_ND)[0].mT - samples.values_NO
    weights_N1 = samples.weights_N[:, None]
    squared = (weights_N1 * difference_NO**2).sum() / (weights_N1 * samples.values_NO**2).sum()
    return float(squared.sqrt())


def recovered(label: str, family: Family, teacher: int, device: str, *, dry_run: bool) -> Row:
    """One random network, and what its class makes of it."""
    weights = Teacher(name=label, family=family).weights(teacher)
    theta_P = start_from(family, weights)
    # Five programs for a few fits each would take longer to compile than to run uncompiled.
    samples = taught(family, theta_P, _ORDER)
    problem = make_problem(family, samples, device=device, compiled=False)
    lanes, iterations = (8, 2) if dry_run else (LANES, ITERATIONS)
    with peak_memory(device) as peak:
        started = time.perf_counter()
        found = searched(problem, seed=teacher, lanes=lanes, iterations=iterations)
        seconds = time.perf_counter() - started
    best = relative_error(family, found.theta_LP[found.best], taught(family, theta_P, _FINE_ORDER))
    return {
        "class": label,
        "teacher": teacher,
        "lanes": lanes,
        "best": finite(best),
        "reached": float((found.error_L <= REACHED).double().mean()),
        "iterations": int(found.iterations_L.max()),
        "seconds": seconds,
        "lanes a second": lanes / seconds,
        "peak MiB": peak.mib,
    }


def rows(device: str, *, dry_run: bool) -> Iterator[Row]:
    """Every class with its first teacher, then with the second, until the time is up."""
    for teacher in range(1 if dry_run else TEACHERS):
        for name, width in CLASSES:
            family = family_named(name, width, 2)
            yield recovered(f"{name} {width}", family, teacher, device, dry_run=dry_run)
