"""T11: two_sided MoA is not contained in quadratic MoA (docs/theory.md, section 8, T11).

With tanh gates tanh(x)^4, d = 1, is a two_sided MoA network of width 1: two gates and two
activations, each with a pole at i pi/2. A term of a quadratic network has one gate and two
activations, so that its poles have order 3 at most, whatever the width and the groups. With sigmoid
gates the same of sigmoid(2 x)^2 tanh(x)^2. With softmax gates two_sided is inside quadratic, as a
product of two gates is one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, Activation
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, Gate, GateSpec
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import NEURONS
from expressivity.classes.weights import Weights, network_expression
from expressivity.membership.obstructions.pole_order import has_simple_poles
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import COORDINATES, Z
from proofs.gate_poles import gate_steps, pole_has_order_above, products_have_order
from proofs.jump_lemma import SEVEN

X = COORDINATES[0]
POLE = sp.I * sp.pi / 2
SOURCE = "docs/theory.md, section 8, T11"
_TANH = ACTIVATIONS["tanh"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        dictionary: the activations of the smaller class.
        gates: of the smaller class, one kind or another.
        form: of the smaller class.
        target: a function with a pole at POLE.
        family, weights: a two_sided MoA network of width 1 that is the target.
    """

    dictionary: tuple[Activation, ...] = SEVEN
    gates: tuple[Gate, ...] = (GATES["tanh"], GATES["sigmoid"])
    form: str = "quadratic"
    target: sp.Expr
    family: Family
    weights: Weights

    @property
    def factors(self) -> int:
        """How many gates and activations a term of the smaller class has."""
        return sum(1 + len(maps) for maps in NEURONS[self.form].mixtures)

    @property
    def gate_count(self) -> int:
        """How many gates the largest mixture has: one for each choice of its activations."""
        return max(len(self.dictionary) ** len(maps) for maps in NEURONS[self.form].mixtures)


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order."""
    yield Step(
        statement=f"{setting.target} is a two_sided MoA network of width 1",
        source=SOURCE,
        check=lambda: is_identity(
            network_expression(setting.family, setting.weights), setting.target
        ),
    )
    for s in setting.dictionary:
        yield Step(
            statement=f"{s.name}: on either side of 0 it continues to a meromorphic function "
            "whose poles are simple",
            source="docs/theory.md, section 1",
            check=lambda s=s: has_simple_poles(s),
        )
    yield from gate_steps(setting.gates, setting.gate_count)
    n = setting.factors
    yield Step(
        statement=f"a term of a {setting.form} network is a product of {n} gates and activations "
        f"at affine arguments: at each point its pole has order at most {n}, and so has that of "
        "a sum of such terms",
        source=SOURCE,
        check=lambda: products_have_order(n),
    )
    yield Step(
        statement=f"hence a {setting.form} MoA network of any width and any groups is on an "
        "interval free of kinks of its finitely many terms the restriction of a meromorphic "
        f"function whose poles have order at most {n}",
        source=SOURCE,
    )
    yield Step(
        statement=f"the target is meromorphic, and its pole at i pi/2 has order {n + 1}",
        source="exact limit",
        check=lambda: pole_has_order_above(setting.target, X, POLE, n),
    )
    yield Step(
        statement="two meromorphic functions that agree on an interval agree everywhere "
        "(identity theorem), orders of poles included: no such network is the target, on no "
        "interval",
        source="complex analysis",
    )


def two_sided_network(
    gate: GateSpec, rate: int, dictionary: tuple[str, ...]
) -> tuple[Family, Weights]:
    """(g(rate x) tanh(x))^2: width 1, w = v = 1, both gates of tanh with logit rate x.

    The other gates have logit 0; where the gate has a scale, theirs is 0.
    """
    family = Family(
        kind=Kind.MOA, neuron="two_sided", width=1, dimension=1, gate=gate, dictionary=dictionary
    )
    chosen = [int(name == "tanh") for name in dictionary]
    blocks = {
        "w": sp.ImmutableMatrix([[1, 0]]),
        "v": sp.ImmutableMatrix([[1, 0]]),
        "a": sp.ImmutableMatrix([[1]]),
    }
    for side in range(family.sides):
        scales = chosen if gate.scale else [1] * len(chosen)
        blocks[f"u{side}"] = sp.ImmutableMatrix([[rate * k, 0] for k in chosen])
        blocks[f"scale{side}"] = sp.ImmutableMatrix(scales)
    return family, Weights(blocks=blocks)


def softmax_is_quadratic() -> bool | None:
    """The network over tanh and id is quadratic, with a gate of logit 2 x at (tanh, tanh)."""
    two_sided, weights = two_sided_network(_SOFTMAX, 1, ("tanh", "id"))
    quadratic = replace(two_sided, neuron="quadratic")
    pairs = {
        "u0": sp.ImmutableMatrix([[2, 0], [1, 0], [1, 0], [0, 0]]),
        "scale0": sp.ImmutableMatrix([1, 0, 0, 0]),
    }
    blocks = {name: weights[name] for name in ("w", "v", "a")} | pairs
    return is_identity(
        network_expression(quadratic, Weights(blocks=blocks)),
        network_expression(two_sided, weights),
    )


def double_pole_is_quadratic() -> bool | None:
    """tanh(x)^4 = 2 g s(x) s(x), s = tanh^2, with the constant tanh gate g = tanh(artanh(1/2))."""
    constant = GATES["tanh"].expression([sp.atanh(sp.S.Half)], 0)
    return is_identity(2 * constant * _SQUARE(X) * _SQUARE(X), sp.tanh(X) ** 4)


_PLAIN_TANH = GateSpec(name="tanh", scale=False, bias=False)
_SIGMOID = GateSpec(name="sigmoid", bias=False)
_SOFTMAX = GateSpec(name="softmax", bias=False)
_NAMES = tuple(s.name for s in SEVEN)
# The torch form plays no part in a proof.
_SQUARE = replace(_TANH, name="tanh^2", title="tanh^2", expression=sp.tanh(Z) ** 2)


def _setting(spec: GateSpec, rate: int, dictionary: tuple[str, ...] = _NAMES) -> Setting:
    family, weights = two_sided_network(spec, rate, dictionary)
    logits = [rate * X * int(name == "tanh") for name in dictionary]
    value = GATES[spec.name].expression(logits, dictionary.index("tanh"))
    return Setting(
        dictionary=tuple(ACTIVATIONS[name] for name in dictionary),
        target=(value * sp.tanh(X)) ** 2,
        family=family,
        weights=weights,
    )


_SETTING = _setting(_PLAIN_TANH, 1)
_SIGMOID_SETTING = _setting(_SIGMOID, 2)


def _mutations(setting: Setting) -> tuple[Mutation, ...]:
    return (
        Mutation(
            name="softmax gates, dictionary tanh, id",
            setting=replace(_setting(_SOFTMAX, 1, ("tanh", "id")), gates=(GATES["softmax"],)),
            counterexample=Step(
                statement="g(x)^2 tanh(x)^2, g = exp(x)/(exp(x) + 1), is a quadratic MoA network "
                "of width 1: g^2 is the gate of the pair at logits 2 x, x, x, 0",
                source="substitution",
                check=softmax_is_quadratic,
            ),
        ),
        Mutation(
            name="two mixtures in a term: two_sided as the smaller class",
            setting=replace(setting, form="two_sided"),
            counterexample=Step(
                statement="the target is a two_sided MoA network of width 1",
                source="substitution",
                check=lambda: is_identity(
                    network_expression(setting.family, setting.weights), setting.target
                ),
            ),
        ),
    )


THEOREMS.add(
    "T11",
    Theorem(
        name="T11",
        title="Two_sided MoA is not contained in quadratic MoA, tanh gates",
        statement="tanh(x)^4, d = 1, is a two_sided MoA network of width 1 with tanh gates, and no "
        "quadratic MoA network with tanh or sigmoid gates, of any width and any groups.",
        assumptions=(
            "scale, gate bias and hidden biases on or off; the two_sided network uses none",
            "any dictionary of the seven that contains tanh; one output",
            "an output bias changes nothing",
        ),
        setting=_SETTING,
        steps=steps,
        mutations=(
            *_mutations(_SETTING),
            Mutation(
                name="an activation with a pole of order 2: tanh^2",
                setting=replace(_SETTING, dictionary=(*SEVEN, _SQUARE)),
                counterexample=Step(
                    statement="tanh(x)^4 = 2 g s(x) s(x), s = tanh^2, with the constant gate "
                    "g = tanh(artanh(1/2)) = 1/2: quadratic, width 1",
                    source="substitution",
                    check=double_pole_is_quadratic,
                ),
            ),
        ),
        source="docs/theory.md, section 8, T11; derived here",
    ),
)
THEOREMS.add(
    "T11-sigmoid",
    Theorem(
        name="T11-sigmoid",
        title="Two_sided MoA is not contained in quadratic MoA, sigmoid gates",
        statement="sigmoid(2 x)^2 tanh(x)^2, d = 1, is a two_sided MoA network of width 1 with "
        "sigmoid gates, and no quadratic MoA network with tanh or sigmoid gates, of any width and "
        "any groups.",
        assumptions=(
            "gate bias and hidden biases on or off; scale on, or a dictionary of tanh alone",
            "any dictionary of the seven that contains tanh; one output",
            "an output bias changes nothing",
        ),
        setting=_SIGMOID_SETTING,
        steps=steps,
        mutations=_mutations(_SIGMOID_SETTING),
        source="docs/theory.md, section 8, T11; derived here",
    ),
)
