"""The theorems that a run's targets and bounds rest on, and their transcript, in its report.

:func:`register` is the entry point of the group ``expressivity.report_sections``. The theorems
are proved anew by each command that shows the transcript, so that it never says more than the code
does; that takes long, so that ``separate`` names them alone, which claims no proof.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expressivity.registry import Registry
    from expressivity.report import Section, SectionMaker
    from expressivity.report.results import Fit
    from expressivity.runs.folder import Run
    from expressivity.symbolic.proof import Proof

_BOUNDS = {
    "gradient-jump": "B1",
    "parity": "B2",
    "free-knot": "B3",
    "ridge-rank": "B4",
    "catalecticant": "B4",
    "amplitude-edge": "T10",
    "shared-amplitude": "L2",
}
"""Methods of bounds and the theorems behind them (docs/theory.md, sections 4, 6 and 7)."""

_ON_PAPER = ("uncut-boxes", "uncut-disks", "jump-parity")
"""Methods whose derivation (docs/theory.md, section 4) has no checked steps."""

_LEMMAS = {
    "T2": "L1",
    "T4": "L1",
    **dict.fromkeys(("T6", "T7", "T7b", "T7c", "T8", "T10"), "L2"),
}
"""Theorems, whatever their gate, that quote a lemma with a proof of its own."""


def register(registry: Registry[SectionMaker]) -> None:
    """Add the sections.

    >>> from expressivity.registry import Registry
    >>> sections = Registry("report section")
    >>> register(sections)
    >>> list(sections)
    ['theorems', 'proofs']
    """
    registry.add("theorems", names)
    registry.add("proofs", section)


def names(run: Run) -> Section | None:
    """The theorems by name, and how to prove them; None for a run that no theorem is about."""
    from expressivity.report import Section, html
    from expressivity.report.results import fits
    from expressivity.symbolic.proof import THEOREMS

    named = theorems(fits(run))
    found = [THEOREMS[name] for name in THEOREMS if name in named]
    if not found:
        return None
    body = html(
        "proofs",
        "theorems.html.j2",
        theorems=found,
        accepted=_accepted(),
        folder=run.path.absolute().name,
    )
    return Section(title="Theorems", order=38, body=body)


def section(run: Run) -> Section | None:
    """The transcript, or None for a run that no theorem is about."""
    from expressivity.report import Section, html
    from expressivity.report.results import fits
    from expressivity.symbolic.proof import THEOREMS

    named = theorems(fits(run))
    proofs = [_proof(name) for name in THEOREMS if name in named]
    if not proofs:
        return None
    body = html("proofs", "transcript.html.j2", proofs=proofs, accepted=_accepted())
    return Section(title="Proofs", order=40, body=body)


def _accepted() -> set[str]:
    """Theorems that Coq's kernel has accepted on this machine, as Python states them."""
    from proofs.kernel import builtin_library
    from proofs.kernel.records import stored

    return set(stored(builtin_library()))


@functools.cache
def _proof(name: str) -> Proof:
    """A proof of this process; a command that writes many reports runs each once."""
    from expressivity.symbolic.proof import THEOREMS, prove

    return prove(THEOREMS[name])


def theorems(done: Sequence[Fit]) -> set[str]:
    """Names of the theorems that fits rest on: separations, bounds, containments."""
    named: set[str] = set()
    for fit in done:
        separation = _separation(fit)
        named |= {separation, _LEMMAS.get(separation.partition("-")[0], separation)}
        bounds = filter(None, fit.result.lower_bound.values())
        named |= {_BOUNDS[bound.method] for bound in bounds if bound.method in _BOUNDS}
    kinds = {fit.result.kind for fit in done}
    if any(kind.learned for kind in kinds) and not all(kind.mixes for kind in kinds):
        named.add("inclusions")
    if any(kind.learned for kind in kinds) and any(kind.gated for kind in kinds):
        named |= {"containment", *chain(*map(_counterexamples, done))}
    return named - {""}


def _separation(fit: Fit) -> str:
    """The theorem named as the target, with a capital, and as the gate if that is not tanh.

    ``T3b`` for t3b, ``T2-sigmoid`` for t2 with a sigmoid inside; "" where there is none. The
    stored formula decides, so that a theorem is never shown for another function.
    """
    identity, result = fit.entry.identity, fit.result
    activations = len(identity["family"]["dictionary"])
    return _theorem_on(result.target, result.lambda_, activations, identity["expression"])


@functools.cache
def _theorem_on(name: str, lambda_: float | None, activations: int, expression: str) -> str:
    from expressivity.classes.gates import GATES
    from expressivity.symbolic.proof import THEOREMS
    from expressivity.targets.builtin import TARGETS

    if name not in TARGETS:
        return ""
    rate = 1.0 if lambda_ is None else lambda_
    for gate in GATES:
        theorem = name.capitalize() + ("" if gate == "tanh" else f"-{gate}")
        if theorem not in THEOREMS:  # a plug-in's gate, of which a target need not be possible
            continue
        target = TARGETS.use(name, lambda make, gate=gate: make(rate, gate, activations))
        if target.formula == expression:
            return theorem
    return ""


def _counterexamples(fit: Fit) -> tuple[str, ...]:
    """Where the gates of a class do not contain LA: the theorems that say so."""
    from expressivity.membership.inclusions import contains_la

    family = fit.result.family
    if family.gate is None or contains_la(family):
        return ()
    return ("C2",) if family.gate.name == "tanh" else ("C1a", "C1b")
