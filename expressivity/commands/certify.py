"""``expressivity certify``."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from expressivity.bounds.best_ridge import best_ridge_error
from expressivity.bounds.integrals.moments import CertifiedMoments, certified_moments
from expressivity.certificates.kernel import kernel
from expressivity.certificates.writer import QUICK_SEARCH_WIDTH, class_bound, write
from expressivity.checker import ignored_kinks
from expressivity.classes.curvature import curvatures
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.commands.check import ignored_line
from expressivity.commands.console import console, print_table
from expressivity.commands.options import ClassOptions
from expressivity.commands.progress import SOON, tally
from expressivity.fitting.errors import measuring_grid
from expressivity.output import ExitCode, write_answer, write_json
from expressivity.separation.certification import (
    Certified,
    CurvatureJob,
    Job,
    certified,
    certified_curvature,
    certified_gradient,
)
from expressivity.separation.claims import builtin_target
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit, run_unit, units_of
from expressivity.symbolic.budget import telling
from expressivity.symbolic.enclosure import Enclosure, as_ball
from expressivity.symbolic.interpret import lower_float
from expressivity.symbolic.parser import parse
from expressivity.targets.target import Target
from expressivity.targets.user import user_target

_OTHERS = ("width", "degree", "search", "upper", "sandwich")
_CAPTION = "best ridges (what is left up to degree 60) and best fit are numerical"


@dataclass(frozen=True, kw_only=True)
class Options(ClassOptions):
    """The command's options as they came."""

    target: str | None
    expr: str | None
    width: int | None = None
    lambda_: float = 2.0
    degree: int | None = None
    restarts: int = 32
    seed: int = 0
    search: bool = False
    upper: bool = False
    sandwich: bool = False
    curvature: str | None = None
    error: str | None = None
    gradient: bool = False
    activation: str | None = None
    kernel: bool = False
    out: Path | None = None


def asked(options: Options) -> tuple[Target, Family]:
    """The target and the class.

    Raises:
        ValueError: one line on the first thing that is wrong.
    """
    if options.activation is not None:
        if options.dictionary is not None:
            raise ValueError("required: --activation or --dictionary, one of them; got both")
        options = replace(options, dictionary=options.activation)
    request = options.request()
    names = request.kinds or ("la",)
    if len(names) != 1:
        raise ValueError(f"required: one family; got {', '.join(names)}")
    if (options.target is None) == (options.expr is None):
        raise ValueError("required: a target name or --expr, one of them")
    if options.expr is not None:
        target = user_target(options.expr)
    else:
        target = builtin_target(
            str(options.target),
            lambda_=options.lambda_,
            gate=options.gate,
            form=options.form,
            dictionary=options.names,
        )
    return target, request.one(names[0], target, width=options.width)


def understand(options: Options) -> Job:
    """Check every option before anything is computed or written.

    Raises:
        ValueError: one line on the first thing that is wrong.
    """
    target, family = asked(options)
    return Job(
        target=target,
        family=family,
        degree=options.degree,
        settings=Settings(restarts=options.restarts, seed=options.seed),
        search=options.search,
        upper=options.upper,
        sandwich=options.sandwich,
    )


def _require_without(options: Options, names: tuple[str, ...], why: str) -> None:
    """Refuse options that change nothing here."""
    defaults = {field.name: field.default for field in fields(options)}
    if set_ := [name for name in names if getattr(options, name) != defaults[name]]:
        raise ValueError(f"required: {why} without --{set_[0]}")


def run(options: Options, *, as_json: bool) -> int:
    """Certify, print, and write the file where one is asked for; 3 where nothing is certain."""
    if options.kernel:
        return _run_kernel(options, as_json=as_json)
    if options.curvature is not None or options.error is not None:
        return _run_curvature(options, as_json=as_json)
    target, family = asked(options)
    # Errors of networks are enclosed in one and two dimensions.
    if options.gradient or (family.gate is not None and target.dimension > 2 and not options.upper):
        return _run_gradient(options, as_json=as_json)
    job = understand(options)
    with _evaluations(as_json=as_json):
        found = certified(job)

    def show(document: dict[str, Any]) -> None:
        _show(job, document, options.out)
        if job.sandwich:
            _show_sandwich(job)

    return _deliver(found, options.out, show, as_json=as_json)


@contextmanager
def _evaluations(*, as_json: bool) -> Generator[None]:
    """Tell how many evaluations budgets have counted."""
    with (
        tally("ten thousand evaluations", quiet=as_json, every=SOON) as bar,
        telling(bar.update),
    ):
        yield


