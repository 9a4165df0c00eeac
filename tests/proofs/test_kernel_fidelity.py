"""What Coq's definitions compute is what the program computes.

Kinds: reference (networks, activations and expressions of Python against the definitions of
``proofs/coq/`` at rational points: Coq proves each value), negative (a wrong value is not proved,
nor a target that drifts).
Skipped where Coq is not installed.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest
import sympy as sp
from coq_values import (
    PRELUDE,
    expression_goals,
    is_small,
    network_goals,
    points,
    random_expression,
)
from random_members import random_members

from expressivity.symbolic.proof import THEOREMS
from proofs.kernel import builtin_library, find_coq, terms
from proofs.kernel.compilation import AT_ONCE, OPTIONS, compile_files, needs, unpacked
from proofs.kernel.coq import CoqMissingError
from proofs.kernel.formulas import Formula
from proofs.kernel.statements import statement

try:
    COQ = find_coq()
except CoqMissingError:
    COQ = None

pytestmark = pytest.mark.skipif(COQ is None, reason="Coq is not installed")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The folder of the compiled definitions, and of the files to check."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPRESSIVITY_CACHE", str(tmp_path_factory.mktemp("cache")))
        library = builtin_library()
        with unpacked(library, COQ) as folder:
            required = needs(library, COQ, folder)
            names = with_needs("networks", required) | with_needs("formulas", required)
            found = compile_files(COQ, folder, [n for n in required if n in names], required)
            assert {name: file.problem for name, file in found.items()} == dict.fromkeys(names)
            yield folder


def with_needs(name: str, required: dict[str, list[str]]) -> set[str]:
    """A file and all that it needs."""
    return {name}.union(*(with_needs(other, required) for other in required[name]))


def accepted(folder: Path, name: str, goals: list[str]) -> str:
    """What Coq says of a file with these goals: nothing, if it proves all."""
    (folder / f"{name}.v").write_text("\n".join([PRELUDE, *goals]) + "\n")
    ran = COQ.start("coqc", *OPTIONS, f"{name}.v", folder=folder, log=folder / f"{name}.log")
    code = ran.wait()
    said = (folder / f"{name}.log").read_text()
    return "" if code == 0 else said or f"status {code}"


def networks(seed: int, count: int) -> list[str]:
    """Goals about small networks of every kind, form, gate and switch."""
    draw = random.Random(seed)
    drawn = (m for m in random_members(seed, 100 * count, grouped=True) if is_small(m.family))
    return [
        goal
        for i, member in enumerate(islice(drawn, count))
        for goal in network_goals(f"n{i}", member, points(draw, member.family.dimension, 5))
    ]


def expressions(seed: int, count: int) -> list[str]:
    draw = random.Random(seed)
    return [
        goal
        for _ in range(count)
        for goal in expression_goals(random_expression(draw), points(draw, 2, 5))
    ]


def functions(seed: int, count: int) -> list[str]:
    draw = random.Random(seed)
    return [
        goal
        for name in terms.FUNCTIONS
        for goal in expression_goals(f"{name}(x1)", points(draw, 1, count))
    ]


def test_functions_and_few_networks(compiled):
    goals = functions(1, 1) + networks(2, 2) + expressions(3, 1)
    assert accepted(compiled, "few", goals) == ""


@pytest.mark.parametrize("goal", ["relu (1 / 2) = 1 / 3", "Rabs (gelu 1 - 85 / 100) <= 1 / 1000"])
def test_a_wrong_value_is_not_proved(compiled, goal):
    exact, near = goals = [f"Goal {goal}. Proof. {end}. Qed." for end in ("exactly", "enclosed")]
    wrong = exact if "=" in goal.replace("<=", "") else near
    assert "Error" in accepted(compiled, "wrong", [wrong]), goals


T2 = "((fun lambda (y : vec) => tanh (lambda * x1 y) * relu (x2 y)) lambda)"


def formula_goal(function: str, expression: sp.Expr) -> str:
    """The goal that a function of Coq is this, as it is for the theorems' targets."""
    goal = Formula(function=function, expression=expression).text()
    opening = "From Expressivity Require Import formulas."
    return f"{opening} Goal {goal}. Proof. formulas.same_formula. Qed."


def test_a_target_is_proved_to_be_its_formula(compiled):
    goal = formula_goal(T2, statement(THEOREMS["T2"]).formulas[0].expression)
    assert accepted(compiled, "same", [goal]) == ""


@pytest.mark.parametrize(
    ("right", "drifted"),
    [
        ("lambda * x1 y", "2 * lambda * x1 y"),
        ("lambda * x1 y", "lambda * x2 y"),
        ("* relu", "* leaky_relu"),
        ("* relu", "+ relu"),
        ("tanh", "sigmoid"),
        ("relu (x2 y)", "relu (x2 y) * 1001 / 1000"),
    ],
)
def test_a_target_that_drifts_is_not_proved_to_be_its_formula(compiled, right, drifted):
    assert right in T2
    expression = statement(THEOREMS["T2"]).formulas[0].expression
    said = accepted(compiled, "drifted", [formula_goal(T2.replace(right, drifted), expression)])
    assert "Error" in said


@pytest.mark.slow
def test_300_networks_and_100_expressions_at_5_points_each(compiled):
    parts = {f"networks{seed}": networks(seed, 30) for seed in range(100, 110)}
    parts |= {f"expressions{seed}": expressions(seed, 50) for seed in range(2)}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = dict(
            zip(
                parts,
                pool.map(lambda name: accepted(compiled, name, parts[name]), parts),
                strict=True,
            )
        )
    assert answers == dict.fromkeys(parts, "")
