"""Error against width for every fixed activation, LA and MoA: what falls, and what does not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from experiments import reading
from experiments.experiment import EXPERIMENTS, Experiment, Tier
from experiments.reading import Curve, Reading, fits, health, least, readings, worst
from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import NEURONS
from expressivity.runs.folder import Run
from expressivity.separation.claims import CLAIMS
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit
from expressivity.targets.builtin import t1, t2, t4, t5
from expressivity.targets.target import Target

SMOOTH = tuple(name for name in FULL_DICTIONARY if ACTIVATIONS[name].kink == 0 and name != "id")
"""The C^1 activations whose networks come close to t1."""
ROUNDOFF = 1e-12
"""Up to it an error is round-off, which may rise."""
RISE = 1e-6
"""Relative, up to which a larger error counts as equal: the linear solve of a wider network rounds
otherwise."""


def curves(run: Run, norm: str) -> tuple[Curve, ...]:
    """Error against width, a curve for each target, class and loss; norm l2, sup or w1inf."""
    return reading.curves(readings(run), norm, along=lambda found: found.width)


def headlines(run: Run) -> dict[str, float]:
    """Errors of LA on t2 by width, how near the floors were approached, what MoA reaches."""
    found = readings(run)
    la_on_t2 = [r for r in found if r.target == "t2" and r.kind.learned]
    smooth_on_t1 = [r for r in found if r.target == "t1" and r.label in SMOOTH]
    controls = [r for r in found if is_control(r)]
    moa = [r for r in found if r.kind.gated and r.width == 1]
    return {
        **health(run),
        **{f"LA on t2, width {r.width}: best l2": r.best("l2") for r in la_on_t2 if r.loss == "l2"},
        "LA on t2: least w1inf": least(r.best("w1inf") for r in la_on_t2),
        "C1 activations on t1: least w1inf": least(r.best("w1inf") for r in smooth_on_t1),
        "MoA of width 1: worst best l2": worst(r.best("l2") for r in moa),
        "controls, LA of width 1: worst best l2": worst(r.best("l2") for r in controls),
        "curves that rise": float(rising(found)),
    }


def rising(found: Iterable[Reading]) -> int:
    """Curves of single seeds that rise with the width: a narrower network is in the wider class.

    Of the error in the norm that is minimised, on the rule of the fit. Other norms may rise: the
    gradient error of a better fit in L2 can be larger.
    """
    classes: dict[tuple[str, ...], list[Reading]] = {}
    for each in found:
        group = (each.target, each.result.form, each.label, each.loss)
        classes.setdefault(group, []).append(each)
    count = 0
    for group in classes.values():
        ordered = sorted(group, key=lambda r: r.width)
        for errors in zip(*(r.fit_errors() for r in ordered), strict=True):
            count += any(
                not wide <= max(ROUNDOFF, (1 + RISE) * narrow) for narrow, wide in pairwise(errors)
            )
    return count


def is_control(found: Reading) -> bool:
    """Whether LA contains this target, so that MoA gains nothing on it."""
    where = (found.target, found.record)
    members = [
        (claim.target, NEURONS[str(claim.smaller.form)])
        for claim in CLAIMS
        if claim.between_kinds and not claim.separates
    ]
    return where in members and found.kind.learned and found.width == 1 and found.loss == "l2"


def width_sweep(tier: Tier) -> Experiment:
    """Widths 1 to 32 on t1, t2, t4, t5; a few of them at the smallest tier, to 64 on a GPU."""
    return Experiment(
        name="width_sweep",
        tier=tier,
        title="Error against width, every fixed activation, LA and MoA",
        claim="T1, T2, T4, T5 and B1: the L2 error of the smaller class may fall with width while "
        "the gradient error of LA on t2 stays above tanh(lambda)/2 and that of C^1 fixed networks "
        "on t1 above 1/2; MoA of width 1 reaches every target. Controls: t1 for LA, and t4 for "
        "two-sided LA, have no gap.",
        falsified_by="An error below a bound in the same norm; MoA of width 1 above round-off; "
        "a control that does not reach its target. A curve that rises is a fault of the fits: "
        "a narrower network is in the wider class.",
        cost="smoke: not measured since fits search; cpu: not measured as a whole; MoA on t2 takes "
        "78 s of CPU time over all widths, LA on t2 about 37 s to width 16; gpu: not measured",
        units=tuple(unit for part in _parts(tier) for unit in part.units(tier)),
        headlines=headlines,
    )


def _settings(tier: Tier, kind: Kind, loss: str) -> Settings:
    """The same at every width, as the narrower are where the wider begin.

    Fewer lanes where a fit is dear, and where there are seven activations to fit.
    """
    if tier is Tier.GPU:
        return Settings(restarts=64, seeds=10, loss=loss, device=reading.device(tier))
    few = tier is Tier.SMOKE or not kind.mixes or loss == "h1"
    return Settings(restarts=4 if few else 8, seeds=reading.SEEDS, loss=loss)


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Some classes at some widths on some targets; the fields are those of ``reading.fits``."""

    targets: tuple[Target, ...]
    kinds: tuple[Kind, ...]
    widths: tuple[int, ...]
    loss: str = "l2"
    dictionary: tuple[str, ...] | None = None
    form: str | None = None

    def units(self, tier: Tier) -> Iterator[FitUnit]:
        for kind in self.kinds:
            yield from fits(
                self.targets,
                [kind],
                self.widths,
                _settings(tier, kind, self.loss),
                dictionary=self.dictionary,
                form=self.form,
            )


def _parts(tier: Tier) -> tuple[_Part, ...]:
    fixed, la, moa = (Kind.FIXED,), (Kind.LA,), (Kind.MOA,)
    if tier is Tier.SMOKE:
        return (
            _Part(targets=(t1(),), kinds=(Kind.FIXED, Kind.LA), widths=(1, 4)),
            _Part(targets=(t2(),), kinds=la, widths=(1, 2, 4, 6)),
            _Part(targets=(t4(),), kinds=la, widths=(1, 2)),
            _Part(targets=(t1(), t2()), kinds=moa, widths=(1,)),
        )
    widths = (1, 2, 4, 8, 16, 32) if tier is Tier.CPU else (1, 2, 4, 8, 16, 32, 64)
    return (
        _Part(targets=(t2(),), kinds=la, widths=(1, 2, 4, 6, *widths[3:])),
        _Part(targets=(t2(),), kinds=moa, widths=widths),
        _Part(targets=(t1(),), kinds=tuple(Kind), widths=widths),
        _Part(targets=(t1(),), kinds=fixed, widths=widths, loss="h1", dictionary=SMOOTH),
        _Part(targets=(t2(),), kinds=la, widths=widths, loss="h1"),
        _Part(targets=(t4(),), kinds=la, widths=(1,), form="two_sided"),
        _Part(targets=(t5(),), kinds=(Kind.LA, Kind.MOA), widths=widths),
        _Part(targets=(t4(),), kinds=(Kind.LA, Kind.MOA), widths=widths),
        _Part(targets=(t2(), t4()), kinds=fixed, widths=widths),
    )


EXPERIMENTS.add("width_sweep", width_sweep)
