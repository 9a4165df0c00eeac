"""Functions with kinks of functions with kinks, and how long their formulas may be.

Kinds: reference (sympy's own folding where that ends; values by plain Python), property (no
condition holds a Piecewise, every kink is a level), negative (what would take minutes is refused
at once, by a count).
"""

import random

import pytest
import sympy as sp
import torch

from expressivity.classes.activations import ACTIVATIONS
from expressivity.symbolic.conditions import MAX_CASES, compose
from expressivity.symbolic.constants import FUNCTIONS
from expressivity.symbolic.expressions import Node, fold
from expressivity.symbolic.interpret import TORCH, interpret
from expressivity.symbolic.parser import parse
from expressivity.symbolic.piecewise import kink_levels
from expressivity.symbolic.symbols import COORDINATES, Z
from expressivity.targets.domains import domain_for
from expressivity.targets.nesting import MAX_PARTS, MAX_PARTS_OF_CALL, require_moderate
from expressivity.targets.target import Target
from expressivity.targets.translation import form_of, to_sympy

torch.set_num_threads(1)

X = COORDINATES[0]
KINKED = ("abs", "relu", "leaky_relu", "relu2")
ABS5 = "abs(abs(abs(abs(abs(x-1/2)-1/3)-1/5)-1/7)-1/11)"
PLAIN = {
    "abs": abs,
    "relu": lambda z: max(z, 0.0),
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "relu2": lambda z: max(z, 0.0) ** 2,
}


def nested(names: list[str], shifts: list[str]) -> str:
    text = "x"
    for name, shift in zip(names, shifts, strict=True):
        text = f"{name}({text}{shift})"
    return text


def refusal(root: Node) -> str | None:
    try:
        require_moderate(root, form_of)
    except ValueError as error:
        return str(error)
    return None


def by_hand(text: str, x: float) -> float:
    return fold(
        parse(text).root,
        number=float,
        variable=lambda _: x,
        add=sum,
        multiply=lambda factors: float(torch.tensor(factors, dtype=torch.float64).prod()),
        power=lambda base, exponent: base ** float(exponent),
        call=lambda name, z: PLAIN[name](z),
    )


@pytest.mark.parametrize("name", KINKED)
@pytest.mark.parametrize("inner", ["relu(x)-1/2", "abs(x-1/3)", "relu(x)+relu(-x)-1/2", "tanh(x)"])
def test_two_levels_are_what_sympy_folds(name, inner):
    argument = to_sympy(parse(inner))
    folded = sp.piecewise_fold(form_of(name).subs(Z, argument))
    composed = sp.piecewise_fold(compose(form_of(name), Z, argument))
    for x in [sp.Rational(k, 12) for k in range(-14, 15)]:
        assert composed.subs(X, x) == folded.subs(X, x)


def test_values_of_random_nests():
    generator = random.Random(0)
    x_N = torch.linspace(-1.5, 1.5, 401, dtype=torch.float64)
    for _ in range(12):
        depth = generator.randint(2, 4)
        names = [generator.choice(KINKED) for _ in range(depth)]
        shifts = [generator.choice(["", "-1/3", "+1/7", "-3/5"]) for _ in range(depth)]
        text = nested(names, shifts)
        expression = to_sympy(parse(text))
        found_N = torch.as_tensor(interpret(expression, {X: x_N}, TORCH)).expand(401)
        expected = [by_hand(text, x) for x in x_N.tolist()]
        torch.testing.assert_close(found_N.tolist(), expected, rtol=1e-12, atol=1e-14)
        for part in expression.atoms(sp.Piecewise):
            assert not any(pair.cond.has(sp.Piecewise) for pair in part.args)


def test_five_absolute_values():
    expression = to_sympy(parse(ABS5))
    target = Target(name="expr", expression=expression, domain=domain_for(1), source=ABS5)
    kinks = sorted(plane.offset for plane in target.kinks)
    assert len(kinks) == len(kink_levels(expression)) == 31
    # each change of slope on [-1, 1] is at one of them
    x_N = torch.linspace(-1, 1, 20001, dtype=torch.float64)
    f_N = target.values(x_N[:, None])
    bends = x_N[1:-1][(f_N[2:] - 2 * f_N[1:-1] + f_N[:-2]).abs() > 1e-6]
    assert len(bends) > 10
    for x in bends.tolist():
        assert min(abs(x - kink) for kink in kinks) < 2e-4
    torch.testing.assert_close(f_N[::97].tolist(), [by_hand(ABS5, x) for x in x_N[::97].tolist()])


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("shift", ["", "-1/3", "*x+1/9"])
def test_every_depth_is_parsed_or_refused(name, shift):
    deepest = {"": 63, "-1/3": 31, "*x+1/9": 20}[shift]
    for depth in (10, deepest):
        expression = parse(nested([name] * depth, [shift] * depth))
        reason = refusal(expression.root)
        if reason is None:
            assert to_sympy(expression).has(X)
            continue
        assert "\n" not in reason
        with pytest.raises(ValueError, match="nest fewer"):
            to_sympy(expression)


def test_the_counts():
    assert refusal(parse(ABS5).root) is None
    reason = refusal(parse(nested(["abs"] * 9, ["-1/3"] * 9)).root)
    assert reason is not None and f"at most {MAX_PARTS_OF_CALL:,} parts" in reason
    long = "+".join(f"abs(x-{k})" for k in range(700))
    require_moderate(parse(long).root, form_of)
    heavy = "+".join(nested(["abs"] * 5, [f"-1/{k + j}" for j in range(5)]) for k in range(2, 30))
    with pytest.raises(ValueError, match=f"at most {MAX_PARTS:,} parts"):
        require_moderate(parse(heavy).root, form_of)


def test_forms_of_plug_ins():
    # a step, kinks away from 0, a condition that includes its boundary, terms beside the Piecewise
    form = Z + sp.Piecewise((1, sp.Rational(1, 2) <= Z), (-Z, Z < -1), (Z**2, True))
    argument = to_sympy(parse("abs(x)-1/2"))
    composed = compose(form, Z, argument)
    for x in [sp.Rational(k, 4) for k in range(-12, 13)]:
        assert composed.subs(X, x) == form.subs(Z, argument.subs(X, x))


def test_too_many_cases_are_refused():
    argument = sp.Add(*[ACTIVATIONS["relu"](COORDINATES[k] - k) for k in range(9)])
    with pytest.raises(ValueError, match=f"at most {MAX_CASES} cases"):
        compose(ACTIVATIONS["relu"].expression, Z, argument - 1)
