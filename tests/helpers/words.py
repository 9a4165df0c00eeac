"""What is said of inputs that once drew a false word, as JSON: run as a script, also with -O."""

import json
import sys
from pathlib import Path

import sympy as sp

sys.path.insert(0, str(Path(__file__).parent))
from odd_plugins import activation, gate, registered_activation, registered_gate

from expressivity.bounds import TargetNorms, lower_bounds
from expressivity.classes.families import Family
from expressivity.classes.gates import GateSpec
from expressivity.membership.decide import decide
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.symbols import Z
from expressivity.targets.builtin import t2
from expressivity.targets.domains import domain_for
from expressivity.targets.target import Target

X = sp.Symbol("x1", real=True)
NORMS = TargetNorms(l2=1.0, sup=1.0)


def refusal(make) -> str:
    """The first line of a refusal, or what was accepted."""
    try:
        return f"accepted: {make()}"
    except ValueError as error:
        return f"refused: {error}"


def as_target(expression: sp.Expr) -> Target:
    return Target(name="expr", expression=expression, domain=domain_for(1), source="a test")


def enter(place) -> str:
    with place as record:
        return record.name


def words() -> dict[str, object]:
    said: dict[str, object] = {}
    base = {"neuron": "type1", "width": 4, "dimension": 2}
    for name, fields in {
        "moa without a gate": {"kind": "moa"},
        "laa": {"kind": "laa"},
        "unknown neuron": {"kind": "la", "neuron": "nonsense"},
        "two_sided fixed": {"kind": "fixed", "neuron": "two_sided", "dictionary": "relu"},
        "half a neuron": {"kind": "la", "width": 2.5},
        "true width": {"kind": "la", "width": True},
        "text width": {"kind": "la", "width": "4"},
        "bias as a number": {"kind": "la", "bias": 1},
        "gate of la": {"kind": "la", "gate": "tanh"},
        "dictionary as a number": {"kind": "la", "dictionary": 7},
    }.items():
        said[name] = refusal(lambda fields=fields: Family(**{**base, **fields}))
    la = Family(kind="la", neuron="two_sided", width=4, dimension=2)
    said["parameters of la"] = la.parameter_count
    said["t2 in moa"] = str(
        decide(t2(), Family(kind="moa", gate="tanh", **{**base, "width": 1})).verdict
    )
    said["abs cos"] = is_identity(sp.Abs(sp.cos(2 * X)), sp.cos(2 * X))
    said["sign cos"] = is_identity(sp.sign(sp.cos(2 * X)), sp.Integer(1))
    step = activation("heav", sp.Piecewise((1, Z > 0), (0, True)), kink=sp.Integer(0))
    with registered_activation(step):
        heav = Family(kind="fixed", neuron="one_sided", width=1, dimension=1, dictionary="heav")
        own = as_target(step(X) * X)
        bounds = lower_bounds(own, heav, norms=NORMS)
        said["bounds of heav"] = [bound.value for bound in bounds]
        said["heav x in its class"] = str(decide(own, heav, bounds).verdict)
    said["clip"] = refusal(
        lambda: enter(registered_activation(activation("clip", sp.Min(sp.Max(Z, -1), 1))))
    )
    said["kink 0 for relu"] = refusal(
        lambda: enter(registered_activation(activation("r", sp.Max(Z, 0), kink=sp.Integer(0))))
    )
    with registered_gate(gate("ramp", sp.Max(Z, 0))):
        for bias, names in ((True, "tanh"), (False, "relu,tanh")):
            ramp = Family(kind="moa", neuron="type1", width=1, dimension=1, dictionary=names,
                          gate=GateSpec(name="ramp", bias=bias))  # fmt: skip
            relu = as_target(sp.Piecewise((X, X > 0), (0, True)))
            said[f"relu by the gate, {names}"] = str(decide(relu, ramp).verdict)
    return said


if __name__ == "__main__":
    json.dump(words(), sys.stdout)
