"""Odd plug-ins: no false verdict, no bound above an error that a member attains.

Reference: verdicts that are known for named odd activations and gates. Soundness: a fuzz of 200
records, kinks anywhere, jumps, gates that are not smooth, wrong declarations; what is accepted gets
random exact members of the classes it makes, and none may be excluded. Negative: what a record's
expression does not show is refused in one line.
"""

import dataclasses
import random

import pytest
import sympy as sp
from odd_plugins import activation, gate, registered_activation, registered_gate

from expressivity.bounds import TargetNorms, lower_bounds
from expressivity.bounds.gradient_jump import class_degree
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import FIXED_FORMS, Kind
from expressivity.classes.neurons import FORMS
from expressivity.classes.weights import Weights, network_expression
from expressivity.evidence import Verdict
from expressivity.membership.decide import classify, decide
from expressivity.membership.obstructions import OBSTRUCTIONS
from expressivity.symbolic.budget import OutOfBudgetError
from expressivity.symbolic.symbols import Z
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target

X = sp.Symbol("x1", real=True)
RELU = ACTIVATIONS["relu"]
STEP = sp.Piecewise((1, Z > 0), (0, True))
NORMS = TargetNorms(l2=1.0, sup=1.0)


def as_target(expression, dimension=1):
    return Target(name="expr", expression=expression, domain=domain_for(dimension), source="a test")


# Named ones


def test_a_gate_with_a_kink_is_not_taken_for_smooth():
    """relu(x) is MoA of width 1 over tanh with the gate max(z, 0): u = 1, w = 0, b = 1."""
    with registered_gate(gate("ramp", sp.Max(Z, 0), vanishes_at_zero=True)):
        for bias, names in ((True, ("tanh",)), (False, ("tanh",)), (False, ("relu", "tanh"))):
            for form in FORMS:
                family = Family(
                    kind=Kind.MOA,
                    neuron=form,
                    width=1,
                    dimension=1,
                    dictionary=names,
                    gate=GateSpec(name="ramp", bias=bias),
                )
                found = classify(as_target(RELU(X)), family)
                assert found.membership.verdict is not Verdict.NON_MEMBER, family


