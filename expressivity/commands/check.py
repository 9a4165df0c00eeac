"""``expressivity check``."""

from pathlib import Path

from expressivity.certificates.kernel import KernelAnswer, kernel
from expressivity.checker import MAX_BYTES, Answer, check_text, is_certificate
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
    if path.suffix == ".v" and len(content) <= MAX_BYTES:
        return _answer(kernel().check(text), as_json=as_json)
    if len(content) > MAX_BYTES or not is_certificate(text):
        raise ValueError(
            "required: a JSON object of schema expressivity.certificate/1 to /3, of at most "
            f"{MAX_BYTES} bytes; {path} is none: name a certificate"
        )
    return _answer(check_text(text), as_json=as_json)


def _answer(answer: Answer | KernelAnswer, *, as_json: bool) -> int:
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