def _deliver(
    found: Certified, out: Path | None, show: Callable[[dict[str, Any]], None], *, as_json: bool
) -> int:
    """Write a certificate where a file is asked for, and print it; 3 where there is none."""
    document = found.document
    if document is None:
        console(stderr=True).print(f"not decided: {found.failure}", soft_wrap=True)
        return ExitCode.UNDECIDED
    if out is not None:
        write(document, out)
    if as_json:
        write_json(document)
    else:
        show(document)
    return ExitCode.AS_EXPECTED


def _run_kernel(options: Options, *, as_json: bool) -> int:
    """Have a proof kernel check that no network of the class, of any width, is the expression."""
    if options.expr is None or options.out is None:
        raise ValueError("required: --expr and --out with --kernel")
    others = (*_OTHERS, "curvature", "error", "gradient")
    _require_without(options, others, "--kernel, about every width,")
    _, family = asked(options)
    answer = kernel().certify(options.expr, family)
    if answer.text is None:
        console(stderr=True).print(f"{answer.outcome}: {answer.reason}", soft_wrap=True)
        return ExitCode.UNDECIDED
    out = options.out
    write_answer(out, answer.text.encode())
    if as_json:
        write_json(
            {
                "schema": "expressivity.kernel-certificate/1",
                "expression": options.expr,
                "outcome": answer.outcome,
                "reason": answer.reason,
                "file": str(out),
            }
        )
    else:
        for line in (
            f"target {options.expr}",
            f"kernel: {answer.reason}",
            _written(out),
        ):
            console().print(line, soft_wrap=True)
    return ExitCode.AS_EXPECTED


def _run_curvature(options: Options, *, as_json: bool) -> int:
    """Certify what a curvature costs in error, or an error in curvature; 3 where nothing is."""
    others = (*_OTHERS, "gradient")
    _require_without(options, others, "--curvature or --error, about every width,")
    target, family = asked(options)
    job = CurvatureJob(
        target=target, family=family, curvature=options.curvature, error=options.error
    )
    with _evaluations(as_json=as_json):
        found = certified_curvature(job)
    show = partial(_show_curvature, job, out=options.out)
    return _deliver(found, options.out, show, as_json=as_json)


def _run_gradient(options: Options, *, as_json: bool) -> int:
    """Certify the gradient error of every network of a class; 3 where nothing is certain."""
    _require_without(options, _OTHERS, "a bound of the gradient error, about every width,")
    bare = set(options.request().kinds or ("la",)) <= {str(kind) for kind in Kind}
    if bare and options.form is None:  # not the target's own, which may be another one
        options = replace(options, form="type1")
    target, family = asked(options)
    with tally("hundreds of boxes", quiet=as_json, every=SOON) as bar:
        found = certified_gradient(target, family, bar.update)

    def show(document: dict[str, Any]) -> None:
        claim = document["lower_bound"]["w1inf"]
        alone = document["family"]["width"] is not None
        dictionary = ", ".join(family.dictionary)
        biases = "" if family.bias else ", without biases"
        reach = f"over {dictionary} of width 1{biases}" if alone else "of any width"
        lines = [
            f"target {document['target']['name']} = {document['target']['expression']} on the "
            f"{target.domain.name}",
            f"every {family.class_label} {reach}: gradient error at least {claim['value']} "
            f"({claim['evidence']}, {claim['method']}, absolute)",
        ]
        lines += [] if options.out is None else [_written(options.out)]
        for line in lines:
            console().print(line, soft_wrap=True)

    return _deliver(found, options.out, show, as_json=as_json)


def _show_curvature(job: CurvatureJob, document: dict[str, Any], out: Path | None) -> None:
    claim = document["lower_bound"]["l2"]
    lines = [
        f"target {document['target']['name']} = {document['target']['expression']} on the "
        f"{job.target.domain.name}",
        f"every {job.family.class_label} of any width with a curvature of at most "
        f"{claim['curvature']}: relative L2 error at least {claim['value']} "
        f"({claim['evidence']}, {claim['method']})",
    ]
    if job.error is not None:
        needed = f"an error below {job.error} needs a curvature above {claim['curvature']}"
        lines.append(needed + _needed_weights(job.family, claim["curvature"]))
    listed = ", ".join(
        f"{_above(bound)} for {name}" for name, bound in (curvatures(job.family) or {}).items()
    )
    lines.append(
        "curvature of a network: the sum of abs(a) w^2 abs(c) sup abs(s'') over neurons and "
        f"activations, at least sup abs(f''); sup abs(s'') is at most {listed}"
    )
    lines += [] if out is None else [_written(out)]
    for line in lines:
        console().print(line, soft_wrap=True)


