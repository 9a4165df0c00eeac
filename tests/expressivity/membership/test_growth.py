"""Smoothness of every order, kinks that bend, jumps of higher derivatives, growth.

Reference: non-members that stand for a kind each. Soundness: known members, among them such that
need activations and gates of a user, are never excluded. Metamorphic: multiples, shifts and
members of the same class added keep the verdict. Negative: facts that are not shown refuse.
"""

import odd_plugins as odd
import pytest
import sympy as sp

from expressivity.classes.families import Family
from expressivity.evidence import Verdict
from expressivity.membership.decide import classify
from expressivity.membership.obstructions import (
    OBSTRUCTIONS,
    branch_points_obstruction,
    fast_decay_obstruction,
    growth_obstruction,
    jump_powers_obstruction,
    smoothness_obstruction,
    tail_coefficients_obstruction,
    vanishing_order_obstruction,
)
from expressivity.symbolic.symbols import Z
from expressivity.targets.user import user_target


def family(words: str, dimension: int = 1, **changes) -> Family:
    """From kind, form and perhaps a dictionary."""
    kind, neuron, *dictionary = words.split()
    fields = {"kind": kind, "neuron": neuron, "width": 9, "dimension": dimension}
    fields |= {"dictionary": dictionary[0]} if dictionary else {}
    fields |= {"gate": "tanh"} if kind == "moa" else {}
    return Family(**fields | changes)


def alarms(text: str, asked: Family) -> list[str]:
    target = user_target(text)
    found = (obstruction(target, asked) for obstruction in OBSTRUCTIONS)
    return [reason for reason in found if reason is not None]


NON_MEMBERS = [
    ("relu(x)**3", "la type1"),
    ("relu(x)**3", "moa type1"),
    ("sin(x)", "fixed type1 tanh"),
    ("sin(x)", "la type1"),
    ("sin(x)", "moa quadratic relu,gelu"),
    ("exp(x)", "fixed type1 tanh"),
    ("exp(x)", "la two_sided"),
    ("1/(1+x**2)", "la type1"),
    ("relu(sin(x))", "fixed type1 gelu"),
    ("relu(sin(x))", "la type1"),
    ("relu(tanh(x))", "la type1"),
    ("relu(x)*silu(x)", "la type1"),
    ("relu(x)**2", "la type1 relu,tanh,gelu,silu"),
    ("relu(x)*tanh(x)**3", "fixed type1 relu3"),
    ("abs(x1**2+x2**2-1/2)", "la type1"),
    ("abs(x1**2+x2**2-1/2)", "moa quadratic"),
    ("abs(x1**2+x2**2-1/2)+x1", "fixed maxout3"),
    ("silu(x1)*x2", "la type1"),
    ("tanh(x1)*x2**2", "la type1"),
    ("x1*relu(x2)**2+x2*tanh(x1)", "la type1"),
    ("sin(x1)*relu(x2)", "moa type1"),
    ("exp(x1)*tanh(x2)", "moa two_sided"),
    ("sin(x)", "la type1 elu,selu"),
    ("relu(x)**3", "fixed type1 elu"),
    ("exp(x**2)", "la one_sided elu,tanh"),
    ("softplus(x)", "fixed type1 tanh"),
    ("softplus(x)", "la quadratic"),
    ("softplus(x)", "moa two_sided relu,silu"),
    ("mish(x)", "la type1 elu,gelu"),
    ("sigmoid(x1)*x2", "la type1"),
    ("gelu(x1)*x2", "la type1 softplus,mish"),
    ("tanh(x1)*x2+exp(x1-x2)", "la type1 elu,relu"),
    ("gelu(x)", "la type1 elu,mish,silu,relu2"),
    ("gelu(x)", "moa quadratic relu,tanh"),
    ("x1*gelu(x2)", "moa two_sided silu,relu"),
    ("exp(-x**2)", "fixed swish"),
    ("gelu(x)-gelu(x+1)", "fixed snake"),
]


