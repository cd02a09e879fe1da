"""The terminal: a rich console that neither odd input bytes nor a narrow encoding can stop."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from rich.console import Console


def open_console() -> Console:
    """A console on standard output; what its encoding lacks is shown as "?"."""
    tolerate(output_encoding=None)
    return Console(highlight=False)


def tolerate(output_encoding: str | None) -> None:
    """Read bytes that are no text as lone surrogates, and write in `output_encoding` (None: as it is).

    A program that was started without standard input reads an empty one.
    """
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 -- open as long as the program runs
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding=output_encoding, errors="replace")


def is_text(line: str) -> bool:
    """Whether every byte of the line was text."""
    return not any("\ud800" <= character <= "\udfff" for character in line)
