"""What each separation must say in Coq, written from the setting of its Python namesake.

A statement is: for every parameter the target is a network of width 1 of the larger class, and
outside the smaller one, of any width, already on the unit ball. Forms, gates, switches, dimension
and dictionary are read off the Python theorem, so that a theorem of another class, or of fewer
switches, is not taken for it. Of the other theorems Python writes none.
"""

from __future__ import annotations

from dataclasses import dataclass

from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.gates import GATES
from expressivity.classes.kinds import Kind
from expressivity.symbolic.proof import Theorem
from proofs import gated_separation, t1, t3
from proofs.kernel import terms


@dataclass(frozen=True, kw_only=True)
class Separation:
    """Two classes over the seven with one group of coefficients, and a target between them.

    Attributes:
        target: its name in Coq: that of the theorem.
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
    parameter: bool
    form: str
    dimension: int
    smaller: Kind
    larger: Kind
    gate: str | None = None
    scale: bool | None = None
    bias: bool = False
    second_bias: bool = True

    def text(self) -> str:
        r"""The statement in Coq.

        >>> from proofs.kernel.statements import of_theorem
        >>> from expressivity.symbolic.proof import THEOREMS
        >>> print(of_theorem(THEOREMS["T1"]).text())
        (forall b : bool, member (over_seven la type1 b 1 1) t1) /\
        (forall (b : bool) (m : nat), outside unit_ball (over_seven fixed type1 b 1 m) t1)
        """
        opening = "forall lambda : R, 0 < lambda ->\n" if self.parameter else ""
        return f"{opening}{self._member()} /\\\n({self._outside()})"

    def _function(self) -> str:
        return f"({self.target} lambda)" if self.parameter else self.target

    def _member(self) -> str:
        switches: list[str] = []
        kind = str(self.larger)
        if self.gate is not None:
            scale = "scaled" if self.scale is None else terms.boolean(self.scale)
            kind = f"(moa {terms.GATES[self.gate]} {scale} biased)"
            switches = [*(["scaled"] if self.scale is None else []), "biased"]
        bias = "true" if self.bias else "b"
        bound = " ".join([*switches, *([] if self.bias else ["b"])])
        family = f"over_seven {kind} {self.form} {bias} {self.dimension} 1"
        claim = f"member ({family}) {self._function()}"
        return f"(forall {bound} : bool, {claim})" if bound else claim

    def _outside(self) -> str:
        family = f"(over_seven {self.smaller} {self.form} b {self.dimension} m)"
        if self.second_bias:
            claim = f"outside unit_ball {family} {self._function()}"
            return f"forall (b : bool) (m : nat), {claim}"
        return (
            "forall (b : bool) (m : nat) (c : coefficients) (N : list weights) (g : vec -> R), "
            f"represents {family} c N g -> second_biases_off N -> "
            f"~ equal_on {self.dimension} unit_ball {self._function()} g"
        )


def of_theorem(theorem: Theorem) -> Separation | None:
    """The separation that a theorem of Python states, or None for another kind of theorem."""
    name, setting = theorem.name.lower().replace("-", "_"), theorem.setting
    match setting:
        case t1.Setting() | t3.Setting():
            classes = setting.classes
            names = {s.name for s in (*classes.affine, *classes.smooth, *classes.analytic)}
            if names != set(FULL_DICTIONARY):
                return None
            second = isinstance(setting, t3.Setting)
            return Separation(
                target=name,
                parameter=False,
                form="one_sided" if second else "type1",
                dimension=1,
                smaller=Kind.FIXED,
                larger=Kind.LA,
                bias=second and setting.member.subs(t1.X, 0) != 0,
                second_bias=not second or setting.second != t3.LINEAR_FACTOR,
            )
        case gated_separation.Setting():
            return Separation(
                target=name,
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


def statement(theorem: Theorem) -> str | None:
    """The theorem as Coq text, or None where Python cannot write it."""
    found = of_theorem(theorem)
    return None if found is None else found.text()
