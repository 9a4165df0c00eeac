"""Exact linear algebra on normal forms, over the rationals with the constants that occur.

Square roots make an algebraic field. Beside constants such as tanh(1/2) they, and these, are taken
for independent variables: coefficients live in a field of rational functions. A solution is exact
whatever relations there are between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.polys.domains import QQ
from sympy.polys.matrices import DomainMatrix

from expressivity.membership.recognition.normal_form import Generator, Ring
from expressivity.membership.recognition.terms import Poly, Powers, is_real_algebraic
from expressivity.symbolic.budget import Budget

_MAX_ROOTS = 2  # more make a field of degree 8
_DEPTH = 16  # rows that an entry meets on the way; these systems are sparse
_DEARER = 20  # an entry that is a rational function, beside one that is a number


@dataclass(frozen=True, kw_only=True)
class Field:
    """Coefficients: the rationals, a field of square roots, or rational functions of constants.

    Attributes:
        domain: as sympy has it.
        constants: (index of the generator, what it is in the domain, its value).
        budget: pays for linear systems.
    """

    domain: Any
    constants: tuple[tuple[int, sp.Expr, sp.Expr], ...]
    budget: Budget

    def number(self, c: Any) -> sp.Expr:
        """A coefficient as an expression."""
        value = self.domain.to_sympy(c)
        if self.domain.is_Algebraic:
            return sp.expand(value)
        return value.subs({symbol: number for _, symbol, number in self.constants})

    def lift(self, poly: Poly) -> Poly:
        """A polynomial whose constants are generators, with them as coefficients."""
        if not self.constants:
            return poly
        inside = {
            index: self.domain.from_sympy(symbol) for index, symbol, _ in self.constants
        }  # fmt: skip
        total: Poly = {}
        for powers, c in poly.items():
            value = self.domain.convert(c)
            for index, exponent in powers:
                if index in inside:
                    value = value * inside[index] ** exponent
            kept = tuple(p for p in powers if p[0] not in inside)
            total[kept] = total.get(kept, self.domain.zero) + value
        return {powers: c for powers, c in total.items() if c}


def field_of(ring: Ring, poly: Poly) -> Field:
    """The field of the constants of a polynomial."""
    used = ring.used(poly)
    used += [Generator("constant", root) for g in used for root in _roots(g)]
    values = {ring.index(g): _constant(g) for g in used}
    known = {place: value for place, value in values.items() if value is not None}
    if known and all(map(is_real_algebraic, known.values())) and len(known) <= _MAX_ROOTS:
        exact = tuple((place, value, value) for place, value in known.items())
        domain = QQ.algebraic_field(*known.values())
        return Field(domain=domain, constants=exact, budget=ring.budget)
    found = [(place, sp.Symbol(f"k{i}"), value) for i, (place, value) in enumerate(known.items())]
    domain = QQ.frac_field(*[symbol for _, symbol, _ in found]) if found else QQ
    return Field(domain=domain, constants=tuple(found), budget=ring.budget)


def _roots(generator: Generator) -> list[Any]:
    """Square roots in the argument of a generator: what stands beside it may hold them too."""
    data = generator.data if generator.sort in ("step", "erf", "exp") else ()
    return sorted(
        {root for c in data for root in c.atoms(sp.Pow) if is_real_algebraic(root)}, key=str
    )


def _constant(generator: Generator) -> sp.Expr | None:
    if generator.sort == "constant":
        return generator.data
    if generator.sort == "share" and not any(any(h[:-1]) for h in generator.data):
        terms = [sp.exp(h[-1]) for h in generator.data]
        return terms[generator.index] / sp.Add(*terms)
    return None


def solve(columns: Sequence[Poly], target: Poly, field: Field) -> list[Any] | None:
    """Coefficients c with sum_i c_i columns_i = target, or None; free ones are 0.

    Earlier columns are preferred.

    Raises:
        OutOfBudgetError: the system is larger than what is left of the field's budget.

    >>> from expressivity.symbolic.symbols import COORDINATES
    >>> x = COORDINATES[0]
    >>> ring = Ring((x,))
    >>> found = solve([ring.parse(x), ring.parse(x + 1)], {(): QQ(3)}, field_of(ring, {}))
    >>> [int(c) for c in found]
    [-3, 3]
    """
    zero = field.domain.zero
    if not columns:
        return None if target else []
    width = len(columns)
    reduced, pivots = _reduced([*columns, target], field)
    if width in pivots:
        return None
    last: Any = reduced.to_dod()
    solution = [zero] * width
    for i, pivot in enumerate(pivots):
        solution[pivot] = last.get(i, {}).get(width, zero)
    return solution


def dependencies(columns: Sequence[Poly], field: Field) -> tuple[list[int], list[tuple[Any, ...]]]:
    """A basis of the span, by the earliest columns, and the coordinates of every column in it.

    Raises:
        OutOfBudgetError: as :func:`solve`.

    >>> from expressivity.symbolic.symbols import COORDINATES
    >>> x = COORDINATES[0]
    >>> ring = Ring((x,))
    >>> dependencies([ring.parse(x), ring.parse(2 * x)], field_of(ring, {}))[0]
    [0]
    """
    reduced, pivots = _reduced(columns, field)
    rows: Any = reduced.to_dod()
    zero = field.domain.zero
    return list(pivots), [
        tuple(rows.get(i, {}).get(j, zero) for i in range(len(pivots)))
        for j in range(len(columns))
    ]  # fmt: skip


def _reduced(columns: Sequence[Poly], field: Field) -> tuple[DomainMatrix, tuple[int, ...]]:
    """The reduced echelon form of the columns, and its pivots."""
    rows: dict[Powers, int] = {}
    matrix: dict[int, dict[int, Any]] = {}
    for j, column in enumerate(columns):
        for powers, c in field.lift(column).items():
            i = rows.setdefault(powers, len(rows))
            matrix.setdefault(i, {})[j] = field.domain.convert(c)
    entries = sum(map(len, matrix.values()))
    depth = min(len(rows), len(columns), _DEPTH)
    field.budget.spend(entries * depth * (_DEARER if field.constants else 1))
    return DomainMatrix(matrix, (len(rows), len(columns)), field.domain).rref()


def rank_one(matrix: Sequence[Sequence[Any]]) -> tuple[list[Any], list[Any]] | None:
    """Vectors with matrix = outer(left, right), the first nonzero of left 1; None without them."""
    pivot = next((i for i, row in enumerate(matrix) if any(row)), None)
    if pivot is None:
        return None
    right = list(matrix[pivot])
    place = next(j for j, c in enumerate(right) if c)
    left = [row[place] / right[place] for row in matrix]
    for factor, row in zip(left, matrix, strict=True):
        if any(c != factor * r for c, r in zip(row, right, strict=True)):
            return None
    return left, right
