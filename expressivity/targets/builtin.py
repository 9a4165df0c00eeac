"""The targets of the theorems, and the registry that holds them."""

from collections.abc import Callable
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.gates import GATES
from expressivity.registry import Registry, a_function, of_type
from expressivity.symbolic.symbols import COORDINATES
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target, exact


def _lambda(lambda_: float) -> sp.Rational:
    rate = exact(lambda_)
    if rate <= 0:
        raise ValueError(f"required: lambda above 0; got {lambda_}")
    return rate


_X1, _X2, _X3 = COORDINATES[:3]
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
        form="one_sided",
        bias=False,
    )


def t3b() -> Target:
    """t1(x) (x + 1): one-sided LA of width 1, no one-sided fixed network."""
    return Target(
        name="t3b",
        expression=(_relu(_X1) + _relu2(_X1)) * (_X1 + 1),
        domain=domain_for(1),
        source="derived here (docs/theory.md, T3)",
        form="one_sided",
    )


def t4(lambda_: float = 2.0) -> Target:
    """tanh(lambda x1) ReLU(x2) x1: one-sided MoA of width 1, no one-sided LA network."""
    return Target(
        name="t4",
        expression=sp.tanh(_lambda(lambda_) * _X1) * _relu(_X2) * _X1,
        domain=domain_for(2),
        source="derived here (docs/theory.md, T4)",
        form="one_sided",
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
        form="two_sided",
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
        form="quadratic",
        lambda_=float(lambda_),
        gate="tanh",
    )


def _derived(name: str, expression: sp.Expr, *, dimension: int, **facts: Any) -> Target:
    source = f"derived here (docs/theory.md, {name.capitalize()})"
    return Target(
        name=name, expression=expression, domain=domain_for(dimension), source=source, **facts
    )


def t6(lambda_: float = 2.0, gate: str = "tanh", activations: int = 7) -> Target:
    """g(lambda x3) ReLU(x1) + g(2 lambda x3) ReLU(x2): MoA of two groups, no MoA of one.

    The gate is that of t2, in each group.
    """
    rate = _lambda(lambda_)
    near, far = (_gate_profile(gate, n * rate * _X3, activations) for n in (1, 2))
    return _derived(
        "t6", near * _relu(_X1) + far * _relu(_X2), dimension=3, lambda_=float(lambda_), gate=gate
    )


def t7() -> Target:
    """x3 ReLU(x1) + ReLU(x2): two gated linear units with ReLU, no type1 MoA network."""
    return _derived("t7", _X3 * _relu(_X1) + _relu(_X2), dimension=3, form="one_sided")


def t7b() -> Target:
    """(1 + x1) ReLU(x2) + ReLU(x1) + ReLU(x1 + x2 - 1/2): as t7, in the plane."""
    return _derived(
        "t7b",
        (1 + _X1) * _relu(_X2) + _relu(_X1) + _relu(_X1 + _X2 - sp.Rational(1, 2)),
        dimension=2,
        form="one_sided",
    )


def t7c() -> Target:
    """x1 ReLU(x2): one gated linear unit, no type1 MoA network of any number of groups."""
    return _derived("t7c", _X1 * _relu(_X2), dimension=2, form="one_sided")


def t8(lambda_: float = 2.0) -> Target:
    """t5q, which is quadratic MoA of width 1, for type1: no MoA network over the seven."""
    return _derived("t8", t5q(lambda_).expression, dimension=2, lambda_=float(lambda_), gate="tanh")


def t9() -> Target:
    """SiLU(x1) x2: one SwiGLU neuron, no type1 LA network; type1 sigmoid MoA of width 4."""
    return _derived("t9", ACTIVATIONS["silu"](_X1) * _X2, dimension=2, form="one_sided")


def t10() -> Target:
    """max(0, x1, x2): one maxout neuron of three maps, in no class of the paper's four forms."""
    first = sp.And(_X1 > 0, _X1 - _X2 > 0)
    return _derived(
        "t10", sp.Piecewise((_X1, first), (_X2, _X2 > 0), (sp.S.Zero, True)), dimension=2
    )


def t11(gate: str = "tanh", activations: int = 4) -> Target:
    """g(x)^2 tanh(x)^2, for other gates g(2 x)^2 tanh(x)^2: two_sided MoA of width 1.

    No quadratic MoA network with tanh or sigmoid gates. The gate is that of t2; with softmax gates
    the target is quadratic MoA of width 1, too.
    """
    profile = _gate_profile(gate, _X1 if gate == "tanh" else 2 * _X1, activations)
    return _derived("t11", profile**2 * sp.tanh(_X1) ** 2, dimension=1, form="two_sided", gate=gate)


TARGETS.add("t1", lambda lambda_, gate, activations: t1())
TARGETS.add("t2", t2)
TARGETS.add("t3", lambda lambda_, gate, activations: t3())
TARGETS.add("t3b", lambda lambda_, gate, activations: t3b())
TARGETS.add("t4", lambda lambda_, gate, activations: t4(lambda_))
TARGETS.add("t5", lambda lambda_, gate, activations: t5(lambda_))
TARGETS.add("t5q", lambda lambda_, gate, activations: t5q(lambda_))
_ABOVE: dict[str, TargetFactory] = {
    "t6": t6,
    "t7": lambda lambda_, gate, activations: t7(),
    "t7b": lambda lambda_, gate, activations: t7b(),
    "t7c": lambda lambda_, gate, activations: t7c(),
    "t8": lambda lambda_, gate, activations: t8(lambda_),
    "t9": lambda lambda_, gate, activations: t9(),
    "t10": lambda lambda_, gate, activations: t10(),
    "t11": lambda lambda_, gate, activations: t11(gate, activations),
}
for _name, _factory in _ABOVE.items():
    TARGETS.add(_name, _factory)

FURTHER: tuple[str, ...] = tuple(_ABOVE)
"""Targets beyond the ladder of docs/theory.md, section 3: those of section 7."""
