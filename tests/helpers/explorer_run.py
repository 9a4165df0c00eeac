"""A finished run of the experiment ``explorer`` whose outcomes are made by hand, in a second.

Networks are the targets' exact witnesses where there are some, else weights by rule; errors and
bounds are numbers with all their digits.
"""

from pathlib import Path

import torch

from experiments.experiment import Tier
from experiments.explorer import explorer
from expressivity.bounds import Bound
from expressivity.classes.networks import parameter_length
from expressivity.classes.weights import start_from
from expressivity.evidence import Evidence, Membership, Verdict
from expressivity.membership.witnesses import find_witness
from expressivity.runs.folder import RunFolder
from expressivity.runs.units import Outcome
from expressivity.separation.result import RESULT, Result
from expressivity.separation.unit import FitUnit

SMOKE = explorer(Tier.SMOKE)


def made(path: Path, *, leave_out: int = 0) -> Path:
    """A run folder of the smallest tier; ``leave_out`` units are missing."""
    folder = RunFolder(path, configuration=SMOKE.configuration, facts={"compiled": False})
    for place, unit in enumerate(SMOKE.units[leave_out:]):
        folder.save(unit, outcome(unit, place))
    return path


def outcome(unit: FitUnit, place: int) -> Outcome:
    """What a fit is said to have come to; no two have the same numbers."""
    witness = find_witness(unit.target, unit.family)
    result = said(unit, place, member=witness is not None)
    length = parameter_length(unit.family)
    ramp = torch.linspace(-0.6, 0.7, length, dtype=torch.float64) + 0.01 * place
    best = ramp if witness is None else start_from(unit.family, witness)
    lanes = {"lane": [0, 1], "seed": [0, 0], "fit_error": [0.2, 0.1], "l2": [0.2, 0.1],
             "status": [1, 1], "iterations": [3, 4]}  # fmt: skip
    return Outcome(
        record=RESULT.dump_python(result, mode="json"),
        lanes=lanes,
        tensors={"theta": torch.stack([torch.zeros(length, dtype=torch.float64), best])},
    )


def said(unit: FitUnit, place: int, *, member: bool) -> Result:
    """The record: round-off for members, between a bound and 1 for the others."""
    size = (1 + place / 7) * (1e-15 if member else 0.1)
    errors = {"l2": size, "sup": size / 3, "w1inf": 0.7 + size}
    values = {"l2": size / 11, "w1inf": 0.48201379003790847}
    bounds = {
        norm: Bound(norm=norm, value=value, evidence=evidence, method=method, every_width=every)
        for norm, value, evidence, method, every in (
            ("l2", values["l2"], Evidence.CERTIFIED, "ridge-rank", False),
            ("w1inf", values["w1inf"], Evidence.PROVED, "gradient-jump", True),
        )
    }
    return Result(
        target=unit.target.name,
        lambda_=unit.target.lambda_,
        family=unit.family,
        parameters=unit.family.parameter_count,
        restarts=2,
        failed_lanes=0,
        error=errors,
        seeds=[errors],
        lower_bound={"l2": None, "sup": None, "w1inf": None, **({} if member else bounds)},
        membership=Membership(
            verdict=Verdict.MEMBER if member else Verdict.NON_MEMBER,
            evidence=Evidence.PROVED,
            reason=f"made by hand, number {place}",
        ),
        witness_l2=None,
    )
