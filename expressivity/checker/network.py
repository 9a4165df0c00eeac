"""The network on balls, by the table of docs/certificates.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from expressivity.checker.balls import Ball, to_ball
from expressivity.checker.certificate import Certificate
from expressivity.checker.evaluation import (
    KINKED,
    SMOOTH,
    Evaluate,
    Function,
    Signs,
    kinked,
    sign_of,
)
from expressivity.checker.families import Family

_Rows = list[tuple[list[Ball], int | None]]


def compile_network(certificate: Certificate, function: Function) -> Evaluate:
    """h, by the table of docs/certificates.md; it adds its lines and its size to ``function``."""
    family, blocks = certificate.family, certificate.network
    applied = "w" if family.form == "one_sided" else "wv"
    kinks = applied if any(name in KINKED for name in family.dictionary) else ""

    def maps(name: str) -> _Rows:
        """Rows as balls, each with the index of its line if an activation is kinked there."""
        found: _Rows = []
        for first, *middle, last in blocks.get(name, []):
            line = (first, middle[0] if middle else Fraction(0), last)
            index = function.line(line) if name in kinks else None
            found.append(([to_ball(c) for c in line], index))
        return found

    network = _Network(
        family=family,
        w=maps("w"),
        v=maps("v"),
        gates=[maps("u0"), maps("u1")],
        a=[to_ball(value) for value in blocks["a"][0]],
        scales=[[to_ball(c) for c in blocks.get(name, [[]])[0]] for name in ("scale0", "scale1")],
    )
    rows = len(network.w) + len(network.v)
    function.size += 8 * sum(map(len, network.scales)) + 12 * len(family.dictionary) * rows
    return network.value


@dataclass(frozen=True, kw_only=True)
class _Network:
    """The weights as balls, and the value of the network at a point."""

    family: Family
    w: _Rows
    v: _Rows
    gates: list[_Rows]
    a: list[Ball]
    scales: list[list[Ball]]

    def value(self, x: Sequence[Ball], signs: Signs, analytic: bool) -> Ball:
        left = self.coefficients(0, x)
        right = self.coefficients(1, x) if self.family.form == "two_sided" else []
        total, groups = arb(0), self.family.groups
        count = len(left) // groups
        for j in range(self.family.width):
            s = self.activations(self.w[j], x, signs, analytic)
            # Coefficients come group by group.
            own = slice((group := j * groups // self.family.width) * count, (group + 1) * count)
            if self.family.form == "type1":
                neuron = _mix(left[own], s)
            elif self.family.form == "one_sided":
                neuron = _mix(left[own], s) * _affine(self.v[j][0], x)
            else:
                r = self.activations(self.v[j], x, signs, analytic)
                if self.family.form == "two_sided":
                    neuron = _mix(left[own], s) * _mix(right[own], r)
                else:
                    neuron = _mix(left[own], [p * q for p in s for q in r])
            total += self.a[j] * neuron
        return total

    def coefficients(self, side: int, x: Sequence[Ball]) -> list[Ball]:
        logits = [_affine(row, x) for row, _ in self.gates[side]]
        if self.family.gate == "softmax":
            # By differences: both sides of a quotient of exponentials may be infinite.
            count = len(logits) // self.family.groups
            values = [
                1 / sum(((q - p).exp() for q in logits[k - k % count :][:count]), arb(0))
                for k, p in enumerate(logits)
            ]
        elif self.family.gate is not None:
            values = [SMOOTH[self.family.gate](logit) for logit in logits]
        else:
            return self.scales[side]
        return [scale * value for scale, value in zip(self.scales[side], values, strict=True)]

    def activations(
        self,
        map_: tuple[list[Ball], int | None],
        x: Sequence[Ball],
        signs: Signs,
        analytic: bool,
    ) -> list[Ball]:
        row, index = map_
        z, sign = _affine(row, x), sign_of(signs, index)
        return [_activation(name, z, sign, analytic) for name in self.family.dictionary]


def _affine(row: list[Ball], x: Sequence[Ball]) -> Ball:
    return row[0] * x[0] + row[1] * x[1] + row[2]


def _activation(name: str, z: Ball, sign: int | None, analytic: bool) -> Ball:
    if name in KINKED:
        return kinked(name, z, sign, analytic)
    return SMOOTH[name](z) if name in SMOOTH else z


def _mix(weights: Sequence[Ball], values: Sequence[Ball]) -> Ball:
    return sum((c * s for c, s in zip(weights, values, strict=True)), arb(0))
