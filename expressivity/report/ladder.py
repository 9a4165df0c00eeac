"""The ladder: every class that was fitted, its errors, lower bounds and membership."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal

from expressivity.bounds import Bound
from expressivity.evidence import Evidence, Membership, Verdict
from expressivity.report.results import Fit, fits
from expressivity.report.section import Section, html
from expressivity.runs.folder import Run
from expressivity.separation.result import NORMS, Result, notes

MAX_ROWS = 2000
"""Rows that are shown; a page of more would be large and nobody reads it."""

_DIGITS = Context(prec=3, rounding=ROUND_FLOOR)
_VERDICTS = {
    Verdict.MEMBER: "member",
    Verdict.NON_MEMBER: "not a member",
    Verdict.UNKNOWN: "unknown",
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One entry of the table.

    Attributes:
        text: what is shown.
        sort: the number that the column is sorted by, if not by text; empty ones come last.
        number: whether the text is a number, too.
        heading: whether it names its row.
        evidence: its badge, or none.
        note: a line of explanation.
        folded: whether the note is shown on request only.
    """

    text: str
    sort: str | None = None
    number: bool = False
    heading: bool = False
    evidence: Evidence | None = None
    note: str = ""
    folded: bool = False


def ladder(run: Run) -> Section | None:
    """The table, or None for a run without fits."""
    done = fits(run)
    if not done:
        return None
    varying = _varying(done)
    columns = ["target", "class", "width", "parameters"]
    for norm in NORMS:
        columns += [f"{norm} error", f"{norm} bound"]
    columns += ["membership", *(["settings"] if varying else [])]
    body = html(
        "expressivity.report",
        "ladder.html.j2",
        columns=columns,
        rows=[list(_cells(fit, varying)) for fit in done[:MAX_ROWS]],
        total=len(done),
        notes=notes(fit.result for fit in done),
    )
    return Section(title="Ladder", order=20, body=body)


def rounded_down(value: float) -> str:
    """A lower bound in three digits that is none higher.

    >>> rounded_down(0.48299), rounded_down(0.5)
    ('4.82e-01', '5.00e-01')
    """
    digits = _DIGITS.create_decimal(Decimal(value))
    return f"{float(digits):.2e}"


def _cells(fit: Fit, varying: Sequence[str]) -> Iterator[Cell]:
    result = fit.result
    lambda_ = "" if result.lambda_ is None else f"lambda = {result.lambda_:g}"
    yield Cell(text=result.target, note=lambda_)
    yield Cell(text=result.family.class_label, heading=True)
    yield _count(result.family.width)
    yield _count(result.parameters)
    for norm in NORMS:
        yield _error(result, norm)
        yield _bound(result.lower_bound[norm])
    yield _membership(result.membership)
    if varying:
        asked = dict(_asked(fit))
        yield Cell(text=", ".join(f"{name} {asked[name]}" for name in varying if name in asked))


def _count(value: int) -> Cell:
    return Cell(text=str(value), sort=str(value), number=True)


def _error(result: Result, norm: str) -> Cell:
    value, mark = result.error[norm], result.mark(norm)
    if value is None:
        return Cell(text="failed", sort="", number=True)
    estimated = norm == "l2" and result.l2_estimate and result.resolved
    return Cell(
        text=f"{value:.2e}{mark}",
        sort=repr(value),
        number=True,
        evidence=Evidence.UNKNOWN if mark else None,
        note=f"off by an estimated {result.l2_off:.0e}" if estimated else "",
    )


def _bound(bound: Bound | None) -> Cell:
    if bound is None:
        return Cell(text="", sort="", number=True)
    return Cell(
        text=rounded_down(bound.value),
        sort=repr(bound.value),
        number=True,
        evidence=bound.evidence,
        note=bound.method + (", all m" if bound.every_width else ""),
    )


def _membership(membership: Membership) -> Cell:
    order = [Verdict.NON_MEMBER, Verdict.UNKNOWN, Verdict.MEMBER].index(membership.verdict)
    return Cell(
        text=_VERDICTS[membership.verdict],
        sort=str(10 * order + list(Evidence).index(membership.evidence)),
        evidence=membership.evidence,
        note=membership.reason,
        folded=True,
    )


def _varying(done: Sequence[Fit]) -> list[str]:
    """What else differs between fits: settings, switches, dictionaries of la and moa."""
    values: dict[str, set[str]] = {}
    for fit in done:
        for name, value in _asked(fit):
            values.setdefault(name, set()).add(value)
    return [name for name, found in values.items() if len(found) > 1]


def _asked(fit: Fit) -> Iterator[tuple[str, str]]:
    family = fit.result.family
    settings = fit.entry.identity.get("settings")
    yield "biases", str(family.bias)
    if family.activation is None:
        yield f"dictionary in {family.neuron}", " ".join(family.dictionary)
    if family.gate is not None:
        yield "gate scale", str(family.gate.scale)
        yield "gate bias", str(family.gate.bias)
    if isinstance(settings, dict):
        for name, value in settings.items():
            yield str(name), str(value)
