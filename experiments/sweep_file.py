"""Sweep files: TOML text to a checked description, or one line that names file, line and key.

What the keys mean is in docs/sweeps.md. Nothing is computed here beyond the checks.
"""

import difflib
import functools
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from experiments.experiment import EXPERIMENTS, Tier
from experiments.toml_lines import key_lines
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.catalogue import class_named
from expressivity.classes.gates import GATES
from expressivity.classes.kinds import Constraint
from expressivity.classes.neurons import NEURONS
from expressivity.fitting.errors import measuring_grid
from expressivity.fitting.limits import MAX_SEED
from expressivity.runs.compiling import Compile
from expressivity.separation.settings import DTYPES, LOSSES, OPTIMIZERS
from expressivity.targets.builtin import TARGETS
from expressivity.targets.target import Target
from expressivity.targets.user import user_target

_T = TypeVar("_T")
_LARGEST_FILE = 1_000_000


@functools.lru_cache
def expression_target(text: str) -> Target:
    """A user's expression as a target that can be measured.

    Raises:
        ValueError: outside the grammar, not finite on its domain, or vanishing.
    """
    target = user_target(text)
    measuring_grid(target)
    return target


def _must(check: Callable[[_T], object]) -> AfterValidator:
    """A value that ``check`` does not refuse."""

    def checked(value: _T) -> _T:
        check(value)
        return value

    return AfterValidator(checked)


def _one_of(*choices: str) -> AfterValidator:
    def check(name: str) -> None:
        if name not in choices:
            raise ValueError(f"unknown {name!r}: choose from {', '.join(choices)}")

    return _must(check)


