"""Experiments, one file each.

Importing a module of ``MODULES`` registers its experiment; :func:`register` imports them all and
is the entry point of the group ``expressivity.experiments``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.experiment import ExperimentFactory
    from expressivity.registry import Registry

MODULES: tuple[str, ...] = (
    "proofs",
    "certificates",
    "curvature",
    "separation",
    "width_sweep",
    "hierarchy",
    "lambda_sweep",
    "dimension",
    "gates",
    "dictionary",
    "matched",
    "restarts",
    "noise",
    "orientation",
    "atlas",
    "explorer",
)
"""The modules that register experiments, in the order of the report."""


def register(registry: Registry[ExperimentFactory]) -> None:
    """Fill the registry of experiments; calling it again changes nothing.

    Raises:
        ValueError: another registry than ``experiments.experiment.EXPERIMENTS``, which is the
            one the modules add to.

    >>> from experiments.experiment import EXPERIMENTS
    >>> register(EXPERIMENTS)
    >>> "width_sweep" in EXPERIMENTS
    True
    """
    from experiments.experiment import EXPERIMENTS

    if registry is not EXPERIMENTS:
        raise ValueError(
            "required: the registry experiments.experiment.EXPERIMENTS; got another one"
        )
    for module in MODULES:
        import_module(f"{__name__}.{module}")
