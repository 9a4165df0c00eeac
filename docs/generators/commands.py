"""The reference of the command line, read from the commands themselves."""

from typing import Any

import typer
from typer.core import TyperGroup

from expressivity import cli
from generators import escape, table

_INTRODUCTION = """# Commands

Written from the program itself; `expressivity COMMAND --help` shows the same. Exit codes, JSON
documents and files are specified in [Commands, exit codes and formats](../formats.md).
"""


def program() -> TyperGroup:
    """The whole command line, with the commands of other packages."""
    cli._add_plugins()
    group = typer.main.get_command(cli.app)
    assert isinstance(group, TyperGroup)
    return group


def page(group: TyperGroup) -> str:
    """Every command with its arguments and options."""
    return "\n\n".join((_INTRODUCTION, *map(_section, group.commands.values()))) + "\n"


def _section(command: Any) -> str:
    context = command.context_class(command, info_name=f"expressivity {command.name}")
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    rows = [(_spelling(each), escape(each.help or ""), _default(each)) for each in command.params]
    parts = (f"## {command.name}", f"```\n{usage}\n```", escape(command.help or ""))
    return "\n\n".join((*parts, table("", "meaning", "default", rows=rows)))


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`"
    return ", ".join(f"`{option}`" for option in (*parameter.opts, *parameter.secondary_opts))


def _default(parameter: Any) -> str:
    if parameter.default is None:
        return ""
    if parameter.is_flag:
        # A plain flag is off by default and needs no word for it.
        return f"`{parameter.opts[0]}`" if parameter.default else ""
    return f"`{parameter.default}`"
