"""The comparison: reference (tables by hand), negative (failed runs), a whole small one."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.pretraining.ablation import Ablation
from experiments.pretraining.comparison import Plan, best_rate, by_arm, differences, pairs
from experiments.pretraining.options import Options
from experiments.pretraining.recipes import Mixing, tiny
from experiments.pretraining.report_section import section
from experiments.pretraining.summary import compared
from experiments.pretraining.views import VIEWS
from expressivity.classes.kinds import Kind
from expressivity.runs.folder import Entry, Run, read_lanes, read_run

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
                "training_tail": loss,
                "parameters": 824_448,
                "evaluations": [[200, 3.0], [400, loss]],
                "gates": None,
            },
            seconds=1.0,
        )
        for (arm, rate), column in losses.items()
        for seed, loss in enumerate(column)
    ]


def run_of(losses, command="pretrain", seeds=(0, 1)) -> Run:
    configuration = {"command": command, "seeds": list(seeds), "units": []}
    return Run(
        path=Path("run"),
        manifest={"configuration": configuration},
        entries=entries(losses),
        failures=[],
        damaged=[],
    )


def paired(table, seeds=(0, 1)):
    return view(differences(table, pairs(table), seeds))


def view(found):
    return {(d.arm, d.minus, d.rates, d.equal): d.interval for d in found}


def test_differences_are_paired_at_equal_and_at_best_rates():
    found = paired(by_arm(entries()))
    assert set(found) == {
        ("moa", "fixed", (1.0, 1.0), True),
        ("moa", "fixed", (2.0, 2.0), True),
        ("moa", "fixed", (1.0, 2.0), False),
    }
    equal = found["moa", "fixed", (1.0, 1.0), True]
    half = 12.7062047364 * 0.1 / 2  # Student's quantile of one degree of freedom
    assert (equal.value, equal.low, equal.high) == pytest.approx((-0.15, -0.15 - half, half - 0.15))
    assert found["moa", "fixed", (2.0, 2.0), True].value == pytest.approx(0.15)
    assert found["moa", "fixed", (1.0, 2.0), False].value == pytest.approx(0.0)


def test_a_diverged_run_is_no_gain():
    losses = {**LOSSES, ("moa", 2.0): [1.0]}
    table = by_arm(entries(losses))
    assert best_rate(table, "moa") == 1.0
    interval = paired(table)["moa", "fixed", (2.0, 2.0), True]
    assert (interval.failed, interval.value, interval.low) == (1, float("inf"), None)
    rows = compared(run_of(losses))["differences"]
    failed = [row for row in rows if row["rates"] == [2.0, 2.0]]
    assert failed[0]["difference"]["value"] is None
    json.dumps(rows, allow_nan=False)


def test_no_runs_have_no_best_rate():
    assert best_rate({}, "moa") is None


def plan(**changes):
    given = Plan(
        recipe=tiny, mixing=Mixing(), kinds=tuple(Kind), rates=(1.0, 2.0, 3.0), seeds=range(5)
    )
    return replace(given, **changes)


def test_the_reference_comparison_has_55_runs(corpus):
    chosen = plan()
    units = chosen.grid(corpus)
    losses = {(arm, rate): [1.0] * 5 for arm in Kind for rate in (1.0, 2.0, 3.0)}
    matched = chosen.matched(corpus, entries(losses))
    assert len({unit.key for unit in [*units, *matched]}) == 55
    assert {unit.mixing.name for unit in matched} == {"fixed-matched", "la-matched"}


def test_matched_arms_run_at_the_best_rate_of_their_kind(corpus):
    matched = plan(seeds=range(2)).matched(corpus, entries())
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
        ({"steps": 10**12}, "steps of at most 16777216; got 1000000000000"),
        ({"tokens": 10**15}, "steps of at most 16777216"),
        ({"batch": 10**9}, "batch of at most 65536; got 1000000000"),
        ({"windows": 10**9}, "windows of at most 65536"),
        ({"batch": 6, "accumulate": 4}, "that 4 parts divide"),
        ({"rates": ("-1",)}, "a positive rate"),
        ({"rates": ()}, "at least one rate for --rates; got none"),
        ({"dictionary": ()}, "a dictionary of at least one activation; got none"),
        ({"gate_rate": -1.0}, "gate_rate of at least 0; got -1.0"),
        ({"gate_decay": math.nan}, "gate_decay of at least 0; got nan"),
        ({"checkpoint_every": 0}, "checkpoint_every of at least 1; got 0"),
        ({"seeds": 0}, "1 to 10000 seeds; got 0"),
        ({"first_seed": -1}, "a first seed from 0 to 2147483647; got -1"),
        ({"first_seed": 2**31}, "a first seed from 0 to 2147483647"),
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
            seeds=options.seed_range,
        ).grid(corpus)


def test_tokens_become_steps():
    found = Options(recipe="tiny", tokens=10_000, batch=4, context=32).factory(Mixing())
    assert found.training.steps == 79
    assert found.tokens >= 10_000


SMALL = ("--steps", 4, "--batch", 4, "--context", 16, "--windows", 4, "--compile", "none")


@pytest.mark.slow
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
    assert document["findings"][0] in shown.out
    assert "Language models" in Path("run/report.html").read_text()
    assert "fixed-matched" in shown.out


@pytest.mark.parametrize(
    ("losses", "verdict", "against"),
    [
        ([1.8, 1.9, 1.9, 1.8, 1.9], "is seen at this scale", False),
        ([1.8, 2.3, 1.9, 2.2, 2.0], "not told apart from 0", True),
        # The percentile interval of resampled means ends at -0.01, Student's at +0.02.
        ([1.85, 2.1, 1.95, 1.95, 2.0], "not told apart from 0", True),
        ([2.2, 2.3, 2.3, 2.2, 2.2], "it is higher", True),
        ([1.9, 2.0, 1.9, 2.0, 1.9], "(no interval, 5 seeds); no verdict without", False),
        ([1.0, 1.0], "no verdict on fewer than 5 seeds", False),
    ],
)
def test_findings_say_what_the_interval_says(losses, verdict, against):
    fixed = [2.0, 2.1, 2.0, 2.1, 2.0][: len(losses)]
    run = run_of({("fixed", 1.0): fixed, ("moa", 1.0): losses}, seeds=range(len(losses)))
    document = compared(run)
    best, *_ = VIEWS["pretrain"].findings(document)
    assert best.text.startswith("MoA - fixed, each at its own best rate:")
    assert verdict in best.text
    assert best.against is against


@pytest.mark.parametrize("command", ["pretrain", "ablate", "scaling"])
def test_findings_say_what_such_runs_do_not_test(command):
    view = VIEWS[command]
    *_, last = view.findings(view.document(run_of(LOSSES, command=command)))
    assert last.text == (
        "These are losses after 400 steps of models of 0.8 million parameters; they test no "
        "terminal loss."
    )
    assert view.findings(view.document(run_of({}, command=command))) == []


def test_a_failed_run_leaves_no_verdict():
    losses = {("fixed", 1.0): [2.0, 2.1, 2.0, 2.1, 2.0], ("moa", 1.0): [1.0, 1.1, 1.0, 1.2]}
    best, *_ = VIEWS["pretrain"].findings(compared(run_of(losses, seeds=range(5))))
    assert "failed (no interval, 5 seeds); no verdict" in best.text


def test_wider_fixed_layers_are_a_control_and_no_claim():
    losses = {("fixed", 1.0): [2.0, 2.1], ("fixed-matched", 1.0): [2.2, 2.3]}
    best, *_ = VIEWS["pretrain"].findings(compared(run_of(losses)))
    assert "a control" in best.text
    assert not best.against


def test_the_section_shows_findings_and_tables():
    worse = {("fixed", 1.0): [2.0] * 5, ("moa", 1.0): [2.1, 2.2, 2.1, 2.2, 2.1]}
    found = section(run_of(worse, seeds=range(5)))
    assert found is not None
    assert "Not reproduced" in found.body
    assert found.body.count("<table>") == 2
    assert section(run_of(LOSSES, command="separate")) is None


def test_an_ablation_changes_one_choice_at_a_time(corpus):
    plan = Ablation(recipe=tiny, mixing=Mixing(), rates=None, seeds=range(100, 102))
    units = plan.units(corpus)
    assert len({unit.key for unit in units}) == len(units)
    default = next(unit for unit in units if unit.arm == "moa")
    assert default.recipe == replace(tiny(Mixing()), training=default.recipe.training)
    for unit in units:
        if unit.changes and unit.recipe.training.seed == default.recipe.training.seed:
            assert (unit.recipe, unit.mixing) != (default.recipe, default.mixing)
            assert unit.label == f"tiny moa {unit.changes} rate 0.004 seed 100"


@pytest.mark.slow
def test_a_small_ablation_through_the_command(call, text):
    answer = call("ablate", "tiny", *SMALL, "--data", text, "--seeds", 1, "--out", "run", "--json")
    assert answer.code == 0
    arms = {run["arm"] for run in answer.document["runs"]}
    assert {"fixed", "moa"} < arms
    found = {(row["arm"], row["minus"]) for row in answer.document["differences"]}
    assert found == {(arm, "moa") for arm in arms - {"fixed", "moa"}} | {
        (arm, "fixed") for arm in arms - {"fixed"}
    }
    assert len(read_run(Path("run")).entries) == len(arms)


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