def _each_once(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise ValueError(f"required: each activation once; got {', '.join(names)}")


Axis = Annotated[list[_T], Field(min_length=1)]
_Target = Annotated[str, AfterValidator(TARGETS.canonical)]
_Gate = Annotated[str, AfterValidator(GATES.canonical)]
_Activation = Annotated[str, AfterValidator(ACTIVATIONS.canonical)]
_Dictionary = Annotated[list[_Activation], Field(min_length=1), _must(_each_once)]
_Count = Annotated[int, Field(ge=1)]
_Form = Annotated[str, AfterValidator(NEURONS.canonical)]
_Class = Annotated[str, AfterValidator(class_named)]
_Groups = _Count | Literal["neuron"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class GridTable(_Table):
    """Lists of values; the product of them is run. None means what docs/sweeps.md says."""

    target: Axis[_Target] = []
    expr: Axis[Annotated[str, _must(expression_target)]] = []
    lambda_: Axis[Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field([2.0], alias="lambda")
    form: Axis[_Form] | None = None
    family: Axis[_Class] | None = None
    width: Axis[_Count] = [1, 2, 4]
    dictionary: Axis[_Dictionary] | None = None
    gate: Axis[_Gate] = ["tanh"]
    gate_scale: Axis[bool] = [True]
    gate_bias: Axis[bool] = [True]
    bias: Axis[bool] | None = None
    groups: Axis[_Groups] = [1]
    constraint: Axis[Annotated[str, _one_of(*Constraint)]] = ["free"]
    loss: Axis[Annotated[str, _one_of(*LOSSES)]] = ["l2"]
    optimizer: Axis[Annotated[str, _one_of(*OPTIMIZERS)]] = ["varpro"]
    seed: Axis[Annotated[int, Field(ge=0, le=MAX_SEED - 1)]] = [0]


class NoiseTable(_Table):
    """See :class:`expressivity.separation.settings.Noise`."""

    size: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    points: _Count


class SettingsTable(_Table):
    """What is the same for every unit; see :class:`expressivity.separation.settings.Settings`.

    ``compile`` is what ``--compile`` of ``separate`` says.
    """

    restarts: _Count = 32
    candidates: _Count = 16
    generations: Annotated[int, Field(ge=0)] | None = None
    seeds: _Count = 1
    noise: NoiseTable | None = None
    device: Annotated[str, _one_of("cpu", "cuda")] = "cpu"
    dtype: Annotated[str, _one_of(*DTYPES)] = "float64"
    compile: Annotated[str, _one_of(*Compile)] = "auto"


class SweepTable(_Table):
    """The whole file."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")] | None = None
    experiment: Annotated[str, _must(EXPERIMENTS.__getitem__)] | None = None
    tier: Annotated[str, _one_of(*Tier)] | None = None
    grid: GridTable | None = None
    settings: SettingsTable | None = None


class SweepFile:
    """A file that has been read, and where each of its keys stands.

    Attributes:
        text: as it is on disk.
        name: its ``name``, or the file's own without its ending.
        table: the content.
    """

    def __init__(self, path: Path) -> None:
        """Read and check.

        Raises:
            ValueError: no such file, no TOML, or a key or value that does not exist.
        """
        self._path = path
        self.text = _text(path)
        try:
            content = tomllib.loads(self.text)
        except (ValueError, RecursionError) as error:
            message = str(error) or type(error).__name__
            raise ValueError(f"required: a TOML file; {path}: {message}") from error
        try:
            self.table = SweepTable.model_validate(content)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise self.refusal(first["loc"], _explained(first)) from error
        self.name = self.table.name or path.stem
        self._check_combination()

    def refusal(self, location: tuple[int | str, ...], message: str) -> ValueError:
        """An error at a key, to be raised; ``message`` is the part after file, line and key."""
        keys = tuple(part for part in location if isinstance(part, str))
        lines = key_lines(self.text)
        while keys and keys not in lines:
            keys = keys[:-1]
        line = f", line {lines[keys]}: {'.'.join(keys)}" if keys else ""
        return ValueError(f"{self._path}{line}: {message}")

    def _check_combination(self) -> None:
        table = self.table
        if (table.experiment is None) == (table.grid is None):
            got = "neither" if table.grid is None else "both"
            raise self.refusal(
                () if table.grid is None else ("experiment",),
                f"required: either `experiment` or a table [grid]; got {got}",
            )
        if table.experiment is None and table.tier is not None:
            raise self.refusal(("tier",), "required: `tier` beside `experiment`; got a grid")
        if table.experiment is not None and table.settings is not None:
            raise self.refusal(
                ("settings",),
                "required: no settings beside `experiment`, which brings its own; got a table",
            )
        if table.grid is not None and not (table.grid.target or table.grid.expr):
            raise self.refusal(("grid",), "required: `target` or `expr`; got neither")


def _text(path: Path) -> str:
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ValueError(f"required: a sweep file; {path} is not a file")
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError(
                f"required: a sweep file of at most {_LARGEST_FILE} bytes; {path} is larger"
            )
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(
            f"required: a sweep file that can be read; {path}: {error.strerror}"
        ) from error
    except UnicodeDecodeError as error:
        raise ValueError(f"required: a sweep file in UTF-8; {path} is not: convert it") from error


_WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "list_type": "a list in [ ]",
    "model_type": "a table",
    "too_short": "at least one value",
    "missing": "this key",
    "finite_number": "a finite number",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than_equal": "a number of at most {le}",
    "string_pattern_mismatch": "letters, digits and . _ - only",
}


def _explained(error: Any) -> str:
    sort, context = error["type"], error.get("ctx", {})
    if sort == "extra_forbidden":
        return _unknown(tuple(part for part in error["loc"] if isinstance(part, str)))
    if sort == "value_error":
        return str(context["error"])
    wanted = _WANTED[sort].format(**context) if sort in _WANTED else error["msg"]
    got = "none" if sort == "missing" else _short(error["input"])
    return f"required: {wanted}; got {got}"


def _unknown(location: tuple[str, ...]) -> str:
    *table, key = location
    tables: dict[tuple[str, ...], type[BaseModel]] = {
        (): SweepTable,
        ("grid",): GridTable,
        ("settings",): SettingsTable,
        ("settings", "noise"): NoiseTable,
    }
    known = {path: [field.alias or name for name, field in model.model_fields.items()]
             for path, model in tables.items()}  # fmt: skip
    here = known[tuple(table)]
    for path, keys in known.items():
        if key in keys:
            return f"unknown key {key!r}: it belongs {f'in [{path[0]}]' if path else 'at the top'}"
    close = difflib.get_close_matches(key, here, 1)
    hint = f"did you mean {close[0]}?" if close else f"choose from {', '.join(here)}"
    return f"unknown key {key!r}: {hint}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
