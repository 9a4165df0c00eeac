"""One search: the expression, its generators and the time that is left."""

import time
from dataclasses import dataclass

import sympy as sp

from expressivity.recognition.normal_form import Ring
from expressivity.time_limit import OutOfTimeError


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is looked for and until when (a reading of ``time.monotonic``)."""

    expression: sp.Expr
    ring: Ring
    deadline: float

    def check(self) -> None:
        """Raise ``OutOfTimeError`` once the deadline has passed."""
        if time.monotonic() > self.deadline:
            raise OutOfTimeError
