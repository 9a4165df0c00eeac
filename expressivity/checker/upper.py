"""Method network-error (docs/certificates.md, "Verifying an upper bound")."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import arb

from expressivity.checker.balls import Ball, share_of_norm, to_ball
from expressivity.checker.certificate import Certificate
from expressivity.checker.evaluation import Function, Signs, compile_target
from expressivity.checker.findings import UndecidedError, reject
from expressivity.checker.integrals import integrate
from expressivity.checker.network import compile_network
from expressivity.checker.norms import size_of, squared, squared_norm


def verify_network_error(certificate: Certificate, claim: Fraction) -> None:
    """Compare enclosures of the integrals of (t - h)^2 and of t^2."""
    dimension = certificate.dimension
    function = Function(root=certificate.expression.root)
    target = compile_target(function)
    norm2 = squared_norm(function, target, dimension)
    network = compile_network(certificate, function)
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
