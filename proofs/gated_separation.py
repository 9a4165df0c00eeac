"""MoA against LA along {x2 = 0}: setting, steps and mutations that T2 and T4 share.

One MoA network of width 1 is the target; the gradient of networks of the smaller class jumps
across {x2 = 0} by a constant (type1) or affine (one_sided) function of x1, that of the target by
none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family, map_names
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.generic_neuron import AFFINE_MAP, TANGENT
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import NEURONS
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.proof import Mutation, Step
from proofs.jump_lemma import X1, X2, Neuron, crossing, generic_neuron_steps, positive
from proofs.networks import network

LAMBDA = sp.Symbol("lambda", positive=True)
SOURCE = "docs/theory.md, section 3, T2"
K = len(FULL_DICTIONARY)
RELU = FULL_DICTIONARY.index("relu")
TYPE1_NEURON = Neuron()


def axis(form: str) -> dict[str, list[list[int]]]:
    """w = e2, and v = e1 where there is a second factor."""
    maps = ([[0, 1, 0]], [[1, 0, 0]])
    return dict(zip(map_names(NEURONS[form].maps), maps, strict=False))


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Assumptions: one MoA network of width 1, and the smaller class by its generic neuron.

    Attributes:
        form: type1, or one_sided for T4.
        gate: the gate and its switch for scale; no gate bias is used where ``bias`` is off.
        logit: the logit of ReLU as (coefficient of x1, coefficient of x2, bias); the other
            logits are 0.
        scales: of the seven gates; all 1 where scale is off.
        target: the function.
        amplitude: by which its gradient jumps across x2 = 0.
        neuron: of the smaller class.
    """

    form: str = "type1"
    gate: GateSpec
    logit: tuple[sp.Expr, sp.Expr, sp.Expr] = (LAMBDA, sp.S.Zero, sp.S.Zero)
    scales: tuple[sp.Expr, ...]
    target: sp.Expr
    amplitude: sp.Expr
    neuron: Neuron = TYPE1_NEURON

    @property
    def degree(self) -> int:
        """Number of affine factors of a neuron: the jump of its gradient has this degree.

        Raises:
            ValueError: the neuron is not one mixture times maps.
        """
        record = NEURONS[self.form]
        if record.factors is None or record.mixtures != ((0,),):
            raise ValueError(f"required: a neuron of one mixture times maps; got {self.form}")
        return sum(factor.mixture is None for factor in record.factors)

    @property
    def logits(self) -> tuple[tuple[sp.Expr, sp.Expr, sp.Expr], ...]:
        """The rows u_k with bias e_k."""
        zero = (sp.S.Zero, sp.S.Zero, sp.S.Zero)
        return tuple(self.logit if k == RELU else zero for k in range(K))

    @property
    def gates(self) -> tuple[sp.Expr, ...]:
        """The values pi_k(x) of the MoA network."""
        point = (X1, X2, sp.S.One)
        rows = [sp.Add(*[u * x for u, x in zip(r, point, strict=True)]) for r in self.logits]
        g = GATES[self.gate.name].expression
        return tuple(scale * g(rows, k) for k, scale in enumerate(self.scales))

    @property
    def moa(self) -> sp.Expr:
        """The MoA network of the program with these weights."""
        family = Family(kind=Kind.MOA, neuron=self.form, width=1, dimension=2, gate=self.gate)
        return network(
            family,
            **axis(self.form),
            u0=self.logits,
            a=[[1]],
            scale0=[[scale] for scale in self.scales],
        )


