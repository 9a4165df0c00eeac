"""How far a class stays from a function that it does not contain: bounds, and fits beside them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from expressivity.relations.directions import Direction
from expressivity.relations.sides import Side
from expressivity.separation.result import Result
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit, units_of
from expressivity.targets.target import Target

_NEAR = 1e-2


@dataclass(frozen=True, kw_only=True)
class Gap:
    """How far a class stays from a function that it does not contain.

    Attributes:
        excluded: name of its side.
        target: the function.
        results: fits of its families at every width, with lower bounds.
        other: fits of the class that contains the function, at the width of the witness.
    """

    excluded: str
    target: Target
    results: tuple[Result, ...]
    other: tuple[Result, ...]

    @property
    def approached(self) -> bool | None:
        """Whether the fits of the widest networks come near all the same; None where they fail.

        No statement about infima: distance 0 is not membership, and a fit is no proof.
        """
        widest = max(result.family.width for result in self.results)
        errors = [r.error["l2"] for r in self.results if r.family.width == widest]
        known = [error for error in errors if error is not None]
        return min(known) < _NEAR if known else None

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {
            "excluded": self.excluded,
            "target": self.target.formula,
            "approached": self.approached,
            "results": [result.json() for result in (*self.results, *self.other)],
        }


@dataclass(frozen=True, kw_only=True)
class Work:
    """The fits of one gap.

    Attributes:
        excluded: the side that the function is not in.
        target: the function.
        units: of the excluded side's families, at every width.
        other: of the class that contains the function, at the width of the witness.
    """

    excluded: Side
    target: Target
    units: tuple[FitUnit, ...]
    other: tuple[FitUnit, ...]

    @property
    def all_units(self) -> tuple[FitUnit, ...]:
        """Those of both sides."""
        return (*self.units, *self.other)


def work(
    direction: Direction,
    excluded: Side,
    widths: Sequence[int],
    settings: Settings,
    *,
    compiled: bool = False,
) -> Work | None:
    """The fits that show how near the excluded side comes, None where nothing is excluded."""
    apart = direction.separating
    if apart is None:
        return None
    d = apart.target.dimension
    families = dict.fromkeys(f for width in widths for f in excluded.at_width(width, d))
    return Work(
        excluded=excluded,
        target=apart.target,
        units=tuple(units_of(apart.target, list(families), settings, compiled=compiled)),
        other=tuple(units_of(apart.target, [apart.member.family], settings, compiled=compiled)),
    )


def measured(work: Work, result_of: Callable[[FitUnit], Result]) -> Gap:
    """The gap, from the results of its fits."""
    return Gap(
        excluded=work.excluded.name,
        target=work.target,
        results=tuple(map(result_of, work.units)),
        other=tuple(map(result_of, work.other)),
    )


def line(gap: Gap, result: Result) -> str:
    """One fit in words."""
    error = result.error["l2"]
    came = "failed" if error is None else f"{error:.1e}"
    bounds = [
        f"{norm} at least {bound.value:.2g} ({bound.evidence}, {bound.method})"
        for norm, bound in result.lower_bound.items()
        if bound is not None
    ]
    return f"{gap.target.formula} by {result.family.label}: " + "; ".join(
        [f"fitted relative l2 error {came} (numerical)", *bounds]
    )
