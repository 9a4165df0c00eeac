"""Certified lower bounds for LA of width m on t2, each verified by the independent checker."""

from dataclasses import dataclass, replace

from experiments.experiment import EXPERIMENTS, Experiment, Tier
from expressivity.bounds.best_ridge import best_ridge_error
from expressivity.bounds.ridge_rank import default_degree
from expressivity.certificates.writer import QUICK_SEARCH_WIDTH, certify_class
from expressivity.checker import check_document
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.runs.folder import Run
from expressivity.runs.units import OnProgress, Outcome, Unit
from expressivity.targets.builtin import t2
from expressivity.targets.target import Target


@dataclass(frozen=True, kw_only=True)
class CertificateUnit(Unit):
    """The certified bound of one class, the checker's verdict, and the best ridges found.

    The record holds ``width``, ``method``, ``certificate`` (docs/certificates.md, or None where no
    bound is positive), ``checked`` (the checker's outcome) and ``best_ridge_estimate`` (relative
    L2, numerical).
    """

    target: Target
    family: Family
    search: bool

    @property
    def identity(self) -> dict[str, object]:
        """See :class:`~expressivity.runs.units.Unit`."""
        return {
            "unit": "certificate",
            "target": self.target.name,
            "expression": self.target.formula,
            "family": self.family.json(),
            "search": self.search,
            "degree": default_degree,
        }

    @property
    def label(self) -> str:
        """Target, width and method."""
        method = "ridge-search" if self.search else "ridge-rank"
        return f"certificate {self.target.name} m={self.family.width} {method}"

    def run(self, on_progress: OnProgress | None = None) -> Outcome:
        """Certify, check, and look for the best ridges."""
        document = certify_class(
            self.target, self.family, degree=default_degree, search=self.search
        )
        record: dict[str, object] = {
            "width": self.family.width,
            "method": "ridge-search" if self.search else "ridge-rank",
            "certificate": document,
            "checked": None if document is None else check_document(document).outcome,
            "best_ridge_estimate": best_ridge_error(self.target, self.family.width),
        }
        if on_progress is not None:
            on_progress(1)
        return Outcome(record=record)


def sandwich(run: Run) -> dict[tuple[int, str], tuple[float, float]]:
    """By width and method the certified lower bound and the best ridges' error."""
    return {
        (entry.record["width"], entry.record["method"]): (
            float(entry.record["certificate"]["lower_bound"]["l2"]["value"]),
            float(entry.record["best_ridge_estimate"]),
        )
        for entry in sorted(run.entries, key=lambda entry: entry.record["width"])
        if entry.record["certificate"] is not None
    }


def headlines(run: Run) -> dict[str, float]:
    """Every bound, how many the checker does not verify, and how many exceed what was found."""
    found = sandwich(run)
    return {
        "not verified": sum(entry.record["checked"] != "verified" for entry in run.entries),
        "above the best ridges": sum(lower > ridges for lower, ridges in found.values()),
        **{f"{method} bound at width {m}": found[m, method][0] for m, method in found},
    }


def certificates(tier: Tier) -> Experiment:
    """Widths 1 to 8 by rank and 1 to 4 by search; at the smallest tier, 1 to 3 by rank."""
    target = t2()
    widths = range(1, 4 if tier is Tier.SMOKE else 9)
    searched = () if tier is Tier.SMOKE else range(1, QUICK_SEARCH_WIDTH + 1)
    family = Family(kind=Kind.LA, neuron="type1", width=1, dimension=2)
    return Experiment(
        name="certificates",
        tier=tier,
        title="Certified lower bounds for LA on t2, by width",
        claim="B4: no LA network of width m comes closer to t2 in L2 than the certified bound.",
        falsified_by="A network of that width below the bound, or a certificate that the "
        "independent checker rejects.",
        cost="smoke: about 5 s, compilation included; cpu: about 33 s with 2 "
        "workers, compilation and other work on the machine included (2 cores); gpu: not measured",
        units=tuple(
            CertificateUnit(target=target, family=replace(family, width=m), search=search)
            for search, chosen in ((False, widths), (True, searched))
            for m in chosen
        ),
        headlines=headlines,
    )


EXPERIMENTS.add("certificates", certificates)
