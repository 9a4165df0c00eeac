"""What the table says of peers' documents, counted by hand.

Kinds: reference (documents written by hand), negative (other models and our own are no peers).
"""

import math

import pytest

from benchmarks.table import Outcome, Row, nearer, outcome, peers_markdown


def document(**changes) -> dict:
    together = [
        {"iteration": 1, "seconds": 1.0, "errors": [1e-1, None, 5e-1]},
        {"iteration": 2, "seconds": 2.0, "errors": [1e-3, 1e-2, 5e-1]},
        {"iteration": 4, "seconds": 4.0, "errors": [1e-13, 1e-2, 5e-1]},
    ]
    return {
        "final": [1e-13, 1e-2, 5e-1],
        "cold_seconds": 0.5,
        "warm_seconds": 4.0,
        "trajectory": together,
        "per_restart": None,
    } | changes


def loops() -> dict:
    return document(
        final=[1e-3, 1e-13],
        warm_seconds=5.0,
        trajectory=None,
        per_restart=[
            {"iterations": [1, 2], "seconds": [1.0, 2.0], "errors": [1.0, 1e-3]},
            {"iterations": [1, 2], "seconds": [1.0, 3.0], "errors": [1e-1, 1e-13]},
        ],
    )


def test_times_of_restarts_that_run_together():
    found = outcome(document(), 1.0)
    assert found.reached["half", 1e-2] == 2.0  # two of three
    assert (found.reached["best", 1e-2], found.reached["best", 1e-12]) == (2.0, 4.0)
    assert math.isinf(found.reached["half", 1e-6])


def test_times_of_restarts_one_after_another():
    found = outcome(loops(), 1.0)
    assert found.reached["half", 1e-2] == found.reached["best", 1e-2] == 2.0
    assert found.reached["best", 1e-12] == 5.0


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.5, (math.inf, math.inf)), (1.0, (1e-1, 5e-1)), (3.9, (1e-3, 1e-2)), (9.0, (1e-13, 1e-2))],
)
def test_errors_at_a_moment(seconds: float, expected: tuple[float, float]):
    assert outcome(document(), 1.0).at(seconds) == expected


def test_a_restart_that_has_not_begun_has_no_error():
    assert outcome(loops(), 1.0).at(2.5) == (1e-3, math.inf)
    assert outcome(loops(), 1.0).at(3.0) == (1e-3, pytest.approx((1e-3 + 1e-1) / 2))


def row(peer: str, half: float, best: float) -> Row:
    reached = {(group, limit): math.inf for group in ("half", "best") for limit in (1e-2, 1e-6)}
    reached |= {("half", 1e-2): half, ("half", 1e-12): math.inf, ("best", 1e-12): best}
    single = Outcome(
        best=best, median=half, cold=0.0, warm=2.0, peak_mib=1.0, reached=reached,
        course=((1.0, 1e-3, 1e-1), (3.0, 1e-9, 1e-2)),
    )  # fmt: skip
    return Row(peer=peer, restarts=2, outcomes=(single,))


def test_peers_that_are_nearer_than_ten_times_are_named():
    base = row("ours_search", 1.0, 0.5)
    peers = [
        row("ours_lm", 1.0, 0.5),
        row("pykan_lbfgs", 1.0, 0.5),
        row("jax_adam", math.inf, math.inf),
        row("torch_lbfgs", 10.0, 5.0),
        row("optimistix_lm", 9.9, 1.0),
    ]
    assert nearer(peers, base) == {
        "half <= 1e-2": ["optimistix_lm (9.9)"],
        "best <= 1e-12": ["optimistix_lm (2)"],
    }


def test_every_peer_that_arrives_is_nearer_than_a_base_that_does_not():
    base = row("ours_search", math.inf, math.inf)
    peers = [row("jax_adam", 1e6, math.inf)]
    assert nearer(peers, base) == {"half <= 1e-2": ["jax_adam"], "best <= 1e-12": []}


def test_the_table_at_equal_time_ends_with_the_base():
    text = peers_markdown([row("ours_search", 1, 1), row("jax_adam", 50, 50)], "ours_search")
    head, _, rest = text.partition("When `ours_search` ends, at equal time:")
    assert "(README.md says why): half <= 1e-2: none. best <= 1e-12: none." in head
    assert "| jax_adam | 1.0e-03 | 1.0e-01 |" in rest
