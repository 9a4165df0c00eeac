"""Forged and damaged files of every schema and method, seeded; forgers sign what they alter.

Soundness: none is verified whose claim is false by an oracle in float64
(tests/helpers/genuine_certificates.py). What is left over is rejected, not decided or no
certificate.
"""

import copy
import json

import numpy as np
import pytest
from certificates_by_hand import seal
from genuine_certificates import KINK, PLANE, genuine, is_false

from expressivity.checker import check_text, is_certificate

DIGITS = "0123456789abcdef"


def places(node, path=()):
    """The paths of all leaves and branches but the root."""
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in children:
        yield (*path, key)
        if isinstance(child, dict | list):
            yield from places(child, (*path, key))


def altered(value, rng):
    """Something that could stand in a value's place."""
    if isinstance(value, bool) or value is None:
        return [True, False, None, 0][rng.integers(4)]
    if isinstance(value, int):
        return int(value + rng.integers(-2, 3))
    if isinstance(value, str) and "p" in value and value.lstrip("-").startswith("0x"):
        mantissa, exponent = value.split("p")
        if rng.random() < 0.5:
            return f"{mantissa}p{int(exponent) + int(rng.integers(-1, 2)):+d}"
        return f"{mantissa[:-1]}{DIGITS[2 * rng.integers(8) + 1]}p{exponent}"
    if isinstance(value, str) and value in (*PLANE, *KINK):
        return [*PLANE, *KINK][rng.integers(len(PLANE) + len(KINK))]
    if isinstance(value, str) and value.startswith("expressivity.certificate/"):
        return f"expressivity.certificate/{rng.integers(1, 5)}"
    if isinstance(value, str) and value[:1].isdigit():
        return f"{float(value) * rng.choice([0.5, 0.99, 1.01, 1.2, 1.5, 3.0]):.8f}"
    if isinstance(value, str):
        return str(rng.choice(["type1", "one_sided", "la", "fixed", "tanh", "relu", "ridge-rank"]))
    return value


def forged(document, rng):
    """A file's text with one to three alterations, signed, or with one byte changed, unsigned."""
    document = copy.deepcopy(document)
    if rng.random() < 0.15:
        text = bytearray(json.dumps(document), "ascii")
        text[rng.integers(len(text))] = rng.integers(32, 127)
        return text.decode("ascii")
    for _ in range(rng.integers(1, 4)):
        paths = [path for path in places(document) if path != ("digest",)]
        claims = [path for path in paths if path[-1] in ("value", "curvature", "expression")]
        listed = claims if rng.random() < 0.4 else paths
        path = listed[rng.integers(len(listed))]
        node = document
        for key in path[:-1]:
            node = node[key]
        if rng.random() < 0.1:
            del node[path[-1]]
        else:
            node[path[-1]] = altered(node[path[-1]], rng)
    return json.dumps(seal(document))


def outcomes(count, seed):
    rng = np.random.default_rng(seed)
    kinds = genuine()
    found = []
    for index in range(count):
        text = forged(kinds[index % len(kinds)], rng)
        answer = check_text(text) if is_certificate(text) else None
        found.append("unreadable" if answer is None else answer.outcome)
        if answer is not None and answer.outcome == "verified":
            assert not is_false(json.loads(text)), text
    return found


def test_the_genuine_files_are_verified_and_true():
    for document in genuine():
        assert check_text(json.dumps(document)).outcome == "verified"
        assert not is_false(document)


def test_the_oracle_refutes():
    first, oblique, _, third, bent = genuine()
    first["lower_bound"]["l2"]["value"] = "0.2"
    oblique["lower_bound"]["l2"]["value"] = "0.9"
    third["upper_bound"]["w1inf"]["value"] = "1e-3"
    bent["lower_bound"]["l2"]["curvature"] = "100"
    assert all(is_false(document) for document in (first, oblique, third, bent))


def test_twenty_forgeries():
    found = outcomes(20, seed=17)
    assert found.count("rejected") > 10


@pytest.mark.slow
def test_four_hundred_forgeries():
    found = outcomes(400, seed=2026)
    assert (
        {"rejected", "verified"}
        <= set(found)
        <= {"rejected", "verified", "not decided", "unreadable"}
    )
    assert found.count("rejected") > 250
