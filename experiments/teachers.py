"""A network teaches, a class of networks learns: the unit of the teacher-student matrix.

Shape letters: L lanes, P packed parameters, N nodes.
"""

import functools
import math
from dataclasses import asdict, dataclass

import numpy as np
import sympy as sp
import torch
from pydantic import TypeAdapter
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.classes.networks import evaluate, parameter_length
from expressivity.classes.structure import Structure
from expressivity.classes.weights import Weights, start_from
from expressivity.evidence import Verdict
from expressivity.fitting import (
    Execution,
    Stopping,
    VariableProjection,
    fit,
    make_problem,
    screened_starts,
)
from expressivity.fitting.limits import require_counts, require_fit
from expressivity.fitting.problem import Samples
from expressivity.fitting.starts import random_start
from expressivity.fitting.variable_projection import default_linear_block
from expressivity.membership.decide import BUDGETS, decide
from expressivity.membership.inclusions import embed, inclusions
from expressivity.membership.witnesses import find_witness
from expressivity.runs.compiling import CompilingUnit, Planned
from expressivity.runs.units import OnProgress, Outcome
from expressivity.targets.domains import domain_for
from expressivity.targets.quadrature import Rule, rule
from expressivity.targets.target import Target

REACHED = 1e-10
"""Relative l2 error up to which a restart counts as having learned its teacher."""
_TEACHERS = 10**9
"""Teachers are drawn from other streams than students start from: no start is the answer."""
_ORDERS = {1: ((128, 128), (256, 256)), 2: ((16, 16), (32, 32))}
_HIGH_DIMENSION_ORDERS = ((4, 6), (6, 8))


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """A source of networks to learn.

    Attributes:
        name: of its class, as in ``FAMILIES``.
        family: the class at its width.
        target: its networks are this function's witness; None for random networks.
    """

    name: str
    family: Family
    target: Target | None = None

    @property
    def label(self) -> str:
        """Its row of the matrix."""
        return self.name if self.target is None else f"{self.name} ({self.target.name})"

    def weights(self, seed: int) -> Weights:
        """Exact weights: the witness whatever the seed, or the seed's random network.

        Random weights follow the law of the fits' starts (docs/performance.md), from a stream of
        their own: hyperplanes in uniform directions within 0.7 of the origin, of slopes 0.5 to
        10 (gates 0.3 to 6); a and the coefficients standard normal.

        Raises:
            ValueError: the target is no network of the class at this width.
        """
        if self.target is None:
            return exact(self.family, random_start(self.family, seed=_TEACHERS + seed, lane=0))
        found = find_witness(self.target, self.family)
        if found is None:
            raise ValueError(
                f"required: a target in the class of its teacher; {self.target.name} is not known "
                f"to be {self.family.label}: choose a larger width or another class"
            )
        return found


def exact(family: Family, theta_P: Tensor) -> Weights:
    """Packed floats as the rationals that they are."""
    blocks: dict[str, sp.ImmutableMatrix] = {}
    entries = iter(theta_P.tolist())
    for name, shape in family.shapes.items():
        rows, columns = shape if len(shape) == 2 else (shape[0], 1)
        numbers = [sp.Rational(next(entries)) for _ in range(rows * columns)]
        blocks[name] = sp.ImmutableMatrix(rows, columns, numbers)
    return Weights(blocks=blocks)


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How hard a student tries.

    Attributes:
        seeds: teachers drawn, or repetitions for a theorem's network.
        restarts: random starts for each.
        candidates: each start is the best of so many.
        iterations: limit of each fit.
        device: where the fits run.
    """

    seeds: int = 5
    restarts: int = 4
    candidates: int = 16
    iterations: int = 100
    device: str = "cpu"

    def __post_init__(self) -> None:
        require_counts(seed=0, seeds=self.seeds, restarts=self.restarts, candidates=self.candidates)


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a student made of one teacher; errors are relative l2 errors on the measuring rule.

    Attributes:
        seed: of the teacher and of the student's starts.
        best: least error of all starts, None where all of them failed.
        random: the same of the random starts.
        contained: error of the teacher's weights carried into the student, None without a map.
        reached: random starts that came to ``REACHED``.
        failed: random starts that ended in no number.
    """

    seed: int
    best: float | None
    random: float | None
    contained: float | None
    reached: int
    failed: int


