"""The front door: what it offers, what it costs, what its answers say and show.

Kinds: reference (names against their stub and their homes), property (a fresh process imports
nothing heavy), metamorphic (answers equal what the rooms say), negative (one line for each
misuse; a tampered certificate is rejected).
"""

import ast
import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import expressivity
from expressivity import Family, certify, check, classify, fit, lower_bounds, separate, target
from expressivity.classes.weights import Weights

STUB = Path(expressivity.__file__).with_name("__init__.pyi")


def test_importing_costs_nothing():
    code = (
        "import sys, expressivity; dir(expressivity); "
        "print(sorted({'torch', 'sympy', 'numpy', 'scipy', 'pydantic', 'flint'} & {*sys.modules}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=STUB.parents[1],
    )
    assert ran.stdout.strip() == "[]"


def test_the_stub_names_what_there_is():
    told = {
        (node.module, alias.name)
        for node in ast.parse(STUB.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {name for _, name in told} | {"__version__"} == set(expressivity.__all__)
    for module, name in told:
        __import__(module)
        assert getattr(expressivity, name) is getattr(sys.modules[module], name)
    assert set(expressivity.__all__) <= set(dir(expressivity))


def test_an_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = expressivity.nonsense


@pytest.mark.parametrize(("text", "name", "dimension"), [("t2", "t2", 2), ("relu(x)", "expr", 1)])
def test_targets_by_name_and_expression(text, name, dimension):
    made = target(text)
    assert (made.name, made.dimension) == (name, dimension)
    assert target(made) is made


def test_a_fit_shows_what_it_found():
    found = fit("relu(x)", "la", dictionary="relu, id", restarts=4)
    assert found.error["l2"] < 1e-12
    assert found.family.dictionary == ("relu", "id")
    x = torch.linspace(-1, 1, 5, dtype=torch.float64)
    assert torch.allclose(found(x), x.relu(), atol=1e-12)
    text = repr(found)
    assert "la type1 m=1" in text and "member (proved)" in text and len(text.split("\n")) == 5
    assert "<pre>" in found._repr_html_()
    assert "operatorname{relu}" in found._repr_latex_()
    assert len(found.plot().axes) == 2
    assert set(found.weights) == {"w", "a", "scale0"}


def test_the_estimate_stands_behind_the_error():
    found = fit("relu(x)", "la", dictionary="relu, id", restarts=4, generations=0)
    assert "off by an estimated " in repr(found)
    unknown = dataclasses.replace(found, result=dataclasses.replace(found.result, l2_estimate=None))
    line = repr(unknown).split("\n")[1]
    assert " ?inf (unknown)" in line and "estimated" not in line
    assert repr(unknown).split("\n")[-1].startswith("?1e-05: an l2 error that may be off")


def test_a_norm_that_is_not_known_is_said_below_the_tables():
    waves = separate("sin(100000*x)", family="la", widths=[1], restarts=2)
    assert "the norm of expr" in repr(waves) and "is not known" in repr(waves)
    assert repr(waves).count(" ?") >= 2 and "is not known" in waves._repr_html_()


def test_generations_are_those_of_the_settings():
    plain = fit("t2", "la", restarts=4, generations=0).result
    searched = fit("t2", "la", restarts=4, generations=2).result
    assert searched.error["l2"] != plain.error["l2"]
    with pytest.raises(ValueError, match="got 3 with lm: choose 0"):
        separate("t1", restarts=4, optimizer="lm", generations=3)


def test_the_formula_is_the_network():
    from expressivity.classes.activations import ACTIVATIONS

    family = Family(
        neuron="one_sided", kind="moa", gate="sigmoid", dictionary="tanh,id", width=2, dimension=2
    )
    found = fit("t4", family, restarts=2)
    formula = found.formula
    for name in family.dictionary:
        formula = formula.replace(
            lambda part, name=name: getattr(part.func, "__name__", "") == name and part.args,
            lambda part, name=name: ACTIVATIONS[name](part.args[0]),
        )
    x1, x2 = target("x1 + x2").coordinates
    for point in ((0.3, -0.2), (-0.5, 0.7)):
        exact = float(formula.subs({x1: point[0], x2: point[1]}))
        assert exact == pytest.approx(float(found([point])), abs=2e-2)
    assert len(found.plot().axes) == 6  # three maps, each with its colour bar


def test_classify_is_a_table():
    rows = classify("abs(x)", "fixed,la", form="type1", dictionary=("relu", "id"))
    assert [row.family.class_label for row in rows] == ["relu type1", "id type1", "la type1"]
    assert [str(row.membership.verdict) for row in rows] == ["member", "non_member", "member"]
    assert repr(rows).startswith("class") and "non-member" in rows._repr_html_()
    assert isinstance(rows[0].witness, Weights)


def test_bounds_and_certificates(tmp_path):
    bounds = lower_bounds("t2", width=2)
    assert {bound.norm for bound in bounds} == {"l2", "w1inf"}
    assert lower_bounds("relu(x)", "relu")[:] == ()
    document = certify("t2", degree=8)
    assert document["lower_bound"]["l2"]["evidence"] == "certified"
    assert "at least" in repr(document)
    document.write(tmp_path / "c.json")
    assert check(tmp_path / "c.json") == check(document)
    document["lower_bound"]["l2"]["value"] = "0.9"
    assert check(document).outcome == "rejected"


def test_separate_finds_the_gap_of_t1():
    found = separate("t1", family=("fixed", "la"), widths=[1], dictionary="relu,relu2", restarts=4)
    assert len(found.results) == 3
    (gap,) = found.gaps
    assert gap.confirmed and gap.strict and not gap.surprising
    assert "fixed < la" in repr(found) and found._repr_html_().count("<table>") == 2


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: fit(3), "a target's name, an expression or a Target; got 3"),
        (lambda: fit("t99"), "a target among t1"),
        (lambda: fit("t2", 4), "a family's name or a Family; got 4"),
        (lambda: fit("t2", "fixed"), "exactly one activation"),
        (lambda: fit("t2", "foo"), "unknown family 'foo': choose from fixed, la, moa, relu"),
        (lambda: fit("t1", "la,moa"), "one family; got 'la,moa'"),
        (
            lambda: fit("t1", Family(neuron="type1", kind="la", width=1, dimension=2)),
            "dimension 1; got 2",
        ),
        (
            lambda: fit("t1", Family(neuron="type1", kind="la", width=1, dimension=1), bias=True),
            "a Family alone",
        ),
        (lambda: classify("relu(x)", "fixed", form="two_sided"), "families that exist in form"),
        (lambda: lower_bounds("t2", "relu", groups=2), "no groups beside registered classes"),
        (lambda: fit("t2", "la", constraint="foo"), "unknown constraint 'foo'"),
        (lambda: separate("t1", widths="a"), "widths as whole numbers"),
        (lambda: check("none.json"), "a file that can be read"),
    ],
)
def test_misuse_is_refused_in_one_line(ask, message):
    with pytest.raises(ValueError, match=message) as caught:
        ask()
    assert "\n" not in str(caught.value)
