"""``expressivity check``."""

from pathlib import Path

from expressivity.checker import MAX_BYTES, check_text
from expressivity.commands.console import console
from expressivity.output import ExitCode, write_json

_EXITS = {
    "verified": ExitCode.AS_EXPECTED,
    "rejected": ExitCode.OTHERWISE,
    "not decided": ExitCode.UNDECIDED,
}


def run(path: Path, *, as_json: bool) -> int:
    """Verify a certificate file.

    Raises:
        ValueError: a file that cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(
            f"required: a file that can be read; {path}: {error.strerror}: name a certificate"
        ) from error
    answer = check_text(content.decode("utf-8", errors="replace"))
    if as_json:
        write_json(
            {
                "schema": "expressivity.check/1",
                "outcome": answer.outcome,
                "reason": answer.reason,
            }
        )
    else:
        shown = answer.outcome + (f": {answer.reason}" if answer.reason else "")
        console().print(shown, soft_wrap=True)
    return _EXITS[answer.outcome]