LESSONS = TypeAdapter(tuple[Lesson, ...])
"""Lessons from a stored record, to the bit."""


@dataclass(frozen=True, kw_only=True)
class StudentUnit(CompilingUnit):
    """One class learns from one teacher, once for each seed.

    Attributes:
        teacher: who teaches.
        name, student: the class that learns, as in ``FAMILIES``, and at its width.
        effort: how hard it tries.
    """

    teacher: Teacher
    name: str
    student: Family
    effort: Effort

    def __post_init__(self) -> None:
        # Random networks are learned one after another, a theorem's for all seeds at once.
        lanes = self.effort.restarts * (1 if self.teacher.target is None else self.effort.seeds)
        kind = torch.device(self.effort.device).type
        require_fit(
            self.student,
            starts=lanes * self.effort.candidates,
            lanes=lanes,
            at_once=Execution.for_device(kind).at_once(lanes),
            linear=default_linear_block(self.student),
            device=self.effort.device,
        )

    @property
    def identity(self) -> dict[str, object]:
        """Everything its numbers depend on, as JSON."""
        target = self.teacher.target
        return {
            "unit": "student",
            "teacher": {"name": self.teacher.name, "family": self.teacher.family.json()},
            "target": None if target is None else _target_json(target),
            "dimension": self.teacher.family.dimension,
            "student": {"name": self.name, "family": self.student.json()},
            "effort": asdict(self.effort),
            "compiled": self.compiled,
            "budgets": BUDGETS,
        }

    @property
    def label(self) -> str:
        """Teacher, then student."""
        return f"{self.teacher.label} teaches {self.name} m={self.student.width}"

    @property
    def parts(self) -> int:
        """Lanes."""
        return self.effort.seeds * self.effort.restarts

    @property
    def planned(self) -> Planned:
        """All iterations of all lanes."""
        steps = self.parts * self.effort.iterations * parameter_length(self.student)
        return Planned(
            program=Structure.of(self.student, shared=True),
            device=self.effort.device,
            steps=float(steps),
        )

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """Teach every seed; the record holds a :class:`Lesson` for each."""
        seeds = list(range(self.effort.seeds))
        # Seeds of a theorem's network share their samples, and run as lanes of one fit.
        groups = [[seed] for seed in seeds] if self.teacher.target is None else [seeds]
        lessons: list[Lesson] = []
        lanes: dict[str, list[float]] = {}
        for group in groups:
            learned, columns = _teach(self, group, on_progress)
            lessons += learned
            for name, column in columns.items():
                lanes.setdefault(name, []).extend(column)
        return Outcome(
            record={
                "teacher": self.teacher.label,
                "teacher_parameters": self.teacher.family.parameter_count,
                "student_parameters": self.student.parameter_count,
                **_containment(self.teacher, self.student),
                "lessons": [asdict(lesson) for lesson in lessons],
            },
            lanes={
                name: [int(c) for c in column]
                if name in ("seed", "status", "iterations")
                else column
                for name, column in lanes.items()
            },
        )


def _target_json(target: Target) -> dict[str, object]:
    return {
        "name": target.name,
        "expression": target.formula,
        "domain": target.domain.name,
        "lambda": target.lambda_,
    }


def _containment(teacher: Teacher, student: Family) -> dict[str, object]:
    """Whether the student is proved to contain the teacher, whatever the seed, and how."""
    steps = inclusions(teacher.family, student)
    if steps is not None:
        maps = [{"name": step.name, "theorem": step.theorem} for step in steps]
        return {"verdict": str(Verdict.MEMBER), "maps": maps, "reason": "inclusion of classes"}
    if teacher.target is None:
        return {"verdict": str(Verdict.UNKNOWN), "maps": [], "reason": "no inclusion is proved"}
    membership = decide(teacher.target, student)
    return {"verdict": str(membership.verdict), "maps": [], "reason": membership.reason}


