"""The text of a kernel certificate: a Coq file that is written from its header alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from expressivity.symbolic.expressions import Expression
from expressivity.symbolic.parser import parse
from expressivity.targets.writing import readable
from proofs.kernel import terms
from proofs.kernel.claims import CLAIMS
from proofs.kernel.separating_points import CYCLES
from proofs.kernel.written import MAX_DIGITS, Plane, Vector, Written, rational, rationals, written

FORMAT = "expressivity kernel certificate, format 1"

_NUMBER = re.compile(rf"-?[0-9]{{1,{MAX_DIGITS}}}(/[0-9]{{1,{MAX_DIGITS}}})?")
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


def _parsed(expression: str) -> Expression:
    return parse(expression, functions=readable())


def target_of(expression: str) -> Written:
    """The target as an expression of Coq.

    Raises:
        ValueError: another dimension, or a part that certificates are not about.
    """
    parsed = _parsed(expression)
    if parsed.dimension not in _DIMENSIONS:
        raise ValueError(f"required: an expression of 2 or 3 variables; got {parsed.dimension}")
    return written(parsed.root, parsed.dimension)


def text_of(certificate: Certificate) -> str:
    """The file.

    Raises:
        ValueError: an expression that cannot be written.
    """
    parsed = _parsed(certificate.expression)
    target = target_of(certificate.expression)
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
