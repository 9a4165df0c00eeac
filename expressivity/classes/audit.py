"""How accurate the activations are on this machine: a part of ``expressivity doctor``.

Every registered activation, and every neuron of one map, is evaluated over the whole range of a
dtype, eagerly and compiled, and compared with ball arithmetic on its sympy expression. For a
quantity q (the value s or the derivative s') at the float z, the error is counted in units of

    eps (|q(z)| + |z q'(z)| + (1 + |z|) smallest normal),

a mixed forward and backward error: at most about 1 where the computed number is the rounded exact
value of q, or the exact value at a neighbouring float of z (Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., SIAM 2002, section 1.5, doi:10.1137/1.9780898718027). The last term
admits gradual underflow of q or of a factor that z multiplies, such as the normal distribution
function in gelu. A neuron's own parameters p are floats as z is: the unit has |p dq/dp| for each
of them as well. An infinity stands for every number beyond the largest float, so that it is
exact where the exact value overflows. At a kink, s' is the left derivative. The worst error is
the worst over :func:`grid`, not over all floats.

Arrays with suffix N run over the arguments of a grid; ball arrays have dtype ``object``.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import flint
import numpy as np
import numpy.typing as npt
import sympy as sp
import torch
from torch import Tensor

from expressivity.classes.activations import Activation
from expressivity.classes.neurons import Neuron
from expressivity.symbolic.interpret import BALL, Arithmetic, interpret
from expressivity.symbolic.symbols import Z

Balls = npt.NDArray[np.object_]
Evaluator = Callable[[Tensor], list[tuple[Tensor, Tensor]]]
"""z_N -> (value, derivative) of every audited activation."""

THRESHOLD = 8.0
"""Largest error, in the units of the module docstring, that is called ok.

