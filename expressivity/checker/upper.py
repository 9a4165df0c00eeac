"""Method network-error (docs/certificates.md, "Verifying an upper bound")."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from expressivity.checker.balls import Ball, power_of_two_above, share_of_norm, to_ball
from expressivity.checker.certificate import Certificate
from expressivity.checker.evaluation import Evaluate, Function, compile_target
from expressivity.checker.findings import UndecidedError, reject
from expressivity.checker.integrals import integrate
from expressivity.checker.network import compile_network


def verify_network_error(certificate: Certificate, claim: Fraction) -> None:
    """Compare enclosures of the integrals of (t - h)^2 and of t^2."""
    dimension = certificate.dimension
    function = Function(root=certificate.expression.root)
    target = compile_target(function)
    square = _size(target, dimension) ** 2
    norm2 = arb(0)
    for digits in (15, 33, 51):
        norm2 = integrate(function, target, dimension, square * arb(10) ** -digits)
        if norm2 > 0 and norm2.rel_accuracy_bits() > 24:
            break
    if not norm2 > 0:
        raise UndecidedError("the upper bound: the norm of the target could not be enclosed")
    network = compile_network(certificate, function)
    allowed = to_ball(claim**2) * norm2
    # Far below what is allowed, as claims may be sharp to several digits.
    goal = (allowed * arb(10) ** -9).mid().max(square * arb(10) ** -60)
    error2 = integrate(
        function,
        lambda x, signs, analytic: [target(x, signs, analytic)[0] - network(x, signs, analytic)[0]],
        dimension,
        goal,
    )
    if error2 > allowed:
        share = share_of_norm(error2, norm2)
        reject(f"the upper bound: the network's error is {share} of the target's norm")
    if not error2 <= allowed:
        raise UndecidedError("the upper bound: the enclosures are too wide for this claim")


def _size(target: Evaluate, dimension: int) -> Ball:
    """About the largest modulus of t, from some points."""
    steps = [to_ball(Fraction(k, 13)) for k in range(-9, 10)]
    others = steps[::3] if dimension == 2 else [arb(0)]
    return power_of_two_above(target(([p], [q]), None, False)[0] for p in steps for q in others)
