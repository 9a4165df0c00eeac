"""What each activation of the dictionary is worth to LA and MoA on t2."""

from dataclasses import dataclass

from experiments import reading
from experiments.experiment import EXPERIMENTS, Experiment, Tier
from experiments.reading import Point, Reading, fits, health, least, point, readings, worst
from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.kinds import Kind
from expressivity.evidence import Verdict
from expressivity.runs.folder import Run
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit
from expressivity.targets.builtin import t2

GROWING = ("relu", "tanh", "id", "silu", "gelu", "relu2", "leaky_relu")
"""The order in which activations are added."""
KINKED = tuple(name for name in FULL_DICTIONARY if ACTIVATIONS[name].kink != 0)
LA_WIDTH, MOA_WIDTH = 4, 1
SETTINGS = {
    Tier.SMOKE: Settings(restarts=2, seeds=reading.SEEDS),
    Tier.CPU: Settings(restarts=8, seeds=reading.SEEDS),
    Tier.GPU: Settings(restarts=128, seeds=10, device="cuda"),
}


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One kind over one dictionary, on t2.

    Attributes:
        kind: LA, also over one activation, where it is the fixed class; or MoA.
        dictionary: in the order of the full one.
        left_out: what is missing from the full dictionary.
        found: errors in the norm asked for; x is the size of the dictionary.
    """

    kind: Kind
    dictionary: tuple[str, ...]
    left_out: tuple[str, ...]
    found: Point


def bars(run: Run, norm: str) -> tuple[Bar, ...]:
    """Every fit of a run, small dictionaries first; norm l2, sup or w1inf."""
    found = (_bar(r, norm) for r in readings(run))
    return tuple(sorted(found, key=lambda bar: (bar.kind, len(bar.dictionary))))


def _bar(found: Reading, norm: str) -> Bar:
    names = found.result.family.dictionary
    return Bar(
        kind=found.kind if found.kind.mixes else Kind.LA,
        dictionary=names,
        left_out=tuple(name for name in FULL_DICTIONARY if name not in names),
        found=point(found, norm, len(names)),
    )


def headlines(run: Run) -> dict[str, float]:
    """The best LA over all dictionaries; MoA where t2 is a member, and where it is none."""
    found = bars(run, "l2")
    la = [bar for bar in found if bar.kind.learned]
    moa = [bar for bar in found if bar.kind.gated]
    members = [bar for bar in moa if bar.found.verdict is Verdict.MEMBER]
    return {
        **health(run),
        "LA, full dictionary: best l2": least(b.found.best for b in la if not b.left_out),
        "LA, any dictionary: best l2": least(b.found.best for b in la),
        "LA, one activation: best l2": least(b.found.best for b in la if b.found.x == 1),
        "dictionaries over which MoA contains t2": float(len(members)),
        "MoA where it contains t2: worst best l2": worst(b.found.best for b in members),
        "controls, dictionaries without a kink that contain t2": float(
            sum(not set(bar.dictionary) & set(KINKED) for bar in members)
        ),
    }


def dictionary(tier: Tier) -> Experiment:
    """Leave one out, and sizes 1 to 7; at the smallest tier single activations and all seven."""
    return Experiment(
        name="dictionary",
        tier=tier,
        title="LA of width 4 and MoA of width 1 on t2 over parts of the dictionary",
        claim="T2 and B4: no dictionary takes LA of a given width below the bound; MoA needs one "
        "activation, ReLU or LeakyReLU with Id. Control: without any activation that has a kink "
        "MoA is smooth and misses t2.",
        falsified_by="LA below the bound, MoA with ReLU above round-off, or t2 a member of MoA "
        "over activations without a kink.",
        cost="smoke: about 8 s, compilation included; cpu: about 85 s with 2 "
        "workers, compilation and other work on the machine included (2 cores); gpu: not measured",
        units=_units(tier),
        headlines=headlines,
    )


def dictionaries() -> tuple[tuple[str, ...], ...]:
    """Each once: the full one, one left out, growing ones, and the one without kinks."""
    chosen = [
        FULL_DICTIONARY,
        *(tuple(n for n in FULL_DICTIONARY if n != left_out) for left_out in FULL_DICTIONARY),
        *(tuple(n for n in FULL_DICTIONARY if n in GROWING[:size]) for size in range(2, 7)),
        tuple(n for n in FULL_DICTIONARY if n not in KINKED),
    ]
    return tuple(dict.fromkeys(chosen))


def _units(tier: Tier) -> tuple[FitUnit, ...]:
    """LA over one activation runs as fixed: the same class, and one program for all seven.

    Every other dictionary is a program of its own, and compiling it is most of its cost.
    """
    target, settings = [t2()], SETTINGS[tier]
    units = fits(target, [Kind.FIXED], [LA_WIDTH], settings)
    if tier is not Tier.SMOKE:
        units += fits(target, [Kind.MOA], [MOA_WIDTH], settings, dictionary=("relu",))
    for names in (FULL_DICTIONARY,) if tier is Tier.SMOKE else dictionaries():
        units += fits(target, [Kind.LA], [LA_WIDTH], settings, dictionary=names)
        units += fits(target, [Kind.MOA], [MOA_WIDTH], settings, dictionary=names)
    return units


EXPERIMENTS.add("dictionary", dictionary)
