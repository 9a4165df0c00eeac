"""The command line: arguments in, one table or one JSON document out, an exit code.

Heavy modules are imported inside the commands, so that ``--help`` is quick.
"""

import functools
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated

import typer

from expressivity.commands.process import answered
from expressivity.output import ExitCode, write_json
from expressivity.plugins import attempt, plugins

app = typer.Typer(
    name="expressivity",
    help="Check, bound and illustrate what feed-forward layers can represent.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Workers = Annotated[
    int | None,
    typer.Option(help="Worker processes on this machine; without it, none but this one."),
]
Scheduler = Annotated[
    str | None, typer.Option(help="A running Dask scheduler, as tcp://host:8786.")
]
Expr = Annotated[str | None, typer.Option(help="A target of your own, as 'tanh(2*x1)*relu(x2)'.")]
GateName = Annotated[str, typer.Option(help="Gate of moa, and of t2: tanh, sigmoid or softmax.")]
GateScale = Annotated[bool, typer.Option(help="Learned scale of each gate.")]
GateBias = Annotated[bool, typer.Option(help="Learned bias of each gate.")]
TargetBias = Annotated[
    bool | None, typer.Option(help="Hidden biases; by default the target's own.")
]
Lambda = Annotated[float, typer.Option("--lambda", help="The parameter of t2, t4, t5, t5q.")]


def main() -> int:
    """Run the command line; returns the exit code.

    Every error is one line on standard error.
    """
    return answered(_run)


def _run() -> object:
    _add_plugins()
    command = typer.main.get_command(app)
    # Not by calling the app, which answers interrupts and broken pipes with codes of its own.
    with command.make_context("expressivity", sys.argv[1:]) as context:
        return command.invoke(context)


@functools.cache
def _add_plugins() -> None:
    """Commands of other packages: each entry point of the group adds its own.

    It is given an application of its own, so that one that fails leaves nothing behind.
    """
    for plugin, point in plugins("expressivity.commands"):
        attempt(plugin, lambda point=point: _add_commands_of(point))


def _add_commands_of(point: EntryPoint) -> None:
    added = typer.Typer()
    point.load()(added)
    if not (added.registered_commands or added.registered_groups):
        raise ValueError("required: a command or more; it has added none")
    # Built here, where a parameter that typer does not know is blamed on its package.
    whole = typer.main.get_group(added)
    names = list(whole.commands)
    taken = set(names) & set(typer.main.get_group(app).commands)
    if taken or len(set(names)) < len(added.registered_commands) + len(added.registered_groups):
        raise ValueError(f"required: new command names, each once; got {', '.join(names)}")
    app.registered_commands += added.registered_commands
    app.registered_groups += added.registered_groups


def split_list(text: str | None) -> tuple[str, ...] | None:
    """``"a, b"`` to ``("a", "b")``; None stays None.

    >>> split_list("fixed, la")
    ('fixed', 'la')
    """
    if text is None:
        return None
    return tuple(part.strip() for part in text.split(",") if part.strip())


