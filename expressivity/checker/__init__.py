"""The independent checker of certificates (docs/certificates.md).

It shares the parser of expressions and the ball arithmetic of python-flint with the program that
writes certificates, and nothing else; every bound is derived again by methods of its own. The file
is hostile until the contrary is shown. The outcome "verified" rests on exact rational and ball
arithmetic alone; what they leave open is "not decided".

``reading``, ``bumps``, ``boxes`` and ``certificate`` read the file; ``balls``, ``evaluation`` and
``network`` evaluate t and h; ``cells``, ``integrals``, ``norms`` and ``moments`` integrate them;
``lower``, ``search``, ``curvature``, ``uncut_boxes`` and ``upper`` verify one method each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from expressivity.checker.balls import PRECISION, working_precision
from expressivity.checker.boxes import Boxes
from expressivity.checker.bumps import Bumps
from expressivity.checker.certificate import (
    Certificate,
    RidgeRank,
    RidgeSearch,
    read_certificate,
)
from expressivity.checker.curvature import verify_curvature
from expressivity.checker.findings import RejectedError, UndecidedError
from expressivity.checker.lower import verify_ridge_rank
from expressivity.checker.reading import MAX_BYTES, is_certificate, read_json
from expressivity.checker.search import verify_ridge_search
from expressivity.checker.uncut_boxes import verify_uncut_boxes
from expressivity.checker.upper import verify_network_error

__all__ = ["MAX_BYTES", "Answer", "check_document", "check_text", "is_certificate"]


@dataclass(frozen=True)
class Answer:
    """What the checker found, and why in one line.

    >>> Answer("rejected", "no reason").outcome
    'rejected'
    """

    outcome: Literal["verified", "rejected", "not decided"]
    reason: str


_LOWER: dict[type, Callable[[Certificate, Fraction], None]] = {
    RidgeRank: verify_ridge_rank,
    RidgeSearch: verify_ridge_search,
    Bumps: verify_curvature,
    Boxes: verify_uncut_boxes,
}
"""Methods of lower bounds, by their data."""

# SystemError is what python-flint makes of an error inside an integrand.
_FAILURES = (
    ArithmeticError,
    LookupError,
    MemoryError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
)


def check_text(text: str) -> Answer:
    """Check the text of a certificate; whatever the text, it answers and raises nothing.

    >>> check_text('{"schema": 1e5}').reason
    'no floating-point literals may occur: 1e5'
    """
    try:
        document = read_json(text)
    except RejectedError as error:
        return Answer("rejected", str(error))
    return check_document(document)


def check_document(document: object) -> Answer:
    """Check a certificate that has been read from JSON already.

    The objects must be those that ``json.loads`` makes of such a file. Raises nothing.

    >>> check_document({"schema": "expressivity.certificate/1"})
    Answer(outcome='rejected', reason='the digest is not that of the content')
    """
    try:
        certificate = read_certificate(document)
        answers: list[Answer] = []
        if certificate.lower is not None:
            verify = _LOWER[type(certificate.lower_data)]
            answers.append(_answer(verify, certificate, certificate.lower))
        if certificate.upper is not None:
            answers.append(_answer(verify_network_error, certificate, certificate.upper))
        # A rejected bound is worse than an undecided one, and both are worse than a verified one.
        return min(answers, key=lambda a: ("rejected", "not decided", "verified").index(a.outcome))
    except RejectedError as error:
        return Answer("rejected", str(error))
    except _FAILURES as e:
        # No such case is known; a gap of the checker must not pass for a verdict.
        return Answer("not decided", f"the checker failed: {type(e).__name__}")


def _answer(
    verify: Callable[[Certificate, Fraction], None], certificate: Certificate, claim: Fraction
) -> Answer:
    try:
        with working_precision(PRECISION):
            verify(certificate, claim)
    except RejectedError as error:
        return Answer("rejected", str(error))
    except UndecidedError as error:
        return Answer("not decided", str(error))
    return Answer("verified", "the data support every bound that is claimed")
