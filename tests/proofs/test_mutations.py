"""Mutations of every built-in theorem.

Kind: negative (where the statement is false the proof is refuted, by a step that is shown to be
false, or says why it is merely undecided).
"""

import pytest

import proofs
from expressivity.symbolic.proof import THEOREMS, mutate

proofs.register(THEOREMS)


@pytest.mark.parametrize("name", list(THEOREMS))
def test_every_mutation_is_refuted_or_says_why_not(name):
    outcomes = mutate(THEOREMS[name])
    assert len(outcomes) >= 2
    assert [outcome.mutation.name for outcome in outcomes if not outcome.caught] == []
    reasons = {o.mutation.name: o.mutation.undecided_because for o in outcomes if not o.refuted}
    assert all(reasons.values()), reasons
    assert not [o for o in outcomes if o.refuted and o.mutation.undecided_because]
