"""Tiny random models of many architectures: converted exactly, or refused by name.

Kinds: property (outputs in both modes to 1e-5 of the largest, the random numbers of dropout
included), negative (a refused model is as it was).
"""

import pytest
import torch
from architectures import ARCHITECTURES, Architecture, built, outputs
from blocks_by_hand import to_mixture

from expressivity.layers import replace_feedforward

torch.set_num_threads(1)

transformers = pytest.importorskip("transformers", minversion="5", reason="needs the extra hf")

CASES = [
    pytest.param(a, id=a.name, marks=() if a.fast else pytest.mark.slow) for a in ARCHITECTURES
]


@pytest.mark.parametrize("architecture", CASES)
def test_models_are_kept_or_refused_by_name(architecture: Architecture):
    model = built(architecture, transformers)
    before = [outputs(model, training) for training in (True, False)]
    parts = [*model.named_modules(), *model.named_parameters()]
    if architecture.refusal:
        with pytest.raises(ValueError, match=architecture.refusal) as caught:
            replace_feedforward(model, family_of=to_mixture)
        assert "\n" not in str(caught.value)
        found = [*model.named_modules(), *model.named_parameters()]
        assert all(a is b for (_, a), (_, b) in zip(parts, found, strict=True))
    else:
        report = replace_feedforward(model, family_of=to_mixture)
        assert sum(len(block.names) for block in report.replaced) == architecture.places
    after = [outputs(model, training) for training in (True, False)]
    for expected, found in zip(before, after, strict=True):
        assert expected
        for theirs, ours in zip(expected, found, strict=True):
            allowed = 0 if architecture.refusal else 1e-5 * theirs.abs().max()
            assert (theirs - ours).abs().max() <= allowed


def test_the_table_is_as_large_as_it_says():
    assert len({a.name for a in ARCHITECTURES}) == len(ARCHITECTURES) >= 70
    assert sum(a.places > 0 for a in ARCHITECTURES) >= 60
    assert sum(a.fast for a in ARCHITECTURES) >= 12
