"""What a number or a verdict rests on.

Every number that leaves the program carries its evidence:

- ``kernel``: a proof kernel accepted it, and a stored record vouches for exactly this statement;
- ``proved``: a symbolic identity or inequality was checked exactly;
- ``certified``: enclosed in ball arithmetic from the data to the printed digits;
- ``numerical``: computed in floating point, however carefully;
- ``declared``: rests on what a user has stated of an own module, which nothing here checks;
- ``unknown``: nothing is claimed.

Nothing is ever rounded up: combining statements keeps the weakest evidence among them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Evidence(StrEnum):
    """Strength of a claim, from strongest to weakest."""

    KERNEL = "kernel"
    PROVED = "proved"
    CERTIFIED = "certified"
    NUMERICAL = "numerical"
    DECLARED = "declared"
    UNKNOWN = "unknown"

    @property
    def rigorous(self) -> bool:
        """Whether a theorem may rest on it."""
        return self.reaches(Evidence.CERTIFIED)

    def reaches(self, level: "Evidence") -> bool:
        """Whether it is as strong as another level, or stronger.

        >>> Evidence.KERNEL.reaches(Evidence.PROVED), Evidence.DECLARED.reaches(Evidence.PROVED)
        (True, False)
        """
        return weakest([self, level]) is level

    @property
    def meaning(self) -> str:
        """What stands behind it, in words."""
        return _MEANINGS[self]


_MEANINGS = {
    Evidence.KERNEL: "a proof kernel (Coq) accepted exactly this statement",
    Evidence.PROVED: "a symbolic identity or inequality was checked exactly",
    Evidence.CERTIFIED: "enclosed in ball arithmetic from the data to the printed digits, rounded "
    "to the safe side",
    Evidence.NUMERICAL: "computed in floating point",
    Evidence.DECLARED: "rests on what a user has stated of a module of their own",
    Evidence.UNKNOWN: "nothing is claimed",
}


def weakest(evidence: Iterable[Evidence]) -> Evidence:
    """Evidence of a statement that needs all the given ones.

    >>> weakest([Evidence.PROVED, Evidence.NUMERICAL])
    <Evidence.NUMERICAL: 'numerical'>
    """
    order = list(Evidence)
    return max(evidence, key=order.index, default=Evidence.PROVED)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number with its evidence; ``value`` is None where the computation failed."""

    value: float | None
    evidence: Evidence

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {"value": self.value, "evidence": str(self.evidence)}


class Verdict(StrEnum):
    """Answer to "is this function in that class?"."""

    MEMBER = "member"
    NON_MEMBER = "non_member"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Membership:
    """A verdict about a target and a class, with the reason in one sentence."""

    verdict: Verdict
    evidence: Evidence
    reason: str

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {
            "verdict": str(self.verdict),
            "evidence": str(self.evidence),
            "reason": self.reason,
        }


UNDECIDED = Membership(
    verdict=Verdict.UNKNOWN,
    evidence=Evidence.UNKNOWN,
    reason="neither a witness nor an obstruction is known to the program",
)
