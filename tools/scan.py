"""Licences and known vulnerabilities of the pins: ``make scan``, ``python -m tools.scan [FILE]``.

Licences are what the metadata of the installed packages declare. Vulnerabilities are what pip-audit
finds, which asks PyPI (``https://pypi.org/pypi/NAME/VERSION/json``) about every pin. Exit codes are
those of the program: 0 every pin was looked up, declares a licence and has no known vulnerability;
1 one is known; 2 the file is no list of pins; 3 some pins could not be looked up, or their licence
is not known; 4 pip-audit failed.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from itertools import groupby
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from expressivity.output import ExitCode

PINS = Path(__file__).parents[1] / "constraints.txt"
COMMAND = (
    "pip_audit", "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off",
)  # fmt: skip


class AuditError(RuntimeError):
    """pip-audit gave no answer."""


def pins(text: str) -> dict[str, str]:
    r"""Name, as pip-audit spells it, to version.

    Raises:
        ValueError: a line that is neither a comment nor ``NAME==VERSION``.

    >>> pins("# a comment\nPyYAML==6.0.3\n")
    {'pyyaml': '6.0.3'}
    """
    found: dict[str, str] = {}
    for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
        try:
            wanted = Requirement(line)
            (one,) = wanted.specifier
        except (InvalidRequirement, ValueError):
            one = None
        if one is None or one.operator != "==" or one.version.endswith("*"):
            raise ValueError(f"required: lines NAME==VERSION; got: {line!r:.80}: pin it exactly")
        found[canonicalize_name(wanted.name)] = one.version
    return found


# --- licences ------------------------------------------------------------------------------------


def declared(fields: Mapping[str, list[str]]) -> str | None:
    """The licence that a package declares, in its own words; None where it declares none.

    Args:
        fields: ``License-Expression``, ``License`` and ``Classifier``, each with its values. The
            first wins that has one, but the text of a licence gives way to classifiers.

    >>> declared({"Classifier": ["License :: OSI Approved :: MIT License", "Typing :: Typed"]})
    'MIT License'
    """
    said = [
        value.strip()
        for name in ("License-Expression", "License")
        for value in fields.get(name, [])
        if value.strip() not in ("", "UNKNOWN")
    ]
    classifiers = [
        name.rpartition(" :: ")[2]
        for name in fields.get("Classifier", [])
        if name.startswith("License :: ") and name != "License :: OSI Approved"
    ]
    for value in said:
        if "\n" not in value:
            return value
    return ", ".join(classifiers) or (said[0].splitlines()[0] if said else None)


def licence(name: str, version: str) -> str | None:
    """What :func:`declared` says of an installed package.

    Raises:
        LookupError: it is not installed, or in another version.
    """
    try:
        found = metadata.metadata(name)
    except metadata.PackageNotFoundError as error:
        raise LookupError("not installed") from error
    if Version(found["Version"]).public != version:  # a build of torch may add +cpu
        raise LookupError(f"installed is {found['Version']}")
    fields = ("License-Expression", "License", "Classifier")
    return declared({field: found.get_all(field) or [] for field in fields})


@dataclass(frozen=True, kw_only=True)
class Licences:
    """Licences by package, packages that declare none, and why others were not read."""

    known: Mapping[str, str]
    silent: tuple[str, ...]
    unread: Mapping[str, str]


def licences(pinned: Mapping[str, str]) -> Licences:
    """The licences of the packages that are installed here as they are pinned."""
    known: dict[str, str] = {}
    silent: list[str] = []
    unread: dict[str, str] = {}
    for name, version in pinned.items():
        try:
            found = licence(name, version)
        except LookupError as error:
            unread[name] = str(error)
            continue
        if found is None:
            silent.append(name)
        else:
            known[name] = found
    return Licences(known=known, silent=tuple(silent), unread=unread)


# --- vulnerabilities -----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Vulnerabilities by package, one line each, and why others were not looked up."""

    known: Mapping[str, tuple[str, ...]]
    skipped: Mapping[str, str]


