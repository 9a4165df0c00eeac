"""Damaged certificates, seeded: bytes, text and structure, signed again or not."""

import copy
import json
import random
from typing import Any

from certificates_by_hand import seal

ALIEN: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3, 61, 10**9, 10**4000, 1.5, float("nan"), float("-inf"), "",
    "0", "1e-9", "1e999999999", "-0", "0.5\n", "x", "x1**2", "1/x1", "tanh(" * 70 + "x1" + ")" * 70,
    "x1+" * 5000 + "x2", "__import__('os').system('true')", "\0", "\ud800", "\u0661", "a" * 100_000,
    "0x1p+0", "0x1p-1074", "0x1p+9999", "-0x3p-2", "0x0p+0", "inf", "moa", "fixed", "la", "disk",
    "interval", "square", "curvature", "ridge-search", "network-error", "one_sided", "two_sided",
    "expressivity.certificate/1", "expressivity.certificate/3", "expressivity.run/2", "certified",
    [], {}, [[]], [None] * 1000, {"": {}}, {"value": "0"}, [[["0x1p+0"]]],
)  # fmt: skip


def _places(node: Any) -> list[tuple[Any, Any]]:
    """Every node that holds others, with the key of each that it holds."""
    inside = node.items() if isinstance(node, dict) else enumerate(node)
    found = [(node, key) for key, _ in inside]
    for holder, key in list(found):
        if isinstance(holder[key], dict | list):
            found += _places(holder[key])
    return found


def _restructured(draw: random.Random, document: dict[str, Any]) -> dict[str, Any]:
    document = copy.deepcopy(document)
    for _ in range(draw.choice((1, 1, 2, 5))):
        places = _places(document)
        if not places:
            break
        holder, key = draw.choice(places)
        way = draw.randrange(6)
        if way == 0:
            del holder[key]
        elif way == 1:
            holder[key] = copy.deepcopy(draw.choice(ALIEN))
        elif way == 2:
            other, at = draw.choice(places)
            holder[key] = copy.deepcopy(other[at])
        elif way == 3:
            holder[key] = [holder[key]]
        elif isinstance(holder, dict):
            holder[draw.choice(("note", "trusted", key.upper(), key + " "))] = holder[key]
        else:
            holder.insert(key, copy.deepcopy(draw.choice((holder[key], *ALIEN))))
    return document


def _same(draw: random.Random, document: dict[str, Any]) -> bytes:
    """Another text of the same meaning."""
    items = list(document.items())
    draw.shuffle(items)
    indent = draw.choice((None, 0, 3, "\t"))
    text = json.dumps(dict(items), indent=indent).replace("d", draw.choice(("d", "\\u0064")))
    return (draw.choice(("", " \n\t")) + text + draw.choice(("", "\r\n"))).encode()


def _damaged(draw: random.Random, content: bytes) -> bytes:
    data = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 3, 30))):
        at = draw.randrange(len(data) + 1)
        way = draw.randrange(6)
        if way == 0:
            data[at : at + 1] = bytes([draw.randrange(256)])
        elif way == 1:
            del data[at : at + draw.choice((1, 1, 5, 1000))]
        elif way == 2:
            data[at:at] = data[at : at + draw.choice((1, 8, 300))]
        elif way == 3:
            data[at:at] = draw.choice((b"\0", b"\xff", b"\xef\xbb\xbf", b"{", b"[" * 3000, b'"',
                                       b"NaN", b"1e9", b"9" * 5000, b",", b"\\u0000"))  # fmt: skip
        elif way == 4 and at < len(data):
            data[at] ^= 1 << draw.randrange(8)
        else:
            del data[at:]
    return bytes(data)


def odd_certificate(seed: int, documents: list[dict[str, Any]]) -> tuple[bytes, str]:
    """The content of a file, and what was done: same, bytes, structure, or signed."""
    draw = random.Random(seed)
    document = documents[seed % len(documents)]
    way = draw.choice(("same", "bytes", "bytes", "structure", "structure", "signed", "signed"))
    if way == "same":
        return _same(draw, document), way
    if way == "bytes":
        return _damaged(draw, json.dumps(document).encode()), way
    changed = _restructured(draw, document)
    if way == "signed":
        try:
            changed = seal(changed)
        except UnicodeEncodeError:
            way = "structure"
    return json.dumps(changed).encode(), way
