"""Where commands print."""

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

_LONGEST = 24
"""Characters of a word that no table cuts: every number has fewer."""
_BETWEEN = 3
"""Characters between two columns, at most."""


def console(*, stderr: bool = False, width: int | None = None) -> Console:
    """Paths, names and reasons are printed as they are: brackets and colons mean nothing."""
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def table_console() -> Console:
    """Tables keep their columns in pipes and files, where the width is unknown."""
    plain = console()
    return plain if plain.is_terminal else console(width=120)


def print_table(table: Table) -> None:
    """Print a table; where the terminal is too narrow, lines run over rather than lose digits."""
    for column in table.columns:
        words = [word for cell in (column.header, *column.cells) for word in str(cell).split()]
        column.min_width = min(max(map(cell_len, words), default=0), _LONGEST)
    out = table_console()
    needed = sum(_BETWEEN + (column.min_width or 0) for column in table.columns)
    out.width = max(out.width, needed)
    out.print(table, crop=False)
