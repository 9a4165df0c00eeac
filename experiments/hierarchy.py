"""The teacher-student matrix: networks of every registered class teach, every class learns.

A class takes its place by one entry in ``FAMILIES``, or in ``NEURONS`` if it mixes nothing. Two
budgets are compared. *Equal width*: as many neurons as the teacher. *Equal parameters*: the least
width, and not less than the teacher's, with at least the teacher's parameters; a student that fails
there does not fail for want of neurons or parameters; it starts from what it learned at equal
width. Where the student is the larger class at equal width both are one unit.

What a failure says depends on whether the search finds what is there: a class tries hardest with
teachers of its own, and headlines name each class with the share of its teachers it found again.
The others' searches end soon: there the matrix shows what is found with little effort.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any

from experiments.experiment import EXPERIMENTS, Experiment, Tier
from experiments.statistics import Interval, median_interval
from experiments.teachers import LESSONS, REACHED, Effort, Lesson, StudentUnit, Teacher
from expressivity.classes.catalogue import (
    FAMILIES,
    FURTHER,
    FamilyFactory,
    family_named,
    plain_neurons,
)
from expressivity.classes.families import Family
from expressivity.classes.modules import ModuleFamily
from expressivity.classes.neurons import NEURONS
from expressivity.evidence import Verdict
from expressivity.membership.witnesses import find_witness
from expressivity.runs.folder import Run
from expressivity.separation.claims import CLAIMS
from expressivity.targets.builtin import TARGETS
from expressivity.targets.target import Target

LAMBDA = 2.0
DIMENSION = 2
ROUNDOFF = 1e-12
"""Relative l2 error up to which a map of weights counts as exact in floating point."""
SEPARATED = 1e-6
"""Error from which a class that is not known to contain its teacher counts as failing."""
FAR = 10.0
"""Ratio to the error of the teacher's own class from random starts that optimisation does not
explain."""

OWN_GENERATIONS, HARD_GENERATIONS = 300, 10
HARD = ("moa-softmax", "moa-two-sided", "la-quadratic", "moa-quadratic")
"""Classes that are not expected to find their own networks of width 2 within the cost of the tier:
their searches end sooner, and what they reach is reported."""

SMOKE_FAMILIES = ("relu", "tanh", "la", "moa-tanh")


def classes() -> tuple[str, ...]:
    """Names of the classes in the matrix: those of the paper, and those of plug-ins but modules.

    >>> "la-quadratic" in classes(), "prelu" in classes()
    (True, False)
    """
    named = [
        name
        for name in FAMILIES
        if name not in FURTHER and not isinstance(FAMILIES[name], ModuleFamily)
    ]
    return (*named, *(name for name in plain_neurons() if name in NEURONS.foreign()))


class Budget(StrEnum):
    """How large a student is; see the module docstring."""

    WIDTH = "equal width"
    PARAMETERS = "equal parameters"


def student_width(student: FamilyFactory, teacher: Family, budget: Budget) -> int:
    """Width of a student of one teacher.

    >>> la, relu = FAMILIES["la"](2, 2), FAMILIES["relu"]
    >>> la.parameter_count, student_width(relu, la, Budget.PARAMETERS)
    (15, 4)
    """
    width = teacher.width
    if budget is Budget.PARAMETERS:
        while student(width, teacher.dimension).parameter_count < teacher.parameter_count:
            width += 1
    return width


def teachers(names: Iterable[str], width: int) -> list[Teacher]:
    """Random networks of every class, and the networks of theorems about it."""
    found: list[Teacher] = []
    for name in names:
        found.append(Teacher(name=name, family=family_named(name, width, DIMENSION)))
        for target in theorem_targets(found[-1].family):
            family = family_named(name, width, target.dimension)
            if find_witness(target, family) is not None:
                found.append(Teacher(name=name, family=family, target=target))
    return found


def theorem_targets(family: Family) -> list[Target]:
    """Targets that separate a class, by kind and form, from the next smaller one."""
    gate = "tanh" if family.gate is None else family.gate.name
    made = [
        TARGETS[claim.target](LAMBDA, gate, len(family.dictionary))
        for claim in CLAIMS
        if claim.separates and claim.between_kinds and claim.larger.has(family)
    ]
    return [target for target in made if target.bias == family.bias]


def units(
    names: Iterable[str], width: int, efforts: Callable[[Teacher, str], Effort]
) -> tuple[StudentUnit, ...]:
    """Every teacher with every student at both budgets, each once."""
    listed = list(names)
    found = {
        unit.key: unit
        for teacher in teachers(listed, width)
        for name in listed
        for unit in _students(teacher, name, efforts(teacher, name))
    }
    return tuple(found.values())


def _students(teacher: Teacher, name: str, effort: Effort) -> Iterator[StudentUnit]:
    """One class at both budgets; the wider student starts from what the narrower one learned."""
    for budget in Budget:
        width = student_width(partial(family_named, name), teacher.family, budget)
        wider = width > teacher.family.width
        yield StudentUnit(
            teacher=teacher,
            name=name,
            student=family_named(name, width, teacher.family.dimension),
            effort=effort,
            narrower=teacher.family.width if wider else None,
        )


def efforts(tier: Tier) -> Callable[[Teacher, str], Effort]:
    """How hard a class tries: hardest with its own networks, as the smaller tiers can bear."""
    if tier is Tier.GPU:
        own = Effort(seeds=10, lanes=1024, generations=100, settles=False, device="cuda")
        others = Effort(seeds=10, lanes=64, device="cuda")
    else:
        own, others = Effort(lanes=128, generations=OWN_GENERATIONS, settles=False), Effort()
    hard = replace(own, generations=HARD_GENERATIONS)

    def effort(teacher: Teacher, name: str) -> Effort:
        return others if name != teacher.name else hard if name in HARD else own

    return effort


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one class made of one teacher; errors are relative l2 errors.

    Attributes:
        teacher: the row: a class, or a class and a target of a theorem.
        family: the teacher's class alone.
        student: the column.
        teacher_width, width: neurons of both.
        verdict: whether the student is proved to contain the teacher's networks, proved not to
            contain the theorem's network, or neither.
        reason: of the verdict.
        maps: the inclusions between the classes, in order.
        lessons: by seed.
    """

    teacher: str
    family: str
    student: str
    teacher_width: int
    width: int
    verdict: Verdict
    reason: str
    maps: tuple[str, ...]
    lessons: tuple[Lesson, ...]

    @property
    def best(self) -> Interval:
        """Least error of all starts: the median over seeds."""
        return median_interval([lesson.best for lesson in self.lessons])

    @property
    def random(self) -> Interval:
        """Least error that random starts led to: the median over seeds."""
        return median_interval([lesson.random for lesson in self.lessons])

    @property
    def worst(self) -> float:
        """Largest over seeds of the least error of all starts; infinite after a failure."""
        return max(_number(lesson.best) for lesson in self.lessons)

    @property
    def success(self) -> float:
        """Share of seeds in which a search from random starts came to ``REACHED``."""
        return sum(lesson.reached > 0 for lesson in self.lessons) / len(self.lessons)

    @property
    def failed(self) -> int:
        """Lanes that ended in no number."""
        return sum(lesson.failed for lesson in self.lessons)


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """The heat map at one budget and teacher's width.

    Attributes:
        budget, width: of students, and of teachers.
        teachers: rows, in the order of the registry, random networks before theorems.
        students: columns, in the same order.
        cells: by (row, column); a unit that failed is missing.
    """

    budget: Budget
    width: int
    teachers: tuple[str, ...]
    students: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]