@pytest.mark.parametrize(("text", "words"), NON_MEMBERS)
def test_non_members(text, words):
    target = user_target(text)
    found = classify(target, family(words, target.dimension))
    assert found.membership.verdict is Verdict.NON_MEMBER


@pytest.mark.parametrize("words", ["fixed type1 tanh", "la type1", "moa type1", "la one_sided"])
def test_without_biases_networks_are_0_at_0(words):
    assert alarms("0*x+3", family(words, bias=False)) != []
    bound = vanishing_order_obstruction(user_target("0*x+3"), family(words, bias=True))
    assert bound is None


MEMBERS = [
    ("relu(x)**3", "fixed type1 relu3"),
    ("relu(x)**3", "la one_sided"),
    ("relu(x)*x+x**2", "la type1"),
    ("x1*x2", "la type1"),
    ("silu(x1)*x2", "fixed one_sided silu"),
    ("silu(x1)*x2+relu(x1)*x2", "la one_sided"),
    ("tanh(x1)*relu(x2)**2", "moa type1"),
    ("relu(x1)*x2+relu(x2)*x1", "la one_sided"),
    ("exp(x)-1-relu(exp(x)-1)+relu(x)", "fixed type1 elu"),
    ("abs(x1-x2)+relu(x1)-tanh(x2)", "la type1"),
    ("exp(x)+exp(-3*x)*x", "la one_sided elu,selu"),
    ("exp(x)*exp(x*2)*tanh(x)", "la two_sided elu,tanh"),
    ("tanh(x)*exp(x)", "moa type1 elu"),
    ("x1+2*x2", "fixed type1 silu"),
    ("tanh(x1)*tanh(x2)*x1*x2", "moa one_sided"),
    ("softplus(x1-2*x2)+softplus(x2)", "la type1 softplus,mish"),
    ("softplus(x1)*tanh(x2)", "moa type1 softplus"),
    ("mish(3*x+1)-tanh(x)", "la type1 mish,tanh"),
    ("relu(x1+x2)**2-relu(x1-x2)**2+exp(x1)", "la type1 relu2,elu"),
    ("x1*x2+x1**2*x2-tanh(x2)", "la type1 square,cube,tanh"),
    ("gelu(x)-gelu(-x)", "fixed type1 silu"),
    ("gelu(x1)*tanh(x2)", "moa type1 gelu,relu"),
    ("gelu(x)+x", "la type1 gelu,id"),
]


@pytest.mark.parametrize(("text", "words"), MEMBERS)
def test_members_are_never_excluded(text, words):
    dimension = user_target(text).dimension
    assert alarms(text, family(words, dimension)) == []


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (sp.exp(Z), "exp(x)+exp(-2*x)"),
        (sp.sin(Z), "sin(x)+sin(3*x-1)"),
        (1 / (1 + Z**2), "1/(1+x**2)"),
        (sp.exp(-(Z**2)), "exp(-x**2)"),
        (sp.log(1 + sp.exp(Z)), "softplus(x)-softplus(2*x+1)"),
        (sp.log(1 + Z**2), "own(x)"),
        (sp.tanh(Z) * sp.exp(-(Z**2)), "own(x)-own(2*x)"),
        (Z * sp.erf(Z / sp.sqrt(2)), "gelu(x)-x/2"),
        (sp.log(2 + sp.tanh(Z)) * Z, "own(x)"),
        (sp.Piecewise((sp.sin(Z), Z > 0), (Z, True)), "sin(x)"),
        (sp.Max(Z, 0) * sp.tanh(Z), "relu(x)*tanh(x)"),
        (sp.Piecewise((Z**4, Z > 0), (Z, True)), "x+relu(x**4+0*x)*0"),
    ],
)
@pytest.mark.parametrize("words", ["fixed type1 own", "la type1 own,tanh", "moa type1 own,id"])
def test_an_activation_of_ones_own_is_a_member(form, text, words):
    record = odd.activation("own", form)
    with odd.registered_activation(record):
        asked = family(words)
        assert alarms(text, asked) == []


