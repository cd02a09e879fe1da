"""What the agent itself says: files under `prompts/agent/`, never strings in code."""

from __future__ import annotations

from typing import Any

from shopbot.prompts import load_data


def says(key: str) -> Any:
    """A wording of the agent's own."""
    return load_data("agent/says.yaml")[key]


def ask_for(slot: str | None) -> str:
    """The request for what is missing, or for other words when nothing is."""
    if slot is None:
        return str(says("lost"))
    return str(says("ask")).format(slot=says("slots").get(slot, slot.replace("_", " ")))
