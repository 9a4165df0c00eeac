"""Membership in a class whose facts are declared: a user's own module.

The arguments are those of ``obstructions/smoothness.py``, and are exact about the target. What they
say of the class is its author's word, so that a verdict carries the evidence ``declared``.
"""

from expressivity.classes.modules import ModuleClass
from expressivity.evidence import UNDECIDED, Evidence, Membership, Verdict
from expressivity.membership.obstructions.smoothness import (
    derivative,
    excess_formula,
    first_jump,
    formula_change,
)
from expressivity.symbolic.budget import OutOfBudgetError
from expressivity.targets.target import Target


def decide_declared(target: Target, family: ModuleClass) -> Membership:
    """Non-member by a declared fact that the target lacks, or unknown; at any width.

    Raises:
        ValueError: dimensions differ, or the module has several outputs.
    """
    if family.dimension != target.dimension or family.outputs != 1:
        raise ValueError(
            f"required: one output and dimension {target.dimension}; got {family.outputs} "
            f"outputs, dimension {family.dimension}"
        )
    try:
        lacking = _lacking(target, family)
    except OutOfBudgetError:
        return UNDECIDED
    if lacking is None:
        return UNDECIDED
    return Membership(
        verdict=Verdict.NON_MEMBER,
        evidence=Evidence.DECLARED,
        reason=f"every network of {family.name} is declared to be {lacking}",
    )


def _lacking(target: Target, family: ModuleClass) -> str | None:
    facts = family.facts
    if facts.analytic and (crossing := formula_change(target)) is not None:
        return f"real-analytic, and {target.name} changes its formula across {crossing.level} = 0"
    if facts.smoothness is not None and (jump := first_jump(target, facts.smoothness)) is not None:
        order, level = jump
        jumps = f"{derivative(order, target)} jumps across {level} = 0"
        return f"C^{facts.smoothness}, and {jumps}"
    if facts.degree is not None:
        formula = excess_formula(target, facts.degree)
        if formula is not None:
            return (
                f"piecewise a polynomial of degree at most {facts.degree}, and {target.name} "
                f"equals {formula} on an open set"
            )
    return None
