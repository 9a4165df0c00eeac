"""Small Coq libraries, made by hand, that need no analysis."""

from types import SimpleNamespace

from proofs.kernel import Library
from proofs.kernel.clauses import Statement

GOOD = {
    "base": "Definition two := 1 + 1.\nLemma two_is : two = 2. Proof. reflexivity. Qed.\n",
    "good": "From Expressivity Require Import base.\n"
    "(* No lemma is Admitted here. *)\n"
    "Theorem A : two = 2. Proof. exact two_is. Qed.\n",
}
STATEMENT = Statement(text="two = 2%nat")


def with_formula(text: str) -> Statement:
    """The same statement of a theorem with a target, which is said to be this."""
    return Statement(text=STATEMENT.text, formulas=(SimpleNamespace(text=lambda: text),))


def library(**changes: str) -> Library:
    """The two files above with further or other ones."""
    return Library(sources={**GOOD, **changes})


def beside(theorem: str, opening: str = "") -> str:
    """A file that proves B, after an opening."""
    return f"From Expressivity Require Import base.\n{opening}\n{theorem}\n"


B = "Theorem B : two = 2. Proof. exact two_is. Qed."
