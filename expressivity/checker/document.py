"""A certificate, read field by field (docs/certificates.md, "The file")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, cast

from expressivity.checker.certificate import Certificate
from expressivity.checker.families import Family, read_family
from expressivity.checker.findings import reject, require
from expressivity.checker.methods import LOWER, UPPER, Context
from expressivity.checker.reading import SCHEMA, choice, fields, flag, matrix, without_digest
from expressivity.symbolic.expressions import Expression, ExpressionError
from expressivity.symbolic.parser import parse

SCHEMAS = (f"{SCHEMA}/1", f"{SCHEMA}/2", f"{SCHEMA}/3")
_DOMAINS = ("interval", "disk", "ball")  # of one, two, and more variables

_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?(e[+-]?[0-9]{1,3})?")


def read_certificate(document: object) -> Certificate:
    """Read a certificate from what JSON makes of it; the digest must be right."""
    content = without_digest(document)
    names = "schema target domain family lower_bound upper_bound data"
    schema, target, domain, family_json, *claims, data = fields(content, names, "a certificate")
    number = 1 + SCHEMAS.index(choice(schema, SCHEMAS, "schema"))
    expression = _read_target(target, domain)
    dimension = expression.dimension
    lower, name, curvature = _read_lower(claims[0])
    upper = _read_upper(claims[1], more=number > 2 and dimension == 2)
    require(lower is not None or bool(upper), "a certificate must claim a bound")
    require(not upper or dimension < 3, "errors of networks are on the interval and the disk")
    method = LOWER.get(name)
    require(method is None or number >= method.since, f"method {name} needs a later schema")
    every_width = method is not None and method.every_width
    family = read_family(
        family_json,
        every_width=every_width,
        any_groups=every_width and method is not None and method.norm == "w1inf",
        grouped=number > 2,
    )
    part = name.replace("-", "_")
    parts = [(part, method), ("network", upper), ("place", "sup" in upper)]
    present = [key for key, there in parts if there]
    values = dict(zip(present, fields(data, " ".join(present), "data"), strict=True))
    lower_data = None
    if method is not None:
        covered = method.covers(family) and dimension in method.dimensions
        covered &= not (upper and every_width)
        require(covered, "this lower bound does not hold for such a family")
        of = Context(family=family, dimension=dimension, schema=number, curvature=curvature)
        lower_data = method.read(values[part], of)
    return Certificate(
        expression=expression,
        family=family,
        lower=lower,
        method=name,
        lower_data=lower_data,
        upper=upper,
        place=_read_place(values["place"]) if "sup" in upper else None,
        network=_read_network(values["network"], family, dimension) if upper else {},
    )


def _read_target(target: object, domain: object) -> Expression:
    label, text = fields(target, "name expression", "target")
    require(type(label) is str and len(label) <= 200, "name must be text of at most 200 characters")
    require(type(text) is str, "expression must be text")
    try:
        expression = parse(text)
    except ExpressionError as error:
        reject(f"the target's expression: {error}")
    place = _DOMAINS.index(choice(domain, _DOMAINS, "domain"))
    fits = min(expression.dimension, 3) == place + 1
    needed = ("1 variable", "2 variables", "3 or more variables")[place]
    require(fits, f"the domain {domain} needs {needed}")
    return expression


def _read_lower(value: object) -> tuple[Fraction | None, str, Fraction | None]:
    """The claimed value, its method, and of method curvature the curvature, positive."""
    if value is None:
        return None, "", None
    norm = "w1inf" if type(value) is dict and "w1inf" in value else "l2"
    (claim,) = fields(value, norm, "a bound")
    # Whoever reads the claim alone must see what it is about.
    bent = type(claim) is dict and claim.get("method") == "curvature"
    stated, method, *more = _read_claim(claim, tuple(LOWER), norm, "curvature" if bent else "")
    require(LOWER[method].norm == norm, f"method {method} is about another norm")
    curvature = _decimal(more[0], "the curvature") if more else None
    require(curvature is None or curvature > 0, "the curvature must be positive")
    return stated, method, curvature


def _read_upper(value: object, *, more: bool) -> dict[str, Fraction]:
    """The claim in l2, and those about the pointwise error that are there beside it."""
    if value is None:
        return {}
    listed = cast(dict[str, Any], value) if more and type(value) is dict else {}
    norms = [norm for norm in UPPER if norm == "l2" or norm in listed]
    claims = zip(norms, fields(value, " ".join(norms), "a bound"), strict=True)
    return {norm: _read_claim(claim, ("network-error",), norm)[0] for norm, claim in claims}


def _read_claim(
    claim: object, methods: Sequence[str], norm: str, more: str = ""
) -> tuple[Fraction, str, *tuple[Any, ...]]:
    """The value and the method, and what else there is."""
    names = f"value evidence method relative {more}".strip()
    decimal, evidence, method, relative, *rest = fields(claim, names, "a claim")
    choice(evidence, ("certified",), "evidence")
    choice(method, methods, "method")
    fine = flag(relative, "relative") == (norm != "w1inf")
    require(fine, "claims must be relative, in w1inf absolute")
    return _decimal(decimal, "a claimed value"), method, *rest


def _read_place(value: object) -> tuple[Fraction, Fraction]:
    ((x1, x2),) = matrix([value], 1, 2, "place")
    require(x1**2 + x2**2 <= 1, "place must lie in the disk")
    return x1, x2


def _decimal(value: object, where: str) -> Fraction:
    text = value if type(value) is str and len(value) <= 100 else ""
    require(_DECIMAL.fullmatch(text) is not None, f"{where} must be a decimal string")
    return Fraction(text)


def _read_network(value: object, family: Family, dimension: int) -> dict[str, list[list[Fraction]]]:
    count = family.groups * len(family.dictionary) ** (2 if family.form == "quadratic" else 1)
    sides = range(2 if family.form == "two_sided" else 1)
    maps = ["w"] if family.form == "type1" else ["w", "v"]
    shapes = dict.fromkeys(maps, (family.width, dimension + 1))
    if family.gate is not None:
        shapes |= {f"u{side}": (count, dimension + 1) for side in sides}
    vectors = {"a": family.width} | {f"scale{side}": count for side in sides}
    names = [*shapes, *vectors]
    blocks = dict(zip(names, fields(value, " ".join(names), "network"), strict=True))
    network = {name: matrix(blocks[name], *shape, name) for name, shape in shapes.items()}
    network |= {name: matrix([blocks[name]], 1, size, name) for name, size in vectors.items()}
    for name in shapes:
        biased = family.gate_bias if name[0] == "u" else family.bias
        fine = biased or all(row[-1] == 0 for row in network[name])
        require(fine, f"the last column of {name} must be 0: the bias is off")
    for name in vectors:
        fine = name == "a" or family.scale or set(network[name][0]) == {Fraction(1)}
        require(fine, f"{name} must be 1: scales are not learned in this family")
    return network
