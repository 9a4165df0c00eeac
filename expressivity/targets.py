"""Targets: what a network is asked to be.

A target is one sympy expression over the coordinates x1, ..., xd, with its domain. Values,
gradients and ball enclosures all come from that expression (``interpret.py``); its kinks,
the hyperplanes where it is not smooth, are read off the conditions of its Piecewise parts.
The built-in targets t1 .. t5q are those of docs/theory.md, section 3.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import sympy as sp
import torch
from sympy.core.relational import Relational
from torch import Tensor

from expressivity.activations import ACTIVATIONS, Z
from expressivity.conditions import compose
from expressivity.domains import Domain, Hyperplane, domain_for
from expressivity.expressions import FUNCTIONS, MAX_DIMENSION, Expression, fold, parse
from expressivity.families import Form
from expressivity.gates import GATES
from expressivity.interpret import TORCH, interpret
from expressivity.nesting import require_moderate
from expressivity.registry import Registry, a_function, of_type

COORDINATES: tuple[sp.Symbol, ...] = tuple(
    sp.Symbol(f"x{axis + 1}", real=True) for axis in range(MAX_DIMENSION)
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A function to be represented, scalar, on a domain.

    Attributes:
        name: ``t2``, or ``expr`` for a user's expression.
        expression: sympy, in ``COORDINATES[:dimension]``.
        domain: where it is considered.
        source: where it comes from.
        form, bias: the layer shape and hidden biases its theorem is about; user expressions
            are measured as type1 with biases unless told otherwise.
        lambda_: its parameter, or None.
        gate: name of the gate inside it, or None.
    """

    name: str
    expression: sp.Expr
    domain: Domain
    source: str
    form: Form = Form.TYPE1
    bias: bool = True
    lambda_: float | None = None
    gate: str | None = None

    @property
    def dimension(self) -> int:
        """Input dimension d."""
        return self.domain.dimension

    @property
    def coordinates(self) -> tuple[sp.Symbol, ...]:
        """x1, ..., xd."""
        return COORDINATES[: self.dimension]

    @functools.cached_property
    def formula(self) -> str:
        """The expression in the grammar of user expressions, or sympy's own where that has none.

        >>> t1().formula
        '(relu(x1) + relu2(x1))'
        """
        try:
            return to_text(self.expression)
        except ValueError:
            return str(self.expression)

    @functools.cached_property
    def kinks(self) -> tuple[Hyperplane, ...]:
        """Hyperplanes across which the expression changes its formula, each once."""
        planes: dict[tuple[float, ...], Hyperplane] = {}
        for level in kink_levels(self.expression):
            plane = _hyperplane(level, self.coordinates)
            if plane is not None:
                planes.setdefault((*plane.normal, plane.offset), plane)
        return tuple(planes.values())

    def values(self, nodes_ND: Tensor) -> Tensor:
        """Values at nodes, shape N, in the dtype and on the device of the nodes.

        >>> t1().values(torch.tensor([[-1.0], [2.0]])).tolist()
        [0.0, 6.0]
        """
        return _on_nodes(self.expression, self.coordinates, nodes_ND)

    def gradients(self, nodes_ND: Tensor) -> Tensor:
        """Gradients at nodes off the kinks, shape N x d."""
        slopes = [sp.diff(self.expression, x) for x in self.coordinates]
        return torch.stack([_on_nodes(s, self.coordinates, nodes_ND) for s in slopes], 1)


def kink_levels(expression: sp.Expr) -> list[sp.Expr]:
    """The g of every condition g > 0 in the expression's Piecewise parts."""
    conditions: set[Any] = {
        relation
        for part in expression.atoms(sp.Piecewise)
        for pair in part.args
        for relation in cast(Any, pair).args[1].atoms(Relational)
    }
    return sorted({c.lhs - c.rhs for c in conditions}, key=str)


def _hyperplane(level: sp.Expr, coordinates: Sequence[sp.Symbol]) -> Hyperplane | None:
    """The plane level = 0, sign-normalised, or None where the level is not affine."""
    slopes = [sp.diff(level, x) for x in coordinates]
    if any(not slope.is_Rational for slope in slopes) or not any(slopes):
        return None
    constant = level.subs(dict.fromkeys(coordinates, 0))
    if not constant.is_Rational:
        return None
    length = math.sqrt(math.fsum(float(slope) ** 2 for slope in slopes))
    sign = 1 if next(slope for slope in slopes if slope) > 0 else -1
    normal = tuple(sign * float(slope) / length + 0.0 for slope in slopes)
    return Hyperplane(normal=normal, offset=-sign * float(constant) / length + 0.0)