The built-in activations reach 3.0 on an x86-64 CPU, in both dtypes, eagerly and compiled; the rest
is room for other mathematical libraries.
"""

DTYPES = (torch.float64, torch.float32)
_PRECISIONS = (128, 512, 2048, 8192)
# An enclosure is tight when its radius is this fraction of the unit the error is counted in.
_TIGHT = 2.0**-20


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The worst error of one quantity of one activation.

    Attributes:
        quantity: ``value`` or ``derivative``.
        mode: ``eager`` or ``compiled``.
        worst: an upper bound, in the units of the module docstring; infinite for NaN.
        argument: the z where it is attained.
        arguments: number of arguments compared.
        not_enclosed: number of arguments left out, the exact value having no tight enclosure.
    """

    activation: str
    quantity: str
    mode: str
    dtype: str
    worst: float
    argument: float
    arguments: int
    not_enclosed: int

    @property
    def ok(self) -> bool:
        """Whether the worst error is within ``THRESHOLD``, over at least one argument."""
        return self.arguments > 0 and self.worst <= THRESHOLD

    def json(self) -> dict[str, object]:
        """JSON form; an infinite error is null."""
        worst = self.worst if math.isfinite(self.worst) else None
        return {**asdict(self), "worst": worst, "verdict": "ok" if self.ok else "poor"}


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Findings, and what was left out and why."""

    findings: tuple[Finding, ...]
    skipped: tuple[str, ...]


def audit(modes: Mapping[str, Evaluator], activations: Sequence[Activation]) -> Audit:
    """Compare what evaluators compute with ball arithmetic, in both dtypes.

    Args:
        modes: evaluators of the activations, in their order, by name.
        activations: the records.
    """
    findings: list[Finding] = []
    skipped: list[str] = []
    for dtype in DTYPES:
        z_N = grid(dtype)
        computed: dict[str, list[tuple[Tensor, Tensor]]] = {}
        for mode, evaluator in modes.items():
            try:
                computed[mode] = evaluator(z_N)
            except RuntimeError as error:
                skipped.append(f"{mode} {_name(dtype)}: {str(error).splitlines()[0]}")
        for index, activation in enumerate(activations):
            try:
                exact = Reference.of(activation, z_N)
            except ValueError as error:
                skipped.append(f"{activation.name} {_name(dtype)}: {error}")
                continue
            for mode, pairs in computed.items():
                findings += exact.compare(pairs[index], mode=mode)
    return Audit(findings=tuple(findings), skipped=tuple(skipped))


def evaluable(activation: Activation) -> Activation:
    """Itself, once it has been evaluated: all are evaluated by one program."""
    z_N = torch.linspace(-1, 1, 5, dtype=torch.float64)
    value_N, derivative_N = activation.value_and_derivative(z_N)
    if value_N.shape != z_N.shape or derivative_N.shape != z_N.shape:
        raise ValueError("required: value and derivative in the shape of the argument")
    return activation


@dataclass(frozen=True, kw_only=True)
class Line(Activation):
    """A neuron as a function of its one map.

    Attributes:
        sensitivities: p ds/dp for each of the parameters, which are held.
    """

    sensitivities: tuple[sp.Expr, ...]


def on_a_line(neuron: Neuron) -> Line | None:
    """A neuron of one map and no mixtures as a function of the map, to be audited like one.

    Its parameters are held where a layer starts them, rounded to multiples of 1/64, which both
    dtypes hold exactly.

    >>> from expressivity.classes.neurons import NEURONS
    >>> on_a_line(NEURONS["swish"]).expression, on_a_line(NEURONS["type1"])
    (z/(1 + exp(-z)), None)
    """
    if neuron.maps != 1 or neuron.mixtures:
        return None
    held = [sp.Rational(round(64 * parameter.initial), 64) for parameter in neuron.parameters]
    at: Any = dict(zip(neuron.symbols, [Z, *held], strict=True))
    own = neuron.symbols[1:]
    numbers, partials = [float(number) for number in held], neuron.partials

    def form(z_N: Tensor) -> tuple[Tensor, Tensor]:
        found = partials([z_N], [], [torch.full_like(z_N, number) for number in numbers])
        return found.value, torch.as_tensor(found.maps[0], dtype=z_N.dtype).expand(z_N.shape)

    return Line(
        name=f"neuron {neuron.name}",
        title=neuron.title,
        expression=neuron([Z], [], held),
        value_and_derivative=form,
        kink=None,
        piece_degree=None,
        homogeneous_degree=None,
        odd_span=None,
        even_span=None,
        sensitivities=tuple((p * sp.diff(neuron.expression, p)).subs(at) for p in own),
    )


def evaluable_on_a_line(neuron: Neuron) -> Line | None:
    """:func:`on_a_line`, once it has been evaluated."""
    line = on_a_line(neuron)
    if line is not None:
        evaluable(line)
    return line


def grid(dtype: torch.dtype, *, logarithmic: int = 1000, dense: int = 3201) -> Tensor:
    """Arguments z_N from the smallest subnormal to the largest float, on both sides of 0.

    Args:
        dtype: float64 or float32.
        logarithmic: arguments on each side, spaced by a constant factor.
        dense: arguments spaced evenly over [-40, 40].

    >>> z = grid(torch.float32, logarithmic=3, dense=2)
    >>> z.dtype, bool(z.isfinite().all())
    (torch.float32, True)
    """
    info = torch.finfo(dtype)
    least = info.smallest_normal * info.eps
    exponents = np.linspace(math.log2(least), math.log2(info.max), logarithmic)[1:-1]
    # exp overflows above 88.7 (float32) and 709.8, and underflows below -103.9 and -745.1.
    edges = [end + step for end in (88, 103, 709, 745) for step in (-0.5, 0, 0.25, 0.5, 1)]
    positive = [least, 2 * least, info.smallest_normal, *np.exp2(exponents), *edges, info.max]
    one_side = torch.tensor(positive, dtype=dtype)
    middle = torch.linspace(-40, 40, dense, dtype=dtype)
    return torch.cat([-one_side.flip(0), middle, torch.tensor([-0.0, 0.0], dtype=dtype), one_side])


def eager(activations: Sequence[Activation]) -> Evaluator:
    """The torch forms as they are."""
    return lambda z_N: [activation.value_and_derivative(z_N) for activation in activations]


def compile_together(activations: Sequence[Activation]) -> Evaluator:
    """The torch forms compiled into one program, as the networks compile them."""
    optimised = torch.compile(eager(activations), fullgraph=True, options={"cpp.threads": 1})

    def call(z_N: Tensor) -> list[tuple[Tensor, Tensor]]:
        with warnings.catch_warnings():
            # Third-party deprecations inside the compiler are not the user's business.
            warnings.simplefilter("ignore")
            return optimised(z_N)

    return call


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Exact values and derivatives of one activation at z_N, with the error units."""

    activation: str
    z_N: Tensor
    value: "Enclosure"
    derivative: "Enclosure"

    @staticmethod
    def of(activation: Activation, z_N: Tensor) -> "Reference":
        """Enclose value and derivative at z_N.

        Raises:
            ValueError: the expression holds a function that ball arithmetic lacks.
        """
        forms = _algebraic_forms(activation.expression)
        held = activation.sensitivities if isinstance(activation, Line) else ()
        return Reference(
            activation=activation.name,
            z_N=z_N,
            value=_enclose(forms, z_N, held),
            derivative=_enclose(
                [sp.diff(form, Z) for form in forms], z_N, [sp.diff(s, Z) for s in held]
            ),
        )

    def compare(self, computed: tuple[Tensor, Tensor], *, mode: str) -> Iterator[Finding]:
        """Findings about the value and the derivative computed at z_N.

        >>> from expressivity.classes.activations import ACTIVATIONS
        >>> silu = ACTIVATIONS["silu"]
        >>> z = torch.linspace(-10, 10, 21, dtype=torch.float64)
        >>> exact = Reference.of(silu, z)
        >>> [f.ok for f in exact.compare(silu.value_and_derivative(z), mode="eager")]
        [True, True]
        """
        pairs = zip(computed, (self.value, self.derivative), ("value", "derivative"), strict=True)
        for numbers, enclosure, quantity in pairs:
            errors_N = enclosure.errors(numbers)
            left_out_N = np.isnan(errors_N)
            worst = int(np.argmax(np.where(left_out_N, -1.0, errors_N)))
            yield Finding(
                activation=self.activation,
                quantity=quantity,
                mode=mode,
                dtype=_name(self.z_N.dtype),
                worst=float(errors_N[worst]),
                argument=float(self.z_N[worst]),
                arguments=int(len(errors_N) - left_out_N.sum()),
                not_enclosed=int(left_out_N.sum()),
            )