def test_a_step_times_a_map_is_a_kink():
    step = odd.activation("own", sp.Piecewise((1, Z > 0), (0, True)))
    with odd.registered_activation(step):
        assert alarms("relu(x)", family("fixed one_sided own")) == []
        assert alarms("relu(x)", family("fixed type1 own")) != []


def test_gates_of_ones_own_are_not_bounded():
    """z, max(z, 0) and sin(z) as gates of the identity and of relu."""
    for form, text in (
        (Z, "x**3"),
        (sp.Max(Z, 0), "relu(x)**3"),
        (sp.sin(Z), "sin(x)*x"),
        (Z**2, "x**4"),
        (sp.exp(Z), "exp(x)*relu(x)"),
        (sp.log(1 + sp.exp(Z)), "softplus(x)*relu(x)"),
        (1 + sp.erf(Z / sp.sqrt(2)), "gelu(x)"),
        (sp.exp(-(Z**2)), "exp(-x**2)*x"),
    ):
        with odd.registered_gate(odd.gate("own", form)):
            asked = family("moa type1", gate="own")
            assert growth_obstruction(user_target(text), asked) is None
            assert branch_points_obstruction(user_target(text), asked) is None
            assert fast_decay_obstruction(user_target(text), asked) is None
            assert jump_powers_obstruction(user_target(text), asked) is None


@pytest.mark.parametrize(("text", "words"), NON_MEMBERS[:12])
def test_verdicts_do_not_depend_on_scale_and_place(text, words):
    turned = f"-3*({text.replace('x', '(x*2/3+1/7)')})" if "exp" not in text else f"-3*({text})"
    assert alarms(turned, family(words)) != []


@pytest.mark.parametrize(
    ("text", "words", "member"),
    [
        ("sin(x)", "la type1", "relu(x-1/2)+gelu(x+1/3)"),
        ("relu(x)**3", "la type1", "tanh(3*x)-relu(-x)"),
        ("silu(x1)*x2", "la type1", "relu(x1+x2)**2-tanh(x1-x2)"),
        ("abs(x1**2+x2**2-1/2)", "la type1", "relu(x1)+abs(x2-1/3)"),
        ("relu(tanh(x))", "la type1", "silu(x)-relu(x+1/3)"),
    ],
)
def test_a_network_per_neuron_added_changes_nothing(text, words, member):
    """LA of every neuron's own coefficients is closed under sums."""
    dimension = user_target(text).dimension
    asked = family(words, dimension, groups="neuron")
    assert alarms(text, asked) != []
    assert alarms(f"{text}+{member}", asked) != []


def test_gates_and_second_maps_have_other_tails():
    """tanh(x1) x2 as one gate times id, and as one activation times a map."""
    target = user_target("tanh(x1)*x2")
    for words in ("moa type1", "fixed one_sided tanh", "la one_sided", "la two_sided"):
        assert tail_coefficients_obstruction(target, family(words, 2)) is None


def test_each_argument_says_what_it_rests_on():
    la = family("la type1")
    assert "far out" in str(growth_obstruction(user_target("sin(x)"), la))
    branches = branch_points_obstruction(user_target("softplus(2*x)"), la)
    assert "I*pi/2" in str(branches)
    near = fast_decay_obstruction(user_target("gelu(x)"), family("moa type1 relu,silu"))
    assert "tends to x1 faster" in str(near)
    apart = tail_coefficients_obstruction(user_target("tanh(x1)*x2"), family("la type1", 2))
    assert "coefficients of t " in str(apart)
    assert "powers 1, 2" in str(jump_powers_obstruction(user_target("relu(x)**3"), la))
    text = "abs(x1**2+x2**2-1/2)"
    assert "bends" in str(smoothness_obstruction(user_target(text), family("la type1", 2)))
    text = "relu(sin(x))**3"
    cubic = family("la type1 relu3,tanh")
    assert smoothness_obstruction(user_target(text), cubic) is None
    assert "C^2" in str(smoothness_obstruction(user_target("relu(sin(x))**2"), cubic))
