"""The start of the `shopbot` command, also `python -m shopbot.apps`."""

from __future__ import annotations

import sys

from shopbot.apps.failures import explained
from shopbot.errors import extra


def main() -> None:
    """Run the command; an expected failure is one sentence on standard error and exit code 1."""
    sys.exit(explained(_command))


def _command() -> None:
    with extra("all", "The shopbot command"):
        from shopbot.apps.cli import app
    app()


if __name__ == "__main__":
    main()
