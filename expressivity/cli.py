"""The command line: arguments in, one table or one JSON document out, an exit code.

Heavy modules are imported inside the commands, so that ``--help`` is quick.
"""

import sys
from pathlib import Path
from typing import Annotated

import click
import typer
from rich.console import Console

from expressivity.output import ExitCode, write_json

app = typer.Typer(
    name="expressivity",
    help="Check, bound and illustrate what feed-forward layers can represent.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def main() -> int:
    """Run the command line; returns the exit code.

    Every error is one line on standard error.
    """
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        code = app(standalone_mode=False)
        return int(code or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stdout.write(error.format_message() + "\n")
        return ExitCode.UNUSABLE
    except click.ClickException as error:
        return _fail(errors, error.format_message(), ExitCode.UNUSABLE)
    except ValueError as error:
        return _fail(errors, str(error), ExitCode.UNUSABLE)
    except OSError as error:
        return _fail(errors, f"the machine failed: {error}", ExitCode.BROKEN)
    except (KeyboardInterrupt, click.Abort):
        return _fail(errors, "interrupted; finished units are stored", ExitCode.BROKEN)


def _fail(errors: Console, message: str, code: ExitCode) -> int:
    line = " ".join(message.split())
    errors.print(f"expressivity: {line}", markup=False)
    return code


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
    expr: Annotated[
        str | None, typer.Option(help="A target of your own, as 'tanh(2*x1)*relu(x2)'.")
    ] = None,
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
    ] = 8,
    seed: Annotated[int, typer.Option(help="Seed of the starts.")] = 0,
    gate: Annotated[str, typer.Option(help="Gate of moa: tanh, sigmoid or softmax.")] = "tanh",
    gate_scale: Annotated[bool, typer.Option(help="Learned scale of each gate.")] = True,
    gate_bias: Annotated[bool, typer.Option(help="Learned bias of each gate.")] = True,
    bias: Annotated[
        bool | None, typer.Option(help="Hidden biases; by default the target's own.")
    ] = None,
    lambda_: Annotated[
        float, typer.Option("--lambda", help="The parameter of t2, t4, t5, t5q.")
    ] = 2.0,
    dictionary: Annotated[
        str | None, typer.Option(help="Activations, as relu,tanh,id; by default all seven.")
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

    Without arguments: every target of the theorems, the smaller class at widths 1, 2, 4 and
    the larger at width 1, with the negative controls.
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


@app.command(name="list")
def list_names(
    what: Annotated[str, typer.Argument(help="targets, families, activations or gates.")],
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
