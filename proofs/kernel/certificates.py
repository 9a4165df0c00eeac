"""``certify --kernel``: a Coq file that no network of a class equals a user's own expression.

The file is written from its header alone: expression, class, planes and points. :func:`check`
never runs Coq text of others: it writes the file again from the header, compares the two, and
has Coq compile its own.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from expressivity.certificates.kernel import KernelAnswer, KernelCertifier
from expressivity.output import notice
from proofs.kernel import terms
from proofs.kernel.audit import assumptions, foreign
from proofs.kernel.certificate_file import Certificate, read, target_of, text_of
from proofs.kernel.claims import CLAIMS
from proofs.kernel.compilation import OPTIONS, closure, compile_files, needs, unpacked
from proofs.kernel.coq import CoqMissingError, ended, find_coq
from proofs.kernel.library import Library, builtin_library

if TYPE_CHECKING:
    from expressivity.classes.families import Family
    from expressivity.registry import Registry

SECONDS = 600.0
"""Guard against a file that Coq does not come to the end of."""

_FILE = "certify"  # of the library: what a certificate needs


def register(registry: Registry[KernelCertifier]) -> None:
    """Add Coq; the entry point of the group ``expressivity.kernels``.

    >>> from expressivity.registry import Registry
    >>> kernels = Registry("kernel")
    >>> register(kernels)
    >>> list(kernels)
    ['coq']
    """
    registry.add("coq", KernelCertifier(name="coq", certify=certify, check=check))


def certify(expression: str, family: Family) -> KernelAnswer:
    """Find, write and compile a certificate.

    Raises:
        ValueError: an expression, class, gate or activation that no certificate is about.
    """
    named = _class_of(family)
    target = target_of(expression)
    library = builtin_library()
    found = CLAIMS[named].find(target)
    if found is None:
        return KernelAnswer(outcome="not decided", reason=_why(expression, family))
    planes, points = found
    certificate = Certificate(
        expression=expression, family=named, library=library.digest, planes=planes, points=points
    )
    return _compiled(text_of(certificate), certificate, library, failure="not decided")


def check(text: str) -> KernelAnswer:
    """Write a file again from its header, compare, and compile what was written.

    Raises:
        ValueError: a text that is not a file of this program, or one of another version.
    """
    certificate, library = read(text), builtin_library()
    if certificate.library != library.digest:
        raise ValueError(
            "required: a certificate of this version's Coq files; got one of others: write it "
            "again with certify --kernel"
        )
    if text_of(certificate) != text:
        return KernelAnswer(
            outcome="rejected", reason="the text is not the one that its header belongs to"
        )
    answer = _compiled(text, certificate, library, failure="rejected")
    return replace(answer, reason=f"{certificate.expression}: {answer.reason}")


def _class_of(family: Family) -> str:
    from expressivity.classes.activations import FULL_DICTIONARY
    from expressivity.classes.kinds import Constraint

    named = f"{family.kind} {family.neuron}"
    if named not in CLAIMS:
        raise ValueError(f"required: a class of {', '.join(CLAIMS)}; got {named}")
    terms.dictionary(family.dictionary)
    terms.kind(family.kind, family.gate)
    if set(family.dictionary) != set(FULL_DICTIONARY):
        raise ValueError(
            "required: the dictionary of all seven activations, which certificates are about; "
            f"got {', '.join(family.dictionary)}"
        )
    if family.groups != 1 or family.constraint is not Constraint.FREE:
        raise ValueError(
            "required: one group of free coefficients, which certificates are about; got "
            f"groups {family.groups}, constraint {family.constraint}"
        )
    return named


def _why(expression: str, family: Family) -> str:
    """What membership says where no points show anything."""
    from expressivity.evidence import Verdict
    from expressivity.membership.decide import classify
    from expressivity.targets.user import user_target

    membership = classify(user_target(expression), family).membership
    if membership.verdict is Verdict.MEMBER:
        return f"it is a network of the class: {membership.reason}"
    if membership.verdict is Verdict.UNKNOWN:
        return "its jumps at rational points show nothing, and membership is not known"
    return f"its jumps at rational points show nothing; {membership.evidence}: {membership.reason}"


def _compiled(
    text: str, certificate: Certificate, library: Library, *, failure: str
) -> KernelAnswer:
    """What Coq says of a text that this program has written."""
    try:
        coq = find_coq()
    except CoqMissingError as error:
        return KernelAnswer(outcome="not decided", reason=str(error))
    with unpacked(library, coq) as folder:
        required = needs(library, coq, folder)
        order = closure([_FILE], required)
        if new := [name for name in order if not (folder / f"{name}.vo").exists()]:
            notice(f"Coq compiles {len(new)} files that certificates need, once; it takes a minute")
        compiled = compile_files(coq, folder, order, required)
        broken = [c for c in compiled.values() if c.problem is not None]
        if broken:
            return KernelAnswer(
                outcome="not decided", reason=f"{broken[0].name}.v does not compile with this Coq"
            )
        with TemporaryDirectory(dir=folder) as work:
            file, log = Path(work) / "certificate.v", Path(work) / "log"
            file.write_text(f"{text}\n{_AXIOMS}\n", "utf-8")
            process = coq.start("coqc", *OPTIONS, str(file), folder=folder, log=log)
            with ended(process):
                try:
                    code = process.wait(SECONDS)
                except subprocess.TimeoutExpired:
                    return KernelAnswer(
                        outcome="not decided", reason=f"coqc ran for more than {SECONDS:g} s"
                    )
            said = log.read_text("utf-8", "replace")
    if code < 0:  # a signal, as of a machine that is out of memory
        return KernelAnswer(outcome="not decided", reason=f"coqc was ended by signal {-code}")
    if code != 0:
        return KernelAnswer(
            outcome=failure, reason=f"coqc refuses it: {_message(said.splitlines())}"
        )
    axioms, odd = assumptions(said)
    if extra := [*foreign(axioms), *odd]:
        return KernelAnswer(outcome=failure, reason=f"it assumes {', '.join(extra)}")
    claim = " ".join(CLAIMS[certificate.family].words.split())
    return KernelAnswer(outcome="verified", reason=f"{claim} (coqc {coq.version})", text=text)


_AXIOMS = "Print Assumptions target_outside."
"""What Coq is asked at the end of a file, beside whether it is proved."""


def _message(lines: Sequence[str]) -> str:
    """Coq's error without the path of the file."""
    kept = [line for line in lines if not line.startswith("File ")]
    return " ".join(" ".join(kept).split())[:300]
