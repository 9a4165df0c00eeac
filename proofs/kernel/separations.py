"""Separations of two classes by one target, written from the setting of the Python theorem.

A separation is: for every parameter the target is a network of width 1 of the larger class, and
outside the smaller one, of any width, already on the unit ball. Forms, gates, switches, dimension
and dictionary are read off the Python theorem, so that a theorem of another class, or of fewer
switches, is not taken for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.gates import GATES
from expressivity.classes.generic_neuron import AFFINE_MAP
from expressivity.classes.kinds import Kind
from expressivity.classes.neurons import NEURONS
from expressivity.symbolic.proof import Theorem
from proofs import gated_separation, t1, t3
from proofs.jump_lemma import Neuron
from proofs.kernel.clauses import both, for_all, gated, member, outside, over_seven
from proofs.kernel.formulas import Formula


@dataclass(frozen=True, kw_only=True)
class Separation:
    """Two classes over the seven with one group of coefficients, and a target between them.

    Attributes:
        target: its name in Coq: that of the theorem.
        expression: what it is, in sympy; with ``LAMBDA`` if it has a parameter.
        parameter: whether the target has a parameter lambda > 0.
        form: of both classes.
        dimension: of the input.
        smaller, larger: kinds.
        gate: of the larger class, if it has one; its bias may be off or on.
        scale: whether scale is on, or None for both.
        bias: whether the member needs hidden biases; else they may be off or on.
        second_bias: whether the smaller class has biases of the second factor.
    """

    target: str
    expression: sp.Expr
    parameter: bool
    form: str
    dimension: int
    smaller: Kind
    larger: Kind
    gate: str | None = None
    scale: bool | None = None
    bias: bool = False
    second_bias: bool = True

    @property
    def formula(self) -> Formula:
        """What the target must be in Coq."""
        function = f"{self.target} lambda" if self.parameter else self.target
        return Formula(function=function, expression=self.expression)

    def text(self) -> str:
        r"""The statement in Coq.

        >>> from expressivity.symbolic.proof import THEOREMS
        >>> print(separation(THEOREMS["T1"]).text())
        (forall (b : bool), member (over_seven la type1 b 1 1) t1) /\
        (forall (b : bool) (m : nat), outside unit_ball (over_seven fixed type1 b 1 m) t1)
        """
        opening = "forall lambda : R, 0 < lambda ->\n" if self.parameter else ""
        return opening + both(for_all(self._member()), for_all(self._outside()))

    def _function(self) -> str:
        return f"({self.formula.function})" if self.parameter else self.target

    def _member(self) -> str:
        kind = self.larger if self.gate is None else gated(self.gate, scale=self.scale, bias=None)
        bias = "true" if self.bias else "b"
        family = over_seven(kind, self.form, dimension=self.dimension, bias=bias, width=1)
        return member(family, self._function())

    def _outside(self) -> str:
        family = over_seven(self.smaller, self.form, dimension=self.dimension)
        if self.second_bias:
            return outside(family, self._function())
        return (
            f"represents {family} c N g -> second_biases_off N -> "
            f"~ equal_on {self.dimension} unit_ball {self._function()} g"
        )


def separation(theorem: Theorem) -> Separation | None:
    """The separation that a theorem of Python states, or None for another kind of theorem."""
    name, setting = coq_target(theorem), theorem.setting
    match setting:
        case t1.Setting() | t3.Setting():
            classes = setting.classes
            names = {s.name for s in (*classes.affine, *classes.smooth, *classes.analytic)}
            if names != set(FULL_DICTIONARY):
                return None
            second = isinstance(setting, t3.Setting)
            return Separation(
                target=name,
                expression=setting.target.expression,
                parameter=False,
                form="one_sided" if second else "type1",
                dimension=1,
                smaller=Kind.FIXED,
                larger=Kind.LA,
                bias=second and setting.member.subs(t1.X, 0) != 0,
                second_bias=not second or setting.second != t3.LINEAR_FACTOR,
            )
        case gated_separation.Setting() if _is_about_its_class(setting):
            return Separation(
                target=name,
                expression=setting.target,
                parameter=True,
                form=setting.form,
                dimension=2,
                smaller=Kind.LA,
                larger=Kind.MOA,
                gate=setting.gate.name,
                # Gates that vanish at 0 need no scale to be off, and may have one.
                scale=None if GATES[setting.gate.name].vanishes_at_zero else setting.gate.scale,
            )
        case _:
            return None


def _is_about_its_class(setting: gated_separation.Setting) -> bool:
    """Whether its neuron is that of LA over the seven: a mixture alone, or times an affine map."""
    record = NEURONS[setting.form]
    if [len(maps) for maps in record.mixtures] != [1]:
        return False
    neuron = Neuron() if record.maps == 1 else Neuron(second=AFFINE_MAP)
    return setting == replace(setting, neuron=neuron)


def coq_target(theorem: Theorem) -> str:
    """The name of a theorem's target in Coq: that of the theorem, in small letters."""
    return theorem.name.lower().replace("-", "_")
