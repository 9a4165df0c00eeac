"""Domains and oblique lines across them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import settings

from expressivity.targets.domains import Array, Hyperplane, domain_for, square

derandomised = settings(deadline=None, derandomize=True, max_examples=40)
planar = [domain_for(2), square()]
every_domain = [domain_for(1), *planar, domain_for(3), domain_for(4), square(1), square(3)]


def line(angle: float, offset: float) -> Hyperplane:
    return Hyperplane(normal=(math.cos(angle), math.sin(angle)), offset=offset)


def signed(points: Array, plane: Hyperplane) -> Array:
    return points @ np.array(plane.normal) - plane.offset
