"""The questions of the front door: strings where a person would type strings.

A *target* is a built-in name (``"t2"``), an expression (``"tanh(2*x1)*relu(x2)"``) or a
:class:`Target`. A *family* is a kind (``"la"``), the name of a registered class (``"moa-softmax"``)
or a :class:`Family`. What else is said of a kind (``form``, ``gate``, ``dictionary``, ``bias``,
``groups``, ``constraint``) means what the options of the commands mean.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

from expressivity import checker
from expressivity.bounds import Bound, TargetNorms
from expressivity.bounds import lower_bounds as bounds_for
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.fitting.errors import measuring_grid, snapped
from expressivity.front.answers import (
    Certificate,
    Fit,
    Separation,
    Table,
    bounded,
    classified,
    separated,
)
from expressivity.membership.decide import Classification, classify_or_unknown
from expressivity.names import canonical
from expressivity.relations.asked import question
from expressivity.relations.compare import Comparison, related, with_gaps, works
from expressivity.relations.discover import BUDGET, Discovery, first_found
from expressivity.runs.compiling import in_one_mode, is_compiled
from expressivity.separation.asked import Request
from expressivity.separation.certification import (
    CurvatureJob,
    Job,
    certified,
    certified_curvature,
)
from expressivity.separation.claims import builtin_target, builtin_targets
from expressivity.separation.ladder import find_here, make_ladder
from expressivity.separation.settings import Settings
from expressivity.separation.unit import FitUnit, run_unit
from expressivity.targets.builtin import TARGETS
from expressivity.targets.target import Target
from expressivity.targets.user import user_target


class Said(TypedDict, total=False):
    """What may be said of kinds beside their names; see :class:`Request`."""

    form: str
    gate: str | GateSpec
    dictionary: str | Sequence[str]
    bias: bool
    groups: int | str
    constraint: str


def target(what: str | Target, *, lambda_: float = 2.0, gate: str = "tanh") -> Target:
    """A built-in target by name, or an expression on its default domain.

    Args:
        what: see the module docstring.
        lambda_: of built-in targets that have one.
        gate: of built-in targets that have one.

    Raises:
        ValueError: neither a name nor an expression.

    >>> target("tanh(2*x1)*relu(x2)").dimension
    2
    """
    if isinstance(what, Target):
        return what
    if not isinstance(what, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"required: a target's name, an expression or a Target; got {what!r}")
    if canonical(what, TARGETS) is not None:
        return builtin_target(what, lambda_=lambda_, gate=gate, form=None, dictionary=None)
    try:
        return user_target(what)
    except ValueError as error:
        if not what.isidentifier():
            raise
        listed = ", ".join(TARGETS)
        raise ValueError(
            f"required: an expression, or a target among {listed}; got {what!r}"
        ) from error


def fit(
    target: str | Target,
    family: str | Family = "la",
    *,
    width: int | None = None,
    restarts: int = 32,
    generations: int | None = None,
    seed: int = 0,
    loss: str = "l2",
    optimizer: str = "varpro",
    compile: str = "auto",  # noqa: A002 (the name of the option)
    **said: Unpack[Said],
) -> Fit:
    """Fit networks of a class to a target; the best that a search in generations finds.

    Without a width, a name stands for the least one and a Family for its own; ``restarts``,
    ``generations`` (0 for plain restarts), ``seed``, ``loss``, ``optimizer`` and ``compile`` are
    those of ``separate``.

    Raises:
        ValueError: one line on what does not fit together.

    >>> found = fit("relu(x)", "relu", restarts=4)
    >>> found.error["l2"] < 1e-12
    True
    """
    asked = _target(target)
    settings = Settings(
        restarts=restarts, generations=generations, seed=seed, loss=loss, optimizer=optimizer
    )
    unit = FitUnit(target=asked, family=_family(family, asked, width, said), settings=settings)
    (unit,) = in_one_mode([unit], compile)
    assert isinstance(unit, FitUnit)
    result, lanes = run_unit(unit)
    theta_P = lanes.theta[min(range(len(lanes.l2)), key=lanes.l2.__getitem__)].double()
    if result.error["l2"] is not None:  # tidied, as it was measured
        theta_P = snapped(unit.family, theta_P, measuring_grid(asked))
    return Fit(target=asked, family=unit.family, result=result, theta=theta_P)


def classify(
    target: str | Target,
    family: str | Family | Iterable[str] | None = None,
    **said: Unpack[Said],
) -> Table[Classification]:
    """Whether a function is a network of some finite width, of each class that is asked about.

    Args:
        target: see the module docstring.
        family: one, or several names; by default every kind in every form.
        said: of the kinds.

    Raises:
        ValueError: one line on what does not fit together.

    >>> str(classify("relu(x)", "la", form="type1", dictionary="relu,id")[0].membership.verdict)
    'member'
    """
    asked = _target(target)
    if isinstance(family, Family):
        families = [_family(family, asked, None, said)]
    else:
        families = _request(family, said).rows(asked)
    return classified([classify_or_unknown(asked, one) for one in families])


def lower_bounds(
    target: str | Target,
    family: str | Family = "la",
    *,
    width: int | None = None,
    **said: Unpack[Said],
) -> Table[Bound]:
    """Every bound that holds for the error of all networks of a class.

    Raises:
        ValueError: one line on what does not fit together.

    >>> lower_bounds("t1", "silu")[0].method
    'gradient-jump'
    """
    asked = _target(target)
    one = _family(family, asked, width, said)
    grid = measuring_grid(asked)
    found = bounds_for(asked, one, norms=TargetNorms(l2=grid.l2, sup=grid.sup))
    # A numerical bound rests on the norm.
    return bounded([bound for bound in found if grid.norm.known or bound.evidence.rigorous])


def certify(
    target: str | Target,
    family: str | Family = "la",
    *,
    width: int | None = None,
    degree: int | None = None,
    search: bool = False,
    upper: bool = False,
    curvature: float | str | None = None,
    error: float | str | None = None,
    restarts: int = 32,
    seed: int = 0,
    **said: Unpack[Said],
) -> Certificate:
    """A certificate that others can verify; a dictionary, whose ``write`` makes the file.

    With ``curvature`` it is about all networks, of any width, with a curvature of at most this;
    with ``error`` about the largest curvature at which every error is at least that.

    Raises:
        ValueError: one line on what does not fit together.
        RuntimeError: nothing can be certified.

    >>> certify("t1", "fixed", dictionary="relu2", curvature=100)["lower_bound"]["l2"]["value"]
    '4.187097564e-5'
    """
    asked = _target(target)
    one = _family(family, asked, width, said)
    if curvature is not None or error is not None:
        if width is not None or degree is not None or search or upper:
            raise ValueError(
                "required: a curvature or an error alone, about every width; got width, degree, "
                "search or upper too"
            )
        stated = [None if value is None else str(value) for value in (curvature, error)]
        found = certified_curvature(
            CurvatureJob(target=asked, family=one, curvature=stated[0], error=stated[1])
        )
    else:
        settings = Settings(restarts=restarts, seed=seed)
        job = Job(
            target=asked, family=one, degree=degree, settings=settings, search=search, upper=upper
        )
        found = certified(job)
    if found.document is None:
        raise RuntimeError(f"not decided: {found.failure}")
    return Certificate(found.document)


def check(certificate: Path | str | dict[str, Any]) -> checker.Answer:
    """Verify a certificate, a file or the document itself, with the independent checker.

    Raises:
        ValueError: a file that cannot be read, or is larger than a certificate may be.

    >>> check({"schema": "expressivity.certificate/1"}).outcome
    'rejected'
    """
    if isinstance(certificate, dict):
        return checker.check_document(dict(certificate))
    try:
        with Path(certificate).open("rb") as file:
            content = file.read(checker.MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(
            f"required: a file that can be read; {certificate}: {error.strerror}"
        ) from error
    if len(content) > checker.MAX_BYTES:
        raise ValueError(
            f"required: a certificate of at most {checker.MAX_BYTES} bytes; {certificate} is larger"
        )
    return checker.check_text(content.decode("utf-8", errors="replace"))


def discover(
    larger: str | Family,
    smaller: str | Family,
    *,
    dimension: int | None = None,
    gate: str = "tanh",
    budget: int = BUDGET,
) -> Discovery | None:
    """The simplest function of one class that is proved to lie outside another, or None.

    None decides nothing.

    Args:
        larger: a class to take functions from, of any width.
        smaller: the class that is to miss it; ``"fixed"`` is the union over the dictionary.
        dimension: of the input; by default 1, 2 and 3, cost by cost.
        gate: of ``"moa"``.
        budget: functions to try in each dimension.

    Raises:
        ValueError: one line on what does not fit together.

    >>> found = discover("la", "fixed")
    >>> found.target.formula, found.obstruction
    ('relu(x1) + relu2(x1)', 'smoothness')
    """
    return first_found(question(larger, smaller, dimension=dimension, gate=gate, budget=budget))


def separate(
    *targets: str | Target,
    family: str | Iterable[str] | None = None,
    widths: Iterable[int] | None = None,
    restarts: int = 32,
    generations: int | None = None,
    seed: int = 0,
    loss: str = "l2",
    optimizer: str = "varpro",
    compile: str = "auto",  # noqa: A002
    **said: Unpack[Said],
) -> Separation:
    """The main job, in this process: fits, bounds, membership, and the gaps that follow.

    Without targets, all built-in ones; without families, the pair of each target's theorem. The
    rest are the options of the command.

    Raises:
        ValueError: one line on what does not fit together.
    """
    request = _request(family, said, None if widths is None else tuple(widths))
    settings = Settings(
        restarts=restarts, generations=generations, seed=seed, loss=loss, optimizer=optimizer
    )
    gate = request.gate.name
    if targets:
        asked = [_target(each, gate=gate) for each in targets]
    else:
        asked = builtin_targets(None, lambda_=2.0, gate=gate, form=None, dictionary=None)
    ladder = make_ladder(request, settings, asked)
    compiled = is_compiled(in_one_mode(ladder.units, compile))
    findings = find_here(replace(ladder, compiled=compiled))
    return separated(findings.results, findings.gaps)


def compare(
    a: str | Family,
    b: str | Family,
    *,
    widths: Iterable[int] | None = (1, 2, 4),
    dimension: int | None = None,
    gate: str | GateSpec = "tanh",
    restarts: int = 32,
    generations: int | None = None,
    seed: int = 0,
    compile: str = "auto",  # noqa: A002
) -> Comparison:
    """How two classes lie to each other: both directions, what separates them, by how much.

    Args:
        a: ``fixed``, ``la``, ``moa``, the name of a registered class, or a family, whose width
            does not matter.
        b: another one.
        widths: of the fits to what separates them; None for no fits.
        dimension: by default the least in which both directions are decided.
        gate: of ``moa``.
        restarts: of the fits, as are the rest.
        generations: of a search.
        seed: of the starts.
        compile: as the option of ``separate``.

    Raises:
        ValueError: one line on what cannot be compared.

    >>> print(compare("prelu", "relu", widths=None).sentence)
    prelu and relu are the same functions, over all widths.
    """
    chosen = GateSpec(name=gate) if isinstance(gate, str) else gate
    found = related(a, b, gate=chosen, dimension=dimension)
    if widths is None:
        return found
    settings = Settings(restarts=restarts, generations=generations, seed=seed)
    fits = works(found, tuple(widths), settings, compile=compile)
    return with_gaps(found, fits, lambda unit: run_unit(unit)[0])


_target = target


def _request(
    names: str | Iterable[str] | None, said: Said, widths: tuple[int, ...] | None = None
) -> Request:
    options: dict[str, Any] = dict(said)
    if isinstance(options.get("gate"), str):
        options["gate"] = GateSpec(name=options["gate"])
    dictionary = options.get("dictionary")
    if dictionary is not None:
        split = dictionary.split(",") if isinstance(dictionary, str) else dictionary
        options["dictionary"] = tuple(name.strip() for name in split)
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",") if name.strip()]
    return Request(kinds=None if names is None else tuple(names), widths=widths, **options)


def _family(family: str | Family, target: Target, width: int | None, said: Said) -> Family:
    if isinstance(family, str):
        request = _request(family, said)
        if len(request.kinds or ()) != 1:
            raise ValueError(f"required: one family; got {family!r}")
        return request.one(family.strip(), target, width=width)
    if not isinstance(family, Family):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"required: a family's name or a Family; got {family!r}")
    if said:
        raise ValueError(f"required: a Family alone, which says it all; got {', '.join(said)} too")
    if family.dimension != target.dimension:
        raise ValueError(
            f"required: a family of the target's dimension {target.dimension}; got "
            f"{family.dimension}"
        )
    return family if width is None else replace(family, width=width)
