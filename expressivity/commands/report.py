"""``expressivity report``."""

from pathlib import Path

from expressivity.commands.console import console
from expressivity.output import ExitCode, write_json
from expressivity.report import sections, write_page
from expressivity.runs.folder import read_run


def run(path: Path, *, as_json: bool) -> int:
    """Write the report of a run folder into it.

    Raises:
        ValueError: the folder is no run folder, or cannot be written.
    """
    run_folder = read_run(path)
    parts = sections(run_folder)
    file = write_page(run_folder, parts)
    if as_json:
        write_json(
            {
                "schema": "expressivity.report/1",
                "file": str(file),
                "bytes": file.stat().st_size,
                "sections": [name for name, _ in parts],
            }
        )
    else:
        console().print(str(file), soft_wrap=True)
    return ExitCode.AS_EXPECTED
