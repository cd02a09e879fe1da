"""The option that every command takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

Data = Annotated[
    Optional[Path],  # noqa: UP045 -- typer reads the annotation at run time
    typer.Option("--data", metavar="DIR", help="Folder that holds all state (SHOPBOT_DATA, ~/.shopbot)."),
]
