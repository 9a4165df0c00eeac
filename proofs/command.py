"""``expressivity prove``: run the theorems, show verdicts, write a transcript.

:func:`register` is the entry point of the group ``expressivity.commands``. Heavy modules are
imported inside the command, so that ``--help`` is quick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from expressivity.cli import Json
from expressivity.commands.console import console, print_table, table_console
from expressivity.commands.names import named
from expressivity.commands.progress import tally
from expressivity.output import ExitCode, write_json
from expressivity.symbolic.proof import STEP_SECONDS

if TYPE_CHECKING:
    from expressivity.symbolic.proof import MutationOutcome, Proof, Theorem
    from proofs.kernel import Coq, KernelVerdict


def register(app: typer.Typer) -> None:
    """Add the command ``prove``.

    >>> app = typer.Typer()
    >>> register(app)
    >>> [command.name for command in app.registered_commands]
    ['prove']
    """

    @app.command(name="prove")
    def prove(
        theorems: Annotated[
            list[str] | None,
            typer.Argument(help="Theorems; all of them if none is named.", **named("theorem")),
        ] = None,
        mutate: Annotated[
            bool,
            typer.Option(
                "--mutate",
                help="Also run every proof under assumptions that make its statement false.",
            ),
        ] = False,
        latex: Annotated[
            Path | None, typer.Option(help="Write a transcript to this LaTeX file.")
        ] = None,
        kernel: Annotated[
            bool,
            typer.Option("--kernel", help="Also have Coq check those that are in proofs/coq."),
        ] = False,
        recheck: Annotated[
            bool,
            typer.Option("--recheck", help="The same, and coqchk on the compiled files: slow."),
        ] = False,
        step_seconds: Annotated[
            float, typer.Option(help="Give up on a step after so long, with exit code 4.")
        ] = STEP_SECONDS,
        as_json: Json = False,
    ) -> int:
        """Check the theorems of docs/theory.md step by step, exactly."""
        return run(
            tuple(theorems or ()),
            with_mutations=mutate,
            latex=latex,
            kernel=kernel or recheck,
            recheck=recheck,
            step_seconds=step_seconds,
            as_json=as_json,
        )


def run(
    names: Sequence[str],
    *,
    with_mutations: bool = False,
    latex: Path | None = None,
    kernel: bool = False,
    recheck: bool = False,
    step_seconds: float = STEP_SECONDS,
    as_json: bool = False,
) -> int:
    """Prove, and if asked for mutate and ask Coq; the exit code is that of docs/formats.md.

    0: all proved and every mutation refuted, or undecided for a reason that it gives; 1: a
    theorem refuted or a mutation survived, or Coq does not accept a theorem; 3: otherwise,
    something is unknown, or Coq is asked and not installed.

    Raises:
        ValueError: an unknown theorem, a guard that is not positive, or a transcript in a
            folder that does not exist.
        UnfinishedStepError: a step ran into the guard; nothing is printed or written.
    """
    from expressivity.symbolic.proof import THEOREMS

    names = [THEOREMS.canonical(name) for name in names]
    if not 0 < step_seconds < float("inf"):
        raise ValueError(f"required: --step-seconds above 0 and finite; got {step_seconds}")
    if latex is not None and (latex.is_dir() or not latex.parent.is_dir()):
        raise ValueError(f"required: a file in an existing folder for --latex; got {latex}")
    coq = _coq() if kernel else None
    if kernel and coq is None:
        return ExitCode.UNDECIDED
    proofs, mutations = _run_with_progress(
        names or None, step_seconds, with_mutations=with_mutations, quiet=as_json
    )
    verdicts = {} if coq is None else _ask(coq, proofs, recheck=recheck, quiet=as_json)
    if latex is not None:
        from proofs.latex import transcript

        latex.write_text(transcript(proofs, mutations), encoding="utf-8")
    if as_json:
        write_json(
            {
                "schema": "expressivity.prove/1",
                "theorems": [_json(proof, verdicts.get(proof.theorem.name)) for proof in proofs],
                "mutations": [outcome.json() for outcome in mutations],
            }
        )
    else:
        _show(proofs, mutations)
        if coq is not None:
            _show_verdicts(coq, proofs, verdicts)
    if not all(verdict.accepted for verdict in verdicts.values()):
        return ExitCode.OTHERWISE
    return _exit_code(proofs, mutations)


def _coq() -> Coq | None:
    """The installation; None, with one line that says what is missing."""
    from proofs.kernel.coq import CoqMissingError, find_coq

    try:
        return find_coq()
    except CoqMissingError as error:
        console(stderr=True).print(f"expressivity: {error}", soft_wrap=True)
        return None


def _ask(
    coq: Coq, proofs: Sequence[Proof], *, recheck: bool, quiet: bool
) -> dict[str, KernelVerdict]:
    """What Coq's kernel says of the theorems that have a Coq file, which is recorded."""
    from proofs.kernel import builtin_library, check
    from proofs.kernel.records import store
    from proofs.kernel.statements import statement

    library = builtin_library()
    with tally("Coq", quiet=quiet) as done:
        verdicts = check(
            coq,
            library,
            {proof.theorem.name: statement(proof.theorem) for proof in proofs},
            recheck=recheck,
            on_file=lambda name, count: done.update(1, total=count, label=f"Coq: {name}.v"),
        )
    store(library, coq, verdicts.values())
    return verdicts


