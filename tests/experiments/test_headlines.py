"""What experiments of fits read from their runs, on runs whose outcomes are made up.

Kinds: reference (headlines of a run that agrees with the theory, written out), negative (each way
in which a claim can fail shows in a headline), property (distinct minima, restarts needed).
"""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import (
    dictionary,
    dimension,
    gates,
    matched,
    noise,
    restarts,
    width_sweep,
)
from experiments.experiment import EXPERIMENTS, Tier
from experiments.matched import COST, Budget, matched_widths
from experiments.reading import health, least, readings, worst
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import FORMS
from expressivity.evidence import Verdict
from expressivity.fitting.state import Status
from expressivity.membership.inclusions import la_in_moa
from expressivity.separation.gaps import REACHED
from expressivity.separation.unit import FitUnit

derandomized = settings(deadline=None, derandomize=True, max_examples=50)
ROUND_OFF = {"error": 1e-15, "verdict": Verdict.MEMBER}


def smoke(name: str) -> tuple[FitUnit, ...]:
    return EXPERIMENTS[name](Tier.SMOKE).units


def is_member(unit: FitUnit) -> bool:
    """Whether the theory says that the target is in the class, for units of these tests."""
    target, family = unit.target.name.split(" ")[0], unit.family
    if target == "ridges":
        return family.kind is Kind.LA and family.width >= 3
    if family.kind is Kind.MOA:
        return True
    return target == "t1" and family.kind is Kind.LA


def as_in_theory(unit: FitUnit) -> dict:
    return ROUND_OFF if is_member(unit) else {"error": 0.5 / unit.family.width}


def test_a_healthy_run_has_none_of_what_should_not_be(stored):
    run = stored(smoke("lambda_sweep"), as_in_theory)
    assert set(health(run).values()) == {0.0}
    found = EXPERIMENTS["lambda_sweep"](Tier.SMOKE).headlines(run)
    assert found["LA, lambda 8, width 2: best l2"] == 0.25
    assert found["MoA of width 1: worst best l2"] == 1e-15


def test_each_seed_below_a_bound_counts_in_its_own_norm(stored):
    def tell(unit: FitUnit) -> dict:
        below = unit.family.kind is Kind.LA and unit.family.width == 1
        return {"error": 0.1, "bounds": {"w1inf": 0.2 if below else 0.05, "l2": 0.1}}

    units = smoke("lambda_sweep")
    told_below = sum(unit.family.kind is Kind.LA and unit.family.width == 1 for unit in units)
    assert health(stored(units, tell))["errors below a bound"] == 5 * told_below > 0


def test_failures_are_counted_and_never_make_an_error_better(stored):
    def tell(unit: FitUnit) -> dict:
        return {"error": None, "failed_lanes": unit.parts}

    units = smoke("lambda_sweep")
    run = stored(units, tell)
    assert health(run)["failed restarts"] == sum(unit.parts for unit in units)
    found = EXPERIMENTS["lambda_sweep"](Tier.SMOKE).headlines(run)
    assert found["MoA of width 1: worst best l2"] == math.inf
    assert all(reading.best("l2") == math.inf for reading in readings(run))


@pytest.mark.parametrize(
    ("name", "headline"),
    [
        ("width_sweep", "MoA of width 1: worst best l2"),
        ("lambda_sweep", "MoA of width 1: worst best l2"),
        ("dimension", "control, LA on t1: worst best l2"),
        ("dictionary", "MoA where it contains t2: worst best l2"),
        ("matched", "MoA on t2: best l2"),
        ("noise", "MoA without noise on t2: worst median l2"),
    ],
)
def test_what_is_missing_was_not_reached(stored, name, headline):
    run = stored([], as_in_theory)
    assert EXPERIMENTS[name](Tier.SMOKE).headlines(run)[headline] == math.inf
    assert least([]) == worst([]) == math.inf


def test_a_damaged_unit_is_counted(stored):
    run = stored(smoke("lambda_sweep"), as_in_theory)
    shard = next((run.path / "units").glob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-20])
    (run.path / "failures").mkdir()
    (run.path / "failures" / "0.json").write_text("{}")
    again = stored([], as_in_theory)
    assert health(again)["failed or damaged units"] == 2


