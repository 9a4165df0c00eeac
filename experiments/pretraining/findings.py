"""What a document comes to, in sentences: whether the paper's claim is seen at this scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experiments.pretraining.tables import interval, loss

_SEEDS = 5
"""Below, a percentile interval means nothing."""

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
    found += [_frozen(arm) for arm in document["gates"] if arm["arm"] == "moa"]
    return found + _caution(document["differences"])


def of_ablation(document: dict[str, Any]) -> list[Finding]:
    """Choices whose interval against the default lies on one side of 0."""
    rows = [row for row in document["differences"] if row["minus"] == "moa"]
    found = [
        Finding(
            text=f"{row['arm']} at rate {row['rates'][0]:g} is {_side(row)} than the default by "
            f"{_numbers(row)}."
        )
        for row in rows
        if _side(row) in ("better", "worse")
    ]
    others = len(rows) - len(found)
    if others:
        found.append(Finding(text=f"{others} of {len(rows)} differences from the default are "
                                  "not told apart from 0."))  # fmt: skip
    return found + _caution(rows)


def of_scaling(document: dict[str, Any]) -> list[Finding]:
    """Whether exponents of families differ by more than their intervals."""
    fits = {row["arm"]: row for row in document["fits"]}
    found: list[Finding] = []
    for arm in ("la", "moa"):
        if arm not in fits or "fixed" not in fits:
            continue
        (low, high), (least, most) = fits[arm]["exponent"], fits["fixed"]["exponent"]
        apart = low > most or high < least
        verdict = "do not overlap" if apart else "overlap"
        found.append(
            Finding(
                text=f"The intervals of the exponents of {_NAMES[arm]} ({low:.3f} to {high:.3f}) "
                f"and of fixed ({least:.3f} to {most:.3f}) {verdict}."
            )
        )
    return found


def _caution(rows: Sequence[dict[str, Any]]) -> list[Finding]:
    if not 0 < max((row["difference"]["count"] for row in rows), default=0) < _SEEDS:
        return []
    return [Finding(text=f"Intervals over fewer than {_SEEDS} seeds are no more than the range of "
                         "what was seen.")]  # fmt: skip


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
    }[side]
    return Finding(text=f"{text}; {verdict}.", against=side != "better")


def _equal(rows: Sequence[dict[str, Any]]) -> Finding:
    shown = "; ".join(f"{row['rates'][0]:g}: {_numbers(row)}" for row in rows)
    against = any(_side(row) == "worse" for row in rows)
    return Finding(text=f"{_pair(rows[0])} at equal rates, {shown}.", against=against)


def _frozen(arm: dict[str, Any]) -> Finding:
    frozen = arm["frozen"]
    return Finding(
        text=f"With every gate of MoA at its mean over tokens the loss changes by "
        f"{loss(frozen['value'], sign=True)} ({interval(frozen)}).",
        against=frozen["low"] is not None and frozen["low"] <= 0,
    )


def _pair(row: dict[str, Any]) -> str:
    return f"{_name(row['arm'])} - {_name(row['minus'])}"


def _name(arm: str) -> str:
    return _NAMES.get(arm, arm)


def _numbers(row: dict[str, Any]) -> str:
    found = row["difference"]
    return f"{loss(found['value'], sign=True)} ({interval(found)}, {found['count']} seeds)"


def _side(row: dict[str, Any]) -> str:
    """Which side of 0 the interval lies on: "better" below, "worse" above, or "unknown"."""
    low, high = row["difference"]["low"], row["difference"]["high"]
    if high is not None and high < 0:
        return "better"
    return "worse" if low is not None and low > 0 else "unknown"
