"""The independent checker of certificates (docs/certificates.md).

It shares the parser of expressions and the ball arithmetic of python-flint with the program that
writes certificates, and nothing else; every bound is derived again by methods of its own. The file
is hostile until the contrary is shown. The outcome "verified" rests on exact rational and ball
arithmetic alone; what they leave open is "not decided".

``reading``, ``bumps`` and ``certificate`` read the file; ``balls``, ``evaluation`` and ``network``
evaluate t and h; ``cells``, ``integrals``, ``norms`` and ``moments`` integrate them, ``lines`` are
their kinks, ``jets`` and ``suprema`` bound pointwise errors; ``lower``, ``search``, ``curvature``
and ``upper`` verify one method each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from expressivity.checker.balls import PRECISION, working_precision
from expressivity.checker.bumps import Bumps
from expressivity.checker.certificate import (
    Certificate,
    RidgeRank,
    RidgeSearch,
    read_certificate,
)
from expressivity.checker.curvature import verify_curvature
from expressivity.checker.evaluation import Function, Tell, compile_target, telling
from expressivity.checker.findings import RejectedError, UndecidedError
from expressivity.checker.lines import text_of
from expressivity.checker.lower import verify_ridge_rank
from expressivity.checker.reading import MAX_BYTES, is_certificate, read_json
from expressivity.checker.search import verify_ridge_search
from expressivity.checker.upper import verify_gradient, verify_network_error, verify_supremum
from expressivity.symbolic.expressions import Expression

__all__ = [
    "MAX_BYTES",
    "Answer",
    "check_document",
    "check_text",
    "ignored_kinks",
    "is_certificate",
]


@dataclass(frozen=True)
class Answer:
    """What the checker found, why in one line, and which kinks of the target play no part.

    >>> Answer("rejected", "no reason").outcome
    'rejected'
    """

    outcome: Literal["verified", "rejected", "not decided"]
    reason: str
    ignored_kinks: tuple[str, ...] = ()


_LOWER: dict[type, Callable[[Certificate, Fraction], None]] = {
    RidgeRank: verify_ridge_rank,
    RidgeSearch: verify_ridge_search,
    Bumps: verify_curvature,
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


def ignored_kinks(expression: Expression) -> list[str]:
    """Lines on which the expression changes its formula, and which do not meet the domain inside.

    >>> from expressivity.symbolic.parser import parse
    >>> ignored_kinks(parse("relu(x1 - 3/2) + abs(x2)"))
    ['1*x1 - 3/2']
    """
    function = Function(root=expression.root)
    compile_target(function)
    return [text_of(line) for line in function.ignored(expression.dimension)]


def check_text(text: str, tell: Tell = lambda steps: None) -> Answer:
    """Check the text of a certificate; whatever the text, it answers and raises nothing.

    ``tell`` is called now and then with the part of the work that was done since, in hundredths of
    what one bound may take.

    >>> check_text('{"schema": 1e5}').reason
    'no floating-point literals may occur: 1e5'
    """
    try:
        document = read_json(text)
    except RejectedError as error:
        return Answer("rejected", str(error))
    return check_document(document, tell)


def check_document(document: object, tell: Tell = lambda steps: None) -> Answer:
    """Check a certificate that has been read from JSON already.

    The objects must be those that ``json.loads`` makes of such a file. Raises nothing.

    >>> check_document({"schema": "expressivity.certificate/1"}).reason
    'the digest is not that of the content'
    """
    try:
        with telling(tell):
            return _check(document)
    except RejectedError as error:
        return Answer("rejected", str(error))
    except _FAILURES as e:
        # No such case is known; a gap of the checker must not pass for a verdict.
        return Answer("not decided", f"the checker failed: {type(e).__name__}")


def _check(document: object) -> Answer:
    certificate = read_certificate(document)
    answers: list[Answer] = []
    if certificate.lower is not None:
        verify = _LOWER[type(certificate.lower_data)]
        answers.append(_answer(verify, certificate, certificate.lower))
    for verify, claim in (
        (verify_network_error, certificate.upper),
        (verify_supremum, certificate.sup),
        (verify_gradient, certificate.w1inf),
    ):
        if claim is not None:
            answers.append(_answer(verify, certificate, claim))
    # A rejected bound is worse than an undecided one, and both are worse than a verified one.
    worst = min(answers, key=lambda a: ("rejected", "not decided", "verified").index(a.outcome))
    return replace(worst, ignored_kinks=tuple(ignored_kinks(certificate.expression)))


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
