"""``expressivity check``."""

from pathlib import Path

from expressivity.certificates.kernel import KernelAnswer, kernel
from expressivity.checker import MAX_BYTES, Answer, check_text, is_certificate
from expressivity.commands.console import console
from expressivity.commands.progress import SOON, tally
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
    name = "percent of the work that one bound may take"
    with tally(name, quiet=as_json, every=SOON) as bar:
        answer = check_text(text, bar.update)
    return _answer(answer, as_json=as_json)


def ignored_line(kinks: list[str]) -> str:
    """The kinks that play no part, counted and named."""
    listed = ", ".join(f"{kink} = 0" for kink in kinks)
    return f"ignored: {len(kinks)} of the target's kinks, outside the domain: {listed}"


def _answer(answer: Answer | KernelAnswer, *, as_json: bool) -> int:
    ignored = list(answer.ignored_kinks) if isinstance(answer, Answer) else []
    if as_json:
        write_json(
            {
                "schema": "expressivity.check/1",
                "outcome": answer.outcome,
                "reason": answer.reason,
                "ignored_kinks": ignored,
            }
        )
    else:
        shown = answer.outcome + (f": {answer.reason}" if answer.reason else "")
        console().print(shown, soft_wrap=True)
        if ignored:
            console().print(ignored_line(ignored), soft_wrap=True)
    return _EXITS[answer.outcome]
