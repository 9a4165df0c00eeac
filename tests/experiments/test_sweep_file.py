"""Sweep files: what a grid expands to, and what is refused.

Kinds: property (order, each unit once), reference (counts worked out by hand), negative (every
refusal is one line that names file, line and key, and comes before anything is written).
"""

import dataclasses
import json
import os
import textwrap
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import experiments
from experiments.command import plan
from experiments.grid import MAX_COMBINATIONS, expand
from experiments.sweep_file import GridTable, SettingsTable, SweepFile
from experiments.toml_lines import key_lines
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit

DETERMINISTIC = settings(deadline=None, derandomize=True, max_examples=30)
EXAMPLES = sorted((Path(experiments.__file__).parent / "examples").glob("*.toml"))


@pytest.fixture
def write(tmp_path):
    def written(text: str) -> Path:
        path = tmp_path / "sweep.toml"
        path.write_text(textwrap.dedent(text))
        return path

    return written


def units_of(path: Path) -> list[FitUnit]:
    return list(expand(SweepFile(path)).units)


def words(unit: FitUnit) -> str:
    family = unit.family
    return f"{unit.target.name} {family.kind} {family.width} {unit.settings.seed}"


# --- lines of keys -------------------------------------------------------------------------------

AWKWARD = '''\
# a comment with [brackets] and "quotes"
name = "x"   # and [more]
"quoted key" = """
[grid]
width = 3
"""
literal = \'\'\'
seed = [\'\'\'

[grid]
width = [
  1, # ] not yet
  [2, "]"],

  """]
""",
]
a.b.c = 1
seed = { x = 1, y = [2] }
[other]
width = 2
[[list]]
deep = 1
[[list]]
deeper = 2
'''


def test_lines_of_keys_are_found_among_strings_arrays_and_comments():
    assert key_lines(AWKWARD) == {
        ("name",): 2, ("quoted key",): 3, ("literal",): 7, ("grid",): 10, ("grid", "width"): 11,
        ("grid", "a"): 18, ("grid", "a", "b"): 18, ("grid", "a", "b", "c"): 18,
        ("grid", "seed"): 19, ("grid", "seed", "x"): 19, ("grid", "seed", "y"): 19,
        ("other",): 20, ("other", "width"): 21, ("list",): 22, ("list", "deep"): 23,
        ("list", "deeper"): 25,
    }  # fmt: skip
    assert key_lines(AWKWARD.replace("\n", "\r\n")) == key_lines(AWKWARD)


@DETERMINISTIC
@given(st.lists(st.sampled_from(["", "# [x]", 'k = """\n]\n"""', "k = [\n1,\n]", "k = 1"])))
def test_every_key_is_where_it_was_put(blocks):
    text, expected, line = "", {}, 1
    for number, block in enumerate(blocks):
        block = block.replace("k ", f"k{number} ")
        if block.startswith("k"):
            expected[f"k{number}",] = line
        text += block + "\n"
        line += block.count("\n") + 1
    assert key_lines(text) == expected
    assert set(tomllib.loads(text)) == {key for (key,) in expected}


# --- expansion -----------------------------------------------------------------------------------


def test_units_come_in_the_stated_order_and_each_once(write):
    path = write("""
        [grid]
        target = ["t2", "t1"]
        family = ["moa", "la"]
        width = [2, 1, 2]
        seed = [1, 0]
    """)
    expected = [
        f"{target} {family} {width} {seed}"
        for target in ("t2", "t1") for family in ("moa", "la") for width in (2, 1)
        for seed in (1, 0)
    ]  # fmt: skip
    assert [words(unit) for unit in units_of(path)] == expected


def test_combinations_that_mean_the_same_unit_appear_once(write):
    path = write("""
        [grid]
        target = ["t1", "t4"]
        lambda = [1, 2.0, 3]
        family = ["fixed", "la", "moa"]
        width = [1]
        dictionary = [["relu", "tanh"], ["relu"]]
        gate = ["tanh", "sigmoid"]
        gate_scale = [true, false]
    """)
    expansion = expand(SweepFile(path))
    assert expansion.combinations == 2 * 3 * 3 * 2 * 2 * 2
    # t1: fixed 2, la 2, moa 2 * 4; t4 three times as many.
    assert len(expansion.units) == (2 + 2 + 8) * (1 + 3)
    assert len({unit.key for unit in expansion.units}) == len(expansion.units)
    assert expansion.left_out == {}


