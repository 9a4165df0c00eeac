"""What a theorem must say in Coq, written from the setting of its Python namesake.

With the text come the formulas of the targets in it.
"""

from __future__ import annotations

from collections.abc import Callable

from expressivity.symbolic.proof import Theorem
from proofs import (
    containment,
    jump_lemma,
    pencil,
    positive_gates,
    shared_amplitude,
    t7,
    t7c,
    t10,
    vanishing_gates,
)
from proofs.kernel import gate_statements, jump_statements
from proofs.kernel.clauses import Statement
from proofs.kernel.separations import separation


def statement(theorem: Theorem) -> Statement | None:
    """The theorem in Coq, or None where Python cannot write it."""
    found = separation(theorem)
    if found is not None:
        return Statement(text=found.text(), formulas=(found.formula,))
    write = _WRITERS.get(type(theorem.setting))
    return None if write is None else write(theorem)


_WRITERS: dict[type, Callable[[Theorem], Statement | None]] = {
    tuple: jump_statements.more_groups,
    pencil.Setting: jump_statements.two_planes,
    t7.Lines: jump_statements.three_lines,
    t7c.Setting: jump_statements.any_groups,
    t10.Setting: jump_statements.maxout,
    jump_lemma.Setting: jump_statements.constant_jump,
    shared_amplitude.Setting: jump_statements.shared_jump,
    positive_gates.Setting: gate_statements.positive,
    vanishing_gates.Setting: gate_statements.vanishing,
    containment.Setting: gate_statements.table,
}
"""By the kind of setting."""