def _json(proof: Proof, verdict: KernelVerdict | None) -> dict[str, object]:
    return {**proof.json(), "kernel": None if verdict is None else verdict.json()}


def _exit_code(proofs: Sequence[Proof], mutations: Sequence[MutationOutcome]) -> ExitCode:
    from expressivity.symbolic.proof import ProofVerdict

    verdicts = [proof.verdict for proof in proofs]
    if ProofVerdict.REFUTED in verdicts or any(outcome.survived for outcome in mutations):
        return ExitCode.OTHERWISE
    decided = all(verdict is ProofVerdict.PROVED for verdict in verdicts)
    if not decided or not all(_is_settled(outcome) for outcome in mutations):
        return ExitCode.UNDECIDED
    return ExitCode.AS_EXPECTED


def _is_settled(outcome: MutationOutcome) -> bool:
    """Caught, and refuted or with a reason why not."""
    return outcome.caught and (outcome.refuted or bool(outcome.mutation.undecided_because))


def _run_with_progress(
    names: Sequence[str] | None, step_seconds: float, *, with_mutations: bool, quiet: bool
) -> tuple[list[Proof], list[MutationOutcome]]:
    from expressivity.symbolic.proof import THEOREMS, mutate, prove

    count = len(THEOREMS if names is None else dict.fromkeys(names))
    with tally("theorems", count * (1 + with_mutations), quiet=quiet) as done:

        def checked(theorem: Theorem) -> tuple[Proof, list[MutationOutcome]]:
            done.update(label=theorem.name)
            proof = prove(theorem, step_seconds=step_seconds)
            done.update(1)
            if not with_mutations:
                return proof, []
            done.update(label=f"{theorem.name}, mutated")
            outcomes = mutate(theorem, step_seconds=step_seconds)
            done.update(1)
            return proof, outcomes

        found = list(THEOREMS.each(checked, names).values())
    return [proof for proof, _ in found], [one for _, outcomes in found for one in outcomes]


def _show(proofs: Sequence[Proof], mutations: Sequence[MutationOutcome]) -> None:
    plain = table_console()
    table = Table("theorem", "step", "verdict", "seconds", box=SIMPLE_HEAD, pad_edge=False)
    for proof in proofs:
        table.add_section()
        name, title = proof.theorem.name, proof.theorem.title
        table.add_row(name, title, str(proof.verdict), f"{proof.seconds:.2f}", style="bold")
        for outcome in proof.outcomes:
            seconds = "" if outcome.step.check is None else f"{outcome.seconds:.2f}"
            table.add_row("", outcome.step.statement, str(outcome.verdict), seconds)
    print_table(table)
    if mutations:
        changed = Table(
            "theorem", "mutation", "counterexample", "proof", box=SIMPLE_HEAD, pad_edge=False
        )
        for outcome in mutations:
            statement = outcome.mutation.counterexample.statement
            changed.add_row(outcome.theorem, outcome.mutation.name, statement, outcome.in_words)
        print_table(changed)
    proved = sum(str(proof.verdict) == "proved" for proof in proofs)
    seconds = sum(proof.seconds for proof in proofs)
    plain.print(
        f"{proved} of {len(proofs)} theorems proved in {seconds:.1f} s. Steps that are stated "
        "are sentences that no computation replaces."
    )
    if mutations:
        caught = [outcome for outcome in mutations if outcome.caught]
        refuted = sum(outcome.refuted for outcome in caught)
        plain.print(
            f"{len(caught)} of {len(mutations)} mutations caught: {refuted} refuted, "
            f"{len(caught) - refuted} merely undecided."
        )


def _show_verdicts(
    coq: Coq, proofs: Sequence[Proof], verdicts: Mapping[str, KernelVerdict]
) -> None:
    """The kernel's verdicts beside sympy's; ``-`` where a theorem has no Coq file."""
    plain = table_console()
    table = Table(
        "theorem", "sympy", "kernel", "axioms", "seconds", box=SIMPLE_HEAD, pad_edge=False
    )
    for proof in proofs:
        found = verdicts.get(proof.theorem.name)
        row = ("-", "", "") if found is None else _row(found)
        table.add_row(proof.theorem.name, str(proof.verdict), *row)
    print_table(table)
    accepted = [found for found in verdicts.values() if found.accepted]
    for found in verdicts.values():
        if not found.accepted:
            plain.print(f"{found.theorem}: {found.problem}", soft_wrap=True)
    alike = sum(found.as_generated is True for found in accepted)
    formulas = {formula for found in accepted for formula in found.formulas}
    plain.print(
        f"{len(accepted)} of {len(verdicts)} theorems with a Coq file accepted by the kernel of "
        f"Coq {coq.version}; {alike} of them say what Python writes of them. "
        f"{len(formulas)} formulas of their targets proved.",
        soft_wrap=True,
    )


def _row(found: KernelVerdict) -> tuple[str, str, str]:
    axioms = ", ".join(axiom.rpartition(".")[2] for axiom in found.axioms)
    checked = {None: "", True: ", coqchk too", False: ""}[found.rechecked]
    verdict = f"accepted{checked}" if found.accepted else "rejected"
    return verdict, axioms or "none", f"{found.seconds:.2f}"
