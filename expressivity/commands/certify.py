"""``expressivity certify``."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.box import SIMPLE_HEAD
from rich.table import Table

from expressivity.bounds.best_ridge import best_ridge_error
from expressivity.bounds.integrals.moments import certified_moments
from expressivity.bounds.ridge_rank import default_degree, rank_of
from expressivity.certificates.network_error import network_error, pruned, uniform_errors
from expressivity.certificates.writer import (
    SEARCH_WIDTH,
    certify_class,
    class_bound,
    upper_certificate,
    write,
)
from expressivity.classes.families import Family, Kind, default_dictionary
from expressivity.classes.gates import GateSpec
from expressivity.classes.neurons import NEURONS
from expressivity.commands.arguments import choice, user_target
from expressivity.commands.console import console, table_console
from expressivity.fitting.errors import l2_errors, measuring_grid, snapped
from expressivity.output import ExitCode, write_json
from expressivity.separation.claims import builtin_target
from expressivity.separation.unit import FitUnit, Settings, run_unit
from expressivity.symbolic.interpret import lower_float
from expressivity.targets.target import Target

_CAPTION = "best ridges (what is left up to degree 60) and best fit are numerical"
_HIGHEST_DEGREE = 60  # of moments


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command's options as they came."""

    target: str | None
    expr: str | None
    width: int
    kind: str = "la"
    form: str | None = None
    lambda_: float = 2.0
    gate: str = "tanh"
    gate_scale: bool = True
    gate_bias: bool = True
    bias: bool | None = None
    dictionary: tuple[str, ...] | None = None
    degree: int | None = None
    restarts: int = 32
    seed: int = 0
    search: bool = False
    upper: bool = False
    sandwich: bool = False
    out: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be certified."""

    target: Target
    family: Family
    degree: int
    settings: Settings
    search: bool
    upper: bool
    sandwich: bool
    out: Path | None


def understand(options: Options) -> Job:
    """Check every option before anything is computed or written.

    Raises:
        ValueError: one line on the first thing that is wrong.
    """
    kind = choice(Kind, options.kind, "family")
    form = None if options.form is None else NEURONS[options.form].name
    gate = GateSpec(name=options.gate, scale=options.gate_scale, bias=options.gate_bias)
    if (options.target is None) == (options.expr is None):
        raise ValueError("required: a target name or --expr, one of them")
    if options.expr is not None:
        target = user_target(options.expr)
    else:
        target = builtin_target(
            str(options.target),
            lambda_=options.lambda_,
            gate=options.gate,
            form=form,
            dictionary=options.dictionary,
        )
    form = form or target.form
    family = Family(
        kind=kind,
        neuron=form,
        width=options.width,
        dimension=target.dimension,
        dictionary=options.dictionary or default_dictionary(form),
        gate=gate if kind is Kind.MOA else None,
        bias=target.bias if options.bias is None else options.bias,
    )
    rank = rank_of(family)
    if rank is None and kind is not Kind.MOA and not options.upper:
        raise ValueError(
            f"required: form type1 or one_sided for a lower bound; got {form}: ask for --upper"
        )
    degree = options.degree or max(default_degree, (rank or 0) + 12)
    if not 1 <= degree <= _HIGHEST_DEGREE:
        raise ValueError(
            f"required: a degree of at most {_HIGHEST_DEGREE}, and a width it covers; got degree "
            f"{degree} for width {options.width}: choose a smaller width"
        )
    if rank is not None and rank > degree:
        raise ValueError(
            f"required: a degree of at least the rank of the class, {rank}; got {degree}: raise "
            f"--degree or lower --width"
        )
    ridges = rank is not None and form == "type1"
    if (options.sandwich or options.search) and not ridges:
        raise ValueError(
            f"required: la or fixed in form type1 for --search and --sandwich; got {kind} {form}"
        )
    if options.search and options.width > SEARCH_WIDTH:
        raise ValueError(
            f"required: a width of at most {SEARCH_WIDTH} for --search; got {options.width}: leave "
            f"it out for the ridge-rank bound"
        )
    return Job(
        target=target,
        family=family,
        degree=degree,
        settings=Settings(restarts=options.restarts, seed=options.seed),
        search=options.search,
        upper=options.upper or rank is None,
        sandwich=options.sandwich,
        out=options.out,
    )


def run(options: Options, *, as_json: bool) -> int:
    """Certify, print, and write the file where one is asked for; 3 where nothing is certain."""
    job = understand(options)
    theta_P = _best_fit(job) if job.upper else None
    if job.upper:
        document = None if theta_P is None else _upper(job, theta_P)
        failure = "every restart of the fit failed"
    else:
        document = certify_class(job.target, job.family, degree=job.degree, search=job.search)
        failure = (
            f"no positive bound at width {job.family.width} and degree {job.degree}; the class may "
            "contain the target, or the degree is too small"
        )
    if document is None:
        console(stderr=True).print(f"not decided: {failure}", soft_wrap=True)
        return ExitCode.UNDECIDED
    if job.out is not None:
        write(document, job.out)
    if as_json:
        write_json(document)
    else:
        _show(job, document)
        if theta_P is not None and job.target.domain.name == "disk":
            _show_uniform(job, theta_P)
        if job.sandwich:
            _show_sandwich(job)
    return ExitCode.AS_EXPECTED


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


def _upper(job: Job, theta_P: torch.Tensor) -> dict[str, Any]:
    error = network_error(job.target, job.family, theta_P)
    return upper_certificate(job.target, job.family, theta_P, error)


def _show(job: Job, document: dict[str, Any]) -> None:
    label = f"{job.family.kind} {job.family.neuron} of width {job.family.width}"
    stated = document["target"]["expression"]
    lines = [f"target {document['target']['name']} = {stated} on the {job.target.domain.name}"]
    if document["lower_bound"] is not None:
        claim = document["lower_bound"]["l2"]
        lines.append(
            f"every {label}: relative L2 error at least {claim['value']} "
            f"({claim['evidence']}, {claim['method']}, degree {job.degree})"
        )
    if document["upper_bound"] is not None:
        claim = document["upper_bound"]["l2"]
        lines.append(
            f"one {label}: relative L2 error at most {claim['value']} "
            f"({claim['evidence']}, {claim['method']})"
        )
    if job.out is not None:
        lines.append(f"written to {job.out}; verify it with: expressivity check {job.out}")
    for line in lines:
        console().print(line, soft_wrap=True)


def _show_uniform(job: Job, theta_P: torch.Tensor) -> None:
    supremum, gradient = uniform_errors(job.target, job.family, theta_P)
    console().print(
        f"the same network: relative sup error at most {supremum.upper_decimal(2)}, gradient error "
        f"at most {gradient.upper_decimal(2)} (certified, not in the file)",
        soft_wrap=True,
    )


def _show_sandwich(job: Job) -> None:
    """Certified lower bound, best sum of ridges and best fit, for widths up to the one asked."""
    moments = certified_moments(job.target, job.degree)
    columns = ("width", "certified lower", "method", "best ridges", "best fit", "ridges / lower")
    table = Table(*columns, box=SIMPLE_HEAD, caption=_CAPTION)
    for width in range(1, job.family.width + 1):
        family = replace(job.family, width=width)
        search = width <= SEARCH_WIDTH
        bound = class_bound(moments, family, search=search)
        lower = 0.0 if bound is None else lower_float(moments.relative(bound.distance_squared).ball)
        ridges = best_ridge_error(job.target, width)
        result, _ = run_unit(FitUnit(target=job.target, family=family, settings=job.settings))
        fitted = result.error["l2"]
        table.add_row(
            str(width),
            f"{lower:.5g}",
            "ridge-search" if search else "ridge-rank",
            f"{ridges:.5g}",
            "failed" if fitted is None else f"{fitted:.5g}{' ?' if result.doubt else ''}",
            f"{ridges / lower:.3f}" if lower > 0 else "-",
        )
    table_console().print(table)
    doubt = measuring_grid(job.target).norm.doubt
    if doubt is not None:
        console().print(f"?: the norm of the target is not known: {doubt}", soft_wrap=True)
