"""What Coq says of a theorem that has compiled: its axioms, and whether it says what it should.

That a file compiles shows little: a lemma may be admitted, an axiom assumed, a check of the kernel
switched off, or the theorem may say something else than its name. Here Coq is asked for the axioms
behind each theorem, whether it has the type that ``statements.py`` writes, and to prove that the
targets in it are the program's.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from expressivity.output import read_document, write_document
from proofs.kernel.compilation import AT_ONCE, OPTIONS
from proofs.kernel.coq import Coq, ended
from proofs.kernel.library import PREFIX, without_comments

AXIOMS = (
    "ClassicalDedekindReals.sig_not_dec",
    "ClassicalDedekindReals.sig_forall_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
)
"""All that a theorem may assume: the axioms of Coq's real numbers, and classical logic."""

PROOF = f"ltac:({PREFIX}.formulas.same_formula)"
"""Proves in Coq that a target is its formula, or fails."""

_UNPROVED = re.compile(
    r"\b(Admitted|admit|Axioms?|Parameters?|Conjectures?|bypass_check|type_in_type"
    r"|Unset\s+(?:Guard|Positivity|Universe)\s+Checking|Declare\s+ML\s+Module)\b"
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What Coq says of one theorem.

    Attributes:
        axioms: all that it and the proofs of its formulas assume, by full name.
        odd: lines that are no axiom and should not be there, as checks that are switched off.
        statement: the theorem as Coq prints it; None where Coq knows none of this name.
        generated: what it should say, as Coq prints it, or its complaint; None where nothing was
            given.
        fits: whether Coq takes the theorem for a proof of that, and prints both alike.
        unlike: formulas of targets that Coq does not prove.
    """

    axioms: tuple[str, ...]
    odd: tuple[str, ...]
    statement: str | None
    generated: str | None
    fits: bool
    unlike: tuple[str, ...] = ()


def unproved(text: str) -> list[str]:
    """Words in a file that leave something unproved, or switch a check of the kernel off.

    >>> unproved("Lemma a : 1 = 2. Proof. (* admit? *) Admitted.")
    ['Admitted']
    """
    return sorted({" ".join(found.split()) for found in _UNPROVED.findall(without_comments(text))})


@dataclass(frozen=True, kw_only=True)
class Question:
    """What Coq is asked about.

    Attributes:
        theorem: its name in Coq.
        file: that proves it.
        generated: what it should say, as Coq text, or None.
        formulas: what its targets should be, each an equation that Coq is to prove.
    """

    theorem: str
    file: str
    generated: str | None
    formulas: tuple[str, ...] = ()

    def commands(self) -> dict[str, str]:
        """Coq's commands by what they ask; the answer stays empty where Coq refuses one."""
        name = f"{PREFIX}.{self.file}.{self.theorem}"
        own = {f"formula{i}": text for i, text in enumerate(self.formulas)}
        proofs = {what: f"{self.theorem}_{what}" for what in own}
        asked = {
            what: f"Definition {proofs[what]} : {text} := {PROOF}." for what, text in own.items()
        }
        whole = f"{self.theorem}_with_formulas"
        asked["whole"] = f"Definition {whole} := ({', '.join([name, *proofs.values()])})."
        asked |= {"axioms": f"Print Assumptions {whole}.", "statement": f"Check {name}."}
        if self.generated is not None:
            asked["generated"] = f"Check ({self.generated})."
            asked["fits"] = f"Check ({name} : {self.generated})."
        return asked


def ask(
    coq: Coq, folder: Path, modules: Sequence[str], questions: Sequence[Question]
) -> list[Answer]:
    """Ask Coq about theorems of compiled files; what was answered before is read back.

    Args:
        coq: the installation that compiled them.
        folder: where they are.
        modules: the files whose names the statements use, in the order of their compilation.
        questions: one for each theorem.

    Returns:
        An answer for each question.

    Raises:
        OSError: Coq did not come to the end of its script.
    """
    opening = [_PRELUDE, *(f"From {PREFIX} Require Import {name}." for name in modules), _PRINTING]
    places = [folder / f"{q.theorem}.{_digest(repr((opening, q)))}.json" for q in questions]
    new = [(question, place) for question, place in zip(questions, places, strict=True)
           if _stored(place) is None]  # fmt: skip
    with TemporaryDirectory(dir=folder) as work:
        shares = [new[n::AT_ONCE] for n in range(AT_ONCE) if new[n::AT_ONCE]]
        works = [Path(work) / str(n) for n in range(len(shares))]
        processes = [
            _asked(coq, folder, room, opening, [question for question, _ in share])
            for room, share in zip(works, shares, strict=True)
        ]
        with ended(*processes):
            codes = [process.wait() for process in processes]
        if any(codes):  # what it has answered may be cut off
            raise OSError(f"coqtop ended with status {max(codes)}")
        for room, share in zip(works, shares, strict=True):
            for question, place in share:
                write_document(place, _answers(room, question))
    return [
        _answer(question, _stored(place) or {})
        for question, place in zip(questions, places, strict=True)
    ]


_PRELUDE = "From Coq Require Import Reals List. Import ListNotations."
_PRINTING = "Open Scope R_scope. Set Printing Width 100. Set Printing Depth 1000."


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _stored(place: Path) -> dict[str, str] | None:
    """The answers by what was asked, or None where there are none that are whole."""
    try:
        return read_document(place)
    except ValueError:
        return None


def _asked(
    coq: Coq, folder: Path, work: Path, opening: Sequence[str], questions: Sequence[Question]
) -> subprocess.Popen[bytes]:
    """A Coq that writes each answer to a file of its own, empty where it refuses the question."""
    work.mkdir()
    lines = list(opening)
    for question in questions:
        for what, command in question.commands().items():
            lines.append(f'Redirect "{work / question.theorem}.{what}" {command}')
    script = work / "script"
    script.write_text("\n".join(lines) + "\n", "utf-8")
    return coq.start("coqtop", *OPTIONS, folder=folder, script=script, log=work / "log")


def _answers(work: Path, question: Question) -> dict[str, object]:
    """The answers as Coq gave them; a question without a file was never reached."""
    files = {what: work / f"{question.theorem}.{what}.out" for what in question.commands()}
    return {what: file.read_text("utf-8") for what, file in files.items() if file.exists()}


def _answer(question: Question, said: Mapping[str, str]) -> Answer:
    axioms, odd = assumptions(said.get("axioms", ""))
    statement = _one_line(said.get("statement", "").partition(":")[2])
    generated = None
    if "generated" in said:  # a type is printed as `type : Prop`
        generated = _one_line(said["generated"].rpartition(":")[0]) or "what Coq cannot read"
    return Answer(
        axioms=tuple(axioms),
        odd=tuple(odd),
        statement=statement or None,
        generated=generated,
        fits=bool(said.get("fits")) and statement == generated,
        unlike=tuple(
            text for i, text in enumerate(question.formulas) if not said.get(f"formula{i}")
        ),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def assumptions(text: str) -> tuple[list[str], list[str]]:
    r"""The axioms that ``Print Assumptions`` lists, and all lines that list something else.

    >>> assumptions("Axioms:\nLogic.classic\n  : forall P, P\nf is assumed to be guarded.")
    (['Logic.classic'], ['f is assumed to be guarded.'])
    >>> assumptions("Closed under the global context")
    ([], [])
    >>> assumptions("")
    ([], ['Coq gave no answer'])
    """
    axioms: list[str] = []
    odd: list[str] = []
    lines = [line for line in text.splitlines() if line and not line.startswith("Fetching opaque")]
    for line in lines:
        named = re.match(r"([\w.']+)(?:\s*:.*)?$", line)
        if line in ("Axioms:", "Closed under the global context") or line.startswith(" "):
            continue
        if named is not None and lines[0] == "Axioms:":
            axioms.append(named[1])
        else:
            odd.append(line)
    return axioms, odd if lines else ["Coq gave no answer"]


def foreign(axioms: Sequence[str]) -> list[str]:
    """Those that are not on the list."""
    return [axiom for axiom in axioms if axiom not in AXIOMS]