@app.command()
def separate(
    targets: Annotated[
        list[str] | None, typer.Argument(help="Built-in targets; all of them if none is named.")
    ] = None,
    expr: Expr = None,
    family: Annotated[
        str | None, typer.Option(help="Kinds to fit: fixed, la, moa (comma-separated).")
    ] = None,
    form: Annotated[
        str | None, typer.Option(help="type1, one_sided, two_sided or quadratic.")
    ] = None,
    widths: Annotated[str | None, typer.Option(help="Widths, as 1,2,4.")] = None,
    restarts: Annotated[int, typer.Option(help="Random restarts of each fit.")] = 32,
    candidates: Annotated[
        int, typer.Option(help="Random starts that each restart picks its own from.")
    ] = 16,
    seed: Annotated[int, typer.Option(help="Seed of the starts.")] = 0,
    gate: GateName = "tanh",
    gate_scale: GateScale = True,
    gate_bias: GateBias = True,
    bias: TargetBias = None,
    lambda_: Lambda = 2.0,
    dictionary: Annotated[
        str | None,
        typer.Option(
            help="Activations, as relu,tanh,id; by default all seven, in two_sided and quadratic "
            "id,relu,silu,tanh."
        ),
    ] = None,
    loss: Annotated[str, typer.Option(help="l2, or h1 to fit gradients too.")] = "l2",
    optimizer: Annotated[
        str, typer.Option(help="varpro (variable projection), lm or adam.")
    ] = "varpro",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    out: Annotated[
        Path | None, typer.Option(help="The run folder; by default runs/separate-HASH.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Fit a ladder of families to targets, add bounds and membership, report gaps.

    Without arguments: the targets of all theorems, with their negative controls.
    """
    from expressivity.commands import separate as run_separate

    options = run_separate.Options(
        targets=tuple(targets or ()),
        expr=expr,
        kinds=split_list(family),
        form=form,
        widths=split_list(widths),
        restarts=restarts,
        candidates=candidates,
        seed=seed,
        gate=gate,
        gate_scale=gate_scale,
        gate_bias=gate_bias,
        bias=bias,
        lambda_=lambda_,
        dictionary=split_list(dictionary),
        loss=loss,
        optimizer=optimizer,
        device=device,
        dtype=dtype,
        out=out,
    )
    return run_separate.run(options, as_json=as_json)


# Unknown options count as arguments, so that an expression may begin with a minus sign.
@app.command(context_settings={"ignore_unknown_options": True})
def classify(
    expr: Annotated[str, typer.Argument(help="An expression, as 'tanh(2*x1)*relu(x2)'.")],
    gate: GateName = "tanh",
    gate_scale: GateScale = True,
    gate_bias: GateBias = True,
    bias: Annotated[bool, typer.Option(help="Hidden biases.")] = True,
    dictionary: Annotated[
        str | None, typer.Option(help="Activations, as relu,tanh,id; by default all seven.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Decide for every kind and form whether an expression is such a network."""
    from expressivity.commands import classify as run_classify

    options = run_classify.Options(
        expr=expr,
        gate=gate,
        gate_scale=gate_scale,
        gate_bias=gate_bias,
        bias=bias,
        dictionary=split_list(dictionary),
    )
    return run_classify.run(options, as_json=as_json)


@app.command()
def certify(
    target: Annotated[str | None, typer.Argument(help="A built-in target on the disk.")] = None,
    width: Annotated[int, typer.Option(help="Width m of the class.")] = 1,
    expr: Expr = None,
    family: Annotated[
        str,
        typer.Option(help="la, fixed: a lower bound for the class; moa: an upper bound of a fit."),
    ] = "la",
    form: Annotated[
        str | None, typer.Option(help="type1 or one_sided for lower bounds; any for upper ones.")
    ] = None,
    lambda_: Lambda = 2.0,
    gate: GateName = "tanh",
    gate_scale: GateScale = True,
    gate_bias: GateBias = True,
    bias: TargetBias = None,
    dictionary: Annotated[
        str | None, typer.Option(help="Activations, as relu,tanh,id; for fixed exactly one.")
    ] = None,
    degree: Annotated[
        int | None, typer.Option(help="Highest degree of the moments; 20 or more by default.")
    ] = None,
    restarts: Annotated[int, typer.Option(help="Random restarts of a fit.")] = 32,
    seed: Annotated[int, typer.Option(help="Seed of a fit.")] = 0,
    search: Annotated[
        bool, typer.Option("--search", help="Verified search over directions (width 1 or 2).")
    ] = False,
    upper: Annotated[
        bool, typer.Option("--upper", help="Bound one fitted network, also for la and fixed.")
    ] = False,
    sandwich: Annotated[
        bool,
        typer.Option("--sandwich", help="Also the best ridges and fits, for widths 1 to m."),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="File to write.")] = None,
    as_json: Json = False,
) -> int:
    """Certify a lower bound for a whole class, or an upper bound for one network."""
    from expressivity.commands import certify as run_certify

    options = run_certify.Options(
        target=target,
        expr=expr,
        width=width,
        kind=family,
        form=form,
        lambda_=lambda_,
        gate=gate,
        gate_scale=gate_scale,
        gate_bias=gate_bias,
        bias=bias,
        dictionary=split_list(dictionary),
        degree=degree,
        restarts=restarts,
        seed=seed,
        search=search,
        upper=upper,
        sandwich=sandwich,
        out=out,
    )
    return run_certify.run(options, as_json=as_json)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A certificate.")],
    as_json: Json = False,
) -> int:
    """Verify a certificate with a checker that shares no code with its writer."""
    from expressivity.commands import check as run_check

    return run_check.run(file, as_json=as_json)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.")],
    as_json: Json = False,
) -> int:
    """Write report.html into a run folder: verdict, ladder, figures, proofs, provenance."""
    from expressivity.commands import report as run_report

    return run_report.run(folder, as_json=as_json)


@app.command()
def overhead(
    widths: Annotated[str | None, typer.Option(help="Model widths, as 512,1024.")] = None,
    as_json: Json = False,
) -> int:
    """Time and saved memory of fixed, LA and MoA layers, eager and compiled."""
    from expressivity.commands import overhead as run_overhead

    options = run_overhead.Options(widths=split_list(widths))
    return run_overhead.run(options, as_json=as_json)


@app.command(name="list")
def list_names(
    what: Annotated[
        str,
        typer.Argument(
            help="targets, families, activations, gates, theorems, experiments or figures."
        ),
    ],
    as_json: Json = False,
) -> int:
    """Names and one line each."""
    from expressivity.commands import names

    listed = names.listing(what)
    if as_json:
        write_json({"schema": "expressivity.list/1", "what": what, "names": listed})
    else:
        names.show(what, listed)
    return ExitCode.AS_EXPECTED


@app.command()
def doctor(as_json: Json = False) -> int:
    """Show what this machine offers and audit every activation against ball arithmetic."""
    from expressivity.commands import doctor as run_doctor

    return run_doctor.run(as_json=as_json)
