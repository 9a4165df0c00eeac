"""Commands that other packages add to the command line."""

from importlib.metadata import EntryPoint

import typer


def add_commands(app: typer.Typer, point: EntryPoint) -> None:
    """Add the commands that an entry point registers, all or none.

    Raises:
        ValueError: it registers none, or a name that is taken.
    """
    added = typer.Typer()
    point.load()(added)
    if not (added.registered_commands or added.registered_groups):
        raise ValueError("required: a command or more; it has added none")
    # Built here, where a parameter that typer does not know is blamed on its package.
    whole = typer.main.get_group(added)
    names = list(whole.commands)
    taken = set(names) & set(typer.main.get_group(app).commands)
    if taken or len(set(names)) < len(added.registered_commands) + len(added.registered_groups):
        raise ValueError(f"required: new command names, each once; got {', '.join(names)}")
    app.registered_commands += added.registered_commands
    app.registered_groups += added.registered_groups