def matrix(run: Run, *, budget: Budget = Budget.WIDTH, width: int | None = None) -> Matrix:
    """The heat map of a run.

    Args:
        run: of this experiment, finished or not.
        budget: of the students.
        width: of the teachers; by default the least in the run.

    Raises:
        ValueError: the run has no such teachers.
    """
    found = [_cell(entry.identity, entry.record) for entry in run.entries]
    widths = sorted({cell.teacher_width for cell in found})
    chosen = width or min(widths, default=0)
    if chosen not in widths:
        raise ValueError(f"required: a width of teachers in the run, {widths}; got {chosen}")
    cells: dict[tuple[str, str], Cell] = {}
    for cell in sorted(found, key=lambda cell: cell.width):
        place = cell.teacher, cell.student
        # Students come at one width, or at the teacher's and a larger one of equal parameters.
        if cell.teacher_width == chosen and (budget is Budget.PARAMETERS or place not in cells):
            cells[place] = cell
    order = {name: index for index, name in enumerate(classes())}
    listed = sorted(cells.values(), key=lambda c: (order.get(c.family, len(order)), c.teacher))
    columns = sorted({c.student for c in listed}, key=lambda name: order.get(name, len(order)))
    return Matrix(
        budget=budget,
        width=chosen,
        teachers=tuple(dict.fromkeys(cell.teacher for cell in listed)),
        students=tuple(columns),
        cells=cells,
    )


def _cell(identity: dict[str, Any], record: dict[str, Any]) -> Cell:
    return Cell(
        teacher=record["teacher"],
        family=identity["teacher"]["name"],
        student=identity["student"]["name"],
        teacher_width=identity["teacher"]["family"]["width"],
        width=identity["student"]["family"]["width"],
        verdict=Verdict(record["verdict"]),
        reason=record["reason"],
        maps=tuple(step["name"] for step in record["maps"]),
        lessons=LESSONS.validate_python(record["lessons"]),
    )


