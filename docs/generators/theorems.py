"""One page for each registered theorem, with the verdicts of the build that wrote it."""

import re
from collections.abc import Iterable, Mapping, Sequence

from expressivity.symbolic.proof import (
    THEOREMS,
    MutationOutcome,
    Proof,
    ProofVerdict,
    mutate,
    prove,
)
from generators import escape, table, toctree

_INTRODUCTION = """# Theorems and proofs

Each page gives a theorem's statement, its assumptions and the steps of its proof, with the
verdict that the step had when this documentation was built. `expressivity prove` runs the same
checks.

A step is *proved* if an exact check succeeded, and *stated* if it is a sentence that the argument
needs and no computation replaces; a stated step has the evidence *unknown*. A theorem is proved
if all its checked steps are. A *mutation* runs the proof under changed assumptions that make the
statement false. It is caught if its counterexample is confirmed and the proof fails: *refuted* if a
step is shown to be false, *undecided*, with the reason, if one is only not shown. The argument that
ties the steps together is in [Theory](../../theory.md).
"""


def checked() -> list[tuple[Proof, list[MutationOutcome]]]:
    """Every registered theorem, proved now, with its mutations."""
    return [(prove(THEOREMS[name]), mutate(THEOREMS[name])) for name in THEOREMS]


def pages(
    proofs: Iterable[tuple[Proof, Sequence[MutationOutcome]]], anchors: Mapping[str, str]
) -> dict[str, str]:
    """An overview and a page for each theorem.

    Args:
        proofs: proofs with their mutations, in the order of the registry.
        anchors: section number of docs/theory.md to its anchor.
    """
    found = list(proofs)
    # The sidebar has room for names, not for titles.
    named = [f"{proof.theorem.name} <{proof.theorem.name}>" for proof, _ in found]
    rows = [_row(proof, mutations) for proof, mutations in found]
    overview = table("theorem", "", "verdict", "steps checked", "mutations caught", rows=rows)
    index = "\n".join((_INTRODUCTION, overview, "", toctree(*named, hidden=True), ""))
    return {"index.md": index} | {
        f"{proof.theorem.name}.md": _page(proof, mutations, anchors) for proof, mutations in found
    }


def theory_anchors(text: str) -> dict[str, str]:
    """Section numbers of docs/theory.md to the anchors that MyST gives their headings.

    >>> theory_anchors("## 3 Separations")
    {'3': '3-separations'}
    """
    headings = re.findall(r"^## (\d+) (.*)$", text, re.MULTILINE)
    return {number: f"{number}-{title.lower().replace(' ', '-')}" for number, title in headings}


def _row(proof: Proof, mutations: Sequence[MutationOutcome]) -> tuple[str, ...]:
    name, title = proof.theorem.name, escape(proof.theorem.title)
    return (f"[{name}]({name}.md)", title, str(proof.verdict), _checked(proof), _caught(mutations))


def _checked(proof: Proof) -> str:
    checks = [outcome for outcome in proof.outcomes if outcome.step.check is not None]
    passed = sum(outcome.verdict is ProofVerdict.PROVED for outcome in checks)
    return f"{passed} of {len(checks)}"


def _caught(mutations: Sequence[MutationOutcome]) -> str:
    caught = [outcome for outcome in mutations if outcome.caught]
    refuted = sum(outcome.refuted for outcome in caught)
    return f"{len(caught)} of {len(mutations)} ({refuted} refuted)"


def _page(proof: Proof, mutations: Sequence[MutationOutcome], anchors: Mapping[str, str]) -> str:
    theorem = proof.theorem
    steps = [
        (
            str(number),
            escape(outcome.step.statement),
            str(outcome.verdict),
            str(outcome.json()["evidence"]),
            _linked(outcome.step.source, anchors),
        )
        for number, outcome in enumerate(proof.outcomes, 1)
    ]
    changes = [
        (
            escape(outcome.mutation.name),
            escape(outcome.mutation.counterexample.statement),
            escape(outcome.in_words),
        )
        for outcome in mutations
    ]
    parts = [
        f"# {theorem.name}: {escape(theorem.title)}",
        f"> {escape(theorem.statement)}",
        f"Verdict: **{proof.verdict}**, {_checked(proof)} checked steps. "
        f"Mutations caught: {_caught(mutations)}.",
        f"Source: {_linked(theorem.source, anchors)}",
        f"```\nexpressivity prove {theorem.name} --mutate\n```",
        "## Assumptions",
        "\n".join(f"- {escape(assumption)}" for assumption in theorem.assumptions),
        "## Steps",
        table("", "step", "verdict", "evidence", "source", rows=steps),
    ]
    if changes:
        parts += ["## Mutations", table("changed", "counterexample", "", rows=changes)]
    return "\n\n".join(parts) + "\n"


def _linked(source: str, anchors: Mapping[str, str]) -> str:
    """A source, with a link where it names a section of docs/theory.md."""

    def link(match: re.Match[str]) -> str:
        number = match["number"]
        if number not in anchors:
            return "[Theory](../../theory.md)"
        return f"[Theory, section {number}](../../theory.md#{anchors[number]})"

    return re.sub(r"docs/theory\.md(, section (?P<number>\d+))?", link, escape(source))
