"""Options that several commands, sweep files and the library share.

Kinds: reference (names and defaults agree everywhere), property (what is asked is what is built),
negative (one line for what nobody can mean).
"""

import dataclasses
import inspect
import typing

import pytest

from experiments.sweep_file import GridTable
from expressivity import cli
from expressivity.classes.kinds import Constraint
from expressivity.commands.options import ClassOptions, FitOptions
from expressivity.fitting.search import LEAST_LANES
from expressivity.separation.asked import Request
from expressivity.separation.settings import GENERATIONS, Settings
from expressivity.targets.builtin import t2
from expressivity.targets.user import user_target


@pytest.mark.parametrize("command", [cli.separate, cli.classify, cli.certify])
def test_every_command_takes_the_options_of_classes(command):
    taken = inspect.signature(command).parameters
    for field in dataclasses.fields(ClassOptions):
        assert taken[field.name].default == field.default


def test_sweep_files_take_the_same_options():
    fields = {field.alias or name: field for name, field in GridTable.model_fields.items()}
    for field in dataclasses.fields(ClassOptions):
        key = "family" if field.name == "kinds" else field.name
        default = fields[key].get_default()
        given = [1] if key == "groups" else [field.default]  # "1" as it is typed
        assert default == (None if field.default is None else given), key


def test_the_help_names_the_default_of_generations():
    assert FitOptions().settings(device="cpu").generations == GENERATIONS
    hints = typing.get_type_hints(FitOptions, include_extras=True)
    (option,) = hints["generations"].__metadata__
    assert f"default {GENERATIONS}, but 0 for lm, adam and fewer than {LEAST_LANES}" in option.help


def test_defaults_are_those_of_the_library():
    settings = FitOptions().settings(device="cpu")
    assert settings == Settings()
    assert ClassOptions().request() == Request()


def test_what_is_asked_is_what_is_built():
    request = ClassOptions(
        kinds="moa,la", gate="softmax", gate_bias=False, dictionary="relu,tanh", groups="2",
        constraint="affine", bias=False,
    ).request()  # fmt: skip
    la, moa = (request.one(name, t2(), width=4) for name in request.kinds)
    assert (la.constraint, la.groups, la.gate, la.bias) == (Constraint.AFFINE, 2, None, False)
    assert (moa.constraint, moa.groups) == (Constraint.FREE, 2)
    assert (moa.gate.name, moa.gate.scale, moa.gate.bias) == ("softmax", True, False)
    assert la.dictionary == moa.dictionary == ("relu", "tanh")
    fitted = request.families(t2())
    assert [family.width for family in fitted] == [2, 4, 8, 2]


def test_groups_and_constraints_leave_fixed_families_alone():
    request = Request(
        kinds=("fixed", "la"), dictionary=("relu",), widths=(2,), groups=2, constraint="simplex"
    )
    fixed, learned = request.families(t2())
    assert (fixed.groups, fixed.constraint) == (1, Constraint.FREE)
    assert (learned.groups, learned.constraint) == (2, Constraint.SIMPLEX)


@pytest.mark.parametrize(
    ("kinds", "said", "message"),
    [
        (("moa",), {"constraint": "affine"}, "no constraint for moa, .* got affine: ask for la"),
        (("fixed",), {"groups": 2}, "no groups for fixed, .* got 2: ask for la or moa"),
    ],
)
def test_what_no_family_can_use_is_refused(kinds, said, message):
    with pytest.raises(ValueError, match=message):
        Request(kinds=kinds, **said)


def test_registered_classes_stand_beside_kinds():
    request = Request(kinds=("glu-silu", "la"), dictionary=("relu", "id"), widths=(3,))
    la, glu = request.families(t2())
    assert (la.label, la.dictionary) == ("la type1 m=3", ("relu", "id"))
    assert glu.label == "silu one_sided m=3"


def test_classify_asks_every_class_of_the_paper_by_default():
    rows = Request().rows(user_target("relu(x)"))
    assert len(rows) == 7 * 2 + 4 + 4
    assert {row.neuron for row in rows} == {"type1", "one_sided", "two_sided", "quadratic"}
    assert {row.neuron for row in Request(form="two_sided").rows(t2())} == {"two_sided"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kinds": ""}, "at least one family; got none"),
        ({"kinds": "la,foo"}, "unknown family 'foo': choose from fixed, la, moa, relu"),
        ({"kinds": "relu", "form": "type1"}, "no form beside registered classes"),
        ({"kinds": "relu", "bias": False}, "no bias beside registered classes"),
        ({"form": "foo"}, "unknown form 'foo'"),
        ({"dictionary": ""}, "a dictionary of at least one activation; got none"),
        ({"groups": "two"}, "--groups of at least 1, or neuron; got 'two'"),
        ({"groups": "0"}, "--groups of at least 1, or neuron; got '0'"),
        ({"constraint": "convex"}, "unknown constraint 'convex': choose from free, affine"),
    ],
)
def test_what_nobody_can_mean_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ClassOptions(**options).request()


def test_groups_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="groups that divide the width; got 2 groups of 3"):
        Request(kinds=("la",), groups=2, widths=(3,)).families(t2())


def test_the_command_line_takes_groups_and_constraints(call):
    options = ("--family", "la", "--form", "type1", "--dictionary", "relu,id", "--json")
    answer = call("classify", "relu(x)", *options, "--constraint", "affine")
    (row,) = answer.document["results"]
    assert row["family"]["constraint"] == "affine"
    assert call("classify", "relu(x)", *options, "--constraint", "round").code == 2
