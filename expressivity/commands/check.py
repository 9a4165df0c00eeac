"""``expressivity check``."""

from pathlib import Path

from expressivity.checker import MAX_BYTES, check_text, is_certificate
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
        ValueError: a file that cannot be read, is too large, or is no JSON object whose schema
            says certificate.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(
            f"required: a file that can be read; {path}: {error.strerror}: name a certificate"
        ) from error
    text = content.decode("utf-8", errors="replace")
    if len(content) > MAX_BYTES or not is_certificate(text):
        raise ValueError(
            f"required: a JSON object of schema expressivity.certificate/1, of at most {MAX_BYTES} "
            f"bytes; {path} is none: name a certificate"
        )
    answer = check_text(text)
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
