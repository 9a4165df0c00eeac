"""Where one class of networks lies in another: proved inclusions (docs/theory.md, section 2)."""

from expressivity.membership.inclusions.coefficients import contains_la, la_in_moa
from expressivity.membership.inclusions.inclusion import Inclusion
from expressivity.membership.inclusions.paths import (
    INCLUSIONS,
    Path,
    embed,
    inclusions,
    path,
    path_at_some_width,
)

__all__ = [
    "INCLUSIONS",
    "Inclusion",
    "Path",
    "contains_la",
    "embed",
    "inclusions",
    "la_in_moa",
    "path",
    "path_at_some_width",
]
