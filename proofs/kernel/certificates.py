"""``certify --kernel``: a Coq file that no network of a class equals a user's own expression.

The file is written from its header alone: expression, class, planes and points. :func:`check`
never runs Coq text of others: it writes the file again from the header, compares the two, and
has Coq compile its own.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from expressivity.certificates.kernel import KernelAnswer, KernelCertifier
from expressivity.output import notice
from expressivity.symbolic.expressions import Expression
from expressivity.symbolic.parser import parse
from expressivity.targets.writing import readable
from proofs.kernel import terms
from proofs.kernel.audit import assumptions, foreign
from proofs.kernel.claims import CLAIMS
from proofs.kernel.compilation import OPTIONS, closure, compile_files, needs, unpacked
from proofs.kernel.coq import CoqMissingError, ended, find_coq
from proofs.kernel.library import Library, builtin_library
from proofs.kernel.separating_points import CYCLES
from proofs.kernel.written import MAX_DIGITS, Plane, Vector, Written, rational, rationals, written

if TYPE_CHECKING:
    from expressivity.classes.families import Family
    from expressivity.registry import Registry

FORMAT = "expressivity kernel certificate, format 1"
SECONDS = 600.0
"""Guard against a file that Coq does not come to the end of."""

_NUMBER = re.compile(rf"-?[0-9]{{1,{MAX_DIGITS}}}(/[0-9]{{1,{MAX_DIGITS}}})?")
_FILE = "certify"  # of the library: what a certificate needs
_DIMENSIONS = (2, 3)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What a file is written from.

    Attributes:
        expression: the target, as the user wrote it.
        family: the class: kind and form, a name of ``CLAIMS``.
        library: the digest of the files it is proved from.
        planes: hyperplanes: one, or those of a cycle.
        points: rational points: two of the plane, a point and a step, or those of the cycle.
    """

    expression: str
    family: str
    library: str
    planes: tuple[Plane, ...]
    points: tuple[Vector, ...]


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
    target = _target(expression)
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


def _parsed(expression: str) -> Expression:
    return parse(expression, functions=readable())


def _target(expression: str) -> Written:
    parsed = _parsed(expression)
    if parsed.dimension not in _DIMENSIONS:
        raise ValueError(f"required: an expression of 2 or 3 variables; got {parsed.dimension}")
    return written(parsed.root, parsed.dimension)


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


# ---- the file ----


def text_of(certificate: Certificate) -> str:
    """The file.

    Raises:
        ValueError: an expression that cannot be written.
    """
    parsed = _parsed(certificate.expression)
    target = _target(certificate.expression)
    names = [f"(x{k + 1} x)" for k in range(parsed.dimension)]
    header = {
        "class": certificate.family,
        "expression": certificate.expression,
        "library": certificate.library,
        "planes": [[*map(str, plane.normal), str(plane.level)] for plane in certificate.planes],
        "points": [[*map(str, point)] for point in certificate.points],
    }
    claim = CLAIMS[certificate.family]
    return _TEXT.format(
        format=FORMAT,
        header=json.dumps(header, ensure_ascii=True),
        claim=claim.words,
        target=terms.expression(parsed.root, names),
        term=target.term,
        statement=f"forall {claim.quantified}b m, outside unit_ball "
        f"(over_seven {claim.asked} b {parsed.dimension} m) target",
        proof=_proof(certificate),
    )


_TEXT = """(* {format}
   {header} *)
From Coq Require Import Reals List QArith.
From Expressivity Require Import activations gates vectors networks domains.
From Expressivity Require Import smooth_functions expressions certificates certify.
Import ListNotations.
Open Scope R_scope.

Definition target (x : vec) : R :=
  {target}.

(* The same, as an expression whose jumps Coq computes. *)
Definition written : expression :=
  {term}.

(* {claim} *)
Theorem target_outside : {statement}.
Proof. {proof}. Qed.
"""


def _proof(certificate: Certificate) -> str:
    planes = [f"({rationals(p.normal)}, {rational(p.level)})%Q" for p in certificate.planes]
    points = [f"{rationals(point)}%Q" for point in certificate.points]
    claim = CLAIMS[certificate.family]
    if claim.cyclic:
        places = "; ".join(f"({h}, {p})" for h, p in zip(planes, points, strict=True))
        return f"{claim.tactic} written ([{places}] : cycle)"
    one, other = points
    return f"{claim.tactic} written ({planes[0]} : plane) ({one} : point) ({other} : point)"


def read(text: str) -> Certificate:
    """The certificate that a file's header describes; the rest is not looked at.

    Raises:
        ValueError: no header of this program.
    """
    header = re.match(rf"\(\* {re.escape(FORMAT)}\n   (\{{.*\}}) \*\)\n", text)
    try:
        stated: Any = json.loads(header[1]) if header is not None else None
        certificate = Certificate(
            expression=_text(stated["expression"]),
            family=_text(stated["class"]),
            library=_text(stated["library"]),
            planes=tuple(_plane(row) for row in stated["planes"]),
            points=tuple(_numbers(row) for row in stated["points"]),
        )
        dimension = _parsed(certificate.expression).dimension
    except (TypeError, KeyError, ValueError, ZeroDivisionError, RecursionError):
        raise _foreign() from None
    if certificate.family not in CLAIMS:
        raise _foreign()
    counts = (len(certificate.planes), len(certificate.points))
    sizes = {*(len(p.normal) for p in certificate.planes), *map(len, certificate.points)}
    cyclic = CLAIMS[certificate.family].cyclic
    fits = counts[0] == counts[1] in CYCLES if cyclic else counts == (1, 2)
    if not fits or sizes != {dimension}:
        raise _foreign()
    return certificate


def _foreign() -> ValueError:
    return ValueError("required: a file of certify --kernel; got another: it is not run")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _numbers(row: Iterable[object]) -> Vector:
    texts = [_text(value) for value in row]
    if not all(_NUMBER.fullmatch(text) for text in texts):
        raise ValueError
    return tuple(map(Fraction, texts))


def _plane(row: Iterable[object]) -> Plane:
    *normal, level = _numbers(row)
    return Plane(normal=tuple(normal), level=level)


# ---- Coq ----


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