def _carried(teacher: Teacher, weights: Weights, student: Family) -> Weights | None:
    """The teacher's network in the student's class: by inclusions, or by a witness of its own."""
    found = embed(teacher.family, weights, student)
    if found is None and teacher.target is not None:
        return find_witness(teacher.target, student)
    return found


def _teach(
    unit: StudentUnit, seeds: list[int], on_progress: OnProgress | None
) -> tuple[list[Lesson], dict[str, list[float]]]:
    """Lessons of seeds with one teacher, that of the first, and a row for each restart."""
    teacher, student, effort = unit.teacher, unit.student, unit.effort
    weights = teacher.weights(seeds[0])
    theta_P = start_from(teacher.family, weights)

    def taught(points: Rule) -> tuple[Tensor, Tensor, Tensor]:
        nodes_ND = _tensor(points.nodes_ND)
        values_N = evaluate(teacher.family, theta_P[None], nodes_ND)[0, 0]
        return nodes_ND, _tensor(points.weights_N), values_N

    coarse, fine = (taught(points) for points in _rules(student.dimension))
    problem = make_problem(
        student,
        Samples(nodes_ND=coarse[0], weights_N=coarse[1], values_NO=coarse[2][:, None]),
        device=effort.device,
        compiled=unit.compiled,
    )
    algorithm = VariableProjection(stopping=Stopping(iterations=effort.iterations))
    restarts, candidates = effort.restarts, effort.candidates
    starts = [
        screened_starts(problem, algorithm, seed=seed, restarts=restarts, candidates=candidates)
        for seed in seeds
    ]
    fitted = fit(problem, algorithm, torch.cat(starts), on_finished=on_progress)
    errors = _errors(student, fitted.theta_LP, *fine)
    carried = _carried(teacher, weights, student)
    contained = math.inf
    if carried is not None:
        contained = _errors(student, start_from(student, carried)[None], *fine)[0]
    lessons: list[Lesson] = []
    for index, seed in enumerate(seeds):
        own = errors[index * restarts : (index + 1) * restarts]
        lessons.append(
            Lesson(
                seed=seed,
                best=_finite(min(contained, *own)),
                random=_finite(min(own)),
                contained=_finite(contained),
                reached=sum(error <= REACHED for error in own),
                failed=own.count(math.inf),
            )
        )
    columns: dict[str, list[float]] = {
        "seed": [float(seed) for seed in seeds for _ in range(restarts)],
        "fit_error": fitted.error_L.tolist(),
        "l2": errors,
        "status": fitted.status_L.tolist(),
        "iterations": fitted.iterations_L.tolist(),
    }
    return lessons, columns


@functools.cache
def _rules(dimension: int) -> tuple[Rule, Rule]:
    """The rule that students see, and a finer one that measures them."""
    fit_orders, fine_orders = _ORDERS.get(dimension, _HIGH_DIMENSION_ORDERS)
    domain = domain_for(dimension)
    return (
        rule(domain, order=fit_orders[0], outer_order=fit_orders[1]),
        rule(domain, order=fine_orders[0], outer_order=fine_orders[1]),
    )


def _errors(
    family: Family, theta_LP: Tensor, nodes_ND: Tensor, weights_N: Tensor, values_N: Tensor
) -> list[float]:
    """Relative l2 error of every lane, infinite where it is no number."""
    difference_LN = evaluate(family, theta_LP, nodes_ND)[:, 0] - values_N
    squared_L = (weights_N * difference_LN**2).sum(1) / (weights_N * values_N**2).sum()
    return torch.nan_to_num(squared_L.sqrt(), nan=math.inf).tolist()


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, dtype=np.float64))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
