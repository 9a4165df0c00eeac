"""The comparison: reference (tables by hand), negative (failed runs), a whole small one."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.pretraining.comparison import Plan, best_rate, by_arm, differences
from experiments.pretraining.options import Options
from experiments.pretraining.recipes import Mixing, tiny
from experiments.pretraining.summary import compared
from expressivity.families import Kind
from expressivity.store import Entry, read_lanes

LOSSES = {
    ("fixed", 1.0): [2.0, 2.2],
    ("fixed", 2.0): [1.9, 2.0],
    ("moa", 1.0): [1.8, 2.1],
    ("moa", 2.0): [2.0, 2.2],
}


def entries(losses=LOSSES):
    return [
        Entry(
            key=f"{arm}{rate}{seed}",
            identity={},
            record={
                "arm": arm,
                "rate": rate,
                "seed": seed,
                "validation": loss,
                "gates": None,
            },
            seconds=1.0,
        )
        for (arm, rate), column in losses.items()
        for seed, loss in enumerate(column)
    ]


def view(found):
    return {(d.arm, d.minus, d.rates, d.equal): d.interval for d in found}


def test_differences_are_paired_at_equal_and_at_best_rates():
    found = view(differences(by_arm(entries()), 2))
    assert set(found) == {
        ("moa", "fixed", (1.0, 1.0), True),
        ("moa", "fixed", (2.0, 2.0), True),
        ("moa", "fixed", (1.0, 2.0), False),
    }
    equal = found["moa", "fixed", (1.0, 1.0), True]
    assert (equal.value, equal.low, equal.high) == pytest.approx((-0.15, -0.2, -0.1))
    assert found["moa", "fixed", (2.0, 2.0), True].value == pytest.approx(0.15)
    assert found["moa", "fixed", (1.0, 2.0), False].value == pytest.approx(0.0)


def test_a_diverged_run_is_no_gain():
    losses = {**LOSSES, ("moa", 2.0): [1.0]}
    table = by_arm(entries(losses))
    assert best_rate(table, "moa") == 1.0
    interval = view(differences(table, 2))["moa", "fixed", (2.0, 2.0), True]
    assert (interval.failed, interval.value) == (1, float("inf"))
    rows = compared(entries(losses), 2)["differences"]
    failed = [row for row in rows if row["rates"] == [2.0, 2.0]]
    assert failed[0]["difference"]["value"] is None
    json.dumps(rows, allow_nan=False)


def test_no_runs_have_no_best_rate():
    assert best_rate({}, "moa") is None


def plan(**changes):
    given = Plan(recipe=tiny, mixing=Mixing(), kinds=tuple(Kind), rates=(1.0, 2.0, 3.0), seeds=5)
    return replace(given, **changes)


def test_the_reference_comparison_has_55_runs(corpus):
    chosen = plan()
    units = chosen.grid(corpus)
    losses = {(arm, rate): [1.0] * 5 for arm in Kind for rate in (1.0, 2.0, 3.0)}
    matched = chosen.matched(corpus, entries(losses))
    assert len({unit.key for unit in [*units, *matched]}) == 55
    assert {unit.mixing.name for unit in matched} == {"fixed-matched", "la-matched"}


def test_matched_arms_run_at_the_best_rate_of_their_kind(corpus):
    matched = plan(seeds=2).matched(corpus, entries())
    assert {unit.recipe.training.rate for unit in matched} == {2.0}


def test_keys_depend_on_what_is_computed_and_not_on_where(corpus, tmp_path):
    unit = plan().grid(corpus)[0]
    elsewhere = replace(unit, checkpoints=tmp_path, corpus=replace(corpus, path=tmp_path))
    assert elsewhere.key == unit.key
    other = replace(unit, corpus=replace(corpus, sha256="0"))
    assert other.key != unit.key
    json.dumps(unit.identity, allow_nan=False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipe": "huge"}, "unknown recipe"),
        ({"families": ("fixed", "mixed")}, "unknown family 'mixed'"),
        ({"optimizer": "sgd"}, "unknown optimizer 'sgd'"),
        ({"steps": 1, "tokens": 5}, "--steps or --tokens; got both"),
        ({"rates": ("fast",)}, "numbers for --rates; got 'fast'"),
        ({"steps": 0}, "steps of at least 1"),
        ({"batch": 6, "accumulate": 4}, "that 4 parts divide"),
        ({"rates": ("-1",)}, "a positive rate"),
    ],
)
def test_options_that_cannot_be_are_refused(corpus, changes, message):
    options = Options(**{"recipe": "tiny", **changes})
    with pytest.raises(ValueError, match=message):
        Plan(
            recipe=options.factory,
            mixing=options.mixing,
            kinds=options.kinds,
            rates=options.grid,
            seeds=1,
        ).grid(corpus)


def test_tokens_become_steps():
    found = Options(recipe="tiny", tokens=10_000, batch=4, context=32).factory(Mixing())
    assert found.training.steps == 79
    assert found.tokens >= 10_000


SMALL = ("--steps", 4, "--batch", 4, "--context", 16, "--windows", 4, "--compile", "none")


def test_a_small_comparison_through_the_command(call, text):
    arguments = ["pretrain", "tiny", *SMALL, "--data", text, "--seeds", 2, "--rates", "1e-3,2e-3"]
    answer = call(*arguments, "--out", "run", "--json")
    assert answer.code == 0
    document = answer.document
    assert document["schema"] == "expressivity.pretrain/1"
    assert len(document["runs"]) == 3 * 2 * 2 + 2 * 2
    asked = {(row["arm"], row["minus"], row["equal"]) for row in document["differences"]}
    assert ("moa", "fixed", True) in asked
    assert ("moa", "fixed", False) in asked
    assert ("moa", "fixed-matched", False) in asked
    moa = next(row for row in document["gates"] if row["arm"] == "moa")
    assert len(moa["layers"]) == 4
    lanes = read_lanes(Path("run"), document["runs"][0]["key"])
    assert lanes["step"] == [0, 1, 2, 3]
    again = call(*arguments, "--out", "run", "--json").document
    assert again["runs"] == document["runs"]
    shown = call(*arguments, "--out", "run")
    assert "own best" in shown.out
    assert "fixed-matched" in shown.out


def test_a_small_scaling_fit_through_the_command(call, text):
    sizes = ("--sizes", "32,64,96,128", "--families", "fixed", "--seeds", 1)
    document = call("scaling", "tiny", *sizes, *SMALL, "--data", text, "--json").document
    assert [run["dimension"] for run in document["runs"]] == [32, 64, 96, 128]
    (fit,) = document["fits"]
    assert fit["sizes"] == sorted(run["parameters"] for run in document["runs"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pretrain", "huge"], "unknown recipe 'huge'"),
        (["pretrain", "tiny", "--data", "nowhere"], "nowhere does not exist"),
        (["scaling", "tiny", "--sizes", "64,128"], "4 or more --sizes"),
    ],
)
def test_the_command_refuses_in_one_line(call, arguments, message):
    answer = call(*arguments)
    assert answer.code == 2
    assert message in answer.err
    assert answer.err.count("\n") == 1


def test_a_diverging_run_ends_with_exit_code_1(call, text):
    answer = call(
        *["pretrain", "tiny", *SMALL, "--families", "fixed", "--data", text],
        *["--rates", "1e30", "--out", "run", "--json"],
    )
    assert answer.code == 1
    assert answer.document["failed"] == ["tiny fixed rate 1e+30 seed 0"]
