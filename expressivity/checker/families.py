"""The family whose networks a certificate is about, read field by field."""

from __future__ import annotations

from dataclasses import dataclass

from expressivity.checker.findings import require
from expressivity.checker.reading import choice, fields, flag, integer, items

MAX_WIDTH = 4096
FORMS = ("type1", "one_sided", "two_sided", "quadratic")
ACTIVATIONS = ("id", "relu", "relu2", "leaky_relu", "gelu", "silu", "tanh")


@dataclass(frozen=True, kw_only=True)
class Family:
    """The family whose networks the claims are about."""

    kind: str
    form: str
    width: int  # 0 where a claim is about every width
    gate: str | None
    scale: bool
    gate_bias: bool
    dictionary: tuple[str, ...]
    bias: bool
    groups: int  # of neurons that share coefficients

    @property
    def rank(self) -> int:
        """How many functions of one affine map each a network is a sum of, times affine maps."""
        return self.width * (2 if self.form == "one_sided" else 1)


def read_family(value: object, *, every_width: bool, any_groups: bool, grouped: bool) -> Family:
    """A family of one width, or of every one; groups as the schema and the method allow."""
    names = "kind form width gate activation dictionary bias"
    # Files of version 0.1 leave the last three out and mean these values.
    later = " constraint groups outputs" if type(value) is dict and "constraint" in value else ""
    kind, form, width, gate, activation, listed, bias, *plain = fields(
        value, names + later, "family"
    )
    constraint, groups, outputs = plain or ("free", 1, 1)
    choice(constraint, ("free",), "constraint")
    integer(outputs, 1, 1, "outputs")
    choice(kind, ("fixed", "la", "moa"), "kind")
    fixed = kind == "fixed"
    choice(form, FORMS[:2] if fixed else FORMS, "form")
    dictionary = [choice(name, ACTIVATIONS, "dictionary") for name in items(listed, "dictionary")]
    require(0 < len(set(dictionary)) == len(dictionary), "dictionary must list different names")
    require(dictionary == [activation] if fixed else activation is None, "activation is wrong")
    require((gate is not None) == (kind == "moa"), "a gate belongs to kind moa and to no other")
    scale, gate_bias = kind == "la", True
    if gate is not None:
        gate, scale, gate_bias = fields(gate, "name scale bias", "gate")
        choice(gate, ("sigmoid", "tanh", "softmax"), "gate")
    require(width is None or not every_width, "width must be null: the claim is about all")
    width = 0 if every_width else integer(width, 1, MAX_WIDTH, "width")
    return Family(
        kind=kind,
        form=form,
        width=width,
        gate=gate,
        scale=flag(scale, "scale"),
        gate_bias=flag(gate_bias, "bias of the gate"),
        dictionary=tuple(dictionary),
        bias=flag(bias, "bias"),
        groups=_read_groups(groups, width, any_groups=any_groups, grouped=grouped and not fixed),
    )


def _read_groups(value: object, width: int, *, any_groups: bool, grouped: bool) -> int:
    if any_groups:
        return integer(value, 1, MAX_WIDTH, "groups")
    most = max(width, 1) if grouped else 1
    one_each = type(value) is str and value == "neuron" and grouped
    groups = integer(most if one_each else value, 1, most, "groups")
    require(width % groups == 0, "groups must divide the width")
    return groups
