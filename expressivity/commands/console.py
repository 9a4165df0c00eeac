"""Where commands print."""

from rich.console import Console


def console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Paths, names and reasons are printed as they are: brackets and colons mean nothing."""
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def table_console() -> Console:
    """Tables keep their columns in pipes and files, where the width is unknown."""
    plain = console()
    return plain if plain.is_terminal else console(width=120)