@dataclass(frozen=True, kw_only=True)
class Order:
    """Who learns whom, beside what is proved; pairs are (teacher's row, student).

    Attributes:
        contained: proved, and the error is round-off.
        contradictions: proved, and it is not.
        open: not proved, and yet learned in some seed: a proof may be missing.
        surprises: proved to be no member, and yet the error of some seed is round-off. Errors that
            tend to 0 do not come so far.
        separated: neither proved nor learned in any seed.
    """

    contained: tuple[tuple[str, str], ...]
    contradictions: tuple[tuple[str, str], ...]
    open: tuple[tuple[str, str], ...]
    surprises: tuple[tuple[str, str], ...]
    separated: tuple[tuple[str, str], ...]


def order(found: Matrix) -> Order:
    """The numerical order of a matrix against the proved one."""
    member = [(place, c) for place, c in found.cells.items() if c.verdict is Verdict.MEMBER]
    other = [(place, c) for place, c in found.cells.items() if c.verdict is not Verdict.MEMBER]
    excluded = [(place, c) for place, c in other if c.verdict is Verdict.NON_MEMBER]
    return Order(
        contained=tuple(place for place, c in member if c.worst <= ROUNDOFF),
        contradictions=tuple(place for place, c in member if not c.worst <= ROUNDOFF),
        open=tuple(
            place for place, c in other if c.verdict is Verdict.UNKNOWN and _least(c) <= REACHED
        ),
        surprises=tuple(place for place, c in excluded if _least(c) <= ROUNDOFF),
        separated=tuple(place for place, c in other if _least(c) > SEPARATED),
    )


def _least(cell: Cell) -> float:
    return min(_number(lesson.best) for lesson in cell.lessons)


def _number(value: float | None) -> float:
    return math.inf if value is None else value


def far_cells(found: Matrix) -> list[tuple[str, str]]:
    """Cells not proved whose median error is ``FAR`` above the own class's from random starts.

    Random starts often miss even their own class; only beyond that does a large error say
    something about the class that learns.
    """
    return [
        place
        for place, cell in found.cells.items()
        if cell.verdict is not Verdict.MEMBER
        and (own := found.cells.get((cell.teacher, cell.family))) is not None
        and cell.best.value > FAR * own.random.value
    ]


def headlines(run: Run) -> dict[str, float]:
    """Agreement of the matrix with the proofs, and how far it is evidence beyond them."""
    found: dict[str, float] = {}
    for budget in Budget:
        heat_map = matrix(run, budget=budget)
        ordered = order(heat_map)
        cells = heat_map.cells
        own = [cell for cell in cells.values() if cell.family == cell.student]
        proved = [cells[place] for place in (*ordered.contained, *ordered.contradictions)]
        found |= {
            f"{budget}: {name}": float(value)
            for name, value in (
                ("cells", len(cells)),
                ("proved cells", len(proved)),
                ("worst error of the proved cells", max((c.worst for c in proved), default=0.0)),
                ("contradictions", len(ordered.contradictions)),
                ("cells learned without proof", len(ordered.open)),
                ("cells at round-off though excluded", len(ordered.surprises)),
                ("cells separated in every seed", len(ordered.separated)),
                ("cells far beyond their own class", len(far_cells(heat_map))),
                ("seeds learned by the own class", _mean([cell.success for cell in own])),
                ("failed restarts", sum(cell.failed for cell in cells.values())),
            )
        }
    for name, share in own_learned(run).items():
        found[f"{name}: own networks learned"] = share
    return found | {"failed or damaged units": float(len(run.failures) + len(run.damaged))}


def own_learned(run: Run) -> dict[str, float]:
    """Of each class, the share of its random networks that random starts led to again."""
    found = matrix(run)
    own = {name: found.cells.get((name, name)) for name in found.students}
    return {name: cell.success for name, cell in own.items() if cell is not None}


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def hierarchy(tier: Tier) -> Experiment:
    """Four classes of width 1 at the smallest tier; all :func:`classes` of width 2, then 4."""
    names = SMOKE_FAMILIES if tier is Tier.SMOKE else classes()
    widths = {Tier.SMOKE: (1,), Tier.CPU: (2,), Tier.GPU: (2, 4)}[tier]
    work = tuple(unit for width in widths for unit in units(names, width, efforts(tier)))
    return Experiment(
        name="hierarchy",
        tier=tier,
        title=f"{len(names)} classes learn from networks of each other: {', '.join(names)}",
        claim="docs/theory.md, section 2: where a class is proved to contain its teacher's, the "
        "teacher's weights, carried over, are a network of the student to round-off. Elsewhere "
        "the matrix is evidence of separation, as far as random starts find the own class.",
        falsified_by="A proved containment with an error above 1e-12 in any seed. A class that "
        "is proved not to contain a theorem's network and fits it to 1e-10 would be suspicious.",
        cost="smoke: about 118 s of processor time; cpu: not measured as a whole; by single units "
        "0.3 to 2.5 s of processor time for each seed of another class's teacher, of which there "
        "are about 2,900, and at most about 230 s for one of the own class; gpu: not measured",
        units=work,
        headlines=headlines,
    )


EXPERIMENTS.add("hierarchy", hierarchy)
