"""What ``separate`` prints of its findings: the verdicts, and the fits where they are asked for."""

import math
from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from rich.box import SIMPLE_HEAD
from rich.table import Table

from expressivity.commands.console import console, print_table
from expressivity.separation.gaps import Gap
from expressivity.separation.result import Result, notes


def show(results: Sequence[Result], gaps: Sequence[Gap], *, full: bool) -> None:
    """Print the verdicts, then, in full or where there are none, the table of fits."""
    if gaps:
        console().print(headline(gaps), soft_wrap=True)
        _show_verdicts(gaps)
    with_fits = full or not gaps
    if with_fits:
        _show_fits(results)
        console().print(
            "Errors are numerical; l2 is relative to the target's norm, w1inf absolute. Bounds: "
            "p proved, c certified, n numerical.",
            soft_wrap=True,
        )
    for line in notes(results, marks=with_fits):
        console().print(line, soft_wrap=True)


def headline(gaps: Sequence[Gap]) -> str:
    """How many gaps there are, and whether that is what was expected.

    >>> headline([])
    '0 gaps: 0 confirmed, of which 0 strict.'
    """
    confirmed, strict = sum(g.confirmed for g in gaps), sum(g.strict for g in gaps)
    noun = "gap" if len(gaps) == 1 else "gaps"
    text = f"{len(gaps)} {noun}: {confirmed} confirmed, of which {strict} strict"
    foretold = [gap for gap in gaps if gap.expected is not None]
    surprising, undecided = (
        sum(getattr(gap, fact) for gap in foretold) for fact in ("surprising", "undecided")
    )
    came = [f"{surprising} otherwise than expected (!)"] if surprising else []
    came += [f"{undecided} not decided (?)"] if undecided else []
    if foretold and not came:
        came = ["as expected"]
    return "; ".join([text, *came]) + "."


def _show_verdicts(gaps: Sequence[Gap]) -> None:
    grid = Table.grid(padding=(0, 2), pad_edge=False)
    for gap in gaps:
        grid.add_row(verdict(gap), f"{about(gap)}: {gap.reason}")
    print_table(grid)


def about(gap: Gap) -> str:
    """Which gap it is."""
    return f"{gap.target} {gap.form}, {gap.smaller} < {gap.larger}"


def verdict(gap: Gap) -> str:
    """What came of it, with its evidence."""
    word = "strict" if gap.strict else "confirmed" if gap.confirmed else "not confirmed"
    mark = " (!)" if gap.surprising else " (?)" if gap.undecided else ""
    return f"{word} ({gap.evidence}){mark}"


def _show_fits(results: Sequence[Result]) -> None:
    table = Table("target", "class", "params", "l2 error", "l2 >=", "w1inf error", "w1inf >=",
                  "membership", box=SIMPLE_HEAD, pad_edge=False)  # fmt: skip
    for result, label in best_activations(results):
        table.add_row(
            result.target,
            label,
            str(result.parameters),
            _number(result, "l2"),
            _bound(result, "l2"),
            _number(result, "w1inf"),
            _bound(result, "w1inf"),
            f"{result.membership.verdict} ({result.membership.evidence})",
        )
    print_table(table)


def best_activations(results: Sequence[Result]) -> list[tuple[Result, str]]:
    """Rows of the table: of the fixed families that differ in activation only, the best."""
    groups: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        family = result.family
        key: tuple[object, ...] = (result.target, family.label)
        if family.activation is not None:
            key = (result.target, family.kind_and_form, family.width)
        groups.setdefault(key, []).append(result)
    rows: list[tuple[Result, str]] = []
    for group in groups.values():
        best = min(group, key=_l2_error)
        label = best.family.label
        rows.append((best, label if len(group) == 1 else f"{label}, best of {len(group)} fixed"))
    return rows


def _l2_error(result: Result) -> float:
    error = result.error["l2"]
    return math.inf if error is None else error


def _number(result: Result, norm: str) -> str:
    value = result.error[norm]
    if value is None:
        return "failed"
    return f"{value:.1e}{result.mark(norm)}"


def rounded_down(value: float) -> str:
    """Two digits that do not exceed a bound.

    >>> rounded_down(0.0299), rounded_down(0.5)
    ('0.029', '0.5')
    """
    exact = Decimal(repr(value))
    return f"{float(exact.quantize(Decimal(1).scaleb(exact.adjusted() - 1), ROUND_FLOOR)):.2g}"


def _bound(result: Result, norm: str) -> str:
    bound = result.lower_bound[norm]
    return "" if bound is None else f"{rounded_down(bound.value)} {bound.evidence[0]}"
