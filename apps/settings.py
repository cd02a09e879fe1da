"""The settings of a command: from its options and the environment, in force for the whole process."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopbot.shop.settings import Settings


def command_settings(**typed: object) -> Settings:
    """Read the environment; what was `typed` wins. The shop's own wordings replace the shipped ones from here on.

    Raises:
        SettingsError: names every variable that cannot be used, its value and what is allowed.
    """
    from shopbot.prompts import override_prompts
    from shopbot.shop.settings import load_settings

    settings = load_settings(**typed)
    if settings.prompts:
        override_prompts(settings.prompts)
    return settings


def follow_up(command: str, data: Path | None, *arguments: str) -> str:
    """The command line of `shopbot command` that works in the same data folder as this one."""
    return shlex.join(["shopbot", command, *(["--data", str(data)] if data else []), *arguments])
