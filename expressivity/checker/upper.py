"""Method network-error (docs/certificates.md, "Verifying an upper bound")."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import acb, arb

from expressivity.checker.balls import Ball, share_of_norm, to_ball
from expressivity.checker.certificate import Certificate
from expressivity.checker.evaluation import Evaluate, Function, Signs, compile_target
from expressivity.checker.findings import UndecidedError, reject
from expressivity.checker.integrals import integrate
from expressivity.checker.jets import gradient, variables
from expressivity.checker.network import compile_network
from expressivity.checker.norms import size_of, squared, squared_norm
from expressivity.checker.suprema import require_below


def verify_supremum(certificate: Certificate, claim: Fraction) -> None:
    """abs(t - h) is at most the claim times abs(t) at one place, everywhere."""
    function, target, network = _both(certificate)
    assert certificate.place is not None
    x1, x2 = (to_ball(c) for c in certificate.place)
    height = acb(target((x1, x2), None, False)).abs_lower()

    def values(x1: Ball, x2: Ball, signs: Signs, analytic: bool) -> list[Ball]:
        return [target((x1, x2), signs, analytic) - network((x1, x2), signs, analytic)]

    require_below(function, values, (to_ball(claim) * height).lower(), "the upper bound in sup")


def verify_gradient(certificate: Certificate, claim: Fraction) -> None:
    """The length of the gradient of t - h is at most the claim, almost everywhere."""
    function, target, network = _both(certificate)

    def values(x1: Ball, x2: Ball, signs: Signs, analytic: bool) -> list[Ball]:
        x = variables(x1, x2)
        return list(gradient(target(x, signs, analytic) - network(x, signs, analytic)))

    require_below(function, values, to_ball(claim).lower(), "the upper bound in w1inf")


def _both(certificate: Certificate) -> tuple[Function, Evaluate, Evaluate]:
    function = Function(root=certificate.expression.root)
    target = compile_target(function)
    return function, target, compile_network(certificate, function)


def verify_network_error(certificate: Certificate, claim: Fraction) -> None:
    """Compare enclosures of the integrals of (t - h)^2 and of t^2."""
    dimension = certificate.dimension
    function, target, network = _both(certificate)
    norm2 = squared_norm(function, target, dimension)
    allowed = to_ball(claim**2) * norm2
    # Far below what is allowed, as claims may be sharp to several digits.
    goal = (allowed * arb(10) ** -9).mid().max(size_of(target, dimension) ** 2 * arb(10) ** -60)

    def difference(x: Sequence[Ball], signs: Signs, analytic: bool) -> Ball:
        return target(x, signs, analytic) - network(x, signs, analytic)

    error2 = integrate(function, squared(difference), dimension, goal)
    if error2 > allowed:
        share = share_of_norm(error2, norm2)
        reject(f"the upper bound: the network's error is {share} of the target's norm")
    if not error2 <= allowed:
        raise UndecidedError("the upper bound: the enclosures are too wide for this claim")
