"""The independent checker of certificates (docs/certificates.md).

It shares the parser of expressions and the ball arithmetic of python-flint with the program that
writes certificates, and nothing else; every bound is derived again by methods of its own. The file
is hostile until the contrary is shown. The outcome "verified" rests on exact rational and ball
arithmetic alone; what they leave open is "not decided".

``reading``, ``document``, ``families`` and the data of each method (``ridges``, ``flattenings``,
``bumps``, ``jumps``, ``parities``, ``half_lines``, ``grids``, ``disks``) read the file into a
``certificate``.
``balls``, ``lines``, ``evaluation``, ``network``, and with derivatives or coefficients ``jets``,
``slopes`` and ``polynomials`` evaluate t and h; ``cells``, ``integrals``, ``norms``, ``moments``,
``ball`` and ``suprema`` integrate and bound them. ``methods`` is the table of methods; ``lower``,
``search`` with ``boxes``, ``catalecticant``, ``free_knots``, ``uncut_boxes``, ``uncut_disks``,
``curvature``, ``shared_amplitude``, ``jump_parity``, ``jump_half_line`` with ``differences``,
``charts``, ``logistic_tails`` and ``taylor_models``, and ``upper`` verify them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from expressivity.checker.balls import PRECISION, working_precision
from expressivity.checker.certificate import Certificate
from expressivity.checker.document import read_certificate
from expressivity.checker.evaluation import Function, compile_target
from expressivity.checker.families import read_family
from expressivity.checker.findings import RejectedError, UndecidedError
from expressivity.checker.lines import text_of
from expressivity.checker.methods import LOWER, UPPER
from expressivity.checker.reading import MAX_BYTES, is_certificate, read_json
from expressivity.checker.work import Tell, telling
from expressivity.symbolic.expressions import Expression

__all__ = [
    "MAX_BYTES",
    "Answer",
    "check_document",
    "check_text",
    "family_refusal",
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
    function = Function(root=expression.root, dimension=max(expression.dimension, 2))
    compile_target(function)
    return [text_of(line) for line in function.ignored]


def family_refusal(family: object) -> str | None:
    """Why no file about a family, given as JSON has it, could be verified; None where one could.

    >>> family_refusal({})[:34]
    'family must have exactly the field'
    """
    try:
        read_family(family, every_width=False, any_groups=False, grouped=True)
    except RejectedError as error:
        return str(error)
    return None


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
    claims = [(UPPER[norm], claim) for norm, claim in certificate.upper.items()]
    if certificate.lower is not None:
        claims.insert(0, (LOWER[certificate.method].verify, certificate.lower))
    answers = [_answer(verify, certificate, claim) for verify, claim in claims]
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
