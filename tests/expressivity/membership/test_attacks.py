"""Records and expressions with which a reader once drew a false word, each for its kind.

Soundness: functions with a hidden kink, poles in disguise, values at 0 alone, signs behind
conditions. Negative: what no record may hold. Property: questions that once did not end.
"""

import odd_plugins as odd
import pytest
import sympy as sp

from expressivity.bounds import TargetNorms, lower_bounds
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import is_real_analytic, lies_in_span, sign_of
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, GateSpec
from expressivity.classes.kinds import Kind
from expressivity.evidence import Verdict
from expressivity.membership.decide import classify, decide
from expressivity.membership.obstructions.pole_order import has_simple_poles
from expressivity.membership.obstructions.taylor import has_order
from expressivity.symbolic.identities import differs, is_identity
from expressivity.symbolic.parser import parse
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.builtin import t5q
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from expressivity.targets.translation import to_sympy

X, Y = COORDINATES[:2]
RELU = ACTIVATIONS["relu"]
NORMS = TargetNorms(l2=1.0, sup=1.0)
TANH_SQUARED = 1 - sp.exp(
    -2 * (sp.sin(Z) ** 2 + sp.cos(Z) ** 2) * sp.log((sp.exp(Z) + sp.exp(-Z)) / 2)
)


def as_target(expression, dimension=1):
    return Target(name="expr", expression=expression, domain=domain_for(dimension), source="a test")


def one(name, **changes):
    fields = {"kind": "fixed", "neuron": "type1", "width": 1, "dimension": 1, "dictionary": name}
    return Family(**{**fields, **changes})


@pytest.mark.parametrize("hidden", [sp.sqrt(Z**2 - 2 * Z + 1) - 1, Z * sp.arg(Z - 1) / sp.pi])
def test_a_hidden_kink_is_in_no_span(hidden):
    record = odd.activation("hidden", hidden, even_span=(sp.Integer(1), sp.Abs(Z)))
    with pytest.raises(ValueError, match=r"an even_span|a torch form"):
        ACTIVATIONS.add("hidden", record)
    point = sp.Symbol("p", positive=True)
    assert lies_in_span(hidden.subs(Z, point), point, (sp.Integer(1), Z)) is not True


def test_poles_in_disguise_are_not_called_simple():
    """tanh^2, by log and cosh; t5q is relu(x2) times it at 2 x1."""
    record = odd.activation("disguised", TANH_SQUARED)
    assert has_simple_poles(record) is None
    with odd.registered_activation(record):
        for form in ("two_sided", "quadratic"):
            family = Family(
                kind=Kind.LA, neuron=form, width=1, dimension=2, dictionary="relu,disguised"
            )
            assert classify(t5q(), family).membership.verdict is not Verdict.NON_MEMBER


@pytest.mark.parametrize("function", [sp.log(1 + Z**2), sp.atan(Z), sp.asinh(Z)])
def test_functions_with_branch_points_have_no_known_poles(function):
    assert has_simple_poles(odd.activation("branched", function)) is not True


def test_activations_that_are_not_0_at_0_have_no_sign_of_their_argument():
    """With w = 0 they are constants: 2 (sigmoid(2x) - 1/2) relu(x) = tanh(x) relu(x)."""
    up = odd.activation("up", sp.Piecewise((1, Z >= 0), (-1, True)))
    down = odd.activation("down", sp.Piecewise((1, Z > 0), (-1, True)))
    with odd.registered_activation(up), odd.registered_activation(down):
        family = Family(
            kind=Kind.MOA,
            neuron="quadratic",
            width=1,
            dimension=1,
            dictionary="up,down,relu",
            gate=GateSpec(name="sigmoid", scale=False, bias=False),
            bias=False,
        )
        target = as_target(sp.tanh(X) * RELU(X))
        assert decide(target, family).verdict is not Verdict.NON_MEMBER


def test_a_condition_on_erf_has_no_sign():
    box = sp.Piecewise((-1, sp.erf(Z) ** 2 < sp.Rational(1, 4)), (1, True))
    assert sign_of(box) is None
    assert sign_of((1 + sp.erf(Z)) / 2) == "+"
    with pytest.raises(ValueError, match="positive only where"):
        GATES.add("box", odd.gate("box", box, positive=True))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (sp.Piecewise((1, X >= 0), (0, True)), sp.Piecewise((0, X < 0), (1, True))),
        (sp.Piecewise((1, X > 0), (0, True)), sp.Piecewise((0, X <= 0), (1, True))),
    ],
)
def test_values_on_a_boundary_are_those_of_the_condition(left, right):
    assert not differs(left, right)
    assert is_identity(left, right) is True
    assert is_identity(left, 1 - left) is False


def test_complex_numbers_are_not_real_analytic():
    assert not is_real_analytic(sp.atan(X + sp.I))


@pytest.mark.parametrize("power", [65, 10**6])
def test_huge_exponents_are_refused(power):
    with pytest.raises(ValueError, match="exponents of at most 64"):
        ACTIVATIONS.add("huge", odd.activation("huge", Z**power))


def test_a_constant_in_a_span_is_no_crash():
    record = odd.activation(
        "lifted", 1 + sp.Abs(Z), even_span=(sp.Integer(1), sp.Abs(Z)), odd_span=()
    )
    with odd.registered_activation(record):
        found = lower_bounds(as_target(sp.tanh(X)), one("lifted", bias=False), norms=NORMS)
        assert {bound.method for bound in found} == {"parity", "uncut-boxes"}


def test_products_of_many_factors_are_judged_by_series():
    text = "*".join(f"tanh({i}*x1 + {i}*x2)" for i in range(1, 13))
    target = as_target(to_sympy(parse(text)), 2)
    assert has_order(target.expression, (X, Y), 4)
    for family in (one("relu2", dimension=2, neuron="one_sided"), one("relu2", dimension=2)):
        found = classify(target, family).membership
        assert found.verdict is Verdict.NON_MEMBER
