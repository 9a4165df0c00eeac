"""The evidence of docs/pretraining.md as a figure: ``python -m figures.evidence``.

It is drawn from the records in ``figures/paper/evidence`` alone, once all of the plan are there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from experiments.pretraining.evidence.choices import (
    Losses,
    choose_design,
    choose_schedule,
    losses_of,
)
from experiments.pretraining.evidence.plan import ARMS, MARGIN, Plan
from experiments.pretraining.evidence.table import read_table
from experiments.pretraining.evidence.verdicts import Comparison, compared, described
from experiments.pretraining.recipes import Schedule
from expressivity.output import write_atomically
from figures.figure import laid_out, rendered
from figures.style import INK, PAGE, SOFT, applied, head_legend, new_figure, panel

FOLDER = Path(__file__).parent / "paper" / "evidence"


@dataclass(frozen=True, kw_only=True)
class Final:
    """The runs that are compared.

    Attributes:
        losses: of all runs, by arm, schedule, rate and seed.
        schedule, rates, seeds: which of them.
    """

    losses: Losses
    schedule: Schedule
    rates: Mapping[str, float]
    seeds: Sequence[int]

    @classmethod
    def of(cls, losses: Losses, plan: Plan | None = None) -> "Final":
        """Chosen by the plan's rules.

        Raises:
            ValueError: not every run of the plan is there.
        """
        plan = plan or Plan()
        try:
            schedule = choose_schedule(plan, losses)
            design = choose_design(plan, schedule, losses)
            seeds = plan.final_seeds(design.seeds)
            for arm in ARMS:
                for seed in seeds:
                    losses[arm, str(schedule), design.rates[arm], seed]
        except KeyError as error:
            raise ValueError(
                f"required: every run of the plan; got none of {error.args[0]}: run expressivity "
                f"evidence final"
            ) from error
        return cls(losses=losses, schedule=schedule, rates=design.rates, seeds=seeds)

    def column(self, arm: str) -> list[float | None]:
        """Losses of an arm, seed by seed."""
        return [self.losses[arm, str(self.schedule), self.rates[arm], seed] for seed in self.seeds]


def draw(final: Final) -> Figure:
    """Losses on the left, differences on the right."""
    made = new_figure(PAGE, 2.9)
    left, right = made.subplots(1, 2, width_ratios=(1, 1.25))
    _losses(left, final)
    panel(left, "a", "validation loss")
    arguments = final.losses, final.schedule, final.rates, final.seeds
    _differences(right, compared(*arguments), described(*arguments))
    panel(right, "b", "differences, paired by seed")
    dot = {"color": INK, "marker": "o", "markersize": 4, "linestyle": ""}
    head_legend(
        made,
        [
            Line2D([], [], color=SOFT, marker=".", markersize=3, linestyle="", label="a run (a)"),
            Line2D([], [], color=INK, linewidth=1.2, label="mean (a), interval (b)"),
            Line2D([], [], label="tested (b)", **dot),
            Line2D([], [], label="listed (b)", markerfacecolor="white", **dot),
            Patch(color=SOFT, alpha=0.25, linewidth=0, label=f"within {MARGIN:g} of 0 (b)"),
        ],
    )
    return made


def _losses(axes: Axes, final: Final) -> None:
    """A dot for every run, a bar for the mean of each arm."""
    for place, arm in enumerate(ARMS):
        values = [value for value in final.column(arm) if value is not None]
        axes.plot([place] * len(values), values, ".", color=SOFT, markersize=3)
        if len(values) == len(final.seeds):
            axes.hlines(fmean(values), place - 0.3, place + 0.3, color=INK, linewidth=1.2)
    axes.set_xticks(range(len(ARMS)), [ARMS[arm].title for arm in ARMS], rotation=30, ha="right")
    axes.set_xlabel("arm")
    axes.set_ylabel("validation loss, nats per byte")


def _differences(axes: Axes, tested: Sequence[Comparison], listed: Sequence[Comparison]) -> None:
    """Tested ones filled, above those that are listed alone; the margin is shaded."""
    axes.axvspan(-MARGIN, MARGIN, color=SOFT, alpha=0.25, linewidth=0)
    axes.axvline(0, color=INK, linewidth=0.6)
    labels: list[str] = []
    for height, found in enumerate((*tested, *listed)):
        labels.append(" $-$ ".join(ARMS[arm].title for arm in found.pair))
        interval = found.test.interval
        if interval.failed:
            continue
        if interval.low is not None and interval.high is not None:
            axes.hlines(-height, interval.low, interval.high, color=INK, linewidth=1.0)
        face = "white" if found.adjusted is None else INK
        axes.plot(interval.value, -height, "o", color=INK, markerfacecolor=face, markersize=4)
    axes.set_yticks([-height for height in range(len(labels))], labels)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False)
    axes.set_xlabel("difference of loss, nats per byte")
    axes.set_ylabel("arms")


def main() -> None:
    """Draw it again, as PDF and PNG."""
    with applied():
        made = laid_out(draw(Final.of(losses_of(read_table(FOLDER / "losses.parquet")))))
        for form in ("pdf", "png"):
            content = rendered(made, form)
            write_atomically(
                FOLDER.parent / f"evidence.{form}",
                lambda temporary, content=content: temporary.write_bytes(content),
            )


if __name__ == "__main__":
    main()
