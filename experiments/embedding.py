"""Where one class of networks lies in another: the proved inclusions of docs/theory.md, section 2.

Each inclusion is a map of exact weights that leaves the function as it is. They are taken in one
fixed order, each where it leads towards the goal; what they do not connect is not contained as far
as is known, whatever a fit may find.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.families import Family, Kind
from expressivity.classes.weights import Weights, constant_gate, lift
from expressivity.separation.gaps import la_in_moa


@dataclass(frozen=True, kw_only=True)
class Inclusion:
    """One class inside another.

    Attributes:
        name: what changes.
        theorem: the theorem that checks the map (``expressivity prove``), or ``identity``
            where the same weights, or those with zeros beside them, do.
        towards: from a class and the goal to the larger class, or None where the inclusion
            leads nowhere or does not hold.
        carry: (class, larger class, weights) -> weights of the same function in the larger one.
    """

    name: str
    theorem: str
    towards: Callable[[Family, Family], Family | None]
    carry: Callable[[Family, Family, Weights], Weights]


def inclusions(family: Family, goal: Family) -> tuple[Inclusion, ...] | None:
    """The inclusions that lead from one class to another, or None where none are proved.

    >>> la = Family(kind=Kind.LA, neuron="type1", width=1, dimension=1)
    >>> relu = replace(la, kind=Kind.FIXED, dictionary=("relu",))
    >>> [step.name for step in inclusions(relu, la)]
    ['fixed in la', 'more activations']
    >>> inclusions(la, relu) is None
    True
    """
    steps = _path(family, goal)
    return None if steps is None else tuple(step for step, _ in steps)


def embed(family: Family, weights: Weights, goal: Family) -> Weights | None:
    """Weights of the same function in another class, or None where no inclusion is proved."""
    steps = _path(family, goal)
    if steps is None:
        return None
    for step, larger in steps:
        weights = step.carry(family, larger, weights)
        family = larger
    return weights


def _path(family: Family, goal: Family) -> list[tuple[Inclusion, Family]] | None:
    steps: list[tuple[Inclusion, Family]] = []
    for step in INCLUSIONS:
        larger = step.towards(family, goal)
        if larger is not None:
            steps.append((step, larger))
            family = larger
    return steps if family == goal else None


def _with(weights: Weights, **rows: Sequence[Sequence[sp.Expr]]) -> Weights:
    changed = {name: sp.ImmutableMatrix(list(map(list, row))) for name, row in rows.items()}
    return Weights(blocks={**weights.blocks, **changed})


def _same(family: Family, larger: Family, weights: Weights) -> Weights:
    return weights


def _with_biases(family: Family, goal: Family) -> Family | None:
    return replace(family, bias=True) if goal.bias and not family.bias else None


def _with_switches(family: Family, goal: Family) -> Family | None:
    if family.gate is None or goal.gate is None or family.gate == goal.gate:
        return None
    more = family.gate.scale <= goal.gate.scale and family.gate.bias <= goal.gate.bias
    return replace(family, gate=goal.gate) if more and family.gate.name == goal.gate.name else None


def _learned(family: Family, goal: Family) -> Family | None:
    fixed = family.kind is Kind.FIXED and goal.kind is not Kind.FIXED
    return replace(family, kind=Kind.LA) if fixed else None


def _with_activations(family: Family, goal: Family) -> Family | None:
    grows = set(family.dictionary) <= set(goal.dictionary) and family.dictionary != goal.dictionary
    return replace(family, dictionary=goal.dictionary) if family.kind is Kind.LA and grows else None


def _by_name(family: Family, larger: Family, weights: Weights) -> Weights:
    """Each coefficient at the place its activation has in the larger basis, zeros elsewhere."""

    def labels(of: Family) -> list[tuple[str, ...]]:
        if of.form == "quadratic":
            return [(s, t) for s in of.basis for t in of.basis]
        return [(s,) for s in of.basis]

    rows: dict[str, list[list[sp.Expr]]] = {}
    for side in range(family.sides):
        name = f"scale{side}"
        found = dict(zip(labels(family), weights.entries(name), strict=True))
        rows[name] = [[found.get(label, sp.S.Zero)] for label in labels(larger)]
    return _with(weights, **rows)


def _one_sided(family: Family, goal: Family) -> Family | None:
    rises = family.neuron == "type1" and goal.neuron != "type1" and family.bias
    return replace(family, neuron="one_sided") if rises else None


def _constant_factor(family: Family, larger: Family, weights: Weights) -> Weights:
    """v = 0, c = 1."""
    row = [sp.S.Zero] * family.dimension + [sp.S.One]
    return _with(weights, v=[row] * family.width)


def _two_sided(family: Family, goal: Family) -> Family | None:
    rises = family.neuron == "one_sided" and goal.neuron in ("two_sided", "quadratic")
    if not rises or family.kind is Kind.FIXED or "id" not in family.dictionary:
        return None
    if family.gate and not la_in_moa(family.gate, activations=len(family.dictionary)):
        return None
    return replace(family, neuron="two_sided")


def _right_identity(family: Family, larger: Family, weights: Weights) -> Weights:
    """The second mixture is id: a unit vector, or gates that are constant and proportional."""
    unit = [sp.Integer(name == "id") for name in family.basis]
    if family.gate is None:
        return _with(weights, scale1=[[entry] for entry in unit])
    gate = constant_gate(unit, family.gate)
    assert gate is not None, "la_in_moa says that constant gates give every vector"
    flat = [sp.S.Zero] * family.dimension
    return _with(
        weights,
        u1=[[*flat, bias] for bias in gate.biases],
        scale1=[[scale] for scale in gate.scales],
        a=(weights["a"] * gate.factor).tolist(),
    )


def _quadratic(family: Family, goal: Family) -> Family | None:
    rises = family.neuron == "two_sided" and goal.neuron == "quadratic"
    # A product of two softmax gates is one softmax gate over pairs; other gates lack that.
    one_gate = family.gate is None or family.gate.name == "softmax"
    return replace(family, neuron="quadratic") if rises and one_gate else None


def _products(family: Family, larger: Family, weights: Weights) -> Weights:
    left, right = weights.entries("scale0"), weights.entries("scale1")
    rows: dict[str, list[list[sp.Expr]]] = {"scale0": [[s * t] for s in left for t in right]}
    if family.gate is not None:
        logits = [weights[name].tolist() for name in ("u0", "u1")]
        rows["u0"] = [
            [p + q for p, q in zip(u, v, strict=True)] for u in logits[0] for v in logits[1]
        ]
    return _with(weights, **rows)


def _gated(family: Family, goal: Family) -> Family | None:
    if family.kind is not Kind.LA or goal.gate is None:
        return None
    proved = la_in_moa(goal.gate, activations=len(family.dictionary))
    return replace(family, kind=Kind.MOA, gate=goal.gate) if proved else None


def _constant_gates(family: Family, larger: Family, weights: Weights) -> Weights:
    lifted = lift(larger, weights)
    assert lifted is not None, "la_in_moa says that constant gates give every vector"
    return lifted


def _wider(family: Family, goal: Family) -> Family | None:
    return replace(family, width=goal.width) if family.width < goal.width else None


def _idle_neurons(family: Family, larger: Family, weights: Weights) -> Weights:
    more = larger.width - family.width
    nothing = [sp.S.Zero] * (family.dimension + 1)
    rows = {name: [*weights[name].tolist(), *[nothing] * more] for name in ("w", "v")
            if name in weights.blocks}  # fmt: skip
    rows["a"] = [[*row, *[sp.S.Zero] * more] for row in weights["a"].tolist()]
    return _with(weights, **rows)


INCLUSIONS = (
    Inclusion(name="biases on", theorem="identity", towards=_with_biases, carry=_same),
    Inclusion(name="gate switches on", theorem="identity", towards=_with_switches, carry=_same),
    Inclusion(name="fixed in la", theorem="inclusions", towards=_learned, carry=_by_name),
    Inclusion(
        name="more activations", theorem="identity", towards=_with_activations, carry=_by_name
    ),
    Inclusion(
        name="type1 in one_sided", theorem="inclusions", towards=_one_sided, carry=_constant_factor
    ),
    Inclusion(
        name="one_sided in two_sided",
        theorem="inclusions",
        towards=_two_sided,
        carry=_right_identity,
    ),
    Inclusion(
        name="two_sided in quadratic", theorem="inclusions", towards=_quadratic, carry=_products
    ),
    Inclusion(name="la in moa", theorem="containment", towards=_gated, carry=_constant_gates),
    Inclusion(name="more neurons", theorem="identity", towards=_wider, carry=_idle_neurons),
)
"""In the order in which they are tried: those without gates before gates enter."""