@dataclass(frozen=True, kw_only=True)
class Enclosure:
    """Balls that hold the exact values, and the units of the module docstring.

    Where no tight enclosure was found, both are None.
    """

    exact_N: Balls
    unit_N: Balls
    largest: float

    def errors(self, computed_N: Tensor) -> npt.NDArray[np.float64]:
        """Upper bounds of the errors in units; infinite for NaN, and NaN where not enclosed."""
        with flint.ctx.workprec(_PRECISIONS[0]):
            numbers = computed_N.to(torch.float64).tolist()
            errors = map(self._error, numbers, self.exact_N, self.unit_N)
            return np.fromiter(errors, np.float64)

    def _error(self, computed: float, exact: flint.arb | None, unit: flint.arb | None) -> float:
        if exact is None or unit is None:
            return math.nan
        if math.isnan(computed):
            return math.inf
        if math.isinf(computed):
            distance = flint.arb(self.largest) - math.copysign(1, computed) * exact
            return 0.0 if distance <= 0 else float((distance / unit).upper())
        return float((abs(flint.arb(computed) - exact) / unit).upper())


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _algebraic_forms(expression: sp.Expr) -> list[sp.Expr]:
    """The expression, and the same with each exp(u) written 1/exp(-u) and cleared of it.

    ``z/(1 + exp(-z))`` and ``z exp(z)/(1 + exp(z))`` are one function, but where one exponential
    exceeds every ball the other is 0 to all digits. Of ``log(1 + exp(u))`` the u is taken out.
    """
    inverses: dict[Any, Any] = {e: sp.Dummy(positive=True) for e in expression.atoms(sp.exp)}
    if not inverses:
        return [expression]
    logarithms: dict[Any, Any] = {
        node: e.args[0] + sp.log(1 + inverse)
        for node in expression.atoms(sp.log)
        for e, inverse in inverses.items()
        if node == sp.log(1 + e)
    }
    rational: Any = expression.subs(logarithms)
    rational = sp.together(rational.subs({e: 1 / inverse for e, inverse in inverses.items()}))
    back = {inverse: sp.exp(-e.args[0]) for e, inverse in inverses.items()}
    return [expression, cast(sp.Expr, rational.subs(back))]


def _power(base: Any, exponent: sp.Rational) -> Any:
    return _elementwise(lambda ball: BALL.power(ball, exponent), 1)(base)


def _elementwise(function: Callable[..., Any], arity: int) -> Callable[..., Any]:
    return np.frompyfunc(function, arity, 1)


_BALL_ARRAYS = Arithmetic(
    number=BALL.number,
    power=_power,
    functions={name: _elementwise(function, 1) for name, function in BALL.functions.items()},
    choose=_elementwise(BALL.choose, 3),
)
"""Ball arithmetic on arrays: one walk over the expression for the whole grid."""


def _enclose(forms: Sequence[sp.Expr], z_N: Tensor, sensitivities: Sequence[sp.Expr]) -> Enclosure:
    """Enclose one quantity at z_N, raising the precision until the balls are tight.

    Cancellation, as of 1 + erf(z) in the left tail, costs digits.
    """
    info = torch.finfo(z_N.dtype)
    exact_N = np.full(len(z_N), None, dtype=object)
    unit_N = exact_N.copy()
    arguments_N = np.array([flint.arb(z) for z in z_N.to(torch.float64).tolist()], dtype=object)
    left = np.arange(len(z_N))
    for bits in _PRECISIONS:
        for form in forms:
            if not len(left):
                break
            with flint.ctx.workprec(bits):
                z = {Z: arguments_N[left]}
                exact = np.broadcast_to(interpret(form, z, _BALL_ARRAYS), left.shape)
                slope = interpret(Z * sp.diff(form, Z), z, _BALL_ARRAYS)
                underflow = info.smallest_normal * (1 + abs(z[Z]))
                unit = info.eps * (abs(exact) + abs(slope) + underflow)
                for sensitivity in sensitivities:
                    unit = unit + info.eps * abs(interpret(sensitivity, z, _BALL_ARRAYS))
                tight = np.array([_tight(q, u) for q, u in zip(exact, unit, strict=True)])
            exact_N[left[tight]], unit_N[left[tight]] = exact[tight], unit[tight]
            left = left[~tight]
    return Enclosure(exact_N=exact_N, unit_N=unit_N, largest=float(info.max))


def _tight(exact: flint.arb, unit: flint.arb) -> bool:
    """Whether value and unit are known well enough to count the error in units."""
    return bool(
        exact.is_finite()
        and unit.is_finite()
        and exact.rad() <= _TIGHT * unit.lower()
        and unit.rad() <= _TIGHT * unit.lower()
    )
