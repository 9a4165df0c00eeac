"""The sections of the library itself: verdict, failures, provenance, how to run again."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.catalogue import is_kind
from expressivity.classes.kinds import Kind
from expressivity.evidence import Evidence
from expressivity.report.results import fits, gaps, read_fits
from expressivity.report.section import Section, html
from expressivity.runs.folder import Run
from expressivity.separation.gaps import Gap

_PACKAGE = "expressivity.report"


def verdict(run: Run) -> Section | None:
    """Contradictions, then a sentence for each gap, surprises first; None without either."""
    done = fits(run)
    try:
        found, problem = gaps(run), None
    except ValueError as error:
        found, problem = None, str(error)
    separate = run.manifest["configuration"].get("command") == "separate"
    contradictions = [line for fit in done for line in fit.result.contradictions]
    if not (separate or found or problem or contradictions):
        return None
    ordered = sorted(found or [], key=lambda gap: not gap.surprising)
    body = html(
        _PACKAGE,
        "verdict.html.j2",
        gaps=[(gap, sentence(gap)) for gap in ordered],
        finished=found is not None,
        problem=problem,
        separate=separate,
        damaged=len(run.damaged),
        stored=len(done),
        asked=_unit_count(run),
        contradictions=contradictions,
        surprises=sum(gap.surprising for gap in ordered),
        expected=sum(
            gap.expected is not None and not (gap.surprising or gap.undecided) for gap in ordered
        ),
        undecided=sum(gap.undecided for gap in ordered),
        silent=sum(gap.expected is None for gap in ordered),
    )
    return Section(title="Verdict", order=10, body=body)


def sentence(gap: Gap) -> str:
    """A gap in plain words.

    >>> from expressivity.evidence import Evidence
    >>> from expressivity.classes.kinds import Kind
    >>> sentence(
    ...     Gap(
    ...         target="t2", form="type1", smaller=Kind.LA, larger=Kind.MOA, expected=True,
    ...         confirmed=True, strict=False, evidence=Evidence.PROVED, reason="",
    ...     )
    ... )
    'On t2, form type1, MoA reaches the target and LA misses it.'
    """
    smaller, larger = _prose(gap.smaller), _prose(gap.larger)
    where = f"On {gap.target}, form {gap.form}, "
    if not gap.confirmed:
        return f"{where}no gap was found between {smaller} and {larger}."
    strict = f"; {smaller} lies inside {larger}, strictly" if gap.strict else ""
    return f"{where}{larger} reaches the target and {smaller} misses it{strict}."


def _prose(name: str) -> str:
    """A class as prose writes it: its kind, if it names one, and what else it says."""
    kind, *more = name.split(" ")
    return " ".join([Kind(kind).prose if is_kind(kind) else kind, *more])


def labels(run: Run) -> Section:
    """What the evidence labels mean."""
    body = html(_PACKAGE, "labels.html.j2", labels=list(Evidence))
    return Section(title="What the labels mean", order=25, body=body)


def failures(run: Run) -> Section | None:
    """Failed units, shards that are damaged or foreign, failed lanes; None where all is well."""
    done, unreadable = read_fits(run)
    lanes = [fit for fit in done if fit.result.failed_lanes]
    if not (run.failures or run.damaged or run.foreign or unreadable or lanes):
        return None
    body = html(
        _PACKAGE,
        "failures.html.j2",
        failures=[_failure(failure) for failure in run.failures],
        damaged=run.damaged,
        foreign=run.foreign,
        unreadable=unreadable,
        lanes=[fit.result for fit in lanes],
    )
    return Section(title="Failures", order=50, body=body)


def _failure(failure: Mapping[str, Any]) -> dict[str, str]:
    identity = failure.get("identity")
    return {
        "unit": ", ".join(f"{name} {text}" for name, text in _flat(identity or {})),
        "error": str(failure.get("error", "")),
        "traceback": str(failure.get("traceback", "")),
    }


def provenance(run: Run) -> Section:
    """Versions, machine, state of the checkout, targets, settings, rules."""
    manifest = run.manifest
    rules = manifest.get("rules")
    body = html(
        _PACKAGE,
        "provenance.html.j2",
        facts=[
            *_flat(manifest.get("environment") or {}),
            *_flat(manifest.get("git"), "git"),
            *_flat(manifest.get("host"), "host"),
        ],
        targets=_targets(run),
        functions=list(ACTIVATIONS),
        units=_unit_count(run),
        stored=len(run.entries),
        settings=_settings(run),
        rules=rules if isinstance(rules, dict) else {},
    )
    return Section(title="Provenance", order=60, body=body)


def rerun(run: Run) -> Section:
    """The command line that made the run, and the commit it ran from."""
    arguments, git = run.manifest.get("arguments"), run.manifest.get("git")
    git = git if isinstance(git, dict) else {}
    body = html(
        _PACKAGE,
        "rerun.html.j2",
        command=_command(arguments) if isinstance(arguments, list) else None,
        commit=git.get("commit"),
        changed=bool(git.get("changed")),
    )
    return Section(title="Run it again", order=70, body=body)


def _command(arguments: Iterable[object]) -> str:
    return shlex.join(["expressivity", *map(str, arguments)])


def _unit_count(run: Run) -> int | None:
    """Units that were asked for, where the manifest lists them."""
    units = run.manifest["configuration"].get("units")
    return len(cast(list[object], units)) if isinstance(units, list) else None


def _targets(run: Run) -> list[tuple[str, str, str]]:
    """Name, formula and domain of every target, each once."""
    fields = ("target", "expression", "domain")
    found = [tuple(str(entry.identity.get(field, "")) for field in fields) for entry in run.entries]
    return sorted({cast(tuple[str, str, str], row) for row in found if row[0]})


def _settings(run: Run) -> list[tuple[str, str]]:
    """Each setting with the values it takes among the stored units."""
    values: dict[str, dict[str, None]] = {}
    for entry in run.entries:
        for name, text in _flat(entry.identity.get("settings") or {}):
            values.setdefault(name, {})[text] = None
    return [(name, ", ".join(sorted(found))) for name, found in values.items()]


def _flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """A JSON value as lines of names and text: ``packages torch: 2.13.0``."""
    if isinstance(value, dict) and value:
        for key, inner in cast(dict[str, object], value).items():
            yield from _flat(inner, f"{name} {key}".strip())
    elif isinstance(value, list | dict):
        yield name, ", ".join(map(_text, cast(list[object], value))) or "none"
    else:
        yield name, _text(value)


def _text(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case _:
            return str(value)
