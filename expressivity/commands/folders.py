"""Commands about run folders: ``report`` and ``verify``."""

from pathlib import Path
from typing import Annotated

import typer

from expressivity.commands.options import Json

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.")]


def register(app: typer.Typer) -> None:
    """Add both.

    >>> app = typer.Typer()
    >>> register(app)
    >>> [command.callback.__name__ for command in app.registered_commands]
    ['report', 'verify']
    """

    @app.command()
    def report(folder: Folder, as_json: Json = False) -> int:
        """Write report.html into a run folder: verdict, ladder, figures, proofs, provenance."""
        from expressivity.commands import report as run_report

        return run_report.run(folder, as_json=as_json)

    @app.command()
    def verify(folder: Folder, as_json: Json = False) -> int:
        """Say whether a run folder is whole: what is damaged, missing, or belongs to another run.

        Exit code 1 where it is not. Nothing is changed.
        """
        from expressivity.commands import verify as run_verify

        return run_verify.run(folder, as_json=as_json)
