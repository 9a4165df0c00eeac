"""The targets of the theorems: that Coq's functions are the program's.

Of each target the formula is written from its expression in sympy, lambda being a symbol, in the
grammar of user targets and from there as a term of Coq. Coq proves that its own function is equal
to that, everywhere and for every lambda.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from expressivity.symbolic.parser import parse
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.writing import to_text
from proofs.gated_separation import LAMBDA
from proofs.kernel import terms

_VARIABLES = ("(x1 x)", "(x2 x)", "(x3 x)", "lambda")


@dataclass(frozen=True, kw_only=True)
class Formula:
    """A function of Coq, and what it is.

    Attributes:
        function: a term of ``proofs/coq/``, as ``t2 lambda``.
        expression: in x1, x2, x3 and ``LAMBDA``.
    """

    function: str
    expression: sp.Expr

    def text(self) -> str:
        """What Coq is to prove.

        Raises:
            ValueError: a part that the grammar of user targets or Coq's files lack.

        >>> Formula(function="t7c", expression=COORDINATES[0] * sp.tanh(COORDINATES[1])).text()
        'forall x : vec, t7c x = ((x1 x) * (tanh (x2 x)))'
        """
        names = tuple(terms.FUNCTIONS)
        # A parameter is written as one coordinate more.
        written = to_text(self.expression.subs(LAMBDA, COORDINATES[3]), names)
        term = terms.expression(parse(written, functions=names).root, _VARIABLES)
        bound = "(lambda : R) (x : vec)" if "lambda" in self.function else "x : vec"
        return f"forall {bound}, {self.function} x = {term}"
