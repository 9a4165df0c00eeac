"""Inclusions between forms, and why the last one stops at LA (docs/theory.md, section 2).

Without gates, at equal width and biases: fixed in LA; one_sided LA in two_sided LA, if id is in
the dictionary; two_sided LA in quadratic LA. With gates the last needs the product of two gates
to be one gate: so it is for softmax over pairs, and not for sigmoid and tanh.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from expressivity.classes.activations import ACTIVATIONS, FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import FIXED_FORMS, Kind
from expressivity.classes.weights import Weights, network_expression
from expressivity.membership.obstructions.pole_order import has_simple_poles, higher_pole
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.points import is_nonzero
from expressivity.symbolic.proof import THEOREMS, Mutation, Step, Theorem
from expressivity.symbolic.symbols import COORDINATES, Z

X1, X2 = COORDINATES[:2]
SOURCE = "docs/theory.md, section 2"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions.

    Attributes:
        dictionary: names of the activations.
        gates: those the statement is about; a gate of a plug-in needs its own.
        product_gates: gates for which a product of two is claimed to be one gate of the pair.
        bias: whether the hidden biases b and c are on.
    """

    dictionary: tuple[str, ...] = FULL_DICTIONARY
    bias: bool = True
    gates: tuple[str, ...] = ("sigmoid", "tanh", "softmax")
    product_gates: tuple[str, ...] = ("softmax",)


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order."""
    names = setting.dictionary
    yield Step(
        statement="coefficients are shared and networks are sums over neurons: the inclusions "
        "are checked at width 2 and d = 2, with a symbol for every weight, bias and coefficient",
        source=SOURCE,
    )
    for form in FIXED_FORMS:
        for index, name in enumerate(names):
            yield Step(
                statement=f"{form}: fixed over {name} is LA with alpha = e_{name}",
                source=SOURCE,
                check=lambda f=form, n=name, k=index: fixed_is_la(f, n, k, names),
            )
    for kind in Kind:
        yield Step(
            statement=f"{kind}: type1 is one_sided with v = 0 and c = 1"
            + (" (tanh gates: no gate takes part)" if kind.gated else ""),
            source=SOURCE,
            check=lambda k=kind: type1_is_one_sided(k, names, bias=setting.bias),
        )
    yield Step(
        statement="one_sided LA is two_sided LA with beta a unit vector, for some activation of "
        "the dictionary",
        source=SOURCE,
        check=lambda: one_sided_is_two_sided(names),
    )
    yield Step(
        statement="two_sided LA is quadratic LA with gamma_kl = alpha_k beta_l",
        source=SOURCE,
        check=lambda: two_sided_is_quadratic(names),
    )
    for gate in setting.product_gates:
        yield Step(
            statement=f"{gate}: g_k(z) g_l(y) is the gate of the pair (k, l) at logits z_k + y_l, "
            "written out for K = 2",
            source="derived here",
            check=lambda g=gate: product_is_one_gate(g),
        )
    for gate in setting.gates:
        if gate in setting.product_gates:
            continue
        yield Step(
            statement=f"{gate}: on a line every gate scale g(u x + e) has simple poles, and "
            "g(x)^2 has a double one: the product of two gates is in general no gate",
            source="derived here",
            check=lambda g=gate: product_has_double_pole(g),
        )


def fixed_is_la(form: str, name: str, index: int, names: Sequence[str]) -> bool | None:
    """The LA network with the unit vector, term by term."""
    la = Family(kind=Kind.LA, neuron=form, width=2, dimension=2, dictionary=tuple(names))
    fixed = replace(la, kind=Kind.FIXED, dictionary=(name,))
    one = [int(s == name) for s in fixed.basis]
    small = generic(fixed, scale0=one)
    large = generic(la, scale0=[int(k == index) for k in range(len(names))])
    return _equal(network_expression(fixed, small), network_expression(la, large))


def type1_is_one_sided(kind: Kind, names: Sequence[str], *, bias: bool) -> bool | None:
    """A second factor that is 1, where the bias c can make it so."""
    type1 = Family(
        kind=kind,
        neuron="type1",
        width=2,
        dimension=2,
        dictionary=tuple(names if kind.mixes else names[:1]),
        gate=GateSpec(name="tanh") if kind.gated else None,
        bias=bias,
    )
    one_sided = replace(type1, neuron="one_sided")
    shared: dict[str, Sequence[Any]] = {}
    if not kind.mixes:
        shared["scale0"] = [int(name == type1.activation) for name in type1.basis]
    if not bias:
        w1, w2, w3, w4 = sp.symbols("w_:4", real=True)
        shared["w"] = [w1, w2, 0, w3, w4, 0]
    constant = generic(one_sided, v=[0, 0, int(bias)] * 2, **shared)
    return _equal(
        network_expression(type1, generic(type1, **shared)),
        network_expression(one_sided, constant),
    )


def one_sided_is_two_sided(names: Sequence[str]) -> bool | None:
    """Some unit vector beta turns the second factor into v.x + c."""
    one = Family(kind=Kind.LA, neuron="one_sided", width=2, dimension=2, dictionary=tuple(names))
    two = replace(one, neuron="two_sided")
    target = network_expression(one, generic(one))
    answers = [
        _equal(
            network_expression(two, generic(two, scale1=[int(i == k) for i in range(len(names))])),
            target,
        )
        for k in range(len(names))
    ]
    if True in answers:
        return True
    return None if None in answers else False


def two_sided_is_quadratic(names: Sequence[str]) -> bool | None:
    """The coefficients of the pairs are products."""
    two = Family(kind=Kind.LA, neuron="two_sided", width=2, dimension=2, dictionary=tuple(names))
    quadratic = replace(two, neuron="quadratic")
    weights = generic(two)
    gamma = [a * b for a in weights.entries("scale0") for b in weights.entries("scale1")]
    return _equal(
        network_expression(two, weights),
        network_expression(quadratic, generic(quadratic, scale0=gamma)),
    )


def product_is_one_gate(gate: str) -> bool | None:
    """For K = 2: four pairs, logits z_k + y_l in the order of the quadratic form."""
    z, y = sp.symbols("z1 z2", real=True), sp.symbols("y1 y2", real=True)
    g = GATES[gate].expression
    pairs = [zk + yl for zk in z for yl in y]
    answers = [
        is_identity(g(z, i) * g(y, j), g(pairs, 2 * i + j)) for i in range(2) for j in range(2)
    ]
    if False in answers:
        return False
    return None if None in answers else True


def product_has_double_pole(gate: str) -> bool | None:
    """The gate has simple poles on a line, by the check for activations; its square has not."""
    value = GATES[gate].expression([X1], 0)
    profile = replace(ACTIVATIONS["tanh"], name=gate, expression=value.subs(X1, Z))
    if has_simple_poles(profile) is not True:
        return None
    return True if higher_pole(value**2, X1) is not None else None


def generic(family: Family, **rows: Sequence[Any]) -> Weights:
    """A real symbol for every entry, but for the blocks that are given."""
    blocks: dict[str, sp.ImmutableMatrix] = {}
    for name, shape in family.shapes.items():
        columns = shape[1] if len(shape) == 2 else 1
        symbols = sp.symbols(f"{name}_:{shape[0] * columns}", real=True)
        entries = rows.get(name, symbols)
        blocks[name] = sp.ImmutableMatrix(shape[0], columns, list(entries))
    return Weights(blocks=blocks)


def _equal(left: sp.Expr, right: sp.Expr) -> bool | None:
    """True where the difference expands to 0, False where a ball excludes 0 at a rational point.

    The points: all symbols positive but those of one block of weights, or none.
    """
    difference = sp.expand(left - right)
    if difference == 0:
        return True
    symbols = sorted(difference.free_symbols, key=str)
    for block in sorted({"none", *(str(s).partition("_")[0] for s in symbols)}):
        point = {
            s: sp.Rational(k if str(s).partition("_")[0] != block else -k, len(symbols))
            for k, s in enumerate(symbols, 1)
        }
        if is_nonzero(difference, point):
            return False
    return None


def relu_pairs_have_one_sign() -> bool | None:
    """a alpha beta ReLU(z) ReLU(y) never takes both signs; ReLU(x1) x2 does."""
    a, alpha, beta = sp.symbols("a alpha beta", real=True)
    p, q = sp.symbols("p q", nonnegative=True)  # two points: products of two values each
    r, s = sp.symbols("r s", nonnegative=True)
    product = sp.expand((a * alpha * beta) ** 2 * p * q * r * s)
    relu = ACTIVATIONS["relu"]
    one_sided = relu(X1) * X2
    ends = [one_sided.subs({X1: 1, X2: sign}) for sign in (1, -1)]
    return True if product.is_nonnegative and ends[0] * ends[1] == -1 else None


def vanishes_to_second_order(names: Sequence[str]) -> bool | None:
    """Both factors of a neuron without biases vanish at 0; x1, which is id(x1), has slope 1."""
    values = [ACTIVATIONS[name](sp.S.Zero) for name in names]
    return True if not any(values) and sp.diff(X1, X1) == 1 else None


_MUTATIONS = (
    Mutation(
        name="type1 in one_sided without biases",
        setting=Setting(bias=False),
        counterexample=Step(
            statement="without biases a one_sided network is O(abs(x)^2) at 0: activations are "
            "locally Lipschitz and vanish at 0, and so does v.x; x1 = id(x1) is not",
            source="substitution",
            check=lambda: vanishes_to_second_order(FULL_DICTIONARY),
        ),
    ),
    Mutation(
        name="a dictionary without id: relu",
        setting=Setting(dictionary=("relu",)),
        counterexample=Step(
            statement="ReLU(x1) x2, one_sided of width 1, takes both signs; a two_sided network "
            "of width 1 over relu, a alpha beta ReLU(.) ReLU(.), does not",
            source="substitution",
            check=relu_pairs_have_one_sign,
        ),
    ),
    Mutation(
        name="the product of two tanh gates taken for one gate",
        setting=Setting(product_gates=("softmax", "tanh")),
        counterexample=Step(
            statement="tanh(x)^2 has a double pole, scale tanh(u x + e) simple ones only",
            source="complex analysis",
            check=lambda: product_has_double_pole("tanh"),
        ),
    ),
    Mutation(
        name="the product of two sigmoid gates taken for one gate",
        setting=Setting(product_gates=("softmax", "sigmoid")),
        counterexample=Step(
            statement="sigmoid(x)^2 has a double pole, scale sigmoid(u x + e) simple ones only",
            source="complex analysis",
            check=lambda: product_has_double_pole("sigmoid"),
        ),
    ),
)

THEOREMS.add(
    "inclusions",
    Theorem(
        name="inclusions",
        title="Inclusions between kinds and forms without gates",
        statement="At equal width and biases: fixed in LA; type1 in one_sided if biases are on; "
        "one_sided in two_sided LA if id is in the dictionary; two_sided in quadratic LA. For MoA "
        "the last step needs a product of gates to be a gate: softmax gates over pairs have that, "
        "sigmoid and tanh do not.",
        assumptions=(
            "the same dictionary, width, dimension and hidden biases on both sides",
            "that a particular gate product is no gate leaves other MoA weights for the same "
            "function open: no failure of two_sided in quadratic MoA is claimed",
        ),
        setting=Setting(),
        steps=steps,
        mutations=_MUTATIONS,
        source="docs/theory.md, section 2; derived here",
    ),
)
