"""What registration refuses in the record of an activation."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes import facts
from expressivity.classes.activations.record import Activation
from expressivity.registry import of_type
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.plain_functions import PLAIN_FUNCTIONS
from expressivity.symbolic.symbols import Z

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_VARIABLE = re.compile(r"x\d*")  # of the grammar of expressions
_PROBES = tuple(sp.Rational(n, 8) for n in (-61, -29, -12, -5, -1, 2, 7, 13, 30, 59))
_AGREEMENT = 1e-6  # of a torch form in double precision with the expression: a slip, not rounding


def require_sound(activation: Activation) -> None:
    """Refuse a record that declares what its expression does not show.

    Raises:
        ValueError: one line: what was required, what came, what to do.

    >>> from dataclasses import replace
    >>> from expressivity.classes.activations import ACTIVATIONS
    >>> require_sound(replace(ACTIVATIONS["relu"], kink=sp.Integer(0)))
    Traceback (most recent call last):
    ValueError: activation relu: required: a kink that the expression shows (1); got 0: correct it
    """
    of_type(Activation)(activation)
    for problem in _problems(activation):
        raise ValueError(f"activation {activation.name}: required: {problem}")


def _problems(activation: Activation) -> Iterator[str]:
    """What is wrong with a record, first things first."""
    name, s = activation.name, activation.expression
    if not _NAME.fullmatch(name) or _VARIABLE.fullmatch(name):
        yield f"a name of letters, digits and _ that expressions do not use; got {name!r}"
    if PLAIN_FUNCTIONS.get(name, s) != s:
        yield f"for the name {name} the function of expressions, {PLAIN_FUNCTIONS[name]}; got {s}"
    if not s.free_symbols <= {Z}:
        yield f"a sympy expression in activations.Z alone; got {s}: write it in Z"
        return
    if not facts.is_moderate(s):
        yield "an expression of at most 2,000 nodes, with exponents of at most 64: shorten it"
        return
    if not facts.is_exact(s):
        yield f"exact real numbers in the expression; got {s}: write sp.Rational for decimals"
    if elsewhere := facts.changes(s):
        listed = ", ".join(f"{level} = 0" for level in elsewhere)
        yield f"a formula that changes at z = 0 alone; it changes at {listed}: no record holds it"
    yield from _unshown_facts(activation)
    yield from _torch_slips(activation)


def _unshown_facts(activation: Activation) -> Iterator[str]:
    s = activation.expression
    kink, degree = facts.kink_of(s), facts.degree_of(s)
    declared: Any = activation.kink
    if declared is not None and (
        kink is None or is_identity(sp.sympify(declared), kink) is not True
    ):
        yield _unshown("a kink", declared, kink)
    if activation.piece_degree not in (None, degree):
        yield _unshown("a piece_degree", activation.piece_degree, degree)
    power: Any = activation.homogeneous_degree
    if power is not None and (
        not isinstance(power, int) or facts.is_homogeneous(s, power) is not True
    ):
        yield _unshown("a homogeneous_degree", power, None)
    for field, spans in (
        ("an odd_span", (activation.odd_span, None)),
        ("an even_span", (None, activation.even_span)),
    ):
        if facts.parts_lie_in(s, *spans) is not True:
            yield _unshown(field, spans[0] or spans[1] or "()", None)


def _unshown(field: str, declared: object, shown: object) -> str:
    known, advice = ("", "None") if shown is None else (f" ({shown})", "correct it")
    advice = "declare None, which claims nothing" if shown is None else advice
    return f"{field} that the expression shows{known}; got {declared}: {advice}"


def _torch_slips(activation: Activation) -> Iterator[str]:
    z = torch.tensor([float(p) for p in _PROBES], dtype=torch.float64)
    native = activation.native
    forms: dict[str, Callable[[Tensor], tuple[Tensor, Tensor]]] = {
        "a torch form": activation.value_and_derivative
    }
    if native is not None:

        def by_kernels(z: Tensor) -> tuple[Tensor, Tensor]:
            value = native.value(z)
            return value, native.derivative(z, value)

        forms["native kernels"] = by_kernels
    for what, form in forms.items():
        try:
            pair = form(z)
            computed = [part.expand(z.shape).tolist() for part in pair]
        except Exception as error:  # noqa: BLE001 - a plug-in's function may raise anything
            yield (
                f"{what} from a tensor to its value and its derivative; it raised "
                f"{type(error).__name__}: {error}"
            )
            return
        yield from _differences(activation, what, computed)


def _differences(
    activation: Activation, what: str, computed: Sequence[Sequence[float]]
) -> Iterator[str]:
    """Where values and derivatives at the probes are not those of the expression."""
    formulas = (activation.expression, sp.diff(activation.expression, Z))
    for quantity, values, formula in zip(("value", "derivative"), computed, formulas, strict=True):
        for probe, value in zip(_PROBES, values, strict=True):
            exact = formula.subs(Z, probe).evalf(20)
            if not exact.is_Float and not exact.is_Rational:
                yield f"an expression with a numerical value; got {exact} at z = {probe}"
                return
            if not abs(value - float(exact)) <= _AGREEMENT * (1 + abs(float(exact))):
                yield (
                    f"{what} that computes the expression; its {quantity} at z = {probe} "
                    f"is {value:.9g} and not {float(exact):.9g}: correct one of the two"
                )
                return
