"""What ``expressivity list figures`` and ``list experiments`` show.

The functions are entry points of the group ``expressivity.listings``.
"""


def figures() -> dict[str, str]:
    """Every figure with its title."""
    from figures.figure import FIGURES

    return FIGURES.each(lambda figure: figure.title)


def experiments() -> dict[str, str]:
    """Every experiment with its title."""
    from experiments.experiment import EXPERIMENTS, Tier, made

    return EXPERIMENTS.each(lambda factory: made(factory, Tier.SMOKE).title)
