"""Results made by hand, and the gap between two classes of them."""

from expressivity.bounds import Bound
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.evidence import UNDECIDED, Evidence, Membership, Verdict
from expressivity.fitting.norms import TargetNorm
from expressivity.separation.gaps import Gap, find_gaps
from expressivity.separation.result import Result
from expressivity.targets.builtin import t2

PAIR = ("relu", "tanh")
MEMBER = Membership(verdict=Verdict.MEMBER, evidence=Evidence.PROVED, reason="a witness")
NON_MEMBER = Membership(verdict=Verdict.NON_MEMBER, evidence=Evidence.PROVED, reason="a pole")


def family(kind: Kind, *, width: int = 1, gate: GateSpec | None = None, **changes) -> Family:
    if kind is Kind.MOA:
        gate = gate or GateSpec(name="tanh")
    described = {"neuron": "type1", "dimension": 2, "dictionary": PAIR, **changes}
    return Family(kind=kind, width=width, gate=gate, **described)


def result(
    of: Family,
    l2: float | None = None,
    *,
    membership: Membership = UNDECIDED,
    bounds: tuple[Bound, ...] = (),
    witness_l2: float | None = None,
    target: str = "t2",
    norm: TargetNorm | None = None,
    **errors: float,
) -> Result:
    by_norm = {bound.norm: bound for bound in bounds}
    error = {"l2": l2, "sup": l2, "w1inf": l2, **errors}
    return Result(
        target=target,
        lambda_=2.0,
        family=of,
        parameters=of.parameter_count,
        restarts=2,
        failed_lanes=0,
        error=error,
        seeds=[error],
        lower_bound={norm: by_norm.get(norm) for norm in ("l2", "sup", "w1inf")},
        membership=membership,
        witness_l2=witness_l2,
        norm=norm,
    )


def bound(norm: str, value: float, evidence: Evidence = Evidence.NUMERICAL) -> Bound:
    return Bound(norm=norm, value=value, evidence=evidence, method="ridge-rank", every_width=False)


LA, WIDE_LA, MOA = family(Kind.LA), family(Kind.LA, width=4), family(Kind.MOA)


def only_gap(*rows: tuple[Family, Result], target=None) -> Gap:
    families, results = zip(*rows, strict=True)
    (gap,) = find_gaps(results, families, target or t2())
    return gap


def between(smaller: Result, larger: Result) -> Gap:
    return only_gap((LA, smaller), (MOA, larger))


REACHES = result(MOA, 1e-15, membership=MEMBER)
