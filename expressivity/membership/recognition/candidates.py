"""Which affine arguments the neurons of an expression can have, and which factors it has."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import sympy as sp
from sympy.polys.rings import ring as polynomial_ring

from expressivity.classes.activations import ACTIVATIONS
from expressivity.membership.recognition.linear import Field, field_of, solve
from expressivity.membership.recognition.normal_form import Generator, Ring, UnrecognisedError
from expressivity.membership.recognition.terms import (
    Affine,
    Poly,
    difference,
    line_of,
    plus,
    scaled,
)

_MAX_FACTORS = 7
_MAX_FACTORED = 80
_MAX_EXPONENT = 6
_MAX_DEGREE = 12  # of polynomials whose affine factors are sought


def atom(ring: Ring, name: str, z: Affine) -> Poly:
    """The normal form of an activation at an affine argument."""
    return ring.parse(ACTIVATIONS[name](as_expression(ring, z)))


def atoms(ring: Ring, names: Sequence[str], z: Affine) -> list[Poly]:
    """Normal forms of activations at one argument; 0 for irrational values at a constant."""
    found = [atom(ring, name, z) for name in names]
    constant = not any(z[:-1])
    return [{} if constant and any(a) else a for a in found]


def as_expression(ring: Ring, z: Affine) -> sp.Expr:
    """The affine function as an expression."""
    return sp.Add(*[c * s for c, s in zip(z[:-1], ring.symbols, strict=True)], z[-1])


def unit(ring: Ring) -> Affine:
    """The constant function 1."""
    return (*(sp.S.Zero,) * len(ring.symbols), sp.S.One)


def independent(ring: Ring, names: Sequence[str], field: Field) -> list[str]:
    """A basis of the span of the activations; ``id`` last, if it is there."""
    x: Affine = (sp.S.One, *(sp.S.Zero,) * len(ring.symbols))
    kept: list[str] = []
    ordered = sorted(names, key=lambda name: (name == "leaky_relu", names.index(name)))
    for name in ordered:
        if solve([atom(ring, k, x) for k in kept], atom(ring, name, x), field) is None:
            kept.append(name)
    return sorted(kept, key=lambda name: name == "id")


def logistic(generator: Generator) -> Affine | None:
    """The h of a share of two logits 0 and h, or None."""
    if generator.sort != "share" or len(generator.data) != 2:
        return None
    return generator.data[1]


def arguments(
    ring: Ring, poly: Poly, names: Sequence[str], *, guesses: bool = True
) -> list[Affine]:
    """Candidate arguments z of neurons, up to sign, likely ones first.

    Lines of steps, with every scale that another generator on the line suggests; arguments of
    erf; logits that an activation of the dictionary has at z. With ``guesses`` also arguments
    that no generator asks for: affine factors, and lines at scale 1.
    """
    used = _sociable(ring, poly)
    rates = sorted({rate for name in names for rate in _rates(ring, name)})
    scales: dict[Affine, list[Affine]] = {}
    for generator in used:
        if generator.sort == "erf" and "gelu" in names:
            _on_line(scales, generator.data)
        size, logits = _logits(generator)
        for h, (_, rate) in itertools.product(logits, [r for r in rates if r[0] == size]):
            _on_line(scales, scaled(h, 1 / rate))
    found: list[Affine] = []
    for line in (g.data for g in used if g.sort == "step"):
        found += scales.get(line, [])
        if guesses or line not in scales:
            found.append(line)
    found += [g.data for g in used if g.sort == "erf" and "gelu" in names]
    if guesses:
        factors = affine_factors(ring, poly)
        found += [z for factor in factors for z in scales.get(factor, [])]
        found += factors
        found += ridges(ring, poly)
    found += [z for line in scales.values() for z in line]
    return [z for z in dict.fromkeys(found) if all(_has_atom(ring, name, z) for name in names)]


def _sociable(ring: Ring, poly: Poly) -> list[Generator]:
    """The generators, first those that meet most others: a gate meets one activation only."""
    others: dict[int, set[int]] = {}
    for powers in poly:
        met = [i for i, _ in powers if ring.generators[i].sort != "x"]
        for i in (index for index, _ in powers):
            others.setdefault(i, set()).update(met)
    ordered = sorted(others, key=lambda i: (-len(others[i] - {i}), i))
    return [ring.generators[i] for i in ordered]


def _has_atom(ring: Ring, name: str, z: Affine) -> bool:
    try:
        atom(ring, name, z)
    except UnrecognisedError:
        return False
    return True


def sharp_lines(ring: Ring, poly: Poly) -> set[Affine]:
    """Lines that only arguments of activations have: those of steps and erf."""
    return {
        line
        for g in ring.used(poly)
        if g.sort in ("step", "erf")
        for line in [line_of(g.data)[1]]
        if line is not None
    }


def _on_line(scales: dict[Affine, list[Affine]], z: Affine) -> None:
    sign, line = line_of(z)
    if line is not None:
        scales.setdefault(line, []).append(scaled(z, sign))


def _logits(generator: Generator) -> tuple[int, list[Affine]]:
    """How many exponentials meet, and the differences of their exponents."""
    if generator.sort == "exp":
        return 1, [generator.data]
    if generator.sort != "share":
        return 0, []
    pairs = itertools.combinations(generator.data, 2)
    return len(generator.data), [difference(high, low) for low, high in pairs]


def _rates(ring: Ring, name: str) -> list[tuple[int, Any]]:
    """The (n, r) for which an activation at z contains n exponentials, two exp(r z) apart."""
    probe: Affine = (sp.S.One, *(sp.S.Zero,) * len(ring.symbols))
    found = [_logits(g) for g in ring.used(atom(ring, name, probe))]
    return [(size, h[0]) for size, logits in found for h in logits if h[-1] == 0]


def affine_factors(ring: Ring, poly: Poly) -> list[Affine]:
    """Affine factors of the polynomial that are functions of x alone, leading slope 1."""
    content, x = _content(ring, poly)
    if content is None:
        return []
    found: list[Affine] = []
    for factor, _ in content.factor_list()[1]:
        if factor.as_expr().as_poly(*x).total_degree() != 1:
            continue
        p = factor.as_expr()
        slopes = [sp.diff(p, s) for s in x]
        z = (*slopes, p.subs(dict.fromkeys(x, 0)))
        line = line_of(z)[1]
        assert line is not None
        found.append(line)
    return found


def ridges(ring: Ring, poly: Poly) -> list[Affine]:
    """The z with leading slope 1 that a polynomial of x is a function of, if there is one.

    Of the two the second has the constant of (w.x + b)^n. By the highest form c (w.x)^n, whose
    gradient is parallel to w, and the next one, n c b (w.x)^(n - 1).
    """
    if not poly or not all(map(sp.QQ.of_type, poly.values())):
        return []
    parts = _parts(ring, poly)
    powers = parts.get((), {})
    degree = max(map(sum, powers), default=0)
    if len(parts) > 1 or degree < 2:
        return []
    p = tuple(sp.Integer(2 * axis + 3) for axis in range(len(ring.symbols)))
    terms = [
        (sum(e), sp.QQ.to_sympy(c) * sp.Mul(*map(sp.Pow, ring.symbols, e)))
        for e, c in powers.items()
    ]  # fmt: skip
    forms: list[Any] = [
        sp.Add(*[term for n, term in terms if n == size]) for size in (degree, degree - 1)
    ]
    at: dict[Any, Any] = dict(zip(ring.symbols, p, strict=True))
    slopes: list[Any] = [sp.diff(forms[0], s).subs(at) for s in ring.symbols]
    line = line_of((*slopes, sp.S.Zero))[1]
    high, low = (form.subs(at) for form in forms)
    if line is None or high == 0:
        return []
    reach = sp.Add(*[c * x for c, x in zip(line[:-1], p, strict=True)])
    return [line, (*line[:-1], low * reach / (degree * high))]


def _content(ring: Ring, poly: Poly) -> tuple[Any, tuple[Any, ...]]:
    """The greatest common divisor of the coefficients in Q[x] of the other generators."""
    x = ring.symbols
    if not poly or not all(_is_rational(c) for c in poly.values()):
        return None, x
    R, *_ = polynomial_ring(list(x), sp.QQ)
    content = R.zero
    parts = _parts(ring, poly)
    if any(sum(powers) > _MAX_DEGREE for part in parts.values() for powers in part):
        return None, x
    for part in parts.values():
        content = R.from_dict(part) if not content else content.gcd(R.from_dict(part))
        if content.is_ground:
            return None, x
    return content, x


def _is_rational(c: Any) -> bool:
    if sp.QQ.of_type(c):
        return True
    ground = hasattr(c, "numer") and c.numer.is_ground and c.denom.is_ground
    return ground and sp.QQ.of_type(c.numer.LC) and sp.QQ.of_type(c.denom.LC)


def _parts(ring: Ring, poly: Poly) -> dict[Any, dict[tuple[int, ...], Any]]:
    axes = {
        ring.index(Generator("x", axis)): axis for axis in range(len(ring.symbols))
    }  # fmt: skip
    parts: dict[Any, dict[tuple[int, ...], Any]] = {}
    for powers, c in poly.items():
        exponents = [0] * len(ring.symbols)
        for index, exponent in powers:
            if index in axes:
                exponents[axes[index]] = exponent
        rest = tuple(p for p in powers if p[0] not in axes)
        value = c if sp.QQ.of_type(c) else sp.QQ.convert(c.numer.LC) / sp.QQ.convert(c.denom.LC)
        parts.setdefault(rest, {})[tuple(exponents)] = value
    return parts


def divided(ring: Ring, poly: Poly, y: Affine) -> Poly:
    """The polynomial over one of its :func:`affine_factors`."""
    R, *_ = polynomial_ring(list(ring.symbols), sp.QQ)
    divisor = R.from_expr(as_expression(ring, y))
    places = [ring.index(Generator("x", axis)) for axis in range(len(ring.symbols))]
    total: Poly = {}
    for rest, part in _parts(ring, poly).items():
        for exponents, c in R.from_dict(part).exquo(divisor).items():
            axes = [(i, e) for i, e in zip(places, exponents, strict=True) if e]
            total = plus(total, {tuple(sorted([*rest, *axes])): c})
    return total


def _is_factorable(expression: Any) -> bool:
    """Whether it is small, in nodes and degree, so that sympy factors it soon."""
    exponents: list[Any] = [power.exp for power in expression.atoms(sp.Pow)]
    return expression.count_ops() <= _MAX_FACTORED and all(
        abs(exponent) <= _MAX_EXPONENT for exponent in exponents if exponent.is_Rational
    )


def partitions(ring: Ring, expression: Any) -> Iterator[tuple[Poly, Poly]]:
    """Ways to write an expression as a product of two, by the factors it has as it stands."""
    if expression.is_Add:
        expression = sp.factor_terms(expression)
    if expression.is_Add and _is_factorable(expression):
        expression = sp.factor(expression)
    left, factors = {(): sp.QQ(1)}, list[Poly]()
    quotient: Any = sp.S.One  # exponentials and denominators belong together
    try:
        for part in sp.Mul.make_args(expression):
            piece: Any = part
            if piece.is_Rational:
                left = ring.times(left, ring.parse(piece))
            elif piece.func == sp.exp or (piece.is_Pow and piece.exp.is_negative):
                quotient *= piece
            else:
                whole = piece.is_Pow and piece.exp.is_Integer
                base, repeat = (piece.base, int(piece.exp)) if whole else (piece, 1)
                factors += [ring.parse(base)] * repeat
        factors += ring.factors(quotient)
    except UnrecognisedError:
        return
    constants = [f for f in factors if field_of(ring, f).constants and len(ring.used(f)) == 1]
    for constant in constants:
        left = ring.times(left, constant)
        factors.remove(constant)
    if len(factors) > _MAX_FACTORS:
        return
    constant, seen = left, list[tuple[Poly, Poly]]()
    for chosen in range(2 ** len(factors)):
        left, right = constant, {(): sp.QQ(1)}
        for place, factor in enumerate(factors):
            if chosen >> place & 1:
                right = ring.times(right, factor)
            else:
                left = ring.times(left, factor)
        if (left, right) not in seen:
            seen.append((left, right))
            yield left, right
