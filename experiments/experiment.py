"""What an experiment is: a claim, what would falsify it, and the units that decide.

An experiment is a function of a tier that returns a complete, frozen configuration. Running it
is the business of ``expressivity.runs.units``; reading it, of the figures.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from expressivity.commands.running import Pending
from expressivity.output import notice
from expressivity.plugins import PluginError
from expressivity.registry import Registry, a_function, of_type
from expressivity.runs.folder import Run
from expressivity.runs.units import Unit


class Tier(StrEnum):
    """How much an experiment may cost: seconds to a minute, minutes, or an accelerator.

    The atlas of all classes takes longer than the others together: it is a tier of its own.
    """

    SMOKE = "smoke"
    CPU = "cpu"
    GPU = "gpu"
    ATLAS = "atlas"


FITTED = (Tier.SMOKE, Tier.CPU, Tier.GPU)
"""The tiers of experiments that fit, each larger than the last."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One experiment at one tier.

    Attributes:
        name: as in the registry.
        tier: as asked for.
        title: what is varied and what is measured, in a few words.
        claim: the statement of docs/theory.md it supports, or the question it asks.
        falsified_by: what would have to be seen for the claim to be wrong.
        cost: what it took when it was measured, and on what.
        units: the work; independent of one another.
        headlines: from a finished run to the numbers that ``reproduce`` compares, by name.
        tiers: at which ``reproduce`` runs it.
        pending: the units that follow from finished ones, if there are such.
    """

    name: str
    tier: Tier
    title: str
    claim: str
    falsified_by: str
    cost: str
    units: tuple[Unit, ...]
    headlines: Callable[[Run], dict[str, float]]
    tiers: tuple[Tier, ...] = FITTED
    pending: Pending | None = None

    @property
    def configuration(self) -> dict[str, object]:
        """What makes its run folder this one's, as JSON."""
        return {
            "experiment": self.name,
            "tier": str(self.tier),
            "units": [unit.key for unit in self.units],
        }


ExperimentFactory = Callable[[Tier], Experiment]

EXPERIMENTS: Registry[ExperimentFactory] = Registry(
    "experiment", group="expressivity.experiments", check=a_function
)


def made(factory: ExperimentFactory, tier: Tier) -> Experiment:
    """What a factory makes.

    Raises:
        ValueError: it makes something else than an experiment.
    """
    experiment = factory(tier)
    of_type(Experiment)(experiment)
    return experiment


def of_tier(tier: Tier, names: Iterable[str] | None = None) -> list[Experiment]:
    """The registered experiments that run at a tier, or those of them that are named.

    Every one can be made at the smallest tier, and says there at which it runs.
    """

    def experiment(factory: ExperimentFactory) -> Experiment | None:
        return made(factory, tier) if tier in made(factory, Tier.SMOKE).tiers else None

    found = EXPERIMENTS.each(experiment, names)
    return [one for one in found.values() if one is not None]


def headlines(experiment: Experiment, run: Run) -> dict[str, float]:
    """The headlines of a finished run; none, with a notice, where a plug-in's cannot be made."""
    if experiment.name not in EXPERIMENTS:
        return experiment.headlines(run)
    try:
        return EXPERIMENTS.use(experiment.name, lambda _: experiment.headlines(run))
    except PluginError as error:
        notice(f"no headlines: {error}")
        return {}