def test_the_gate_of_t2_is_part_of_the_target(write):
    path = write("""
        [grid]
        target = ["t2"]
        family = ["la"]
        width = [1]
        gate = ["tanh", "sigmoid", "softmax"]
        gate_bias = [true, false]
    """)
    assert len({unit.identity["expression"] for unit in units_of(path)}) == 3
    assert len(units_of(path)) == 3


def test_what_is_not_given_is_what_separate_would_take(write):
    units = units_of(write('[grid]\ntarget = ["t1", "t5"]'))
    assert {unit.settings for unit in units} == {Settings()}
    t1 = [unit.family for unit in units if unit.target.name == "t1"]
    t5 = [unit.family for unit in units if unit.target.name == "t5"]
    assert len(t1) == 3 * (7 + 1 + 1) and len(t5) == 3 * 2  # every kind there is
    assert {str(family.neuron) for family in t5} == {"two_sided"}
    assert {family.dictionary for family in t5} == {("id", "relu", "silu", "tanh")}
    assert {family.gate.json()["name"] for family in t5 if family.gate} == {"tanh"}


def test_every_key_reaches_the_units(write):
    path = write("""
        [grid]
        expr = ["tanh(x1)*relu(x2)"]
        form = ["one_sided"]
        family = ["moa"]
        width = [4]
        groups = [2]
        dictionary = [["relu", "id"]]
        gate = ["softmax"]
        gate_scale = [false]
        gate_bias = [false]
        bias = [false]
        optimizer = ["lm"]
        seed = [7]
        [settings]
        restarts = 5
        candidates = 6
        dtype = "float32"
        noise = { size = 0.5, points = 9 }
    """)
    (unit,) = units_of(path)
    identity = json.loads(json.dumps(unit.identity))
    assert identity["target"] == "expr"
    assert identity["family"] == {
        "kind": "moa", "form": "one_sided", "width": 4, "activation": None, "bias": False,
        "gate": {"name": "softmax", "scale": False, "bias": False}, "dictionary": ["relu", "id"],
        "constraint": "free", "groups": 2, "outputs": 1,
    }  # fmt: skip
    assert identity["settings"] == {
        "restarts": 5, "candidates": 6, "generations": 0, "seed": 7, "seeds": 1, "loss": "l2",
        "optimizer": "lm", "device": "cpu", "dtype": "float32", "noise": {"size": 0.5, "points": 9},
    }  # fmt: skip
    (other,) = units_of(write('[grid]\ntarget=["t1"]\nfamily=["la"]\nwidth=[1]\nloss=["h1"]\n'
                              "[settings]\nseeds=3"))  # fmt: skip
    assert (other.settings.loss, other.settings.seeds) == ("h1", 3)


def test_no_setting_and_no_axis_is_missing():
    settings_ = {field.name for field in dataclasses.fields(Settings)}
    axes = {"loss", "optimizer", "seed"}
    assert set(SettingsTable.model_fields) == (settings_ - axes) | {"compile"}
    assert axes < set(GridTable.model_fields)


def test_what_does_not_exist_is_left_out_and_counted_if_its_kind_exists_elsewhere(write):
    path = write("""
        [grid]
        target = ["t1"]
        form = ["type1", "two_sided"]
        family = ["fixed", "la"]
        width = [1, 2]
        dictionary = [["relu"]]
    """)
    expansion = expand(SweepFile(path))
    assert expansion.left_out == {"fixed does not exist in two_sided": 2}
    assert len(expansion.units) == 2 + 2 + 2


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_that_come_with_the_program_are_good(path):
    asked = plan(path)
    assert len(asked.units) >= 1 and asked.name == path.stem
    assert json.dumps(asked.configuration)


def test_the_examples_are_there():
    assert len(EXAMPLES) >= 3


def test_a_file_says_the_same_in_another_order_and_with_comments(write):
    first = plan(write('[grid]\ntarget = ["t1"]\nwidth = [1]')).configuration
    second = plan(write('# again\n[grid]\nwidth = [1]   # one\ntarget = [\n"t1",\n]'))
    assert second.configuration == first
    third = plan(write('[grid]\nwidth = [2]\ntarget = ["t1"]'))
    assert third.configuration != first


# --- refusals ------------------------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (each test looks at the message)
        plan(path)
    message = str(caught.value)
    assert "\n" not in message and str(path) in message
    return message


