"""Bounds on a target, asked for with exact norms, and errors of fits beside them."""

import functools
import math
from collections.abc import Sequence

import numpy as np
import sympy as sp
import torch

from expressivity.bounds import (
    Bound,
    TargetNorms,
    lower_bounds,
)
from expressivity.classes.activations import FULL_DICTIONARY
from expressivity.classes.families import Family
from expressivity.classes.kinds import Kind
from expressivity.symbolic.parser import parse
from expressivity.targets.domains import domain_for, square
from expressivity.targets.quadrature import rule
from expressivity.targets.target import Target
from expressivity.targets.translation import to_sympy

SMOOTH = ("relu2", "gelu", "silu", "tanh")
LINEAR_ODD_PART = ("id", "relu", "leaky_relu", "gelu", "silu")


def network(
    form: str,
    width: int,
    dimension: int,
    dictionary: Sequence[str] = FULL_DICTIONARY,
    *,
    bias: bool = True,
) -> Family:
    kind = Kind.FIXED if len(dictionary) == 1 and form in ("type1", "one_sided") else Kind.LA
    return Family(
        kind=kind,
        neuron=form,
        width=width,
        dimension=dimension,
        dictionary=tuple(dictionary),
        bias=bias,
    )


def user(expression: str | sp.Expr, dimension: int, *, cube: bool = False) -> Target:
    if isinstance(expression, str):
        expression = to_sympy(parse(expression))
    domain = square(dimension) if cube else domain_for(dimension)
    return Target(name="expr", expression=expression, domain=domain, source="test")


@functools.cache
def norms_of(target: Target) -> TargetNorms:
    quadrature = rule(target.domain, order=40, kinks=target.kinks)
    values = np.abs(target.values(torch.tensor(quadrature.nodes_ND)).numpy())
    l2 = math.sqrt(float(np.sum(values**2 * quadrature.weights_N)))
    return TargetNorms(l2=l2, sup=float(values.max()))


def found(target: Target, family: Family, method: str) -> dict[str, Bound]:
    bounds = lower_bounds(target, family, norms=norms_of(target))
    return {bound.norm: bound for bound in bounds if bound.method == method}


def is_just_below(value: float, exact: sp.Expr) -> bool:
    below = sp.Rational(value) <= exact.evalf(60)
    return bool(below) and float(exact) - value <= 2.5e-16 * max(1.0, float(exact))


def _relative_error(target, quadrature, columns) -> float:
    """Relative L2 error of the best combination: SVD, and no credit for near-null directions."""
    roots = np.sqrt(quadrature.weights_N)
    b = target.values(torch.tensor(quadrature.nodes_ND)).numpy() * roots
    A = columns * roots[:, None]
    residual = b - A @ np.linalg.lstsq(A, b, rcond=1e-13)[0]
    return float(np.linalg.norm(residual) / np.linalg.norm(b))
