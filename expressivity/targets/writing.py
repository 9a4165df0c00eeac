"""Symbols as expressions that a user can read, and type again.

Parts that a function of the grammar makes are written by its name. A choice between formulas that
no single function makes is written with relu and abs: where two differ by a multiple of a power of
the level that decides between them, and where the choice is the largest or the least of all.
"""

from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any

import sympy as sp
from sympy.core.relational import Relational
from sympy.printing.str import StrPrinter

from expressivity.classes.activations import ACTIVATIONS
from expressivity.symbolic.conditions import compose
from expressivity.symbolic.constants import FUNCTIONS
from expressivity.symbolic.identities import is_identity
from expressivity.symbolic.parser import parse
from expressivity.symbolic.piecewise import by_conditions
from expressivity.symbolic.symbols import Z
from expressivity.targets.translation import form_of, to_sympy

_MOST = 4  # formulas of which one may be the largest
_POWERS = {1: "relu", 2: "relu2", 3: "relu3"}


def readable() -> tuple[str, ...]:
    """The functions that a user's expression may call."""
    return tuple(dict.fromkeys([*FUNCTIONS, *ACTIVATIONS]))


def to_text(expression: sp.Expr, functions: Collection[str] | None = None) -> str:
    """A sympy expression in the grammar of user expressions; reading it gives the same function.

    Args:
        expression: in x1, ..., xd.
        functions: to write it with; those of :func:`readable` by default.

    Raises:
        ValueError: a part that the grammar lacks, or one that it is not shown to read alike.

    >>> from expressivity.targets.builtin import t2, t10
    >>> to_text(t2().expression), to_text(t10().expression)
    ('relu(x2)*tanh(2*x1)', 'relu(x1 + relu(-x1 + x2))')
    """
    names = readable() if functions is None else tuple(functions)
    text = _Printer().doprint(_Namer(names).named(by_conditions(expression)))
    read = to_sympy(parse(text, functions=names))
    if read != expression and is_identity(read, expression) is not True:
        raise ValueError(f"required: an expression of the grammar of user targets; got {text}")
    return text


class _Printer(StrPrinter):
    """sympy's own texts, with roots as powers."""

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:
        return super()._print_Pow(expr, rational=True)  # pyright: ignore[reportUnknownMemberType]


class _Namer:
    """Puts names in the place of what functions of the grammar make."""

    def __init__(self, names: Iterable[str]) -> None:
        forms = {name: form_of(name) for name in names}
        self._kinked = {n: form for n, form in forms.items() if form.has(sp.Piecewise)}
        smooth = [(n, f) for n, f in forms.items() if n not in self._kinked and _is_composed(f)]
        self._smooth = sorted(smooth, key=lambda pair: -pair[1].count_ops())  # silu, then sigmoid

    def named(self, expression: Any) -> Any:
        """The expression with names for its parts."""
        choices = {node: self._choice(node) for node in _outermost(expression)}
        found = _primitive(expression.xreplace(choices))
        for name, form in self._smooth:
            for head, slope in _heads(form):
                for argument in _inside(found, head):
                    z = argument / slope
                    if slope.is_Rational and _height(z) > _height(argument):
                        continue  # silu, not quick_gelu
                    factor, made = _primitive(form.subs(Z, z)).as_coeff_Mul()
                    found = _primitive(_replaced(found, made, sp.Function(name)(z) / factor))
        return found

    def _choice(self, node: sp.Piecewise) -> Any:
        """A choice as one function, as a sum with one, or as the largest or least of formulas."""
        for z in _arguments(node):
            for name, form in self._kinked.items():
                if _composed(form, z) == node:
                    return sp.Function(name)(self.named(z))
        for make in (_absolute, _step, _extreme):
            made = make(node, self._kinked)
            if made is not None:
                return self.named(made)
        return node


def _is_composed(form: Any) -> bool:
    """Whether a form has a part with a name of sympy's, and is more than that."""
    return form.args != (Z,) and bool(_heads(form))


def _heads(form: Any) -> list[tuple[Any, Any]]:
    """The functions f in a form that it has as f(c z), with c."""
    inner = [atom for atom in form.atoms(sp.Function) if atom.args[0].diff(Z).is_number]
    exact = [atom for atom in inner if atom.args[0].subs(Z, 0) == 0 and atom.args[0] != 0]
    return sorted({(atom.func, atom.args[0].diff(Z)) for atom in exact}, key=str)