def read_audit(document: Mapping[str, Any], pinned: Mapping[str, str]) -> Audit:
    """What a document of pip-audit says of every pin; a pin that it does not name was skipped.

    Args:
        document: of its format ``json``.
        pinned: the pins that it was asked about.
    """
    known: dict[str, tuple[str, ...]] = {}
    skipped = dict.fromkeys(pinned, "pip-audit does not name it")
    for entry in document["dependencies"]:
        name = canonicalize_name(entry["name"])
        if "skip_reason" in entry:
            skipped[name] = entry["skip_reason"]
        elif entry["version"] == pinned.get(name):
            skipped.pop(name, None)
            if entry["vulns"]:
                known[name] = tuple(map(_vulnerability, entry["vulns"]))
    return Audit(known=known, skipped=skipped)


def _vulnerability(entry: Mapping[str, Any]) -> str:
    names = ", ".join([entry["id"], *entry.get("aliases", [])])
    return f"{names} (fixed in: {', '.join(entry['fix_versions']) or 'no version'})"


def audited(file: Path, pinned: Mapping[str, str]) -> Audit:
    """Ask pip-audit about the pins of a file.

    Raises:
        AuditError: it is not installed, or ends without a document.
    """
    command = [sys.executable, "-m", *COMMAND, "--requirement", str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return read_audit(json.loads(ran.stdout), pinned)
    except (ValueError, KeyError, TypeError) as error:
        said = (ran.stderr.strip().splitlines() or ["nothing"])[-1]
        raise AuditError(f"pip-audit gave no answer; it said: {said}") from error


# --- the command ---------------------------------------------------------------------------------


def exit_code(found: Licences, audit: Audit) -> ExitCode:
    """As at the top of this file."""
    if audit.known:
        return ExitCode.OTHERWISE
    if audit.skipped or found.silent or found.unread:
        return ExitCode.UNDECIDED
    return ExitCode.AS_EXPECTED


def licence_lines(found: Licences) -> Iterable[str]:
    """What is printed of the licences, with the pins of which none is known."""
    count = len(found.known) + len(found.silent) + len(found.unread)
    yield f"{len(found.known)} of {count} pins declare a licence:"
    yield from _grouped(found.known, "  ")
    if found.silent:
        yield f"declare none: {', '.join(found.silent)}"
    yield from _grouped(found.unread, "not read, ")


def audit_lines(pinned: Mapping[str, str], audit: Audit) -> Iterable[str]:
    """What is printed of the vulnerabilities, with the pins that were not looked up."""
    looked_up = len(pinned) - len(audit.skipped)
    yield f"{looked_up} of {len(pinned)} pins looked up; vulnerable: {len(audit.known)}"
    for name, known in audit.known.items():
        yield from (f"  {name} {pinned[name]}: {one}" for one in known)
    if audit.skipped:
        yield f"could not be looked up: {', '.join(audit.skipped)}"


def _grouped(reasons: Mapping[str, str], before: str) -> Iterable[str]:
    """The packages of each reason on one line."""
    ordered = sorted(reasons, key=lambda name: (reasons[name].casefold(), name))
    for reason, names in groupby(ordered, key=reasons.__getitem__):
        yield f"{before}{reason}: {', '.join(names)}"


def main(arguments: list[str]) -> ExitCode:
    """Scan the pins of a file, by default ``constraints.txt``."""
    file = Path(arguments[0]) if arguments else PINS
    try:
        pinned = pins(file.read_text("utf-8"))
        if not pinned:
            raise ValueError(f"required: a list of pins; {file} has none")
    except (OSError, ValueError) as error:
        sys.stderr.write(f"scan: {error}\n")
        return ExitCode.UNUSABLE
    found = licences(pinned)
    _print(licence_lines(found))
    try:
        audit = audited(file, pinned)
    except AuditError as error:
        sys.stderr.write(f"scan: {error}\n")
        return ExitCode.BROKEN
    _print(audit_lines(pinned, audit))
    return exit_code(found, audit)


def _print(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
