"""Every theorem, proved in its own setting and refused in every mutated one."""

from dataclasses import dataclass
from typing import Any

from experiments.experiment import EXPERIMENTS, Experiment, Tier
from expressivity.runs.folder import Run
from expressivity.runs.units import OnProgress, Outcome, Unit
from expressivity.symbolic.proof import THEOREMS, mutate, prove


@dataclass(frozen=True, kw_only=True)
class ProofUnit(Unit):
    """One theorem; the record is ``{"theorem": ..., "mutations": [...]}`` of docs/formats.md."""

    theorem: str
    mutated: bool

    @property
    def identity(self) -> dict[str, object]:
        """See :class:`~expressivity.runs.units.Unit`."""
        return {"unit": "proof", "theorem": self.theorem, "mutated": self.mutated}

    @property
    def label(self) -> str:
        """The theorem's name."""
        return f"proof of {self.theorem}"

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """Check every step and, if asked for, every mutation."""
        theorem = THEOREMS[self.theorem]
        proof: dict[str, Any] = prove(theorem).json()
        del proof["seconds"]  # no part of the result
        mutations = mutate(theorem) if self.mutated else []
        if on_progress is not None:
            on_progress(1)
        return Outcome(
            record={"theorem": proof, "mutations": [outcome.json() for outcome in mutations]}
        )


def headlines(run: Run) -> dict[str, float]:
    """How many theorems are not proved and, where they were run, how many mutations survive."""
    unproved = sum(entry.record["theorem"]["verdict"] != "proved" for entry in run.entries)
    mutations = [mutation for entry in run.entries for mutation in entry.record["mutations"]]
    missed = sum(not mutation["caught"] for mutation in mutations)
    return {
        "theorems not proved": unproved,
        **({"mutations not caught": missed} if mutations else {}),
    }


def proofs(tier: Tier) -> Experiment:
    """All registered theorems; mutated too, except at the smallest tier."""
    return Experiment(
        name="proofs",
        tier=tier,
        title="Symbolic proofs of the theorems",
        claim="Every theorem and lemma of docs/theory.md.",
        falsified_by="A step that is refuted, or a mutated statement whose proof goes through.",
        cost="smoke: about 5 s, compilation included; cpu: about 20 s with 2 "
        "workers, compilation and other work on the machine included (2 cores); gpu: not measured",
        units=tuple(ProofUnit(theorem=name, mutated=tier is not Tier.SMOKE) for name in THEOREMS),
        headlines=headlines,
    )


EXPERIMENTS.add("proofs", proofs)
