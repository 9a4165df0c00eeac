"""What is to be certified, checked before anything is computed; and the certificate of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch

from expressivity.bounds import flattening
from expressivity.bounds.curvature import (
    curvature_bound,
    needed_curvature,
    positive_decimal,
    require_curvature,
)
from expressivity.bounds.free_knots import is_piecewise_affine
from expressivity.bounds.integrals.ball_moments import on_ball
from expressivity.bounds.integrals.cubature import EVALUATIONS
from expressivity.bounds.integrals.lines import kink_lines
from expressivity.bounds.ridge_rank import default_degree, rank_of
from expressivity.bounds.uncut_boxes import lines_of, uncut_boxes
from expressivity.bounds.uncut_disks import cuts_of, uncut_disks
from expressivity.certificates.free_knots import free_knot_certificate
from expressivity.certificates.jump_half_line import half_line_certificate, is_covered
from expressivity.certificates.jump_parity import covers, parity_certificate
from expressivity.certificates.network_error import network_error, pruned, uniform_errors
from expressivity.certificates.shared_jumps import jump_certificate
from expressivity.certificates.writer import (
    SEARCH_WIDTH,
    boxes_certificate,
    certify_class,
    curvature_certificate,
    disks_certificate,
    upper_certificate,
)
from expressivity.checker import family_refusal
from expressivity.classes.families import Family
from expressivity.classes.properties import is_of_a_plain_form
from expressivity.fitting.errors import l2_errors, measuring_grid, snapped
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit, run_unit
from expressivity.symbolic.budget import OutOfBudgetError
from expressivity.targets.target import Target

_HIGHEST_DEGREE, _HIGHEST_ON_BALL = 60, 20  # of moments
_SETTINGS = Settings()


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be certified.

    Attributes:
        target, family: of the claim.
        degree: highest degree of the moments; None for 20, or as many as the class needs.
        settings: of the fit whose error is bounded from above.
        search: verified search over directions in place of the rank.
        upper: an upper bound for one fitted network, not a lower one for the class; without a
            lower bound for such classes there is no other choice.
        sandwich: whether numerical values on both sides of the lower bound will be wanted.

    Raises:
        ValueError: one line on the first thing that cannot be certified.
    """

    target: Target
    family: Family
    degree: int | None = None
    settings: Settings = _SETTINGS
    search: bool = False
    upper: bool = False
    sandwich: bool = False

    def __post_init__(self) -> None:
        family, rank = self.family, rank_of(self.family)
        if rank is None and family.gate is None and not self.upper and not self.boxes:
            raise ValueError(
                "required: form type1 or one_sided, or activations that are polynomials on either "
                f"side of 0, for a lower bound; got {family.class_label}: ask for --upper"
            )
        line = self.target.dimension == 1 and not (family.gate or self.upper or self.boxes)
        if line and not is_piecewise_affine(family):
            raise ValueError(
                "required: activations that are polynomials on either side of 0 for a lower bound "
                f"on the interval; got {family.class_label}: ask for --curvature B or --upper"
            )
        if (self.boxes or self.disks) and self.degree is not None:
            raise ValueError(
                f"required: no --degree for {family.class_label}, whose bound uses no moments of "
                f"the whole disk; got {self.degree}"
            )
        ball = on_ball(self.target.domain)
        highest = _HIGHEST_ON_BALL if ball else _HIGHEST_DEGREE
        asked = self.degree
        degree = _default_degree(rank or 0, ball=ball) if asked is None else asked
        object.__setattr__(self, "degree", degree)
        lower = rank is not None or self.boxes or self.disks
        object.__setattr__(self, "upper", self.upper or not lower)
        if not 1 <= degree <= highest:
            raise ValueError(
                f"required: a degree from 1 to {highest}, and a width it covers; got degree "
                f"{degree} for width {family.width}: choose another --degree or a smaller --width"
            )
        reach = flattening.dimension(degree) - 1 if ball else degree
        if rank is not None and rank > reach and self.target.dimension > 1:
            raise ValueError(
                f"required: a degree that covers the rank of the class, {rank}; got {degree}: "
                f"it covers {reach}: raise --degree or lower --width"
            )
        self._check_search(rank)

    @property
    def boxes(self) -> bool:
        """Whether there are uncut boxes: in one variable, and where there is no bound by moments.

        Of the forms whose networks a certificate can state.
        """
        known = is_of_a_plain_form(self.family) and lines_of(self.family) is not None
        alone = rank_of(self.family) is None and self.target.dimension == 2
        return known and (alone or self.target.dimension == 1) and not self.upper

    @property
    def disks(self) -> bool:
        """Whether there are uncut disks: for gates, in the plane.

        Of the forms whose networks a certificate can state.
        """
        known = is_of_a_plain_form(self.family) and cuts_of(self.family) is not None
        return known and self.target.dimension == 2 and not self.upper

    def _check_search(self, rank: int | None) -> None:
        """A search needs a rank, and best ridges are sums of functions of one affine map each."""
        family = self.family
        if self.search and rank is None:
            raise ValueError(
                f"required: la or fixed in form type1 or one_sided for --search; got "
                f"{family.class_label}"
            )
        if self.sandwich and (rank is None or family.record.maps > 1):
            raise ValueError(
                f"required: la or fixed in form type1 for --sandwich; got {family.class_label}"
            )
        if (self.sandwich or self.search) and self.target.dimension != 2:
            raise ValueError(
                "required: a target of two variables for --search and --sandwich; got one of "
                f"{self.target.dimension}"
            )
        if self.search and family.width > SEARCH_WIDTH:
            raise ValueError(
                f"required: a width of at most {SEARCH_WIDTH} for --search; got {family.width}: "
                f"leave it out for the ridge-rank bound"
            )

    @property
    def moments_degree(self) -> int:
        """The degree, once chosen."""
        assert self.degree is not None
        return self.degree