T1 = '[grid]\ntarget = ["t1"]\n'


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (T1 + "widht = [1]", "line 3: grid.widht", "unknown key 'widht': did you mean width?"),
        ("nmae = 'x'\n" + T1, "line 1: nmae", "did you mean name?"),
        (T1 + "[settings]\nrestart = 2", "line 4: settings.restart", "did you mean restarts?"),
        (T1 + "restarts = 2", "line 3: grid.restarts", "it belongs in [settings]"),
        (T1 + "[settings]\nwidth = [2]", "line 4: settings.width", "it belongs in [grid]"),
        (T1 + "name = 'x'", "line 3: grid.name", "it belongs at the top"),
        (T1 + "zzz = 1", "line 3: grid.zzz", "choose from target, expr, lambda,"),
        (T1 + "lambda_ = [1.0]", "line 3: grid.lambda_", "did you mean lambda?"),
        (T1 + "width = 4", "line 3: grid.width", "required: a list in [ ]; got 4"),
        (T1 + "width = []", "line 3: grid.width", "required: at least one value; got []"),
        (T1 + "width = [\n1,\n0]", "line 3: grid.width", "a number of at least 1; got 0"),
        (T1 + "width = [1.5]", "line 3: grid.width", "a whole number; got 1.5"),
        (T1 + "width = [true]", "line 3: grid.width", "a whole number; got True"),
        (T1 + "width = ['1']", "line 3: grid.width", "a whole number; got '1'"),
        (T1 + "lambda = [0]", "line 3: grid.lambda", "a number above 0"),
        (T1 + "lambda = [inf]", "line 3: grid.lambda", "a finite number"),
        (T1 + "lambda = [nan]", "line 3: grid.lambda", "required: a"),
        (T1 + "seed = [-1]", "line 3: grid.seed", "a number of at least 0; got -1"),
        (T1 + "seed = [99999999999999999999]", "line 3: grid.seed", "a number of at most"),
        (T1 + "gate_scale = [1]", "line 3: grid.gate_scale", "true or false; got 1"),
        (T1 + "gate = ['nope']", "line 3: grid.gate", "choose from sigmoid, tanh, softmax"),
        (T1 + "family = ['MoE']", "line 3: grid.family", "choose from fixed, la, moa"),
        (T1 + "form = [1]", "line 3: grid.form", "text in quotes; got 1"),
        (T1 + "form = ['x']", "line 3: grid.form", "choose from type1"),
        (T1 + "loss = ['x']", "line 3: grid.loss", "choose from l2, h1"),
        (T1 + "optimizer = ['x']", "line 3: grid.optimizer", "choose from varpro, lm, adam"),
        (T1 + "dictionary = ['relu']", "line 3: grid.dictionary", "a list in [ ]; got 'relu'"),
        (T1 + "dictionary = [[]]", "line 3: grid.dictionary", "at least one value"),
        (T1 + "dictionary = [['rleu']]", "line 3: grid.dictionary", "unknown activation 'rleu'"),
        (T1 + "dictionary = [['id', 'id']]", "line 3: grid.dictionary", "each activation once"),
        ("[grid]\n\ntarget = ['t99']", "line 3: grid.target", "(did you mean t9?): choose from"),
        ("[grid]\nexpr = ['x1 +']", "line 2: grid.expr", "required"),
        ("[grid]\nexpr = ['__import__(\"os\")']", "line 2: grid.expr", ""),
        ("[grid]\nexpr = ['1/x1']", "line 2: grid.expr", "finite"),
        ("[grid]\nexpr = ['x1 - x1']", "line 2: grid.expr", "vanishes"),
        ("[grid]\nwidth = [1]", "line 1: grid", "required: `target` or `expr`; got neither"),
        ("grid = 3", "line 1: grid", "required: a table; got 3"),
        ("", "", "required: either `experiment` or a table [grid]; got neither"),
        ("experiment = 'proofs'\n" + T1, "line 1: experiment", "got both"),
        ("experiment = 'no'", "line 1: experiment", "unknown experiment 'no': choose from"),
        ("experiment = 'proofs'\ntier = 'x'", "line 2: tier", "choose from smoke, cpu, gpu"),
        ("tier = 'cpu'\n" + T1, "line 1: tier", "required: `tier` beside `experiment`"),
        ("experiment = 'proofs'\n[settings]", "line 2: settings", "no settings beside"),
        ("name = '../x'\n" + T1, "line 1: name", "letters, digits"),
        ("name = ''\n" + T1, "line 1: name", "letters, digits"),
        (T1 + "[settings]\nrestarts = 0", "line 4: settings.restarts", "at least 1; got 0"),
        (T1 + "[settings]\nrestarts = [1]", "line 4: settings.restarts", "a whole number"),
        (T1 + "[settings]\ndtype = 'float16'", "line 4: settings.dtype", "choose from float64"),
        (T1 + "[settings]\ndevice = 'tpu'", "line 4: settings.device", "choose from cpu, cuda"),
        (T1 + "[settings]\nnoise = 0.1", "line 4: settings.noise", "a table; got 0.1"),
        (T1 + "[settings]\nnoise = {size = 1}", "line 4: settings.noise", "required: this key"),
        (T1 + "[settings]\nnoise = {size = -1, points = 5}", "line 4: settings.noise.size",
         "at least 0; got -1"),
        (T1 + "[settings]\nseeds = 2\nnoise = {size = 1, points = 5}", "line 5: settings.noise",
         "required: one seed"),
        (T1 + "optimizer = ['varpro', 'lm']\n[settings]\nrestarts = 8\ngenerations = 5",
         "line 6: settings.generations", "got 5 with lm: choose 0"),
        (T1 + "[settings]\ngenerations = -1", "line 4: settings.generations", "at least 0; got -1"),
        (T1 + "loss = ['l2', 'h1']\n[settings]\nnoise = {size = 1, points = 5}",
         "line 5: settings.noise", "loss l2 with noise"),
        ("[grid]\ntarget = ['t5']\nfamily = ['fixed', 'la']", "line 3: grid.family",
         "got 'fixed': every combination with it is left out (fixed does not exist in two_sided)"),
        (T1 + "family = ['fixed']\nform = ['two_sided', 'type1']", "line 4: grid.form",
         "got 'two_sided'"),
        ("[grid]\ntarget = ['t1', 't5']\nfamily = ['fixed']", "line 2: grid.target", "got 't5'"),
        ("[grid]\ntarget = ['t2']\nlambda = [1e-200]", "line 3: grid.lambda", "vanishes"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line_and_key(write, text, line, told):
    message = refusal(write(text))
    assert told in message
    assert (f"{line}: " in message) if line else ("line" not in message)


def test_errors_of_toml_keep_their_line(write):
    assert "at line 2" in refusal(write("[grid]\nwidth = [1,, 2]"))
    assert "at line 2" in refusal(write("[grid]\nwidth == 1"))
    refusal(write("[grid]\nwidth = [1]\nwidth = [2]"))
    refusal(write("x = " + "[" * 100_000))
    refusal(write("x = " + "9" * 5000))


def test_files_that_cannot_be_read(tmp_path):
    assert "No such file" in refusal(tmp_path / "none.toml")
    assert "s a directory" in refusal(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe9'")
    assert "UTF-8" in refusal(tmp_path / "latin.toml")
    (tmp_path / "large.toml").write_text("#" * 1_000_001)
    assert "at most 1000000 bytes" in refusal(tmp_path / "large.toml")
    os.mkfifo(tmp_path / "fifo")
    assert "a file" in refusal(tmp_path / "fifo")


def test_too_many_combinations_are_refused_before_they_are_made(write):
    many = ", ".join(str(number) for number in range(1, 2001))
    message = refusal(write(f'[grid]\ntarget = ["t1"]\nwidth = [{many}]\nseed = [{many}]'))
    assert f"at most {MAX_COMBINATIONS} combinations; got {2000 * 2000}" in message


@pytest.mark.parametrize(
    ("grid", "settings", "expected"),
    [
        ("", "restarts = 1000000000", "seeds * restarts * candidates of at most"),
        ("", "seeds = 1000000000", "seeds"),
        ("", "candidates = 1000000000", "seeds * restarts * candidates of at most"),
        ("", "noise = { size = 0.1, points = 1000000000 }", "1 to 1048576 points"),
        ("width = [1000000000]", "", "a network of at most 8192 weights"),
    ],
)
def test_what_memory_cannot_hold_is_refused_before_work(tmp_path, grid, settings, expected):
    path = tmp_path / "large.toml"
    path.write_text(f'[grid]\ntarget = ["t1"]\n{grid}\n[settings]\n{settings}\n')
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        expand(SweepFile(path))
    assert expected in str(caught.value) and str(path) in str(caught.value)
