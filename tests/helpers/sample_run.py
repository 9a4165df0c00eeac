"""Run folders made by hand, in the real format; nothing is fitted."""

from pathlib import Path

from expressivity.bounds import Bound
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import Kind
from expressivity.evidence import Evidence, Membership, Verdict
from expressivity.output import write_document
from expressivity.runs.folder import RunFolder
from expressivity.runs.units import Outcome
from expressivity.separation.gaps import Gap
from expressivity.separation.ladder import DOCUMENT, SCHEMA
from expressivity.separation.result import RESULT, Result
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit
from expressivity.targets.builtin import t2
from expressivity.targets.target import Target

HOSTILE = '</script><img src=x onerror="window.hacked=1">{{7*7}}\'&'


def unit(kind: Kind, width: int = 1, *, target: Target | None = None, gate: str = "tanh"):
    """A unit of a fit to t2 or another target."""
    target = target or t2()
    dictionary = ("relu",) if kind is Kind.FIXED else ("id", "relu", "tanh")
    family = Family(
        kind=kind,
        neuron="type1",
        width=width,
        dimension=target.dimension,
        dictionary=dictionary,
        gate=GateSpec(name=gate) if kind is Kind.MOA else None,
    )
    return FitUnit(target=target, family=family, settings=Settings(restarts=4))


def result(of: FitUnit, l2: float | None = 0.1, **changes: object) -> Result:
    """A result as that unit could have had."""
    member = of.family.kind is Kind.MOA
    bound = Bound(
        norm="w1inf",
        value=0.48201,
        evidence=Evidence.PROVED,
        method="gradient-jump",
        every_width=True,
    )
    membership = Membership(
        verdict=Verdict.MEMBER if member else Verdict.NON_MEMBER,
        evidence=Evidence.PROVED,
        reason="the reason that is folded away",
    )
    errors = {"l2": l2, "sup": 0.2, "w1inf": 0.9}
    values: dict[str, object] = {
        "target": of.target.name,
        "lambda_": of.target.lambda_,
        "family": of.family,
        "parameters": of.family.parameter_count,
        "restarts": 4,
        "failed_lanes": 0,
        "error": errors,
        "seeds": [errors],
        "lower_bound": {"l2": None, "sup": None, "w1inf": None if member else bound},
        "membership": membership,
        "witness_l2": None,
    }
    return Result(**{**values, **changes})  # type: ignore[arg-type]


def gap(**changes: object) -> Gap:
    """A gap between LA and MoA on t2, as expected."""
    values: dict[str, object] = {
        "target": "t2",
        "form": "type1",
        "smaller": Kind.LA,
        "larger": Kind.MOA,
        "expected": True,
        "confirmed": True,
        "strict": True,
        "evidence": Evidence.PROVED,
        "reason": "one reaches, the other misses",
    }
    return Gap(**{**values, **changes})  # type: ignore[arg-type]


def write_run(
    path: Path,
    results: list[tuple[FitUnit, Result]],
    gaps: list[Gap] | None = None,
    **facts: object,
) -> Path:
    """A run folder of these results; with gaps, of a run that has finished."""
    manifest = {
        "environment": {"expressivity": "0.1.0", "packages": {"torch": "2"}, "cuda": []},
        "git": {"commit": "c0ffee", "changed": False},
        "host": "here",
        "arguments": ["separate", "t2", "--out", "a folder"],
        "rules": {"t2": {"fit_nodes": 500, "relative_rule_error": 5e-8}},
        **facts,
    }
    units: list[object] = [one.identity for one, _ in results]
    folder = RunFolder(path, configuration={"command": "separate", "units": units}, facts=manifest)
    for one, came in results:
        folder.save(one, Outcome(record=RESULT.dump_python(came, mode="json"), lanes={"lane": [0]}))
    if gaps is not None:
        found = [{**came.json(), "seconds": 0.0} for _, came in results]
        document = {"results": found, "gaps": [one.json() for one in gaps], "schema": SCHEMA}
        write_document(path / DOCUMENT, document)
    return path


def ordinary(path: Path) -> Path:
    """LA at widths 1, 2, 4 and 10 and MoA at 1, errors in no order, one of them missing."""
    errors = {1: 0.6, 2: 0.09, 4: 1e-3, 10: None}
    rows = [(unit(Kind.LA, width), l2) for width, l2 in errors.items()]
    rows.append((unit(Kind.MOA), 3e-15))
    return write_run(path, [(one, result(one, l2)) for one, l2 in rows], [gap()])
