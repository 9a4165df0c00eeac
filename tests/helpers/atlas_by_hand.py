"""Facts of an atlas, made up: which class lies in which, and which holds a target."""

from collections.abc import Iterator

from expressivity.relations.given import class_of

_NAMES = ("relu", "tanh", "reglu", "la", "la-neuron", "moa-tanh", "glu-silu", "swiglu")
_APART = (("a", "tanh", "relu"), ("b", "relu", "tanh"), ("c", "moa-tanh", "la"))


def facts_by_hand(hardness: float) -> Iterator[tuple[dict, dict]]:
    """Identities and records of finished units; where it is harder, two classes are not equal."""
    classes = {name: class_of(name, 1).json() for name in _NAMES}
    inside = {
        "relu": ("la", "reglu"),
        "tanh": ("la",),
        "la": ("la-neuron", "moa-tanh"),
        "glu-silu": ("swiglu",),
        "swiglu": ("glu-silu",) if hardness <= 1 else ("reglu", "tanh"),
    }
    for name in _NAMES:
        by = {"maps": ["a map (identity)"], "widths": [1, 1], "domain": False}
        identity = {"unit": "containment", "smaller": name, "classes": classes}
        yield identity, {"contained": dict.fromkeys(inside.get(name, ()), by)}
    for target, has, lacks in _APART:
        row = {"evidence": "proved", "reason": "made by hand", "obstruction": None, "width": None}
        rows = [
            {"class": name, "verdict": verdict, "off": None, **row}
            for name, verdict in ((has, "member"), (lacks, "non_member"))
        ]
        identity = {"unit": "standing", "target": target, "classes": classes}
        yield identity, {"dimension": 1, "standings": rows}
