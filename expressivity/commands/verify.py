"""``expressivity verify``."""

import shlex
from pathlib import Path

from expressivity.commands.console import console
from expressivity.output import ExitCode, write_json
from expressivity.runs.verification import SCHEMA, Verification, lines, verify


def run(path: Path, *, as_json: bool) -> int:
    """Say whether a run folder is whole: 0 if it is, 1 if not.

    Raises:
        ValueError: it is no run folder.
    """
    found = verify(path)
    if as_json:
        write_json({"schema": SCHEMA, **found.json()})
    else:
        for line in (*lines(found), *_advice(found)):
            console().print(line, soft_wrap=True)
    return ExitCode.AS_EXPECTED if found.whole else ExitCode.OTHERWISE


def _advice(found: Verification) -> list[str]:
    if found.whole:
        return []
    command = "the command that made the folder"
    if found.command is not None:
        command = shlex.join(["expressivity", *found.command])
    return [
        f"What is damaged, missing or failed is made anew by: {command}",
        *(
            ["Files of another run are read by nothing, and may be deleted."]
            if found.foreign
            else []
        ),
    ]
