"""A fit that looks for what is there: generations of lanes, selected between short fits.

Plain restarts miss even a network of their own class: most end in local minima that differ from the
answer in a few rows of weights. So the best lanes of a generation become parents, their children
differ in some rows (``moves.py``), and both compete again. Where mixtures are multiplied, most
populations start with few gates awake (``starts.sparse``). Generations run on a coarser rule by
normal equations; who is promising is finished on the full rule in full
(:class:`~expressivity.fitting.variable_projection.VariableProjection`), and only that counts.

The unit is the whole search: its bits depend on the problem, the search and the seed alone, never
on threads, workers or process.

Shape letters: L lanes, P packed parameters.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from expressivity.classes.families import Family
from expressivity.fitting.driver import Execution, FitResult, Observer, fit, over_chunks
from expressivity.fitting.gauss_newton import Linearisation
from expressivity.fitting.moves import children
from expressivity.fitting.normal_equations import NormalProjection, Solved
from expressivity.fitting.population import Population, numbers, of_result, of_starts
from expressivity.fitting.problem import Problem
from expressivity.fitting.screening import best_of, first_errors
from expressivity.fitting.starts import drawn, sparse
from expressivity.fitting.state import Algorithm, Status, Stopping
from expressivity.fitting.variable_projection import VariableProjection

_LEAST = {
    "generations": 0,
    "patience": 1,
    "candidates": 1,
    "parents": 2,
    "trial": 1,
    "iterations": 1,
    "finished": 1,
}


@dataclass(frozen=True, kw_only=True)
class Search:
    """How far a search goes.

    Attributes:
        generations: at most so many after the first.
        patience: generations without ``progress`` after which a population has settled, and the
            next generation is one of random starts.
        populations: the search ends once so many have settled; None for no limit.
        progress: the fraction by which the best error has to fall.
        candidates: random starts that each lane of a first generation is the best of.
        parents: one lane in so many is kept as a parent.
        trial, iterations: of every lane, and of the best third after its trial, in a generation of
            the first population; twice and four times as many in later ones.
        found: relative error on the full rule at which the search ends; 0 for one that goes on.
        finished: lanes that are finished in full at the end.
    """

    generations: int = 100
    patience: int = 15
    populations: int | None = None
    progress: float = 0.3
    candidates: int = 4
    parents: int = 8
    trial: int = 10
    iterations: int = 40
    found: float = 1e-12
    finished: int = 4

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise ValueError(
                    f"required: {name} as a whole number of at least {least}; got {value!r}"
                )


LEAST_LANES = 4
Solve = Callable[[Problem, Tensor], Solved | Linearisation]
_PROMISING = 1e-5  # below it a lane is finished in full at once: few local minima are
_BLIND = 10  # times the square root of rounding: below it normal equations see no difference
_AT_ONCE = 100  # iterations of finishing in a generation: enough in the basin of the answer
_NEAR = 5  # generations with a promising lane that a population has to arrive
_KEPT_AFTER_TRIAL = 3
_EFFORTS = (1, 2, 4)  # of populations, the last of all further ones
_TURNS = 4
_SPARSE_PATIENCE = 5  # right gates awake arrive at once, wrong ones never
_COARSE_GOAL = 1e-9  # of normal equations


OnGeneration = Callable[[int, FitResult], None]


def _multiplies_mixtures(family: Family) -> bool:
    """Whether a neuron has a gate for each pair of activations, or two factors with gates."""
    return family.gate is not None and sum(len(maps) for maps in family.record.mixtures) > 1


def search(
    problem: Problem,
    coarse: Problem,
    *,
    lanes: int,
    seed: int,
    how: Search | None = None,
    given_LP: Tensor | None = None,
    execution: Execution | None = None,
    on_generation: OnGeneration | None = None,
    observer: Observer | None = None,
) -> FitResult:
    """Look for the best network of a class.

    Args:
        problem: what to fit, on the rule that errors are of.
        coarse: the same on fewer nodes.
        lanes: of each generation.
        seed: of everything that is drawn.
        how: how far it goes.
        given_LP: lanes that are in the first generation beside the random ones.
        execution: scheduling; by default chosen for the problem's device.
        on_generation: called with a generation's number and its lanes, the best first.
        observer: sees every iteration of every fit; its lane numbers are those of the fit.

    Returns:
        ``lanes`` lanes, finished ones first, with their errors on the problem's rule, none of which
        is below the first's. The others have the status ``GIVEN_UP``. The first is at least as good
        as every given lane.

    Raises:
        ValueError: fewer than 4 lanes, given lanes of another length, or a user's own module, whose
            rows have no meaning here.
    """
    family = problem.family
    if not isinstance(family, Family):
        raise ValueError(f"required: a class with a record; got the module {family.name}")
    if lanes < LEAST_LANES:
        raise ValueError(f"required: at least {LEAST_LANES} lanes in a search; got {lanes}")
    shape = None if given_LP is None else tuple(given_LP.shape)
    if shape is not None and (len(shape) != 2 or shape[1] != problem.parameters):
        raise ValueError(
            f"required: given lanes of shape (any number, {problem.parameters}); got {shape}"
        )
    run = _Run(problem, coarse, family, lanes, seed, how or Search(), execution, observer)
    return run.result(given_LP, on_generation)


class _Clock:
    """When a population has settled: it makes no progress, or is nearly there and does not arrive.

    The error of networks on their way to infinity falls for ever, and slowly. Where many lanes of
    one generation have come to the same least error, there is no better one to be had from others.
    """

    def __init__(self, how: Search, promising: float, *, patience: int) -> None:
        self.how, self.promising, self.patience = how, promising, patience
        self.least, self.idle, self.near = np.inf, 0, 0
        self.agreed: bool | None = None

    def tick(self, population: Population) -> None:
        """Hear of the lanes after a generation, the best first."""
        best = float(population.error_L[0])
        progressed = best < (1 - self.how.progress) * self.least
        self.least, self.idle = (best, 0) if progressed else (self.least, self.idle + 1)
        self.near += best < self.promising
        if self.agreed is None:  # of random starts, which know nothing of each other
            self.agreed = population.agrees

    @property
    def settled(self) -> bool:
        """Whether another population is worth more than another generation."""
        return bool(self.agreed) or self.idle >= self.patience or self.near > _NEAR


class _Run:
    """One search under way."""

    def __init__(
        self,
        problem: Problem,
        coarse: Problem,
        family: Family,
        lanes: int,
        seed: int,
        how: Search,
        execution: Execution | None,
        observer: Observer | None,
    ) -> None:
        self.problem, self.coarse, self.family = problem, coarse, family
        self.lanes, self.seed, self.how, self.execution = lanes, seed, how, execution
        self.observer = observer
        # Round-off of the fit's own arithmetic, with room for a sum over some hundred nodes.
        rounding = torch.finfo(problem.x_BEN.dtype).eps
        self.roundoff = 18 * rounding
        self.promising = max(_PROMISING, _BLIND * rounding**0.5)
        self.goal = max(how.found, self.roundoff) if how.found else 0.0
        self.populations = 0  # that have settled
        self.given_LP: Tensor | None = None
        self.archive: Population | None = None

    def result(self, given_LP: Tensor | None, on_generation: OnGeneration | None) -> FitResult:
        self.given_LP = given_LP
        population, clock = self._first(0), self._clock()
        for generation in range(self.how.generations + 1):
            if generation and not clock.settled:
                population = self._next(generation, population)
            elif generation:
                self._keep(population)
                self.populations += 1
                if self.populations == self.how.populations:
                    return self._ended()
                population, clock = self._first(generation), self._clock()
            population, found = self._finished(population)
            clock.tick(population)
            if on_generation is not None:
                on_generation(generation, population.result)
            if found:
                break
        self._keep(population)
        return self._ended()

    def _clock(self) -> _Clock:
        patience = self.how.patience
        if self.sparse:
            patience = min(patience, _SPARSE_PATIENCE)
        return _Clock(self.how, self.promising, patience=patience)

    @property
    def sparse(self) -> bool:
        """Whether this population starts sparse: three of four where neurons multiply mixtures."""
        turn = self.populations % _TURNS
        return turn != _TURNS - 1 and _multiplies_mixtures(self.family)

    @property
    def effort(self) -> int:
        """How many times the iterations of the first population this one gets."""
        return _EFFORTS[min(self.populations, len(_EFFORTS) - 1)]

    def _first(self, generation: int) -> Population:
        """Random starts, each the best of some candidates; the very first beside given lanes."""
        count, draw = self.how.candidates, self._stream(generation)
        drawn_LP = drawn(self.family, draw, self.lanes * count)
        if self.sparse:
            drawn_LP = sparse(self.family, drawn_LP, draw)
        error_L = first_errors(
            self.coarse, NormalProjection(), drawn_LP, execution=self._execution(self.coarse)
        )
        starts_LP = best_of(drawn_LP, error_L, count)
        if self.given_LP is not None and generation == 0:
            starts_LP = torch.cat([self.given_LP, starts_LP])
        return self._fitted(starts_LP).sorted

    def _next(self, generation: int, population: Population) -> Population:
        """Parents, and in the place of the others their children."""
        most = self.lanes // self.how.parents
        parents = population.parents(most, promising=self.promising)
        each = -(-(self.lanes - len(parents)) // len(parents))
        draw = self._stream(generation)
        born_LP = children(self.family, parents.theta_LP, draw, each=each)
        born = self._fitted(born_LP[: self.lanes - len(parents)])
        return parents.beside(born).sorted

    def _stream(self, generation: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, generation, 1))

    def _solved(self, problem: Problem, solve: Solve, theta_LP: Tensor) -> tuple[Tensor, Tensor]:
        """Lanes with the linear block solved for, and their errors."""
        solved_LP = theta_LP.clone()
        error_L = torch.full((theta_LP.shape[0],), torch.inf, dtype=torch.float64)
        device, dtype = problem.x_BEN.device, problem.x_BEN.dtype

        def work(lanes_L: Tensor, slots_L: Tensor) -> None:
            found = solve(problem, theta_LP[lanes_L][slots_L].to(device, dtype))
            count = lanes_L.shape[0]
            solved_LP[lanes_L] = found.theta_LP[:count].cpu().to(torch.float64)
            error_L[lanes_L] = found.error_L[:count].cpu().to(torch.float64)

        over_chunks(work, theta_LP.shape[0], self._execution(problem))
        return solved_LP, error_L

    def _fitted(self, starts_LP: Tensor) -> Population:
        """Lanes after a generation: the worse ones are given up after their trial."""
        how, stopping = self.how, Stopping(error=_COARSE_GOAL, patience=15, progress=0.02)

        def run(theta_LP: Tensor, iterations: int) -> FitResult:
            algorithm = NormalProjection(stopping=replace(stopping, iterations=iterations))
            return self._fit(self.coarse, algorithm, theta_LP)

        tried = run(starts_LP, self.effort * how.trial)
        kept = max(4, starts_LP.shape[0] // _KEPT_AFTER_TRIAL)
        order_L = numbers(tried.error_L).argsort(stable=True)
        first = run(tried.theta_LP[order_L[:kept]], self.effort * how.iterations)
        given_up_L = order_L[kept:]
        status_L = torch.where(
            tried.status_L == Status.NON_FINITE, tried.status_L, int(Status.GIVEN_UP)
        )
        return of_result(first).beside(
            Population(
                theta_LP=tried.theta_LP[given_up_L],
                error_L=tried.error_L[given_up_L],
                status_L=status_L[given_up_L],
                iterations_L=tried.iterations_L[given_up_L],
                full_L=torch.zeros(given_up_L.shape[0], dtype=torch.bool),
            )
        )

    def _finished(self, population: Population, *, anyway: bool = False) -> tuple[Population, bool]:
        """The population with promising lanes finished in full, and whether one has arrived."""
        first = torch.arange(min(self.how.finished, len(population)))
        error_L, full_L = population.error_L[first], population.full_L[first]
        chosen = first[~full_L & (torch.isfinite(error_L) & (error_L < self.promising) | anyway)]
        if chosen.shape[0]:
            limit = Stopping().iterations if anyway else _AT_ONCE
            stopping = Stopping(error=self.roundoff, iterations=limit)
            algorithm = VariableProjection(stopping=stopping)
            done = self._fit(self.problem, algorithm, population.theta_LP[chosen])
            finished = replace(of_result(done), full_L=done.status_L != Status.ITERATION_LIMIT)
            if anyway:
                finished = replace(finished, full_L=torch.ones_like(finished.full_L))
            others = torch.ones(len(population), dtype=torch.bool).index_fill(0, chosen, False)
            population = finished.beside(population.lanes(others.nonzero()[:, 0])).sorted
        arrived = chosen.shape[0] > 0 and float(population.error_L[0]) <= self.goal
        return population, arrived

    def _keep(self, population: Population) -> None:
        """Put a population's lanes beside those of earlier ones, as many as a result has."""
        if self.archive is not None:
            population = population.beside(self.archive).sorted
        self.archive = population.lanes(torch.arange(min(self.lanes, len(population))))

    def _ended(self) -> FitResult:
        """Lanes that are kept and given, on the full rule, the best finished in full and first."""
        assert self.archive is not None
        population = self._on_the_full_rule(self.archive)
        if self.given_LP is not None:
            population = population.beside(self._on_the_full_rule(of_starts(self.given_LP)))
        population, _ = self._finished(population.sorted, anyway=True)
        order = torch.argsort((~population.full_L).to(torch.int64), stable=True)
        return population.lanes(order[: self.lanes]).result

    def _fit(self, problem: Problem, algorithm: Algorithm, theta_LP: Tensor) -> FitResult:
        execution = self._execution(problem)
        return fit(problem, algorithm, theta_LP, execution=execution, observer=self.observer)

    def _on_the_full_rule(self, population: Population) -> Population:
        """Lanes that are not finished with the error that counts, given up unless they will be."""
        solved_LP, solved_L = self._solved(
            self.problem, VariableProjection().linearise, population.theta_LP
        )
        full_L = population.full_L
        status_L = torch.where(torch.isfinite(solved_L), int(Status.GIVEN_UP), Status.NON_FINITE)
        return replace(
            population,
            theta_LP=torch.where(full_L[:, None], population.theta_LP, solved_LP),
            error_L=torch.where(full_L, population.error_L, solved_L),
            status_L=torch.where(full_L, population.status_L, status_L),
        )

    def _execution(self, problem: Problem) -> Execution:
        return self.execution or Execution.of(problem)
