"""Gates of a mixture of activations: pi_k(x) = scale_k g_k(u_1.x + e_1, ..., u_K.x + e_K).

``sigmoid`` and ``tanh`` act on each coordinate alone, ``softmax`` on all K jointly. The two
switches of a ``GateSpec`` turn the input-independent ``scale_k`` and the bias ``e_k`` off
(scale_k = 1, e_k = 0): docs/theory.md, section 2, shows what each switch decides.

Obstructions rest on facts of a gate that its symbolic form shows at the number of logits in
question (``is_analytic``, ``is_positive``, ``is_bounded``, ..); where it does not show one, they
do not apply. Registration refuses a record that declares what is not shown.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes import facts, poles
from expressivity.registry import Registry, of_type
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.piecewise import by_conditions
from expressivity.symbolic.quotients import is_meromorphic, is_of_exponentials
from expressivity.symbolic.symbols import Z


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One gate function g: R^K -> R^K.

    Attributes:
        name: its name in commands.
        expression: symbolic g_k, from the K logits and k.
        value: torch form; logits ``[..., K, N]`` with the gate axis at ``-2`` to values of
            the same shape.
        pullback: (values, rows) -> rows times the Jacobian of g: maps dL/dg to dL/dlogits,
            both ``[..., K, N]``.
        positive: every g_k is positive everywhere; False claims nothing.
        vanishes_at_zero: every g_k is 0 where all logits are 0; False claims nothing.
    """

    name: str
    expression: Callable[[Sequence[sp.Expr], int], sp.Expr]
    value: Callable[[Tensor], Tensor]
    pullback: Callable[[Tensor, Tensor], Tensor]
    positive: bool
    vanishes_at_zero: bool


def is_analytic(gate: Gate, size: int) -> bool:
    """Whether every one of ``size`` gates is certainly real-analytic in the logits.

    >>> is_analytic(GATES["softmax"], 3)
    True
    """
    return all(facts.is_real_analytic(form) for form in _forms(gate, size))


def is_positive(gate: Gate, size: int) -> bool:
    """Whether every one of ``size`` gates is certainly positive, whatever the logits are.

    >>> is_positive(GATES["sigmoid"], 2), is_positive(GATES["tanh"], 2)
    (True, False)
    """
    return all(facts.sign_of(form) == "+" for form in _forms(gate, size))


def vanishes_at_zero(gate: Gate, size: int) -> bool:
    """Whether every one of ``size`` gates is certainly 0 where all logits are 0.

    >>> vanishes_at_zero(GATES["tanh"], 2), vanishes_at_zero(GATES["softmax"], 2)
    (True, False)
    """
    at_zero: Any = dict.fromkeys(_logits(size), sp.S.Zero)
    return all(form.subs(at_zero) == 0 for form in _forms(gate, size))


@functools.lru_cache(maxsize=256)
def is_bounded(gate: Gate, size: int) -> bool:
    """Whether every one of ``size`` gates is certainly bounded, whatever the logits are.

    >>> all(is_bounded(GATES[name], 3) for name in GATES)
    True
    """
    return all(facts.is_bounded(form) for form in _forms(gate, size))


@functools.lru_cache(maxsize=256)
def are_meromorphic(gate: Gate, size: int) -> bool:
    """Whether every one of ``size`` gates is real-analytic, and meromorphic at affine logits.

    >>> are_meromorphic(GATES["softmax"], 3)
    True
    """
    forms, logits = _forms(gate, size), _logits(size)
    return is_analytic(gate, size) and all(is_meromorphic(form, *logits) for form in forms)


@functools.lru_cache(maxsize=256)
def are_of_exponentials(gate: Gate, size: int) -> bool:
    """Whether every one of ``size`` gates is real-analytic and rational in exponentials.

    >>> are_of_exponentials(GATES["softmax"], 3)
    True
    """
    forms, logits = _forms(gate, size), _logits(size)
    return is_analytic(gate, size) and all(is_of_exponentials(form, *logits) for form in forms)


@functools.lru_cache(maxsize=256)
def poles_are_simple(gate: Gate, size: int) -> bool:
    """Whether every gate looks at its own logit alone and continues with simple poles.

    So it does at an affine logit as well. A softmax may have poles of any order there.

    >>> poles_are_simple(GATES["sigmoid"], 2), poles_are_simple(GATES["softmax"], 2)
    (True, False)
    """
    profiles = _profiles(gate, size)
    return profiles is not None and all(
        order is not None and order <= 1 for order in map(poles.pole_order, profiles)
    )


