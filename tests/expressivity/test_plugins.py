"""Plug-ins that fail: each is named in one notice, and the rest works as if it were not there.

Kinds: negative (every way to fail, in every group), soundness (nothing of a failed plug-in
stays, standard output holds results alone).
"""

import logging
import sys

import pytest
from broken_packages import FAILURES, install, notices, numbers

from expressivity.classes.activations import Activation
from expressivity.classes.gates import Gate
from expressivity.names import UnknownNameError
from expressivity.plugins import PluginError, PluginValueError, blaming, plugins, reason
from expressivity.registry import Registry, a_function, of_type
from expressivity.symbolic.proof import Theorem

pytestmark = pytest.mark.usefixtures("forgotten")


@pytest.mark.parametrize("how", FAILURES)
def test_a_plug_in_that_fails_is_named_once_and_leaves_nothing(site, caplog, capsys, how):
    value, code = FAILURES[how]
    module = f"broken_{list(FAILURES).index(how)}"
    install(
        site, module.replace("_", "-"), {"some.group": f"bad = {value.format(module=module)}"}, code
    )
    install(
        site,
        "whole",
        {"some.group": "good = whole:register"},
        "def register(r):\n    r.add('two', 2)",
    )
    sys.modules.pop("whole", None)
    registry = numbers()
    with caplog.at_level(logging.WARNING):
        assert list(registry) == ["one", "two"]
        assert (registry["one"], registry["two"]) == (1, 2)
    (line,) = notices(caplog)
    name = module.replace("_", "-")
    assert line.startswith(f"left out: plug-in 'bad' (group some.group) of {name} 1.0: ")
    assert "\n" not in line
    assert capsys.readouterr().out == ""
    with pytest.raises(UnknownNameError, match=rf"left out: plug-in 'bad' .* of {name} 1\.0$"):
        registry["half"]
    assert list(numbers()) == ["one", "two"]
    assert len(notices(caplog)) == 1  # not again in this process


def test_an_interrupt_is_nobodys_failure(site):
    install(
        site,
        "slow",
        {"some.group": "slow = slow:register"},
        "def register(r):\n    raise KeyboardInterrupt",
    )
    with pytest.raises(KeyboardInterrupt):
        list(numbers())


def test_a_package_whose_entry_points_cannot_be_read_hides_no_other(site, caplog):
    install(site, "unreadable", {"some.group": "no reference at all"})
    install(
        site,
        "whole2",
        {"some.group": "good = whole2:register"},
        "def register(r):\n    r.add('two', 2)",
    )
    with caplog.at_level(logging.WARNING):
        assert list(numbers()) == ["one", "two"]
    assert [line for line in notices(caplog) if "unreadable" in line]
    assert [plugin.name for plugin, _ in plugins("expressivity.listings")] == [
        "experiments",
        "figures",
    ]


def test_own_entry_points_come_first(site):
    install(site, "a-first", {"expressivity.commands": "aaa = a_first:register"})
    found = [plugin for plugin, _ in plugins("expressivity.commands")]
    assert [plugin.own for plugin in found] == [True] * (len(found) - 1) + [False]


def test_an_entry_that_fails_is_named_when_asked_for_and_left_out_of_all(site, caplog):
    code = (
        "def refuses(x):\n    raise ValueError('required: x above 0')\n"
        "def register(r):\n    r.add('refuses', refuses)\n"
        "    r.add('crashes', lambda x: x.nothing)\n    r.add('exits', lambda x: exit(1))"
    )
    install(site, "functions", {"other.group": "all = functions:register"}, code)
    registry = Registry("function", group="other.group", check=a_function)
    registry.add("own", lambda x: x + 1)
    with caplog.at_level(logging.WARNING):
        assert registry.each(lambda f: f(1)) == {"own": 2}
    assert notices(caplog) == [
        "left out: function 'refuses' of functions 1.0: required: x above 0",
        "left out: function 'crashes' of functions 1.0: AttributeError: 'int' object has no "
        "attribute 'nothing'",
        "left out: function 'exits' of functions 1.0: SystemExit: 1",
    ]
    with pytest.raises(PluginValueError, match=r"function 'refuses' of functions 1\.0: required"):
        registry.use("refuses", lambda f: f(1))
    with pytest.raises(PluginError, match=r"of functions 1\.0: AttributeError") as caught:
        registry.each(lambda f: f(1), ["own", "crashes"])
    assert not isinstance(caught.value, ValueError)


def test_what_this_package_raises_passes_as_it_is():
    (plugin, _), *_ = plugins("expressivity.theorems")
    assert plugin.own
    with pytest.raises(KeyError):
        blaming(plugin, "theorem", lambda: {}["T1"])
    registry = numbers()
    with pytest.raises(ZeroDivisionError):
        registry.each(lambda number: number / 0)


@pytest.mark.parametrize(
    ("kind", "group"),
    [(Activation, "activations"), (Gate, "gates"), (Theorem, "theorems")],
)
def test_every_field_of_a_record_is_checked(kind, group):
    import dataclasses

    from expressivity.classes.activations import ACTIVATIONS
    from expressivity.classes.gates import GATES
    from expressivity.symbolic.proof import THEOREMS

    registry = {"activations": ACTIVATIONS, "gates": GATES, "theorems": THEOREMS}[group]
    record = registry[next(iter(registry))]
    check = of_type(kind)
    check(record)
    for field in dataclasses.fields(kind):
        if field.name == "setting":
            continue  # of any type
        wrong = dataclasses.replace(record, **{field.name: object()})
        with pytest.raises(ValueError, match=rf"^required: {kind.__name__}\.{field.name} of type"):
            check(wrong)
    with pytest.raises(ValueError, match=f"required: a record of type {kind.__name__}; got"):
        check(kind)


def test_long_and_broken_reasons_are_one_short_line():
    assert len(reason(ValueError("a\n" * 10_000))) < 400
    assert reason(KeyboardInterrupt()) == "KeyboardInterrupt"