def _on_nodes(expression: sp.Expr, coordinates: Sequence[sp.Symbol], nodes_ND: Tensor) -> Tensor:
    columns = dict(zip(coordinates, nodes_ND.unbind(1), strict=True))
    value = interpret(expression, columns, TORCH)
    value = torch.as_tensor(value, dtype=nodes_ND.dtype, device=nodes_ND.device)
    return value.expand(nodes_ND.shape[0]).contiguous()


def exact(value: float) -> sp.Rational:
    """The rational that a float's shortest decimal stands for: 0.1 means 1/10.

    Raises:
        ValueError: not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"required: a finite lambda; got {value}")
    return cast(sp.Rational, sp.Rational(str(value)))


def _lambda(lambda_: float) -> sp.Rational:
    rate = exact(lambda_)
    if rate <= 0:
        raise ValueError(f"required: lambda above 0; got {lambda_}")
    return rate


_X1, _X2 = COORDINATES[:2]
_relu, _relu2 = ACTIVATIONS["relu"], ACTIVATIONS["relu2"]

TargetFactory = Callable[[float, str, int], Target]
TARGETS: Registry[TargetFactory] = Registry(
    "target", group="expressivity.targets", check=a_function
)
"""Factories (lambda, gate, number of activations) -> Target; each uses what it depends on."""


def made(factory: TargetFactory, lambda_: float, gate: str, activations: int) -> Target:
    """What a factory makes.

    Raises:
        ValueError: it makes something else than a target.

    >>> made(TARGETS["t1"], 2.0, "tanh", 7).name
    't1'
    """
    target = factory(lambda_, gate, activations)
    of_type(Target)(target)
    return target


def t1() -> Target:
    """ReLU(x) + ReLU^2(x): LA of width 1, no fixed network (arXiv:2605.26647, Theorem 4.1)."""
    return Target(
        name="t1",
        expression=_relu(_X1) + _relu2(_X1),
        domain=domain_for(1),
        source="arXiv:2605.26647, Theorem 4.1",
    )


def t2(lambda_: float = 2.0, gate: str = "tanh", activations: int = 7) -> Target:
    """g(lambda x1) ReLU(x2): MoA of width 1, no LA network (arXiv:2605.26647, Theorem 4.2).

    For softmax, g is its ReLU component while the other ``activations - 1`` logits are 0.
    """
    return Target(
        name="t2",
        expression=_gate_profile(gate, _lambda(lambda_) * _X1, activations) * _relu(_X2),
        domain=domain_for(2),
        source="arXiv:2605.26647, Theorem 4.2",
        lambda_=float(lambda_),
        gate=gate,
    )


def _gate_profile(gate: str, logit: sp.Expr, size: int) -> sp.Expr:
    """The gate of one activation with this logit while the other logits are 0."""
    return GATES[gate].expression([logit] + [sp.Integer(0)] * (size - 1), 0)


def t3() -> Target:
    """t1(x) x: one-sided LA of width 1 without biases, no one-sided fixed network without c."""
    return Target(
        name="t3",
        expression=(_relu(_X1) + _relu2(_X1)) * _X1,
        domain=domain_for(1),
        source="derived here (docs/theory.md, T3)",
        form=Form.ONE_SIDED,
        bias=False,
    )


def t3b() -> Target:
    """t1(x) (x + 1): one-sided LA of width 1, no one-sided fixed network."""
    return Target(
        name="t3b",
        expression=(_relu(_X1) + _relu2(_X1)) * (_X1 + 1),
        domain=domain_for(1),
        source="derived here (docs/theory.md, T3)",
        form=Form.ONE_SIDED,
    )


def t4(lambda_: float = 2.0) -> Target:
    """tanh(lambda x1) ReLU(x2) x1: one-sided MoA of width 1, no one-sided LA network."""
    return Target(
        name="t4",
        expression=sp.tanh(_lambda(lambda_) * _X1) * _relu(_X2) * _X1,
        domain=domain_for(2),
        source="derived here (docs/theory.md, T4)",
        form=Form.ONE_SIDED,
        lambda_=float(lambda_),
        gate="tanh",
    )


def t5(lambda_: float = 2.0) -> Target:
    """tanh(lambda x1)^2 x1 ReLU(x2): two-sided MoA of width 1, no two-sided LA network."""
    return Target(
        name="t5",
        expression=sp.tanh(_lambda(lambda_) * _X1) ** 2 * _X1 * _relu(_X2),
        domain=domain_for(2),
        source="derived here (docs/theory.md, T5)",
        form=Form.TWO_SIDED,
        lambda_=float(lambda_),
        gate="tanh",
    )


def t5q(lambda_: float = 2.0) -> Target:
    """tanh(lambda x1)^2 ReLU(x2): quadratic MoA of width 1, no quadratic LA network."""
    return Target(
        name="t5q",
        expression=sp.tanh(_lambda(lambda_) * _X1) ** 2 * _relu(_X2),
        domain=domain_for(2),
        source="derived here (docs/theory.md, T5)",
        form=Form.QUADRATIC,
        lambda_=float(lambda_),
        gate="tanh",
    )


TARGETS.add("t1", lambda lambda_, gate, activations: t1())
TARGETS.add("t2", t2)
TARGETS.add("t3", lambda lambda_, gate, activations: t3())
TARGETS.add("t3b", lambda lambda_, gate, activations: t3b())
TARGETS.add("t4", lambda lambda_, gate, activations: t4(lambda_))
TARGETS.add("t5", lambda lambda_, gate, activations: t5(lambda_))
TARGETS.add("t5q", lambda lambda_, gate, activations: t5q(lambda_))


def to_sympy(expression: Expression) -> sp.Expr:
    """A parsed user expression in sympy, activations in their own symbolic form.

    Raises:
        ValueError: functions nested so that the formula would be too long (``nesting.py``).
    """
    require_moderate(expression.root, form_of)

    def number(value: Fraction) -> sp.Expr:
        return sp.Rational(value.numerator, value.denominator)

    def variable(index: int) -> sp.Expr:
        return COORDINATES[index]

    return fold(
        expression.root,
        number=number,
        variable=variable,
        add=lambda terms: sp.Add(*terms),
        multiply=lambda factors: sp.Mul(*factors),
        power=_power,
        call=lambda name, argument: compose(form_of(name), Z, argument),
    )


def _power(base: sp.Expr, exponent: Fraction) -> sp.Expr:
    return sp.Pow(base, sp.Rational(exponent.numerator, exponent.denominator))


def form_of(name: str) -> sp.Expr:
    """A function of the grammar in ``Z``."""
    return _PLAIN_FORMS[name] if name in _PLAIN_FORMS else ACTIVATIONS[name].expression


_PLAIN_FORMS: dict[str, sp.Expr] = {
    "sigmoid": 1 / (1 + sp.exp(-Z)),
    "abs": sp.Piecewise((Z, Z > 0), (-Z, True)),
    "exp": sp.exp(Z),
    "sin": sp.sin(Z),
    "cos": sp.cos(Z),
}


def to_text(expression: sp.Expr) -> str:
    """A sympy expression in the grammar of user expressions; ``to_sympy`` reads it back.

    Raises:
        ValueError: a part that the grammar lacks, or one that it would read otherwise.

    >>> to_text(t2().expression)
    'relu(x2)*tanh(2*x1)'
    """
    text = _text(expression)
    if to_sympy(parse(text)) != expression:
        raise ValueError(f"required: an expression of the grammar of user targets; got {text}")
    return text


def _text(node: Any) -> str:
    if node.is_Symbol:
        return str(node)
    if node.is_Rational:
        return str(node) if node.is_Integer and node >= 0 else f"({node})"
    if node.is_Add or node.is_Mul:
        parts = [_text(part) for part in node.args]
        return f"({' + '.join(parts)})" if node.is_Add else "*".join(parts)
    if node.is_Pow and node.exp.is_Rational:
        return f"({_text(node.base)})**{_text(node.exp)}"
    if isinstance(node, sp.Piecewise):
        return _call_of(node)
    name = type(node).__name__
    if name in ("exp", "sin", "cos", "tanh"):
        return f"{name}({_text(node.args[0])})"
    raise ValueError(f"required: an expression of the grammar of user targets; got {node}")


def _call_of(node: sp.Piecewise) -> str:
    """A Piecewise as a call of the function of the grammar that it is."""
    for level in kink_levels(node):
        for name in FUNCTIONS:
            if to_sympy(parse(f"{name}(x1)")).xreplace({COORDINATES[0]: level}) == node:
                return f"{name}({_text(level)})"
    raise ValueError(f"required: a Piecewise of the grammar's functions; got {node}")
