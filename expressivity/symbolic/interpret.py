"""One walk over a sympy expression for every kind of number.

A target is written once, in sympy; its torch values (any device, any dtype) and its ball
enclosures are the same walk with another ``Arithmetic``. Nothing is printed to source text
and executed. Quotients of exponentials are read as ``exponentials.py`` writes them.
"""

import functools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import flint
import sympy as sp
import torch
from sympy.core.relational import GreaterThan, LessThan, StrictGreaterThan, StrictLessThan
from torch import Tensor

from expressivity.symbolic.exponentials import Quotient, Share, as_quotient, has_quotient

_Inequality = GreaterThan | LessThan | StrictGreaterThan | StrictLessThan


@dataclass(frozen=True, kw_only=True)
class Arithmetic:
    """The operations the walk needs.

    Attributes:
        number: exact sympy number or constant to a value.
        power: (value, exact rational exponent) to a value.
        functions: unary functions by sympy class name.
        choose: (value of g, value if g > 0, value otherwise) to a value.
        share: (terms (c, u) of a sum of c exp(u), c > 0, where None stands for c = 1 and for
            u = 0; negative exact exponent) to that power of the sum. None: by the others.
    """

    number: Callable[[sp.Expr], Any]
    power: Callable[[Any, sp.Rational], Any]
    functions: Mapping[str, Callable[[Any], Any]]
    choose: Callable[[Any, Any, Any], Any]
    share: Callable[[Sequence["Term"], sp.Rational], Any] | None = None
    skips: bool = True


Term = tuple[Any, Any]
"""Weight and exponent of c exp(u), each None where it is left out."""


def interpret(expression: sp.Expr, values: Mapping[sp.Symbol, Any], rules: Arithmetic) -> Any:
    """Value of ``expression`` with its symbols replaced by ``values``.

    Raises:
        ValueError: the expression holds a function or relation the arithmetic lacks.

    >>> x = sp.Symbol("x")
    >>> interpret(sp.sin(x) ** 2 + 1, {x: torch.zeros(2)}, TORCH).tolist()
    [1.0, 1.0]
    """
    memo: dict[Any, Any] = dict(values)

    def walk(node: Any) -> Any:
        if node not in memo:
            memo[node] = _apply(node, walk, rules)
        return memo[node]

    return walk(expression)


def compiled(
    expression: sp.Expr, symbols: Sequence[sp.Symbol], rules: Arithmetic
) -> Callable[..., Any]:
    """A function of the symbols' values: the same walk, recorded once and replayed at each call.

    Raises:
        ValueError: as for :func:`interpret`; a condition, where the arithmetic ``skips`` the
            branch that does not hold, as a recording cannot.

    >>> x = sp.Symbol("x")
    >>> compiled(sp.sin(x) ** 2 + x, [x], TORCH)(torch.zeros(2)).tolist()
    [0.0, 0.0]
    """
    steps: list[_Step] = []

    def record(operation: Callable[..., Any], *arguments: _Register) -> _Register:
        steps.append((operation, tuple(argument.index for argument in arguments)))
        return _Register(index=len(symbols) + len(steps) - 1, record=record)

    def refuse(*_: object) -> NoReturn:
        raise ValueError("required: a formula without conditions; got a Piecewise")

    def choose(*parts: _Register) -> _Register:
        return record(rules.choose, *parts)

    recording = Arithmetic(
        number=lambda node: record(functools.partial(rules.number, node)),
        power=lambda base, exponent: record(lambda value: rules.power(value, exponent), base),
        functions={
            name: functools.partial(record, function) for name, function in rules.functions.items()
        },
        choose=refuse if rules.skips else choose,
        share=None if rules.share is None else functools.partial(_recorded_share, rules, record),
    )
    start = {symbol: _Register(index=k, record=record) for k, symbol in enumerate(symbols)}
    result = interpret(expression, start, recording).index

    def replay(*values: Any) -> Any:
        registers = list(values)
        for operation, arguments in steps:
            registers.append(operation(*[registers[k] for k in arguments]))
        return registers[result]

    return replay


def _recorded_share(
    rules: Arithmetic,
    record: Callable[..., "_Register"],
    terms: Sequence[Term],
    exponent: sp.Rational,
) -> "_Register":
    share = rules.share
    assert share is not None
    shape = [(weight is not None, u is not None) for weight, u in terms]

    def replay(*values: Any) -> Any:
        rest = iter(values)
        pairs = [(next(rest) if w else None, next(rest) if u else None) for w, u in shape]
        return share(pairs, exponent)

    return record(replay, *[part for term in terms for part in term if part is not None])


