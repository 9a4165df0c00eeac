"""``expressivity pretrain``, ``ablate``, ``scaling``, ``evidence`` and ``audit``: language models.

:func:`register` is the entry point of the group ``expressivity.commands``. Heavy modules are
imported inside the commands, so that ``--help`` is quick.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from expressivity.cli import Json, split_list
from expressivity.commands.options import usable_workers

Recipe = Annotated[str, typer.Argument(help="tiny, small, dense-0.12b, ... (docs/pretraining.md).")]
Families = Annotated[str, typer.Option(help="Kinds of feed-forward layers: fixed, la, moa.")]
FormName = Annotated[
    str, typer.Option(help="type1, one_sided, two_sided or quadratic; fixed is then one_sided.")
]
GateName = Annotated[str, typer.Option(help="Gate of moa: sigmoid, tanh or softmax.")]
Dictionary = Annotated[
    str | None, typer.Option(help="Activations, such as relu,tanh,id; by default all seven.")
]
Seeds = Annotated[int, typer.Option(help="Number of seeds.")]
FirstSeed = Annotated[int, typer.Option(help="The first of them.")]
Rates = Annotated[
    str | None, typer.Option(help="Learning rates, such as 2e-3,4e-3; by default the recipe's own.")
]
Steps = Annotated[int | None, typer.Option(help="Number of updates.")]
Tokens = Annotated[int | None, typer.Option(help="Bytes to train on, instead of --steps.")]
Batch = Annotated[int | None, typer.Option(help="Windows in an update, over all processes.")]
Context = Annotated[int | None, typer.Option(help="Bytes in a window.")]
Accumulate = Annotated[
    int | None, typer.Option(help="Parts in which a batch passes through the model.")
]
Windows = Annotated[int | None, typer.Option(help="Windows in an evaluation.")]
Data = Annotated[
    Path | None,
    typer.Option(help="A text file or a folder; by default Python's standard library."),
]
OptimizerName = Annotated[
    str | None, typer.Option("--optimizer", help="adamw, or muon for the matrices.")
]
ScheduleName = Annotated[str | None, typer.Option("--schedule", help="cosine or wsd.")]
Dtype = Annotated[str | None, typer.Option(help="float32, or bfloat16 for autocast.")]
CompileWhat = Annotated[str | None, typer.Option("--compile", help="none, blocks or model.")]
GateRate = Annotated[
    float | None, typer.Option(help="Learning rate of the gates, as a multiple of the others'.")
]
GateDecay = Annotated[float | None, typer.Option(help="Weight decay of the gates.")]
CheckpointEvery = Annotated[int | None, typer.Option(help="Steps between checkpoints.")]
ShardingName = Annotated[
    str, typer.Option("--sharding", help="Under torchrun: ddp, or fsdp for FSDP2.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        help="Runs made side by side; one thread each where they fill the cores.",
        callback=usable_workers,
    ),
]
Out = Annotated[Path | None, typer.Option(help="The run folder; by default one under runs/.")]


def register(app: typer.Typer) -> None:
    """Add the commands ``pretrain``, ``ablate``, ``scaling``, ``evidence`` and ``audit``.

    >>> app = typer.Typer()
    >>> register(app)
    >>> [command.name for command in app.registered_commands]
    ['pretrain', 'ablate', 'scaling', 'evidence', 'audit']
    """

    @app.command(name="pretrain")
    def pretrain(
        recipe: Recipe,
        families: Families = "fixed,la,moa",
        form: FormName = "two_sided",
        gate: GateName = "sigmoid",
        dictionary: Dictionary = None,
        seeds: Seeds = 1,
        first_seed: FirstSeed = 0,
        rates: Rates = None,
        matched: Annotated[
            bool,
            typer.Option(
                help="Also fixed and la with as many parameters as moa, at their best rate."
            ),
        ] = True,
        steps: Steps = None,
        tokens: Tokens = None,
        batch: Batch = None,
        context: Context = None,
        accumulate: Accumulate = None,
        windows: Windows = None,
        data: Data = None,
        optimizer: OptimizerName = None,
        schedule: ScheduleName = None,
        dtype: Dtype = None,
        compile_: CompileWhat = None,
        gate_rate: GateRate = None,
        gate_decay: GateDecay = None,
        checkpoint_every: CheckpointEvery = None,
        sharding: ShardingName = "ddp",
        workers: Workers = None,
        out: Out = None,
        as_json: Json = False,
    ) -> int:
        """Train language models with fixed, LA and MoA layers, and compare them.

        They are compared at equal rates and at each family's own best rate, paired by seed. The
        same command continues after an interruption. Exit code 1 where runs failed.
        """
        asked = _asked(locals())
        from experiments.pretraining.session import pretrain as run_pretrain

        return run_pretrain(asked, as_json=as_json)

    @app.command(name="ablate")
    def ablate(
        recipe: Recipe,
        form: FormName = "two_sided",
        gate: GateName = "sigmoid",
        dictionary: Dictionary = None,
        seeds: Seeds = 2,
        first_seed: FirstSeed = 100,
        rates: Rates = None,
        steps: Steps = None,
        tokens: Tokens = None,
        batch: Batch = None,
        context: Context = None,
        accumulate: Accumulate = None,
        windows: Windows = None,
        data: Data = None,
        optimizer: OptimizerName = None,
        schedule: ScheduleName = None,
        dtype: Dtype = None,
        compile_: CompileWhat = None,
        gate_rate: GateRate = None,
        gate_decay: GateDecay = None,
        checkpoint_every: CheckpointEvery = None,
        sharding: ShardingName = "ddp",
        workers: Workers = None,
        out: Out = None,
        as_json: Json = False,
    ) -> int:
        """Train MoA with other choices of start and training, beside the fixed layer.

        The defaults were chosen by it; its seeds differ from those of pretrain, which judges them.
        """
        asked = _asked(locals())
        from experiments.pretraining.session import ablate as run_ablate

        return run_ablate(asked, as_json=as_json)

    @app.command(name="scaling")
    def scaling(
        recipe: Recipe,
        sizes: Annotated[
            str, typer.Option(help="Dimensions, four or more; the rate falls as 1/dimension.")
        ] = "64,96,128,192",
        families: Families = "fixed,la,moa",
        form: FormName = "two_sided",
        gate: GateName = "sigmoid",
        dictionary: Dictionary = None,
        seeds: Seeds = 2,
        first_seed: FirstSeed = 0,
        steps: Steps = None,
        tokens: Tokens = None,
        batch: Batch = None,
        context: Context = None,
        accumulate: Accumulate = None,
        windows: Windows = None,
        data: Data = None,
        optimizer: OptimizerName = None,
        schedule: ScheduleName = None,
        dtype: Dtype = None,
        compile_: CompileWhat = None,
        gate_rate: GateRate = None,
        gate_decay: GateDecay = None,
        checkpoint_every: CheckpointEvery = None,
        sharding: ShardingName = "ddp",
        workers: Workers = None,
        out: Out = None,
        as_json: Json = False,
    ) -> int:
        """Fit L = E + A N^-alpha to validation losses of several sizes, by family."""
        asked = _asked(locals())
        from experiments.pretraining.session import scaling as run_scaling

        return run_scaling(asked, as_json=as_json)

    @app.command(name="evidence")
    def evidence(
        stage: Annotated[str, typer.Argument(help="screening, pilot or final, in this order.")],
        records: Annotated[
            Path | None, typer.Option(help="Folder of the records; by default the repository's.")
        ] = None,
        workers: Workers = None,
        as_json: Json = False,
    ) -> int:
        """Carry out the plan in docs/pretraining.md, and say what it decides.

        Runs that have a record are not repeated, so the same command continues. Nothing is compared
        until all runs of the stage are there. Exit code 4 where some could not be made.
        """
        from experiments.pretraining.evidence.session import evidence as run_evidence

        return run_evidence(stage, records=records, workers=workers, as_json=as_json)

    @app.command(name="audit")
    def audit(
        checkpoint: Annotated[
            Path,
            typer.Argument(
                help="Of pretrain: checkpoints/ or weights/*.safetensors in its run folder."
            ),
        ],
        data: Data = None,
        windows: Annotated[int, typer.Option(help="Windows of the text.")] = 256,
        device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
        out: Out = None,
        as_json: Json = False,
    ) -> int:
        """Measure how far trained layers are from LA and fixed ones, and what their gates add.

        The nearest layers have the same linear maps, and are compared on the tokens of a text; of
        the text that the model was trained on, on the part held out.
        """
        from experiments.pretraining.session import audit as run_audit

        return run_audit(
            checkpoint, data=data, windows=windows, device=device, out=out, as_json=as_json
        )


def _asked(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a command as those of ``Options``."""
    asked = {name: value for name, value in arguments.items() if name != "as_json"}
    asked["compile"] = asked.pop("compile_")
    for name in ("families", "dictionary", "rates", "sizes"):
        if name in asked:
            asked[name] = split_list(asked[name])
    return asked