def _needed_weights(family: Family, curvature: str) -> str:
    """What a curvature says of the weights, if every activation bends as the most bent one."""
    sup = max((curvatures(family) or {}).values(), default=Fraction(0))
    if not sup:
        return ""
    least = Enclosure(as_ball(Fraction(curvature) / sup)).lower_decimal(7)
    shares = "" if family.activation else " sum abs(c)"
    return f": a sum of abs(a) w^2{shares} above {least}"


def _above(bound: Fraction) -> str:
    return Enclosure(as_ball(bound)).upper_decimal(7)


def _written(out: Path) -> str:
    return f"written to {out}; verify it with: expressivity check {out}"


def _restrictions(family: Family, method: str) -> str:
    """What of the class a method rests on, beyond kind and form."""
    if method not in ("free-knot", "uncut-boxes", "uncut-disks"):  # of any activations
        return ""
    biases = method == "free-knot" and not family.bias
    gates = "" if family.gate is None else f" with {family.gate.name} gates"
    groups = "" if family.group_count == 1 else f" in {family.group_count} groups"
    return (
        f" over {', '.join(family.dictionary)}{gates}{groups}"
        + (" without biases" if biases else "")
    )  # fmt: skip


def _show(job: Job, document: dict[str, Any], out: Path | None) -> None:
    family = job.family
    label = f"{family.kind_and_form} of width {family.width}"
    stated = document["target"]["expression"]
    lines = [f"target {document['target']['name']} = {stated} on the {job.target.domain.name}"]
    if document["lower_bound"] is not None:
        claim = document["lower_bound"]["l2"]
        of = label + _restrictions(family, claim["method"])
        moments = job.target.dimension > 1 and not (job.boxes or job.disks)
        degree = f", degree {job.degree}" if moments else ""
        lines.append(
            f"every {of}: relative L2 error at least {claim['value']} "
            f"({claim['evidence']}, {claim['method']}{degree})"
        )
    if document["upper_bound"] is not None:
        claim = document["upper_bound"]["l2"]
        lines.append(
            f"one {label}: relative L2 error at most {claim['value']} "
            f"({claim['evidence']}, {claim['method']})"
        )
        if "sup" in document["upper_bound"]:
            supremum, gradient = (
                document["upper_bound"][norm]["value"] for norm in ("sup", "w1inf")
            )
            lines.append(
                f"the same network: relative sup error at most {supremum}, gradient error at most "
                f"{gradient} (certified, {claim['method']})"
            )
    if ignored := ignored_kinks(parse(stated)):
        lines.append(ignored_line(ignored))
    if out is not None:
        lines.append(_written(out))
    for line in lines:
        console().print(line, soft_wrap=True)


def _show_sandwich(job: Job) -> None:
    """Certified lower bound, best sum of ridges and best fit, for widths up to the one asked."""
    moments = certified_moments(job.target, job.moments_degree)
    columns = ("width", "certified lower", "method", "best ridges", "best fit", "ridges / lower")
    table = Table(*columns, box=SIMPLE_HEAD, caption=_CAPTION)
    step = job.family.width_step
    families = [job.family.at_width(width) for width in range(step, job.family.width + 1, step)]
    restarts = job.settings.restarts * len(families)
    # A search starts from the best network of the width before, and ends no worse than it.
    units = units_of(job.target, families, job.settings)
    with tally("restarts", restarts, quiet=False, every=SOON) as bar:
        for unit in units:
            bar.update(label=unit.family.label)
            table.add_row(*_sandwich_row(moments, unit, bar.update))
    print_table(table)
    doubt = measuring_grid(job.target).norm.doubt
    if doubt is not None:
        console().print(f"?: the norm of the target is not known: {doubt}", soft_wrap=True)


def _sandwich_row(
    moments: CertifiedMoments, unit: FitUnit, on_finished: Callable[[int], None]
) -> tuple[str, ...]:
    width = unit.family.width
    search = width <= QUICK_SEARCH_WIDTH
    bound = class_bound(moments, unit.family, search=search)
    lower = 0.0 if bound is None else lower_float(moments.relative(bound.distance_squared).ball)
    ridges = best_ridge_error(unit.target, width)
    result, _ = run_unit(unit, on_finished=on_finished)
    fitted = result.error["l2"]
    return (
        str(width),
        f"{lower:.5g}",
        "ridge-search" if search else "ridge-rank",
        f"{ridges:.5g}",
        "failed" if fitted is None else f"{fitted:.5g}{' ?' if result.doubt else ''}",
        f"{ridges / lower:.3f}" if lower > 0 else "-",
    )