def test_a_discontinuous_activation_gets_no_gradient_bound():
    """heav(x) x is its own neuron, and has a slope jump of 1; its class has no kink, declared."""
    with registered_activation(activation("heav", STEP, kink=sp.Integer(0))):
        family = Family(
            kind=Kind.FIXED, neuron="one_sided", width=1, dimension=1, dictionary=("heav",)
        )
        target = as_target(ACTIVATIONS["heav"](X) * X)
        assert class_degree(family, through_origin=True) is None
        assert lower_bounds(target, family, norms=NORMS) == ()
        assert decide(target, family).verdict is not Verdict.NON_MEMBER
        plain = Family(kind=Kind.FIXED, neuron="type1", width=1, dimension=1,
                       dictionary=("heav",))  # fmt: skip
        assert lower_bounds(as_target(ACTIVATIONS["heav"](X)), plain, norms=NORMS) == ()


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (activation("clip", sp.Min(sp.Max(Z, -1), 1)), "changes at z = 0 alone"),
        (activation("late", sp.Piecewise((Z, Z > 1), (1, True))), "changes at z = 0 alone"),
        (activation("wrong", sp.Max(Z, 0), kink=sp.Integer(0)), "a kink that the expression shows"),
        (activation("steep", Z**2, piece_degree=1), "a piece_degree"),
        (activation("flat", sp.tanh(Z), homogeneous_degree=1), "a homogeneous_degree"),
        (activation("odd", Z**2, odd_span=(Z,), even_span=()), "an even_span"),
        (activation("even", Z + Z**2, odd_span=()), "an odd_span"),
        (activation("loose", 0.5 * Z), "exact real numbers"),
        (activation("x3", Z), "a name"),
        (activation("two words", Z), "a name"),
        (activation("free", Z * sp.Symbol("t")), "in activations.Z alone"),
        (activation("cusp", sp.Pow(Z**2, sp.Rational(1, 3)), kink=sp.Integer(0)), "a kink"),
        (object(), "a record of type Activation"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_activations_that_are_refused(record, message):
    with pytest.raises(ValueError, match=message) as caught:
        ACTIVATIONS.add(getattr(record, "name", "thing"), record)
    assert "\n" not in str(caught.value)


def test_a_torch_form_of_another_function_is_refused():
    silu = ACTIVATIONS["silu"]
    for form in (
        ACTIVATIONS["gelu"].value_and_derivative,
        lambda z: (silu.value_and_derivative(z)[0], z),
        lambda z: z,
        lambda z: 1 / 0,
    ):
        with pytest.raises(ValueError, match="a torch form"):
            ACTIVATIONS.add(
                "slip", dataclasses.replace(silu, name="slip", value_and_derivative=form)
            )


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (gate("up", sp.Max(Z, 0), positive=True), "positive only where"),
        (gate("shift", sp.tanh(Z) + 1, vanishes_at_zero=True), "vanishes_at_zero only where"),
        (gate("loose", 0.5 * Z), "exact real numbers"),
        (gate("alien", sp.Symbol("t") * Z), "a sympy expression of the logits"),
        (object(), "a record of type Gate"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_gates_that_are_refused(record, message):
    with pytest.raises(ValueError, match=message):
        GATES.add(getattr(record, "name", "thing"), record)


# The fuzz

SMOOTH = (
    Z, Z**2, sp.tanh(Z), sp.exp(-Z), sp.erf(Z), sp.sin(Z), sp.cos(Z), Z / (1 + sp.exp(-Z)),
    sp.log(1 + sp.exp(Z)), sp.sqrt(1 + Z**2), sp.Integer(1), Z**3,
)  # fmt: skip


def random_form(draw):
    """A function of z: smooth, with a jump or a kink at 0 or elsewhere, in many spellings."""
    first, second = draw.choice(SMOOTH), draw.choice(SMOOTH)
    place = draw.choice((0, 0, 0, 0, 1, sp.Rational(-1, 2)))
    moved = Z - place
    return draw.choice((
        lambda: first,
        lambda: first + draw.randint(-2, 2) * second,
        lambda: sp.Piecewise((first, moved > 0), (second, True)),
        lambda: sp.Piecewise((first, moved >= 0), (0, True)),
        lambda: sp.Piecewise((first - first.subs(Z, place), moved > 0), (0, True)),
        lambda: sp.Piecewise((second * moved**2, moved > 0), (0, True)),
        lambda: sp.Abs(moved) * first,
        lambda: sp.Max(moved, 0) + sp.Rational(draw.randint(-3, 3), 2) * first,
        lambda: sp.Min(moved, 0) * second,
        lambda: sp.sign(moved) * first,
        lambda: sp.Heaviside(moved) * first,
        lambda: sp.Abs(sp.sin(Z)),
        lambda: sp.Piecewise((2, sp.Eq(Z, 0)), (first, True)),
    ))()  # fmt: skip


def random_facts(draw):
    """No declarations, or some, most of them wrong."""
    if draw.random() < 0.6:
        return {}
    return {
        "kink": draw.choice((None, None, sp.Integer(0), sp.Integer(1), sp.Rational(1, 2))),
        "piece_degree": draw.choice((None, None, None, 1, 2)),
        "homogeneous_degree": draw.choice((None, None, None, 1, 2)),
        "odd_span": draw.choice((None, None, None, (), (Z,), (Z * sp.Abs(Z),))),
        "even_span": draw.choice((None, None, None, (), (Z**2,), (sp.Abs(Z),))),
    }


def random_family(draw, name, gate_name):
    kind = Kind.MOA if gate_name else draw.choice(tuple(Kind))
    others = [n for n in ("relu", "tanh", "id", "gelu") if n != name]
    names = (name,) if name else ()
    if kind is not Kind.FIXED:
        names += tuple(draw.sample(others, draw.randint(0 if names else 1, 2)))
    chosen = gate_name or draw.choice(("sigmoid", "tanh", "softmax"))
    return Family(
        kind=kind,
        neuron=draw.choice(FIXED_FORMS if kind is Kind.FIXED else FORMS),
        width=draw.choice((1, 1, 2)),
        dimension=draw.choice((1, 1, 2)),
        dictionary=names,
        gate=GateSpec(name=chosen, scale=draw.random() < 0.5, bias=draw.random() < 0.5)
        if kind is Kind.MOA
        else None,
        bias=draw.random() < 0.5,
    )


def random_weights(draw, family):
    blocks = {}
    for name, shape in family.shapes.items():
        rows, columns = shape if len(shape) == 2 else (*shape, 1)
        entries = [
            sp.Rational(draw.randint(-2, 2), draw.randint(1, 2)) for _ in range(rows * columns)
        ]
        block = sp.Matrix(rows, columns, entries)
        if name.startswith("scale") and family.frozen(name) is not None:
            hot = [int(family.kind is Kind.MOA or s in family.dictionary) for s in family.basis]
            block = sp.Matrix(hot * (family.coefficients // len(hot)))
        elif family.frozen(name) is not None:
            block[:, -1] = sp.zeros(rows, 1)
        blocks[name] = block.as_immutable()
    return Weights(blocks=blocks)


def require_no_false_word(draw, name, gate_name):
    """Four members of classes with the plug-in: not excluded, by no obstruction and no bound."""
    for _ in range(4):
        family = random_family(draw, name, gate_name)
        expression = network_expression(family, random_weights(draw, family))
        if expression.count_ops() > 250:
            continue
        target = as_target(expression, family.dimension)
        for obstruction in OBSTRUCTIONS:
            try:
                reason = obstruction(target, family)
            except OutOfBudgetError:
                reason = None
            assert reason is None, (family, expression, reason)
        if family.dimension == 1:
            bounds = lower_bounds(target, family, norms=NORMS)
            assert bounds == (), (family, expression, bounds)


PARTS = [part if part < 3 else pytest.param(part, marks=pytest.mark.slow) for part in range(10)]


@pytest.mark.parametrize("part", PARTS)
def test_fuzzed_records_exclude_no_member_of_their_own_classes(part):
    draw = random.Random(f"plug-ins, {part}")
    accepted = 0
    for number in range(20):
        name = f"plug{part}n{number}"
        is_gate = number % 3 == 0
        if is_gate:
            claims = {key: draw.random() < 0.15 for key in ("positive", "vanishes_at_zero")}
            place = registered_gate(gate(name, random_form(draw), **claims))
        else:
            place = registered_activation(activation(name, random_form(draw), **random_facts(draw)))
        try:
            with place:
                accepted += 1
                require_no_false_word(draw, None if is_gate else name, name if is_gate else None)
        except ValueError as refusal:
            message = str(refusal)
            if not message.startswith(("activation plug", "gate plug")) or "\n" in message:
                raise
    assert accepted >= 5