def steps(setting: Setting) -> Iterator[Step]:
    """The proof in reading order."""
    degree = setting.degree
    name = ("constant", "affine")[degree]
    yield Step(
        statement="the target is the MoA network of width 1 with w = e2, logit of ReLU "
        f"{setting.logit[0]} x1, other logits 0, scales {list(setting.scales)}",
        source=SOURCE,
        check=lambda: is_identity(setting.moa, setting.target),
    )
    yield from generic_neuron_steps(setting.neuron, degree, SOURCE)
    yield Step(
        statement="the target is continuous across x2 = 0",
        source=SOURCE,
        check=lambda: is_identity(crossing(setting.target).value_jump, sp.S.Zero),
    )
    yield Step(
        statement=f"its x2-derivative jumps there by A(x1) = {setting.amplitude}",
        source=SOURCE,
        check=lambda: is_identity(crossing(setting.target).slope_jump, setting.amplitude),
    )
    yield Step(
        statement=f"A is not {name}: its derivative of order {degree + 1} is positive at 0",
        source=SOURCE,
        check=lambda: positive(sp.diff(setting.amplitude, X1, degree + 1).subs(X1, 0)),
    )
    yield Step(
        statement="a network equal to the target would jump by A at all but finitely many "
        f"points of a segment of x2 = 0 about 0, where A is continuous: A would be {name} there",
        source=SOURCE,
    )


def one_hot(k: int) -> tuple[sp.Expr, ...]:
    """The k-th unit vector of length 7."""
    return tuple(sp.Integer(int(i == k)) for i in range(K))


def la_network(form: str, coefficients: tuple[sp.Expr, ...]) -> sp.Expr:
    """The LA network of width 1 with w = e2 (and v = e1)."""
    family = Family(kind=Kind.LA, neuron=form, width=1, dimension=2)
    return network(family, **axis(form), a=[[1]], scale0=[[c] for c in coefficients])


def constant_gate_mutation(setting: Setting) -> Mutation:
    """Logit 1, whatever x is: the target is then an LA network of width 1."""
    constant = replace(
        setting, gate=replace(setting.gate, bias=True), logit=(sp.S.Zero, sp.S.Zero, sp.S.One)
    )
    values = constant.gates
    amplitude = sp.Add(
        *[v * a.kink for v, a in zip(values, constant.neuron.dictionary, strict=True)]
    )
    amplitude *= X1**setting.degree
    mutated = replace(constant, target=constant.moa, amplitude=amplitude)
    return Mutation(
        name="a constant gate: logit 1 instead of lambda x1",
        setting=mutated,
        counterexample=Step(
            statement="the target is the LA network of width 1 whose coefficients are the "
            "constant values of the gates",
            source="direct computation",
            check=lambda: is_identity(la_network(setting.form, values), mutated.target),
        ),
    )


def gated_mutation(setting: Setting) -> Mutation:
    """Coefficients of the smaller class that are gates."""
    along = tuple(value.subs({X1: TANGENT, X2: 0}) for value in setting.gates)
    return Mutation(
        name="coefficients of the smaller class that are gates",
        setting=replace(setting, neuron=replace(setting.neuron, coefficients=along)),
        counterexample=Step(
            statement="the target is a network of width 1 of that class",
            source="direct computation",
            check=lambda: is_identity(setting.moa, setting.target),
        ),
    )


def two_sided_mutation(setting: Setting, shift: sp.Expr | None) -> Mutation:
    """A second activation as second factor: with phi = tanh, t2 is a two_sided LA network.

    Args:
        setting: of T2, scaled.
        shift: None for tanh gates; else g(lambda x1) = (1 + tanh((lambda x1 - shift)/2))/2.
    """
    affine = AFFINE_MAP
    if shift is None:
        v, a = [[LAMBDA, 0, 0]], [[1]]
    else:
        v, a = [[LAMBDA / 2, 0, -shift / 2], [0, 0, 1]], [[sp.S.Half, 1 / (2 * sp.tanh(1))]]
    family = Family(kind=Kind.LA, neuron="two_sided", width=len(v), dimension=2)
    return Mutation(
        name="form two_sided of the smaller class",
        setting=replace(setting, neuron=replace(setting.neuron, second=sp.tanh(affine))),
        counterexample=Step(
            statement=f"the target is a two_sided LA network of width {len(v)} with psi = relu "
            "and phi = tanh",
            source="direct computation",
            check=lambda: is_identity(
                network(
                    family,
                    w=[[0, 1, 0]] * len(v),
                    v=v,
                    a=a,
                    scale0=[[c] for c in one_hot(RELU)],
                    scale1=[[c] for c in one_hot(FULL_DICTIONARY.index("tanh"))],
                ),
                setting.target,
            ),
        ),
    )
