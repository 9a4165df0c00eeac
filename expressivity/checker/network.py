"""The network on balls, by the table of docs/certificates.md."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from flint import arb

from expressivity.checker.balls import Ball, to_ball
from expressivity.checker.certificate import Certificate
from expressivity.checker.evaluation import (
    KINKED,
    SMOOTH,
    Evaluate,
    Function,
    Polynomial,
    Signs,
    kinked,
    sign_of,
)


def compile_network(certificate: Certificate, function: Function) -> Evaluate:
    """h, by the table of docs/certificates.md; it adds its lines and its size to ``function``."""
    family, blocks = certificate.family, certificate.network
    applied = "w" if family.form == "one_sided" else "wv"
    kinks = applied if any(name in KINKED for name in family.dictionary) else ""

    def maps(name: str) -> list[tuple[list[Ball], int | None]]:
        """Rows as balls, each with the index of its line if an activation is kinked there."""
        found: list[tuple[list[Ball], int | None]] = []
        for first, *middle, last in blocks.get(name, []):
            line = (first, middle[0] if middle else Fraction(0), last)
            index = function.line(line) if name in kinks else None
            found.append(([to_ball(c) for c in line], index))
        return found

    w, v, gates = maps("w"), maps("v"), [maps("u0"), maps("u1")]
    a = [to_ball(value) for value in blocks["a"][0]]
    scales = [[to_ball(c) for c in blocks.get(name, [[]])[0]] for name in ("scale0", "scale1")]
    function.size += 8 * sum(map(len, scales)) + 12 * len(family.dictionary) * (len(w) + len(v))

    def affine(row: list[Ball], x: Sequence[Polynomial]) -> Ball:
        return row[0] * x[0][0] + row[1] * x[1][0] + row[2]

    def coefficients(side: int, x: Sequence[Polynomial]) -> list[Ball]:
        logits = [affine(row, x) for row, _ in gates[side]]
        if family.gate == "softmax":
            # By differences: both sides of a quotient of exponentials may be infinite.
            values = [1 / sum(((q - p).exp() for q in logits), arb(0)) for p in logits]
        elif family.gate is not None:
            values = [SMOOTH[family.gate](logit) for logit in logits]
        else:
            return scales[side]
        return [scale * value for scale, value in zip(scales[side], values, strict=True)]

    def activation(name: str, z: Ball, sign: int | None, analytic: bool) -> Ball:
        if name in KINKED:
            return kinked(name, [z], sign, analytic)[0]
        return SMOOTH[name](z) if name in SMOOTH else z

    def activations(
        j: int, rows: Any, x: Sequence[Polynomial], signs: Signs, analytic: bool
    ) -> Any:
        row, index = rows[j]
        z, sign = affine(row, x), sign_of(signs, index)
        return [activation(name, z, sign, analytic) for name in family.dictionary]

    def mix(weights: Sequence[Ball], values: Sequence[Ball]) -> Ball:
        return sum((c * s for c, s in zip(weights, values, strict=True)), arb(0))

    def network(x: Sequence[Polynomial], signs: Signs, analytic: bool) -> Polynomial:
        left = coefficients(0, x)
        right = coefficients(1, x) if family.form == "two_sided" else []
        total = arb(0)
        for j in range(family.width):
            s = activations(j, w, x, signs, analytic)
            if family.form == "type1":
                neuron = mix(left, s)
            elif family.form == "one_sided":
                neuron = mix(left, s) * affine(v[j][0], x)
            else:
                r = activations(j, v, x, signs, analytic)
                if family.form == "two_sided":
                    neuron = mix(left, s) * mix(right, r)
                else:
                    neuron = mix(left, [p * q for p in s for q in r])
            total += a[j] * neuron
        return [total]

    return network
