"""The dictionary of activations: one frozen record each.

The sympy expression in ``Z`` is the source of truth. The torch form returns the value and
the derivative together, since they share their transcendental functions; it is checked
against the sympy form in ball arithmetic by ``expressivity doctor`` and by the tests.

Analytic facts are declared beside the expression, and registration refuses what the expression
does not show (:func:`require_sound`): whoever reads a fact of a registered activation may rely on
it, and None claims nothing. "Spans" describe the one-dimensional function ``c -> s(c x)``: whatever
c is, its odd (even) part lies in the span of the listed functions; None means that no finite span
is known.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sympy as sp
import torch
from torch import Tensor

from expressivity.classes import facts
from expressivity.registry import Registry, of_type
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.piecewise import by_conditions
from expressivity.symbolic.symbols import Z

_X_ABS = Z * sp.Abs(Z)


def _step(on_positive: sp.Expr | int, elsewhere: sp.Expr | int) -> sp.Expr:
    return sp.Piecewise((sp.sympify(on_positive), Z > 0), (sp.sympify(elsewhere), True))


@dataclass(frozen=True, kw_only=True)
class Activation:
    """One activation function s: R -> R.

    Attributes:
        name: its name in commands and expressions.
        title: how it is printed.
        expression: s as a sympy expression in ``Z`` (the source of truth). Abs, sign, Max, Min
            and Heaviside are kept as Piecewise.
        value_and_derivative: torch form, any floating dtype and shape, elementwise; at a
            kink the derivative is the left one.
        kink: s'(0+) - s'(0-), or None where that is not known.
        piece_degree: degree of the two polynomial pieces on either side of 0, or None.
        homogeneous_degree: k >= 1 with s(c x) = c^k s(x) for c > 0, or None.
        odd_span, even_span: see the module docstring.
    """

    name: str
    title: str
    expression: sp.Expr
    value_and_derivative: Callable[[Tensor], tuple[Tensor, Tensor]]
    kink: sp.Expr | None
    piece_degree: int | None
    homogeneous_degree: int | None
    odd_span: tuple[sp.Expr, ...] | None
    even_span: tuple[sp.Expr, ...] | None

    def __post_init__(self) -> None:
        if isinstance(cast(Any, self.expression), sp.Expr):
            object.__setattr__(self, "expression", by_conditions(self.expression))

    def __call__(self, argument: sp.Expr) -> sp.Expr:
        """The symbolic value s(argument).

        >>> ACTIVATIONS["relu2"](sp.Integer(3))
        9
        """
        return self.expression.subs(Z, argument)

    @property
    def analytic(self) -> bool:
        """Whether s is certainly real-analytic on the whole line."""
        return facts.is_real_analytic(self.expression)

    @property
    def kinked_at_0_alone(self) -> bool:
        """Whether s is certainly continuous, C^1 from each side of 0, and smooth elsewhere."""
        return facts.is_continuous(self.expression) is True


def _id(z: Tensor) -> tuple[Tensor, Tensor]:
    return z, torch.ones_like(z)


def _relu(z: Tensor) -> tuple[Tensor, Tensor]:
    return torch.relu(z), (z > 0).to(z.dtype)


def _relu2(z: Tensor) -> tuple[Tensor, Tensor]:
    positive = torch.relu(z)
    return positive * positive, 2 * positive


_LEAKY_SLOPE = sp.Rational(1, 100)
_LEAKY_SLOPE_FLOAT = float(_LEAKY_SLOPE)


def _leaky_relu(z: Tensor) -> tuple[Tensor, Tensor]:
    slope = _LEAKY_SLOPE_FLOAT
    positive = z > 0
    one = torch.ones_like(z)
    return torch.where(positive, z, slope * z), torch.where(positive, one, slope * one)


_TAIL_SCALE = 0.32
_TAIL = (
    0.127661526,
    0.127661187,
    0.114616648,
    0.0878862407,
    0.0583561534,
    -0.00848877371,
    0.0637544441,
    -0.14507571,
    0.0944927813,
    -0.0208644979,
)
"""Phi(-a) = exp(-a^2/2) t P(t), t = 1/(1 + 0.32 a), for a >= 0, to a relative 4e-08: P by
increasing degree, fitted here (Lawson's weighted least squares on Chebyshev points in t)."""
_TANH = (1.0, -0.333331438, 0.133258763, -0.0530452826, 0.0172409942)
"""tanh(z)/z in powers of z^2 for abs(z) <= 1/2, to a relative 2e-8, fitted likewise."""


def _polynomial(coefficients: Sequence[float], t: Tensor) -> Tensor:
    value = torch.full_like(t, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * t + coefficient
    return value


def _gelu(z: Tensor) -> tuple[Tensor, Tensor]:
    bell = torch.exp(-0.5 * z * z)
    if z.dtype is torch.float32:
        # Ten times faster than erfc where compiled for a CPU: the exponential is shared.
        t = 1 / (1 + _TAIL_SCALE * torch.abs(z))
        tail = bell * (t * _polynomial(_TAIL, t))
        cdf = torch.where(z > 0, 1 - tail, tail)
    else:
        # erfc of -z keeps relative accuracy in the left tail, where 1 + erf(z) cancels.
        cdf = 0.5 * torch.erfc(-z * math.sqrt(0.5))
    return z * cdf, cdf + z * bell * (1 / math.sqrt(2 * math.pi))


def _silu(z: Tensor) -> tuple[Tensor, Tensor]:
    # torch.sigmoid is 0 below -709, where exp(-z) overflows; exp(-|z|) underflows gradually.
    # |z| by where: its derivative at 0 is that of the branch below, where abs would give 0.
    positive = z > 0
    decay = torch.exp(torch.where(positive, -z, z))
    larger = 1 / (1 + decay)
    smaller = decay * larger
    sigmoid = torch.where(positive, larger, smaller)
    complement = torch.where(positive, smaller, larger)
    return z * sigmoid, sigmoid * (1 + z * complement)


def _tanh(z: Tensor) -> tuple[Tensor, Tensor]:
    # 1 - tanh^2 loses all relative accuracy for large |z|; sech^2 by exponentials does not.
    decay = torch.exp(-2 * torch.abs(z))
    inverse = 1 / (1 + decay)
    derivative = 4 * decay * inverse * inverse
    if z.dtype is torch.float32:  # the exponential is shared; near 0 the quotient would cancel
        square = z * z
        large = (1 - decay) * inverse
        large = torch.where(z > 0, large, -large)
        return torch.where(square < 0.25, z * _polynomial(_TANH, square), large), derivative
    return torch.tanh(z), derivative


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_RESERVED = re.compile(r"x\d*|sigmoid|abs|exp|sin|cos")  # of the grammar of expressions
_PROBES = tuple(sp.Rational(n, 8) for n in (-61, -29, -12, -5, -1, 2, 7, 13, 30, 59))
_AGREEMENT = 1e-6  # of a torch form in double precision with the expression: a slip, not rounding


def require_sound(activation: Activation) -> None:
    """Refuse a record that declares what its expression does not show.

    Raises:
        ValueError: one line: what was required, what came, what to do.

    >>> from dataclasses import replace
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
    if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name):
        yield f"a name of letters, digits and _ that expressions do not use; got {name!r}"
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
    try:
        value, derivative = activation.value_and_derivative(z)
        computed = [part.expand(z.shape).tolist() for part in (value, derivative)]
    except Exception as error:  # noqa: BLE001 - a plug-in's function may raise anything
        yield (
            "a torch form from a tensor to its value and its derivative; it raised "
            f"{type(error).__name__}: {error}"
        )
        return
    for quantity, values, formula in zip(
        ("value", "derivative"),
        computed,
        (activation.expression, sp.diff(activation.expression, Z)),
        strict=True,
    ):
        for probe, value in zip(_PROBES, values, strict=True):
            exact = formula.subs(Z, probe).evalf(20)
            if not exact.is_Float and not exact.is_Rational:
                yield f"an expression with a numerical value; got {exact} at z = {probe}"
                return
            if not abs(value - float(exact)) <= _AGREEMENT * (1 + abs(float(exact))):
                yield (
                    f"a torch form that computes the expression; its {quantity} at z = {probe} "
                    f"is {value:.9g} and not {float(exact):.9g}: correct one of the two"
                )
                return


ACTIVATIONS: Registry[Activation] = Registry(
    "activation", group="expressivity.activations", check=require_sound
)

for _activation in (
    Activation(
        name="id",
        title="Id",
        expression=Z,
        value_and_derivative=_id,
        kink=sp.Integer(0),
        piece_degree=1,
        homogeneous_degree=1,
        odd_span=(Z,),
        even_span=(),
    ),
    Activation(
        name="relu",
        title="ReLU",
        expression=_step(Z, 0),
        value_and_derivative=_relu,
        kink=sp.Integer(1),
        piece_degree=1,
        homogeneous_degree=1,
        odd_span=(Z,),
        even_span=(sp.Abs(Z),),
    ),
    Activation(
        name="relu2",
        title="ReLU^2",
        expression=_step(Z**2, 0),
        value_and_derivative=_relu2,
        kink=sp.Integer(0),
        piece_degree=2,
        homogeneous_degree=2,
        odd_span=(_X_ABS,),
        even_span=(Z**2,),
    ),
    Activation(
        name="leaky_relu",
        title="LeakyReLU",
        expression=_step(Z, _LEAKY_SLOPE * Z),
        value_and_derivative=_leaky_relu,
        kink=1 - _LEAKY_SLOPE,
        piece_degree=1,
        homogeneous_degree=1,
        odd_span=(Z,),
        even_span=(sp.Abs(Z),),
    ),
    Activation(
        name="gelu",
        title="GELU",
        expression=Z * (1 + sp.erf(Z / sp.sqrt(2))) / 2,
        value_and_derivative=_gelu,
        kink=sp.Integer(0),
        piece_degree=None,
        homogeneous_degree=None,
        odd_span=(Z,),
        even_span=None,
    ),
    Activation(
        name="silu",
        title="SiLU",
        expression=Z / (1 + sp.exp(-Z)),
        value_and_derivative=_silu,
        kink=sp.Integer(0),
        piece_degree=None,
        homogeneous_degree=None,
        odd_span=(Z,),
        even_span=None,
    ),
    Activation(
        name="tanh",
        title="tanh",
        expression=sp.tanh(Z),
        value_and_derivative=_tanh,
        kink=sp.Integer(0),
        piece_degree=None,
        homogeneous_degree=None,
        odd_span=None,
        even_span=(),
    ),
):
    ACTIVATIONS.add(_activation.name, _activation, tested=True)

FULL_DICTIONARY: tuple[str, ...] = (
    "id",
    "relu",
    "relu2",
    "leaky_relu",
    "gelu",
    "silu",
    "tanh",
)
"""The seven activations of arXiv:2605.26647, in its order."""


def stack_dictionary(
    dictionary: Sequence[Activation], z: Tensor, dim: int
) -> tuple[Tensor, Tensor]:
    """Values and derivatives of several activations, stacked along a new axis ``dim``.

    >>> pair = (ACTIVATIONS["id"], ACTIVATIONS["relu2"])
    >>> s, ds = stack_dictionary(pair, torch.tensor([-1.0, 2.0]), dim=0)
    >>> s.tolist(), ds.tolist()
    ([[-1.0, 2.0], [0.0, 4.0]], [[1.0, 1.0], [0.0, 4.0]])
    """
    pairs = [activation.value_and_derivative(z) for activation in dictionary]
    return torch.stack([s for s, _ in pairs], dim), torch.stack([ds for _, ds in pairs], dim)
