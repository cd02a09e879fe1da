"""The reference of the command line, from the typer app."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any


def commands_reference() -> str:
    """A section for each command: what it does, its arguments and options."""
    from typer.main import get_command

    from shopbot.apps.cli import app

    return "\n\n".join(_sections(get_command(app), "shopbot"))


def _sections(command: Any, name: str) -> Iterator[str]:
    if hasattr(command, "commands"):
        if " " in name:
            yield f"## {name}\n\n{command.help or ''}"
        for each, inner in command.commands.items():
            yield from _sections(inner, f"{name} {each}")
        return
    heading = "###" if name.count(" ") > 1 else "##"
    yield "\n\n".join([f"{heading} {name}", inspect.cleandoc(command.help or ""), _table(command)])


def _table(command: Any) -> str:
    rows = [f"| {_spelled(each)} | {_cell(each.help or '')} | {_default(each)} |" for each in command.params]
    return "\n".join(["| argument or option | what it is | default |", "|---|---|---|", *rows]) if rows else ""


def _spelled(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`" + ("" if parameter.required else " (optional)")
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    if getattr(parameter, "is_flag", False):
        return names
    return f"{names} `{parameter.metavar or parameter.name.upper()}`"


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "must be given"
    return f"`{value}`" if isinstance(value, str | int | float) and value not in ("", False) else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
