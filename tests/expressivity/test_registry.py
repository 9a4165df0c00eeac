"""The registry of names.

Kinds: negative (taken and unknown names), property (order, lookup), reference (entry points are
called once, on first use).
"""

import re
from types import SimpleNamespace

import pytest

from expressivity import plugins
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.gates import GATES
from expressivity.names import UnknownNameError
from expressivity.registry import Registry
from expressivity.targets.builtin import FURTHER, TARGETS


def test_entries_keep_their_order_and_come_back():
    numbers: Registry[int] = Registry("number")
    for name, value in (("two", 2), ("one", 1), ("three", 3)):
        assert numbers.add(name, value) == value
    assert list(numbers) == ["two", "one", "three"]
    assert [numbers[name] for name in numbers] == [2, 1, 3]
    assert len(numbers) == 3
    assert "one" in numbers and "four" not in numbers and 1 not in numbers


def test_a_taken_name_is_refused_and_keeps_its_entry():
    numbers: Registry[int] = Registry("number")
    numbers.add("one", 1)
    with pytest.raises(ValueError, match="a new number name; 'one' is taken"):
        numbers.add("one", 2)
    assert numbers["one"] == 1


@pytest.mark.parametrize(("names", "noun"), [(ACTIVATIONS, "activation"), (GATES, "gate")])
def test_an_unknown_name_lists_the_choices_in_one_line(names, noun):
    message = f"unknown {noun} 'sine': choose from {', '.join(names)}"
    with pytest.raises(UnknownNameError, match=re.escape(message)) as caught:
        names["sine"]
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_built_in_names():
    assert list(GATES) == ["sigmoid", "tanh", "softmax"]
    assert list(TARGETS) == ["t1", "t2", "t3", "t3b", "t4", "t5", "t5q", *FURTHER]


def test_plugins_load_once_on_first_lookup(monkeypatch):
    calls = []

    def plugin(numbers):
        calls.append(numbers)
        numbers.add("seven", 7)

    def entry_points(*, group):
        assert group == "some.group"
        return [SimpleNamespace(name="seven", dist=None, load=lambda: plugin)]

    monkeypatch.setattr(plugins, "entry_points", entry_points)
    numbers: Registry[int] = Registry("number", group="some.group")
    numbers.add("one", 1)
    assert calls == []
    assert list(numbers) == ["one", "seven"]
    assert numbers["seven"] == 7
    assert calls == [numbers]
