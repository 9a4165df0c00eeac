"""What a proof is here: a statement, its assumptions, and steps that are checked exactly.

A step is either *checked* (an identity reduced to zero, an exact limit, a Laurent coefficient,
an exact inequality over rationals, algebraic numbers or balls) or *stated*: a sentence that an
argument needs and no computation replaces, such as closure under sums. Stated steps are part
of the transcript and are marked as such. A theorem is proved when every checked step is.

The assumptions of a theorem are data (its *setting*), so that a mutation is the same proof
run in another setting: one in which the statement is false, with the counterexample that
shows it. A proof that survives its mutation proves nothing. A mutation is *refuted* where a step
is shown to be false, and merely *undecided* where a step is only not shown: then it says why.

No verdict depends on how long a check takes: one that does not end in time is no answer, and
raises :class:`UnfinishedStepError`.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from expressivity.evidence import Evidence
from expressivity.registry import Registry, of_type
from expressivity.time_limit import OutOfTimeError, within


class ProofVerdict(StrEnum):
    """Outcome of a step or a theorem; ``stated`` only of a step."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"
    STATED = "stated"


Check = Callable[[], bool | None]
"""True: shown; False: shown to be false; None: not settled. Anything else is an error."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of a proof.

    Attributes:
        statement: what is claimed, in plain words and formulas.
        source: equation, theorem or DOI, or ``docs/theory.md`` with the section.
        check: the exact check, or None for a sentence that is stated and not checked.
        latex: the claim as LaTeX, where words alone would not do.
    """

    statement: str
    source: str
    check: Check | None = None
    latex: str | None = None


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A setting in which a theorem's statement is false.

    Attributes:
        name: what was changed.
        setting: the changed assumptions, of the type the theorem's steps take.
        counterexample: a step whose check shows that the mutated statement is false.
        undecided_because: where no step of the mutated proof is shown to be false, why not.

    Raises:
        ValueError: the setting is None.
    """

    name: str
    setting: Any
    counterexample: Step
    undecided_because: str | None = None

    def __post_init__(self) -> None:
        if self.setting is None:
            raise ValueError(
                f"required: a setting for the mutation {self.name!r}; got None, which stands for "
                "the theorem's own"
            )


@dataclass(frozen=True, kw_only=True)
class Theorem:
    """A theorem or lemma with its proof.

    Attributes:
        name: short name, as ``T2``.
        title: one line.
        statement: the claim in full.
        assumptions: what is assumed, one sentence each.
        setting: the assumptions as data, in the form in which the statement is true.
        steps: setting to the steps in reading order; building them must be cheap.
        mutations: at least two.
        source: where the statement comes from.
    """

    name: str
    title: str
    statement: str
    assumptions: tuple[str, ...]
    setting: Any
    steps: Callable[[Any], Iterable[Step]]
    mutations: tuple[Mutation, ...]
    source: str


THEOREMS: Registry[Theorem] = Registry(
    "theorem", group="expressivity.theorems", check=of_type(Theorem)
)


_VERDICTS = (
    (True, ProofVerdict.PROVED),
    (False, ProofVerdict.REFUTED),
    (None, ProofVerdict.UNKNOWN),
)


@dataclass(frozen=True, kw_only=True)
class StepOutcome:
    """A step after its check."""

    step: Step
    verdict: ProofVerdict
    seconds: float

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        proved = self.verdict is ProofVerdict.PROVED
        return {
            "statement": self.step.statement,
            "verdict": str(self.verdict),
            "evidence": str(Evidence.PROVED if proved else Evidence.UNKNOWN),
            "source": self.step.source,
        }


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A theorem's steps after their checks, in its own or a mutated setting."""

    theorem: Theorem
    outcomes: tuple[StepOutcome, ...]

    @property
    def verdict(self) -> ProofVerdict:
        """Refuted if a step is, proved if every checked step is (and there is one)."""
        verdicts = {outcome.verdict for outcome in self.outcomes} - {ProofVerdict.STATED}
        if ProofVerdict.REFUTED in verdicts:
            return ProofVerdict.REFUTED
        return ProofVerdict.PROVED if verdicts == {ProofVerdict.PROVED} else ProofVerdict.UNKNOWN

    @property
    def seconds(self) -> float:
        """Time all checks took."""
        return sum(outcome.seconds for outcome in self.outcomes)

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md; what a proof kernel says is added by who asks one."""
        return {
            "name": self.theorem.name,
            "verdict": str(self.verdict),
            "seconds": self.seconds,
            "kernel": None,
            "steps": [outcome.json() for outcome in self.outcomes],
        }


STEP_SECONDS = 120.0
"""The guard of each step, more than ten times what the slowest built-in one takes."""


class UnfinishedStepError(RuntimeError):
    """A check did not end within the guard: nothing is known, not even that it is undecided."""


def prove(theorem: Theorem, *, setting: Any = None, step_seconds: float = STEP_SECONDS) -> Proof:
    """Check every step, in the theorem's own setting or another.

    Raises:
        UnfinishedStepError: a step took longer than ``step_seconds``, a guard against checks that
            never end (``time_limit.within``: in the main thread; in others there is none).
        TypeError: a check answers anything but True, False or None.

    >>> step = Step(statement="1 + 1 = 2", source="arithmetic", check=lambda: 1 + 1 == 2)
    >>> theorem = Theorem(name="A", title="", statement="", assumptions=(), setting=None,
    ...                   steps=lambda _: [step], mutations=(), source="")
    >>> str(prove(theorem).verdict)
    'proved'
    """
    chosen = theorem.setting if setting is None else setting
    outcomes = tuple(_run(step, theorem, step_seconds) for step in theorem.steps(chosen))
    return Proof(theorem=theorem, outcomes=outcomes)


def _run(step: Step, theorem: Theorem, step_seconds: float) -> StepOutcome:
    started = time.perf_counter()
    if step.check is None:
        return StepOutcome(step=step, verdict=ProofVerdict.STATED, seconds=0.0)
    try:
        answer = within(step_seconds, step.check)
    except OutOfTimeError as error:
        raise UnfinishedStepError(
            f"theorem {theorem.name}: the step {step.statement!r} did not end within its "
            f"{step_seconds:g} seconds, and nothing is decided: give it more --step-seconds"
        ) from error
    # Compared by identity: sympy's own true, or a nonzero number, is not an answer.
    verdict = next((verdict for expected, verdict in _VERDICTS if answer is expected), None)
    if verdict is None:
        raise TypeError(f"required: a check that answers True, False or None; got {answer!r}")
    return StepOutcome(step=step, verdict=verdict, seconds=time.perf_counter() - started)


@dataclass(frozen=True, kw_only=True)
class MutationOutcome:
    """What the proof and the counterexample of a mutation came to."""

    theorem: str
    mutation: Mutation
    proof: Proof
    counterexample: StepOutcome

    @property
    def caught(self) -> bool:
        """The mutated statement is shown false, and its proof does not go through."""
        shown = self.counterexample.verdict is ProofVerdict.PROVED
        return shown and self.proof.verdict is not ProofVerdict.PROVED

    @property
    def refuted(self) -> bool:
        """A step of the mutated proof is shown to be false, rather than only not shown."""
        return self.proof.verdict is ProofVerdict.REFUTED

    @property
    def survived(self) -> bool:
        """The proof goes through, or the counterexample is none."""
        wrong = self.counterexample.verdict is ProofVerdict.REFUTED
        return wrong or self.proof.verdict is ProofVerdict.PROVED

    @property
    def in_words(self) -> str:
        """One of ``SURVIVED``, ``counterexample not shown``, ``refuted``, ``undecided: ..``."""
        if self.survived:
            return "SURVIVED"
        if not self.caught:
            return "counterexample not shown"
        if self.refuted:
            return "refuted"
        return f"undecided: {self.mutation.undecided_because or 'no reason is given'}"

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {
            "theorem": self.theorem,
            "mutation": self.mutation.name,
            "counterexample": self.mutation.counterexample.statement,
            "caught": self.caught,
            "refuted": self.refuted,
        }


def mutate(theorem: Theorem, *, step_seconds: float = STEP_SECONDS) -> list[MutationOutcome]:
    """Run the proof in every mutated setting and check every counterexample; raises as `prove`."""
    return [
        MutationOutcome(
            theorem=theorem.name,
            mutation=mutation,
            proof=prove(theorem, setting=mutation.setting, step_seconds=step_seconds),
            counterexample=_run(mutation.counterexample, theorem, step_seconds),
        )
        for mutation in theorem.mutations
    ]