def test_curves_run_along_the_width_with_bounds_and_intervals(stored):
    run = stored(smoke("width_sweep"), lambda unit: {**as_in_theory(unit), "bounds": {"l2": 0.01}})
    [curve] = [
        curve
        for curve in width_sweep.curves(run, "l2")
        if (curve.target, curve.label, curve.form) == ("t2", "la", "type1")
    ]
    assert [point.x for point in curve.points] == [1, 2, 4, 6]
    assert [point.best for point in curve.points] == [0.5, 0.25, 0.125, 0.5 / 6]
    assert {point.bound.value for point in curve.points} == {0.01}
    assert {(point.median.count, point.median.failed) for point in curve.points} == {(5, 0)}
    assert all(p.median.low == p.median.value == p.median.high == p.best for p in curve.points)


def test_headlines_of_the_width_sweep(stored):
    run = stored(smoke("width_sweep"), as_in_theory)
    found = width_sweep.headlines(run)
    assert found["LA on t2, width 6: best l2"] == 0.5 / 6
    assert found["LA on t2: least w1inf"] == 0.5 / 6
    assert found["C1 activations on t1: least w1inf"] == 0.125
    assert found["controls, LA of width 1: worst best l2"] == 1e-15
    assert set(width_sweep.SMOOTH) == {"relu2", "gelu", "silu", "tanh"}


def test_each_curve_of_a_seed_that_rises_with_the_width_counts(stored):
    def tell(unit: FitUnit, *, risen: float) -> dict:
        errors = [0.5 / unit.family.width] * unit.parts
        if (unit.target.name, unit.family.kind, unit.family.width) == ("t2", Kind.LA, 4):
            errors[: unit.settings.restarts] = [risen] * unit.settings.restarts  # of the first seed
        return {**as_in_theory(unit), "lanes": {"fit_error": errors}}

    counts = {}
    for risen in (0.25, 0.3, math.nan):
        run = stored(smoke("width_sweep"), lambda unit: tell(unit, risen=risen))  # noqa: B023
        counts[risen] = width_sweep.headlines(run)["curves that rise"]
    assert list(counts.values()) == [0.0, 1.0, 1.0]


def test_what_a_search_gave_up_is_no_point_of_a_curve(stored):
    def tell(unit: FitUnit) -> dict:
        errors, status = [0.5, 1e-3] * unit.parts, [Status.STALLED, Status.GIVEN_UP] * unit.parts
        lanes = {"fit_error": errors[: unit.parts], "status": status[: unit.parts]}
        return {**as_in_theory(unit), "lanes": lanes}

    for found in readings(stored(smoke("lambda_sweep"), tell)):
        assert found.fit_errors() == [0.5] * len(found.result.seeds)


def test_curves_of_embedded_targets_run_along_the_dimension(stored):
    run = stored(smoke("dimension"), as_in_theory)
    found = {(c.target, c.label): [p.x for p in c.points] for c in dimension.curves(run, "l2")}
    assert found["t2", "la, width 1"] == found["t1", "la, width 1"] == [2, 3]
    assert {unit.target.dimension for unit in smoke("dimension")} == {2, 3}


def test_seeds_of_sampled_fits_are_brought_together(stored):
    def tell(unit: FitUnit) -> dict:
        return {"error": 0.1 * (1 + unit.settings.seed), "failed_lanes": 1}

    run = stored(smoke("dimension"), tell)
    [curve] = [
        c for c in dimension.curves(run, "l2") if (c.target, c.label) == ("t2", "la, width 1")
    ]
    on_disk, on_ball = curve.points
    assert on_disk.median.count == on_ball.median.count == 5
    assert on_disk.lanes == on_ball.lanes
    assert (on_disk.failed_lanes, on_ball.failed_lanes) == (1, 5)
    assert on_ball.best == on_disk.median.high == 0.1
    assert on_ball.median.value == pytest.approx(0.3)


def test_cells_of_the_gates_stand_beside_the_table(stored):
    def tell(unit: FitUnit) -> dict:
        contained = la_in_moa(unit.family.gate, activations=7)
        return ROUND_OFF if contained else {"error": 1e-3, "verdict": Verdict.NON_MEMBER}

    found = gates.cells(stored(smoke("gates"), tell))
    assert {cell.gate for cell in found} == set(gates.SPECS)
    assert all(cell.reached == cell.contains_la for cell in found)
    assert gates.headlines(stored([], tell))["LA contained by proof, yet no member"] == 0


