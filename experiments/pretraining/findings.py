"""What a document comes to, in sentences: whether the paper's claim is seen at this scale."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experiments.pretraining.arm_names import ArmName, plain_fixed, plain_gated
from experiments.pretraining.tables import ends, interval, loss

_SEEDS = 5
"""With fewer there is no verdict: that differences are normal rests on too little."""

_SIDES = {
    "better": "lower",
    "worse": "higher",
    "unknown": "not told apart from 0",
    "few": f"no verdict on fewer than {_SEEDS} seeds",
    "none": "no verdict without an interval",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A sentence, and whether it says that a claim of the paper does not reproduce."""

    text: str
    against: bool = False


def of_comparison(document: dict[str, Any]) -> list[Finding]:
    """Every family against fixed, and MoA against all, at own best and at equal rates.

    arXiv:2605.26647 claims lower loss for LA than for fixed, and for MoA than for both. It
    claims nothing of wider fixed layers, which show what a change that hardly matters does.
    """
    found = [_difference(row) for row in document["differences"] if not row["equal"]]
    for pair in dict.fromkeys((row["arm"], row["minus"]) for row in document["differences"]):
        rows = [
            row
            for row in document["differences"]
            if row["equal"] and (row["arm"], row["minus"]) == pair
        ]
        if rows and not any(ArmName.read(arm).matched for arm in pair):
            found.append(_equal(rows))
    found += [_frozen(arm) for arm in document["gates"] if plain_gated([arm["arm"]])]
    return found + _scope(document)


def of_ablation(document: dict[str, Any]) -> list[Finding]:
    """Every variant against the default."""
    found = [
        Finding(
            text=f"{row['arm']} - {row['minus']} at rate {row['rates'][0]:g}: {_numbers(row)}; "
            f"{_SIDES[_side(row)]}."
        )
        for row in document["differences"]
        if plain_gated([row["minus"]])
    ]
    return found + _scope(document)


def of_scaling(document: dict[str, Any]) -> list[Finding]:
    """Whether exponents of families differ by more than their intervals."""
    runs = Counter((run["arm"], run["parameters"]) for run in document["runs"])
    few = min(runs.values(), default=0) < _SEEDS
    fits = {row["arm"]: row for row in document["fits"]}
    found: list[Finding] = []
    fixed = plain_fixed(fits)
    for arm, base in ((arm, base) for base in fixed for arm in sorted(fits) if arm != base):
        one, other = fits[arm]["exponent"], fits[base]["exponent"]
        if few:
            verdict = _SIDES["few"]
        elif one is None or other is None:
            verdict = _SIDES["none"]
        else:
            apart = one[0] > other[1] or one[1] < other[0]
            verdict = "they do not overlap" if apart else "they overlap"
        found.append(
            Finding(
                text=f"95 % intervals of the exponents, not paired: {_name(arm)} {ends(one)}, "
                f"fixed {ends(other)}; {verdict}."
            )
        )
    return found + _scope(document)


def _scope(document: dict[str, Any]) -> list[Finding]:
    """What losses at the end of these runs say nothing about."""
    runs = document["runs"]
    if not runs:
        return []
    steps = _range([run["evaluations"][-1][0] for run in runs], "{:,.0f}")
    sizes = _range([run["parameters"] / 1e6 for run in runs], "{:.1f}")
    return [
        Finding(
            text=f"These are losses after {steps} steps of models of {sizes} million parameters; "
            f"they test no terminal loss."
        )
    ]


def _range(numbers: Sequence[float], form: str) -> str:
    """The least and the largest, or what both look like."""
    return " to ".join(dict.fromkeys(form.format(end) for end in (min(numbers), max(numbers))))


def _difference(row: dict[str, Any]) -> Finding:
    text = f"{_pair(row)}, each at its own best rate: {_numbers(row)}"
    if (arm := ArmName.read(row["arm"])).matched and not arm.kind.mixes:
        return Finding(text=f"{text}; no claim, a control: what a few more neurons change.")
    side = _side(row)
    verdict = {
        "better": "the claim of a lower loss is seen at this scale",
        "worse": "the claim of a lower loss does not reproduce at this scale, it is higher",
        "unknown": "the claim of a lower loss does not reproduce at this scale, it is not told "
        "apart from 0",
        "few": _SIDES["few"],
        "none": _SIDES["none"],
    }[side]
    return Finding(text=f"{text}; {verdict}.", against=side in ("worse", "unknown"))


def _equal(rows: Sequence[dict[str, Any]]) -> Finding:
    shown = "; ".join(f"{row['rates'][0]:g}: {_numbers(row)}" for row in rows)
    against = any(_side(row) == "worse" for row in rows)
    return Finding(text=f"{_pair(rows[0])} at equal rates, {shown}.", against=against)


def _frozen(arm: dict[str, Any]) -> Finding:
    frozen = arm["frozen"]
    enough = frozen["count"] >= _SEEDS
    return Finding(
        text=f"With every gate of MoA at its mean over tokens the loss changes by "
        f"{loss(frozen['value'], sign=True)} ({_interval(frozen)}, {frozen['count']} seeds).",
        against=enough and frozen["low"] is not None and frozen["low"] <= 0,
    )


def _pair(row: dict[str, Any]) -> str:
    return f"{_name(row['arm'])} - {_name(row['minus'])}"


def _name(arm: str) -> str:
    return ArmName.read(arm).title


def _numbers(row: dict[str, Any]) -> str:
    found = row["difference"]
    return f"{loss(found['value'], sign=True)} ({_interval(found)}, {found['count']} seeds)"


def _interval(found: dict[str, Any]) -> str:
    return interval(found) if found["low"] is None else f"95 % {interval(found)}"


def _side(row: dict[str, Any]) -> str:
    """Which side of 0 the interval lies on, a key of ``_SIDES``."""
    low, high = row["difference"]["low"], row["difference"]["high"]
    if row["difference"]["count"] < _SEEDS:
        return "few"
    if low is None:
        return "none"
    return "better" if high < 0 else "worse" if low > 0 else "unknown"