def _default_degree(rank: int, *, ball: bool) -> int:
    if not ball:
        return max(default_degree, rank + 12)
    return max(flattening.default_degree, flattening.row_degree(rank) + 6)


@dataclass(frozen=True, kw_only=True)
class CurvatureJob:
    """The error that a curvature leaves, or the curvature that an error needs, at every width.

    Attributes:
        target, family: of the claim; the width does not matter.
        curvature: that networks have at most, a positive decimal, or None.
        error: relative L2 error that networks have at least, likewise; one of the two is None.

    Raises:
        ValueError: one line on the first thing that cannot be certified.
    """

    target: Target
    family: Family
    curvature: str | None = None
    error: str | None = None

    def __post_init__(self) -> None:
        if (self.curvature is None) == (self.error is None):
            raise ValueError("required: a curvature or an error, one of the two")
        for name in ("curvature", "error"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, positive_decimal(value, name))
        require_curvature(self.target, self.family)


@dataclass(frozen=True, kw_only=True)
class Certified:
    """A certificate.

    Attributes:
        document: the file's content; None where nothing is certain.
        theta_P: weights of the network of an upper bound, or None.
        failure: why there is no document, or empty.
    """

    document: dict[str, Any] | None
    theta_P: torch.Tensor | None = None
    failure: str = ""


def certified(job: Job) -> Certified:
    """The certificate of a job.

    Raises:
        ValueError: a class that no certificate can state.

    >>> from expressivity.targets.builtin import t2
    >>> family = Family(neuron="type1", kind="la", width=1, dimension=2)
    >>> document = certified(Job(target=t2(), family=family, degree=8)).document
    >>> document["lower_bound"]["l2"]["evidence"]
    'certified'
    """
    _require_stated(job.family)
    try:
        return _upper(job) if job.upper else _lower(job)
    except OutOfBudgetError:
        failure = (
            f"the integrals take more than {EVALUATIONS:,} evaluations; the function is too steep, "
            "or a pole is too near"
        )
        return Certified(document=None, failure=failure)


def _require_stated(family: Family) -> None:
    """Refuse a class before work where no checker would read its file."""
    reason = family_refusal(family.json())
    if reason is not None:
        raise ValueError(
            f"required: a class that a certificate can state; got {family.class_label}: {reason}"
        )


def _lower(job: Job) -> Certified:
    if job.target.dimension == 1 or job.boxes:
        return _without_moments(job)
    if job.disks:
        return _by_disks(job)
    document = certify_class(job.target, job.family, degree=job.moments_degree, search=job.search)
    failure = (
        f"no positive bound at width {job.family.width} and degree {job.degree}; the class may "
        "contain the target, or the degree is too small"
    )
    return Certified(document=document, failure="" if document else failure)


def _upper(job: Job) -> Certified:
    theta_P = _best_fit(job)
    if theta_P is None:
        return Certified(document=None, failure="every restart of the fit failed")
    error = network_error(job.target, job.family, theta_P, evaluations=EVALUATIONS)
    uniform = None
    if job.target.domain.name == "disk" and _rational_kinks(job.target):
        uniform = uniform_errors(job.target, job.family, theta_P, evaluations=EVALUATIONS)
    document = upper_certificate(job.target, job.family, theta_P, error, uniform)
    return Certified(document=document, theta_P=theta_P)