def test_a_cell_that_contradicts_the_table_shows(stored):
    def tell(unit: FitUnit) -> dict:
        contained = la_in_moa(unit.family.gate, activations=7)
        return {"error": 1e-3, "verdict": Verdict.UNKNOWN if contained else Verdict.MEMBER}

    found = gates.headlines(stored(smoke("gates"), tell))
    assert found["LA contained by proof, yet no member"] == 6
    assert found["LA not contained at width 1, yet a member"] == 6
    assert found["members whose exact weights miss"] == found["members"] == 6
    assert found["members that random starts miss"] == 6


def test_bars_of_dictionaries_name_what_is_left_out(stored):
    run = stored(smoke("dictionary"), as_in_theory)
    found = dictionary.bars(run, "l2")
    assert sum(not bar.left_out for bar in found) == 2
    assert all(len(bar.left_out) + len(bar.dictionary) == 7 for bar in found)
    assert sum(bar.kind is Kind.LA and bar.found.x == 1 for bar in found) == 7
    assert dictionary.headlines(run)["dictionaries over which MoA contains t2"] == 1


def test_dictionaries_leave_each_activation_out_once_and_grow_to_the_full_one():
    every = dictionary.dictionaries()
    assert len(set(map(frozenset, every))) == len(every)
    assert {7 - len(names) for names in every} == {0, 1, 2, 3, 4, 5}
    assert sum(len(names) == 6 for names in every) == 7
    assert sum(not set(names) & {"relu", "leaky_relu"} for names in every) == 1


moas = st.builds(
    lambda form, width, dimension, scale: Family(
        kind=Kind.MOA,
        neuron=form,
        width=width,
        dimension=dimension,
        dictionary=("id", "relu", "tanh"),
        gate=GateSpec(name="tanh", scale=scale),
    ),
    st.sampled_from(FORMS),
    st.integers(1, 6),
    st.integers(1, 5),
    st.booleans(),
)


@derandomized
@given(moas, st.sampled_from(list(Budget)))
def test_la_gets_the_largest_width_that_is_no_dearer_and_the_next(moa, budget):
    def cost(width: int) -> int:
        la = Family(
            kind=Kind.LA,
            neuron=moa.neuron,
            width=width,
            dimension=moa.dimension,
            dictionary=moa.dictionary,
        )
        return COST[budget](la)

    widths = matched_widths(moa, budget)
    assert cost(widths[0]) <= COST[budget](moa)
    assert cost(widths[0] + 1) > COST[budget](moa)
    assert widths[1:] == (() if budget is Budget.WIDTH else (widths[0] + 1,))


@pytest.mark.parametrize(
    ("form", "kind", "count"),
    [
        # w.x: 2; psi: 7; a: 1.
        ("type1", Kind.LA, 10),
        # Seven gates of two coordinates and a scale: 21.
        ("type1", Kind.MOA, 31),
        # v.x: 2, and the product with it: 1.
        ("one_sided", Kind.LA, 13),
        ("one_sided", Kind.MOA, 34),
        # phi: 7; a second gate vector: 21.
        ("two_sided", Kind.LA, 20),
        ("two_sided", Kind.MOA, 62),
        # 49 coefficients, then the products with seven s_k: w, v, a: 5.
        ("quadratic", Kind.LA, 61),
        ("quadratic", Kind.MOA, 208),
    ],
)
def test_multiply_adds_of_one_neuron_counted_by_hand(form, kind, count):
    gate = GateSpec(name="sigmoid") if kind is Kind.MOA else None
    family = Family(kind=kind, neuron=form, width=1, dimension=2, gate=gate)
    assert family.multiply_adds == count


def test_a_fixed_activation_needs_no_mixing():
    family = Family(
        kind=Kind.FIXED, neuron="type1", width=3, dimension=4, dictionary=("silu",), outputs=2
    )
    assert family.multiply_adds == 3 * 4 + 2 * 3


