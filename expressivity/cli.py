"""The command line: arguments in, one table or one JSON document out, an exit code.

Heavy modules are imported inside the commands, so that ``--help`` is quick.
"""

import functools
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import expressivity
from expressivity.commands import folders, names
from expressivity.commands.added import add_commands
from expressivity.commands.names import named
from expressivity.commands.options import (
    ClassOptions,
    Expr,
    FitOptions,
    Json,
    Lambda,
    MoaGate,
    Scheduler,
    Workers,
    split_list,
    takes,
)
from expressivity.commands.process import answered
from expressivity.output import ExitCode, write_json
from expressivity.plugins import attempt, plugins

app = typer.Typer(
    name="expressivity",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


def main() -> int:
    """Run the command line; returns the exit code.

    Every error is one line on standard error.
    """
    for variable, value in _WITHOUT_PLUGINS.items():
        os.environ.setdefault(variable, value)
    return answered(_run)


_WITHOUT_PLUGINS = {"TORCH_DEVICE_BACKEND_AUTOLOAD": "0", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
"""Libraries that look for plug-ins of their own, and fail at one unreadable file of any package."""


def _run() -> object:
    own = {info.name or getattr(info.callback, "__name__", "") for info in app.registered_commands}
    if own.isdisjoint(sys.argv[1:2]):
        _add_plugins()
    command = typer.main.get_command(app)
    if "_EXPRESSIVITY_COMPLETE" in os.environ:  # a shell asks what may follow
        return command.main(prog_name="expressivity")
    # Not by calling the app, which answers interrupts and broken pipes with codes of its own.
    with command.make_context("expressivity", sys.argv[1:]) as context:
        return command.invoke(context)


@functools.cache
def _add_plugins() -> None:
    """Commands of other packages: each entry point of the group adds its own.

    It is given an application of its own, so that one that fails leaves nothing behind.
    """
    for plugin, point in plugins("expressivity.commands"):
        attempt(plugin, lambda point=point: add_commands(app, point))


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"expressivity {expressivity.__version__}\n")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Check, bound and illustrate what feed-forward layers can represent."""


@app.command()
@takes(ClassOptions, FitOptions)
def separate(
    classes: ClassOptions,
    fits: FitOptions,
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="Built-in targets; all of them if none is named.", **named("target")),
    ] = None,
    expr: Expr = None,
    every: Annotated[
        bool,
        typer.Option("--all", help="Also the ladders above MoA: targets t6 to t11."),
    ] = False,
    widths: Annotated[str | None, typer.Option(help="Widths, such as 1,2,4.")] = None,
    lambda_: Lambda = 2.0,
    full: Annotated[
        bool, typer.Option("--full", help="Print every fit below the verdicts.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="The run folder; by default runs/separate-HASH.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Fit a ladder of families to targets, add bounds and membership, report gaps.

    Without arguments: the targets of T1 to T5, with their negative controls.
    """
    from expressivity.commands import separate as run_separate

    options = run_separate.Options(
        targets=tuple(targets or ()),
        expr=expr,
        widths=widths,
        lambda_=lambda_,
        every=every,
        full=full,
        out=out,
        **vars(classes),
        **vars(fits),
    )
    return run_separate.run(options, as_json=as_json)


# Unknown options count as arguments, so that an expression may begin with a minus sign.
@app.command(context_settings={"ignore_unknown_options": True})
@takes(ClassOptions)
def classify(
    classes: ClassOptions,
    expr: Annotated[str, typer.Argument(help="An expression, such as 'tanh(2*x1)*relu(x2)'.")],
    as_json: Json = False,
) -> int:
    """Decide, for every kind and form or those named, whether an expression is such a network."""
    from expressivity.commands import classify as run_classify

    options = run_classify.Options(expr=expr, **vars(classes))
    return run_classify.run(options, as_json=as_json)


@app.command()
@takes(FitOptions)
def compare(
    fits: FitOptions,
    a: Annotated[
        str,
        typer.Argument(help="A class: fixed, la, moa, or a registered one.", **named("family")),
    ],
    b: Annotated[str, typer.Argument(help="The other class.", **named("family"))],
    widths: Annotated[str, typer.Option(help="Widths of the fits, such as 1,2,4.")] = "1,2,4",
    dimension: Annotated[
        int | None, typer.Option(help="Input dimension; by default the least that decides.")
    ] = None,
    gate: MoaGate = "tanh",
    out: Annotated[
        Path | None, typer.Option(help="The folder of the fits; by default runs/compare-A-B-HASH.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Say how two classes are related, what separates them, and by how much.

    Exit code 3 where a direction is open. Fits that are already there are read back.
    """
    from expressivity.commands import compare as run_compare

    options = run_compare.Options(
        a=a, b=b, widths=widths, dimension=dimension, gate=gate, out=out, **vars(fits)
    )
    return run_compare.run(options, as_json=as_json)


@app.command()
def discover(
    larger: Annotated[
        str,
        typer.Argument(
            metavar="A", help="A class: fixed, la, moa, or one of list families.", **named("family")
        ),
    ],
    smaller: Annotated[str, typer.Argument(metavar="B", help="Another class.", **named("family"))],
    dimension: Annotated[
        int | None, typer.Option(help="Input dimension; by default 1, 2 and 3, in order of cost.")
    ] = None,
    gate: MoaGate = "tanh",
    budget: Annotated[int, typer.Option(help="Functions to try in each dimension.")] = 1000,
    teachers: Annotated[
        int, typer.Option(help="Functions to fit in B if none is proved to lie outside it.")
    ] = 8,
    workers: Workers = None,
    scheduler: Scheduler = None,
    out: Annotated[
        Path | None, typer.Option(help="The run folder; by default runs/discover-A-B-HASH.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Find the simplest function of class A that is proved to lie outside class B.

    Exit code 3 where none is found, which decides nothing. The same command resumes after an
    interruption, and goes further with a larger budget.
    """
    from expressivity.commands import discover as run_discover

    options = run_discover.Options(
        larger=larger,
        smaller=smaller,
        dimension=dimension,
        gate=gate,
        budget=budget,
        teachers=teachers,
        workers=workers,
        scheduler=scheduler,
        out=out,
    )
    return run_discover.run(options, as_json=as_json)


@app.command()
@takes(ClassOptions)
def certify(
    classes: ClassOptions,
    target: Annotated[
        str | None, typer.Argument(help="A built-in target.", **named("target"))
    ] = None,
    width: Annotated[int | None, typer.Option(help="Width m; by default the least.")] = None,
    expr: Expr = None,
    lambda_: Lambda = 2.0,
    degree: Annotated[
        int | None, typer.Option(help="Highest degree of the moments; 20 or more by default.")
    ] = None,
    restarts: Annotated[int, typer.Option(help="Random restarts of a fit.")] = 32,
    seed: Annotated[int, typer.Option(help="Seed of a fit.")] = 0,
    search: Annotated[
        bool, typer.Option("--search", help="Verified search over directions (widths 1 to 6).")
    ] = False,
    upper: Annotated[
        bool, typer.Option("--upper", help="Bound the error of a fit, for la and fixed too.")
    ] = False,
    sandwich: Annotated[
        bool,
        typer.Option("--sandwich", help="Also show the best ridges and fits, for widths 1 to m."),
    ] = False,
    curvature: Annotated[
        str | None,
        typer.Option(
            metavar="B",
            help="Bound errors of fixed or la, C^1, one variable, for curvatures of at most B.",
        ),
    ] = None,
    error: Annotated[
        str | None,
        typer.Option(
            metavar="E",
            help="The inverse: the curvature that a relative L2 error below E needs.",
        ),
    ] = None,
    gradient: Annotated[
        bool, typer.Option("--gradient", help="Bound gradient errors: moa, type1; la, one neuron.")
    ] = False,
    activation: Annotated[
        str | None, typer.Option(help="The one activation: a dictionary of one name.")
    ] = None,
    kernel: Annotated[
        bool,
        typer.Option(
            "--kernel",
            help="Have Coq check that no network of la or moa, of any width, is --expr; "
            "the proof goes to --out.",
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="File to write.")] = None,
    as_json: Json = False,
) -> int:
    """Certify a lower bound for a whole class, or an upper bound for one network.

    For la (the default), and for fixed with one activation: a lower bound for the class, in type1
    and one_sided, and in every form over id, relu, leaky_relu and relu2. For moa: an upper bound
    for a fit. With --curvature or --error: a lower bound at every width for networks with small
    weights; with --gradient: one for the gradient errors of moa.
    """
    from expressivity.commands import certify as run_certify

    options = run_certify.Options(
        target=target,
        expr=expr,
        width=width,
        lambda_=lambda_,
        degree=degree,
        restarts=restarts,
        seed=seed,
        search=search,
        upper=upper,
        sandwich=sandwich,
        curvature=curvature,
        error=error,
        gradient=gradient,
        activation=activation,
        kernel=kernel,
        out=out,
        **vars(classes),
    )
    return run_certify.run(options, as_json=as_json)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A certificate.")],
    as_json: Json = False,
) -> int:
    """Verify a certificate, by methods other than its writer's.

    The two share the parser of expressions and the ball arithmetic of python-flint, nothing else.
    A FILE.v of certify --kernel is written anew from its header, compared, and given to Coq.
    """
    from expressivity.commands import check as run_check

    return run_check.run(file, as_json=as_json)


folders.register(app)


@app.command()
def atlas(
    classes: Annotated[
        str | None,
        typer.Option(help="Registered classes, comma-separated; all by default.", **named("class")),
    ] = None,
    budget: Annotated[
        int, typer.Option(help="Open pairs in which a separating target is searched.")
    ] = 40,
    workers: Workers = None,
    scheduler: Scheduler = None,
    out: Annotated[
        Path | None, typer.Option(help="The run folder; by default runs/atlas-HASH.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Decide, for every ordered pair of classes, whether the first lies in the second.

    What follows from proofs comes first, then a search in the open pairs that would decide others.
    Run it again to resume after an interruption.
    """
    from expressivity.commands import atlas as run_atlas

    options = run_atlas.Options(
        classes=split_list(classes), budget=budget, workers=workers, scheduler=scheduler, out=out
    )
    return run_atlas.run(options, as_json=as_json)


@app.command()
def overhead(
    widths: Annotated[str | None, typer.Option(help="Model widths, such as 512,1024.")] = None,
    as_json: Json = False,
) -> int:
    """Measure time and saved memory of fixed, LA and MoA layers, eager and compiled."""
    from expressivity.commands import overhead as run_overhead

    options = run_overhead.Options(widths=split_list(widths))
    return run_overhead.run(options, as_json=as_json)


@app.command(name="list")
def list_names(
    what: Annotated[
        str,
        typer.Argument(
            help="targets, families, neurons, activations, gates, theorems, experiments or "
            "figures.",
            autocompletion=lambda: [name for name in names.stored() if name != names.KINDS],
        ),
    ],
    as_json: Json = False,
) -> int:
    """List names, with a line about each."""
    listed = names.listing(what)
    if as_json:
        write_json({"schema": "expressivity.list/1", "what": what, "names": listed})
    else:
        names.show(what, listed)
    return ExitCode.AS_EXPECTED


@app.command()
def doctor(as_json: Json = False) -> int:
    """Show what this machine offers, and audit activations and neurons of one map."""
    from expressivity.commands import doctor as run_doctor

    return run_doctor.run(as_json=as_json)
