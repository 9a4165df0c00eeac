"""What the default run of ``separate`` fits, and targets of users beside it."""

from expressivity.classes.gates import GateSpec
from expressivity.commands.separate import Options
from expressivity.separation.settings import Settings
from expressivity.symbolic.parser import parse
from expressivity.targets.builtin import TARGETS
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target
from expressivity.targets.translation import to_sympy

TANH = GateSpec(name="tanh")
SMALL = ("id", "relu", "relu2")
TINY = Settings(restarts=2, candidates=1)
PLAIN = Settings()
DEFAULTS = Options(
    targets=(),
    expr=None,
    kinds=None,
    form=None,
    widths=None,
    restarts=PLAIN.restarts,
    candidates=PLAIN.candidates,
    seed=PLAIN.seed,
    gate="tanh",
    gate_scale=True,
    gate_bias=True,
    bias=None,
    lambda_=2.0,
    dictionary=None,
    loss=PLAIN.loss,
    optimizer=PLAIN.optimizer,
    device="cpu",
    dtype=PLAIN.dtype,
    out=None,
)


def user_target(text: str) -> Target:
    expression = parse(text)
    return Target(
        name="expr",
        expression=to_sympy(expression),
        domain=domain_for(expression.dimension),
        source=text,
    )


def made(name: str, *, lambda_: float = 2.0, gate: str = "tanh", activations: int = 7) -> Target:
    return TARGETS[name](lambda_, gate, activations)
