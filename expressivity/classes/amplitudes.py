"""How the gradient of a network can jump along a hyperplane, derived from the neuron's record.

A neuron is a sum of terms: a polynomial of its maps times *profiles*, functions of one map each
(:func:`profile_terms`), with a coefficient that is a number or a product of gates. Let all
profiles be continuous, analytic on either side of 0 and without a kink elsewhere, and all gates
analytic. Let H be a hyperplane and x a point of H outside finitely many sets of lower dimension.
A term none of whose profiles kinks on H does not contribute to the jump of the gradient at x. One
with a single such profile contributes its kink, times the size of its slope, times everything else
in the term, at x. Where two profiles kink on H and are 0 at 0, the term is 0 on H of second
order and contributes nothing. So the jump is a finite sum of numbers times products of a
polynomial, gates and profiles along H (docs/theory.md, section 6). What cannot be derived is None.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import sympy as sp

from expressivity.classes import gates
from expressivity.classes.activations import ACTIVATIONS
from expressivity.classes.facts import is_continuous, kink_of, pieces
from expressivity.classes.families import Family
from expressivity.classes.gates import GATES, Gate
from expressivity.classes.neurons import MAPS, Neuron
from expressivity.classes.poles import pole_order
from expressivity.classes.rational import is_joined
from expressivity.classes.terms import AFFINE, degree_in, is_free, products, ridge_terms
from expressivity.symbolic.asymptotics import growth_degree
from expressivity.symbolic.symbols import Z


@dataclass(frozen=True, kw_only=True)
class ProfileTerm:
    """One term of a neuron for one choice of activations.

    Attributes:
        profiles: functions of ``Z``, each at a map of its own.
        degree: of the polynomial that they are multiplied by.
        sides: the mixtures that take part, each with one coefficient.
        chosen: the activations of these mixtures, by their places in the dictionary.
    """

    profiles: tuple[sp.Expr, ...]
    degree: int
    sides: tuple[int, ...]
    chosen: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Amplitude:
    """The jump of the gradient of the networks of a family along a hyperplane.

    A finite sum of numbers times products of

    Attributes:
        degree: a polynomial of at most this degree,
        profiles: at most so many profiles at other affine arguments, continuous functions, and
        gates: at most so many gates, real-analytic functions.
        shared: where there are no other profiles, the number of functions of x of which the jumps
            along all hyperplanes are combinations with such polynomials as weights; None where
            every neuron may bring functions of its own.
        kinked: number of gates on which these functions depend linearly, or None as above.
    """

    degree: int
    profiles: int
    gates: int
    shared: int | None
    kinked: int | None

    @property
    def is_analytic(self) -> bool:
        """Whether it is real-analytic along the hyperplane; otherwise it is continuous."""
        return self.profiles == 0

    @property
    def is_polynomial(self) -> bool:
        """Whether it is a polynomial along the hyperplane."""
        return self.profiles == 0 and self.gates == 0


def amplitude(family: Family) -> Amplitude | None:
    """What is known of the gradient jumps of a family, at every width.

    >>> amplitude(Family(neuron="one_sided", kind="moa", gate="tanh", width=1, dimension=2,
    ...     dictionary="relu,tanh"))
    Amplitude(degree=1, profiles=0, gates=1, shared=1, kinked=1)
    """
    return _kinked_at_zero(family) or _kinked_anywhere(family)


def _kinked_anywhere(family: Family) -> Amplitude | None:
    """Without gates, where each term is a polynomial times one profile that kinks somewhere."""
    terms = ridge_terms(family) if family.gate is None else None
    if not terms or not all(is_continuous(t.profile) or is_joined(t.profile) for t in terms):
        return None
    degree = max(term.degree for term in terms)
    return Amplitude(degree=degree, profiles=0, gates=0, shared=None, kinked=None)


def _kinked_at_zero(family: Family) -> Amplitude | None:
    terms = profile_terms(family)
    if not terms or (family.gate is not None and not gates_are(family, gates.is_analytic)):
        return None
    for term in terms:
        kinked = [p for p in term.profiles if kink_of(p) != 0]
        if not all(is_continuous(p) for p in term.profiles):
            return None
        if len(kinked) > 1 and not all(map(_vanishes_at_zero, kinked)):
            return None
    others = max(max(len(term.profiles) - 1, 0) for term in terms)
    factors = 0 if family.gate is None else max(len(term.sides) for term in terms)
    known = None if others or factors > 1 else _shared(family, terms)
    return Amplitude(
        degree=max(term.degree for term in terms),
        profiles=others,
        gates=factors,
        shared=None if known is None else known[0],
        kinked=None if known is None else known[1],
    )


def amplitude_pole_order(family: Family) -> int | None:
    """The highest order of a pole of a gradient jump along a line in a hyperplane, or None.

    On an interval of the line without kinks of the profiles the jump continues to the complex
    plane: gates with simple poles, and profiles at other arguments, multiply.

    >>> [amplitude_pole_order(Family(neuron=form, kind="la", width=1, dimension=2))
    ...     for form in ("type1", "two_sided")]
    [0, 1]
    """
    if amplitude(family) is None:
        return None
    return _pole_order(family, lambda orders, term: max(
        (sum(orders) - order for order, p in zip(orders, term.profiles, strict=True)
         if kink_of(p) != 0), default=0,
    ))  # fmt: skip


def pole_order_on_lines(family: Family) -> int | None:
    """The highest order of a pole of a network itself, on any line and off its kinks, or None.

    >>> pole_order_on_lines(Family(neuron="quadratic", kind="moa", gate="tanh", width=1,
    ...     dimension=1))
    3
    """
    return _pole_order(family, lambda orders, _: sum(orders))


def amplitude_growth(family: Family) -> int | None:
    """A k such that gradient jumps are O(|x|^k) along a hyperplane, where gates are bounded.

    Of the analytic functions that the jumps equal on open parts of it: of each profile at another
    argument both formulas count, and both ends of the line.

    >>> [amplitude_growth(Family(neuron=form, kind="moa", gate="tanh", width=1, dimension=2,
    ...     dictionary="relu")) for form in ("type1", "one_sided", "quadratic")]
    [0, 1, 1]
    """
    terms = profile_terms(family)
    if amplitude(family) is None or terms is None:
        return None
    if family.gate is not None and not gates_are(family, gates.is_bounded):
        return None
    found = [0]
    for term in terms:
        degrees = [_growth(p) for p in term.profiles]
        for place, profile in enumerate(term.profiles):
            if kink_of(profile) == 0:
                continue
            others = [d for k, d in enumerate(degrees) if k != place and d is not None]
            if len(others) < len(degrees) - 1:
                return None
            found.append(term.degree + sum(others))
    return max(found)


@functools.lru_cache(maxsize=256)
def _growth(profile: sp.Expr) -> int | None:
    both = pieces(profile)
    if both is None:
        return None
    degrees = [growth_degree(piece, Z) for piece in both]
    known = [degree for degree in degrees if degree is not None]
    return max(known) if len(known) == len(degrees) else None


def _pole_order(family: Family, count: Callable[[Sequence[int], ProfileTerm], int]) -> int | None:
    terms = profile_terms(family)
    if terms is None or (family.gate is not None and not gates_are(family, gates.poles_are_simple)):
        return None
    found = [0]
    for term in terms:
        orders = [o for o in map(pole_order, term.profiles) if o is not None and o <= 1]
        if len(orders) < len(term.profiles):
            return None
        found.append(count(orders, term) + (0 if family.gate is None else len(term.sides)))
    return max(found)


def gates_are(family: Family, holds: Callable[[Gate, int], bool]) -> bool:
    """Whether a family has gates, all with a fact of ``gates`` at their number of logits."""
    if family.gate is None:
        return False
    gate = GATES[family.gate.name]
    return all(holds(gate, family.size(side)) for side in range(family.sides))


def profile_terms(family: Family) -> tuple[ProfileTerm, ...] | None:
    """Terms whose combinations, with coefficients that are numbers or gates, are the neurons.

    >>> [(term.profiles, term.degree) for term in profile_terms(Family(neuron="one_sided",
    ...     kind="fixed", dictionary="tanh", width=1, dimension=2))]
    [((tanh(z),), 1)]
    """
    expressions = tuple(ACTIVATIONS[name].expression for name in family.dictionary)
    return _profile_terms(family.record, expressions)


@functools.lru_cache(maxsize=256)
def _profile_terms(
    neuron: Neuron, dictionary: tuple[sp.Expr, ...]
) -> tuple[ProfileTerm, ...] | None:
    terms = products(neuron)
    if terms is None:
        return None
    found: list[ProfileTerm] = []
    for term in terms:
        for part in sp.Add.make_args(term.cofactor):
            split = _split(part, set(term.maps))
            if split is None:
                return None
            inner, degree = split
            for chosen in product(range(len(dictionary)), repeat=len(term.maps)):
                profiles = dict(inner)
                for place, k in zip(term.maps, chosen, strict=True):
                    profiles[place] = profiles.get(place, sp.S.One) * dictionary[k]
                found.append(
                    ProfileTerm(
                        profiles=tuple(profiles.values()),
                        degree=degree,
                        sides=term.sides,
                        chosen=chosen,
                    )
                )
    return tuple(found)


def _split(part: sp.Expr, mixed: set[int]) -> tuple[Mapping[int, sp.Expr], int] | None:
    """A product as functions of one map, by map, and the degree of the polynomial beside them."""
    inner: dict[int, sp.Expr] = {}
    degree = 0
    for factor in sp.Mul.make_args(part):
        places = [i for i, z in enumerate(MAPS) if factor.has(z)]
        if len(places) == 1:
            inner[places[0]] = inner.get(places[0], sp.S.One) * factor
            continue
        own = degree_in(factor, AFFINE, is_free)
        if own is None:
            return None
        degree += own
    degrees = {i: degree_in(f, AFFINE, is_free) for i, f in inner.items() if i not in mixed}
    plain = {i: own for i, own in degrees.items() if own is not None}
    if plain and not mixed and len(plain) == len(inner):
        del plain[max(plain, key=lambda i: plain[i])]  # one power is a profile as any other
    functions: dict[int, Any] = {
        i: f.xreplace({MAPS[i]: Z}) for i, f in inner.items() if i not in plain
    }
    return functions, degree + sum(plain.values())


def _shared(family: Family, terms: tuple[ProfileTerm, ...]) -> tuple[int, int] | None:
    """Numbers of the shared functions and of the gates in them.

    In a group, a mixture gives the function sum_k kink_k c_k(x); coefficients that are numbers,
    and terms without a mixture, the function 1.
    """
    numbers = False
    vectors: dict[tuple[int, int], dict[tuple[int, ...], sp.Expr]] = {}
    for place, term in _numbered(terms):
        kink = kink_of(term.profiles[0]) if term.profiles else sp.S.Zero
        if kink is None:
            return None
        if family.gate is None or not term.sides:
            numbers = numbers or kink != 0
        elif kink != 0:
            vectors.setdefault((term.sides[0], place), {})[term.chosen] = kink
    functions: set[Any] = set()
    places: set[Any] = set()
    for (side, _), vector in vectors.items():
        first = vector[min(vector)]
        ratios = {k: sp.cancel(kink / first) for k, kink in vector.items()}
        if any(ratio.free_symbols for ratio in ratios.values()):
            return None  # every neuron weighs its gates as its parameters say
        functions.add((side, tuple(sorted(ratios.items()))))
        places |= {(side, k) for k in ratios}
    if functions and isinstance(family.groups, str):
        return None
    groups = family.group_count
    return groups * len(functions) + int(numbers), groups * len(places)


def _numbered(terms: tuple[ProfileTerm, ...]) -> Iterator[tuple[int, ProfileTerm]]:
    """Each term with the number of the part of the neuron that it is an activation of."""
    place = -1
    for term in terms:
        place += not any(term.chosen)
        yield place, term


def _vanishes_at_zero(profile: sp.Expr) -> bool:
    both = pieces(profile)
    return both is not None and all(piece.subs(Z, 0) == 0 for piece in both)