_Step = tuple[Callable[..., Any], tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class _Register:
    """A value of a recording: where a replay keeps it."""

    index: int
    record: Callable[..., Any]

    def __add__(self, other: "_Register") -> "_Register":
        return self.record(operator.add, self, other)

    def __mul__(self, other: "_Register") -> "_Register":
        return self.record(operator.mul, self, other)


def _apply(node: Any, walk: Callable[[Any], Any], rules: Arithmetic) -> Any:
    if node.is_Number or node.is_NumberSymbol:
        return rules.number(node)
    if (node.is_Mul or node.is_Pow) and has_quotient(node):
        quotient = as_quotient(node)
        if quotient is not None:
            return _quotient(quotient, walk, rules)
    if node.is_Add or node.is_Mul:
        result = walk(node.args[0])
        for argument in node.args[1:]:
            other = walk(argument)
            result = result + other if node.is_Add else result * other
        return result
    if node.is_Pow and node.exp.is_Rational:
        return rules.power(walk(node.base), node.exp)
    if isinstance(node, sp.Piecewise):
        return _piecewise(node, walk, rules)
    function = rules.functions.get(type(node).__name__)
    if function is None or len(node.args) != 1:
        raise ValueError(f"required: an expression of known functions; got {type(node).__name__}")
    return function(walk(node.args[0]))


def _quotient(quotient: Quotient | sp.Expr, walk: Callable[[Any], Any], rules: Arithmetic) -> Any:
    if not isinstance(quotient, Quotient):
        return walk(quotient)
    factors = [] if quotient.rest == 1 else [walk(quotient.rest)]
    factors += [_share(share, walk, rules) for share in quotient.shares]
    return functools.reduce(operator.mul, factors)


def _share(share: Share, walk: Callable[[Any], Any], rules: Arithmetic) -> Any:
    terms = [
        (None if weight == 1 else walk(weight), None if u == 0 else walk(u))
        for weight, u in zip(share.weights, share.exponents, strict=True)
    ]
    if rules.share is not None:
        return rules.share(terms, share.power)
    number, exp = rules.number(sp.S.One), rules.functions["exp"]
    return rules.power(_sum(terms, number, exp), share.power)


def _sum(terms: Sequence[Term], one: Any, exp: Callable[[Any], Any]) -> Any:
    """The sum of the terms, in their order."""

    def value(weight: Any, u: Any) -> Any:
        if u is None:
            return one if weight is None else weight
        return exp(u) if weight is None else weight * exp(u)

    return functools.reduce(operator.add, [value(weight, u) for weight, u in terms])


def _piecewise(node: sp.Piecewise, walk: Callable[[Any], Any], rules: Arithmetic) -> Any:
    value, condition = node.args[-1].args
    if condition != sp.true:
        raise ValueError("required: a Piecewise whose last branch holds everywhere else")
    result = walk(value)
    for branch, condition in reversed([pair.args for pair in node.args[:-1]]):
        result = _choose(condition, walk(branch), result, walk, rules)
    return result


def _choose(
    condition: Any, holds: Any, otherwise: Any, walk: Callable[[Any], Any], rules: Arithmetic
) -> Any:
    """Choice by g > 0 or by a combination of such conditions, which sympy makes of nested parts."""
    if isinstance(condition, _Inequality):
        # gts and lts are the greater and the lesser side, whichever way it is written.
        greater, lesser = cast(Any, condition.gts), cast(Any, condition.lts)
        if isinstance(condition, GreaterThan | LessThan):  # g >= 0 is not -g > 0
            return rules.choose(walk(lesser - greater), otherwise, holds)
        return rules.choose(walk(greater - lesser), holds, otherwise)
    if condition in (sp.true, sp.false):
        return holds if condition == sp.true else otherwise
    if isinstance(condition, sp.ITE):
        test, then, other = condition.args
        then = _choose(then, holds, otherwise, walk, rules)
        return _choose(test, then, _choose(other, holds, otherwise, walk, rules), walk, rules)
    if isinstance(condition, sp.And):
        for part in condition.args:
            holds = _choose(part, holds, otherwise, walk, rules)
        return holds
    if isinstance(condition, sp.Or):
        for part in condition.args:
            otherwise = _choose(part, holds, otherwise, walk, rules)
        return otherwise
    raise ValueError(f"required: conditions of the form g > 0; got {condition}")


def _torch_power(base: Any, exponent: sp.Rational) -> Any:
    if exponent.q == 1:
        return base ** int(exponent)
    return base ** float(exponent)


def _on_tensor(function: Callable[[Tensor], Tensor]) -> Callable[[Any], Any]:
    return lambda value: function(torch.as_tensor(value, dtype=_dtype_of(value)))


def _dtype_of(value: Any) -> torch.dtype:
    return value.dtype if isinstance(value, Tensor) else torch.float64


def _torch_choose(level: Any, positive: Any, otherwise: Any) -> Tensor:
    level = torch.as_tensor(level, dtype=_dtype_of(level))
    return torch.where(
        level > 0,
        torch.as_tensor(positive, dtype=level.dtype, device=level.device),
        torch.as_tensor(otherwise, dtype=level.dtype, device=level.device),
    )


TORCH = Arithmetic(
    number=float,
    power=_torch_power,
    functions={
        "exp": _on_tensor(torch.exp),
        "sin": _on_tensor(torch.sin),
        "cos": _on_tensor(torch.cos),
        "tanh": _on_tensor(torch.tanh),
        "erf": _on_tensor(torch.erf),
        "Abs": _on_tensor(torch.abs),
        "sign": _on_tensor(torch.sign),
        "log": _on_tensor(torch.log),
    },
    choose=_torch_choose,
    skips=False,
)


def _ball_number(node: Any) -> flint.arb:
    if node.is_Rational:
        return flint.arb(flint.fmpq(int(node.p), int(node.q)))
    if node == sp.pi:
        return flint.arb.pi()
    if node == sp.E:
        return flint.arb.const_e()
    raise ValueError(f"required: rationals, pi and e; got {node}")


def _ball_power(base: flint.arb, exponent: sp.Rational) -> flint.arb:
    if exponent.q == 1:
        # By products: flint's own power of a ball around 0 is NaN.
        product = flint.arb(1)
        for _ in range(abs(int(exponent))):
            product *= base
        return 1 / product if exponent < 0 else product
    if exponent.q == 2:
        return base.sqrt() ** int(exponent.p)
    return base ** flint.arb(flint.fmpq(int(exponent.p), int(exponent.q)))


def _ball_choose(level: flint.arb, positive: flint.arb, otherwise: flint.arb) -> flint.arb:
    if level > 0:
        return positive
    if level <= 0:
        return otherwise
    return positive.union(otherwise)


_WIDE = 2.0**-8


def _increasing(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """By the ends of a wide real ball, where the ball's own function is wide or NaN."""

    def values(value: Any) -> Any:
        if not isinstance(value, flint.arb) or not value.rad() > _WIDE:
            return function(value)
        return function(value.lower()).union(function(value.upper()))

    return values


def ball_share(
    power: Callable[[Any, sp.Rational], Any],
) -> Callable[[Sequence[Term], sp.Rational], Any]:
    """``Arithmetic.share`` of balls: real ones by the ends, since the sum increases with each u."""

    def ends(terms: Sequence[Term], end: Callable[[flint.arb], flint.arb]) -> Any:
        at = [(weight, None if u is None else end(u)) for weight, u in terms]
        return _sum(at, flint.arb(1), lambda u: u.exp())

    def share(terms: Sequence[Term], exponent: sp.Rational) -> Any:
        exponents = [u for _, u in terms if u is not None]
        real = all(isinstance(u, flint.arb) for u in exponents)
        if real and any(u.rad() > _WIDE for u in exponents):
            low, high = (ends(terms, end) for end in (flint.arb.lower, flint.arb.upper))
            return power(low, exponent).union(power(high, exponent))
        return power(_sum(terms, flint.arb(1), lambda u: u.exp()), exponent)

    return share


def _ball_abs(value: flint.arb) -> flint.arb:
    return abs(value)


BALL = Arithmetic(
    number=_ball_number,
    power=_ball_power,
    functions={
        "exp": _increasing(lambda value: value.exp()),
        "sin": lambda value: value.sin(),
        "cos": lambda value: value.cos(),
        "tanh": _increasing(lambda value: value.tanh()),
        "erf": _increasing(lambda value: value.erf()),
        "Abs": _ball_abs,
        "sign": lambda value: value.sgn(),
        "log": lambda value: value.log(),
    },
    choose=_ball_choose,
    share=ball_share(_ball_power),
)


def lower_float(ball: flint.arb) -> float:
    """A float at or below every number in ``ball``: the lower end itself where it is a float.

    >>> lower_float(flint.arb(1) / 3) < 1 / 3 + 1e-16, lower_float(flint.arb(1) / 2)
    (True, 0.5)
    """
    lower = ball.lower()
    value = float(lower)
    return value if flint.arb(value) <= lower else math.nextafter(value, -math.inf)
