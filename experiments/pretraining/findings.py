"""What a document comes to, in sentences: whether the paper's claim is seen at this scale."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experiments.pretraining.tables import interval, loss

_SEEDS = 5
"""With fewer, an interval is no more than the range of what was seen, and there is no verdict."""

_SIDES = {
    "better": "lower",
    "worse": "higher",
    "unknown": "not told apart from 0",
    "few": f"no verdict on fewer than {_SEEDS} seeds",
}

_NAMES = {
    "fixed": "fixed",
    "la": "LA",
    "moa": "MoA",
    "fixed-matched": "fixed with as many parameters",
    "la-matched": "LA with as many parameters",
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
        if rows and not any(arm.endswith("-matched") for arm in pair):
            found.append(_equal(rows))
    return found + [_frozen(arm) for arm in document["gates"] if arm["arm"] == "moa"]


def of_ablation(document: dict[str, Any]) -> list[Finding]:
    """Every variant against the default."""
    return [
        Finding(
            text=f"{row['arm']} - {row['minus']} at rate {row['rates'][0]:g}: {_numbers(row)}; "
            f"{_SIDES[_side(row)]}."
        )
        for row in document["differences"]
        if row["minus"] == "moa"
    ]


def of_scaling(document: dict[str, Any]) -> list[Finding]:
    """Whether exponents of families differ by more than their intervals."""
    runs = Counter((run["arm"], run["parameters"]) for run in document["runs"])
    few = min(runs.values(), default=0) < _SEEDS
    fits = {row["arm"]: row for row in document["fits"]}
    found: list[Finding] = []
    for arm in ("la", "moa"):
        if arm not in fits or "fixed" not in fits:
            continue
        (low, high), (least, most) = fits[arm]["exponent"], fits["fixed"]["exponent"]
        apart = low > most or high < least
        verdict = _SIDES["few"] if few else "they do not overlap" if apart else "they overlap"
        found.append(
            Finding(
                text=f"Intervals of the exponents: {_NAMES[arm]} {low:.3f} to {high:.3f}, fixed "
                f"{least:.3f} to {most:.3f}; {verdict}."
            )
        )
    return found


def _difference(row: dict[str, Any]) -> Finding:
    text = f"{_pair(row)}, each at its own best rate: {_numbers(row)}"
    if row["arm"] == "fixed-matched":
        return Finding(text=f"{text}; no claim, a control: what a few more neurons change.")
    side = _side(row)
    verdict = {
        "better": "the claim of a lower loss is seen at this scale",
        "worse": "the claim of a lower loss does not reproduce at this scale, it is higher",
        "unknown": "the claim of a lower loss does not reproduce at this scale, it is not told "
        "apart from 0",
        "few": _SIDES["few"],
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
        f"{loss(frozen['value'], sign=True)} ({interval(frozen)}, {frozen['count']} seeds).",
        against=enough and frozen["low"] is not None and frozen["low"] <= 0,
    )


def _pair(row: dict[str, Any]) -> str:
    return f"{_name(row['arm'])} - {_name(row['minus'])}"


def _name(arm: str) -> str:
    return _NAMES.get(arm, arm)


def _numbers(row: dict[str, Any]) -> str:
    found = row["difference"]
    return f"{loss(found['value'], sign=True)} ({interval(found)}, {found['count']} seeds)"


def _side(row: dict[str, Any]) -> str:
    """Which side of 0 the interval lies on, a key of ``_SIDES``."""
    low, high = row["difference"]["low"], row["difference"]["high"]
    if row["difference"]["count"] < _SEEDS:
        return "few"
    if high is not None and high < 0:
        return "better"
    return "worse" if low is not None and low > 0 else "unknown"
