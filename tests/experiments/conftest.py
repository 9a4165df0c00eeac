"""Runs without fits: units with outcomes that a test makes up."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cheap_units import content
from sweeps import SMALL

from experiments import command
from expressivity.bounds import Bound
from expressivity.evidence import UNDECIDED, Evidence, Membership, Verdict
from expressivity.runs.folder import Run, RunFolder, read_run
from expressivity.runs.units import Outcome
from expressivity.separation.result import NORMS, RESULT, Result
from expressivity.separation.unit import FitUnit

Tell = Callable[[FitUnit], dict | None]


def _outcome(
    unit: FitUnit,
    *,
    error: float | None = 0.5,
    bounds: dict[str, float] | None = None,
    verdict: Verdict = Verdict.UNKNOWN,
    failed_lanes: int = 0,
    lanes: dict[str, list] | None = None,
) -> Outcome:
    """All seeds share one error in all three norms."""
    errors = dict.fromkeys(NORMS, error)
    value = math.nan if error is None else error
    decided = Membership(verdict=verdict, evidence=Evidence.PROVED, reason="as told")
    found = {
        norm: Bound(
            norm=norm,
            value=bound,
            evidence=Evidence.PROVED,
            method="ridge-rank",
            every_width=True,
        )
        for norm, bound in (bounds or {}).items()
    }
    result = Result(
        target=unit.target.name,
        lambda_=unit.target.lambda_,
        family=unit.family,
        parameters=unit.family.parameter_count,
        restarts=unit.parts,
        failed_lanes=failed_lanes,
        error=errors,
        seeds=[errors] * unit.settings.seeds,
        lower_bound={norm: found.get(norm) for norm in NORMS},
        membership=UNDECIDED if verdict is Verdict.UNKNOWN else decided,
        witness_l2=None,
    )
    columns = {
        "l2": [value] * unit.parts,
        "fit_error": [value] * unit.parts,
        "status": [1] * unit.parts,
        "iterations": [10] * unit.parts,
    }
    return Outcome(
        record=RESULT.dump_python(result, mode="json"), lanes={**columns, **(lanes or {})}
    )


@pytest.fixture
def stored(tmp_path: Path) -> Callable[..., Run]:
    """(units, tell) -> a stored run; ``tell`` gives the arguments of ``_outcome`` or None."""

    def run_of(units: Sequence[FitUnit], tell: Tell, *, tier: str = "smoke") -> Run:
        folder = RunFolder(tmp_path / "run", configuration={"tier": tier}, facts={})
        for unit in units:
            told = tell(unit)
            if told is not None:
                folder.save(unit, _outcome(unit, **told))
        return read_run(tmp_path / "run")

    return run_of


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "other-name.toml"
    path.write_text(SMALL)
    return path


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "run"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the sweep comes to in one process, uncompiled."""
    place = tmp_path_factory.mktemp("undisturbed")
    (place / "small.toml").write_text(SMALL)
    assert command.run(place / "small.toml", out=place / "run") == 0
    return content(place / "run")
