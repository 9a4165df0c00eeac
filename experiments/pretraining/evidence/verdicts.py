"""What the finished plan decided, in numbers and in sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from experiments.decisions import PairedTest, holm, paired_test
from experiments.pretraining.evidence.choices import Losses, differences
from experiments.pretraining.evidence.plan import ARMS, COMPARISONS, DESCRIBED, LEVEL, MARGIN
from experiments.pretraining.recipes import Schedule
from experiments.pretraining.tables import Grid, loss


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One arm minus another.

    Attributes:
        pair: names of the arms.
        test: of their paired differences.
        adjusted: p value of a difference, by Holm among those that are tested; None where there
            is none, or the comparison is listed alone.
    """

    pair: tuple[str, str]
    test: PairedTest
    adjusted: float | None

    @property
    def side(self) -> str | None:
        """``lower`` or ``higher`` where a difference was shown, else None."""
        if self.adjusted is None or self.adjusted > LEVEL:
            return None
        return "lower" if self.test.interval.value < 0 else "higher"

    @property
    def equal(self) -> bool:
        """Whether a difference of the margin or more was ruled out."""
        return self.tested and self.test.equal is not None and self.test.equal <= LEVEL

    @property
    def tested(self) -> bool:
        """Whether there are p values; a comparison that is listed alone has none."""
        return self.adjusted is not None

    @property
    def p_values(self) -> tuple[float | None, float | None, float | None]:
        """Of a difference, the same by Holm, and of equivalence."""
        if not self.tested:
            return None, None, None
        return self.test.differs, self.adjusted, self.test.equal

    @property
    def record(self) -> dict[str, Any]:
        """As JSON."""
        interval = {**asdict(self.test.interval)}
        if self.test.interval.failed:
            interval["value"] = None
        p, adjusted, equal = self.p_values
        return {
            "arm": self.pair[0],
            "minus": self.pair[1],
            "difference": interval,
            "deviation": self.test.deviation,
            "p": p,
            "p_holm": adjusted,
            "p_equivalence": equal,
            "side": self.side,
            "equal": self.equal,
        }


def compared(
    losses: Losses, schedule: Schedule, rates: Mapping[str, float], seeds: Sequence[int]
) -> list[Comparison]:
    """The tested comparisons, with Holm's p values."""
    tests = [_test(losses, pair, schedule, rates, seeds) for pair in COMPARISONS]
    adjusted = holm([test.differs for test in tests])
    return [
        Comparison(pair=pair, test=test, adjusted=p)
        for pair, test, p in zip(COMPARISONS, tests, adjusted, strict=True)
    ]


def described(
    losses: Losses,
    schedule: Schedule,
    rates: Mapping[str, float],
    seeds: Sequence[int],
    pairs: Sequence[tuple[str, str]] = DESCRIBED,
) -> list[Comparison]:
    """Comparisons that are listed and not tested."""
    return [
        Comparison(pair=pair, test=_test(losses, pair, schedule, rates, seeds), adjusted=None)
        for pair in pairs
    ]


def _test(
    losses: Losses,
    pair: tuple[str, str],
    schedule: Schedule,
    rates: Mapping[str, float],
    seeds: Sequence[int],
) -> PairedTest:
    return paired_test(differences(losses, pair, schedule, rates, seeds), margin=MARGIN)


def sentences(found: Sequence[Comparison]) -> list[str]:
    """What was decided: each comparison, and whether MoA helps."""
    return [_sentence(comparison) for comparison in found] + [_helps(found)]


def _sentence(found: Comparison) -> str:
    one, other = (ARMS[arm].title for arm in found.pair)
    interval = found.test.interval
    if found.test.differs is None or found.adjusted is None:
        return (
            f"{one} - {other}: no test, {interval.failed} of {interval.count} pairs have a run "
            f"that diverged, or all differences are equal."
        )
    numbers = (
        f"{loss(interval.value, sign=True)} nats per byte, 95 % interval "
        f"{loss(interval.low, sign=True)} to {loss(interval.high, sign=True)}, "
        f"{interval.count} seeds, p = {found.adjusted:.2g} by Holm"
    )
    within = f"a difference of {MARGIN} or more is ruled out (p = {found.test.equal:.2g})"
    if found.side is None:
        verdict = within if found.equal else "not decided: neither different nor equal"
    else:
        verdict = f"{one} is {found.side}" + (f", and {within}" if found.equal else "")
    return f"{one} - {other}: {numbers}: {verdict}."


def _helps(found: Sequence[Comparison]) -> str:
    """MoA helps where it is lower than LA and than the placebo."""
    by_pair = {comparison.pair: comparison for comparison in found}
    la, placebo = by_pair["moa", "la"], by_pair["moa", "placebo"]
    if la.side == placebo.side == "lower":
        return "MoA helps at this scale: it is lower than LA and lower than its placebo."
    missing = [
        f"{ARMS[comparison.pair[1]].title} ({_short(comparison)})"
        for comparison in (la, placebo)
        if comparison.side != "lower"
    ]
    return (
        f"That MoA helps was not shown at this scale: it is not shown to be lower than "
        f"{' nor than '.join(missing)}."
    )


def _short(found: Comparison) -> str:
    if found.side is not None:
        return found.side
    return f"equal within {MARGIN}" if found.equal else "not decided"


def table(title: str, found: Sequence[Comparison]) -> Grid:
    """Comparisons, a row each."""
    return Grid(
        title=title,
        columns=("difference", "mean", "95 % t interval", "deviation", "p", "Holm", "equivalence"),
        rows=tuple(
            (
                " - ".join(ARMS[arm].title for arm in comparison.pair),
                loss(_finite(comparison), sign=True),
                _ends(comparison),
                _deviation(comparison),
                *(_p(p) for p in comparison.p_values),
            )
            for comparison in found
        ),
    )


def arms_table(
    title: str,
    losses: Losses,
    schedule: Schedule,
    rates: Mapping[str, float],
    seeds: Sequence[int],
) -> Grid:
    """Mean losses of the arms, without intervals: only differences are paired."""
    rows: list[tuple[str, ...]] = []
    for arm in ARMS:
        values = [losses[arm, str(schedule), rates[arm], seed] for seed in seeds]
        finite = [value for value in values if value is not None]
        mean = fmean(finite) if len(finite) == len(values) else None
        rows.append((ARMS[arm].title, f"{rates[arm]:g}", str(len(finite)), loss(mean)))
    return Grid(title=title, columns=("arm", "rate", "seeds", "mean loss"), rows=tuple(rows))


def _finite(found: Comparison) -> float | None:
    return None if found.test.interval.failed else found.test.interval.value


def _deviation(found: Comparison) -> str:
    return "none" if found.test.deviation is None else loss(found.test.deviation)


def _ends(found: Comparison) -> str:
    interval = found.test.interval
    if interval.low is None or interval.high is None:
        return "none"
    return f"{loss(interval.low, sign=True)} to {loss(interval.high, sign=True)}"


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"
