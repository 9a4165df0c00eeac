"""Gaps: what the results of two classes on one target say about them.

A gap is confirmed when the larger family reaches the target and every network class of the
smaller kind that was looked at misses it: by proof, by a lower bound above the larger's
error in the same norm, or (evidence ``numerical``) by a fit that is much worse. A class that
is proved to contain the target does not miss it, however badly its fits end, and one that is
proved not to contain it does not reach it, however well they do. Where the target's norm is not
known, no gap is confirmed: what fits come to is relative to it. A fitted error counts by as much
as is sure of it: less its estimate where it is to show a miss, and not at all as a hit where
the estimate is above what norms are known to.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from expressivity.classes.families import Family
from expressivity.evidence import Evidence, Verdict, weakest
from expressivity.membership.inclusions import inclusions
from expressivity.separation.claims import CLAIMS, Claim, claim_of
from expressivity.separation.result import Result
from expressivity.targets.target import Target

REACHED = 1e-10
"""Relative l2 error at which a family counts as reaching a target."""
MUCH_WORSE = 1000.0
"""Ratio of errors from which two fits count as different, where nothing better is known."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One line of the verdict; the fields are those of docs/formats.md.

    ``smaller`` and ``larger`` are kinds, or classes as claims write them (``Side.label``).
    """

    target: str
    form: str
    smaller: str
    larger: str
    expected: bool | None
    confirmed: bool
    strict: bool
    evidence: Evidence
    reason: str

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {
            "target": self.target,
            "form": str(self.form),
            "smaller": str(self.smaller),
            "larger": str(self.larger),
            "expected": self.expected,
            "confirmed": self.confirmed,
            "strict": self.strict,
            "evidence": str(self.evidence),
            "reason": self.reason,
        }

    @property
    def surprising(self) -> bool:
        """Whether it came out otherwise than expected."""
        return self.expected not in (None, self.confirmed) and not self.undecided

    @property
    def undecided(self) -> bool:
        """Whether something was expected, and nothing was found: the evidence is ``unknown``."""
        unknown = not self.confirmed and self.evidence is Evidence.UNKNOWN
        return self.expected is not None and unknown


def find_gaps(results: Sequence[Result], families: Sequence[Family], target: Target) -> list[Gap]:
    """Gaps among the results of one target.

    Between neighbouring kinds of each form, and between the other classes that claims compare.
    """
    rows = sorted(
        zip(results, families, strict=True),
        key=lambda row: (row[1].neuron, row[1].kind.rank),
    )
    found: list[Gap] = []
    for _, of_one_form in groupby(rows, key=lambda row: row[1].neuron):
        by_kind = [list(group) for _, group in groupby(of_one_form, key=lambda row: row[1].kind)]
        for smaller, larger in pairwise(by_kind):
            names = (smaller[0][1].kind, larger[0][1].kind)
            expected = _expected_of_kinds(smaller, larger, target)
            found.append(_gap(smaller, larger, target, names, expected))
    for claim in CLAIMS:
        if claim.target == target.name and not claim.between_kinds:
            smaller, larger = (
                [row for row in rows if of.has(row[1]) and claim.is_made_for(row[1])]
                for of in (claim.smaller, claim.larger)
            )
            if smaller and larger:
                names = (claim.smaller.label, claim.larger.label)
                expected = _expected(claim, smaller, larger, target)
                found.append(_gap(smaller, larger, target, names, expected))
    return found


Rows = list[tuple[Result, Family]]


def _gap(
    smaller: Rows, larger: Rows, target: Target, names: tuple[str, str], expected: bool | None
) -> Gap:
    best, best_family = min(larger, key=lambda row: _order(row[0]))
    reached, reach_evidence, reach_reason = _reaches(best)
    misses = [_misses(result, best) for result, _ in smaller]
    first_hit = next((reason for missed, _, reason in misses if not missed), None)
    doubt = next((r.doubt for r, _ in smaller + larger if r.doubt is not None), None)
    confirmed = reached and first_hit is None and doubt is None
    if doubt is not None:
        reason, evidence = f"the norm of the target is not known: {doubt}", Evidence.UNKNOWN
    elif not reached:
        reason, evidence = reach_reason, reach_evidence
    elif first_hit is not None:
        reason = first_hit
        evidence = next(evidence for missed, evidence, _ in misses if not missed)
    else:
        reason = reach_reason + "; " + _summary(misses)
        evidence = weakest([reach_evidence, *(evidence for _, evidence, _ in misses)])
    return Gap(
        target=target.name,
        form=best_family.neuron,
        smaller=names[0],
        larger=names[1],
        expected=expected,
        confirmed=confirmed,
        strict=confirmed and all(_contained(family, best_family) for _, family in smaller),
        evidence=evidence,
        reason=reason,
    )


def _order(result: Result) -> tuple[bool, float]:
    """Classes that do not contain the target last, then by the error reached."""
    return result.membership.verdict is Verdict.NON_MEMBER, _reached_error(result)


def _reached_error(result: Result) -> float:
    errors = [e for e in (result.error["l2"], result.witness_l2) if e is not None]
    return min(errors, default=float("inf"))


def _reaches(result: Result) -> tuple[bool, Evidence, str]:
    fitted = result.error["l2"]
    label = result.family.label
    if result.membership.verdict is Verdict.NON_MEMBER:
        came = "failed in every lane" if fitted is None else f"fitted to {fitted:.1e}"
        reason = f"{label} {came}, but proved not to contain the target"
        return False, result.membership.evidence, reason
    if fitted is not None and fitted <= REACHED and not result.resolved:
        reason = f"{label} reaches {fitted:.1e} where it is measured, but it is not resolved there"
        return False, Evidence.UNKNOWN, f"{reason}: off by up to {result.l2_off:.1e}"
    if fitted is not None and fitted <= REACHED:
        evidence = Evidence.NUMERICAL
        if result.membership.verdict is Verdict.MEMBER:
            evidence = result.membership.evidence
        return True, evidence, f"{label} reaches {fitted:.1e}"
    if result.witness_l2 is not None and result.witness_l2 <= REACHED:
        came = "failed" if fitted is None else f"reached {fitted:.1e}"
        reason = f"{label}: random starts {came}, its exact witness {result.witness_l2:.1e}"
        return True, result.membership.evidence, reason
    came = "failed in every lane" if fitted is None else f"reached {fitted:.1e} only"
    return False, Evidence.NUMERICAL, f"{label} {came}"


def _misses(smaller: Result, larger: Result) -> tuple[bool, Evidence, str]:
    """Whether a smaller class misses what the larger reaches, on what evidence, and why."""
    label = smaller.family.label
    if smaller.membership.verdict is Verdict.NON_MEMBER:
        return True, smaller.membership.evidence, f"{label}: {smaller.membership.reason}"
    if smaller.membership.verdict is Verdict.MEMBER:
        return False, smaller.membership.evidence, f"{label} contains the target"
    for norm, bound in smaller.lower_bound.items():
        error = larger.error[norm]
        if bound is not None and error is not None and bound.value > error:
            evidence = weakest([bound.evidence, Evidence.NUMERICAL])
            reason = f"{label}: {norm} at least {bound.value:.4g} ({bound.method})"
            return True, evidence, reason
    fitted, reached = smaller.error["l2"], _reached_error(larger)
    surely = 0.0 if fitted is None else fitted - smaller.l2_off
    missed = surely > REACHED and surely >= MUCH_WORSE * max(reached, 1e-300)
    came = "failed in every lane" if fitted is None else f"fitted to {fitted:.1e}"
    return missed, Evidence.NUMERICAL, f"{label} {came}"


def _summary(misses: Iterable[tuple[bool, Evidence, str]]) -> str:
    """The reason with the weakest evidence, and how many there are."""
    listed = list(misses)
    order = list(Evidence)
    _, _, reason = max(listed, key=lambda miss: order.index(miss[1]))
    more = f" (and {len(listed) - 1} more)" if len(listed) > 1 else ""
    return reason + more


def _expected_of_kinds(smaller: Rows, larger: Rows, target: Target) -> bool | None:
    claim = claim_of(target, smaller[0][1], larger[0][1])
    return None if claim is None else _expected(claim, smaller, larger, target)


def _expected(claim: Claim, smaller: Rows, larger: Rows, target: Target) -> bool | None:
    """What the theory says of exactly these rows: None wherever it is silent.

    A gap is expected where a claim is made for the target's own biases and the larger class
    is proved to contain it; none is expected where a claim says so and the smaller contains it.
    """
    if not claim.separates:
        return False if _some_member(smaller) else None
    sides = ((claim.smaller, smaller), (claim.larger, larger))
    as_stated = all(side.is_as_stated(family, target) for side, rows in sides for _, family in rows)
    return True if as_stated and _some_member(larger) else None


def _some_member(rows: Rows) -> bool:
    return any(result.membership.verdict is Verdict.MEMBER for result, _ in rows)


def _contained(smaller: Family, larger: Family) -> bool:
    """Whether the smaller class is proved to lie in the larger one, at some width of both."""
    width = math.lcm(smaller.width_step, larger.width_step)
    return inclusions(smaller.at_width(width), larger.at_width(width)) is not None
