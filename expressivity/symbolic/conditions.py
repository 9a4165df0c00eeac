"""Functions with kinks of functions with kinks, without a condition that holds a Piecewise.

sympy folds a Piecewise out of a condition by trying every combination of its branches, which takes
minutes for five absolute values in each other. Here the sign of z is found case by case: the first
condition that z meets undecided is assumed to hold, then not to hold. The result is the nested
choice that sympy would find, over plain conditions, and no longer than there are cases.
"""

from collections.abc import Mapping
from typing import Any, cast

import sympy as sp
from sympy.core.relational import (
    GreaterThan,
    LessThan,
    Relational,
    StrictGreaterThan,
    StrictLessThan,
)

MAX_CASES = 256
"""Of one condition, which has a kink of the function in each."""

_Assumed = Mapping[Any, bool]
"""Whether g > 0, by g."""


def compose(form: sp.Expr, variable: sp.Symbol, argument: sp.Expr) -> sp.Expr:
    """``form`` with its variable replaced, as ``subs`` does, where both may have kinks.

    Raises:
        ValueError: a condition of the result takes more than ``MAX_CASES`` cases.

    >>> x = sp.Symbol("x", real=True)
    >>> relu = sp.Piecewise((x, x > 0), (0, True))
    >>> compose(relu, x, relu - 1).args[0].cond
    ITE(x > 0, x > 1, False)
    """
    relations = form.atoms(Relational)
    known = all(isinstance(relation, _INEQUALITIES) for relation in relations)
    if not (relations and known and _is_piecewise(argument, {})):
        return form.subs(variable, argument)
    replaced: dict[Any, Any] = {variable: argument}
    for relation in relations:
        level = _level(relation).xreplace({variable: argument})
        strict = not isinstance(relation, GreaterThan | LessThan)
        replaced[relation] = _positive(level) if strict else sp.Not(_positive(-level))
    return cast(sp.Expr, form.xreplace(replaced))


_INEQUALITIES = (StrictGreaterThan, StrictLessThan, GreaterThan, LessThan)


def _level(relation: Any) -> Any:
    """g of a condition g > 0 or g >= 0."""
    return relation.gts - relation.lts


def _is_piecewise(node: Any, memo: dict[Any, bool]) -> bool:
    """As ``has``, but each shared part is looked at once."""
    if node not in memo:
        memo[node] = isinstance(node, sp.Piecewise) or any(
            _is_piecewise(part, memo) for part in node.args
        )
    return memo[node]


def _positive(z: Any) -> Any:
    """z > 0 as a condition without Piecewise parts."""
    cases = 0

    def given(assumed: _Assumed) -> Any:
        nonlocal cases
        value = _resolve(z, assumed, {})
        if not isinstance(value, Relational):
            cases += 1
            if cases > MAX_CASES:
                raise ValueError(
                    f"required: at most {MAX_CASES} cases to tell the sign of a part with kinks; "
                    "got more: nest fewer of abs, relu, leaky_relu and relu2 in each other"
                )
            relation: Any = sp.Gt(value, 0)
            return relation.canonical
        level = _level(value)
        holds, fails = given({**assumed, level: True}), given({**assumed, level: False})
        return holds if holds == fails else sp.ITE(value, holds, fails)

    return given({})


def _resolve(node: Any, assumed: _Assumed, memo: dict[Any, Any]) -> Any:
    """The formula that holds under the assumptions, or the first condition they leave open."""
    if node not in memo:
        memo[node] = _resolved(node, assumed, memo)
    return memo[node]


def _resolved(node: Any, assumed: _Assumed, memo: dict[Any, Any]) -> Any:
    if isinstance(node, sp.Piecewise):
        for pair in node.args:
            value, condition = cast(Any, pair).args
            holds = _truth(condition, assumed)
            if holds is True:
                return _resolve(value, assumed, memo)
            if holds is not False:
                return holds
    parts: list[Any] = []
    for part in node.args:
        parts.append(_resolve(part, assumed, memo))
        if isinstance(parts[-1], Relational):
            return parts[-1]
    return node if all(p is q for p, q in zip(parts, node.args, strict=True)) else node.func(*parts)


def _truth(condition: Any, assumed: _Assumed) -> Any:
    """True, False, or the strict condition g > 0 that decides it and is not decided."""
    if condition in (sp.true, sp.false):
        return condition == sp.true
    if isinstance(condition, Relational):
        return _relation_truth(condition, assumed)
    if isinstance(condition, sp.ITE):
        test, then, other = condition.args
        holds = _truth(test, assumed)
        return _truth(then if holds else other, assumed) if isinstance(holds, bool) else holds
    if isinstance(condition, sp.Not):
        holds = _truth(condition.args[0], assumed)
        return not holds if isinstance(holds, bool) else holds
    if not isinstance(condition, sp.And | sp.Or):
        raise ValueError(f"required: conditions of the form g > 0; got {condition}")
    decisive = isinstance(condition, sp.Or)
    for part in condition.args:
        holds = _truth(part, assumed)
        if holds is not (not decisive):
            return holds
    return not decisive


def _relation_truth(relation: Any, assumed: _Assumed) -> Any:
    level = _level(relation)
    if isinstance(relation, GreaterThan | LessThan):  # g >= 0 is not -g > 0
        holds = _strict_truth(-level, assumed)
        return not holds if isinstance(holds, bool) else holds
    return _strict_truth(level, assumed)


def _strict_truth(level: Any, assumed: _Assumed) -> Any:
    if level in assumed:
        return assumed[level]
    if assumed.get(-level) is True:
        return False
    return sp.Gt(level, 0)
