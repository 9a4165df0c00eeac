"""What registration refuses in the record of a neuron."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

import sympy as sp
import torch
from sympy.core.relational import (
    GreaterThan,
    LessThan,
    Relational,
    StrictGreaterThan,
    StrictLessThan,
)

from expressivity.classes import facts
from expressivity.classes.neurons.record import MAPS, MAX_MAPS, MIXTURES, Neuron, Partials
from expressivity.registry import of_type
from expressivity.symbolic.identities import is_identity

_NAME = re.compile(r"[a-z][A-Za-z0-9_]*")
_RESERVED = re.compile(r"[xz]\d*|s\d+")  # of expressions and of records
_COMPARISONS = (GreaterThan, LessThan, StrictGreaterThan, StrictLessThan)
_PROBES = 12  # random places at which the torch form is compared
_AGREEMENT = 1e-6  # of a torch form in double precision with the expression: a slip, not rounding


def require_sound(neuron: Neuron) -> None:
    """Refuse a record whose parts do not agree.

    Raises:
        ValueError: one line: what was required, what came, what to do.

    >>> from dataclasses import replace
    >>> from expressivity.classes.neurons import NEURONS
    >>> require_sound(replace(NEURONS["type1"], maps=2))
    Traceback (most recent call last):
    ValueError: form type1: required: an expression or mixtures with map z2; got s1: drop the map
    """
    of_type(Neuron)(neuron)
    for problem in _problems(neuron):
        raise ValueError(f"form {neuron.name}: required: {problem}")


def _problems(neuron: Neuron) -> Iterator[str]:
    """What is wrong with a record, first things first."""
    if not _NAME.fullmatch(neuron.name):
        yield f"a name of letters, digits and _ that begins with a small letter; got {neuron.name}"
    yield from _miscounted(neuron)
    yield from _unusable_parameters(neuron)
    yield from _unusable_expression(neuron)
    yield from _torch_slips(neuron)


def _miscounted(neuron: Neuron) -> Iterator[str]:
    if not 1 <= neuron.maps <= MAX_MAPS:
        yield f"1 to {MAX_MAPS} maps; got {neuron.maps}"
        return
    for maps in neuron.mixtures:
        if not 1 <= len(maps) <= 2 or not all(0 <= i < neuron.maps for i in maps):
            yield f"mixtures of one or two of the {neuron.maps} maps, counted from 0; got {maps}"
            return
    if len(neuron.mixtures) > len(MIXTURES):
        yield f"at most {len(MIXTURES)} mixtures; got {len(neuron.mixtures)}"


def _unusable_parameters(neuron: Neuron) -> Iterator[str]:
    names = [parameter.name for parameter in neuron.parameters]
    taken = [n for n in names if not _NAME.fullmatch(n) or _RESERVED.fullmatch(n)]
    if len(set(names)) < len(names) or taken:
        yield f"parameters with names of their own, as beta; got {', '.join(names)}"
    for parameter in neuron.parameters:
        low, high = parameter.spread
        numbers = (low, parameter.initial, high)
        if (
            not all(map(math.isfinite, numbers))
            or not low <= parameter.initial <= high
            or low == high
        ):
            yield f"a finite spread of {parameter.name} around its start; got {numbers}"
    if neuron.shared and not neuron.parameters:
        yield "parameters that are shared; got none"


def _unusable_expression(neuron: Neuron) -> Iterator[str]:
    expression, symbols = neuron.expression, neuron.symbols
    strange = sorted(map(str, expression.free_symbols - set(symbols)))
    if strange:
        yield (
            f"an expression in {', '.join(map(str, symbols))}; got {', '.join(strange)} in it: "
            "declare maps, mixtures and parameters, and use their symbols"
        )
        return
    looked_at = {MAPS[i] for maps in neuron.mixtures for i in maps}
    for symbol in symbols:
        if symbol not in expression.free_symbols | looked_at:
            what = "map" if symbol in MAPS else "mixture" if symbol in MIXTURES else "parameter"
            yield (
                f"an expression or mixtures with {what} {symbol}; got {expression}: drop the {what}"
            )
    if not facts.is_moderate(expression) or not facts.is_exact(expression):
        yield f"a short expression of exact real numbers; got {expression}: write sp.Rational"
        return
    if singular := _singular(neuron):
        yield (
            f"an expression that is finite and real whatever maps and mixtures are; got {singular} "
            "in it: only parameters may stand there"
        )
        return
    for mixture in MIXTURES[: len(neuron.mixtures)]:
        if not _is_linear(expression, mixture):
            yield f"an expression that is linear in the mixture {mixture}; got {expression}"


def _singular(neuron: Neuron) -> sp.Expr | None:
    """A part that is not certainly finite and real for all values of maps and mixtures."""
    inputs = {*MAPS, *MIXTURES}
    for node in sp.preorder_traversal(neuron.expression):
        part: Any = node
        if part.is_Pow:
            base, exponent = part.base, part.exp
        elif isinstance(node, sp.log):
            base, exponent = part.args[0], sp.S.NegativeOne
        else:
            continue
        entire = exponent.is_Integer and exponent.is_nonnegative
        if entire or not inputs & base.free_symbols:
            continue
        sign = facts.sign_of(_without_cases(base))
        if sign != "+" and not (sign == "0" and exponent.is_positive):
            return part
    return None


def _without_cases(expression: sp.Expr) -> sp.Expr:
    """The expression with a symbol for every Piecewise that is certainly not negative."""
    found: dict[Any, Any] = {
        cases: sp.Dummy(nonnegative=True)
        for cases in expression.atoms(sp.Piecewise)
        if _is_nonnegative(cases)
    }
    return cast(sp.Expr, expression.xreplace(found))


def _is_nonnegative(cases: Any) -> bool:
    """Whether every branch is, by itself or by the condition g >= 0 that holds or has failed."""
    failed: list[Any] = []
    for value, condition in (pair.args for pair in cases.args):
        level: Any = None
        if isinstance(condition, _COMPARISONS):
            greater, lesser = cast(Any, condition.gts), cast(Any, condition.lts)
            level = greater - lesser
        known = value.is_nonnegative or value in [level, *[-g for g in failed]]
        if not known:
            return False
        failed += [] if level is None else [level]
    return True


def _is_linear(expression: sp.Expr, mixture: sp.Symbol) -> bool:
    """Whether it is certainly linear, and not by a root or a choice that hides how it bends."""
    hidden = [*expression.atoms(Relational), *expression.atoms(sp.Pow)]
    for node in hidden:
        part: Any = node
        if part.has(mixture) and not (part.is_Pow and part.exp.is_Integer):
            return False
    try:
        return is_identity(sp.diff(expression, mixture, 2), sp.S.Zero) is True
    except (AttributeError, TypeError):  # of a function that sympy does not differentiate
        return False


def _torch_slips(neuron: Neuron) -> Iterator[str]:
    places = _places(neuron)
    columns = [torch.tensor(column, dtype=torch.float64) for column in zip(*places, strict=True)]
    ends = (neuron.maps, neuron.maps + len(neuron.mixtures))
    try:
        found: Any = neuron.partials(
            columns[: ends[0]], columns[ends[0] : ends[1]], columns[ends[1] :]
        )
        computed = _listed(found, len(places))
    except Exception as error:  # noqa: BLE001 - a plug-in's function may raise anything
        yield (
            "a torch form from maps, mixtures and parameters to Partials; it raised "
            f"{type(error).__name__}: {error}"
        )
        return
    formulas = {"value": neuron.expression} | {
        f"derivative by {symbol}": sp.diff(neuron.expression, symbol) for symbol in neuron.symbols
    }
    if len(computed) != len(formulas):
        yield f"a torch form with a derivative by each of {neuron.symbols}; got {len(computed) - 1}"
        return
    for (quantity, formula), values in zip(formulas.items(), computed, strict=True):
        for place, value in zip(places, values, strict=True):
            named: Any = dict(zip(neuron.symbols, map(sp.Rational, place), strict=True))
            exact: Any = formula.xreplace(named)
            exact = exact.evalf(20)
            if not exact.is_Float and not exact.is_Rational:
                yield f"an expression with a numerical value; got {exact} for its {quantity}"
                return
            if not abs(value - float(exact)) <= _AGREEMENT * (1 + abs(float(exact))):
                yield (
                    f"a torch form that computes the expression; its {quantity} is {value:.9g} "
                    f"and not {float(exact):.9g} at {tuple(named.values())}: correct one of the two"
                )
                return


def _places(neuron: Neuron) -> list[list[float]]:
    """Places in general position; parameters within their spreads, in steps of 1/64."""
    draw = torch.Generator().manual_seed(0)
    count = neuron.maps + len(neuron.mixtures)
    free = torch.randint(-320, 321, (_PROBES, count), generator=draw) * 2 + 1
    free[::3] *= 8  # some far out
    rows = (free / 128).tolist()
    for parameter in neuron.parameters:
        low, high = parameter.spread
        for row, part in zip(rows, torch.rand(_PROBES, generator=draw).tolist(), strict=True):
            row.append(round((low + part * (high - low)) * 64) / 64)
        rows[-1][-1] = parameter.initial
    return rows


def _listed(found: Partials, length: int) -> list[list[float]]:
    parts: Sequence[Any] = (found.value, *found.maps, *found.mixtures, *found.parameters)
    return [torch.as_tensor(part, dtype=torch.float64).expand(length).tolist() for part in parts]
