"""Theory verification and expressivity separations for feed-forward layers.

Everything named here is imported when it is first used: importing the package costs nothing.
"""

from importlib import import_module

_HOMES = {
    "bounds": ("Bound",),
    "checker": ("Answer",),
    "classes.activations": ("ACTIVATIONS", "Activation"),
    "classes.catalogue": ("FAMILIES",),
    "classes.families": ("Family",),
    "classes.kinds": ("Constraint", "Kind"),
    "classes.gates": ("GATES", "Gate", "GateSpec"),
    "classes.neurons": (
        "MAPS",
        "MIXTURES",
        "NEURONS",
        "Neuron",
        "Parameter",
        "parameter_symbol",
    ),
    "evidence": ("Evidence", "Membership", "Verdict"),
    "front.answers": ("Certificate", "Fit", "Separation"),
    "front.questions": (
        "certify",
        "check",
        "classify",
        "compare",
        "discover",
        "fit",
        "lower_bounds",
        "separate",
        "target",
    ),
    "layers": ("FeedForward",),
    "registry": ("Registry",),
    "relations.compare": ("Comparison",),
    "relations.discover": ("Discovery",),
    "runs.units": ("Outcome", "Unit"),
    "separation.gaps": ("Gap",),
    "separation.result": ("Result",),
    "symbolic.proof": ("THEOREMS", "Mutation", "Step", "Theorem"),
    "symbolic.symbols": ("COORDINATES", "Z"),
    "targets.builtin": ("TARGETS",),
    "targets.domains": ("Domain", "domain_for"),
    "targets.target": ("Target",),
}
"""Where each name lives; ``__init__.pyi`` tells type checkers the same."""

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_HOME_OF]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name == "__version__":
        found: object = _version()
    elif name in _HOME_OF:
        found = getattr(import_module(f"expressivity.{_HOME_OF[name]}"), name)
    else:
        raise AttributeError(f"module 'expressivity' has no attribute {name!r}")
    globals()[name] = found
    return found


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("expressivity")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0+unknown"


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