def _rational_kinks(target: Target) -> bool:
    """Whether others can verify a pointwise error: beside an irrational kink they cannot."""
    lines = kink_lines(target.expression)
    return all(isinstance(part, Fraction) for line in lines for part in (line.a, line.b, line.c))


def _without_moments(job: Job) -> Certified:
    """By uncut boxes, on the interval also by free knots: whichever shows more."""
    documents: list[dict[str, Any] | None] = []
    lines = lines_of(job.family) if job.boxes else None
    if lines is not None:
        bound = uncut_boxes(job.target, *lines)
        documents.append(bound and boxes_certificate(job.target, job.family, bound))
    if job.target.dimension == 1 and (lines is None or is_piecewise_affine(job.family)):
        documents.append(free_knot_certificate(job.target, job.family))
    best = max(
        (document for document in documents if document is not None),
        key=lambda document: float(document["lower_bound"]["l2"]["value"]),
        default=None,
    )
    failure = (
        f"no positive bound at width {job.family.width}; the class may contain the target, "
        "or its lines are too many"
    )
    return Certified(document=best, failure="" if best else failure)


def _by_disks(job: Job) -> Certified:
    cuts = cuts_of(job.family)
    assert cuts is not None
    bound = uncut_disks(job.target, *cuts)
    document = bound and disks_certificate(job.target, job.family, bound)
    failure = (
        f"no positive bound at width {job.family.width}; the class may contain the target, "
        "or its lines are too many: ask for --upper"
    )
    return Certified(document=document, failure="" if document else failure)


def certified_curvature(job: CurvatureJob) -> Certified:
    """The certificate of a job about curvature.

    Raises:
        ValueError: a class that no certificate can state.

    >>> from expressivity.targets.builtin import t1
    >>> family = Family(neuron="type1", kind="fixed", dictionary="relu2", width=1, dimension=1)
    >>> job = CurvatureJob(target=t1(), family=family, curvature="1450")
    >>> certified_curvature(job).document["lower_bound"]["l2"]["value"]
    '7.477618698e-7'
    """
    _require_stated(job.family)
    if job.curvature is not None:
        bound = curvature_bound(job.target, job.curvature)
        failure = f"no positive bound for curvatures up to {job.curvature}"
    else:
        assert job.error is not None
        bound = needed_curvature(job.target, job.error)
        failure = f"no curvature found that an error below {job.error} needs"
    if bound is None:
        return Certified(document=None, failure=failure)
    return Certified(document=curvature_certificate(job.target, job.family, bound))


def certified_gradient(
    target: Target, family: Family, tell: Callable[[int], None] = lambda steps: None
) -> Certified:
    """The certificate of the gradient error of every network of a class.

    Whatever its width; of one neuron for two-sided and quadratic LA. With biases boxes are
    searched, and every hundred of them are told.

    Raises:
        ValueError: a class that the bound does not cover or no certificate can state, or kinks
            that meet at irrational points.

    >>> from expressivity.targets.builtin import t7b
    >>> family = Family(neuron="type1", kind="moa", gate="tanh", width=1, dimension=2)
    >>> certified_gradient(t7b(), family).document["lower_bound"]["w1inf"]["value"]
    '0.04000940217'
    """
    _require_stated(family)
    if covers(family):
        document = parity_certificate(target, family)
        failure = f"no part of a jump along a line through 0 excludes {family.class_label}"
    elif is_covered(family):
        document = half_line_certificate(target, family, tell)
        failure = f"no points of a line through 0 were found that exclude {family.class_label}"
    else:
        document = jump_certificate(target, family)
        failure = f"no two products or combinations of jumps exclude {family.class_label}"
    return Certified(document=document, failure="" if document else failure)


def _best_fit(job: Job) -> torch.Tensor | None:
    """The best restart, once what is round-off in it has been cut off and its kinks are tidied."""
    unit = FitUnit(target=job.target, family=job.family, settings=job.settings)
    _, lanes = run_unit(unit)
    finite = [theta for theta in lanes.theta if bool(theta.isfinite().all())]
    if not finite:
        return None
    theta_LP = torch.stack([pruned(job.family, theta.double()) for theta in finite])
    grid = measuring_grid(job.target)
    errors_L = l2_errors(job.family, theta_LP, grid)
    return snapped(job.family, theta_LP[int(errors_L.nan_to_num(nan=math.inf).argmin())], grid)
