"""Networks read back from run folders, and their jumps.

Kinds: property (the jump lemma, docs/theory.md, L1, on stored networks), negative (lost weights).
"""

import pytest
import torch

from experiments.reading import readings
from expressivity.classes.kinds import Kind
from expressivity.targets.builtin import t2
from figures.stored import best_network, target_jump

X1 = torch.linspace(-0.9, 0.9, 7, dtype=torch.float64)


def reading(runs, kind, width):
    (found,) = [
        r
        for r in readings(runs["width_sweep"])
        if (r.target, r.kind, r.width, r.loss) == ("t2", kind, width, "l2")
    ]
    return found


def test_jump_of_the_target_is_its_gate():
    torch.testing.assert_close(target_jump(t2(2.0), X1), torch.tanh(2 * X1))


def test_jump_of_the_stored_witness_is_that_of_the_target(runs):
    moa = best_network(reading(runs, Kind.MOA, 1))
    torch.testing.assert_close(moa.jump(X1), torch.tanh(2 * X1))
    nodes = torch.stack([X1, X1.flip(0)], dim=1)
    torch.testing.assert_close(moa.values(nodes), t2(2.0).values(nodes))


def test_jump_of_a_stored_la_network_is_constant(runs):
    la = best_network(reading(runs, Kind.LA, 4))
    assert float(la.jump(X1).abs().max()) < 1e-12  # no kink lies on the line
    theta = la.theta_P.clone()
    theta[:3] = torch.tensor([0.0, -2.0, 0.0])  # now one does: w = -2 e2, b = 0
    moved = type(la)(target=la.target, family=la.family, theta_P=theta)
    jump = moved.jump(X1)
    assert float(jump.abs().min()) > 1e-3
    assert float(jump.max() - jump.min()) < 1e-12


def test_lines_of_kinks_are_the_rows_of_w(runs):
    la = best_network(reading(runs, Kind.LA, 4))
    assert la.kink_lines().shape == (4, 3)
    assert la.kink_lines().flatten().tolist() == la.theta_P[:12].tolist()


def test_lost_weights_are_named(runs, tmp_path):
    found = reading(runs, Kind.MOA, 1)
    lost = type(found)(**{**vars(found), "folder": tmp_path})
    with pytest.raises(ValueError, match=rf"a whole unit; .*{found.key}.* damaged or missing"):
        best_network(lost)
