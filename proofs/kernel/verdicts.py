"""What the kernel says of each theorem that has a Coq file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from proofs.kernel import audit
from proofs.kernel.compilation import (
    OPTIONS,
    Compiled,
    closure,
    compile_files,
    needs,
    unpacked,
)
from proofs.kernel.coq import Coq
from proofs.kernel.library import PREFIX, Library

if TYPE_CHECKING:
    from proofs.kernel.clauses import Statement


@dataclass(frozen=True, kw_only=True)
class KernelVerdict:
    """What became of one theorem in Coq.

    Attributes:
        theorem: its name in Python.
        file: as ``t2.v``.
        coq: the version that checked it.
        problem: why it is not accepted, in one line; None where it is.
        axioms: all that it assumes.
        statement: as Coq prints it, where it compiled.
        formulas: what its targets are: equations that Python writes of the program's, and that Coq
            was asked to prove.
        as_generated: whether the statement is the one that Python writes from the theorem's own
            setting; None where Python writes none.
        seconds: of coqc for its file, when that was compiled.
        rechecked: whether coqchk accepts the file and all that it needs; None where it was not run.
    """

    theorem: str
    file: str
    coq: str
    problem: str | None
    axioms: tuple[str, ...] = ()
    statement: str | None = None
    formulas: tuple[str, ...] = ()
    as_generated: bool | None = None
    seconds: float = 0.0
    rechecked: bool | None = None

    @property
    def accepted(self) -> bool:
        """Whether nothing speaks against it."""
        return self.problem is None

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {
            "verdict": "accepted" if self.accepted else "rejected",
            "reason": self.problem,
            "axioms": list(self.axioms),
            "statement": self.statement,
            "as_generated": self.as_generated,
            "formulas": list(self.formulas),
            "file": self.file,
            "coq": self.coq,
            "seconds": self.seconds,
            "rechecked": self.rechecked,
        }


def coq_name(theorem: str) -> str:
    """The name of a theorem in Coq.

    >>> coq_name("T2-sigmoid")
    'T2_sigmoid'
    """
    return theorem.replace("-", "_")


def check(
    coq: Coq,
    library: Library,
    statements: Mapping[str, Statement | None],
    *,
    recheck: bool = False,
    on_file: Callable[[str, int], None] = lambda name, count: None,
) -> dict[str, KernelVerdict]:
    """Compile the theorems that have a Coq file, with what they need, and audit each.

    Args:
        coq: the installation.
        library: the files.
        statements: by theorem what it must say, or None where Python cannot write it.
        recheck: whether all is compiled afresh, and coqchk, a checker of its own, reads the
            compiled files once more.
        on_file: is called with each file that is done, and how many there are.

    Returns:
        The theorems that have a file, in the order asked for.

    Raises:
        OSError: the cache cannot be written.
    """
    places = {name: library.place_of(coq_name(name)) for name in statements}
    found = {name: place for name, place in places.items() if place is not None}
    with unpacked(library, coq, afresh=recheck) as folder:
        required = needs(library, coq, folder)
        order = closure(found.values(), required)
        compiled = compile_files(
            coq, folder, order, required, lambda name: on_file(name, len(order))
        )
        whole = [name for name in order if compiled[name].problem is None]
        questions = {
            name: _question(name, file, statements[name])
            for name, file in found.items()
            if file in whole
        }
        answers = audit.ask(coq, folder, whole, list(questions.values()))
        wrong = _rechecked(coq, folder, whole) if recheck else None
    answered = dict(zip(questions, answers, strict=True))
    return {
        name: _verdict(
            KernelVerdict(
                theorem=name,
                file=f"{file}.v",
                coq=coq.version,
                problem=None,
                seconds=compiled[file].seconds,
                formulas=questions[name].formulas if name in questions else (),
            ),
            compiled[file],
            _unproved(library, closure([file], required)),
            answered.get(name),
            wrong,
        )
        for name, file in found.items()
    }


def _question(name: str, file: str, statement: Statement | None) -> audit.Question:
    if statement is None:
        return audit.Question(theorem=coq_name(name), file=file, generated=None)
    return audit.Question(
        theorem=coq_name(name),
        file=file,
        generated=statement.text,
        formulas=tuple(formula.text() for formula in statement.formulas),
    )


def _unproved(library: Library, names: Sequence[str]) -> list[str]:
    """What these files leave unproved, and where."""
    return [
        f"{word} in {name}.v" for name in names for word in audit.unproved(library.sources[name])
    ]


def _verdict(
    base: KernelVerdict,
    compiled: Compiled,
    unproved: Sequence[str],
    answer: audit.Answer | None,
    wrong: str | None,
) -> KernelVerdict:
    if answer is None:
        problem = f"{base.file} does not compile: {_line(compiled.problem or '')}"
        return replace(base, problem=problem)
    return replace(
        base,
        axioms=answer.axioms,
        statement=answer.statement,
        as_generated=None if answer.generated is None else answer.fits,
        rechecked=None if wrong is None else not wrong,
        problem=_problem(unproved, answer, wrong),
    )


def _problem(unproved: Sequence[str], answer: audit.Answer, wrong: str | None) -> str | None:
    """The first of all that may speak against a theorem that compiled."""
    if unproved:
        return f"what it needs leaves something unproved: {', '.join(unproved)}"
    if answer.statement is None:
        return "Coq knows no theorem of this name"
    if answer.unlike:
        return f"its target is not the program's: Coq does not prove {'; '.join(answer.unlike)}"
    if extra := audit.foreign(answer.axioms):
        return f"it assumes {', '.join(extra)}"
    if answer.odd:
        return f"Print Assumptions says: {'; '.join(answer.odd)}"
    if answer.generated is not None and not answer.fits:
        return f"it does not say what Python writes of it: {answer.generated}"
    if wrong:
        return f"coqchk: {wrong}"
    return None


def _rechecked(coq: Coq, folder: Path, names: Sequence[str]) -> str:
    """What coqchk holds against compiled files and all that they need; empty for nothing.

    It lists the axioms of everything that is loaded, whether a theorem rests on them or not; which
    a theorem rests on is ``Print Assumptions``' to say. Here no file of ours may hold any.
    """
    ran = coq.run("coqchk", "-silent", "-o", *OPTIONS[3:], *(f"{PREFIX}.{n}" for n in names),
                  folder=folder)  # fmt: skip
    if ran.code != 0:
        return _line(ran.output) or f"it ended with status {ran.code}"
    summary = ran.output.partition("CONTEXT SUMMARY")[2]
    if summary.count("<none>") < 3 or f" {PREFIX}." in summary:
        return _line(summary)
    return ""


def _line(message: str) -> str:
    return " ".join(message.split())[:1000]
