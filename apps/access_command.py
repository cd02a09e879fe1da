"""`shopbot access`: who may enter the staff's console, and which programs have a key."""

from __future__ import annotations

import getpass
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from shopbot.apps.options import Data
from shopbot.errors import extra

if TYPE_CHECKING:
    from shopbot.apps.serve.accounts import Accounts

app = typer.Typer(name="access", help="Who may enter /desk, and which programs have a key.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Whose it is.")]


class Scope(StrEnum):
    """What a key may do."""

    CHAT = "chat"
    READ = "read"


@app.command()
def staff(name: Name, data: Data = None) -> None:
    """Let a person into the console, or change their password; it is asked for, or read from standard input."""
    accounts = _accounts(data)
    typed = sys.stdin.isatty()
    password = getpass.getpass("Password: ") if typed else sys.stdin.readline().rstrip("\r\n")
    if typed and getpass.getpass("Once more: ") != password:
        raise typer.BadParameter("the two are not the same", param_hint="password")
    accounts.add_staff(name, password)
    print(f"{name} can log in at /desk.")


@app.command()
def key(
    name: Name,
    data: Data = None,
    scope: Annotated[
        Optional[list[Scope]],  # noqa: UP045
        typer.Option(help="chat: begin conversations and talk; read: see everybody's. May be repeated."),
    ] = None,
    rate: Annotated[int, typer.Option(min=1, help="Requests a minute.")] = 600,
) -> None:
    """Make a key for a program. It is printed once and kept nowhere."""
    print(_accounts(data).add_key(name, tuple(scope or [Scope.CHAT]), rate))


@app.command()
def remove(name: Name, data: Data = None) -> None:
    """Take the account and the keys of that name away."""
    known = _accounts(data).remove(name)
    print(f"{name} has no account and no key any more." if known else f"{name} had no account and no key.")


@app.command("list")
def show(data: Data = None) -> None:
    """Say who has an account or a key."""
    accounts = _accounts(data)
    for name in accounts.staff:
        print(f"staff  {name}")
    for each in accounts.keys:
        print(f"key    {each.name}  {', '.join(each.scopes)}  {each.rate} a minute")


def _accounts(data: Path | None) -> Accounts:
    with extra("serve", "The server"):
        from shopbot.apps.serve.accounts import ACCOUNTS, Accounts
    from shopbot.apps.settings import command_settings

    return Accounts(command_settings(data=data).data / ACCOUNTS)
