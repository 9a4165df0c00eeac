"""A finished run of the experiment ``explorer`` as the data of the page.

Every number that the run's results hold goes into the page as text, in the digits of the run and
in the digits that are shown; the page computes with pictures alone. Formulas, sentences and reasons
are HTML: text that is escaped, with mathematics in it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.experiment import Tier
from experiments.explorer import CONTROLS, Controls, Scene, scenes
from experiments.reading import Reading, readings
from expressivity.bounds import Bound
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.kinds import Kind
from expressivity.evidence import Membership
from expressivity.report.builtin import sentence
from expressivity.report.ladder import rounded_down
from expressivity.report.mathematics import formula, mathematics
from expressivity.runs.compiling import COMPILED
from expressivity.runs.folder import Run
from expressivity.separation.gaps import find_gaps
from expressivity.separation.result import NORMS, Result
from expressivity.separation.unit import FitUnit
from figures.explorer.pictures import of_network, of_target
from figures.stored import network_of
from figures.style import class_name

Data = dict[str, Any]
"""An object of the page's data, as JSON."""


@dataclass(frozen=True, kw_only=True)
class _Fitted:
    unit: FitUnit
    reading: Reading

    @property
    def result(self) -> Result:
        return self.reading.result

    @property
    def order(self) -> float:
        return self.reading.best("l2")

    @property
    def place(self) -> tuple[Kind, int]:
        return self.result.kind, self.result.family.width

    def is_like(self, other: "_Fitted") -> bool:
        return self.place == other.place


def data(run: Run) -> Data:
    """Controls, functions, fits and scenes of a finished run.

    Raises:
        ValueError: a unit is missing, or its weights or lanes are damaged.
    """
    controls = controls_of(run)
    stored = {reading.key: reading for reading in readings(run)}
    compiled = run.manifest.get(COMPILED) is True
    functions: Data = {}
    fits: Data = {}
    made: Data = {}
    for scene in scenes(controls):
        fitted = [
            _Fitted(unit=unit, reading=_stored(stored, unit, run))
            for unit in scene.units(controls.settings, compiled=compiled)
        ]
        function = scene.target.formula
        if function not in functions:
            functions[function] = of_target(scene.target)
        best = _best_by_width(fitted)
        for one in best:
            if one.unit.key not in fits:
                fits[one.unit.key] = _fit(one, among=sum(map(one.is_like, fitted)))
        made[scene_key(scene)] = _scene(scene, function, fitted, best)
    return {
        "targets": [_target(name, controls) for name in controls.targets],
        "lambdas": [f"{rate:g}" for rate in controls.lambdas],
        "gates": list(dict.fromkeys(g for gates in controls.targets.values() for g in gates)),
        "widths": list(controls.widths),
        "first": {"target": "t2", "gate": "tanh", "lambda": "2", "width": "2"},
        "functions": functions,
        "fits": fits,
        "scenes": made,
    }


def controls_of(run: Run) -> Controls:
    """What was asked of the run.

    Raises:
        ValueError: it is a run of something else.
    """
    return CONTROLS[Tier.SMOKE if require_explorer(run) is Tier.SMOKE else Tier.CPU]


def require_explorer(run: Run) -> Tier:
    """The tier of a run of the experiment ``explorer``.

    Raises:
        ValueError: it is a run of something else.
    """
    configuration = run.manifest["configuration"]
    if configuration.get("experiment") != "explorer":
        raise ValueError(
            f"required: a run of the experiment explorer; {run.path} is of another one: name a new "
            f"folder, which explore fills"
        )
    return Tier(configuration["tier"])


def scene_key(scene: Scene) -> str:
    """The scene's name in the page: target, lambda and gate.

    >>> scene_key(next(scenes(CONTROLS[Tier.SMOKE])))
    't1||tanh'
    """
    rate = scene.target.lambda_
    return f"{scene.target.name}|{'' if rate is None else f'{rate:g}'}|{scene.gate}"


def _stored(stored: dict[str, Reading], unit: FitUnit, run: Run) -> Reading:
    if unit.key not in stored:
        raise ValueError(
            f"required: a finished run; {run.path} lacks {unit.label}: run it again to finish"
        )
    return stored[unit.key]


def _best_by_width(fitted: Iterable[_Fitted]) -> list[_Fitted]:
    """One fit for each kind and width: of fixed, the activation that comes closest."""
    found: dict[tuple[Kind, int], _Fitted] = {}
    for one in fitted:
        if one.place not in found or one.order < found[one.place].order:
            found[one.place] = one
    return list(found.values())


def _target(name: str, controls: Controls) -> Data:
    target = next(s.target for s in scenes(controls) if s.target.name == name)
    return {
        "name": name,
        "dimension": target.dimension,
        "form": target.form,
        "rated": target.lambda_ is not None,
        "gates": list(controls.targets[name]),
    }


def _scene(scene: Scene, function: str, fitted: Sequence[_Fitted], best: Iterable[_Fitted]) -> Data:
    gaps = find_gaps([one.result for one in fitted], list(scene.families), scene.target)
    return {
        "formula": formula(f"{scene.target.name}(x) = {scene.target.formula}", ACTIVATIONS),
        "function": function,
        "fits": [one.unit.key for one in best],
        "gaps": [
            {
                "sentence": mathematics(sentence(gap)),
                "evidence": str(gap.evidence),
                "reason": mathematics(gap.reason),
                "confirmed": gap.confirmed,
                "surprising": gap.surprising,
            }
            for gap in gaps
        ],
    }


def _fit(one: _Fitted, *, among: int) -> Data:
    """One network; ``among``: of how many classes of its kind and width it is the closest."""
    result = one.result
    return {
        "kind": str(result.kind),
        "family": class_key(result.family.json()),
        "label": class_name(result.family.class_label),
        "width": result.family.width,
        "among": among,
        "parameters": result.parameters,
        "errors": {norm: _error(result, norm) for norm in NORMS},
        "bounds": {norm: _bound(result.lower_bound[norm]) for norm in NORMS},
        "membership": _membership(result.membership),
        **of_network(network_of(one.unit.target, one.reading)),
    }


def class_key(family: Mapping[str, object]) -> str:
    """One text for a class, whatever its width: the page compares a fit's with the atlas's."""
    return json.dumps({**family, "width": None}, sort_keys=True)


def _error(result: Result, norm: str) -> Data | None:
    value = result.error[norm]
    if value is None:
        return None
    evidence = str(result.error_evidence)
    return {
        "shown": f"{value:.2e}{result.mark(norm)}",
        "digits": repr(value),
        "evidence": evidence,
    }


def _membership(membership: Membership) -> Data:
    return {**membership.json(), "reason": mathematics(membership.reason)}


def _bound(bound: Bound | None) -> Data | None:
    if bound is None:
        return None
    return {
        "shown": rounded_down(bound.value),
        "digits": repr(bound.value),
        "evidence": str(bound.evidence),
        "method": bound.method,
        "every_width": bound.every_width,
    }
