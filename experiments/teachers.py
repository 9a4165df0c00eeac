"""A network teaches, a class of networks learns: the unit of the teacher-student matrix.

Shape letters: L lanes, P packed parameters, N nodes.
"""

import functools
import math
from dataclasses import asdict, dataclass, replace
from typing import Any

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
from expressivity.fitting import Execution, FitResult, Problem, Samples, make_problem
from expressivity.fitting.limits import require_counts, require_fit
from expressivity.fitting.moves import grown
from expressivity.fitting.search import LEAST_LANES, Search, search
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
"""Relative l2 error up to which a student counts as having learned its teacher."""
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
    """How hard a student tries: a search in generations for each seed.

    Attributes:
        seeds: teachers drawn, or repetitions for a theorem's network.
        lanes: of each generation.
        generations: at most so many after the first.
        settles: whether it ends after a generation without progress; else it goes on, from new
            random starts where a population has settled.
        candidates: each random start is the best of so many.
        device: where the fits run.
    """

    seeds: int = 5
    lanes: int = 8
    generations: int = 4
    settles: bool = True
    candidates: int = 4
    device: str = "cpu"

    def __post_init__(self) -> None:
        require_counts(
            seed=0,
            seeds=self.seeds,
            restarts=self.lanes,
            candidates=self.candidates,
            generations=self.generations,
        )
        if self.lanes < LEAST_LANES:
            raise ValueError(
                f"required: at least {LEAST_LANES} lanes of a search; got {self.lanes}"
            )

    @property
    def search(self) -> Search:
        """The search of one seed."""
        how = Search(generations=self.generations, candidates=self.candidates)
        return replace(how, patience=1, populations=1) if self.settles else how


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a student made of one teacher; errors are relative l2 errors on the measuring rule.

    Attributes:
        seed: of the teacher and of the student's starts.
        best: least error of all lanes and of the teacher's weights, None where all of them failed.
        random: the same of what random starts led to, in the generations of a search that knows
            nothing of the teacher's weights.
        contained: error of the teacher's weights carried into the student, None without a map.
        reached: lanes of that search that came to ``REACHED``.
        failed: lanes of it that ended in no number.
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
        narrower: the width at which the same student learns first, to start from what it found.
    """

    teacher: Teacher
    name: str
    student: Family
    effort: Effort
    narrower: int | None = None

    def __post_init__(self) -> None:
        lanes = self.effort.lanes
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
            "narrower": self.narrower,
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
        return self.effort.seeds * self.effort.lanes

    @property
    def planned(self) -> Planned:
        """All iterations of a first generation: how many follow is not known."""
        how = self.effort.search
        steps = self.parts * (how.trial + how.iterations) * parameter_length(self.student)
        return Planned(
            program=Structure.of(self.student, shared=True),
            device=self.effort.device,
            steps=float(steps),
        )

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """Teach every seed; the record holds a :class:`Lesson` for each."""
        lessons: list[Lesson] = []
        lanes: dict[str, list[Any]] = {}
        for seed in range(self.effort.seeds):
            lesson, columns = _taught(self, seed)
            lessons.append(lesson)
            for name, column in columns.items():
                lanes.setdefault(name, []).extend(column)
            if on_progress is not None:
                on_progress(self.effort.lanes)
        return Outcome(
            record={
                "teacher": self.teacher.label,
                "teacher_parameters": self.teacher.family.parameter_count,
                "student_parameters": self.student.parameter_count,
                **_containment(self.teacher, self.student),
                "lessons": [asdict(lesson) for lesson in lessons],
            },
            lanes=lanes,
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


def _taught(unit: StudentUnit, seed: int) -> tuple[Lesson, dict[str, list[Any]]]:
    """What one seed's teacher is learned to, and a row for each lane of the search."""
    teacher, student = unit.teacher, unit.student
    weights = teacher.weights(seed)
    fitted = _learned(unit, seed)
    fine = _samples(teacher, seed, student.dimension, "fine")
    errors = _errors(student, fitted.theta_LP, fine)
    carried = _carried(teacher, weights, student)
    contained = math.inf
    if carried is not None:
        contained = _errors(student, start_from(student, carried)[None], fine)[0]
    lesson = Lesson(
        seed=seed,
        best=_finite(min(contained, *errors)),
        random=_finite(min(errors)),
        contained=_finite(contained),
        reached=sum(error <= REACHED for error in errors),
        failed=errors.count(math.inf),
    )
    return lesson, {
        "seed": [seed] * len(errors),
        "fit_error": fitted.error_L.tolist(),
        "l2": errors,
        "status": fitted.status_L.tolist(),
        "iterations": fitted.iterations_L.tolist(),
    }


@functools.lru_cache(maxsize=16)
def _learned(unit: StudentUnit, seed: int) -> FitResult:
    """The lanes of a search from random starts, and from what is learned at a narrower width."""
    given_LP = None
    if unit.narrower is not None:
        below = replace(unit, student=unit.student.at_width(unit.narrower), narrower=None)
        before = _learned(below, seed)
        best_LP = before.theta_LP[before.best][None]
        draw = np.random.default_rng((seed, unit.student.width))
        given_LP = grown(below.student, best_LP, unit.student, draw)

    def problem(which: str) -> Problem:
        samples = _samples(unit.teacher, seed, unit.student.dimension, which)
        return make_problem(
            unit.student, samples, device=unit.effort.device, compiled=unit.compiled
        )

    return search(
        problem("full"),
        problem("coarse"),
        lanes=unit.effort.lanes,
        seed=seed,
        how=unit.effort.search,
        given_LP=given_LP,
    )


def _samples(teacher: Teacher, seed: int, dimension: int, which: str) -> Samples:
    """The values of a seed's teacher on a rule."""
    points = _rules(dimension)[which]
    nodes_ND = _tensor(points.nodes_ND)
    theta_P = start_from(teacher.family, teacher.weights(seed))
    values_N = evaluate(teacher.family, theta_P[None], nodes_ND)[0, 0]
    return Samples(
        nodes_ND=nodes_ND, weights_N=_tensor(points.weights_N), values_NO=values_N[:, None]
    )


@functools.cache
def _rules(dimension: int) -> dict[str, Rule]:
    """The rules of the first steps of students, of all their steps, and of what measures them."""
    (order, outer), (fine, fine_outer) = _ORDERS.get(dimension, _HIGH_DIMENSION_ORDERS)
    domain = domain_for(dimension)
    return {
        "coarse": rule(domain, order=order // 2, outer_order=outer),
        "full": rule(domain, order=order, outer_order=outer),
        "fine": rule(domain, order=fine, outer_order=fine_outer),
    }


def _errors(family: Family, theta_LP: Tensor, samples: Samples) -> list[float]:
    """Relative l2 error of every lane, infinite where it is no number."""
    values_N, weights_N = samples.values_NO[:, 0], samples.weights_N
    difference_LN = evaluate(family, theta_LP, samples.nodes_ND)[:, 0] - values_N
    squared_L = (weights_N * difference_LN**2).sum(1) / (weights_N * values_N**2).sum()
    return torch.nan_to_num(squared_L.sqrt(), nan=math.inf).tolist()


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, dtype=np.float64))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
