"""Figures, one file each: pure functions of run folders.

Importing a module of ``MODULES`` registers its figure; :func:`register` imports them all and is
the entry point of the group ``expressivity.figures``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expressivity.registry import Registry
    from figures.figure import PaperFigure

MODULES: tuple[str, ...] = (
    "schematic",
    "diagram",
    "surfaces",
    "ladder",
    "width_sweep",
    "sandwich",
    "curvature",
    "hierarchy",
    "gates",
    "dictionary",
    "matched",
    "restarts",
    "lambda_sweep",
    "dimension",
    "noise",
    "orientation",
    "atlas",
    "pretraining",
    "gate_statistics",
    "ablation",
    "scaling",
    "audit",
)
"""The modules that register figures, in the order of the paper."""


def register(registry: Registry[PaperFigure]) -> None:
    """Fill the registry of figures; calling it again changes nothing.

    Raises:
        ValueError: another registry than ``figures.figure.FIGURES``, which is the one the
            modules add to.
    """
    from figures.figure import FIGURES

    if registry is not FIGURES:
        raise ValueError("required: the registry figures.figure.FIGURES; got another one")
    for module in MODULES:
        import_module(f"{__name__}.{module}")
