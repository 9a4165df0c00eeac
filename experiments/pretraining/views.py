"""What each command makes of its run folder, for the terminal, for JSON and for the report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from experiments.pretraining import audit_tables, findings, summary, tables
from experiments.pretraining.findings import Finding
from experiments.pretraining.tables import Grid
from expressivity.runs.folder import Run

_DIFFERENCES = (
    "Differences are of validation loss in nats per byte, taken seed by seed, with Student t "
    "intervals of 95 % each, for normal differences; none is corrected for how many there are."
)


@dataclass(frozen=True, kw_only=True)
class View:
    """How the runs of one command are read.

    Attributes:
        title: of its section in the report.
        document: from the run folder to JSON.
        findings: what the document comes to.
        grids: its tables.
        note: what its numbers are, in a sentence or two.
    """

    title: str
    document: Callable[[Run], dict[str, Any]]
    findings: Callable[[dict[str, Any]], list[Finding]]
    grids: tuple[Callable[[dict[str, Any]], Grid], ...]
    note: str = _DIFFERENCES

    def tables(self, document: dict[str, Any]) -> list[Grid]:
        """Those that have rows."""
        return [grid for make in self.grids if (grid := make(document)).rows]


VIEWS: Mapping[str, View] = {
    "pretrain": View(
        title="Language models: fixed, LA and MoA",
        document=summary.compared,
        findings=findings.of_comparison,
        grids=(tables.losses, tables.differences, tables.gates),
    ),
    "ablate": View(
        title="Language models: what MoA's gain depends on",
        document=summary.ablated,
        findings=findings.of_ablation,
        grids=(tables.losses, tables.differences),
    ),
    "scaling": View(
        title="Language models: loss against size",
        document=summary.scaled,
        findings=findings.of_scaling,
        grids=(tables.sizes, tables.fits),
    ),
    "audit": View(
        title="Is the expressivity of the layers used?",
        document=audit_tables.document,
        findings=audit_tables.findings,
        grids=(audit_tables.distances, audit_tables.gates),
        note="Distances are of one model on one text, with standard errors from leaving out groups "
        "of windows; losses in nats per byte.",
    ),
}
"""By command."""
