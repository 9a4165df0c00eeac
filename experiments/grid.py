"""A grid of a sweep file to work units, each once, in a stated order.

The axes vary like the digits of a number: the first of ``_combinations`` slowest.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from experiments.sweep_file import GridTable, SettingsTable, SweepFile, expression_target
from expressivity.classes.catalogue import exists_in, is_kind, kind_of
from expressivity.classes.gates import GateSpec
from expressivity.classes.kinds import kinds_of
from expressivity.classes.neurons import NEURONS
from expressivity.fitting.errors import measuring_grid
from expressivity.separation.asked import Request
from expressivity.separation.claims import builtin_target
from expressivity.separation.settings import Noise, Settings
from expressivity.separation.unit import FitUnit
from expressivity.targets.target import Target

MAX_COMBINATIONS = 200_000


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """The units of a grid.

    Attributes:
        units: each once, in the order of the first combination that means it.
        combinations: what the lists multiply to.
        left_out: combinations that do not exist, counted by the reason.
    """

    units: tuple[FitUnit, ...]
    combinations: int
    left_out: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class _Combination:
    source: tuple[str, str]
    lambda_: float
    form: str | None
    family: str | None
    width: int
    dictionary: tuple[str, ...] | None
    gate: str
    gate_scale: bool
    gate_bias: bool
    bias: bool | None
    groups: int | str
    constraint: str
    loss: str
    optimizer: str
    seed: int

    @property
    def request(self) -> Request:
        """What it asks of classes; of a registered one there is nothing else to ask."""
        if self.family is not None and not is_kind(self.family):
            return Request(kinds=(self.family,))
        return Request(
            kinds=None if self.family is None else (self.family,),
            form=self.form,
            dictionary=self.dictionary,
            gate=GateSpec(name=self.gate, scale=self.gate_scale, bias=self.gate_bias),
            bias=self.bias,
            groups=self.groups,
            constraint=self.constraint,
        )


def expand(file: SweepFile) -> Expansion:
    """All units of the file's grid.

    Raises:
        ValueError: too many combinations, settings that exclude each other, a target that
            cannot be measured, or a listed target, form or family that no unit has.
    """
    grid = file.table.grid
    assert grid is not None
    axes = _axes(grid)
    combinations = math.prod(map(len, axes))
    if combinations > MAX_COMBINATIONS:
        raise file.refusal(
            ("grid",),
            f"required: at most {MAX_COMBINATIONS} combinations; got {combinations}: split it",
        )
    settings = _settings(file, grid, file.table.settings or SettingsTable())
    units: dict[str, FitUnit] = {}
    left_out: Counter[str] = Counter()
    used: set[tuple[str, Any]] = set()
    targets: dict[Any, Target] = {}
    for values in itertools.product(*axes):
        asked = _Combination(**dict(zip(_Combination.__dataclass_fields__, values, strict=True)))
        target = _target(asked, targets)
        form = asked.form or target.form
        names = kinds_of(NEURONS[form]) if asked.family is None else (asked.family,)
        for name in names:
            why = _left_out(asked, name, form)
            if why is not None:
                left_out[why] += 1
                continue
            used |= {("target", asked.source), ("form", asked.form), ("family", asked.family)}
            try:
                found = asked.request.of_name(name, target, width=asked.width)
                for family in found:
                    chosen = settings[asked.loss, asked.optimizer, asked.seed]
                    unit = FitUnit(target=target, family=family, settings=chosen)
                    units.setdefault(unit.key, unit)
            except ValueError as error:
                raise file.refusal(("grid", "width"), str(error)) from error
    _require_use(file, used, left_out)
    _require_measurable(file, list(targets.values()))
    return Expansion(
        units=tuple(units.values()), combinations=combinations, left_out=dict(left_out)
    )


def _axes(grid: GridTable) -> list[tuple[Any, ...]]:
    """The values of every axis, each once, in the order of ``_Combination``."""

    def optional(values: list[Any] | None) -> list[Any]:
        return [None] if values is None else values

    axes: tuple[list[Any], ...] = (
        [("target", name) for name in grid.target] + [("expr", text) for text in grid.expr],
        grid.lambda_,
        optional(grid.form),
        optional(grid.family),
        grid.width,
        [None] if grid.dictionary is None else [tuple(names) for names in grid.dictionary],
        grid.gate,
        grid.gate_scale,
        grid.gate_bias,
        optional(grid.bias),
        grid.groups,
        grid.constraint,
        grid.loss,
        grid.optimizer,
        grid.seed,
    )
    return [tuple(dict.fromkeys(axis)) for axis in axes]


def _settings(
    file: SweepFile, grid: GridTable, table: SettingsTable
) -> dict[tuple[str, str, int], Settings]:
    try:
        noise = table.noise and Noise(size=table.noise.size, points=table.noise.points)
        return {
            (loss, optimizer, seed): Settings(
                restarts=table.restarts,
                candidates=table.candidates,
                generations=table.generations,
                seeds=table.seeds,
                seed=seed,
                noise=noise,
                loss=loss,
                optimizer=optimizer,
                device=table.device,
                dtype=table.dtype,
            )
            for loss, optimizer, seed in itertools.product(grid.loss, grid.optimizer, grid.seed)
        }
    except ValueError as error:
        message = str(error)
        named = [key for key in table.model_fields_set if key in message]
        raise file.refusal(("settings", *sorted(named, key=message.index)[:1]), message) from error


def _target(asked: _Combination, made: dict[Any, Target]) -> Target:
    sort, name = asked.source
    if sort == "expr":
        return expression_target(name)
    size = len(asked.dictionary or ())
    key = (name, asked.lambda_, asked.gate, asked.form, size)
    if key not in made:
        made[key] = builtin_target(
            name,
            lambda_=asked.lambda_,
            gate=asked.gate,
            form=asked.form,
            dictionary=asked.dictionary,
        )
    return made[key]


def _left_out(asked: _Combination, name: str, form: str) -> str | None:
    """Why a combination does not exist, or None."""
    if not exists_in(name, form):
        return f"{name} does not exist in {form}"
    whole = isinstance(asked.groups, str) or asked.width % asked.groups == 0
    if is_kind(name) and kind_of(name).mixes and not whole:
        return f"{asked.groups} groups of equal size do not exist at width {asked.width}"
    return None


def _require_use(file: SweepFile, used: set[tuple[str, Any]], left_out: Iterable[str]) -> None:
    """Every target, form and family that is listed stands in at least one unit."""
    grid = file.table.grid
    assert grid is not None
    for axis, values in (
        ("family", list(grid.family or ())),
        ("form", list(grid.form or ())),
        ("target", [("target", name) for name in grid.target]),
    ):
        for value in values:
            if (axis, value) not in used:
                name = value[1] if isinstance(value, tuple) else value
                raise file.refusal(
                    ("grid", axis),
                    f"required: values that some combination can have; got {name!r}: every "
                    f"combination with it is left out ({'; '.join(left_out)})",
                )


def _require_measurable(file: SweepFile, targets: list[Target]) -> None:
    """Of each target the extreme parameters: between them a target changes little by little."""
    by_name: dict[tuple[str, str | None], list[Target]] = {}
    for target in targets:
        by_name.setdefault((target.name, target.gate), []).append(target)
    for group in by_name.values():
        ordered = sorted(group, key=lambda target: target.lambda_ or 0.0)
        for target in dict.fromkeys((ordered[0], ordered[-1])):
            try:
                measuring_grid(target)
            except ValueError as error:
                raise file.refusal(("grid", "lambda"), str(error)) from error