def test_matches_have_both_sides_at_every_budget(stored):
    run = stored(smoke("matched"), as_in_theory)
    found = [match for match in matched.matches(run, "l2") if match.pair.target.name == "t2"]
    widths = {
        budget: [match.pair.la.width for match in found if match.pair.budget is budget]
        for budget in Budget
    }
    assert widths == {
        Budget.WIDTH: [1],
        Budget.PARAMETERS: [6, 7],
        Budget.MULTIPLY_ADDS: [3, 4],
    }
    assert [match.pair.dearer for match in found] == [False, False, True, False, True]
    assert {match.moa.x for match in found} == {1.0, 32.0, 31.0}
    headlines = matched.headlines(run)
    assert headlines["LA on t2 at equal parameters: best l2"] == 0.5 / 7
    assert headlines["LA on ridges at equal parameters: best l2"] == 1e-15


def test_a_distribution_has_all_restarts_of_all_seeds(stored):
    def tell(unit: FitUnit) -> dict:
        half = unit.parts // 2
        low = 1e-14 if is_member(unit) else 0.2
        return {
            "verdict": Verdict.MEMBER if is_member(unit) else Verdict.NON_MEMBER,
            "lanes": {"l2": [low] * half + [0.3] * (unit.parts - half)},
        }

    found = restarts.distributions(stored(smoke("restarts"), tell))
    assert len(found) == len(smoke("restarts"))
    for each in found:
        assert [minimum.l2 for minimum in each.minima] == [each.errors[0], 0.3]
        assert len(each.errors) == sum(minimum.restarts for minimum in each.minima)
        assert each.success == 0.5
        assert each.restarts_needed == 5
        assert (each.unfinished, each.iterations) == (0, 10)


@derandomized
@given(st.lists(st.floats(min_value=1e-16, max_value=1.0), min_size=1, max_size=60))
def test_minima_are_apart_and_made_of_restarts(errors):
    found = restarts.minima(errors)
    assert sum(minimum.restarts for minimum in found) <= len(errors)
    assert all(minimum.restarts > 1 and minimum.l2 in errors for minimum in found)
    assert sum(minimum.l2 <= REACHED for minimum in found) <= 1
    for before, after in pairwise(found):
        assert after.l2 > (1 + restarts.SAME_MINIMUM) * before.l2


@derandomized
@given(st.floats(min_value=1e-3, max_value=1.0))
def test_so_many_restarts_succeed_with_95_percent_and_one_fewer_do_not(success):
    needed = restarts.restarts_needed(success)
    assert 1 - (1 - success) ** needed >= restarts.CONFIDENCE - 1e-12
    assert needed == 1 or 1 - (1 - success) ** (needed - 1) < restarts.CONFIDENCE + 1e-12


def test_failed_restarts_are_no_minimum_and_no_success(stored):
    found = restarts.distributions(stored(smoke("restarts"), lambda unit: {"error": None}))
    assert all(each.minima == () and each.errors[0] == math.inf for each in found)
    assert {(each.success, each.restarts_needed) for each in found} == {(0.0, math.inf)}


def test_seeds_of_noisy_fits_are_brought_together(stored):
    def tell(unit: FitUnit) -> dict:
        moa = unit.family.kind is Kind.MOA
        seed = unit.settings.seed
        error = (1e-15 if moa else 1.0) + 0.1 * unit.settings.noise.size * (1 + seed)
        return {"error": error, "lanes": {"fit_error": [0.07, 0.05, 0.06, 0.08]}}

    run = stored(smoke("noise"), tell)
    cells = noise.cells(run)
    assert {cell.held_out.count for cell in cells} == {5}
    assert {cell.training.value for cell in cells} == {0.05}
    [contest] = [c for c in noise.contests(run) if c.target == "t2" and c.size == 0.1]
    assert contest.moa.held_out.value == pytest.approx(0.03)
    assert contest.survives
    assert noise.headlines(run)["contests on t2 in which the gap survives"] == 2


def test_a_gap_that_the_noise_swallows_does_not_survive(stored):
    def tell(unit: FitUnit) -> dict:
        return {"error": 0.1 * (1 + unit.settings.seed)}

    found = noise.contests(stored(smoke("noise"), tell))
    assert len(found) == 4
    assert not any(contest.survives for contest in found)