def _height(expression: Any) -> int:
    """How long its rational numbers are, signs apart."""
    return sum(abs(n.p) * n.q for n in expression.atoms(sp.Rational) if abs(n) != 1)


def _primitive(expression: Any) -> Any:
    """With numbers drawn out of the sums that are factors."""

    def drawn_out(node: Any) -> Any:
        factors = [sp.Mul(*factor.as_content_primitive()) if factor.is_Pow or factor.is_Add
                   else factor for factor in sp.Mul.make_args(node)]  # fmt: skip
        return sp.Mul(*factors)

    return expression.replace(lambda node: node.is_Mul or node.is_Pow, drawn_out)


def _inside(expression: Any, head: Any) -> list[Any]:
    """What a function is applied to in an expression, constants apart."""
    found = {atom.args[0] for atom in expression.atoms(head)}
    return sorted((argument for argument in found if not argument.is_number), key=str)


def _replaced(expression: Any, old: Any, new: Any) -> Any:
    """As ``subs``, which does not find products beside some rational factors."""
    terms = [term.as_coeff_Mul() for term in sp.Add.make_args(expression)]
    return sp.Add(*(number * rest.subs(old, new) for number, rest in terms))


def _outermost(node: Any) -> list[sp.Piecewise]:
    if isinstance(node, sp.Piecewise):
        return [node]
    return [found for part in node.args for found in _outermost(part)]


def _composed(form: sp.Expr, z: Any) -> Any:
    try:
        return compose(form, Z, z)
    except ValueError:  # too many cases
        return None


def _values(node: Any) -> list[Any]:
    return [pair.args[0] for pair in node.args]


def _arguments(node: Any) -> list[Any]:
    """What a function may have been applied to, to make this choice."""
    levels = [relation.lhs - relation.rhs for relation in _relations(node)]
    inner = [atom.args[0] for value in _values(node) for atom in value.atoms(sp.exp)]
    found = [*levels, *_values(node), *inner]
    return list(dict.fromkeys(e for z in found for e in (z, -z) if not z.is_number))


def _relations(node: Any) -> list[Any]:
    """Those that decide between the formulas, in a fixed order; not those inside the formulas."""
    return sorted({r for pair in node.args for r in pair.args[1].atoms(Relational)}, key=str)


def _absolute(node: Any, names: Collection[str]) -> Any:
    """abs of one of two formulas, or minus that; or None."""
    value, other = _values(node) if len(node.args) == 2 else (sp.S.One, sp.S.One)
    if "abs" not in names or sp.expand(value + other) != 0:
        return None
    value = min(value, other, key=lambda each: each.could_extract_minus_sign())
    for sign in (1, -1):
        if is_identity(sign * sp.Abs(value), node) is True:
            return sign * sp.Function("abs")(value)
    return None


def _step(node: Any, names: Collection[str]) -> Any:
    """p where g > 0 and q elsewhere, p - q = c g^k: q + c relu_k(g), or shorter; or None."""
    if len(node.args) != 2 or not isinstance(node.args[0].args[1], Relational):
        return None
    relation = node.args[0].args[1]
    level = getattr(relation, "gts", sp.S.Zero) - getattr(relation, "lts", sp.S.Zero)
    level = level.as_content_primitive()[1]
    inside, outside = _values(node)
    for power, name in _POWERS.items():
        ratio = level and sp.cancel((inside - outside) / level**power)
        if name not in names or not ratio or not ratio.is_number:
            continue
        if inside == 0:
            return -ratio * (-1) ** power * sp.Function(name)(sp.expand(-level))
        return outside + ratio * sp.Function(name)(level)
    return None


def _extreme(node: Any, names: Collection[str]) -> Any:
    """The largest or the least of the formulas, by relu alone, or None."""
    values = list(islice(dict.fromkeys(_values(node)), _MOST + 1))
    if len(values) > _MOST or "relu" not in names:
        return None
    values.sort(key=lambda value: (not value.is_number, str(value)))
    for sign in (1, -1):
        largest = sp.Max(*(sign * value for value in values))
        if is_identity(sign * largest, node) is True:
            *others, found = [sign * value for value in values]
            for other in reversed(others):
                found = other + sp.Function("relu")(sp.expand(found - other))
            return sign * found
    return None
