"""`shopbot privacy`: what the shop keeps about one customer."""

from __future__ import annotations

from typing import Annotated

import typer

from shopbot.apps.options import Data

app = typer.Typer(name="privacy", help="One customer's data: hand it out, or erase it.", no_args_is_help=True)
Email = Annotated[str, typer.Argument(help="The customer's e-mail address.")]


@app.command()
def export(email: Email, data: Data = None) -> None:
    """Print everything about them as one JSON object."""
    from shopbot.apps.care.privacy import run_export

    raise typer.Exit(run_export(data=data, email=email))


@app.command()
def erase(
    email: Email,
    data: Data = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: there is no way back.")] = False,
) -> None:
    """Erase who they are in every table and file, and print a receipt. Orders and sums stay, without a name."""
    from shopbot.apps.care.privacy import run_erase

    if not yes:
        typer.confirm(f"Erase everything about {email}? There is no way back.", abort=True)
    raise typer.Exit(run_erase(data=data, email=email))
