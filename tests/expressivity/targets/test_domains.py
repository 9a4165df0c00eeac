"""The interval, disk, ball and cube, and points on the kinks inside them.

Kinds: reference (volumes), property (points lie on their kink), negative (one-line ValueErrors).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from lines import every_domain, line, signed

from expressivity.targets.domains import Domain, Hyperplane, domain_for, square
from expressivity.targets.quadrature import integrate, rule
from expressivity.targets.sampling import kink_points


def test_kink_points_of_a_chord_of_the_square() -> None:
    # Outside the disk of radius 1, yet inside the square.
    cut = line(math.pi / 4, 1.3)
    points, _ = kink_points(square(), [cut], order=5)
    ends = np.array([[1.0, 1.3 * math.sqrt(2) - 1], [1.3 * math.sqrt(2) - 1, 1.0]])
    assert np.allclose(points[[0, -1]][np.argsort(-points[[0, -1], 0])], ends, atol=1e-14)
    assert len(kink_points(domain_for(2), [cut], order=5)[0]) == 0


def test_kink_points_leave_out_the_points_on_two_kinks() -> None:
    kinks = [line(0.0, 0.0), line(math.pi / 2, 0.0)]
    points, normals = kink_points(domain_for(2), kinks, order=5)
    assert points.shape == normals.shape == (8, 2)
    assert np.all(np.linalg.norm(points, axis=1) > 0.5)
    twice, _ = kink_points(domain_for(2), [line(0.0, 0.0), line(math.pi, 0.0)], order=5)
    assert twice.shape == (5, 2)  # one hyperplane with either normal is one kink


# negative


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: rule(domain_for(2), order=0),
            "required: an order (points per piece) of at least 1; got 0",
        ),
        (
            lambda: kink_points(domain_for(2), [], order=0),
            "required: an order (points per piece) of at least 1; got 0",
        ),
        (lambda: domain_for(0), "required: a dimension of at least 1; got 0"),
        (lambda: square(-2), "required: a dimension of at least 1; got -2"),
        (
            lambda: Domain(name="x", dimension=1, shape="simplex"),
            "required: shape 'ball' or 'cube'; got",
        ),
        (
            lambda: Hyperplane(normal=(1.0, 1.0), offset=0.0),
            "required: a normal of length 1; got 1.41",
        ),
        (lambda: Hyperplane(normal=(), offset=0.0), "required: a normal of length 1; got 0.0"),
        (
            lambda: Hyperplane(normal=(math.nan,), offset=0.0),
            "required: a normal of length 1; got nan",
        ),
        (lambda: Hyperplane(normal=(1.0,), offset=math.inf), "required: a finite offset; got inf"),
        (
            lambda: rule(domain_for(3), order=4, kinks=[Hyperplane(normal=(1.0, 0.0), offset=0.0)]),
            "required: a kink of the ball with a normal of 3 coordinates; got 2",
        ),
        (
            lambda: kink_points(domain_for(2), [Hyperplane(normal=(1.0,), offset=0.0)], order=4),
            "required: a kink of the disk with a normal of 2 coordinates; got 1",
        ),
        (
            lambda: integrate(np.ones((4, 1)), rule(domain_for(1), order=4)),
            "required: one value per node, of shape (4,); got (4, 1)",
        ),
    ],
)
def test_unusable_arguments_are_named_in_one_line(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("domain", "volume"),
    [
        (domain_for(1), 2.0),
        (domain_for(2), math.pi),
        (domain_for(3), 4 * math.pi / 3),
        (domain_for(4), math.pi**2 / 2),
        (square(), 4.0),
        (square(5), 32.0),
    ],
)
def test_volumes(domain: Domain, volume: float) -> None:
    assert domain.volume == pytest.approx(volume, rel=1e-15)
    order = 4 if domain.shape == "cube" else 16
    assert rule(domain, order=order).weights_N.sum() == pytest.approx(volume, rel=1e-13)


@pytest.mark.parametrize("domain", every_domain, ids=lambda d: f"{d.name}{d.dimension}")
def test_kink_points_lie_on_the_kink_inside_the_domain(domain: Domain) -> None:
    d = domain.dimension
    normal = np.arange(1.0, d + 1.0) / np.linalg.norm(np.arange(1.0, d + 1.0))
    inside = Hyperplane(normal=tuple(normal.tolist()), offset=0.4)
    outside = Hyperplane(normal=tuple(normal.tolist()), offset=5.0)
    points, normals = kink_points(domain, [inside, outside], order=9)
    assert len(points) == {1: 1, 2: 9}.get(d, 9 * (9 + d))
    assert np.allclose(signed(points, inside), 0.0, atol=1e-15)
    assert np.allclose(normals, normal, atol=0)
    assert np.all(domain.contains(points * (1 - 1e-15)))
    if d > 1:  # the ends of the chords are on the boundary
        size = 2 if domain.shape == "ball" else np.inf
        rim = np.linalg.norm(points, ord=size, axis=1)
        assert np.sum(rim > 1 - 1e-12) >= 2
