"""Theorems and mutations that are proved, refuted or undecided on demand."""

import typer

from expressivity.symbolic.proof import Mutation, Step, Theorem
from proofs import command


def step(answer, statement="a_1 < 2 {x} & 50% #~^\\ $|$"):
    return Step(statement=statement, source="docs", check=lambda: answer)


def theorem(name, answer, *mutations):
    return Theorem(
        name=name,
        title=f"title of {name}",
        statement="x_1 & y",
        assumptions=("d = 1",),
        setting=answer,
        steps=lambda setting: [
            step(None if setting == UNDECIDED else setting),
            Step(statement="a sentence", source="here"),
        ],
        mutations=mutations,
        source="here",
    )


UNDECIDED = "undecided"


def mutation(setting, shown, because=None):
    counterexample = step(shown, "f(1) = 2")
    return Mutation(
        name="changed", setting=setting, counterexample=counterexample, undecided_because=because
    )


REASON = "roots are not decided"
CAUGHT = (mutation(False, True), mutation(UNDECIDED, True, REASON))


def call(*arguments):
    app = typer.Typer()
    app.callback()(lambda: None)  # with one command alone, typer would take no name
    command.register(app)
    return app(["prove", *arguments], standalone_mode=False)