@functools.lru_cache(maxsize=256)
def have_one_lattice(gate: Gate, size: int) -> bool:
    """Whether every gate is a + b tanh(c h + d) of its own logit h, with numbers a to d.

    >>> have_one_lattice(GATES["sigmoid"], 2), have_one_lattice(GATES["softmax"], 2)
    (True, False)
    """
    profiles = _profiles(gate, size)
    return profiles is not None and all(map(_has_one_lattice, profiles))


def _has_one_lattice(profile: sp.Expr) -> bool:
    lattices = poles.tanh_lattices(profile, Z)
    return lattices is not None and len(lattices) <= 1 and facts.is_bounded(profile)


@functools.lru_cache(maxsize=256)
def are_shares(gate: Gate, size: int) -> bool:
    """Whether the gates are positive and in proportion to the exponentials of their logits.

    >>> are_shares(GATES["softmax"], 3), are_shares(GATES["sigmoid"], 3)
    (True, False)
    """
    forms, logits = _forms(gate, size), _logits(size)
    return is_positive(gate, size) and all(
        is_identity(form * sp.exp(logits[0]), forms[0] * sp.exp(h)) is True
        for form, h in zip(forms, logits, strict=True)
    )


def _profiles(gate: Gate, size: int) -> tuple[sp.Expr, ...] | None:
    """The gates as functions of ``Z``, where each looks at its own logit alone, else None."""
    forms, logits = _forms(gate, size), _logits(size)
    if any(form.free_symbols - {h} for form, h in zip(forms, logits, strict=True)):
        return None
    return tuple(form.subs(h, Z) for form, h in zip(forms, logits, strict=True))


def acts_alone(gate: Gate, size: int) -> bool:
    """Whether each of ``size`` gates is certainly one function of its own logit, as it is for one.

    >>> acts_alone(GATES["tanh"], 3), acts_alone(GATES["softmax"], 3)
    (True, False)
    """
    (alone,), logits = _forms(gate, 1), _logits(size)
    return all(
        form == alone.xreplace({logits[0]: logit})
        for form, logit in zip(_forms(gate, size), logits, strict=True)
    )


@functools.lru_cache(maxsize=256)
def look_one_way(gate: Gate, size: int) -> bool:
    """Whether ``size`` gates are certainly functions of one affine function of their logits.

    One gate is; two shares whose sum is constant are functions of the difference of their logits.

    >>> [look_one_way(GATES["softmax"], size) for size in (1, 2, 3)]
    [True, True, False]
    """
    if size != 2 or not are_shares(gate, size):
        return size == 1
    whole = sp.Add(*_forms(gate, size))
    constant: Any = whole.subs(dict.fromkeys(_logits(size), sp.S.Zero))
    return is_identity(whole, constant) is True


def gate_of(gate: Gate, logits: Sequence[sp.Expr], k: int) -> sp.Expr:
    """The symbolic g_k of these logits, its own Abs, Max and the like by cases.

    >>> gate_of(GATES["softmax"], (sp.S.Zero, sp.S.Zero), 0)
    1/2
    """
    generic = _forms(gate, len(logits))[k]
    cases: Any = by_conditions(generic)
    if cases == generic:
        return gate.expression(logits, k)
    return cases.xreplace(dict(zip(_logits(len(logits)), logits, strict=True)))


@functools.lru_cache(maxsize=256)
def _forms(gate: Gate, size: int) -> tuple[sp.Expr, ...]:
    logits = _logits(size)
    return tuple(sp.sympify(gate.expression(logits, k), strict=True) for k in range(size))


@functools.lru_cache(maxsize=64)
def _logits(size: int) -> tuple[sp.Symbol, ...]:
    return tuple(sp.Symbol(f"h{k}", real=True) for k in range(size))


@dataclass(frozen=True, kw_only=True)
class GateSpec:
    """A gate with its two switches.

    >>> GateSpec(name="tanh").json()
    {'name': 'tanh', 'scale': True, 'bias': True}
    """

    name: str
    scale: bool = True
    bias: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", GATES.canonical(self.name))
        for field in ("scale", "bias"):
            value: Any = getattr(self, field)
            if not isinstance(value, bool):
                raise ValueError(f"required: True or False for the gate's {field}; got {value!r}")

    def json(self) -> dict[str, object]:
        """The JSON form of docs/formats.md."""
        return {"name": self.name, "scale": self.scale, "bias": self.bias}


def _sigmoid(logits: Tensor) -> Tensor:
    # Eager torch.sigmoid rounds differently in a vector's tail; exp and division do not, and
    # a lane's bits must not depend on its neighbours.
    decay = torch.exp(-torch.abs(logits))
    return torch.where(logits >= 0, torch.ones_like(decay), decay) / (1 + decay)


def _softmax_pullback(values: Tensor, rows: Tensor) -> Tensor:
    return values * (rows - (values * rows).sum(-2, keepdim=True))


