"""Options that several commands share, each declared once; no heavy import.

A dataclass of options serves every command that takes them: :func:`takes` adds its fields to the
command's parameters and calls it with one object. ``ClassOptions`` says which classes are asked
for; sweep files take the same names, with a list of values for each (docs/sweeps.md).
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from expressivity.commands.names import named

if TYPE_CHECKING:
    from expressivity.separation.asked import Request
    from expressivity.separation.settings import Settings


def usable_workers(workers: int | None) -> int | None:
    """A number of workers as it was given, refused before a folder is made for its run.

    Raises:
        ValueError: as :func:`~expressivity.runs.executors.require_workers`.
    """
    if workers is not None:
        from expressivity.runs.executors import require_workers

        require_workers(workers)
    return workers


Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Workers = Annotated[
    int | None,
    typer.Option(
        help="Worker processes on this machine; by default this process alone.",
        callback=usable_workers,
    ),
]
Scheduler = Annotated[
    str | None, typer.Option(help="A running Dask scheduler, such as tcp://host:8786.")
]
Expr = Annotated[
    str | None, typer.Option(help="A target of your own, such as 'tanh(2*x1)*relu(x2)'.")
]
MoaGate = Annotated[
    str, typer.Option(help="Gate of moa: tanh, sigmoid or softmax.", **named("gate"))
]
Lambda = Annotated[
    float, typer.Option("--lambda", help="The parameter lambda of t2, t4 to t5q, t6 and t8.")
]


@dataclass(frozen=True, kw_only=True)
class ClassOptions:
    """Which classes are asked for, as it was typed."""

    kinds: Annotated[
        str | None,
        typer.Option(
            "--family",
            metavar="NAMES",
            help="fixed, la, moa, or names of registered classes (list families); comma-separated.",
            **named("family"),
        ),
    ] = None
    form: Annotated[
        str | None,
        typer.Option(
            help="type1, one_sided, two_sided, quadratic, or another neuron (list neurons).",
            **named("form"),
        ),
    ] = None
    gate: Annotated[
        str,
        typer.Option(help="Gate of moa, and of t2: tanh, sigmoid or softmax.", **named("gate")),
    ] = "tanh"
    gate_scale: Annotated[bool, typer.Option(help="Learned scale of each gate.")] = True
    gate_bias: Annotated[bool, typer.Option(help="Learned bias of each gate.")] = True
    bias: Annotated[
        bool | None, typer.Option(help="Hidden biases; by default the target's own.")
    ] = None
    dictionary: Annotated[
        str | None,
        typer.Option(
            help="Activations, such as relu,tanh,id; by default all seven; id,relu,silu,tanh in "
            "fits of two_sided and quadratic.",
            **named("activation"),
        ),
    ] = None
    groups: Annotated[
        str,
        typer.Option(help="How many groups of neurons have coefficients of their own: a number, "
                     "or neuron for a group per neuron (la and moa)."),
    ] = "1"  # fmt: skip
    constraint: Annotated[
        str,
        typer.Option(help="Where the coefficients of la may lie: free, affine or simplex."),
    ] = "free"

    @property
    def names(self) -> tuple[str, ...] | None:
        """The activations of the dictionary, if one was named."""
        return split_list(self.dictionary)

    def request(self, *, widths: tuple[int, ...] | None = None) -> "Request":
        """What they ask for, at these widths.

        Raises:
            ValueError: one line on the first that is wrong.
        """
        from expressivity.classes.gates import GateSpec
        from expressivity.classes.kinds import PER_NEURON
        from expressivity.separation.asked import Request

        groups: int | str = self.groups
        if groups != PER_NEURON:
            (groups,) = whole_numbers(self.groups, f"--groups of at least 1, or {PER_NEURON}")
        return Request(
            kinds=split_list(self.kinds),
            form=self.form,
            widths=widths,
            dictionary=self.names,
            gate=GateSpec(name=self.gate, scale=self.gate_scale, bias=self.gate_bias),
            bias=self.bias,
            groups=groups,
            constraint=self.constraint,
        )


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """How fits are run, as it was typed; see ``separation.unit.Settings``."""

    restarts: Annotated[
        int, typer.Option(help="Random restarts (lanes) with which the search of each fit begins.")
    ] = 32
    candidates: Annotated[
        int, typer.Option(help="Random starts from which each restart picks its own.")
    ] = 16
    generations: Annotated[
        int | None,
        typer.Option(
            help="Most generations of search that follow the restarts; 0 runs restarts alone, each "
            "to its end. By default 60, but 0 for lm, adam and fewer than 4 restarts."
        ),
    ] = None
    seed: Annotated[int, typer.Option(help="Seed of the starts.")] = 0
    loss: Annotated[str, typer.Option(help="l2, or h1 to fit gradients too.")] = "l2"
    optimizer: Annotated[str, typer.Option(help="varpro (variable projection), lm or adam.")] = (
        "varpro"
    )
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto"
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64"
    compile: Annotated[
        str,
        typer.Option(help="auto (where the planned work pays for it), always or never."),
    ] = "auto"

    def settings(self, *, device: str) -> "Settings":
        """What they ask for, on a device that is there.

        Raises:
            ValueError: one line on the first that is wrong.
        """
        from expressivity.separation.settings import Settings

        return Settings(
            restarts=self.restarts,
            candidates=self.candidates,
            generations=self.generations,
            seed=self.seed,
            loss=self.loss,
            optimizer=self.optimizer,
            device=device,
            dtype=self.dtype,
        )


def takes(*options: type[Any]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Add dataclasses of options to a command's parameters.

    The command's first parameters receive an object of each; the others stay as they are.

    >>> @takes(ClassOptions)
    ... def command(classes: ClassOptions, width: int = 1) -> int:
    ...     return len(classes.gate) + width
    >>> command(width=2, gate="tanh")
    6
    >>> [name for name in inspect.signature(command).parameters][-2:]
    ['constraint', 'width']
    """
    added: dict[type[Any], list[inspect.Parameter]] = {}
    for each in options:
        hints = get_type_hints(each, include_extras=True)
        added[each] = [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=hints[field.name],
            )
            for field in fields(each)
        ]

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        @wraps(command)
        def called(**values: Any) -> int:
            objects = [
                each(**{p.name: values.pop(p.name) for p in parameters if p.name in values})
                for each, parameters in added.items()
            ]
            return command(*objects, **values)

        hints = get_type_hints(command, include_extras=True)
        own = list(inspect.signature(command).parameters.values())[len(options) :]
        parameters = [
            *(p for each in added.values() for p in each),
            *(
                p.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[p.name])
                for p in own
            ),
        ]
        called.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportAttributeAccessIssue]
        called.__annotations__ = {p.name: p.annotation for p in parameters}
        return called

    return decorate


def split_list(text: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """``"a, b"`` to ``("a", "b")``; None stays None, and a list is one already.

    >>> split_list("fixed, la")
    ('fixed', 'la')
    """
    if text is None or not isinstance(text, str):
        return None if text is None else tuple(text)
    return tuple(part.strip() for part in text.split(",") if part.strip())


def whole_numbers(text: str | Sequence[str], required: str) -> tuple[int, ...]:
    """Comma-separated whole numbers of at least 1, each once.

    Raises:
        ValueError: anything else; the message begins with ``required``.

    >>> whole_numbers("1,2,2", "widths of at least 1, as 1,2,4")
    (1, 2)
    """
    try:
        numbers = tuple(int(part) for part in split_list(text) or ())
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1:
        raise ValueError(
            f"required: {required}; got {text if isinstance(text, str) else ','.join(text)!r}"
        )
    return tuple(dict.fromkeys(numbers))
