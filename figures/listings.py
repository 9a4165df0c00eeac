"""What ``expressivity list figures`` and ``list experiments`` show.

The functions are entry points of the group ``expressivity.listings``.
"""


def figures() -> dict[str, str]:
    """Every figure with its title."""
    from figures.figure import FIGURES

    return {name: FIGURES[name].title for name in FIGURES}


def experiments() -> dict[str, str]:
    """Every experiment with its title."""
    from experiments.experiment import EXPERIMENTS, Tier

    return {name: EXPERIMENTS[name](Tier.SMOKE).title for name in EXPERIMENTS}
