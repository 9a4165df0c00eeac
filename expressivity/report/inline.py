"""Style and script inside a page, named by hash in a policy that lets nothing else in."""

import base64
import functools
import hashlib
from importlib.resources import files


@functools.cache
def asset(package: str, name: str) -> str:
    """A file of a package's ``templates`` folder as text.

    >>> asset("expressivity.report", "page.js").splitlines()[0]
    '"use strict";'
    """
    return (files(package) / "templates" / name).read_text(encoding="utf-8")


def policy(*, style: str, script: str) -> str:
    """The content security policy of a page with one inline style and one inline script.

    >>> policy(style="", script="").split("; ")[0]
    "default-src 'none'"
    """
    return (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        f"img-src data:; base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    """The CSP source expression of an inline style or script."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
