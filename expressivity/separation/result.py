"""What a finished fit is: errors, bounds, membership; and the record that a run keeps of it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, TypeAdapter, ValidationInfo

from expressivity.bounds import Bound
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.evidence import Evidence, Figure, Membership
from expressivity.fitting.norms import TargetNorm, tolerance_of
from expressivity.runs.folder import Entry

NORMS = ("l2", "sup", "w1inf")

_DIMENSIONS = {"interval": 1, "disk": 2, "square": 2}


def _family(value: Any, info: ValidationInfo) -> Family:
    """A family, or the one of a record: which does not hold the dimension, so the context does."""
    if isinstance(value, Family):
        return value
    dimension = (info.context or {}).get("dimension")
    if dimension is None:
        raise ValueError("required: the dimension of a stored family; got none")
    try:
        return Family.from_json(value, dimension=dimension)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"required: a family as JSON; got {value!r:.80}") from error


@dataclass(frozen=True, kw_only=True)
class Result:
    """A finished unit.

    Attributes:
        family: the class that was fitted; in JSON and records without its dimension.
        restarts: lanes in all.
        error: of the best lane by norm; None where every lane failed.
        seeds: the same for the best lane of each seed, in their order.
        witness_l2: relative l2 error of the exact witness, evaluated in floating point, where
            membership rests on one.
        norm: how well the target's norm is known; None in records of earlier versions.
        l2_estimate: by how much the best lane's l2 error may be off, an estimate; None where it
            may be anything, where every lane failed, and in records of earlier versions.
        seed_estimates: the same for the best lane of each seed; none in these records.
    """

    target: str
    lambda_: float | None
    family: Annotated[
        Family, PlainValidator(_family), PlainSerializer(Family.json, return_type=dict[str, object])
    ]
    parameters: int
    restarts: int
    failed_lanes: int
    error: dict[str, float | None]
    seeds: list[dict[str, float | None]]
    lower_bound: dict[str, Bound | None]
    membership: Membership
    witness_l2: float | None
    norm: TargetNorm | None = None
    l2_estimate: float | None = None
    seed_estimates: tuple[float | None, ...] = ()

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {
            "target": self.target,
            "lambda": self.lambda_,
            "family": self.family.json(),
            "parameters": self.parameters,
            "restarts": self.restarts,
            "failed_lanes": self.failed_lanes,
            "error": {
                norm: Figure(value=value, evidence=self.error_evidence).json()
                for norm, value in self.error.items()
            },
            "l2_estimate": self.l2_estimate,
            "lower_bound": {
                norm: None if bound is None else _bound_json(bound)
                for norm, bound in self.lower_bound.items()
            },
            "membership": self.membership.json(),
            "witness_l2": self.witness_l2,
            "target_norm": None if self.norm is None else self.norm.json(),
        }

    @property
    def doubt(self) -> str | None:
        """Why the target's norm is not known, and with it none of the errors."""
        return None if self.norm is None else self.norm.doubt

    @property
    def resolved(self) -> bool:
        """Whether the l2 error of the best lane is known as well as a norm must be."""
        size = max(self.error["l2"] or 0.0, 1.0)  # above the norm, an error's own digits count
        return self.l2_off <= size * tolerance_of(self.family.dimension)

    @property
    def l2_off(self) -> float:
        """By how much the l2 error may be off: infinite where that is not known."""
        if not self.seed_estimates:  # of an earlier version, which made none
            return 0.0
        if self.l2_estimate is None:
            return math.inf
        return self.l2_estimate * max(self.error["l2"] or 0.0, 1.0)

    def mark(self, norm: str) -> str:
        """What is printed behind an error: ``?``, or ``?1e-05`` where l2 is off by so much."""
        if norm == "l2" and not self.resolved:
            return f" ?{self.l2_off:.0e}"
        return "" if self.doubt is None else " ?"

    @property
    def error_evidence(self) -> Evidence:
        """Of the measured errors."""
        known = self.doubt is None and self.resolved
        return Evidence.NUMERICAL if known else Evidence.UNKNOWN

    @property
    def form(self) -> str:
        """The family's form."""
        return self.family.neuron

    @property
    def kind(self) -> Kind:
        """The family's kind."""
        return self.family.kind

    @property
    def contradictions(self) -> list[str]:
        """Fitted errors below a lower bound in the same norm: one of the two is wrong.

        Where the target hides between the nodes, it is the errors: nothing is contradicted.
        """
        if self.doubt is not None:
            return []
        slack = {"l2": self.l2_off}
        return [
            f"{self.target}, {self.family.label}: fitted {norm} error {error:.6e} is below "
            f"the {bound.evidence} {bound.method} bound {bound.value:.6e}"
            for norm, bound in self.lower_bound.items()
            if bound is not None
            and (error := self.error[norm]) is not None
            and error + slack.get(norm, 0.0) < bound.value
        ]


_EXACT = 1e-6
"""Relative error up to which a norm is printed without a word."""


def notes(results: Iterable[Result], *, marks: bool = True) -> list[str]:
    """A line for each target whose norm is not known, or to few digits only.

    And one on the marks behind errors, where these are shown.
    """
    lines: dict[str, None] = {}
    unresolved = False
    for result in results:
        unresolved |= marks and not result.resolved
        norm = result.norm
        if norm is None or (norm.known and norm.relative_error <= _EXACT):
            continue
        told = f"the norm of {result.target}, {norm.l2:.6g} by quadrature, is"
        if norm.known:
            line = f"Note: {told} known to a relative {norm.relative_error:.1e} only."
        else:
            line = (
                f"?: {told} not known: {norm.doubt}; estimated relative error "
                f"{norm.relative_error:.1e}. Errors are measured by the same rules, so that no "
                "verdict rests on them."
            )
        lines[line] = None
    if unresolved:
        lines["?1e-05: an l2 error that may be off by so much: the network is steeper than the "
              "rules that were tried resolve."] = None  # fmt: skip
    return list(lines)


RESULT = TypeAdapter(Result)
"""Results to records and back, to the bit; :func:`result_of` knows the dimension."""


def result_of(entry: Entry) -> Result:
    """The result that a run folder keeps of a fit.

    Raises:
        ValueError: a record that this version cannot read, or of a class it does not know.
    """
    identity = entry.identity
    # Identities of the first versions lack the dimension; their domains tell it.
    dimension = identity.get("dimension", _DIMENSIONS.get(str(identity.get("domain"))))
    return RESULT.validate_python(entry.record, context={"dimension": dimension})


def _bound_json(bound: Bound) -> dict[str, object]:
    return {
        "value": bound.value,
        "evidence": str(bound.evidence),
        "method": bound.method,
        "every_width": bound.every_width,
    }