_SIZES = (1, 2, 3)  # numbers of logits at which a record is looked at when it is registered
_PROBES = ((-1.75, 0.5, 2.25), (0.375, -0.625, 1.125))
_STEP, _AGREEMENT = 1e-5, 1e-6


def require_sound(gate: Gate) -> None:
    """Refuse a record that declares what its expression does not show.

    Raises:
        ValueError: one line: what was required, what came, what to do.

    >>> from dataclasses import replace
    >>> require_sound(replace(GATES["tanh"], positive=True))
    Traceback (most recent call last):
    ValueError: gate tanh: required: positive only where the expression shows it: declare False
    """
    of_type(Gate)(gate)
    for problem in _problems(gate):
        raise ValueError(f"gate {gate.name}: required: {problem}")


def _problems(gate: Gate) -> Iterator[str]:
    """What is wrong with a record, first things first."""
    if not gate.name.isidentifier():
        yield f"a name of letters, digits and _; got {gate.name!r}"
    for size in _SIZES:
        try:
            forms: tuple[Any, ...] = _forms(gate, size)
        except Exception as error:  # noqa: BLE001 - a plug-in's function may raise anything
            yield f"an expression of the logits and k; it raised {type(error).__name__}: {error}"
            return
        for form in forms:
            if not isinstance(form, sp.Expr) or not form.free_symbols <= set(_logits(size)):
                yield f"a sympy expression of the logits it is given; got {form}"
                return
            if not facts.is_moderate(form):
                yield "an expression of at most 2,000 nodes, with exponents of at most 64"
                return
            if not facts.is_exact(form):
                yield f"exact real numbers; got {form}: write sp.Rational for decimals"
        for fact, shown in (("positive", is_positive), ("vanishes_at_zero", vanishes_at_zero)):
            if getattr(gate, fact) and not shown(gate, size):
                yield f"{fact} only where the expression shows it: declare False"
        yield from _torch_slips(gate, size, forms)


def _torch_slips(gate: Gate, size: int, forms: Sequence[Any]) -> Iterator[str]:
    """Where value or pullback are not those of the expression: a slip, not rounding."""
    logits_KN = torch.tensor(_PROBES, dtype=torch.float64).T[:size]
    steps = (_STEP, -_STEP)
    try:
        values_KN = gate.value(logits_KN)
        found = values_KN.tolist()
        for k in range(size):
            rows_KN = torch.zeros_like(logits_KN)
            rows_KN[k] = 1.0
            slopes_KN = gate.pullback(values_KN, rows_KN)
            for j in range(size):
                moved = [logits_KN + step * torch.eye(size)[:, j, None] for step in steps]
                ahead_N, behind_N = (gate.value(logits)[k] for logits in moved)
                gap_N = slopes_KN[j] - (ahead_N - behind_N) / (2 * _STEP)
                if not bool((gap_N.abs() <= _AGREEMENT * (1 + slopes_KN[j].abs())).all()):
                    yield "a pullback that is the transposed Jacobian of the value: correct it"
                    return
    except Exception as error:  # noqa: BLE001 - a plug-in's function may raise anything
        yield (
            "value and pullback of tensors with the gate axis at -2; one raised "
            f"{type(error).__name__}: {error}"
        )
        return
    for k, form in enumerate(forms):
        for n, point in enumerate(_PROBES):
            at = {h: sp.Rational(str(p)) for h, p in zip(_logits(size), point, strict=False)}
            exact = form.subs(at).evalf(20)
            if not (exact.is_Float or exact.is_Rational):
                yield f"an expression with numerical values; got {exact} at the logits {point}"
                return
            if not abs(found[k][n] - float(exact)) <= _AGREEMENT * (1 + abs(float(exact))):
                yield f"a torch value that computes the expression; it differs at {point}"
                return


GATES: Registry[Gate] = Registry("gate", group="expressivity.gates", check=require_sound)

for _gate in (
    Gate(
        name="sigmoid",
        expression=lambda logits, k: 1 / (1 + sp.exp(-logits[k])),
        value=_sigmoid,
        pullback=lambda values, rows: rows * values * (1 - values),
        positive=True,
        vanishes_at_zero=False,
    ),
    Gate(
        name="tanh",
        expression=lambda logits, k: sp.tanh(logits[k]),
        value=torch.tanh,
        pullback=lambda values, rows: rows * (1 - values * values),
        positive=False,
        vanishes_at_zero=True,
    ),
    Gate(
        name="softmax",
        expression=lambda logits, k: sp.exp(logits[k]) / sp.Add(*[sp.exp(h) for h in logits]),
        value=lambda logits: torch.softmax(logits, -2),
        pullback=_softmax_pullback,
        positive=True,
        vanishes_at_zero=False,
    ),
):
    GATES.add(_gate.name, _gate, tested=True)
