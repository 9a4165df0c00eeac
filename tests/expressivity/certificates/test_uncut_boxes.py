"""Uncut boxes as commands and certificates.

Kinds: reference (what is written is verified, and says what the bound says), negative (refusals in
one line, and nothing where nothing is certain).
"""

import json

import pytest
import torch
from bounds_of import found, network

from expressivity import certify, check
from expressivity.certificates.writer import digest
from expressivity.targets.builtin import t5
from expressivity.targets.user import user_target

torch.set_num_threads(1)


def test_a_bound_is_written_and_verified(call, tmp_path):
    path = tmp_path / "c.json"
    options = ("--form", "two_sided", "--dictionary", "id,relu")
    answer = call("certify", "t5", *options, "--out", path, "--json")
    assert answer.code == 0 and answer.err == ""
    claim = answer.document["lower_bound"]["l2"]
    assert claim["method"] == "uncut-boxes" and claim["evidence"] == "certified"
    bound = found(t5(), network("two_sided", 1, 2, ("id", "relu")), "uncut-boxes")["l2"]
    assert float(claim["value"]) == pytest.approx(bound.value, rel=1e-9)
    assert json.loads(path.read_text()) == answer.document
    assert call("check", path).code == 0
    changed = answer.document | {"target": {"name": "t5", "expression": "relu(x2)*relu(x1)"}}
    changed.pop("digest")
    path.write_text(json.dumps(changed | {"digest": digest(changed)}))
    assert call("check", path).code == 1


@pytest.mark.parametrize(
    ("options", "label"),
    [
        (("--no-bias",), "la type1 of width 1 over id, relu without biases"),
        (("--form", "two_sided", "--no-bias"), "la two_sided of width 1 over id, relu"),
    ],
)
def test_what_a_bound_rests_on_is_printed(call, options, label):
    text = "x**5" if "--form" in options else "x**2"
    answer = call("certify", "--expr", text, "--dictionary", "id,relu", *options)
    assert f"every {label}: relative L2 error" in answer.out


@pytest.mark.parametrize(
    ("target", "family", "options"),
    [
        (user_target("tanh(3*x)"), "fixed", {"dictionary": "relu2"}),
        ("t11", "la", {"form": "quadratic", "dictionary": "id,relu"}),
        ("t5q", "la", {"form": "quadratic", "dictionary": "id,leaky_relu"}),
    ],
)
def test_other_forms_and_domains(target, family, options):
    document = certify(target, family, **options)
    assert document["lower_bound"]["l2"]["method"] == "uncut-boxes"
    assert check(document).outcome == "verified"


@pytest.mark.parametrize(
    ("expression", "method"), [("relu(x)+relu2(x)", "free-knot"), ("tanh(3*x)", "uncut-boxes")]
)
def test_on_the_interval_the_larger_bound_is_certified(expression, method):
    document = certify(user_target(expression), "fixed", dictionary="relu")
    assert document["lower_bound"]["l2"]["method"] == method
    assert check(document).outcome == "verified"


@pytest.mark.parametrize(
    "expression", ["tanh(3*x)+relu(x-2**0.5/2)", "relu(2**0.5*x1-x2)*tanh(x1)"]
)
def test_kinks_with_irrational_coefficients(expression):
    form = "type1" if "x1" not in expression else "two_sided"
    document = certify(user_target(expression), "la", form=form, dictionary="id,relu")
    assert document["lower_bound"]["l2"]["method"] == "uncut-boxes"
    assert check(document).outcome == "verified"


def test_nothing_is_certified_where_the_class_may_hold_the_target(call):
    answer = call("certify", "--expr", "relu(x1)*relu(x2)", "--form", "two_sided",
                  "--dictionary", "id,relu")  # fmt: skip
    assert answer.code == 3 and answer.err.startswith("not decided: no positive bound at width 1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--dictionary", "id,relu", "--degree", "9"), "required: no --degree for la two_sided"),
        (("--dictionary", "id,relu", "--search"), "required: la or fixed in form type1"),
        (("--dictionary", "id,elu"), "required: form type1 or one_sided, or activations that"),
        (("--dictionary", "id,gelu"), "required: form type1 or one_sided, or activations that"),
    ],
)
def test_what_does_not_fit_is_refused(call, options, message):
    answer = call("certify", "t5", "--form", "two_sided", *options)
    assert answer.code == 2 and message in answer.err and answer.err.count("\n") == 1
