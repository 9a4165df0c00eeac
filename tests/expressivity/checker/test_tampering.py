"""Certificates that were tampered with.

Negative: every altered field, document and text is rejected; so is a random value in any field.
"""

import copy
import json

import pytest
from certificates_by_hand import (
    ALL,
    TANH_GATE,
    exact_network,
    seal,
    search_certificate,
    upper_certificate,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from tampering import assert_rejected, change, drop

from expressivity.checker import (
    check_document,
    check_text,
)


def one_unit(digits):
    def raised(value):
        return f"{float(value) + 4 * 10.0**-digits:.{digits}f}"

    return raised


RANK = ("data", "ridge_rank")
CLAIM = ("lower_bound", "l2")
LOWER_TAMPERS = {
    "claim raised by four units of its last digit": change(*CLAIM, "value", to=one_unit(8)),
    "claim above 1": change(*CLAIM, "value", to="1.5"),
    "claim negative": change(*CLAIM, "value", to="-0.1"),
    "claim a number": change(*CLAIM, "value", to=1),
    "claim with a plus": change(*CLAIM, "value", to="+0.05"),
    "claim with other digits": change(*CLAIM, "value", to="0.0\u0665"),
    "claim with a huge exponent": change(*CLAIM, "value", to="1e-999999999"),
    "claim infinite": change(*CLAIM, "value", to="inf"),
    "claim with a newline": change(*CLAIM, "value", to="0.05\n"),
    "claim a fraction": change(*CLAIM, "value", to="1/20"),
    "claim absolute": change(*CLAIM, "relative", to=False),
    "claim relative by 1": change(*CLAIM, "relative", to=1),
    "claim without evidence": drop(*CLAIM, "evidence"),
    "claim proved": change(*CLAIM, "evidence", to="proved"),
    "another method": change(*CLAIM, "method", to="network-error"),
    "no claim": change("lower_bound", to=None),
    "another norm too": change("lower_bound", to=lambda b: b | {"sup": b["l2"]}),
    "another schema": change("schema", to="expressivity.certificate/9"),
    "another target": change("target", "expression", to="tanh(x1)*relu(x2)"),
    "a member as target": change("target", "expression", to="relu(x1) + relu(x2)"),
    "a call of the system": change("target", "expression", to="__import__('os').system('true')"),
    "an attribute": change("target", "expression", to="x1.__class__ + x2"),
    "a huge power": change("target", "expression", to="x1*x2**1e9"),
    "a division by zero": change("target", "expression", to="x1*x2/(1 - 1)"),
    "an open bracket": change("target", "expression", to="(" * 5000 + "x2"),
    "an endless expression": change("target", "expression", to="x2+" * 100_000 + "x1"),
    "an expression of three variables": change("target", "expression", to="x1*x2*x3"),
    "an expression of one variable": change("target", "expression", to="x"),
    "no expression": change("target", "expression", to=None),
    "a long name": change("target", "name", to="t" * 10_000),
    "domain interval": change("domain", to="interval"),
    "domain square": change("domain", to="square"),
    "family moa": change("family", to=lambda f: f | {"kind": "moa", "gate": TANH_GATE}),
    "family two_sided": change("family", "form", to="two_sided"),
    "family quadratic": change("family", "form", to="quadratic"),
    "family one_sided": change("family", "form", to="one_sided"),
    "family unknown": change("family", "kind", to="mlp"),
    "constraint": change("family", "constraint", to="simplex"),
    "groups": change("family", "groups", to=2),
    "groups of one each": change("family", "groups", to="neuron"),
    "outputs": change("family", "outputs", to=2),
    "outputs true": change("family", "outputs", to=True),
    "no outputs": drop("family", "outputs"),
    "no constraint": drop("family", "constraint"),
    "family fixed with seven": change("family", "kind", to="fixed"),
    "family with an activation": change("family", "activation", to="relu"),
    "a gate without moa": change("family", "gate", to=TANH_GATE),
    "unknown activation": change("family", "dictionary", to=["swish"]),
    "activations twice": change("family", "dictionary", to=["relu", "relu"]),
    "no activations": change("family", "dictionary", to=[]),
    "bias an integer": change("family", "bias", to=1),
    "width lowered": change("family", "width", to=1),
    "width raised": change("family", "width", to=3),
    "width true": change("family", "width", to=True),
    "width text": change("family", "width", to="2"),
    "width and rank raised": lambda d: (
        change("family", "width", to=3)(d),
        change(*RANK, "rank", to=3)(d),
    ),
    "rank lowered": change(*RANK, "rank", to=1),
    "rank zero": change(*RANK, "rank", to=0),
    "rows at the rank": change(*RANK, "row_weights", to=[1, 1]),
    "rows beyond the degree": change(*RANK, "row_weights", to=[1] * 22),
    "no rows": change(*RANK, "row_weights", to=[]),
    "rows without their data": change(*RANK, "row_weights", to=lambda a: [*a, 1]),
    "rows that others fit better": change(*RANK, "row_weights", 0, to=1000),
    "a row weight 0": change(*RANK, "row_weights", 0, to=0),
    "a row weight negative": change(*RANK, "row_weights", 0, to=-1),
    "a row weight true": change(*RANK, "row_weights", 0, to=True),
    "a row weight text": change(*RANK, "row_weights", 0, to="0x1p+0"),
    "a row weight huge": change(*RANK, "row_weights", 0, to=10**9),
    "columns that others fit better": change(*RANK, "column_weights", 1, 0, to=1000),
    "a column weight 0": change(*RANK, "column_weights", 3, 0, to=0),
    "a column weight negative": change(*RANK, "column_weights", 3, 0, to=-1),
    "a column weight huge": change(*RANK, "column_weights", 3, 0, to=10**9),
    "a column more": change(*RANK, "column_weights", 3, to=lambda b: [*b, 1]),
    "a column less": change(*RANK, "column_weights", 3, to=lambda b: b[1:]),
    "a block more": change(*RANK, "column_weights", to=lambda b: [*b, [1] * (len(b) + 1)]),
    "a block less": change(*RANK, "column_weights", to=lambda b: b[:-1]),
    "the first schema": change("schema", to="expressivity.certificate/1"),
    "rows as in the first schema": change("data", "ridge_rank", to=lambda r: r | {"rows": 4}),
    "degree lowered": change(*RANK, "degree", to=8),
    "degree huge": change(*RANK, "degree", to=10**8),
    "degree negative": change(*RANK, "degree", to=-1),
    "degree text": change(*RANK, "degree", to="20"),
    "shift negative": change(*RANK, "shift", to="-0x1p-10"),
    "shift zero": change(*RANK, "shift", to="0x0p+0"),
    "shift raised": change(*RANK, "shift", to="0x1p-5"),
    "shift decimal": change(*RANK, "shift", to="0.001"),
    "shift infinite": change(*RANK, "shift", to="inf"),
    "shift beyond the floats": change(*RANK, "shift", to="0x1p+9999"),
    "shift not normal": change(*RANK, "shift", to="0x8p+0"),
    "shift not a number": change(*RANK, "shift", to="nan"),
    "shift long": change(*RANK, "shift", to="0x" + "1" * 1000 + "p+0"),
    "factor changed": change(*RANK, "factor", 0, 0, 0, to="0x1p-3"),
    "factor empty": change(*RANK, "factor", to=lambda f: [[] for _ in f]),
    "factor ragged": change(*RANK, "factor", 1, to=lambda row: row[:1]),
    "factor too wide": change(*RANK, "factor", to=lambda f: [[*row, row[0]] for row in f]),
    "factor real": change(*RANK, "factor", 0, 0, to=lambda pair: pair[:1]),
    "factor text": change(*RANK, "factor", to="0x1p-3"),
    "factor of null": change(*RANK, "factor", 0, 0, 0, to=None),
    "factor deep": change(*RANK, "factor", 0, 0, 0, to=[[["0x0p+0"]]]),
    "data missing": drop(*RANK),
    "data of another bound": change("data", to=lambda d: d | {"network": {}}),
    "data empty": change("data", to={}),
    "a field missing": drop("domain"),
    "an unknown field": change("data", "ridge_rank", to=lambda r: r | {"trusted": True}),
    "an unknown field above": lambda d: d.update(note="x"),
    "a float": change(*RANK, "degree", to=20.0),
    "a huge integer": change(*RANK, "degree", to=10**4000),
}
UPPER_TAMPERS = {
    "claim too small": lambda d: (
        change("data", "network", "a", 0, to="0x10000000000001p-52")(d),
        change("upper_bound", "l2", "value", to="1e-16")(d),
    ),
    "w changed": change("data", "network", "w", 0, 0, to="0x1p-3"),
    "w infinite": change("data", "network", "w", 0, 0, to="inf"),
    "w of one column less": change("data", "network", "w", 0, to=lambda row: row[:2]),
    "w ragged": change("data", "network", "w", to=lambda w: [*w, w[0][:1]]),
    "w of two rows": change("data", "network", "w", to=lambda w: w + w),
    "a of two": change("data", "network", "a", to=lambda a: a + a),
    "scale short": change("data", "network", "scale0", to=lambda a: a[1:]),
    "v in type1": change("data", "network", to=lambda n: n | {"v": n["w"]}),
    "no gate weights": drop("data", "network", "u0"),
    "gate off": change("family", "gate", to=None),
    "gate unknown": change("family", "gate", "name", to="relu"),
    "gate sigmoid": change("family", "gate", "name", to="sigmoid"),
    "scale off": change("family", "gate", "scale", to=False),
    "bias off": lambda d: (
        change("family", "bias", to=False)(d),
        change("data", "network", "w", 0, 2, to="0x1p-1074")(d),
    ),
    "gate's bias off": lambda d: (
        change("family", "gate", "bias", to=False)(d),
        change("data", "network", "u0", 3, 2, to="0x1p-1074")(d),
    ),
    "interval": change("domain", to="interval"),
    "order of the dictionary": change("family", "dictionary", to=ALL[::-1]),
    "width huge": change("family", "width", to=10**8),
}
SEARCH = ("data", "ridge_search")
SEARCH_TAMPERS = {
    "width 3": change("family", "width", to=3),
    "width and rank 3": lambda d: (
        change("family", "width", to=3)(d),
        change(*SEARCH, "rank", to=3)(d),
    ),
    "one_sided": change("family", "form", to="one_sided"),
    "quadratic": change("family", "form", to="quadratic"),
    "moa": change("family", to=lambda f: f | {"kind": "moa", "gate": TANH_GATE}),
    "rank lowered": change(*SEARCH, "rank", to=1),
    "rank raised": change(*SEARCH, "rank", to=3),
    "rank true": change(*SEARCH, "rank", to=True),
    "degree missing": drop(*SEARCH, "degree"),
    "rank missing": drop(*SEARCH, "rank"),
    "an unknown field": change(*SEARCH, "rows", to=3),
    "degree negative": change(*SEARCH, "degree", to=-1),
    "degree huge": change(*SEARCH, "degree", to=61),
    "degree lowered": change(*SEARCH, "degree", to=2),
    "data missing": drop(*SEARCH),
    "data null": change(*SEARCH, to=None),
    "data of both methods": change("data", to=lambda d: d | {"ridge_rank": d["ridge_search"]}),
    "data of the other method": lambda d: d.update(data={"ridge_rank": d["data"]["ridge_search"]}),
    "the other method": change(*CLAIM, "method", to="ridge-rank"),
    "domain interval": change("domain", to="interval"),
}


@pytest.mark.parametrize("name", SEARCH_TAMPERS)
def test_tampered_searches_are_rejected(name):
    document = search_certificate("0.126", 2, 6)
    SEARCH_TAMPERS[name](document)
    answer = check_document(seal(document))
    assert answer.outcome == "rejected"
    assert "digest" not in answer.reason


@pytest.mark.parametrize("name", LOWER_TAMPERS)
def test_tampered_lower_bounds_are_rejected(genuine, name):
    document = copy.deepcopy(genuine)
    LOWER_TAMPERS[name](document)
    assert_rejected(document)


@pytest.mark.parametrize("name", UPPER_TAMPERS)
def test_tampered_upper_bounds_are_rejected(genuine_upper, name):
    document = copy.deepcopy(genuine_upper)
    UPPER_TAMPERS[name](document)
    answer = check_document(seal(document))
    assert answer.outcome == "rejected"
    assert "digest" not in answer.reason


TEXTS = {
    "empty": "",
    "a list": "[]",
    "null": "null",
    "truncated": '{"schema": "expressivity.certificate/1", "tar',
    "deep arrays": "[" * 100_000,
    "deep objects": '{"a":' * 100_000,
    "nine levels": "[" * 9 + "]" * 9,
    "unterminated": '"' + '\\"' * 1_000_000,
    "many quotes": '"' * 1_000_001,
    "a huge integer": '{"schema": ' + "9" * 1_000_000 + "}",
    "a huge negative integer": '{"schema": -' + "9" * 1_000_000 + "}",
    "NaN": '{"schema": NaN}',
    "Infinity": '{"schema": -Infinity}',
    "a float": '{"schema": 1.0}',
    "an exponent": '{"schema": 1e999999999}',
    "duplicate keys": '{"schema": "a", "schema": "a"}',
    "a byte order mark": "\ufeff{}",
    "a surrogate": '{"schema": "\\ud800"}',
    "raw surrogate": '{"schema": "\ud800"}',
    "two documents": "{} {}",
    "huge": " " * (2**21 + 1),
    "huge in bytes": '"' + "\u20ac" * 2**20 + '"',
    "python": "__import__('os')",
}


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_texts_are_rejected(name):
    assert check_text(TEXTS[name]).outcome == "rejected"


def test_text_level_tampering_is_rejected(genuine):
    text = json.dumps(genuine)
    assert check_text(text).outcome == "verified"
    assert check_text(text[:-1]).outcome == "rejected"
    assert check_text(text.replace('"degree": 20', '"degree": 20.0')).outcome == "rejected"
    assert check_text('{"domain": "disk", ' + text[1:]).outcome == "rejected"
    assert check_text(text.replace(genuine["digest"], "0" * 64)).outcome == "rejected"
    assert check_text(text.replace(genuine["digest"], genuine["digest"].upper())).outcome == (
        "rejected"
    )


class _Dict(dict):
    def __getitem__(self, key):
        raise RuntimeError


@pytest.mark.parametrize(
    "document",
    [
        None,
        3,
        "text",
        b"{}",
        [],
        {1: 2},
        pytest.param(object(), id="an object"),
        _Dict(digest="x"),
        {"digest": 1},
        {"a": 1.5},
    ],
    ids=repr,
)
def test_hostile_documents_are_rejected(document):
    assert check_document(document).outcome == "rejected"


def test_cycles_and_shared_references_are_rejected():
    cycle: list[object] = []
    cycle.append(cycle)
    assert check_document(cycle).outcome == "rejected"
    wide: list[object] = []
    for _ in range(6):
        wide = [wide] * 1000
    assert check_document(wide).outcome == "rejected"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children)
    ),
    max_leaves=10,
)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(
    key=st.sampled_from(["schema", "target", "domain", "family", "lower_bound", "data"]),
    value=_json,
)
def test_random_values_in_any_field_are_rejected(key, value):
    document = upper_certificate("1e-20", exact_network()) | {key: value}
    try:
        document = seal(document)
    except UnicodeEncodeError:
        return
    assert check_document(document).outcome == "rejected"


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.text(alphabet='{}[]",:0123456789.eE-+\\ntrufalsN ', max_size=60))
def test_random_texts_are_rejected(text):
    assert check_text(text).outcome == "rejected"
